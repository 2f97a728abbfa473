"""The files people gave us, kept as they came: gzipped, in Django's storage, named by the sha256 of their content.

Every athlete has a folder, so that deleting one leaves nothing of theirs behind and touches nobody else's. Names are
always `/`-separated, so a folder on disk and an object store look alike.
"""

import gzip
import hashlib
import shutil
import tempfile
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage

from activities import importers
from athletes.models import Athlete

_CHUNK = 1024 * 1024


class NotTheContent(Exception):
    """What would be kept is not what was read: nothing may be dropped on the strength of it."""


def receive(source: IO[bytes], *, athlete_id: int, limit_bytes: int) -> tuple[str, int]:
    """Store what arrives as `incoming/…`; give its name and size. A source larger than the limit is not stored: "".

    source: seekable; it is copied in pieces.
    """
    size = source.seek(0, 2)
    source.seek(0)
    if size > limit_bytes:
        return "", size
    return default_storage.save(f"incoming/{athlete_id}/{uuid.uuid4().hex}", File(source)), size


def receive_pieces(pieces: Iterable[bytes], *, name: str) -> str:
    """Store what comes in pieces under this name, in place of what an interrupted attempt left there."""
    with tempfile.TemporaryFile() as whole:
        for piece in pieces:
            whole.write(piece)
        whole.seek(0)
        drop(name)
        return default_storage.save(name, File(whole))


def head(name: str) -> bytes:
    """The first bytes, by which an archive is known. Raises FileNotFoundError."""
    with default_storage.open(name) as stored:
        return stored.read(4)


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The stored bytes where they are, to be read here and there: for what is too large to copy."""
    with default_storage.open(name) as stored:
        yield stored


@contextmanager
def on_disk(name: str) -> Iterator[Path]:
    """The stored bytes as a local file, for readers that want a path."""
    with tempfile.NamedTemporaryFile(prefix="agegrade-") as local:
        with default_storage.open(name) as stored:
            shutil.copyfileobj(stored, local, _CHUNK)
        local.flush()
        yield Path(local.name)


def keep(path: Path, *, athlete_id: int, sha256: str) -> str:
    """Keep a file (plain or gzipped) as the original with that content; give its name. Twice is once.

    A .gz that breaks off is kept as far as it was read.  Raises NotTheContent where the hash is another one.
    """
    name = f"originals/{athlete_id}/{sha256[:2]}/{sha256}.gz"
    if default_storage.exists(name):
        if content_hash(name) == sha256:
            return name
        default_storage.delete(name)  # a process died while writing it
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as packed:
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0, filename="") as gz:
            for piece in importers.content(path):
                digest.update(piece)
                gz.write(piece)
        if digest.hexdigest() != sha256:
            raise NotTheContent(name)
        packed.seek(0)
        return default_storage.save(name, File(packed))


def drop_all(athlete_id: int) -> None:
    """Everything that was ever kept for an athlete: whatever its kind, it lies under `<kind>/<athlete>/`."""
    for kind in _folders(""):
        _drop_folder(f"{kind}/{athlete_id}")


def drop_orphans() -> int:
    """The folders of athletes who are no more, such as a file that was being read while its athlete was deleted left one.

    An athlete's row is older than their first file, so nobody's is taken too early. Gives how many.
    """
    found = {(kind, name) for kind in _folders("") for name in _folders(kind) if name.isdecimal()}
    there = Athlete.objects.filter(pk__in={int(name) for _kind, name in found})
    known = {str(pk) for pk in there.values_list("pk", flat=True)}
    orphans = [(kind, name) for kind, name in found if name not in known]
    for kind, name in orphans:
        _drop_folder(f"{kind}/{name}")
    return len(orphans)


def _folders(folder: str) -> list[str]:
    try:
        return list(default_storage.listdir(folder)[0])
    except FileNotFoundError:
        return []


def _drop_folder(folder: str) -> None:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    for name in folders:
        _drop_folder(f"{folder}/{name}")
    default_storage.delete(folder)  # an empty folder on disk; nothing on an object store


def exists(name: str) -> bool:
    return default_storage.exists(name)


def drop(name: str) -> None:
    if name:
        default_storage.delete(name)


def content_hash(name: str) -> str:
    """The sha256 of what is stored gzipped under that name; empty where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with default_storage.open(name) as stored, gzip.GzipFile(fileobj=stored) as plain:
            while chunk := plain.read(_CHUNK):
                digest.update(chunk)
    except (EOFError, OSError, zlib.error):
        return ""
    return digest.hexdigest()
