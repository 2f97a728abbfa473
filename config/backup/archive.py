"""The backup file: members written and read as a stream, each with its checksum. Knows no database and no Django."""

import hashlib
import io
import json
import tarfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

FORMAT: Final = 1
HEAD: Final = "agegrade.json"
CHECKSUMS: Final = "checksums.json"
CHUNK: Final = 1024 * 1024
#: a description is read as a whole; nothing that we wrote comes near this
LARGEST_DESCRIPTION: Final = 256 * 1024 * 1024


class Damaged(Exception):
    """The file is not the backup that was written; says what is wrong, in words."""


class _Measured(io.RawIOBase):
    """A stream read through this one knows the sha256 of what went by."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._digest.update(piece)
        self.size += len(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Writer:
    """Writes members in order to a stream that need not be seekable; `close` adds the checksums."""

    def __init__(self, target: IO[bytes], head: dict[str, Any]) -> None:
        self._tar = tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._members: dict[str, dict[str, Any]] = {}
        self.add_bytes(HEAD, json.dumps({"format": FORMAT, **head}, indent=1).encode())

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """size: how many bytes the source holds.  Raises Damaged where it holds fewer."""
        measured = _Measured(source)
        self._put(name, measured, size)
        self._members[name] = {"sha256": measured.sha256, "size": size}

    def close(self, *, rows: dict[str, int]) -> None:
        told = json.dumps({"members": self._members, "rows": rows}).encode()
        self._put(CHECKSUMS, io.BytesIO(told), len(told))
        self._tar.close()

    def _put(self, name: str, source: Any, size: int) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mode, about.mtime = size, 0o600, int(time.time())
        try:
            self._tar.addfile(about, source)
        except OSError as error:
            if "unexpected end of data" not in str(error):
                raise
            raise Damaged(f"{name} became shorter while it was read") from None


@dataclass
class Member:
    """One thing in a backup. Read it to its end before the next one is asked for."""

    name: str
    size: int
    content: _Measured

    def read(self, size: int = CHUNK) -> bytes:
        """Raises Damaged where the file ends before the member does."""
        try:
            return self.content.read(size)
        except (tarfile.TarError, OSError) as error:
            raise Damaged(f"{self.name} cannot be read: {error}; the backup was cut off.") from None


class Reader:
    """Reads what Writer wrote. `members` checks each against the checksums, and raises Damaged at the latest at the end."""

    def __init__(self, source: IO[bytes]) -> None:
        try:
            self._tar = tarfile.open(fileobj=source, mode="r|")  # noqa: SIM115
            first = self._tar.next()
        except tarfile.TarError as error:
            raise Damaged(f"This is no backup of Agegrade: {error}.") from None
        if first is None or first.name != HEAD:
            raise Damaged("This is no backup of Agegrade: it does not begin as one.")
        self._seen: dict[str, dict[str, Any]] = {}
        self.head = self._description(first)
        if self.head.get("format") != FORMAT:
            raise Damaged(f"The backup has format {self.head.get('format')}, and this version reads {FORMAT}.")
        self.rows: dict[str, int] = {}

    def members(self) -> Iterator[Member]:
        """Every member between the head and the checksums, in order. Whoever takes them must take them all."""
        while True:
            about = self._next()
            if about.name == CHECKSUMS:
                break
            if not about.isreg() or about.name in self._seen or ".." in about.name.split("/") or about.name[:1] == "/":
                raise Damaged(f"{about.name} has no place in a backup.")
            member = Member(about.name, about.size, _Measured(self._extract(about)))
            yield member
            self._drain(member)
            self._seen[about.name] = {"sha256": member.content.sha256, "size": member.content.size}
        told = self._description(about)
        self.rows = told["rows"]
        self._compare(told["members"])

    def _next(self) -> tarfile.TarInfo:
        try:
            about = self._tar.next()
        except (tarfile.TarError, OSError) as error:
            raise Damaged(f"The backup cannot be read on after {self._latest}: {error}.") from None
        if about is None:
            raise Damaged(f"The backup ends after {self._latest}, before its checksums: it was cut off.")
        return about

    def _extract(self, about: tarfile.TarInfo) -> IO[bytes]:
        content = self._tar.extractfile(about)
        if content is None:
            raise Damaged(f"{about.name} has no place in a backup.")
        return content

    def _drain(self, member: Member) -> None:
        while member.read():
            pass
        if member.content.size != member.size:
            raise Damaged(f"{member.name} is cut off.")

    def _description(self, about: tarfile.TarInfo) -> dict[str, Any]:
        if about.size > LARGEST_DESCRIPTION:
            raise Damaged(f"{about.name} is too large.")
        content = _Measured(self._extract(about))
        try:
            told = json.loads(content.read())
        except (ValueError, tarfile.TarError, OSError) as error:
            raise Damaged(f"{about.name} cannot be read: {error}.") from None
        if not isinstance(told, dict):
            raise Damaged(f"{about.name} is not a description.")
        self._seen[about.name] = {"sha256": content.sha256, "size": content.size}
        return told

    def _compare(self, told: dict[str, dict[str, Any]]) -> None:
        seen = {name: facts for name, facts in self._seen.items() if name != CHECKSUMS}
        for name, facts in seen.items():
            if told.get(name) != facts:
                raise Damaged(f"{name} is not what was written: its checksum differs.")
        if missing := set(told) - set(seen):
            raise Damaged(f"{min(missing)} is missing from the backup ({len(missing)} in all).")

    @property
    def _latest(self) -> str:
        return next(reversed(self._seen), "its beginning")


def inflate(member: Member) -> Iterator[bytes]:
    """The plain content of a gzipped member, in pieces.  Raises Damaged where it is none."""
    plain = zlib.decompressobj(wbits=31)
    try:
        while piece := member.read():
            waiting = piece
            while waiting:
                yield plain.decompress(waiting, CHUNK)
                waiting = plain.unconsumed_tail
        yield plain.flush()
    except zlib.error as error:
        raise Damaged(f"{member.name} cannot be unpacked: {error}.") from None
    if not plain.eof:
        raise Damaged(f"{member.name} is cut off.")
