"""Taking an import back: as if it had never come, in steps that survive a crash.

Asking is a mark on the batch; a worker removes its recordings some at a time, each step whole, until none is left. What
a person said about a run goes on without the track (see performance/leaving.py). A recording whose content another
import brought too is handed to that import and stays. Asking twice, or undoing what is undone, changes nothing.
"""

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from activities import joining, locks, originals
from activities.models import Activity, ImportBatch, ImportFile, Recording
from activities.queue import ask_for
from activities.signals import what_would_go
from athletes.models import Athlete

log = structlog.get_logger("agegrade.import")

#: recordings a step: a step is one transaction, and others wait for the athlete's lock meanwhile
STEP = 25


def cancel(batch: ImportBatch) -> int:
    """What is not read yet stays unread and its bytes go; what is read stays. Gives how many files that were."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, batch.athlete_id)
        waiting = list(batch.files.select_for_update().filter(outcome=ImportFile.Outcome.WAITING))
        stored = [file.stored_as for file in waiting]
        now = timezone.now()
        for file in waiting:
            file.outcome, file.code, file.stored_as, file.done_at = ImportFile.Outcome.CANCELLED, "cancelled", "", now
        ImportFile.objects.bulk_update(waiting, ["outcome", "code", "stored_as", "done_at"], batch_size=500)
        transaction.on_commit(lambda: _drop_bytes(stored), robust=True)
    log.info("import cancelled", batch_id=batch.pk, files=len(waiting))
    return len(waiting)


def retry(batch: ImportBatch, *, file_id: int | None = None) -> int:
    """Read the refused files again whose bytes are still here: one, or all. Gives how many."""
    from activities.tasks import import_file

    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, batch.athlete_id)
        batch.refresh_from_db(fields=["undo_asked_at"])  # it may have been taken back since it was looked at
        again = retriable(batch).filter(**({"pk": file_id} if file_id else {}))
        ids = list(again.values_list("pk", flat=True))
        ImportFile.objects.filter(pk__in=ids).update(
            outcome=ImportFile.Outcome.WAITING, code="", reason="", attempts=0, attempted_at=None, done_at=None
        )
        for pk in ids:
            ask_for(import_file, pk)
    return len(ids)


def retriable(batch: ImportBatch) -> QuerySet[ImportFile]:
    if batch.undo_asked_at:
        return batch.files.none()
    return batch.files.filter(outcome=ImportFile.Outcome.REFUSED).exclude(stored_as="")


def ask(batch: ImportBatch) -> None:
    """Stop reading, and have a worker take back what was read."""
    from activities.tasks import undo_import

    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, batch.athlete_id)
        asked = ImportBatch.objects.filter(pk=batch.pk, undo_asked_at__isnull=True).update(undo_asked_at=timezone.now())
        cancel(batch)
        if asked:
            ask_for(undo_import, batch.pk)


def work_off(batch_id: int) -> bool:
    """Take back what was asked for. False where it is done, was never asked for, or another process is at it."""
    with locks.alone(locks.BATCH, batch_id) as ours:
        batch = ImportBatch.objects.filter(pk=batch_id, undo_asked_at__isnull=False, undone_at__isnull=True).first()
        if not ours or batch is None:
            return False
        while _step(batch):
            pass
        _drop_bytes(list(batch.files.exclude(stored_as="").values_list("stored_as", flat=True)))
        batch.files.exclude(stored_as="").update(stored_as="")
        ImportBatch.objects.filter(pk=batch_id).update(undone_at=timezone.now())
        log.info("import undone", batch_id=batch_id)
        return True


def _step(batch: ImportBatch) -> bool:
    """One transaction's worth; False where nothing is left."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, batch.athlete_id)
        recordings = list(recordings_of(batch).select_related("activity").order_by("pk")[:STEP])
        joining.take_back(batch.athlete_id, [one for one in recordings if not _handed_over(one, batch)])
    return bool(recordings)


def take_back_one(recording: Recording) -> None:
    """One recording alone, now. Twice is once."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, recording.athlete_id)
        joining.take_back(recording.athlete_id, list(Recording.objects.filter(pk=recording.pk)))


def take_back_all(activity: Activity) -> None:
    """An activity with every recording of it. Twice is once."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, activity.athlete_id)
        joining.take_back(activity.athlete_id, list(Recording.objects.filter(activity=activity.pk)))


def recordings_of(batch: ImportBatch) -> QuerySet[Recording]:
    return Recording.objects.filter(athlete=batch.athlete_id, import_file__batch=batch)


def _elsewhere(batch: ImportBatch) -> QuerySet[ImportFile]:
    """Files of this athlete's other imports that are to stay and that were read."""
    others = ImportFile.objects.filter(batch__athlete=batch.athlete_id, batch__undo_asked_at__isnull=True)
    return others.filter(outcome__in=["same", *ImportFile.BROUGHT]).exclude(batch=batch).exclude(sha256="")


def _handed_over(recording: Recording, batch: ImportBatch) -> bool:
    """Whether another import brought the same content; then the recording is that import's from now on."""
    if not recording.content_hash:
        return False
    other = _elsewhere(batch).filter(sha256=recording.content_hash).order_by("pk").first()
    if other is None:
        return False
    Recording.objects.filter(pk=recording.pk).update(import_file=other)
    return True


def _drop_bytes(names: list[str]) -> None:
    for name in names:
        originals.drop(name)


# -- what it would mean -------------------------------------------------------------------------------------------------


class Consequences:
    """What taking these recordings back would do, in figures and in the sentences of whoever keeps results.

    n_going, n_staying: activities that would be gone, and those that would stay with what another recording says.
    """

    def __init__(self, athlete: Athlete, recordings: QuerySet[Recording]) -> None:
        touched = Activity.objects.filter(athlete=athlete, recordings__in=recordings).distinct()
        others = Recording.objects.exclude(pk__in=recordings.values("pk")).values("activity")
        self.n_recordings = recordings.count()
        self.n_staying = touched.filter(pk__in=others).count()
        going = set(touched.exclude(pk__in=others).values_list("pk", flat=True))
        self.n_going = len(going)
        self.n_corrected = Activity.objects.filter(pk__in=going).exclude(corrected=[]).count()
        answers = what_would_go.send(sender=Activity, activity_ids=going)
        self.sentences: list[str] = [sentence for _receiver, answer in answers for sentence in answer or ()]


def consequences(batch: ImportBatch) -> Consequences:
    """As far as it can be said beforehand: what other imports brought too is not counted."""
    kept = _elsewhere(batch).values("sha256")
    return Consequences(batch.athlete, recordings_of(batch).exclude(content_hash__in=kept))


def unfinished() -> QuerySet[ImportBatch]:
    return ImportBatch.objects.filter(Q(undo_asked_at__isnull=False), undone_at__isnull=True)
