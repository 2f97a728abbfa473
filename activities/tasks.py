"""Celery's door: ids in, one call."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from activities import demonstration, ingest, originals, undo
from activities.models import ImportBatch, ImportFile
from activities.strava import erasing


@shared_task(soft_time_limit=600, time_limit=660)  # the largest file allowed, on the smallest machine
def import_file(file_id: int) -> None:
    ingest.work_off(file_id)


@shared_task(soft_time_limit=1700, time_limit=1800)  # a whole history, in steps: what was stopped goes on where it was
def undo_import(batch_id: int) -> None:
    undo.work_off(batch_id)


@shared_task(soft_time_limit=1700, time_limit=1800)  # as above
def erase_strava(account_id: int) -> None:
    erasing.work_off(account_id)


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
