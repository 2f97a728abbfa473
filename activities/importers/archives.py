"""A zip archive as a list of bounded entries; nothing is unpacked to a path, so no name in it can lead anywhere.

What it promises, whatever the archive: the table of contents is read only up to a size that is known beforehand, every
entry is either worth reading, left out (pictures, settings), or refused with a reason, and an entry gives no more bytes
than the limits allow, whatever the archive claims about it. Memory is that of the table of contents.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, Literal

from activities.importers.contents import MAX_FILE_BYTES, Unreadable

MAX_ARCHIVE_BYTES: Final = 16 * 2**30
#: a decade of a very busy athlete is 10,000 activities and as many pictures
MAX_ENTRIES: Final = 200_000
MAX_DIRECTORY_BYTES: Final = 48 * 2**20
#: of everything worth reading together
MAX_TOTAL_BYTES: Final = 64 * 2**30
#: XML packs to a fiftieth at best; what claims more is made to fill disks
MAX_RATIO: Final = 200
SMALL_BYTES: Final = 2**20
#: an export may hold archives (Garmin's does); those may not hold any
MAX_DEPTH: Final = 1
PIECE_BYTES: Final = 2**18

ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED = 0x1
_WORTH_READING = re.compile(r"\.(fit|gpx|tcx)(\.gz)?$", re.IGNORECASE)
_NOT_OURS = re.compile(r"(^|/)(__MACOSX/|\.(?!\.?[/\\]))")

Kind = Literal["file", "archive", "table", "left_out"]
#: what an export of an account of ours holds; it is not a heap of files and is read elsewhere
_ACCOUNT: Final = frozenset({"manifest.json", "profile.json", "activities.jsonl", "races.jsonl"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """number: its place in the table of contents.  refusal: "", or the reason why it is not read; code: the same, short."""

    number: int
    name: str
    kind: Kind
    size_bytes: int
    code: str = ""
    refusal: str = ""


def is_archive(head: bytes) -> bool:
    return head.startswith(ZIP_MAGICS)


class Archive:
    """An opened archive. Raises Unreadable where its table of contents cannot be trusted."""

    def __init__(self, file: IO[bytes]) -> None:
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OverflowError, struct.error):
            raise _damaged() from None
        self._infos = self._zip.infolist()
        if {info.filename for info in self._infos} >= _ACCOUNT:
            raise Unreadable(
                "account", "This is an export of an account here; it is read by the command import_account."
            )

    def entries(self, *, depth: int = 0) -> Iterator[Entry]:
        """Every file in it, in the order of the table of contents. depth: how many archives this one lies in."""
        seen: set[str] = set()
        total = 0
        for number, info in enumerate(self._infos):
            if info.is_dir():
                continue
            kind = _kind(info.filename)
            if kind != "left_out":
                total += info.file_size
            code, refusal = (
                ("", "") if kind == "left_out" else _refusal(info, kind, depth=depth, total=total, seen=seen)
            )
            seen.add(info.filename)
            yield Entry(
                number=number, name=info.filename, kind=kind, size_bytes=info.file_size, code=code, refusal=refusal
            )

    def content(self, entry: Entry) -> Iterator[bytes]:
        """The entry's bytes in pieces. Raises Unreadable where they are damaged, or are more than the archive said."""
        given = 0
        try:
            with self._zip.open(self._infos[entry.number]) as unpacked:
                while piece := unpacked.read(PIECE_BYTES):
                    given += len(piece)
                    if given > entry.size_bytes:
                        raise _damaged_entry()
                    yield piece
                if given < entry.size_bytes:
                    raise _damaged_entry()
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error):
            raise _damaged_entry() from None
        except OSError as error:
            if error.errno is None:  # bz2 says so where the data is damaged
                raise _damaged_entry() from None
            raise


def _kind(name: str) -> Kind:
    if _NOT_OURS.search(name):
        return "left_out"
    last = name.rpartition("/")[2]
    if last == "activities.csv":
        return "table"
    if last.lower().endswith(".zip"):
        return "archive"
    return "file" if _WORTH_READING.search(last) or "." not in last else "left_out"


def _refusal(info: zipfile.ZipInfo, kind: Kind, *, depth: int, total: int, seen: set[str]) -> tuple[str, str]:
    limit = MAX_ARCHIVE_BYTES if kind == "archive" else MAX_FILE_BYTES
    parts = info.filename.replace("\\", "/").split("/")
    reasons: list[tuple[bool, str, str]] = [
        (info.filename in seen, "entry_twice", "The archive holds two files of this name; the first one was read."),
        (
            ".." in parts or not parts[0] or bool(re.match(r"[A-Za-z]:", parts[0])),
            "entry_path", "Its path leads out of the archive, so it was not read.",
        ),
        (stat.S_ISLNK(info.external_attr >> 16), "entry_link", "It is a link to another file, and holds nothing."),
        (bool(info.flag_bits & _ENCRYPTED), "entry_encrypted", "It is protected by a password; unpack it and bring it."),
        (kind == "archive" and depth >= MAX_DEPTH, "nested", "It is an archive in an archive in an archive."),
        (
            info.file_size > limit,
            "too_large", f"Unpacked it is larger than {limit // 2**20:,} MB.",
        ),
        (
            info.file_size > SMALL_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1),
            "zip_bomb", f"It is packed to less than 1/{MAX_RATIO}, as no recording is.",
        ),
        (total > MAX_TOTAL_BYTES, "too_large", f"The archive unpacks to more than {MAX_TOTAL_BYTES // 2**30} GB."),
    ]  # fmt: skip
    return next(((code, words) for holds, code, words in reasons if holds), ("", ""))


def _damaged() -> Unreadable:
    return Unreadable("bad_zip", "The archive is damaged or was not downloaded to its end; download it again.")


def _damaged_entry() -> Unreadable:
    return Unreadable("damaged", "It is damaged inside the archive.")


def _check_directory(file: IO[bytes]) -> None:
    """Read the end of the archive by hand: zipfile would load whatever table of contents it announces."""
    size = file.seek(0, 2)
    begins = max(0, size - 22 - 65_535)
    file.seek(begins)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise _damaged()
    count, length = struct.unpack_from("<HI", tail, at + 10)
    if (count == 0xFFFF or length == 0xFFFFFFFF) and at >= 20 and tail[at - 20 : at - 16] == _LOCATOR_64:
        (where,) = struct.unpack_from("<Q", tail, at - 12)
        file.seek(min(where, size))
        end = file.read(56)
        if len(end) < 56 or not end.startswith(_END_64):
            raise _damaged()
        count, length = struct.unpack_from("<QQ", end, 32)
    file.seek(0)
    if count > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES:
        raise Unreadable("too_many_entries", f"The archive holds more than {MAX_ENTRIES:,} files.")
