"""Tables of runs in, tables of assessments out: the CSV face of the detector.

Columns are those of an activity list (row_id, athlete, start_date_local, sport_type, distance, ...). Any of them may be
missing or empty; other columns are passed over. A row whose values cannot be read gets probability 0 and says why; the
others go on.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING

from performance.race_detection.assessment import CERTAINLY_NOT, Assessment, Reason, assess
from performance.race_detection.runs import RunSummary
from performance.race_detection.words import describe

if TYPE_CHECKING:
    from _csv import Reader

OUTPUT_COLUMNS = ("row_id", "probability", "is_race", "official_distance_m", "reasons")
RACE_FROM = 0.5
REASONS_SHOWN = 6
LONGEST_RECORD = 30  # lines; a title with line breaks in it is shorter
SPORTS = {
    "": "",
    "run": "running",
    "trailrun": "trail_running",
    "treadmillrun": "treadmill_running",
    "virtualrun": "virtual_running",
    "indoorrun": "treadmill_running",
    "trackrun": "track_running",
    "walk": "walking",
    "hike": "hiking",
}
# Strava's workout types of a run: 0 or nothing, 1 race, 2 long run, 3 workout.
RACE_FLAGS = {0: None, 1: True, 2: False, 3: False}


class UnreadableRow(ValueError):
    """A value that is there and makes no sense."""


@dataclass(frozen=True)
class Row:
    """One line of the table: whose it is and the run, or what was wrong with it."""

    row_id: str
    athlete: str
    run: RunSummary | None
    fault: str = ""


def detect(source: Iterable[str], target: IO[str]) -> int:
    """Read runs from `source`, write one line for each to `target`, in the same order. Returns how many.

    The runs of one athlete are judged together, wherever they stand in the file.
    """
    rows = list(read_rows(source))
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(OUTPUT_COLUMNS)
    for assessment in assess_rows(rows):
        writer.writerow(_written(assessment))
    return len(rows)


def assess_rows(rows: Iterable[Row]) -> list[Assessment]:
    """One assessment for each row, in order; every athlete's history by itself."""
    ordered = list(rows)
    found: dict[int, Assessment] = {}
    of_athlete: dict[str, list[tuple[int, RunSummary]]] = defaultdict(list)
    for at, row in enumerate(ordered):
        if row.run is None:
            reason = Reason("unreadable", CERTAINLY_NOT, {"what": row.fault})
            found[at] = Assessment(row.row_id, 0.0, CERTAINLY_NOT, None, (reason,))
        else:
            of_athlete[row.athlete].append((at, row.run))
    for runs in of_athlete.values():
        assessed = assess([run for _, run in runs])
        found.update((at, assessment) for (at, _), assessment in zip(runs, assessed, strict=True))
    return [found[at] for at in range(len(ordered))]


def read_rows(source: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV file's lines, header first. A broken line costs itself only; empty ones do not count."""
    records = _records([line.replace("\0", "") for line in source])
    header = [column.strip().lstrip("\ufeff").lower() for column in next(records, [])]
    for number, values in enumerate((record for record in records if record), start=1):
        yield _row(dict(zip(header, values, strict=False)), number, extra=len(values) - len(header))


def _records(lines: list[str]) -> Iterator[list[str]]:
    """The values of each record. A quote left open ends with its line, unless the record then fits the header."""
    at = width = 0
    while at < len(lines):
        reader = csv.reader(lines[line] for line in range(at, min(at + LONGEST_RECORD, len(lines))))
        record, spanned = _next(reader)
        if spanned > 1 and len(record) != width:
            record, spanned = _next(csv.reader([lines[at]]))
        width = width or len(record)
        yield record
        at += spanned


def _next(reader: "Reader") -> tuple[list[str], int]:
    """A record and how many lines it took; what csv refuses (a value of megabytes) comes as one empty value."""
    try:
        return next(reader), max(reader.line_num, 1)
    except csv.Error:
        return [""], 1


def _row(fields: Mapping[str, str], number: int, *, extra: int) -> Row:
    row_id = fields.get("row_id", "").strip() or str(number)
    athlete = fields.get("athlete", "").strip()
    try:
        if extra:
            raise UnreadableRow(f"{abs(extra)} values too {'many' if extra > 0 else 'few'}")
        return Row(row_id, athlete, _run(row_id, fields))
    except UnreadableRow as fault:
        return Row(row_id, athlete, None, str(fault))


def _run(row_id: str, fields: Mapping[str, str]) -> RunSummary:
    sport = fields.get("sport_type", "").strip()
    workout_type = _number(fields, "workout_type")
    return RunSummary(
        id=row_id,
        started_local=_moment(fields, "start_date_local"),
        sport=SPORTS.get(sport.lower().replace("_", "").replace(" ", ""), sport.lower()),
        distance_m=_number(fields, "distance"),
        elapsed_s=_number(fields, "elapsed_time"),
        moving_s=_number(fields, "moving_time"),
        ascent_m=_number(fields, "total_elevation_gain"),
        hr_avg=_number(fields, "average_heartrate"),
        hr_max=_number(fields, "max_heartrate"),
        name=fields.get("name", ""),
        name_tokens=None if fields.get("name") else fields.get("name_tokens"),
        name_is_default=_yes_or_no(fields, "name_is_default"),
        race_flag=None if workout_type is None else RACE_FLAGS.get(int(workout_type)),
        athlete_count=_number(fields, "athlete_count"),
        kudos_count=_number(fields, "kudos_count"),
        achievement_count=_number(fields, "achievement_count"),
        pr_count=_number(fields, "pr_count"),
        manual=_yes_or_no(fields, "manual"),
        trainer=_yes_or_no(fields, "trainer"),
        has_offset=not _yes_or_no(fields, "hour_is_estimated"),
    )


def _number(fields: Mapping[str, str], column: str) -> float | None:
    text = fields.get(column, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise UnreadableRow(f"{column} “{text[:40]}” is no number") from None
    return number if math.isfinite(number) else None


def _moment(fields: Mapping[str, str], column: str) -> datetime | None:
    text = fields.get(column, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise UnreadableRow(f"{column} “{text[:40]}” is no date and time") from None


def _yes_or_no(fields: Mapping[str, str], column: str) -> bool | None:
    text = fields.get(column, "").strip().lower()
    return None if not text else text in ("1", "1.0", "true", "yes")


def _written(assessment: Assessment) -> tuple[str, str, str, str, str]:
    official_m, probability = assessment.official_distance_m, round(assessment.probability, 6)
    return (
        assessment.id,
        f"{probability:.6f}",
        "1" if probability >= RACE_FROM else "0",
        "" if official_m is None else f"{official_m:.1f}",
        "; ".join(describe(reason) for reason in assessment.reasons[:REASONS_SHOWN]),
    )
