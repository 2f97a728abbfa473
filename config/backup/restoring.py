"""Restore: a backup into an empty installation, wholly or not at all.

Rows go in within one transaction that ends with the last checksum; files are written before that and taken away again
where it fails. A file that is there already must be the same one, so a restore that was killed can be begun again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

import structlog
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from psycopg import Error as ServerError

from config.backup import archive, database, keys, media
from config.backup.archive import Damaged, Member
from config.backup.database import CannotRestore

log = structlog.get_logger("agegrade.backup")

ROWS = re.compile(r"database/([a-z0-9_]+)/(\d{6})\.copy\.gz")


def restore(source: IO[bytes], progress: database.Progress, *, without_keys: bool = False) -> dict[str, int]:
    """Read the backup from a stream into this installation. Gives how many rows and files came back.

    Raises Damaged or CannotRestore; the database and the stored files are then as they were before.
    """
    reader = archive.Reader(source)
    described = reader.head["database"]
    lost = set(reader.head["field_keys"]) - set(keys.fingerprints())
    if lost and not without_keys:
        raise CannotRestore(
            f"FIELD_KEYS lacks the key with the fingerprint {min(lost)}, so what it seals would be lost. Put the keys of "
            "that installation into FIELD_KEYS (the newest first), or say --without-keys."
        )
    database.make_ready(described["migrations"], progress)
    written: list[str] = []
    try:
        with transaction.atomic(durable=True):
            rows = _load(reader, described, written, progress)
    except (DatabaseError, ServerError) as error:  # COPY's own errors come as psycopg has them
        _take_away(written)
        raise CannotRestore(f"PostgreSQL refuses what is in the backup: {str(error).splitlines()[0]}") from error
    except BaseException:
        _take_away(written)
        raise
    database.forward()
    told = {"rows": sum(rows.values()), "files": len(written)}
    log.info("backup restored", **told)
    return told


def _load(
    reader: archive.Reader, described: dict[str, Any], written: list[str], progress: database.Progress
) -> Counter[str]:
    tables: dict[str, list[str]] = described["tables"]
    known = set(database.tables())
    for table, columns in tables.items():
        if table not in known or not set(columns) <= set(database.columns_now(table)):
            raise CannotRestore(f"The backup has a table or columns that this database has not ({table}).")
    database.clear_what_migrate_filled()
    if not database.has_ring(tables):
        database.check_at_once()
    rows: Counter[str] = Counter(dict.fromkeys(tables, 0))
    for member in reader.members():
        if member.name.startswith("media/"):
            _put_file(member, written)
            if len(written) % 500 == 0:
                progress(f"files: {len(written)}")
        elif (found := ROWS.fullmatch(member.name)) and found[1] in tables:
            if found[2] == "000000":
                progress(f"{found[1]} …")
            rows[found[1]] += database.put_rows(found[1], tables[found[1]], archive.inflate(member))
        else:
            raise Damaged(f"{member.name} has no place in a backup.")
    if dict(rows) != reader.rows:
        table = next(table for table in rows if rows[table] != reader.rows.get(table))
        raise Damaged(f"{table} has {rows[table]} rows, and {reader.rows.get(table)} were written.")
    database.set_in_motion(map(tuple, described["sequences"]))
    return rows


def _put_file(member: Member, written: list[str]) -> None:
    name = member.name.removeprefix("media/")
    try:
        if media.put(name, member):
            written.append(name)
    except media.Differs:
        raise CannotRestore(f"Another file is stored as {name} already. Restore into empty storage.") from None


def _take_away(written: list[str]) -> None:
    for name in written:
        default_storage.delete(name)


def check(source: IO[bytes], progress: database.Progress) -> dict[str, Any]:
    """Read a backup to its end without a database: checksums, rows and what can be unpacked. Raises Damaged."""
    reader = archive.Reader(source)
    rows: Counter[str] = Counter(dict.fromkeys(reader.head["database"]["tables"], 0))
    files = 0
    for member in reader.members():
        if found := ROWS.fullmatch(member.name):
            rows[found[1]] += _lines(archive.inflate(member))
        elif member.name.startswith("media/"):
            files += 1
        else:
            raise Damaged(f"{member.name} has no place in a backup.")
        if (files + sum(rows.values())) % 500 == 0:
            progress(f"{sum(rows.values())} rows, {files} files")
    if dict(rows) != reader.rows:
        raise Damaged("The backup has not as many rows as were written.")
    return {**reader.head, "rows": sum(rows.values()), "files": files}


def _lines(pieces: Iterator[bytes]) -> int:
    return sum(piece.count(b"\n") for piece in pieces)
