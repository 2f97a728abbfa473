"""Celery's door: ids in, one call."""

from contextlib import suppress
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from activities import demonstration, ingest, originals, undo
from activities.models import ImportBatch, ImportFile, StravaAccount, StravaSync
from activities.queue import LATER, NOW
from activities.strava import erasing, revoking, state, sync


@shared_task(soft_time_limit=600, time_limit=660)  # the largest file allowed, on the smallest machine
def import_file(file_id: int) -> None:
    ingest.work_off(file_id)


@shared_task(soft_time_limit=1700, time_limit=1800)  # a whole history, in steps: what was stopped goes on where it was
def undo_import(batch_id: int) -> None:
    undo.work_off(batch_id)


@shared_task(soft_time_limit=1700, time_limit=1800)  # as above
def erase_strava(account_id: int) -> None:
    erasing.work_off(account_id)


@shared_task(soft_time_limit=300, time_limit=330)  # five requests at most, each given up after 40 seconds
def revoke_access(number: int) -> None:
    revoking.work_off(number)


@shared_task
def revoke_waiting() -> None:
    """The net, every minute: what is to be asked again, and what a lost message or a dead worker left."""
    for number in revoking.due():
        revoke_access.apply_async((number,), expires=55)


@shared_task
def import_waiting() -> None:
    """The safety net: files whose message was lost, or whose worker died, are asked for again."""
    long_ago = timezone.now() - timedelta(minutes=2)
    waiting = ImportFile.objects.filter(outcome=ImportFile.Outcome.WAITING)
    lost = waiting.filter(Q(attempted_at__isnull=True, batch__created_at__lt=long_ago) | Q(attempted_at__lt=long_ago))
    for file_id in lost.values_list("pk", flat=True)[:1000]:
        import_file.apply_async((file_id,), expires=55)  # it is asked for again in a minute
    for batch_id in undo.unfinished().values_list("pk", flat=True)[:100]:
        undo_import.apply_async((batch_id,), expires=55)
    for account_id in erasing.unfinished().values_list("pk", flat=True)[:100]:
        erase_strava.apply_async((account_id,), expires=55)


@shared_task(soft_time_limit=1700, time_limit=1800)  # three years of runs, made and read on the smallest machine
def bring_in_the_demo(athlete_id: int) -> None:
    batch = ImportBatch.objects.filter(athlete=athlete_id, kind=ImportBatch.Kind.DEMO).first()
    if batch is not None and not batch.about.get("complete"):
        demonstration.bring_in(batch)
        ingest.work_off_all(batch)


@shared_task
def sweep_files() -> None:
    """Files that were being written while their athlete was deleted."""
    originals.drop_orphans()


@shared_task(
    soft_time_limit=600, time_limit=660
)  # steps of one call each; a call that stalls is given up after minutes
def pull_account(account_id: int) -> None:
    """Some steps of an account's sync, then the end of the queue, so that all athletes get their turn.

    Lists and events go before analyses and streams: a history is seen after its last page, not behind a thousand analyses.
    """
    where = state.standing_of(account_id)
    if where is not None and where.due_at is not None and where.due_at <= timezone.now() + timedelta(seconds=1):
        come_back(account_id, sync.work(account_id))


def come_back(account_id: int, at: datetime | None) -> None:
    """Ask for the account again at that moment. What lies far ahead is left to `pull_due`: no message waits that long."""
    if at is None or at > timezone.now() + timedelta(minutes=20):
        return
    with suppress(OperationalError):  # the queue is away; the net finds it
        pull_account.apply_async((account_id,), eta=max(at, timezone.now()), queue=_queue_of(account_id))


def _queue_of(account_id: int) -> str:
    return NOW if sync.is_waited_for(account_id) else LATER


@shared_task
def pull_due() -> None:
    """The net, every minute: accounts that are due, or will be before it is cast again."""
    soon = timezone.now() + timedelta(seconds=60)
    due = StravaSync.objects.filter(due_at__lte=soon, account__erase_asked_at=None)
    for account_id, at in due.order_by("due_at").values_list("pk", "due_at")[:1000]:
        if at is not None:
            pull_account.apply_async(
                (account_id,),
                eta=max(at, timezone.now()),
                expires=soon + timedelta(seconds=30),
                queue=_queue_of(account_id),
            )


@shared_task
def pull_everyone() -> None:
    """Every connected account once a night, each at its own moment of it; asked twice, or late, it is still once."""
    night, begins = sync.night_of(timezone.now())
    for account_id in StravaAccount.objects.connected().values_list("pk", flat=True):
        StravaSync.objects.get_or_create(account_id=account_id)
        at = max(begins + sync.spread(account_id), timezone.now())
        if sync.take_up_the_night(account_id, at=at, night=night):
            come_back(account_id, at)


@shared_task(soft_time_limit=1700, time_limit=1800)  # as the others that remove
def drop_expired_strava() -> None:
    sync.drop_expired()
