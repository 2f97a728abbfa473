"""Everything a person has here and has said, as one zip that another Agegrade can read (docs/export.md is its schema).

Written member by member to a file, so memory stays that of one activity whatever the history. Columns are written by
name from the models themselves, so a new column is in the export the day it is in the database; which rows belong to
whom, what is a secret and what is only derived is decided here. Originals go in as they are kept; a recording that has none
(Strava's, or a summary) brings its samples as a table.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

from activities import streams
from activities.models import Activity, Lap, Recording
from athletes.models import Athlete, CoachGrant, CoachGrantEvent
from performance import exports
from performance.models import Race, RaceDecision
from performance.views.race_faces import FIELDS as RACE_FIELDS
from performance.views.race_faces import rows as race_rows

FORMAT: Final = "agegrade-account"
VERSION: Final = 1
_CHUNK: Final = 1024 * 1024

#: what a race says by itself; everything else of its columns is derived and made again
RACE_SAID: Final = (*Race.SAID, "local_date", "typed")
#: columns that point into this installation and mean nothing in another
NOT_OF_A_RECORDING: Final = frozenset({"original", "samples_span_s"})


@dataclass(frozen=True)
class Counts:
    activities: int
    recordings: int
    races: int
    originals: int


def write_export(
    athlete: Athlete, out: IO[bytes], *, told: Callable[[int, int], None] = lambda done, total: None
) -> Counts:
    """Write the zip. told(done, total) hears of every hundredth activity or so.

    Costs a handful of queries for every 200 activities, one for each recording without an original.
    """
    total = Activity.objects.of(athlete).count()
    recordings = written = done = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        kept: set[str] = set()
        with _spooled(archive, "activities.jsonl") as lines:
            for activity in _activities(athlete):
                told_of = [_recording(recording) for recording in activity.recordings.all()]
                lines({"ref": str(activity.pk), "fields": _values(activity), "recordings": told_of})
                recordings += len(told_of)
                done += 1
                if done % max(1, total // 100) == 0:
                    told(done, total)
        for recording in Recording.objects.filter(athlete=athlete).order_by("pk").iterator(chunk_size=200):
            if recording.original:
                name = _original(recording)
                if name not in kept and default_storage.exists(recording.original):
                    _copy(archive, recording.original, name)
                    kept.add(name)
                    written += 1
            elif recording.n_samples:
                archive.writestr(f"streams/{recording.pk}.csv", _table(recording))
        races = 0
        with _spooled(archive, "races.jsonl") as lines:
            for race in Race.objects.of(athlete).prefetch_related("decisions__by", "parts").order_by("pk"):
                lines(_race(race))
                races += 1
        archive.writestr("races.csv", "".join(exports.csv_lines(RACE_FIELDS, _flat(athlete))))
        archive.writestr("profile.json", _dumps(_profile(athlete), indent=1))
        counts = Counts(activities=done, recordings=recordings, races=races, originals=written)
        archive.writestr(
            "manifest.json",
            _dumps(
                {
                    "format": FORMAT,
                    "version": VERSION,
                    "made_at": timezone.now(),
                    "of": athlete.user.email,
                    "counts": vars(counts),
                },
                indent=1,
            ),
        )
    told(total, total)
    return counts


class _spooled:
    """Lines of JSON that become one member when they are all there, since a zip writes one member at a time."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.member = archive.open(name, "w", force_zip64=True)

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self._line

    def _line(self, line: dict[str, Any]) -> None:
        self.member.write(_dumps(line).encode() + b"\n")

    def __exit__(self, *exception: object) -> None:
        self.member.close()


def _activities(athlete: Athlete) -> Iterator[Activity]:
    laps = models.Prefetch("laps", Lap.objects.order_by("number"))
    recordings = models.Prefetch("recordings", Recording.objects.order_by("pk").prefetch_related(laps))
    yield from Activity.objects.of(athlete).order_by("started_at", "pk").prefetch_related(recordings).iterator(200)


def _recording(recording: Recording) -> dict[str, Any]:
    return {
        "ref": str(recording.pk),
        "fields": _values(recording, leave=NOT_OF_A_RECORDING),
        "laps": [_values(lap) for lap in recording.laps.all()],
        "original": _original(recording) if recording.original else None,
        "streams": f"streams/{recording.pk}.csv" if recording.n_samples and not recording.original else None,
    }


def _original(recording: Recording) -> str:
    return f"originals/{recording.content_hash or recording.pk}.gz"


def _race(race: Race) -> dict[str, Any]:
    return {
        "ref": str(race.pk),
        "said": {name: value for name, value in _values(race).items() if name in RACE_SAID},
        "derived": {name: value for name, value in _values(race).items() if name not in RACE_SAID and name != "not_in"},
        "activity": str(race.found_in_id) if race.found_in_id else None,
        "not_in": [str(pk) for pk in race.not_in],
        "parts": [
            {"recording": str(part.recording_id), "start_s": part.start_s, "end_s": part.end_s, "role": part.role}
            for part in race.parts.all()
            if part.said
        ],
        "decisions": [_decision(decision) for decision in race.decisions.all()],
    }


def _decision(decision: RaceDecision) -> dict[str, Any]:
    by = decision.by.email if decision.by else None
    return {"what": decision.what, "at": decision.at, "why": decision.why, "by": by}


def _profile(athlete: Athlete) -> dict[str, Any]:
    return {
        "user": {"email": athlete.user.email, "name": athlete.user.name, "joined_at": athlete.user.date_joined},
        "athlete": _values(athlete, leave=frozenset({"is_demo"})),
        "coaches": [
            {"coach": held.coach.email, **_values(held)}
            for held in CoachGrant.objects.filter(athlete=athlete).select_related("coach").order_by("pk")
        ],
        "pairings": [_values(pairing) for pairing in athlete.pairings.order_by("pk")],
        "kept_corrections": [_values(kept) for kept in athlete.kept_corrections.order_by("pk")],
        "coach_events": [_values(event) for event in CoachGrantEvent.objects.filter(athlete=athlete).order_by("pk")],
    }


def _flat(athlete: Athlete) -> Iterator[dict[str, Any]]:
    for row in race_rows(Race.objects.of(athlete), sort="-date"):
        yield {**row, **{name: " ".join(map(str, row[name])) for name in ("source", "activity_ids")}}


def _table(recording: Recording) -> str:
    """The samples of a recording as CSV: a column for every series, empty where a sample has no value."""
    samples = streams.read(recording)
    columns = {name: column.tolist() for name, column in samples.columns().items()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if value != value else round(value, 7) for value in row])  # noqa: PLR0124 - NaN
    return text.getvalue()


def _copy(archive: zipfile.ZipFile, stored: str, name: str) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # stored as it is: it is compressed already
    with default_storage.open(stored) as source, archive.open(info, "w", force_zip64=True) as member:
        while chunk := source.read(_CHUNK):
            member.write(chunk)


def _values(row: models.Model, *, leave: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A row's own columns by name; no keys, which mean nothing elsewhere."""
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not (field.primary_key or field.is_relation or field.name in leave)
    }


def _dumps(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, indent=indent)


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an export")
