"""The blocks of the dashboard, from the lines of the race book and the days of training. No queries but one for names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from activities import measures
from activities.measures import Units
from activities.templatetags.measures import numerals
from athletes.models import Athlete
from performance import load, season_charts
from performance.load import Day
from performance.models import Race, RaceQuerySet
from performance.race_book import Line, RaceBook, official_m
from performance.season_charts import Bars, Lines, Span, Trend
from performance.training import TrainingDay

YEAR: Final = timedelta(days=365)
WEEKS: Final = 26
MEAN_WEEKS: Final = 4

#: form, in the words of the training load: at or above it, fresh; below the last, very tired
FORM_WORDS: Final = ((5.0, "fresh"), (-5.0, "even"), (-20.0, "tired"))


# -- age grade ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class YearRow:
    year: int
    count: int
    best: Line | None


@dataclass(frozen=True)
class AgeGradeBlock:
    """best: of the last 365 days, else None.  ever: the best there is.  points: how much better than the year before."""

    best: Line | None
    ever: Line | None
    points: float | None
    n_counted: int
    n_graded: int
    n_waiting: int
    since: int | None
    trend: Trend | None
    years: tuple[YearRow, ...]

    @property
    def top(self) -> Line | None:
        """What the figure tells of: the best of the last 365 days, else of all time."""
        return self.best or self.ever

    @property
    def named(self) -> list[int]:
        lines = [self.best, self.ever, *(row.best for row in self.years)]
        return [line.pk for line in lines if line is not None]


def age_grade_block(book: RaceBook, today: date) -> AgeGradeBlock:
    graded = [line for line in book.counted if line.age_grade is not None]
    waiting = [line for line in book.lines if line.state == Race.State.TO_DECIDE and line.age_grade is not None]
    best = _best(line for line in graded if today - YEAR <= line.local_date <= today)
    before = _best(line for line in graded if today - 2 * YEAR <= line.local_date < today - YEAR)
    ever = _best(graded)
    points = None
    if best is not None and before is not None:
        points = 100 * ((best.age_grade or 0) - (before.age_grade or 0))
    top = best or ever
    by_year: dict[int, list[Line]] = {}
    for line in book.counted:
        by_year.setdefault(line.local_date.year, []).append(line)
    return AgeGradeBlock(
        best=best,
        ever=ever,
        points=points,
        n_counted=len(book.counted),
        n_graded=len(graded),
        n_waiting=book.by_state[Race.State.TO_DECIDE],
        since=min((line.local_date.year for line in book.counted), default=None),
        trend=season_charts.trend(
            [(line.local_date, line.age_grade or 0) for line in graded],
            [(line.local_date, line.age_grade or 0) for line in waiting],
            today=today,
            top=(top.local_date, top.age_grade or 0) if top is not None else None,
        ),
        years=tuple(
            YearRow(year, len(lines), _best(line for line in lines if line.age_grade is not None))
            for year, lines in sorted(by_year.items(), reverse=True)
        ),
    )


def _best(lines: Iterable[Line]) -> Line | None:
    return max(lines, key=lambda line: (line.age_grade or 0, line.local_date), default=None)


# -- best grades --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DistanceRow:
    """The best graded race over a distance in twelve months, and all races over it as dots."""

    distance_m: float
    best: Line
    dots: str
    top: tuple[str, str]

    @property
    def pace_s_per_km(self) -> float | None:
        return self.best.time_s / self.distance_m * 1000 if self.best.time_s else None


def distance_rows(book: RaceBook, today: date) -> list[DistanceRow]:
    graded = [line for line in book.counted if line.age_grade is not None and official_m(line.distance_m)]
    if not graded:
        return []
    span = Span(min(line.local_date for line in graded), today)
    by_distance: dict[float, list[Line]] = {}
    for line in graded:
        by_distance.setdefault(official_m(line.distance_m) or 0, []).append(line)
    found = []
    for metres, lines in sorted(by_distance.items()):
        best = _best(line for line in lines if today - YEAR <= line.local_date <= today)
        if best is not None:
            all_of_them = [(line.local_date, line.age_grade or 0) for line in lines]
            dots, x, y = season_charts.spark(all_of_them, span=span, best=(best.local_date, best.age_grade or 0))
            found.append(DistanceRow(metres, best, dots, (x, y)))
    return found


def names_of(races: RaceQuerySet, pks: Iterable[int]) -> dict[int, str]:
    """The names of the races that a page speaks of. One query; three for somebody else than the athlete."""
    named = races.filter(pk__in=set(pks)).only("name", "said_name", "found_in", "athlete")
    return {race.pk: race.name or _("Race") for race in named}


# -- training -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weeks:
    """this_week, mean, this_year: in metres or seconds, as the amounts are.  rows: (Monday, amount), oldest first."""

    this_week: float
    mean: float
    this_year: float
    rows: tuple[tuple[date, float], ...]
    chart: Bars | None


def weeks(amounts: Sequence[tuple[date, float]], *, today: date, n: int, words: Any) -> Weeks:
    """Weekly totals; the mean is that of the four full weeks before this one."""
    rows = load.weekly(amounts, last=today, weeks=max(n, MEAN_WEEKS + 1))
    full = [amount for _monday, amount in rows[-MEAN_WEEKS - 1 : -1]]
    return Weeks(
        this_week=rows[-1][1],
        mean=sum(full) / MEAN_WEEKS,
        this_year=sum(amount for day, amount in amounts if day.year == today.year and day <= today),
        rows=tuple(rows[-n:]),
        chart=season_charts.bars(rows[-n:], words=words, month=month_words),
    )


def weekly_distance(days: Sequence[TrainingDay], *, today: date, n: int, units: Units) -> Weeks:
    """Bars in the reader's unit, so that the grid lines are round in it."""
    unit_m = 1000.0 if units == "km" else measures.MILE_M
    return weeks(
        [(day.day, day.distance_m / unit_m) for day in days if day.distance_m],
        today=today,
        n=n,
        words=lambda value: measures.format_distance(
            value * 1000, "km", decimals=0 if value == round(value) else 1, with_unit=False, numerals=numerals()
        ),
    )


def month_words(month: float) -> str:
    return date_format(date(2000, int(month), 1), "M")


@dataclass(frozen=True)
class LoadBlock:
    """today: at the end of today, None without any load.  rises: points of fitness gained in six weeks."""

    today: Day | None
    word: str
    rises: float | None
    warming_up: bool
    days: tuple[Day, ...]
    chart: Lines | None


def load_block(days: Sequence[TrainingDay], *, today: date, n_days: int) -> LoadBlock:
    """Fitness, fatigue and form of the last days, worked out from the first day with a load."""
    loads = {day.day: day.load for day in days if day.load is not None and day.day <= today}
    if not loads:
        return LoadBlock(None, "", None, False, (), None)
    first = min(loads)
    series = load.days(loads, first=min(first, today - timedelta(days=n_days)), last=today)
    shown = series[-n_days:]
    six_weeks_ago = series[-load.FITNESS_DAYS - 1] if len(series) > load.FITNESS_DAYS else None
    warming_up = (today - first).days < load.FITNESS_DAYS
    return LoadBlock(
        today=series[-1],
        word=form_word(series[-1].form),
        rises=None if six_weeks_ago is None or warming_up else series[-1].fitness - six_weeks_ago.fitness,
        warming_up=warming_up,
        days=tuple(shown),
        chart=season_charts.lines(shown, words=_signed, month=month_words),
    )


def _signed(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def form_word(form: float) -> str:
    words: Mapping[str, str] = {"fresh": _("fresh"), "even": _("in balance"), "tired": _("tired")}
    for limit, word in FORM_WORDS:
        if form >= limit:
            return words[word]
    return _("very tired")


def age_group(athlete: Athlete, today: date) -> str:
    """W55, or W55 and M55 for who is graded by both; empty below 35, where no group begins."""
    age = athlete.age_on(today)
    if age is None or age < 35:
        return ""
    letters = {"F": "W", "M": "M"}
    return ", ".join(f"{letters[sex]}{age // 5 * 5}" for sex in athlete.sexes)


@dataclass(frozen=True)
class WeekRow:
    """A week in a table. distance: in the reader's unit.  fitness, form: at its end, None before the first load."""

    monday: date
    distance: float
    time_s: float
    load: float
    fitness: float | None
    form: float | None


def week_rows(days: Sequence[TrainingDay], *, today: date, n: int, units: Units) -> list[WeekRow]:
    """The same as the charts, in numbers, newest week first."""
    unit_m = 1000.0 if units == "km" else measures.MILE_M
    distances = load.weekly([(day.day, day.distance_m / unit_m) for day in days], last=today, weeks=n)
    times = dict(load.weekly([(day.day, day.time_s) for day in days], last=today, weeks=n))
    loads = dict(load.weekly([(day.day, day.load or 0.0) for day in days], last=today, weeks=n))
    ends = {load.monday(day.day): day for day in load_block(days, today=today, n_days=7 * n).days}
    return [
        WeekRow(
            monday,
            distance,
            times[monday],
            loads[monday],
            ends[monday].fitness if monday in ends else None,
            ends[monday].form if monday in ends else None,
        )
        for monday, distance in reversed(distances)
    ]
