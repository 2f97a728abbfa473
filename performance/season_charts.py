"""Charts over time: the age-grade trend, grades of one distance, weeks, fitness and fatigue. Geometry only, no words.

Each is an outer SVG with x in per cent and y in pixels (see charts.py). Dots are one path of dots: a thousand races are
one node of the page.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from performance.charts import PLOT_PERCENT, Scale, Tick, Words
from performance.load import Day

TREND_PX: Final = 270
TREND_TOP, TREND_FLOOR = 30.0, 242.0
SEASON_PX: Final = 170
SEASON_TOP, SEASON_FLOOR = 24.0, 144.0
SPARK_PX: Final = 36
YEAR: Final = timedelta(days=365)

Graded = tuple[date, float]


@dataclass(frozen=True)
class Span:
    """Days on the 1000 units of a plot."""

    first: date
    last: date

    def x(self, day: date) -> float:
        return 1000 * (day - self.first).days / max(1, (self.last - self.first).days)

    def percent(self, day: date, *, of: float = PLOT_PERCENT) -> str:
        return f"{self.x(day) / 1000 * of:.2f}%"


@dataclass(frozen=True)
class Level:
    """A grid line of the trend. limit: 70 or 80, a class begins there; 0 where none does."""

    y: str
    text_y: str
    percent: int
    limit: bool


@dataclass(frozen=True)
class Mark:
    """A dot that has a name. The name stands to its left, or to its right where the left has no room."""

    x: str
    y: str
    text_x: str
    to_the_left: bool


@dataclass(frozen=True)
class Trend:
    """counted, waiting: paths of dots.  best: the step line of the best of the last 365 days.  top: the latest best."""

    height: int
    levels: tuple[Level, ...]
    years: tuple[Tick, ...]
    counted: str
    waiting: str
    best: str
    top: Mark | None
    floor: str = f"{TREND_FLOOR:.0f}"


def trend(counted: Sequence[Graded], waiting: Sequence[Graded], *, today: date, top: Graded | None) -> Trend | None:
    """Draw the grades of races; None where none is graded. A grade far below the others stands at the lower edge."""
    if not counted and not waiting:
        return None
    grades = sorted(grade for _day, grade in (*counted, *waiting))
    low = math.floor(20 * max(grades[len(grades) // 50], grades[len(grades) // 2] - 0.25)) / 20
    high = math.ceil(20 * grades[-1] + 0.2) / 20
    low = min(low, high - 0.1)
    days = [day for day, _grade in (*counted, *waiting)]
    first = min(*days, today - YEAR)
    span = Span(first - timedelta(days=10), max(today, *days))
    scale = Scale(low, high, TREND_TOP, TREND_FLOOR - 10)
    every = 5 if high - low <= 0.3 else 10
    percents = range(round(low * 100), round(high * 100) + 1)
    levels = tuple(
        Level(f"{y:.1f}", f"{y - 6:.1f}", percent, percent in {60, 70, 80, 90})
        for percent in percents
        if percent % every == 0 and (y := scale.y(percent / 100)) < TREND_FLOOR
    )
    mark = None
    if top is not None:
        at = span.x(top[0]) / 1000 * PLOT_PERCENT
        to_the_left = at > PLOT_PERCENT / 2
        text_x = f"{at - 2 if to_the_left else at + 2:.2f}%"
        mark = Mark(span.percent(top[0]), f"{scale.y(top[1]):.1f}", text_x, to_the_left)
    return Trend(
        height=TREND_PX,
        levels=levels,
        years=_years(span),
        counted=dots(counted, span, scale),
        waiting=dots(waiting, span, scale),
        best=_steps(best_of_a_year(counted, until=today), span, scale),
        top=mark,
    )


def dots(graded: Iterable[Graded], span: Span, scale: Scale) -> str:
    """A path of strokes without length: drawn with round ends, each is a dot."""
    return "".join(f"M{span.x(day):.1f} {scale.y(grade):.1f}h0" for day, grade in graded)


def best_of_a_year(graded: Sequence[Graded], *, until: date) -> list[tuple[date, float | None]]:
    """From each day on which it changes: the best grade of the 365 days up to it, None where there is none."""
    turns = sorted({day for day, _grade in graded} | {day + YEAR + timedelta(days=1) for day, _grade in graded})
    steps: list[tuple[date, float | None]] = []
    for turn in turns:
        if turn > until:
            break
        best = max((grade for day, grade in graded if turn - YEAR <= day <= turn), default=None)
        if not steps or steps[-1][1] != best:
            steps.append((turn, best))
    return [*steps, (until, steps[-1][1])] if steps else []


def _steps(changes: Sequence[tuple[date, float | None]], span: Span, scale: Scale) -> str:
    path, before = "", None
    for day, best in changes:
        x = span.x(day)
        if before is not None:
            path += f"H{x:.1f}"
        if best is not None:
            y = scale.y(best)
            path += f"V{y:.1f}" if before is not None else f"M{x:.1f} {y:.1f}"
        before = best
    return path


def _years(span: Span) -> tuple[Tick, ...]:
    """Every year's first day, as many as have room; where none falls inside, the first day itself."""
    every = math.ceil((span.last.year - span.first.year) / 6) or 1
    years = [year for year in range(span.first.year + 1, span.last.year + 1) if (span.last.year - year) % every == 0]
    return tuple(Tick(span.percent(date(year, 1, 1)), f"{year}") for year in years if span.x(date(year, 1, 1)) > 30)


def spark(graded: Sequence[Graded], *, span: Span, best: Graded) -> tuple[str, str, str]:
    """Small multiples: the path of dots, and where the best one stands; all with one scale, 50 to 90 %."""
    scale = Scale(0.5, 0.9, 4, SPARK_PX - 4)
    return dots(graded, span, scale), span.percent(best[0], of=100), f"{scale.y(best[1]):.1f}"


# -- weeks and days -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bars:
    """bars: (x, width, y, height), the last one this week's."""

    bars: tuple[tuple[str, str, str, str], ...]
    grid: tuple[Tick, ...]
    months: tuple[Tick, ...]


def bars(weeks: Sequence[tuple[date, float]], *, words: Words, month: Words) -> Bars | None:
    """One bar a week from 0; None where all are empty. month: a month's name by its number."""
    highest = max((amount for _day, amount in weeks), default=0.0)
    if highest <= 0:
        return None
    step = _round_step(highest, 3)
    top = max(highest, step)
    scale = Scale(0, top, SEASON_TOP, SEASON_FLOOR)
    width = PLOT_PERCENT / len(weeks)
    drawn = tuple(
        (
            f"{number * width + width * 0.14:.2f}%",
            f"{width * 0.72:.2f}%",
            f"{scale.y(amount):.1f}",
            f"{SEASON_FLOOR - scale.y(amount):.1f}",
        )
        for number, (_day, amount) in enumerate(weeks)
    )
    span = Span(weeks[0][0], weeks[-1][0] + timedelta(days=6))
    return Bars(drawn, _grid(scale, step, words), _months(span, month))


@dataclass(frozen=True)
class Lines:
    """fitness, fatigue: paths.  form: a path of its own panel, `zero` its zero line."""

    fitness: str
    fatigue: str
    grid: tuple[Tick, ...]
    months: tuple[Tick, ...]
    form: str
    form_grid: tuple[Tick, ...]
    zero: str


def lines(days: Sequence[Day], *, words: Words, month: Words) -> Lines | None:
    """Fitness and fatigue share an axis from 0; form stands on its own, round its zero line. None without any load."""
    highest = max((max(day.fitness, day.fatigue) for day in days), default=0.0)
    if highest <= 0:
        return None
    step = _round_step(highest, 4)
    scale = Scale(0, max(highest, step), SEASON_TOP, SEASON_FLOOR)
    span = Span(days[0].day, days[-1].day)
    widest = max(10.0, *(abs(day.form) for day in days))
    form = Scale(-widest, widest, 14, FORM_FLOOR)
    form_step = _round_step(widest, 1)
    return Lines(
        fitness=_line((span.x(day.day), scale.y(day.fitness)) for day in days),
        fatigue=_line((span.x(day.day), scale.y(day.fatigue)) for day in days),
        grid=_grid(scale, step, words),
        months=_months(span, month),
        form=_line((span.x(day.day), form.y(day.form)) for day in days),
        form_grid=tuple(
            Tick(f"{form.y(value):.1f}", words(value), f"{form.y(value) - 5:.1f}") for value in (form_step, -form_step)
        ),
        zero=f"{form.y(0):.1f}",
    )


FORM_FLOOR: Final = 104.0


def _line(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points)


def _round_step(highest: float, most: int) -> float:
    """A round number that fits at least once, and at most `most` times."""
    steps = [mantissa * 10.0**power for power in range(-1, 6) for mantissa in (1, 2, 5)]
    return next((step for step in steps if highest / step <= most + 0.999), steps[-1])


def _grid(scale: Scale, step: float, words: Words) -> tuple[Tick, ...]:
    values = [number * step for number in range(1, math.floor(scale.high / step + 1e-9) + 1)]
    return tuple(Tick(f"{scale.y(v):.1f}", words(v), f"{scale.y(v) - 5:.1f}") for v in values)


def _months(span: Span, month: Words) -> tuple[Tick, ...]:
    """The first day of each month inside, as many as have room."""
    firsts = []
    day = date(span.first.year, span.first.month, 1)
    while day <= span.last:
        if day >= span.first:
            firsts.append(day)
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    every = math.ceil(len(firsts) / 6) or 1
    kept = [day for day in firsts[::-1][::every][::-1] if span.x(day) < 960]
    return tuple(Tick(span.percent(day), month(day.month)) for day in kept)


# -- predictions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RangeLine:
    """A dot in the middle, and how far the range goes to both sides of it."""

    low: str
    high: str


def range_lines(ranges: Sequence[tuple[float, float, float]]) -> list[RangeLine]:
    """(low, time, high) each, on one relative scale, so that the least certain one is the longest."""
    widest = max((max(math.log(time / low), math.log(high / time)) for low, time, high in ranges), default=0.0)
    per = 46 / max(widest, 0.02)
    return [
        RangeLine(f"{50 - math.log(time / low) * per:.1f}%", f"{50 + math.log(high / time) * per:.1f}%")
        for low, time, high in ranges
    ]
