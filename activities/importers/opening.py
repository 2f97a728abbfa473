"""The way in: size, gunzip, hash and format, before any reader looks at the content.

A gzipped file is unpacked piece by piece into a temporary file, never further than MAX_UNCOMPRESSED_BYTES; the hash is
that of the unpacked bytes, so a file and its .gz are the same. A .gz that breaks off gives what came before the fault.
The format is what the content says: names lie, and exports often carry none.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Literal

from activities.importers.contents import MAX_FILE_BYTES, MAX_UNCOMPRESSED_BYTES, Unreadable
from activities.importers.xml_events import encoding_of

Format = Literal["fit", "gpx", "tcx"]

#: small, because a fault costs the piece in which it shows
PACKED_BYTES = PIECE_BYTES = 8192
GZIP_MAGIC = b"\x1f\x8b"
#: the root element has to begin within this
HEAD_BYTES = 65_536

_ROOTS: dict[str, Format] = {"gpx": "gpx", "trainingcenterdatabase": "tcx"}
_FIRST_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_NOT_ELEMENTS = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_KNOWN_STRANGERS = {
    "html": "a web page; the download probably asked for a sign-in",
    "kml": "a KML file, which holds places and no recording",
    "pwx": "a PWX file; export it again as TCX or FIT",
    "sml": "a Suunto SML file; export it again as FIT or GPX",
}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """path: the unpacked content.  incomplete: why the .gz gave only a part, "" otherwise."""

    path: Path
    format: Format
    sha256: str
    size_bytes: int
    incomplete: str = ""


@contextmanager
def opened(path: Path, *, name: str) -> Iterator[Opened]:
    """The file, unpacked, hashed and recognised; what was unpacked is gone afterwards. Raises Unreadable."""
    size = path.stat().st_size
    if not size:
        raise Unreadable("empty", "The file is empty.")
    if size > MAX_FILE_BYTES:
        raise Unreadable("too_large", f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.")
    with path.open("rb") as file:
        if file.read(2) != GZIP_MAGIC:
            file.seek(0)
            with_hash = hashlib.file_digest(file, "sha256").hexdigest()
            yield Opened(path=path, format=_format(path, name), sha256=with_hash, size_bytes=size)
            return
        file.seek(0)
        with NamedTemporaryFile(prefix="agegrade-", suffix=".unpacked") as unpacked:
            sha256, size, incomplete = _gunzip(file, unpacked)
            unpacked.flush()
            inner = Path(unpacked.name)
            yield Opened(path=inner, format=_format(inner, name), sha256=sha256, size_bytes=size, incomplete=incomplete)


def _gunzip(packed: IO[bytes], unpacked: IO[bytes]) -> tuple[str, int, str]:
    """Hash and size of what was unpacked, and why it is incomplete."""
    digest = hashlib.sha256()
    size = 0
    incomplete = ""
    try:
        for piece in _members(packed):
            size += len(piece)
            if size > MAX_UNCOMPRESSED_BYTES:
                limit = MAX_UNCOMPRESSED_BYTES // 2**20
                raise Unreadable("gzip_bomb", f"Unpacked, the file is larger than {limit} MB.")
            digest.update(piece)
            unpacked.write(piece)
    except zlib.error:
        incomplete = "The gzip file is damaged; what could be unpacked was read."
    except EOFError:
        incomplete = "The gzip file ends in the middle; what could be unpacked was read."
    if not size:
        raise Unreadable("bad_gzip", "The gzip file is damaged, or holds nothing.")
    return digest.hexdigest(), size, incomplete


def content(path: Path) -> Iterator[bytes]:
    """What `opened` reads and hashes, in pieces: the file, or what of a .gz can be unpacked."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if not packed:
            yield from iter(lambda: file.read(HEAD_BYTES), b"")
            return
        with suppress(zlib.error, EOFError):
            yield from _members(file)


def _members(packed: IO[bytes]) -> Iterator[bytes]:
    """The content in pieces, of all members, as gzip allows several; padding behind the last is ignored.

    Raises zlib.error, and EOFError where the last member is cut off.
    """
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    rest = packed.read(PACKED_BYTES)
    while True:
        piece = member.decompress(rest, PIECE_BYTES)
        if piece:
            yield piece
        if member.eof:
            rest = member.unused_data or packed.read(PACKED_BYTES)
            if not rest.startswith(GZIP_MAGIC):
                return
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            continue
        rest = member.unconsumed_tail or packed.read(PACKED_BYTES)
        if not rest and not piece:
            raise EOFError


def _format(path: Path, name: str) -> Format:
    """By content. `name` only helps to say what is wrong."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[8:12] == b".FIT":
        return "fit"
    if head.startswith(GZIP_MAGIC):
        raise Unreadable("gzip_in_gzip", "The file is gzipped twice; unpack it once and bring it again.")
    if head.startswith(b"PK\x03\x04"):
        raise Unreadable("unknown_format", "This is a zip archive; unpack it and bring the files in it.")
    root = _root(head)
    if root in _ROOTS:
        return _ROOTS[root]
    if root in _KNOWN_STRANGERS:
        raise Unreadable("unknown_format", f"This is {_KNOWN_STRANGERS[root]}.")
    claimed = re.search(r"\.(fit|gpx|tcx)(\.gz)?$", name, re.IGNORECASE)
    if claimed:
        raise Unreadable("unknown_format", f"The file is named .{claimed[1].lower()} but does not begin like one.")
    raise Unreadable("unknown_format", "This is neither a FIT nor a GPX nor a TCX file.")


def _root(head: bytes) -> str:
    """The name of the first element, lower case and without prefix; "" where there is none."""
    text = head.decode(encoding_of(head), errors="replace").lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return ""
    element = _FIRST_ELEMENT.search(_NOT_ELEMENTS.sub("", text))
    return element[1].lower() if element else ""
