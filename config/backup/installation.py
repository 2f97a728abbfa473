"""Looking at a running installation: do rows, files, constraints and keys belong together? Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from activities import originals
from activities.models import ImportFile, Recording
from activities.strava.sealing import CannotOpen, NoFieldKeys, Sealed, SealedField
from config.backup import media
from config.backup.database import Progress

BATCH: Final = 500
#: how a column is called that names a stored file
NAMES_A_FILE: Final = frozenset({"original", "stored_as"})

#: broken: something that should hold does not.  odd: nothing is lost, but somebody should look
BROKEN, ODD = "broken", "odd"

NOT_VALIDATED = """
    select conrelid::regclass::text, conname from pg_constraint
    where not convalidated and connamespace = current_schema()::regnamespace
"""
INVALID_INDEXES = """
    select indrelid::regclass::text, indexrelid::regclass::text from pg_index
    join pg_class on pg_class.oid = indexrelid
    where not indisvalid and relnamespace = current_schema()::regnamespace
"""
SLEEPING_TRIGGERS = """
    select tgrelid::regclass::text, tgname from pg_trigger join pg_class on pg_class.oid = tgrelid
    where tgenabled = 'D' and relnamespace = current_schema()::regnamespace
"""


@dataclass(frozen=True)
class Finding:
    weight: str
    words: str


def look(progress: Progress) -> Iterator[Finding]:
    """Everything that is not as it should be. Reads every original once, so it may take as long as a backup."""
    yield from _migrations()
    yield from _constraints()
    progress("constraints looked at")
    yield from _originals(progress)
    yield from _waiting()
    yield from _extra_files()
    yield from _sealed()


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding(BROKEN, f"the migration {migration} is not applied")


def _constraints() -> Iterator[Finding]:
    for query, words in (
        (NOT_VALIDATED, "is not validated"),
        (INVALID_INDEXES, "is an index that was not finished"),
        (SLEEPING_TRIGGERS, "is a trigger that is switched off"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(query)
            for table, name in cursor.fetchall():
                yield Finding(BROKEN, f"{table}: {name} {words}")
    for model in apps.get_models():
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
        for constraint in model._meta.constraints:
            if constraint.name not in there:
                yield Finding(BROKEN, f"{model._meta.db_table}: the constraint {constraint.name} is missing")


def _originals(progress: Progress) -> Iterator[Finding]:
    """Each original is there and unpacks to the content that its recording names."""
    kept = Recording.objects.exclude(original="").order_by("original").values_list("original", "content_hash")
    number = 0
    for number, (name, content_hash) in enumerate(kept.distinct().iterator(chunk_size=BATCH), start=1):
        if number % BATCH == 0:
            progress(f"originals: {number}")
        if not default_storage.exists(name):
            yield Finding(BROKEN, f"{name} is missing from storage")
        elif content_hash and originals.content_hash(name) != content_hash:
            yield Finding(BROKEN, f"{name} is damaged: its content is not what was recorded")
    progress(f"originals: {number}")


def _waiting() -> Iterator[Finding]:
    for file_id, name in ImportFile.objects.exclude(stored_as="").values_list("pk", "stored_as").iterator():
        if not default_storage.exists(name) and ImportFile.objects.filter(pk=file_id, stored_as=name).exists():
            yield Finding(BROKEN, f"{name}, which file {file_id} of an import waits for, is missing from storage")


def _extra_files() -> Iterator[Finding]:
    """Files that no row names: nothing is lost by them but room."""
    kept_in = [
        (model, f.name) for model in apps.get_models() for f in model._meta.concrete_fields if f.name in NAMES_A_FILE
    ]
    every = media.names()
    while batch := list(islice(every, BATCH)):
        named: set[str] = set()
        for model, field in kept_in:
            named |= set(model._default_manager.filter(**{f"{field}__in": batch}).values_list(field, flat=True))
        for name in batch:
            if name not in named and default_storage.exists(name):
                yield Finding(ODD, f"{name} is in storage, and nothing refers to it")


def _sealed() -> Iterator[Finding]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield from _unopened(model, field.name)


def _unopened(model: type[models.Model], field: str) -> Iterator[Finding]:
    rows = model._default_manager.exclude(**{field: None}).values_list("pk", field)
    for pk, sealed in rows.iterator():
        assert isinstance(sealed, Sealed)
        try:
            sealed.reveal()
        except (CannotOpen, NoFieldKeys):
            yield Finding(BROKEN, f"{model._meta.label} {pk}: none of FIELD_KEYS opens its {field}")
