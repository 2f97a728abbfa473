"""Backup: an installation into one file. It goes on working meanwhile; what comes in after the start is not in it."""

from typing import IO, Final

import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from config.backup import archive, database, keys, media

log = structlog.get_logger("agegrade.backup")

#: bytes that wait to be read go first: a worker reads them, and then they are gone
FLEETING: Final = "incoming/"


def make(target: IO[bytes], progress: database.Progress) -> dict[str, int]:
    """Write the backup to a stream. Gives how many rows, files and bytes went in."""
    with transaction.atomic(durable=True):
        database.in_one_snapshot()
        described = database.describe()
        head = {"made_at": timezone.now().isoformat(), "field_keys": keys.fingerprints(), "database": described}
        writer = archive.Writer(target, head)
        files, n_bytes = _add_files(writer, progress, fleeting=True)
        rows = {}
        for table, columns in described["tables"].items():
            rows[table] = _add_rows(writer, table, columns)
            progress(f"{table}: {rows[table]} rows")
        more_files, more_bytes = _add_files(writer, progress, fleeting=False)
        writer.close(rows=rows)
    told = {"rows": sum(rows.values()), "files": files + more_files, "bytes": n_bytes + more_bytes}
    log.info("backup made", **told)
    return told


def _add_rows(writer: archive.Writer, table: str, columns: list[str]) -> int:
    rows = 0
    for number, piece in enumerate(database.rows_of(table, columns)):
        rows += piece.count(b"\n")
        writer.add_bytes(f"database/{table}/{number:06}.copy.gz", database.packed(piece))
    return rows


def _add_files(writer: archive.Writer, progress: database.Progress, *, fleeting: bool) -> tuple[int, int]:
    files = n_bytes = 0
    for name in media.names():
        if name.startswith(FLEETING) is not fleeting:
            continue
        try:
            stored = default_storage.open(name)
        except FileNotFoundError:  # read by a worker, or taken back by its owner, since we looked
            continue
        with stored:
            writer.add(f"media/{name}", stored, stored.size)
            files, n_bytes = files + 1, n_bytes + stored.size
        if files % 500 == 0:
            progress(f"files: {files}, {n_bytes / 2**20:.0f} MB")
    return files, n_bytes
