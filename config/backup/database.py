"""The database side of a backup: every table's rows through COPY, in an order in which they can come back.

Raw SQL, like all that COPY needs. A hypertable is read through a query, because COPY of the table itself gives nothing
of its chunks; everything else about it is the migration's.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

#: rows of a table are handed over in pieces of about this size; no more than one is in memory
PIECE_BYTES: Final = 4 * 1024 * 1024
#: what `migrate` fills in itself, with numbers of its own: replaced by the backup's
FILLED_BY_MIGRATE: Final = frozenset({"django_content_type", "auth_permission"})

ONE_SNAPSHOT = "set transaction isolation level repeatable read, read only"
COLUMNS = """
    select column_name from information_schema.columns
    where table_schema = current_schema() and table_name = %(table)s and is_generated = 'NEVER'
    order by ordinal_position
"""
REFERENCES = """
    select child.relname, parent.relname
    from pg_constraint
    join pg_class child on child.oid = conrelid
    join pg_class parent on parent.oid = confrelid
    where contype = 'f' and pg_constraint.connamespace = current_schema()::regnamespace
"""
SEQUENCES = """
    select owner.relname, attname, pg_sequences.last_value
    from pg_depend
    join pg_class sequence on sequence.oid = objid and sequence.relkind = 'S'
    join pg_class owner on owner.oid = refobjid
    join pg_attribute on attrelid = owner.oid and attnum = refobjsubid
    join pg_sequences on sequencename = sequence.relname and schemaname = current_schema()
    where deptype in ('a', 'i') and owner.relnamespace = current_schema()::regnamespace
"""
SET_SEQUENCE = "select setval(pg_get_serial_sequence(%(table)s, %(column)s), %(value)s, true)"
#: triggers of ours that would act on rows as they come back; TimescaleDB's own keeps rows out of a hypertable's parent
INSERT_TRIGGERS = """
    select distinct relname from pg_trigger join pg_class on pg_class.oid = tgrelid
    where not tgisinternal and tgtype & 4 = 4 and tgname <> 'ts_insert_blocker'
      and relnamespace = current_schema()::regnamespace and relkind = 'r'
"""
CHECK_AT_ONCE = "set constraints all immediate"
VERSION = (
    "select current_setting('server_version'), (select extversion from pg_extension where extname = 'timescaledb')"
)

Progress = Callable[[str], None]


def tables() -> list[str]:
    """Every table that holds what belongs to an installation, sorted; a table comes after those it refers to."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    existing = set(connection.introspection.table_names()) & known
    refers: dict[str, set[str]] = {table: set() for table in existing}
    for child, parent in _all(REFERENCES):
        if child in existing and parent in existing and child != parent:
            refers[child].add(parent)
    ordered: list[str] = []
    while refers:
        free = sorted(table for table, parents in refers.items() if not parents) or [min(refers)]  # a ring is cut
        for table in free:
            del refers[table]
            ordered.append(table)
        for parents in refers.values():
            parents.difference_update(free)
    return ordered


def describe() -> dict[str, Any]:
    """What a backup's head says of the database. The sequences may run ahead of the rows, which does no harm."""
    server, timescale = _all(VERSION)[0]
    return {
        "server": server,
        "timescaledb": timescale,
        "migrations": sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()),
        "tables": {table: _columns(table) for table in tables()},
        "sequences": [[table, column, value] for table, column, value in _all(SEQUENCES) if value is not None],
    }


def in_one_snapshot() -> None:
    """Must be the first statement of the transaction: all that is read after it is as of one moment."""
    with connection.cursor() as cursor:
        cursor.execute(ONE_SNAPSHOT)


def rows_of(table: str, columns: list[str]) -> Iterator[bytes]:
    """The table's rows in COPY's text form, in pieces that end with a row."""
    query = sql.SQL("copy (select {} from {}) to stdout").format(_names(columns), sql.Identifier(table))
    piece = bytearray()
    with connection.cursor() as cursor, cursor.copy(query) as copied:
        for row in copied:  # one row a message
            piece += row
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)


def packed(piece: bytes) -> bytes:
    packer = zlib.compressobj(6, wbits=31)
    return packer.compress(piece) + packer.flush()


# -- and back ----------------------------------------------------------------------------------------------------------


class CannotRestore(Exception):
    """Why nothing was restored, in words."""


def make_ready(migrations: Iterable[str], progress: Progress) -> None:
    """Bring an empty database to the migrations that the backup was made at.

    Raises CannotRestore where somebody's rows are in it, where it is at other migrations, or where the backup knows
    migrations that this version does not.
    """
    wanted = set(migrations)
    loader = MigrationExecutor(connection).loader
    ours = {f"{app}.{name}" for app, name in loader.disk_migrations}
    if newer := sorted(wanted - ours):
        raise CannotRestore(
            f"The backup is of a newer Agegrade ({newer[0]} is not known here). Restore it with that one."
        )
    done = {f"{app}.{name}" for app, name in loader.applied_migrations}
    if not done:
        latest: dict[str, str] = {}
        for app, name in (migration.split(".", 1) for migration in sorted(wanted)):
            latest[app] = name
        for app, name in latest.items():
            progress(f"migrating {app} to {name}")
            call_command("migrate", app, name, verbosity=0, interactive=False)
    elif done != wanted:
        other = sorted(done ^ wanted)[0]
        raise CannotRestore(
            f"The database is at other migrations than the backup ({other}). Make an empty database; restore migrates it."
        )
    for table in tables():
        if table not in FILLED_BY_MIGRATE and _all(f'select exists (select 1 from "{table}")')[0][0]:  # noqa: S608
            raise CannotRestore(f"The database is not empty ({table} has rows). Nothing was changed.")


def clear_what_migrate_filled() -> None:
    with connection.cursor() as cursor:
        for table in sorted(FILLED_BY_MIGRATE):  # auth_permission refers to django_content_type
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        for (table,) in _all(INSERT_TRIGGERS):
            cursor.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(table)))


def put_rows(table: str, columns: list[str], pieces: Iterable[bytes]) -> int:
    """Give back how many rows went in. Every value passes the same constraints as always."""
    query = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), _names(columns))
    with connection.cursor() as cursor:
        with cursor.copy(query) as copied:
            for piece in pieces:
                copied.write(piece)
        return int(cursor.rowcount)


def set_in_motion(sequences: Iterable[tuple[str, str, int]]) -> None:
    """Sequences go on where they were, so that no number is given twice; triggers act again; every constraint holds now."""
    with connection.cursor() as cursor:
        for table, column, value in sequences:
            cursor.execute(SET_SEQUENCE, {"table": f'"{table}"', "column": column, "value": value})
        cursor.execute(CHECK_AT_ONCE)
        for (table,) in _all(INSERT_TRIGGERS):
            cursor.execute(sql.SQL("alter table {} enable trigger user").format(sql.Identifier(table)))


def check_at_once() -> None:
    """Check references after each piece, not all of them at the end: the server need not remember every row till then."""
    with connection.cursor() as cursor:
        cursor.execute(CHECK_AT_ONCE)


def has_ring(described: dict[str, Any]) -> bool:
    """Whether some table refers to itself, at once or by way of others: then references can only be checked at the end."""
    order = {table: number for number, table in enumerate(described)}
    return any(
        order[child] <= order[parent] for child, parent in _all(REFERENCES) if child in order and parent in order
    )


def columns_now(table: str) -> list[str]:
    return _columns(table)


def forward() -> None:
    call_command("migrate", verbosity=0, interactive=False)


def _columns(table: str) -> list[str]:
    return [column for (column,) in _all(COLUMNS, table=table)]


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _all(query: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall())
