"""The charts and the route of an activity's page, from the columns that analysis stored; no samples are read.

Somebody else's route is drawn, and given as JSON, without its ends: they may be a front door.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from activities import measures
from activities.measures import Units
from activities.templatetags.measures import numerals
from performance import charts
from performance.charts import Drawing, Panel, Tick
from performance.figures import SWIM_M, Tempo, tempo_words
from performance.models import Analysis

HIDDEN_ENDS_M: Final = 200.0
TABLE_ROWS: Final = 24


@dataclass(frozen=True, kw_only=True)
class Series:
    """One measured thing along the run.

    label, conclusion: what the drawing is and what it shows, in words.  clock: values are minutes and seconds.
    pattern: how the cursor says a value, "{} /km".
    """

    code: str
    title: str
    unit: str
    label: str
    conclusion: str
    panel: Panel
    values: tuple[float | None, ...]
    pattern: str
    clock: bool = False
    decimals: int = 0

    def words(self, value: float | None) -> str:
        if value is None:
            return measures.MISSING
        return measures.format_duration(value) if self.clock else _plain(value, self.decimals)


@dataclass(frozen=True, kw_only=True)
class ChartStack:
    """Charts over one x axis, the table that says the same, and what the cursor needs."""

    series: tuple[Series, ...]
    axis_title: str
    table: tuple[tuple[str, tuple[str, ...]], ...]
    cursor: dict[str, Any]

    @property
    def heading(self) -> str:
        titles = [series.title.lower() if number else series.title for number, series in enumerate(self.series)]
        return ", ".join(titles)


def chart_stack(columns: Mapping[str, Any], *, tempo: Tempo, units: Units, route: Drawing | None) -> ChartStack | None:
    """Pace (or speed), heart rate and elevation over distance, or over time where no distance was recorded.

    columns: as Analysis stores them, or those of a part of the run.
    """
    if not columns.get("x"):
        return None
    over_time = columns["axis"] == "time"
    per_unit = 1.0 if over_time else 1000.0 if units == "km" else measures.MILE_M
    x = [metres / per_unit for metres in columns["x"]]
    x_words = measures.format_duration if over_time else _round_words
    ticks = charts.across(x, words=x_words, clock=over_time)
    if ticks and not over_time:
        ticks = (*ticks[:-1], Tick(ticks[-1].at, f"{ticks[-1].label} {units}"))
    drawn = [
        _tempo_series(columns.get("pace_s_per_km"), tempo=tempo, units=units, x=x, x_unit="" if over_time else units),
        _heart_rate_series(columns.get("heart_rate_bpm")),
        _elevation_series(columns.get("altitude_m"), units=units),
    ]
    series = [one for one in drawn if one is not None]
    if not series:
        return None
    series[-1] = replace(series[-1], panel=charts.with_axis(series[-1].panel, ticks))
    cursor = {
        "x": [round(value, 1 if over_time else 3) for value in x],
        "unit": "" if over_time else units,
        "point": numerals().point,
        "series": [
            {"values": one.values, "clock": one.clock, "decimals": one.decimals, "pattern": one.pattern}
            for one in series
        ],
        "missing": _("not recorded"),
        "route": route.columns if route is not None else [],
    }
    return ChartStack(
        series=tuple(series),
        axis_title=_("Time") if over_time else _("Distance"),
        table=tuple(_table(x, series, x_unit="" if over_time else units)),
        cursor=cursor,
    )


def _tempo_series(
    values: Sequence[float | None] | None, *, tempo: Tempo, units: Units, x: Sequence[float], x_unit: str
) -> Series | None:
    if values is None:
        return None
    clock = tempo != "speed"
    unit_m = SWIM_M if tempo == "swim" else 1000.0 if units == "km" else measures.MILE_M
    values = _smoothed(values)
    if clock:
        shown = tuple(None if value is None else round(value * unit_m / 1000, 1) for value in values)
    else:
        shown = tuple(None if not value else round(3_600_000 / value / unit_m, 1) for value in values)
    _number, per = tempo_words(300.0, tempo=tempo, units=units)
    words = measures.format_duration if clock else _round_words
    panel = charts.panel(
        shown, height=150, words=words, clock=clock, robust=True, faster_is_up=clock, least_span=20.0 if clock else 4.0
    )
    if panel is None:
        return None
    known = [(value, position) for value, position in zip(shown, x, strict=True) if value is not None]
    best, where = min(known) if clock else max(known)
    conclusion = _("Fastest %(best)s %(per)s, at %(where)s.") % {
        "best": words(best) if clock else _plain(best, 1),
        "per": per,
        "where": f"{_plain(where, 1)} {x_unit}" if x_unit else measures.format_duration(where),
    }
    return Series(
        code="pace",
        title=_("Pace") if clock else _("Speed"),
        unit=_("min%(per)s, faster is up") % {"per": per} if clock else per,
        label=_("Pace along the run") if clock else _("Speed along the way"),
        conclusion=conclusion,
        panel=panel,
        values=shown,
        pattern=f"{{}} {per}",
        clock=clock,
        decimals=0 if clock else 1,
    )


def _smoothed(values: Sequence[float | None]) -> list[float | None]:
    """Each value with its two neighbours on either side, the nearer the heavier; gaps stay gaps and lend nothing."""
    smooth: list[float | None] = []
    for number, value in enumerate(values):
        if value is None:
            smooth.append(None)
            continue
        near = [(3 - abs(step), values[number + step]) for step in range(-2, 3) if 0 <= number + step < len(values)]
        known = [(weight, other) for weight, other in near if other is not None]
        smooth.append(sum(weight * other for weight, other in known) / sum(weight for weight, _other in known))
    return smooth


def _heart_rate_series(values: Sequence[float | None] | None) -> Series | None:
    if values is None:
        return None
    panel = charts.panel(values, height=130, words=_round_words, least_span=20.0)
    if panel is None:
        return None
    known = [value for value in values if value is not None]
    conclusion = _("Between %(low)d and %(high)d beats a minute.") % {"low": min(known), "high": max(known)}
    return Series(
        code="heart",
        title=_("Heart rate"),
        unit=_("beats/min"),
        label=_("Heart rate along the run"),
        conclusion=conclusion,
        panel=panel,
        values=tuple(values),
        pattern=_("heart rate {}"),
    )


def _elevation_series(values: Sequence[float | None] | None, *, units: Units) -> Series | None:
    if values is None:
        return None
    unit = measures.climb_unit(units)
    per_unit = 1.0 if units == "km" else measures.FOOT_M
    shown = tuple(None if value is None else round(value / per_unit, 1) for value in values)
    panel = charts.panel(shown, height=104, words=_round_words, filled=True, least_span=20.0 / per_unit)
    if panel is None:
        return None
    known = [value for value in shown if value is not None]
    extent = {"low": _plain(min(known)), "high": _plain(max(known)), "unit": unit}
    return Series(
        code="climb",
        title=_("Elevation"),
        unit=unit,
        label=_("Elevation along the run"),
        conclusion=_("Between %(low)s and %(high)s %(unit)s.") % extent,
        panel=panel,
        values=shown,
        pattern=_("elevation {} %(unit)s") % {"unit": unit},
    )


def _table(x: Sequence[float], series: Sequence[Series], *, x_unit: str) -> list[tuple[str, tuple[str, ...]]]:
    every = max(1, -(-len(x) // TABLE_ROWS))
    rows = []
    for column in range(every // 2, len(x), every):
        where = f"{_plain(x[column], 2)} {x_unit}" if x_unit else measures.format_duration(x[column])
        rows.append((where, tuple(one.words(one.values[column]) for one in series)))
    return rows


def _plain(number: float, decimals: int = 0) -> str:
    """A number in the reader's numerals."""
    return measures.format_distance(number * 1000, "km", decimals=decimals, with_unit=False, numerals=numerals())


def _round_words(number: float) -> str:
    """A round value at a grid line: without decimals that say nothing."""
    return _plain(number, 0 if number == round(number) else 1)


# Route


def route_drawing(
    analysis: Analysis, *, units: Units, hides_ends: bool, part: Mapping[str, Any] | None = None
) -> Drawing | None:
    """The route on its own ground; somebody else's without its ends, which may be a front door.

    part: the columns that the charts show, where that is not the whole run.
    """
    points = shown_route([(lat, lon) for lat, lon in analysis.route], hides_ends=hides_ends)
    columns: dict[str, Any] = analysis.charts
    latitude, longitude = columns.get("latitude") or [], columns.get("longitude") or []
    placed = charts.hide_end_columns(latitude, longitude, HIDDEN_ENDS_M if hides_ends else 0.0)
    per_unit = 1000.0 if units == "km" else measures.MILE_M
    over_distance = columns.get("axis") == "distance" and bool(placed)
    passed = [metres / per_unit for metres in columns.get("x", [])] if over_distance else []
    cursor = None
    if part is not None:
        seen = [metres for metres, at in zip(columns.get("x", []), placed, strict=False) if at is not None]
        ends = (seen[0], seen[-1]) if hides_ends and seen else (-math.inf, math.inf)
        cursor = _positions(part, *ends) if seen else []
    return charts.route(points, columns=placed, passed=passed, cursor=cursor, start_shown=not hides_ends)


def _positions(part: Mapping[str, Any], first: float, last: float) -> list[charts.Point | None]:
    """The positions of a part's columns, as far as they lie between the first and the last that may be shown."""
    if not part.get("latitude") or not part.get("longitude"):
        return []
    return [
        (lat, lon) if lat is not None and lon is not None and first <= metres <= last else None
        for metres, lat, lon in zip(part["x"], part["latitude"], part["longitude"], strict=True)
    ]


def part_of(stored: Mapping[str, Any], from_m: float, to_m: float) -> dict[str, Any]:
    """A part of the stored columns: coarse, but there when the samples are gone."""
    chosen = [number for number, metres in enumerate(stored.get("x", [])) if from_m <= metres <= to_m]
    if stored.get("axis") != "distance" or len(chosen) < 2:
        return {}
    return {
        name: column[chosen[0] : chosen[-1] + 1] if isinstance(column, list) else column
        for name, column in stored.items()
    }


def shown_columns(analysis: Analysis, *, hides_ends: bool) -> dict[str, Any]:
    """The chart columns as JSON may give them."""
    columns: dict[str, Any] = dict(analysis.charts)
    if hides_ends and "latitude" in columns and "longitude" in columns:
        placed = charts.hide_end_columns(columns["latitude"], columns["longitude"], HIDDEN_ENDS_M)
        columns["latitude"] = [None if place is None else place[0] for place in placed]
        columns["longitude"] = [None if place is None else place[1] for place in placed]
    return columns


def shown_route(points: list[charts.Point], *, hides_ends: bool) -> list[charts.Point]:
    return charts.hide_ends(points, HIDDEN_ENDS_M) if hides_ends else points
