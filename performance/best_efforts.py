"""The fastest time over each distance inside a stream: by the clock, so pauses count.

Between samples the runner is taken to move evenly. The time of a window of fixed length is then piecewise linear in
where it starts, so a fastest one starts or ends at a sample: both families are looked at, each in one vectorised pass,
and the answer is exact. A runner who stands still is at one distance for many seconds; a window starts when she leaves
and ends when she arrives.

Before that the stream is cleaned of what nobody ran. A stretch that is faster than the fastest ever run, with a little
room, is excluded: for seconds it is a GPS spike, whose distance is taken out (what remains can only be slower); for
longer it is a vehicle, and the stream is cut there, so that no effort reaches into it. What was excluded is told with
its reason. A jump after standing still is a receiver that found itself again: where it could have been run, it was.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Reason = Literal["gps_spike", "too_fast", "distance_reset"]

DISTANCES: tuple[float, ...] = (
    400.0,
    800.0,
    804.672,
    1000.0,
    1500.0,
    1609.344,
    3000.0,
    3218.688,
    5000.0,
    10_000.0,
    15_000.0,
    16_093.44,
    20_000.0,
    21_097.5,
    25_000.0,
    30_000.0,
    42_195.0,
    50_000.0,
)

# About the fastest ever run by anybody, metres and seconds, from a flying start up to 100 m; 30 and 60 m leave room for
# clocks that count whole seconds. Between them the time is interpolated, beyond 100 km the speed stays.
FASTEST_RUN = np.array(
    (
        (0, 0),
        (30, 1.6),
        (60, 4.0),
        (100, 9.0),
        (200, 19.2),
        (400, 43.0),
        (800, 100.9),
        (1500, 206.0),
        (3000, 437.5),
        (5000, 755.4),
        (10_000, 1571),
        (21_097.5, 3420),
        (42_195, 7235),
        (50_000, 9523),
        (100_000, 21_935),
        (10_000_000, 2_193_500),
    )
)
MEASURED_LONG = 1.03  # a course may measure this much more than it is
RUN_M = FASTEST_RUN[:, 0].copy()
LEAST_S = FASTEST_RUN[:, 1] / MEASURED_LONG

SHORTEST_VEHICLE_S = 15.0
SAME_RIDE_S = 180.0
STILL_RIDING_MPS = 6.0
STANDING_M = 1.0
RESET_M = 100.0
MOST_RESETS = 50
ROUNDING_M = 1e-6
STRIDE = 16  # samples between the windows of the first, coarse look
WITHIN = np.arange(1, STRIDE + 1)
MOST_WINDOWS = 1_000_000  # looked at in one pass; bounds the memory
SAME_S = 1e-9  # of efforts that differ by less the first is taken


def fastest_possible_s(distance_m: float) -> float:
    """No person covers it in less."""
    return float(_least_s(np.array([distance_m]))[0])


def _least_s(distance_m: Column) -> Column:
    seconds: Column = np.interp(distance_m, RUN_M, LEAST_S)
    return seconds


# Windows looked at in cleaning, each twice the one before, and the least seconds they take.
DOUBLING = tuple((30.0 * 2**n, fastest_possible_s(30.0 * 2**n)) for n in range(13))


@dataclass(frozen=True)
class Effort:
    """start_s, end_s: seconds since the stream's own zero.  start_m: where on the recorded distance it begins."""

    distance_m: float
    time_s: float
    start_s: float
    end_s: float
    start_m: float


@dataclass(frozen=True)
class Excluded:
    start_s: float
    end_s: float
    reason: Reason


@dataclass(frozen=True, eq=False)
class Section:
    """A stretch to be trusted: three columns of equal length, each never decreasing; distance_m begins at 0."""

    time_s: Column
    distance_m: Column
    recorded_m: Column


@dataclass(frozen=True, eq=False)
class Cleaned:
    sections: tuple[Section, ...]
    excluded: tuple[Excluded, ...]


def best_efforts(
    time_s: npt.ArrayLike, distance_m: npt.ArrayLike, distances_m: Sequence[float] = DISTANCES
) -> list[Effort]:
    """The fastest stretch over each distance the stream is long enough for, in the order of distances_m.

    time_s, distance_m: two columns of equal length; time never decreasing, ties allowed; distance cumulative, NaN where
    it was not recorded. Raises ValueError where the columns are not that. Near-linear in their length.
    """
    return efforts_within(clean(time_s, distance_m), distances_m)


def efforts_within(cleaned: Cleaned, distances_m: Sequence[float] = DISTANCES) -> list[Effort]:
    best: dict[float, Effort] = {}
    for section in cleaned.sections:
        for effort in _section_efforts(section, distances_m):
            known = best.get(effort.distance_m)
            if known is None or effort.time_s < known.time_s:
                best[effort.distance_m] = effort
    return [best[distance_m] for distance_m in distances_m if distance_m in best]


def _section_efforts(section: Section, distances_m: Sequence[float]) -> Iterator[Effort]:
    longest_m = section.distance_m[-1] + ROUNDING_M
    fitting = [distance_m for distance_m in distances_m if 0 < distance_m <= longest_m]
    at_once = max(1, MOST_WINDOWS // len(section.time_s))
    for begin in range(0, len(fitting), at_once):
        lengths = fitting[begin : begin + at_once]
        times, starts, places = _fastest_windows(section.time_s, section.distance_m, np.array(lengths))
        recorded = np.interp(places, section.distance_m, section.recorded_m)
        possible = times >= _least_s(np.array(lengths))
        found = zip(lengths, times.tolist(), starts.tolist(), recorded.tolist(), possible.tolist(), strict=True)
        for length, time_s, start_s, start_m, is_possible in found:
            if is_possible:
                yield Effort(length, time_s, start_s, start_s + time_s, start_m)


def _fastest_windows(time: Column, distance: Column, lengths: Column) -> tuple[Column, Column, Column]:
    """For each length the least seconds, and the second and the metre its window starts at.

    Two passes over all lengths at once, coarse and fine. Between two windows, of which the second took s seconds and
    ended e seconds after the first, none can take less than s - e: where that is no better than what is known, nothing
    is looked at. A short stream costs little but the calls themselves, so there are few of them.
    """
    marks = np.arange(0, len(time) - 1 + STRIDE, STRIDE)
    marks[-1] = len(time) - 1
    at_marks = time[marks]
    places = distance[marks] - lengths[:, np.newaxis]
    seconds = _ended(at_marks, places, time, distance)
    least = seconds.min(axis=1) + SAME_S
    rows, blocks = (seconds[:, 1:] - (at_marks[1:] - at_marks[:-1]) <= least[:, np.newaxis]).nonzero()

    ends = np.minimum(marks[blocks][:, np.newaxis] + WITHIN, len(time) - 1)
    left_m = distance[ends] - lengths[rows][:, np.newaxis]
    ended_s = time[ends]
    seconds = _ended(ended_s, left_m, time, distance)
    numbers = np.arange(len(lengths))
    least = np.minimum.reduceat(seconds.min(axis=1), rows.searchsorted(numbers)) + SAME_S
    near = (seconds - ended_s + time[ends - 1] <= least[rows][:, np.newaxis]).nonzero()
    rows, ends, left_m, seconds = rows[near[0]], ends[near], left_m[near], seconds[near]

    earliest = distance.searchsorted(distance[ends - 1] - lengths[rows], side="right")
    begun_rows, begins = _expanded(rows, earliest, distance.searchsorted(left_m, side="right"))
    begun_s, begun_m = time[begins], distance[begins]
    begun = _arrived(time, distance, begun_m + lengths[begun_rows]) - begun_s
    starts = np.concatenate((time[ends] - seconds, begun_s))
    rows, left_m = np.concatenate((rows, begun_rows)), np.concatenate((left_m, begun_m))
    seconds = np.concatenate((seconds, begun))

    np.minimum.at(least, rows, seconds + SAME_S)
    same = (seconds <= least[rows]).nonzero()[0]
    same = same[np.lexsort((starts[same], rows[same]))]
    chosen = same[rows[same].searchsorted(numbers)]
    return seconds[chosen], starts[chosen], np.maximum(left_m[chosen], distance[0])


def _ended(ends: Column, places: Column, time: Column, distance: Column) -> Column:
    """Seconds of windows from these places to these times; endless where the stream begins after the place."""
    seconds = ends - _left(time, distance, places)
    seconds[places < -ROUNDING_M] = np.inf
    return seconds


def _left(time: Column, distance: Column, places: Column) -> Column:
    """When she left each place. np.interp answers with the last of equal distances: the end of a pause."""
    left: Column = np.interp(np.maximum(places, distance[0]), distance, time)
    return left


def _arrived(time: Column, distance: Column, places: Column) -> Column:
    """When she arrived there: the same, looked at from behind."""
    return -_left(_reversed(time), _reversed(distance), -places)


def _reversed(column: Column) -> Column:
    """The same stream run backwards, in which windows that started at a sample end at one."""
    return np.negative(column[::-1])


def _expanded(rows: Indices, begins: Indices, ends: Indices) -> tuple[Indices, Indices]:
    """Every index of each half-open range, and beside it the range's row."""
    lengths = ends - begins
    passed = lengths.cumsum()
    indices = np.arange(passed[-1] if len(passed) else 0) + (ends - passed).repeat(lengths)
    return rows.repeat(lengths), indices


# Cleaning


def clean(time_s: npt.ArrayLike, distance_m: npt.ArrayLike) -> Cleaned:
    """Cut a stream into the stretches to be trusted; see best_efforts for its columns."""
    time, distance = np.asarray(time_s, dtype=np.float64), np.asarray(distance_m, dtype=np.float64)
    if time.ndim != 1 or time.shape != distance.shape:
        raise ValueError("time and distance must be two columns of equal length")
    there = np.isfinite(time + distance)
    if not there.all():
        time, distance = time[there], distance[there]
    if len(time) < 2:
        return Cleaned(sections=(), excluded=())
    if (time[1:] < time[:-1]).any():
        raise ValueError("time must never decrease")
    resets = (distance[1:] - distance[:-1] < -RESET_M).nonzero()[0] + 1
    if len(resets) > MOST_RESETS:
        return Cleaned(sections=(), excluded=(Excluded(float(time[0]), float(time[-1]), "distance_reset"),))
    sections: list[Section] = []
    excluded = [Excluded(float(time[at - 1]), float(time[at]), "distance_reset") for at in resets]
    for begin, end in itertools.pairwise((0, *resets.tolist(), len(time))):
        if end - begin < 2:
            continue
        part = _clean_part(*_without_stalls(time[begin:end], np.maximum.accumulate(distance[begin:end])))
        sections += part.sections
        excluded += part.excluded
    return Cleaned(sections=tuple(sections), excluded=tuple(sorted(excluded, key=lambda stretch: stretch.start_s)))


def _without_stalls(time: Column, distance: Column) -> tuple[Column, Column]:
    """Drop the samples of a receiver that stood still and then jumped to the runner, if she could be there by then."""
    gained = distance[1:] - distance[:-1]
    jumps = (gained >= DOUBLING[0][0]).nonzero()[0]
    if len(jumps) == 0:
        return time, distance
    jumps = jumps[~_runnable(gained[jumps], time[jumps + 1] - time[jumps])]
    stopped = np.searchsorted(distance, distance[jumps] - STANDING_M)
    runnable = _runnable(distance[jumps + 1] - distance[stopped], time[jumps + 1] - time[stopped])
    if not runnable.any():
        return time, distance
    stalled = _covered(len(time), stopped[runnable] + 1, jumps[runnable] + 1)
    return time[~stalled], distance[~stalled]


def _runnable(gained: Column, took: Column) -> Flags:
    return took >= _least_s(gained)


def _clean_part(time: Column, recorded: Column) -> Cleaned:
    impossible = _impossible(time, recorded)
    if not impossible.any():
        return Cleaned(sections=(Section(time, recorded - recorded[0], recorded),), excluded=())
    rides, spikes = _rides_and_spikes(time, recorded, impossible)
    gained = np.where(impossible, 0.0, recorded[1:] - recorded[:-1])
    sections = []
    for start, end in _runs(~_covered(len(gained), rides[:, 0], rides[:, 1])):
        distance = np.concatenate(([0.0], np.cumsum(gained[start:end])))
        sections.append(Section(time[start : end + 1], distance, recorded[start : end + 1]))
    excluded = [Excluded(float(time[start]), float(time[end]), "too_fast") for start, end in rides]
    excluded += [Excluded(float(time[start]), float(time[end]), "gps_spike") for start, end in spikes]
    return Cleaned(sections=tuple(sections), excluded=tuple(excluded))


def _impossible(time: Column, recorded: Column) -> Flags:
    """Which of the steps between samples lie in a window that nobody runs so fast; shortest windows first.

    No window is faster than the fastest step, and none twice as long faster than the fastest of the shorter ones: so
    most lengths need no look at all.
    """
    gained, took = recorded[1:] - recorded[:-1], time[1:] - time[:-1]
    impossible = np.zeros(len(gained), dtype=np.bool_)
    distance, fastest_mps = recorded, _fastest_step(gained, took)
    for window_m, least_s in DOUBLING:
        if window_m > distance[-1] - distance[0]:
            break
        if fastest_mps <= window_m / least_s:
            continue
        found, seconds = _too_fast(time, distance, window_m, least_s)
        backwards, seconds_back = _too_fast(_reversed(time), _reversed(distance), window_m, least_s)
        found |= backwards[::-1]
        fastest_mps = window_m / max(seconds, seconds_back, least_s)
        if found.any():
            impossible |= _trimmed(found, gained > took * (window_m / least_s))
            gained = np.where(impossible, 0.0, gained)
            distance = np.concatenate(([0.0], np.cumsum(gained)))
            fastest_mps = min(fastest_mps, _fastest_step(gained, took))
    return impossible


def _fastest_step(gained: Column, took: Column) -> float:
    if not took.min(initial=1.0) > 0:
        moved = gained > 0
        gained, took = gained[moved], took[moved]
        if not (took > 0).all():
            return np.inf
    with np.errstate(over="ignore"):
        return float((gained / took).max(initial=0.0))


def _too_fast(time: Column, distance: Column, window_m: float, least_s: float) -> tuple[Flags, float]:
    """The steps in windows of this length that end at a sample and took less than least_s; the least that any took."""
    first = int(np.searchsorted(distance, distance[0] + window_m - ROUNDING_M))
    seconds = time[first:] - _left(time, distance, distance[first:] - window_m)
    ends = (seconds < least_s).nonzero()[0] + first
    starts = np.searchsorted(distance, distance[ends] - window_m, side="right") - 1
    return _covered(len(time) - 1, np.maximum(starts, 0), ends), float(seconds.min(initial=np.inf))


def _trimmed(found: Flags, quick: Flags) -> Flags:
    """Each stretch from its first quick step to its last: a window over a jump begins and ends with honest metres."""
    runs, at = _runs(found), quick.nonzero()[0]
    starts, ends = at[np.searchsorted(at, runs[:, 0])], at[np.searchsorted(at, runs[:, 1]) - 1] + 1
    return _covered(len(found), starts, ends)


def _rides_and_spikes(time: Column, recorded: Column, impossible: Flags) -> tuple[Indices, Indices]:
    """Impossible stretches, as pairs of samples: long ones with all that belongs to the same ride; the short rest."""
    stretches = _runs(impossible)
    lasting = stretches[time[stretches[:, 1]] - time[stretches[:, 0]] >= SHORTEST_VEHICLE_S]
    if not len(lasting):
        return lasting, stretches
    fast = _runs(impossible | (np.diff(recorded) > STILL_RIDING_MPS * np.diff(time)))
    rides = fast[np.unique(np.searchsorted(fast[:, 0], lasting[:, 0], side="right") - 1)]
    near = time[rides[1:, 0]] - time[rides[:-1, 1]] <= SAME_RIDE_S
    riding = _covered(len(impossible), rides[:, 0], rides[:, 1])
    riding |= _covered(len(impossible), rides[:-1, 1][near], rides[1:, 0][near])
    return _runs(riding), _runs(impossible & ~riding)


def _covered(length: int, starts: Indices, ends: Indices) -> Flags:
    """True wherever at least one of the half-open ranges lies."""
    if len(starts) == 0:
        return np.zeros(length, dtype=np.bool_)
    edges = np.zeros(length + 1, dtype=np.intp)
    np.add.at(edges, starts, 1)
    np.add.at(edges, ends, -1)
    return edges[:-1].cumsum() > 0


def _runs(flags: Flags) -> Indices:
    """The unbroken runs of true flags as half-open ranges, one a row: steps, and so also first and last sample."""
    framed = np.zeros(len(flags) + 2, dtype=np.bool_)
    framed[1:-1] = flags
    return (framed[1:] != framed[:-1]).nonzero()[0].reshape(-1, 2)
