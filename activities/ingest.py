"""A file becomes recordings, and recordings become one activity: the way in for everything that is not Strava's API.

What it promises: a file is read outside any transaction and stored inside one, so a crash leaves it waiting and not half
stored. The same content is stored once, however often and in whatever wrapping it comes. Recordings of the same run
become one activity with all of them behind it (joining.py); nothing is dropped to get there. Reading is bounded by the
importers' limits; a file that ends the process is refused at the third try.
"""

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import numpy as np
import structlog
import tzfpy
from django.db import OperationalError, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from activities import importers, joining, locks, originals, streams
from activities.importers import ReadFile, Unreadable
from activities.models import Activity, ImportBatch, ImportFile, Lap, Recording
from activities.queue import ask_for
from activities.recorded import RecordedActivity, RecordedLap
from activities.signals import import_finished
from athletes.models import Athlete

log = structlog.get_logger("agegrade.import")

#: outside these no watch was ever on, and arithmetic with dates ends soon after
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST_S = 100 * 366 * 86_400
#: more than this is a fault of the file and counts as not recorded; the original keeps it
MOST = {
    "distance_m": 5e6, "elapsed_s": LONGEST_S, "timer_s": LONGEST_S, "moving_s": LONGEST_S, "hr_avg": 300, "hr_max": 300,
    "cadence_avg": 1000, "power_avg": 5000, "ascent_m": 1e5, "descent_m": 1e5, "calories": 1e6,
}  # fmt: skip


def receive(batch: ImportBatch, *, name: str, source: IO[bytes], position: int) -> ImportFile:
    """Take a file in: its bytes wait in storage, and a task is asked to read it. Too large is refused here, in words.

    source: has to be seekable. An archive is copied piece by piece, whatever its size, and never held in memory.
    """
    packed = importers.is_archive(source.read(4))
    source.seek(0)
    most = importers.MAX_ARCHIVE_BYTES if packed else importers.MAX_FILE_BYTES
    stored_as, size = originals.receive(source, athlete_id=batch.athlete_id, limit_bytes=most)
    file = ImportFile(batch=batch, name=text(name, 1024), position=position, stored_as=stored_as, size_bytes=size)
    if not stored_as:
        limit = most // 2**20
        conclude(file, ImportFile.Outcome.REFUSED, code="too_large", reason=_("The file is larger than %d MB.") % limit)
    file.save()
    if file.outcome == ImportFile.Outcome.WAITING:
        from activities.tasks import import_file

        ask_for(import_file, file.pk)
    return file


def unopened(batch: ImportBatch, *, name: str, position: int, error: OSError) -> ImportFile:
    """A file that could not even be opened has its outcome too."""
    file = ImportFile(batch=batch, name=text(name, 1024), position=position)
    reason = _("It cannot be opened: %s.") % (error.strerror or type(error).__name__)
    _refuse(file, "unopened", reason)
    return file


def work_off_all(batch: ImportBatch) -> None:
    """Read waiting files here, beside whatever workers there are, until every file of the batch has its outcome."""
    while waiting := list(batch.files.filter(outcome="waiting").values_list("pk", flat=True)):
        worked = [_try(file_id) for file_id in waiting]
        if not any(worked):
            time.sleep(0.2)  # workers have the last ones
    import_finished.send(sender=ImportBatch, batch=batch)


def _try(file_id: int) -> bool:
    """work_off, but one file that cannot be stored does not stop the others: it is tried again, and refused in the end."""
    try:
        return work_off(file_id)
    except InterruptedError:  # it has to be read again
        return True
    except (OperationalError, OSError, MemoryError):  # no database, no room: nothing would go on
        raise
    except Exception as error:
        log.exception("file not stored", file_id=file_id, error=type(error).__name__)
        return True


def work_off(file_id: int) -> bool:
    """Read one waiting file and store what it holds.

    False where another process has it, it is done already, or it has to wait for the files beside it.
    """
    from activities import archives

    with locks.alone(locks.FILE, file_id) as ours:
        if not ours:
            return False
        file = (
            ImportFile.objects.select_related("batch__athlete", "within").filter(pk=file_id, outcome="waiting").first()
        )
        if file is None or (archives.is_closing(file) and archives.waits_for_others(file)):
            return False
        file.attempts += 1
        file.attempted_at = timezone.now()
        file.save(update_fields=["attempts", "attempted_at"])
        _read_and_store(file)
        if file.outcome != ImportFile.Outcome.WAITING:
            archives.ask_for_closing(file)
        log.info("file imported", file_id=file.pk, outcome=file.outcome, code=file.code or None, bytes=file.size_bytes)
        return True


def _read_and_store(file: ImportFile) -> None:
    from activities import archives

    if file.attempts > ImportFile.MAX_ATTEMPTS:
        return _refuse(
            file, "reader_stopped", _("Reading this file stopped the program three times. It is kept for the operator.")
        )
    read_and_kept = None
    try:
        if importers.is_archive(originals.head(file.stored_as)):
            archives.take_apart(file)
        elif archives.is_closing(file):
            archives.store_table(file)
        else:
            with originals.on_disk(file.stored_as) as path:
                read_and_kept = _read(file, path)
    except Unreadable as error:
        return _refuse(file, error.code, str(error))
    except FileNotFoundError:
        return _refuse(file, "bytes_missing", _("Its bytes are no longer in storage. Please send the file again."))
    except (OSError, MemoryError):  # the machine's fault, not the file's: it waits, and this was no attempt
        file.attempts -= 1
        file.save(update_fields=["attempts"])
        raise
    except Exception as error:  # a fault of ours in one file must not keep the others from coming in
        log.exception("reader failed", file_id=file.pk, error=type(error).__name__)
        return _refuse(file, "reader_failed", _("Agegrade failed to read this file, a fault of ours. It is kept."))
    if read_and_kept is not None:
        _store_unless_cancelled(file, *read_and_kept)
    return None


def _read(file: ImportFile, path: Path) -> tuple[ReadFile, str] | None:
    """What the file holds, and where its original is kept; None where it holds nothing to store, which is then said."""
    read = importers.read_file(path, name=file.name)
    file.sha256 = read.sha256
    if not read.activities:
        what = read.not_an_activity or _("Nothing was recorded in it.")
        conclude_alone(file, ImportFile.Outcome.NOT_AN_ACTIVITY, code="not_an_activity", reason=what)
        return None
    if not all(_is_datable(recorded) for recorded in read.activities):
        _refuse(file, "date_impossible", _("Its dates are impossible: before 1900, or after 2200."))
        return None
    with transaction.atomic():  # only for the lock: the same content may be coming in twice
        locks.until_commit(locks.ATHLETE, file.batch.athlete_id)
        return read, originals.keep(path, athlete_id=file.batch.athlete_id, sha256=read.sha256)


def _store_unless_cancelled(file: ImportFile, read: ReadFile, kept: str) -> None:
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, file.batch.athlete_id)
        if not ImportFile.objects.filter(pk=file.pk, outcome=ImportFile.Outcome.WAITING).exists():
            transaction.on_commit(lambda: joining.drop_unneeded(file.batch.athlete_id, {kept}), robust=True)
            return file.refresh_from_db()
        if not originals.exists(kept):
            raise InterruptedError("its original went with another import that was taken back; it is read again")
        _store(file, file.batch.athlete, read, kept)
        waiting, file.stored_as = file.stored_as, ""
        file.save()
        transaction.on_commit(lambda: originals.drop(waiting), robust=True)


def _is_datable(recorded: RecordedActivity) -> bool:
    span_s = float(recorded.streams.time_s[-1]) if len(recorded.streams) else 0.0
    return EARLIEST <= recorded.started_at < LATEST and max(span_s, recorded.elapsed_s or 0) <= LONGEST_S


def _refuse(file: ImportFile, code: str, reason: str) -> None:
    conclude_alone(file, ImportFile.Outcome.REFUSED, code=code, reason=reason)


def conclude_alone(file: ImportFile, outcome: ImportFile.Outcome, *, code: str, reason: str) -> None:
    """Write down an outcome that stores nothing, unless the file was cancelled while it was read."""
    with transaction.atomic():
        if file.pk and not ImportFile.objects.select_for_update().filter(pk=file.pk, outcome="waiting").exists():
            return file.refresh_from_db()
        conclude(file, outcome, code=code, reason=reason)
        file.save()


def _store(file: ImportFile, athlete: Athlete, read: ReadFile, kept: str) -> None:
    """Store every session of a file under the athlete's lock, and say what became of it."""
    if Recording.objects.filter(athlete=athlete, content_hash=read.sha256).exists():
        conclude(file, ImportFile.Outcome.SAME, code="same", reason=_("These runs are already here."))
        return
    joined, alike = False, list[Activity]()
    for number, recorded in enumerate(read.activities):
        recording = _recording(recorded, athlete=athlete, file=file, read=read, number=number, kept=kept)
        attached = joining.attach(recording)
        joined |= attached.joined
        alike += attached.alike
        streams.replace(recording, recorded.streams)
        Lap.objects.bulk_create([_lap(recording, lap) for lap in recorded.laps])
    if read.incomplete:
        conclude(file, ImportFile.Outcome.PARTIAL, code="incomplete", reason=read.incomplete)
    elif joined:
        conclude(file, ImportFile.Outcome.MERGED, code="merged", reason=_("Another recording of a run that is here."))
    elif alike:
        words = _("It may be the same run as “%s”. You can say so under “Same run?”.") % alike[0]
        conclude(file, ImportFile.Outcome.NEW, code="offered", reason=words)
    else:
        conclude(file, ImportFile.Outcome.NEW)


def conclude(file: ImportFile, outcome: ImportFile.Outcome, *, code: str = "", reason: str = "") -> None:
    file.outcome, file.code, file.reason, file.done_at = outcome, code, text(reason, 2000), timezone.now()


#: columns that a RecordedActivity and a Recording share by name
_SHARED = tuple(
    field.name
    for field in fields(RecordedActivity)
    if field.name not in {"started_at", "utc_offset_s", "zone", "streams", "laps", "notes", "untimed"}
)
_LENGTHS = {name: getattr(Recording._meta.get_field(name), "max_length", None) for name in _SHARED}


def _recording(
    recorded: RecordedActivity, *, athlete: Athlete, file: ImportFile, read: ReadFile, number: int, kept: str
) -> Recording:
    recording = Recording(
        athlete=athlete,
        source=Recording.Source.FILE,
        content_hash=read.sha256,
        session_no=number,
        import_file=file,
        original_name=file.name,
        original=kept,
        started_at=recorded.started_at,
        n_records=recorded.n_records,
        n_samples=len(recorded.streams),
        n_positions=recorded.n_positions,
        n_hr=recorded.n_hr,
        incomplete=text(read.incomplete, 2000),
        notes=[note[:60] for note in recorded.notes],
    )
    for name in _SHARED:
        value = getattr(recorded, name)
        setattr(recording, name, text(value, _LENGTHS[name]) if isinstance(value, str) else believed(name, value))
    recording.zone, recording.utc_offset_s = local_clock(recorded, athlete)
    recording.local_date = (recording.started_at + timedelta(seconds=recording.utc_offset_s or 0)).date()
    return recording


def local_clock(recorded: RecordedActivity, athlete: Athlete) -> tuple[str | None, int | None]:
    """Zone and offset at the start: what the file says, else by its first position, else the athlete's home."""
    if recorded.zone:
        return recorded.zone, _offset(recorded.zone, recorded.started_at)
    found = _zone_by_position(recorded)
    if recorded.utc_offset_s is not None:
        agrees = found is not None and _offset(found, recorded.started_at) == recorded.utc_offset_s
        return (found if agrees else None), recorded.utc_offset_s
    zone = found or athlete.zone or None
    return zone, (_offset(zone, recorded.started_at) if zone else None)


def _zone_by_position(recorded: RecordedActivity) -> str | None:
    latitude, longitude = recorded.streams.latitude, recorded.streams.longitude
    if latitude is None or longitude is None:
        return None
    known = np.flatnonzero(~np.isnan(latitude) & ~np.isnan(longitude))
    if not len(known):
        return None
    return tzfpy.get_tz(float(longitude[known[0]]), float(latitude[known[0]])) or None


def _offset(zone: str, moment: datetime) -> int | None:
    with suppress(KeyError, ValueError, OverflowError):
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
        return int(offset.total_seconds()) if offset is not None else None
    return None


def _lap(recording: Recording, lap: RecordedLap) -> Lap:
    numbers = {
        name: believed(name, getattr(lap, name))
        for name in ("elapsed_s", "timer_s", "distance_m", "hr_avg", "hr_max", "ascent_m")
    }
    return Lap(
        recording=recording, number=lap.index, started_at=lap.started_at, trigger=text(lap.trigger, 30), **numbers
    )


def text(value: str, length: int | None) -> str:
    """What PostgreSQL takes as text: no NUL, no lone surrogate, not too long."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()[:length]


def believed(name: str, value: float | None) -> float | None:
    """The value, or None where it is no number or more than any runner, rider or watch ever had."""
    if value is None or not math.isfinite(value):
        return None
    return value if 0 <= value <= MOST.get(name, math.inf) else None


def report(files: Sequence[ImportFile]) -> list[dict[str, Any]]:
    """What became of every file, for the command's report: one entry a file, with the values its recordings hold."""
    answers = []
    for file in files:
        recordings = Recording.objects.filter(
            Q(content_hash=file.sha256) if file.sha256 else Q(import_file=file), athlete=file.batch.athlete_id
        )
        answers.append(
            {
                "file": file.name,
                "outcome": file.outcome,
                "reason": file.reason,
                "activities": [
                    {
                        "id": recording.activity_id,
                        "sport": recording.sport,
                        "start_time_utc": recording.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        **{
                            name: getattr(recording, name)
                            for name in (
                                "distance_m",
                                "elapsed_s",
                                "timer_s",
                                "hr_avg",
                                "n_records",
                                "n_positions",
                                "n_hr",
                            )
                        },
                        "n_laps": recording.n_laps,
                    }
                    for recording in recordings.annotate(n_laps=Count("laps")).order_by("session_no", "pk")
                ],
            }
        )
    return answers
