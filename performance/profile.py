"""An activity at a glance: chart columns, splits and a light route, computed once from its streams.

Pure. A page draws from these few hundred numbers and never reads samples: three charts of a marathon are 360 columns
each, whatever the watch recorded.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from activities.recorded import Streams

COLUMNS = 360
ROUTE_POINTS = 300
METRES_PER_MILE = 1609.344
STANDING_MPS = 0.5  # slower than this is standing: pace is not drawn
SMOOTHED_OVER_S = 15.0
AVERAGED_OVER_S = 30.0
LEAST_CLIMB_M = 2.0
FARTHEST_M = 5e6  # beyond it the record is wrong, not long
SPLIT_UP_TO_M = 1e6  # a table of more than a thousand rows is read by nobody

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """One kilometre or mile (the last may be shorter)."""

    number: int
    distance_m: float
    time_s: float
    hr_avg: float | None
    climb_m: float | None


@dataclass(frozen=True)
class Profile:
    """charts: equally long columns by name, at most 360, None where nothing was recorded; `axis` says what x is.

    splits: by unit, "km" and "mi".  route: [latitude, longitude] pairs, at most 300.
    ascent_m: climbing by the recorded altitude, None without one.  notes: codes for the reader.
    """

    charts: dict[str, object] = field(default_factory=dict)
    splits: dict[str, list[Split]] = field(default_factory=dict)
    route: list[list[float]] = field(default_factory=list)
    ascent_m: float | None = None
    notes: list[str] = field(default_factory=list)


def profile(streams: Streams) -> Profile:
    """Summarise streams of any length; one pass over each column."""
    if len(streams) < 2:
        return Profile(notes=["no_samples"])
    time_s = streams.time_s
    distance_m = _known_distance(streams)
    notes = [
        note
        for note, missing in (
            ("no_distance", distance_m is None),
            ("no_heart_rate", streams.n_hr == 0),
            ("no_positions", streams.n_positions == 0),
        )
        if missing
    ]
    charts = _charts(streams, time_s, distance_m)
    splits = {}
    if distance_m is not None and distance_m[-1] <= SPLIT_UP_TO_M:
        splits = {
            "km": _splits(streams, time_s, distance_m, 1000.0),
            "mi": _splits(streams, time_s, distance_m, METRES_PER_MILE),
        }
    return Profile(
        charts=charts, splits=splits, route=_route(streams), ascent_m=_ascent(streams.altitude_m, time_s), notes=notes
    )


def _known_distance(streams: Streams) -> Floats | None:
    """Cumulative distance at every sample: gaps bridged, never falling, from zero; None where there is none."""
    recorded = streams.distance_m
    if recorded is None:
        return None
    known = ~np.isnan(recorded)
    if known.sum() < 2:
        return None
    filled = np.interp(streams.time_s, streams.time_s[known], recorded[known])
    filled = np.maximum.accumulate(filled)
    return filled - filled[0] if 1.0 < filled[-1] - filled[0] <= FARTHEST_M else None


def zoomed(streams: Streams, from_m: float, to_m: float) -> dict[str, object]:
    """The chart columns of a part of the run, as fine as it was recorded; empty where there is no distance or no sample."""
    distance_m = _known_distance(streams) if len(streams) >= 2 else None
    if distance_m is None:
        return {}
    return _charts(streams, streams.time_s, distance_m, (max(from_m, 0.0), min(to_m, float(distance_m[-1]))))


def _charts(
    streams: Streams, time_s: Floats, distance_m: Floats | None, part: tuple[float, float] | None = None
) -> dict[str, object]:
    x = distance_m if distance_m is not None else time_s
    low, high = part or (float(x[0]), float(x[-1]))
    first, end = np.searchsorted(x, low, side="left"), np.searchsorted(x, high, side="right")
    if high <= low or end - first < 2:
        return {}
    count = min(COLUMNS, int(end - first))
    edges = np.linspace(low, high, count + 1)
    column = np.clip(np.searchsorted(edges, x[first:end], side="right") - 1, 0, count - 1)
    centres = (edges[:-1] + edges[1:]) / 2
    charts: dict[str, object] = {
        "axis": "distance" if distance_m is not None else "time",
        "x": [round(float(value), 1) for value in centres],
    }
    if distance_m is not None:
        charts["pace_s_per_km"] = _rounded(_pace(time_s, distance_m, centres), 1)
    for name, digits in (
        ("heart_rate_bpm", 0),
        ("altitude_m", 1),
        ("cadence_spm", 0),
        ("latitude", 5),
        ("longitude", 5),
    ):
        values = getattr(streams, name)
        values = values[first:end] if values is not None else None
        if values is not None and not np.isnan(values).all():
            charts[name] = _rounded(_column_means(np.asarray(values, dtype=np.float64), column, count), digits)
    return charts


def _pace(time_s: Floats, distance_m: Floats, centres: Floats) -> Floats:
    """Seconds per kilometre around each centre, over about 15 seconds; NaN where standing."""
    # time as a function of distance jumps at a pause; distance as a function of time does not
    at = np.interp(centres, distance_m, time_s)
    speed = (
        np.interp(at + SMOOTHED_OVER_S / 2, time_s, distance_m)
        - np.interp(at - SMOOTHED_OVER_S / 2, time_s, distance_m)
    ) / (np.minimum(at + SMOOTHED_OVER_S / 2, time_s[-1]) - np.maximum(at - SMOOTHED_OVER_S / 2, time_s[0])).clip(1e-9)
    return np.where(speed > STANDING_MPS, 1000.0 / np.maximum(speed, STANDING_MPS), np.nan)


def _column_means(values: Floats, column: npt.NDArray[np.intp], count: int) -> Floats:
    """Mean per column; an empty column between near neighbours is bridged, a real gap stays a gap."""
    known = ~np.isnan(values)
    sums = np.bincount(column[known], weights=values[known], minlength=count)
    counts = np.bincount(column[known], minlength=count)
    means = np.divide(sums, counts, out=np.full(count, np.nan), where=counts > 0)
    filled = np.flatnonzero(counts)
    if len(filled) > 1:
        gaps = np.flatnonzero(counts == 0)
        left = filled[np.clip(np.searchsorted(filled, gaps) - 1, 0, len(filled) - 1)]
        right = filled[np.clip(np.searchsorted(filled, gaps), 0, len(filled) - 1)]
        near = (right > gaps) & (left < gaps) & (right - left <= max(3, count // 60))
        means[gaps[near]] = np.interp(gaps[near], filled, means[filled])
    return means


def _splits(streams: Streams, time_s: Floats, distance_m: Floats, unit_m: float) -> list[Split]:
    total = float(distance_m[-1])
    marks = np.arange(0.0, total, unit_m)
    if total - marks[-1] < 0.02 * unit_m and len(marks) > 1:
        marks = marks[:-1]
    marks = np.append(marks, total)
    passed_s = _time_at(marks, time_s, distance_m)
    altitude = _everywhere(streams.altitude_m, time_s)
    splits = []
    for number in range(len(marks) - 1):
        inside = (time_s >= passed_s[number]) & (time_s < passed_s[number + 1])
        heart = streams.heart_rate_bpm[inside] if streams.heart_rate_bpm is not None else np.empty(0)
        heart = heart[~np.isnan(heart)]
        climb = None
        if altitude is not None:
            ends = np.interp(passed_s[number : number + 2], time_s, altitude)
            climb = round(float(ends[1] - ends[0]), 1)
        splits.append(
            Split(
                number=number + 1,
                distance_m=round(float(marks[number + 1] - marks[number]), 1),
                time_s=round(float(passed_s[number + 1] - passed_s[number]), 1),
                hr_avg=round(float(heart.mean()), 1) if len(heart) else None,
                climb_m=climb,
            )
        )
    return splits


def _time_at(marks_m: Floats, time_s: Floats, distance_m: Floats) -> Floats:
    """When each mark was first reached, by linear interpolation."""
    after = np.searchsorted(distance_m, marks_m, side="left").clip(1, len(distance_m) - 1)
    before = after - 1
    step = distance_m[after] - distance_m[before]
    share = np.divide(marks_m - distance_m[before], step, out=np.zeros_like(marks_m), where=step > 0)
    passed: Floats = time_s[before] + share.clip(0, 1) * (time_s[after] - time_s[before])
    passed[marks_m <= 0] = time_s[0]
    passed[-1] = time_s[-1]
    return passed


def _ascent(altitude_m: npt.NDArray[np.float32] | None, time_s: Floats) -> float | None:
    """Metres climbed: altitude averaged over half a minute, and only rises of two metres and more counted.

    Without both, the noise of a receiver climbs hundreds of metres on a flat course.
    """
    altitude = _everywhere(altitude_m, time_s)
    if altitude is None:
        return None
    begins = np.searchsorted(time_s, time_s - AVERAGED_OVER_S / 2, side="left")
    ends = np.searchsorted(time_s, time_s + AVERAGED_OVER_S / 2, side="right")
    sums = np.concatenate([[0.0], np.cumsum(altitude)])
    smooth = (sums[ends] - sums[begins]) / (ends - begins)
    climbed, low, high = 0.0, float(smooth[0]), float(smooth[0])
    for height in smooth.tolist():
        if height > high:
            high = height
        elif high - height >= LEAST_CLIMB_M:  # the rise before this fall is over
            climbed += high - low if high - low >= LEAST_CLIMB_M else 0.0
            low = high = height
        if height < low:
            low = high = height
    climbed += high - low if high - low >= LEAST_CLIMB_M else 0.0
    return round(climbed, 1)


def _everywhere(altitude_m: npt.NDArray[np.float32] | None, time_s: Floats) -> Floats | None:
    if altitude_m is None:
        return None
    known = ~np.isnan(altitude_m)
    if known.sum() < 2:
        return None
    return np.interp(time_s, time_s[known], np.asarray(altitude_m, dtype=np.float64)[known])


def _route(streams: Streams) -> list[list[float]]:
    """The track with at most 300 points: Douglas-Peucker, its tolerance doubled until they suffice."""
    if streams.latitude is None or streams.longitude is None:
        return []
    known = ~np.isnan(streams.latitude) & ~np.isnan(streams.longitude)
    latitude, longitude = streams.latitude[known], streams.longitude[known]
    if len(latitude) < 2:
        return []
    step = max(1, len(latitude) // 5000)
    latitude, longitude = latitude[::step], longitude[::step]
    x = np.radians(longitude) * np.cos(np.radians(latitude.mean())) * 6_371_008.8
    y = np.radians(latitude) * 6_371_008.8
    tolerance_m = 2.0
    kept = _douglas_peucker(x, y, tolerance_m)
    while kept.sum() > ROUTE_POINTS:
        tolerance_m *= 2
        kept = _douglas_peucker(x, y, tolerance_m)
    return [[round(float(a), 5), round(float(b), 5)] for a, b in zip(latitude[kept], longitude[kept], strict=True)]


def _douglas_peucker(x: Floats, y: Floats, tolerance_m: float) -> npt.NDArray[np.bool_]:
    kept = np.zeros(len(x), dtype=bool)
    kept[[0, -1]] = True
    waiting = [(0, len(x) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        dx, dy = x[last] - x[first], y[last] - y[first]
        length = float(np.hypot(dx, dy))
        between = slice(first + 1, last)
        if length > 0:
            away = np.abs(dx * (y[between] - y[first]) - dy * (x[between] - x[first])) / length
        else:
            away = np.hypot(x[between] - x[first], y[between] - y[first])
        farthest = int(away.argmax())
        if away[farthest] > tolerance_m:
            middle = first + 1 + farthest
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    return kept


def _rounded(values: Floats, digits: int) -> list[float | None]:
    return [
        None if np.isnan(value) else round(float(value), digits) if digits else round(float(value)) for value in values
    ]
