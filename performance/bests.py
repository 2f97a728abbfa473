"""Three ledgers of bests, each with its history and with what is left out of it and why.

`races`: the fastest official time over each official distance. `grades`: the highest age grade over each of them, which
is another race where a later one was worth more. `efforts`: the fastest stretch inside any recording, which is no result.
Each can be read for all time, by five-year age band or by year. A best belongs to a distance only by the
official-distance rule: 4.99 km is not 5 km.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from django.db.models import QuerySet

from activities.models import Activity
from athletes.models import Athlete
from performance import standards
from performance.models import Analysis, BestEffort, Race, RaceQuerySet
from performance.race_book import official_m

Ledger = Literal["races", "grades", "efforts"]
Period = Literal["all", "age", "year"]

LEDGERS: Final[tuple[Ledger, ...]] = ("races", "grades", "efforts")
PERIODS: Final[tuple[Period, ...]] = ("all", "age", "year")
BAND_YEARS: Final = 5

#: what analysis keeps out of bests: whole runs, or the part of one where the distance cannot be right
KEPT_OUT: Final = ("treadmill", "date_doubtful", "gps_spikes", "vehicle", "distance_jumps")


class Mark(NamedTuple):
    """One performance that may be a best.  value: what is compared, higher is better.  pk: of the race or the activity."""

    distance_m: float
    day: date
    time_s: float
    grade: float | None
    name: str
    pk: int
    activity_id: int | None

    def value(self, ledger: Ledger) -> float:
        return (self.grade or 0.0) if ledger == "grades" else -self.time_s


@dataclass(frozen=True)
class Best:
    """mark: the best of its period.  history: every best there was on the way to it, oldest first, itself last."""

    mark: Mark
    history: tuple[Mark, ...]

    @property
    def before(self) -> tuple[Mark, ...]:
        """What it improved on, the latest first."""
        return self.history[-2::-1]


@dataclass(frozen=True)
class Section:
    """A period with its bests by distance.  key: "" for all time, a year, or the first year of an age band."""

    key: str
    bests: tuple[Best, ...]


@dataclass(frozen=True)
class LeftOut:
    """What is not in a ledger, or needs a word there: a code the page puts into words, how often, and an example."""

    code: str
    n: int
    example: str = ""
    example_m: float | None = None


def race_marks(races: RaceQuerySet, ledger: Ledger) -> tuple[list[Mark], list[LeftOut]]:
    """The races that can be a best, and what was left out of them or needs a word. One query."""
    marks: list[Mark] = []
    told: dict[str, list[Race]] = {}
    for race in races.counted().only(*_RACE_COLUMNS):
        official = official_m(race.distance_m)
        if race.time_s is None or race.distance_m is None:
            told.setdefault("no_time", []).append(race)
        elif official is None:
            told.setdefault("odd_distance", []).append(race)
        elif race.refusal == standards.TO_CONFIRM:
            told.setdefault("to_confirm", []).append(race)
        elif ledger == "grades" and race.age_grade is None:
            told.setdefault("no_grade", []).append(race)
        else:
            marks.append(
                Mark(official, race.local_date, race.time_s, race.age_grade, race.name, race.pk, race.found_in_id)
            )
            if race.time_source == Race.TimeSource.ELAPSED:
                told.setdefault("elapsed_time", []).append(race)
    return marks, [LeftOut(code, len(of), of[0].name, of[0].distance_m) for code, of in told.items()]


_RACE_COLUMNS = (
    "distance_m",
    "local_date",
    "time_s",
    "age_grade",
    "name",
    "found_in",
    "time_source",
    "refusal",
    "said_name",
    "athlete",
)


def effort_marks(efforts: QuerySet[BestEffort], runs: QuerySet[Activity]) -> tuple[list[Mark], list[LeftOut]]:
    """The fastest stretches, the fastest of each day and distance, and what was kept out of them. Three queries.

    runs: the activities that the efforts are of. What was kept out is what analysis noted (soundness.py).
    """
    fastest = (
        efforts.order_by("distance_m", "activity__local_date", "time_s", "pk")
        .distinct("distance_m", "activity__local_date")
        .values_list("distance_m", "activity__local_date", "time_s", "activity_id")
    )
    names = {run.pk: run.name for run in runs.filter(pk__in={row[3] for row in fastest})}
    marks = [
        Mark(official, day, time_s, None, names.get(activity, ""), activity, activity)
        for distance_m, day, time_s, activity in fastest
        if (official := official_m(distance_m)) is not None
    ]
    notes = Analysis.objects.filter(activity__in=runs.order_by().values("pk")).exclude(notes=[])
    noted = Counter(code for codes in notes.values_list("notes", flat=True) for code in codes if code in KEPT_OUT)
    return marks, [LeftOut(code, noted[code]) for code in KEPT_OUT if noted[code]]


def sections(marks: Iterable[Mark], *, ledger: Ledger, period: Period, athlete: Athlete) -> list[Section]:
    """Bests by period, the latest period first, and by distance within it."""
    by_period: dict[str, dict[float, list[Mark]]] = {}
    for mark in marks:
        key = _period_of(mark.day, period, athlete)
        if key is not None:
            by_period.setdefault(key, {}).setdefault(mark.distance_m, []).append(mark)
    return [
        Section(key, tuple(_best(found, ledger) for _metres, found in sorted(by_distance.items())))
        for key, by_distance in sorted(by_period.items(), key=lambda item: int(item[0] or 0), reverse=True)
    ]


def _period_of(day: date, period: Period, athlete: Athlete) -> str | None:
    if period == "all":
        return ""
    if period == "year":
        return str(day.year)
    age = athlete.age_on(day)
    return str(age // BAND_YEARS * BAND_YEARS) if age is not None else None


def _best(marks: Sequence[Mark], ledger: Ledger) -> Best:
    history = tuple(_improvements(marks, ledger))
    return Best(history[-1], history)


def _improvements(marks: Sequence[Mark], ledger: Ledger) -> Iterator[Mark]:
    """Each mark that beat all before it. Of two on one day the better; an equal one is no improvement."""
    best: float | None = None
    for mark in sorted(marks, key=lambda mark: (mark.day, -mark.value(ledger))):
        value = mark.value(ledger)
        if best is None or value > best:
            best = value
            yield mark
