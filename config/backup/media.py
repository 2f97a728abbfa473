"""The stored files of an installation, through Django's storage: a folder on disk and an object store look alike."""

import hashlib
from collections.abc import Iterator
from typing import IO, cast

from django.core.files.base import File
from django.core.files.storage import default_storage

from config.backup.archive import CHUNK, Member


def names(folder: str = "") -> Iterator[str]:
    """Every stored file, sorted within its folder."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    yield from (prefix + name for name in sorted(files))
    for name in sorted(folders):
        yield from names(prefix + name)


class Differs(Exception):
    """A file of that name is there already, and it is another one."""


def put(name: str, member: Member) -> bool:
    """Store a member under its name. False where the same file was there already; raises Differs for another one."""
    if default_storage.exists(name):
        kept = hashlib.sha256()
        with default_storage.open(name) as stored:
            while piece := stored.read(CHUNK):
                kept.update(piece)
        while member.read():
            pass
        if kept.hexdigest() != member.content.sha256:
            raise Differs(name)
        return False
    try:
        stored_as = default_storage.save(name, File(cast("IO[bytes]", _Pieces(member)), name=name))
    except BaseException:
        default_storage.delete(name)  # what there was of it
        raise
    if stored_as != name:
        default_storage.delete(stored_as)
        raise Differs(name)
    return True


class _Pieces:
    """A member as the file that a storage takes: read once, from the front."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.size = member.size

    def read(self, size: int = CHUNK) -> bytes:
        return self._member.read(size)

    def seek(self, where: int, whence: int = 0) -> int:
        return 0

    def seekable(self) -> bool:
        return False
