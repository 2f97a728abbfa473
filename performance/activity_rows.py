"""The tables of an activity's page: splits, laps, graded best efforts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, pairwise
from typing import Any, Final

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _

from activities import measures
from activities.measures import Units
from activities.models import Lap
from activities.templatetags.measures import numerals
from athletes.models import Athlete
from performance import agegrade, charts
from performance.charts import Bar
from performance.figures import SWIM_M, Tempo, tempo_words
from performance.models import Analysis, BestEffort
from performance.standards import Standard

#: of all the distances that efforts are kept for, those a runner asks about; a race's own distance is always shown
EFFORTS_SHOWN_M: Final = frozenset(
    {
        400.0,
        1000.0,
        1609.344,
        3000.0,
        5000.0,
        10_000.0,
        15_000.0,
        16_093.44,
        21_097.5,
        30_000.0,
        42_195.0,
        50_000.0,
        100_000.0,
    }
)
#: longer lists of splits and laps are folded away
UNFOLDED_ROWS: Final = 44


@dataclass(frozen=True)
class Row:
    """A split or a lap. difference_s: seconds a unit from the mean, below 0 is faster.  zoom: the query that shows it."""

    label: str
    distance: str
    time_s: float | None
    pace: str
    bar: Bar | None
    difference_s: float | None
    hr_avg: float | None
    climb_m: float | None
    zoom: str = ""

    @property
    def difference_words(self) -> str:
        if self.difference_s is None:
            return ""
        seconds = round(abs(self.difference_s))
        if seconds == 0:
            return _("as the average")
        return (_("%d s faster than average") if self.difference_s < 0 else _("%d s slower than average")) % seconds


def split_rows(analysis: Analysis, *, tempo: Tempo, units: Units, shows_heart_rate: bool) -> list[Row]:
    splits: list[dict[str, Any]] = analysis.splits.get(units, []) if isinstance(analysis.splits, dict) else []
    unit_m = 1000.0 if units == "km" else measures.MILE_M
    labels = [
        f"{split['number']}"
        if split["distance_m"] > 0.98 * unit_m
        else measures.format_distance(split["distance_m"], units, decimals=2, with_unit=False, numerals=numerals())
        for split in splits
    ]
    facts = [(s["distance_m"], s["time_s"], s["hr_avg"] if shows_heart_rate else None, s["climb_m"]) for s in splits]
    rows = _rows(labels, facts, tempo=tempo, units=units)
    ends = [0.0, *accumulate(split["distance_m"] / unit_m for split in splits)]
    return [
        replace(row, zoom=f"from_{units}={begin:.4g}&to_{units}={end:.4g}")
        for row, (begin, end) in zip(rows, pairwise(ends), strict=True)
    ]


def lap_rows(laps: Sequence[Lap], *, tempo: Tempo, units: Units, shows_heart_rate: bool) -> list[Row]:
    facts = [
        (lap.distance_m, lap.timer_s or lap.elapsed_s, lap.hr_avg if shows_heart_rate else None, lap.ascent_m)
        for lap in laps
    ]
    return _rows([f"{number}" for number in range(1, len(facts) + 1)], facts, tempo=tempo, units=units)


Fact = tuple[float | None, float | None, float | None, float | None]


def _rows(labels: Sequence[str], facts: Sequence[Fact], *, tempo: Tempo, units: Units) -> list[Row]:
    paces = [time / distance * 1000 if distance and time else None for distance, time, _hr, _climb in facts]
    distance_m = sum(distance or 0 for distance, time, _hr, _climb in facts if distance and time)
    time_s = sum(time or 0 for distance, time, _hr, _climb in facts if distance and time)
    per_unit = SWIM_M / 1000 if tempo == "swim" else 1.0 if units == "km" else measures.MILE_M / 1000
    mean = time_s / distance_m * 1000 if distance_m else 0.0
    differences = [None if pace is None else (pace - mean) * per_unit for pace in paces]
    drawn = iter(charts.bars([difference for difference in differences if difference is not None]))
    rows = []
    for label, (distance, time, hr_avg, climb_m), pace, difference in zip(
        labels, facts, paces, differences, strict=True
    ):
        rows.append(
            Row(
                label=label,
                distance=_distance(distance, tempo=tempo, units=units),
                time_s=time,
                pace=tempo_words(pace, tempo=tempo, units=units)[0],
                bar=next(drawn) if difference is not None else None,
                difference_s=difference,
                hr_avg=hr_avg,
                climb_m=climb_m,
            )
        )
    return rows


def _distance(distance_m: float | None, *, tempo: Tempo, units: Units) -> str:
    """With two decimals; a swimmer's laps are whole metres."""
    if tempo == "swim":
        return measures.format_climb(distance_m or None, with_unit=False, numerals=numerals())
    return measures.format_distance(distance_m or None, units, decimals=2, with_unit=False, numerals=numerals())


@dataclass(frozen=True)
class Effort:
    """grades: one for each table that grades this athlete, None where there is no table."""

    distance_m: float
    time_s: float
    pace_s_per_km: float
    grades: tuple[float | None, ...]
    rank: str


def effort_rows(
    efforts: Iterable[BestEffort], *, athlete: Athlete, day: date, graded: bool, race_m: float | None
) -> list[Effort]:
    """The best efforts with their grades and what they are the best of. One query."""
    efforts = [effort for effort in efforts if effort.distance_m in EFFORTS_SHOWN_M or effort.distance_m == race_m]
    if not efforts:
        return []
    age = athlete.age_on(day)
    bests = _bests([effort.distance_m for effort in efforts], athlete=athlete, day=day, age=age)
    asked = Standard.of(athlete).on(agegrade.ROAD)
    return [
        Effort(
            distance_m=effort.distance_m,
            time_s=effort.time_s,
            pace_s_per_km=effort.time_s / effort.distance_m * 1000,
            grades=tuple(_grade(effort, age=age, sex=sex, asked=asked) if graded else None for sex in athlete.sexes),
            rank=_rank(effort.time_s, bests.get(effort.distance_m), age=age),
        )
        for effort in efforts
    ]


def _grade(effort: BestEffort, *, age: int | None, sex: str, asked: dict[str, str]) -> float | None:
    try:
        return agegrade.age_grade(
            time_s=effort.time_s, age=age, sex=sex, distance_m=effort.distance_m, **asked
        ).age_grade
    except agegrade.Refused:
        return None


def _bests(
    distances_m: Sequence[float], *, athlete: Athlete, day: date, age: int | None
) -> dict[float, dict[str, float | int | None]]:
    in_year = Q(activity__local_date__year=day.year)
    at_age = in_year
    if athlete.born is not None and age is not None:
        since, until = _birthday(athlete.born, age), _birthday(athlete.born, age + 1)
        at_age = Q(activity__local_date__gte=since, activity__local_date__lt=until)
    found = (
        BestEffort.objects.filter(activity__athlete=athlete, distance_m__in=distances_m)
        .values("distance_m")
        .annotate(
            n=Count("pk"),
            ever=Min("time_s"),
            at_age=Min("time_s", filter=at_age),
            in_year=Min("time_s", filter=in_year),
        )
        .order_by()
    )
    return {best["distance_m"]: best for best in found}


def _birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:  # born on 29 February: a year older on 1 March
        return date(born.year + age, 3, 1)


def _rank(time_s: float, best: dict[str, float | int | None] | None, *, age: int | None) -> str:
    """What this effort is the best of; nothing where it has nothing to compare itself with."""
    if best is None or (best["n"] or 0) < 2:
        return ""
    if time_s == best["ever"]:
        return _("Best ever")
    if age is not None and time_s == best["at_age"]:
        return _("Best at %(age)d") % {"age": age}
    return _("Fastest this year") if time_s == best["in_year"] else ""
