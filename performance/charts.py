"""Geometry of the drawings: numbers in, positions out. Knows no Django, no units and no words.

Every chart is an outer SVG without viewBox, where x is in per cent and y in pixels, so that text keeps its size at any
width; its lines stand in an inner SVG, 1000 units wide and stretched to the plot, the left nine tenths. Positions are
strings with a decimal point whatever the language, because they go into attributes as they are.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

PLOT_PERCENT = 90.0  # the rest, on the right, holds the axis labels
TITLE_PX = 20.0
LABEL_PX = 25.0  # the least between two labelled lines
EARTH_M = 6_371_008.8

Column = Sequence[float | None]
Point = tuple[float, float]
Words = Callable[[float], str]

NUMBER_STEPS = tuple(mantissa * 10.0**power for power in range(-1, 6) for mantissa in (1, 2, 5))
CLOCK_STEPS = (1.0, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)


@dataclass(frozen=True)
class Tick:
    """at: "34.1" pixels down, or "17.9%" across.  text_at: where the label stands, 5 px above its line."""

    at: str
    label: str
    text_at: str = ""


@dataclass(frozen=True)
class Panel:
    """One chart of a stack that shares its x axis. line, area: path data, broken where nothing was recorded."""

    height: int
    grid: tuple[Tick, ...]
    line: str
    area: str
    floor: str
    across: tuple[Tick, ...] = ()

    @property
    def across_y(self) -> str:
        """Where the labels of the x axis stand."""
        return f"{float(self.floor) + 20:.1f}"


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` on pixels from `bottom` up to `top`; outside it is drawn at the edge."""

    low: float
    high: float
    top: float
    bottom: float
    faster_is_up: bool = False

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        if self.faster_is_up:
            share = 1 - share
        return self.bottom - share * (self.bottom - self.top)


def panel(
    values: Column,
    *,
    height: int,
    words: Words,
    clock: bool = False,
    robust: bool = False,
    faster_is_up: bool = False,
    filled: bool = False,
    least_span: float = 10.0,
) -> Panel | None:
    """Draw one series; None where it holds fewer than two values.

    words: how a grid line is labelled.  clock: values are seconds, so lines stand at whole quarters of minutes.
    robust: the range is the 2nd to the 98th percentile, and no further from the median than by half: stops would take
    all the room from the running.  filled: down to the floor.
    """
    known = sorted(value for value in values if value is not None)
    if len(known) < 2:
        return None
    low, high = known[0], known[-1]
    if robust:
        median = _percentile(known, 0.5)
        low, high = max(_percentile(known, 0.02), median / 1.5), min(_percentile(known, 0.98), median * 1.5)
    missing = max(0.0, least_span - (high - low)) / 2
    margin = 0.06 * max(high - low, least_span)
    bottom = height - 6.0
    scale = Scale(low - missing - margin, high + missing + margin, TITLE_PX + 4, bottom, faster_is_up)
    most = int((bottom - TITLE_PX) / LABEL_PX)
    lines = _ticks(scale.low, scale.high, CLOCK_STEPS if clock else NUMBER_STEPS, most)
    grid = tuple(
        Tick(f"{y:.1f}", words(value), f"{y - 5:.1f}") for value in lines if (y := scale.y(value)) > TITLE_PX + 8
    )
    segments = list(_segments(values, scale))
    return Panel(
        height=height,
        grid=grid,
        line="".join(_path(segment) for segment in segments),
        area="".join(_closed(segment, bottom) for segment in segments) if filled else "",
        floor=f"{bottom:.1f}",
    )


def with_axis(panel: Panel, ticks: tuple[Tick, ...]) -> Panel:
    """The lowest panel of a stack carries the labels of the shared x axis, and grows by their height."""
    return replace(panel, height=panel.height + 24, across=ticks)


def across(x: Sequence[float], *, words: Words, clock: bool = False, most: int = 6) -> tuple[Tick, ...]:
    """Labels along the shared x axis at round values, at most `most` of them."""
    first, last = x[0], x[-1]
    if last <= first:
        return ()
    steps = CLOCK_STEPS if clock else NUMBER_STEPS
    step = next((step for step in steps if (last - first) / step < most), steps[-1])
    numbers = range(math.floor(first / step), math.floor(last / step) + 1)
    # the first column stands a little after the point where its stretch begins
    values = [number * step for number in numbers if number * step >= first - 0.02 * (last - first)]
    return tuple(
        Tick(f"{max(0.0, (value - first) / (last - first)) * PLOT_PERCENT:.1f}%", words(value)) for value in values
    )


def _ticks(low: float, high: float, steps: Sequence[float], most: int) -> list[float]:
    """Round values within the range, not closer than their labels allow."""
    step = next((step for step in steps if (high - low) / step <= most), steps[-1])
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _percentile(known: Sequence[float], share: float) -> float:
    position = share * (len(known) - 1)
    below = math.floor(position)
    above = min(below + 1, len(known) - 1)
    return known[below] + (known[above] - known[below]) * (position - below)


def _segments(values: Column, scale: Scale) -> Iterator[list[Point]]:
    """The stretches without a gap, as points in the inner drawing."""
    per_column = 1000 / max(1, len(values) - 1)
    segment: list[Point] = []
    for number, value in enumerate(values):
        if value is not None:
            segment.append((number * per_column, scale.y(value)))
        elif segment:
            yield segment
            segment = []
    if segment:
        yield segment


def _path(points: Sequence[Point]) -> str:
    if len(points) == 1:  # a lone value between gaps is a short dash, not nothing
        x, y = points[0]
        points = [(x, y), (x + 1, y)]
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points)


def _closed(points: Sequence[Point], floor: float) -> str:
    first, last = points[0][0], points[-1][0]
    return f"M{first:.0f} {floor:.1f}L" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points) + f"L{last:.0f} {floor:.1f}Z"


# Splits


@dataclass(frozen=True)
class Bar:
    """How far from the mean, as a bar from the middle: right and blue is faster."""

    faster: bool
    x: str
    width: str


def bars(differences_s: Sequence[float], *, least_scale_s: float = 10.0) -> list[Bar]:
    """One bar a split; differences from the mean pace in seconds, below 0 is faster."""
    largest = max((abs(difference) for difference in differences_s), default=0.0)
    scale = 50 / max(largest, least_scale_s)
    drawn = []
    for difference in differences_s:
        width = abs(difference) * scale
        faster = difference < 0
        drawn.append(Bar(faster=faster, x=f"{50 if faster else 50 - width:.1f}%", width=f"{width:.1f}%"))
    return drawn


# Routes


@dataclass(frozen=True)
class Mark:
    x: str
    y: str
    text_y: str
    label: str


@dataclass(frozen=True)
class Drawing:
    """A route on its own ground, 600 units wide. columns: where each chart column is on it, for the cursor."""

    height: int
    path: str
    start: Mark | None
    marks: tuple[Mark, ...]
    columns: tuple[tuple[int, int] | None, ...]


def hide_ends(points: Sequence[Point], metres: float) -> list[Point]:
    """The part of a route between leaving a circle round its start and entering the one round its end for good.

    Empty for a route that never gets that far away, such as laps of a track. points: (latitude, longitude).
    """
    if len(points) < 2:
        return []
    away = _seen_between(points, metres)
    return list(points[away[0] : away[1]]) if away else []


def hide_end_columns(latitude: Column, longitude: Column, metres: float) -> list[Point | None]:
    """The same for chart columns: None where nothing was recorded or where it is hidden."""
    columns = [None if a is None or b is None else (a, b) for a, b in zip(latitude, longitude, strict=True)]
    known = [number for number, column in enumerate(columns) if column is not None]
    away = _seen_between([column for column in columns if column is not None], metres) if known else None
    shown = set(known[away[0] : away[1]]) if away else set()
    return [column if number in shown else None for number, column in enumerate(columns)]


def _seen_between(points: Sequence[Point], metres: float) -> tuple[int, int] | None:
    start, end = points[0], points[-1]
    first = next((number for number, point in enumerate(points) if metres_between(start, point) >= metres), None)
    last = next(
        (number for number in range(len(points) - 1, -1, -1) if metres_between(end, points[number]) >= metres), None
    )
    return (first, last + 1) if first is not None and last is not None and first < last else None


def metres_between(one: Point, other: Point) -> float:
    """Great-circle distance of two (latitude, longitude) pairs in degrees."""
    a, b = math.radians(one[0]), math.radians(other[0])
    half_lat, half_lon = (b - a) / 2, math.radians(other[1] - one[1]) / 2
    h = math.sin(half_lat) ** 2 + math.cos(a) * math.cos(b) * math.sin(half_lon) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))


def route(
    points: Sequence[Point],
    *,
    columns: Sequence[Point | None] = (),
    passed: Sequence[float] = (),
    cursor: Sequence[Point | None] | None = None,
    start_shown: bool = True,
    width: int = 600,
    most_marks: int = 10,
) -> Drawing | None:
    """Draw a route; None for somebody who stood still.

    columns: position of each chart column, passed: its distance in the reader's unit (empty: no numbers on the way).
    cursor: the positions that the cursor stands on, where the charts show only a part.
    """
    if not _moves(points):
        return None
    project, height = _projection([*points, *(column for column in columns if column is not None)], width)
    drawn = [project(point) for point in points]
    placed = tuple(None if column is None else _whole(project(column)) for column in columns)
    return Drawing(
        height=height,
        path="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn),
        start=_mark(drawn[0], "") if start_shown else None,
        marks=tuple(_marks(placed, passed, most_marks)),
        columns=placed if cursor is None else tuple(None if at is None else _whole(project(at)) for at in cursor),
    )


def _projection(points: Sequence[Point], width: int) -> tuple[Callable[[Point], Point], int]:
    """Equirectangular with cos(latitude), fitted between margins of 30; 240 to 520 units high."""
    middle = points[0][1]
    flat = [(lat, _unwrapped(lon, middle)) for lat, lon in points]
    south, north = min(lat for lat, _ in flat), max(lat for lat, _ in flat)
    west, east = min(lon for _, lon in flat), max(lon for _, lon in flat)
    squeeze = max(0.05, math.cos(math.radians((south + north) / 2)))
    wide, tall = (east - west) * squeeze, north - south
    margin = 30.0
    height = min(520, max(240, round((width - 2 * margin) * tall / wide + 2 * margin if wide > 0 else 520)))
    scale = min((width - 2 * margin) / wide if wide else math.inf, (height - 2 * margin) / tall if tall else math.inf)
    left = (width - wide * scale) / 2
    top = (height - tall * scale) / 2

    def project(point: Point) -> Point:
        lat, lon = point
        return left + (_unwrapped(lon, middle) - west) * squeeze * scale, top + (north - lat) * scale

    return project, height


def _moves(points: Sequence[Point]) -> bool:
    """Whether any point is more than about a metre from the first."""
    return any(metres_between(points[0], point) > 1 for point in points[1:])


def _unwrapped(lon: float, middle: float) -> float:
    """Across the date line a route goes on; it does not jump round the world."""
    return middle + (lon - middle + 180) % 360 - 180


def _marks(placed: Sequence[tuple[int, int] | None], passed: Sequence[float], most: int) -> Iterator[Mark]:
    if not passed:
        return
    every = next((step for step in (1, 2, 5, 10, 20, 50, 100, 200) if passed[-1] / step <= most), 500)
    for number in range(every, math.floor(passed[-1]) + 1, every):
        column = min(bisect_right(passed, number), len(passed) - 1)
        if (at := placed[column]) is not None:
            yield _mark(at, f"{number}")


def _mark(at: Point, label: str) -> Mark:
    return Mark(x=f"{at[0]:.0f}", y=f"{at[1]:.0f}", text_y=f"{at[1] + 6:.0f}", label=label)


def _whole(at: Point) -> tuple[int, int]:
    return round(at[0]), round(at[1])
