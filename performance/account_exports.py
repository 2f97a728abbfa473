"""Exports on request: asked for, made by a worker, fetched, gone after a week.

One is in the making at a time. A worker that dies leaves it waiting, and it is found and begun again, three times at most.
"""

import tempfile
from datetime import timedelta
from typing import Final

import structlog
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities import locks
from activities.queue import ask_for
from athletes.models import Athlete
from performance.account_export import write_export
from performance.models import AccountExport

log = structlog.get_logger("agegrade.account")

State = AccountExport.State

KEPT_FOR: Final = timedelta(days=7)
MOST_ATTEMPTS: Final = 3
#: of one athlete at a time: an export may be as large as all that a person ever brought
MOST_KEPT: Final = 3


def ask(athlete: Athlete) -> AccountExport:
    """The export that is being made for this athlete, begun now if there was none."""
    from performance.tasks import make_export

    try:
        with transaction.atomic():
            export = AccountExport.objects.create(athlete=athlete, expires_at=timezone.now() + KEPT_FOR)
    except IntegrityError:
        return AccountExport.objects.get(athlete=athlete, state=State.WAITING)
    for old in AccountExport.objects.filter(athlete=athlete).exclude(pk=export.pk)[MOST_KEPT - 1 :]:
        drop(old)
    ask_for(make_export, export.pk)
    return export


def make(export_id: int) -> bool:
    """Write it and say so. False where another worker is at it, or there is nothing to do."""
    with locks.alone(locks.EXPORT, export_id) as ours:
        if not ours:
            return False
        export = AccountExport.objects.select_related("athlete__user").filter(pk=export_id, state=State.WAITING).first()
        if export is None:
            return False
        export.attempts += 1
        if export.attempts > MOST_ATTEMPTS:
            export.state = State.FAILED
            export.save(update_fields=["state"])
            return True
        export.save(update_fields=["attempts"])
        _write(export)
        log.info("export made", export_id=export.pk, bytes=export.size_bytes)
        return True


def _write(export: AccountExport) -> None:
    def told(done: int, total: int) -> None:
        AccountExport.objects.filter(pk=export.pk).update(done=done, total=total)

    with tempfile.TemporaryFile() as local:
        write_export(export.athlete, local, told=told)
        export.size_bytes = local.tell()
        local.seek(0)
        name = f"exports/{export.athlete_id}/agegrade-{timezone.now():%Y-%m-%d}-{export.pk}.zip"
        export.stored_as = default_storage.save(name, File(local))
    export.state, export.expires_at = State.MADE, timezone.now() + KEPT_FOR
    if not AccountExport.objects.filter(pk=export.pk).exists():  # the account went while it was written
        default_storage.delete(export.stored_as)
        return
    export.save(update_fields=["state", "expires_at", "stored_as", "size_bytes"])


def drop(export: AccountExport) -> None:
    """The row goes first: a file without a row is dropped with the athlete, a row without a file would be a dead link."""
    stored_as = export.stored_as
    export.delete()
    if stored_as:
        default_storage.delete(stored_as)


def drop_expired() -> None:
    for export in AccountExport.objects.expired():
        drop(export)
