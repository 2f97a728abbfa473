"""Archives taken apart: every file in them becomes a file of the import, and their table names the runs.

An archive waits in storage as it came and is never held in memory. Taking it apart is work in slices: each entry stands
as a file of its own as soon as its bytes are in storage, so a crash costs one entry and the rest goes on from there. The
table of a Strava export is read when all files beside it are, and each of its rows is a recording of its own kind (source
`archive`): it brings the name, the sport and the gear to the run whose file it names, and where it names none it is the
run. What is taken apart is gone from storage afterwards; the originals of the files in it are kept as always.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils.translation import ngettext

from activities import ingest, joining, locks, originals
from activities.importers import Unreadable, archive_table
from activities.importers.archive_table import Row
from activities.importers.archives import Archive, Entry
from activities.models import ImportFile, Recording
from activities.queue import ask_for
from activities.recorded import RecordedActivity

log = structlog.get_logger("agegrade.import")

#: after so long the work is put down and asked for again, so that no task runs into its limit
SLICE_S: Final = 120.0
ROWS_A_STEP: Final = 50
#: positions of entries come after those of the files given, which may still be arriving
ENTRIES_FROM: Final = 10_000_000
TABLE: Final = "activities.csv"
#: files that are read when everything beside them is
CLOSING: Final = (TABLE,)

Outcome = ImportFile.Outcome


# -- taking apart ---------------------------------------------------------------------------------------------------------


def take_apart(file: ImportFile) -> None:
    """Bring every file of the archive into the import; puts the work down after a while and asks for it again."""
    ends = time.monotonic() + SLICE_S
    with originals.opened(file.stored_as) as stored:
        archive = Archive(stored)
        known = set(file.entries.values_list("entry_no", flat=True))
        left_out = 0
        for entry in archive.entries(depth=_depth(file)):
            if entry.kind == "left_out":
                left_out += 1
            elif entry.number not in known and not (time.monotonic() < ends and _bring(file, archive, entry)):
                return _put_down(file)
    n = file.entries.count()
    words = ngettext(
        "An archive with %d file to read, which is listed here.",
        "An archive with %d files to read, which are listed here.",
        n,
    ) % (n,)
    if left_out:
        others = ngettext(
            "%d other (a picture, a setting) was left out.",
            "%d others (pictures, settings) were left out.",
            left_out,
        )
        words = f"{words} {others % left_out}"
    waiting, file.stored_as = file.stored_as, ""
    ingest.conclude_alone(file, Outcome.NOT_AN_ACTIVITY, code="archive", reason=words)
    originals.drop(waiting)
    ask_for_closing(file)


def _depth(file: ImportFile) -> int:
    depth = 0
    while file.within is not None:
        depth, file = depth + 1, file.within
    return depth


def _put_down(file: ImportFile) -> None:
    """Come back to it, unless it was cancelled. What was done counts as progress, so no attempt is counted."""
    if ImportFile.objects.filter(pk=file.pk, outcome=Outcome.WAITING).update(attempts=0):
        _ask_for(file)


def _bring(file: ImportFile, archive: Archive, entry: Entry) -> bool:
    """One entry as a file of the import. False where the import was cancelled meanwhile."""
    name = file.name.rpartition("/")[2] + "/" + entry.name if file.within_id else entry.name
    one = ImportFile(
        batch=file.batch, within=file, entry_no=entry.number, name=ingest.text(name, 1024), size_bytes=entry.size_bytes
    )
    if entry.refusal:
        ingest.conclude(one, Outcome.REFUSED, code=entry.code, reason=entry.refusal)
    else:
        try:
            one.stored_as = originals.receive_pieces(
                archive.content(entry), name=f"incoming/{file.batch.athlete_id}/{file.pk}-{entry.number}"
            )
        except Unreadable as error:
            ingest.conclude(one, Outcome.REFUSED, code=error.code, reason=str(error))
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, file.batch.athlete_id)
        if not ImportFile.objects.filter(pk=file.pk, outcome=Outcome.WAITING).exists():
            originals.drop(one.stored_as)
            return False
        last = ImportFile.objects.filter(batch=file.batch).aggregate(last=Max("position"))["last"]
        one.position = max(last + 1, ENTRIES_FROM)
        one.save()
        if one.outcome == Outcome.WAITING and not is_closing(one):
            _ask_for(one)
    return True


def _ask_for(file: ImportFile) -> None:
    from activities.tasks import import_file

    ask_for(import_file, file.pk)


# -- what is read last ----------------------------------------------------------------------------------------------------


def is_closing(file: ImportFile) -> bool:
    return file.name.rpartition("/")[2] in CLOSING


def waits_for_others(file: ImportFile) -> bool:
    """Whether something beside a closing file, or its archive, is still to be read."""
    if file.within is not None and file.within.outcome == Outcome.WAITING:
        return True
    beside = ImportFile.objects.filter(batch=file.batch_id, within=file.within_id, outcome=Outcome.WAITING)
    return any(not is_closing(one) for one in beside.only("name").iterator())


def ask_for_closing(file: ImportFile) -> None:
    """After a file is read: the closing files beside it, or in it, may be next."""
    waiting = ImportFile.objects.filter(batch=file.batch_id, outcome=Outcome.WAITING)
    if file.code == "archive":
        waiting = waiting.filter(within=file)
    else:
        waiting = waiting.filter(within=file.within_id)
    if any(waiting.filter(name__endswith=name).exists() for name in CLOSING):
        for one in waiting.filter(name__regex=r"(^|/)(" + "|".join(CLOSING).replace(".", r"\.") + ")$"):
            if not waits_for_others(one):
                _ask_for(one)


# -- the table ------------------------------------------------------------------------------------------------------------


def store_table(file: ImportFile) -> None:
    """Every row of `activities.csv` as a recording; in steps, and a step that was done is not done again."""
    n_rows, unreadable = 0, 0
    with (
        originals.on_disk(file.stored_as) as path,
        path.open(encoding="utf-8-sig", errors="replace", newline="") as csv,
    ):
        for step in _steps(archive_table.rows(csv)):
            n_rows += len(step)
            unreadable += _store(file, step).count(False)
    brought = Recording.objects.filter(import_file=file).count()
    words = ngettext("A table with %d activity.", "A table with %d activities.", n_rows) % n_rows
    if unreadable:
        words += (
            " "
            + ngettext(
                "%d row names no file here, and has no date that can be read in one way only.",
                "%d rows name no file here, and have no date that can be read in one way only.",
                unreadable,
            )
            % unreadable
        )
    waiting, file.stored_as = file.stored_as, ""
    outcome = Outcome.PARTIAL if unreadable else Outcome.NEW if brought else Outcome.SAME
    ingest.conclude_alone(file, outcome, code="table", reason=words)
    originals.drop(waiting)


def _steps(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while step := list(islice(rows, ROWS_A_STEP)):
        yield step


def _store(file: ImportFile, rows: Sequence[Row]) -> list[bool]:
    """One transaction. For every row whether it is stored, now or before."""
    athlete = file.batch.athlete
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, athlete.pk)
        if not ImportFile.objects.filter(pk=file.pk, outcome=Outcome.WAITING).exists():
            return [True] * len(rows)
        known = set(
            Recording.objects.filter(
                athlete=athlete, source=Recording.Source.ARCHIVE, external_id__in=[row.id for row in rows]
            ).values_list("external_id", flat=True)
        )
        files = _named_files(file, rows)
        stored = []
        for row in rows:
            companion = files.get(row.file_name)
            recording = _recording(file, row, companion) if row.id and row.id not in known else None
            if recording is not None:
                joining.attach(recording)
                known.add(row.id)
            stored.append(row.id in known)
        return stored


def _named_files(file: ImportFile, rows: Sequence[Row]) -> dict[str, Recording]:
    """The recording of every file that a row names, as it came with this table or as it was here before. Two queries."""
    folder = file.name.rpartition("/")[0]
    paths = {(f"{folder}/{row.file_name}" if folder else row.file_name): row.file_name for row in rows if row.file_name}
    beside = ImportFile.objects.filter(batch=file.batch_id, within=file.within_id, name__in=paths).exclude(sha256="")
    hashes = {sha256: paths[name] for name, sha256 in beside.values_list("name", "sha256")}
    recordings = Recording.objects.filter(athlete=file.batch.athlete_id, content_hash__in=hashes).order_by(
        "-session_no"
    )
    return {hashes[recording.content_hash or ""]: recording for recording in recordings}


def _recording(file: ImportFile, row: Row, companion: Recording | None) -> Recording | None:
    """None where it cannot be said when that was."""
    started_at = row.started_at or (companion.started_at if companion else None)
    if started_at is None or not ingest.EARLIEST <= started_at < ingest.LATEST:
        return None
    athlete = file.batch.athlete
    zone, offset_s = ingest.local_clock(RecordedActivity(started_at=started_at), athlete)
    if companion is not None:
        zone, offset_s = companion.zone, companion.utc_offset_s
    recording = Recording(
        athlete=athlete,
        source=Recording.Source.ARCHIVE,
        external_id=row.id,
        companion_hash=(companion.content_hash or "") if companion else "",
        import_file=file,
        name=ingest.text(row.name, 300),
        sport=row.sport,
        sub_sport=row.sub_sport,
        started_at=started_at,
        zone=zone,
        utc_offset_s=offset_s,
        local_date=(started_at + timedelta(seconds=offset_s or 0)).date(),
        told=_told(row),
    )
    for name in ("distance_m", "elapsed_s", "moving_s", "hr_avg", "hr_max", "ascent_m", "calories"):
        setattr(recording, name, ingest.believed(name, getattr(row, name)))
    return recording


def _told(row: Row) -> dict[str, str | bool]:
    words = {"gear": row.gear, "description": row.description, "kind": row.kind}
    told: dict[str, str | bool] = {name: ingest.text(value, 2000) for name, value in words.items() if value}
    if row.private is not None:
        told["private"] = row.private
    return told
