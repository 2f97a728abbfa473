"""An athlete's runs as columns, and each run measured against the athlete's own others.

What is fast, long or unusual is only so for this athlete at this time of life, so every comparison looks 200 days to
either side of the run. Columns have one row for each run, NaN where something is not known. Cost: a table of
comparisons with the window for every block of runs, in all some hundred microseconds a run with ten years of history.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from performance.race_detection.runs import Kind, RunSummary

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

DAY_S = 86_400.0
HOUR_S = 3_600.0
WINDOW_S = 200 * DAY_S
SIMILAR_LENGTH = 0.28  # of log distance: between 3/4 and 4/3 of this run
LONGEST_M = 1_000_000.0
LONGEST_S = 14 * DAY_S
CLIMB_COSTS = 5.0  # metres of flat running that a metre climbed costs on a course that comes down again
RIEGEL = 0.06  # speed falls with distance to this power (Riegel 1981)
TEN_KM = 10_000.0
SHORTEST_COMPARED_M = 750.0
FEWEST_SIMILAR = 4
FEWEST_IN_WINDOW = 8
WARM_UP_WITHIN_S = 2.5 * HOUR_S
COOL_DOWN_WITHIN_S = 4 * HOUR_S
LONGEST_WARM_UP_S = 3 * HOUR_S
LONGEST_RACE_S = 24 * HOUR_S
WARM_UP_SHARE = 0.7
WARM_UP_M = 4_000.0
FASTER_BESIDE = 1.06
BLOCK = 128  # runs compared at once: a block's table of comparisons stays in the processor's cache
PLAUSIBLE_M = np.log([400, 800, 1_500, 5_000, 10_000, 21_097.5, 42_195, 100_000])
PLAUSIBLE_MPS = np.array([9.6, 8.2, 7.5, 6.85, 6.6, 6.3, 6.0, 4.8])  # a little above the men's world records


@dataclass(frozen=True)
class Columns:
    """The history as arrays of equal length; `start_s` counts seconds of local time from a fixed day."""

    start_s: Floats
    distance_m: Floats
    elapsed_s: Floats
    moving_s: Floats
    ascent_m: Floats
    hr_avg: Floats
    athletes: Floats
    kudos: Floats
    achievements: Floats
    records: Floats
    running: Flags
    walking: Flags

    @property
    def time_s(self) -> Floats:
        """Time in motion where it is known, else the whole time: what speed is reckoned by when looking for effort."""
        return np.where(np.isnan(self.moving_s), self.elapsed_s, self.moving_s)

    @property
    def speed_mps(self) -> Floats:
        speed: Floats = self.distance_m / self.time_s
        return speed


@dataclass(frozen=True)
class Standing:
    """Where each run stands among the athlete's own. Percentiles are 0..1, NaN without enough runs to compare with.

    pace: speed among runs of similar length, `pace_among` of them; effort: flat-equivalent speed at 10 km, and by how
    many standard deviations it stands out; load, rest: shares of the usual; longest, short_before, ...: 1 yes, 0 no.
    """

    pace: Floats
    pace_among: Floats
    effort: Floats
    effort_margin: Floats
    heart_rate: Floats
    longest: Floats
    load: Floats
    rest: Floats
    short_before: Floats
    short_after: Floats
    faster_beside: Floats
    athletes: Floats
    kudos: Floats
    achievements: Floats
    records: Floats


def columns(runs: Sequence[RunSummary]) -> Columns:
    """The runs as columns, in their order; impossible values become NaN."""
    kinds = [run.kind for run in runs]
    return Columns(
        start_s=np.array([_seconds(run) for run in runs], dtype=float),
        distance_m=_positive([run.distance_m for run in runs], LONGEST_M),
        elapsed_s=_positive([run.elapsed_s for run in runs], LONGEST_S),
        moving_s=_positive([run.moving_s for run in runs], LONGEST_S),
        ascent_m=_from_zero([run.ascent_m for run in runs]),
        hr_avg=_positive([run.hr_avg for run in runs], 250.0),
        athletes=_from_zero([run.athlete_count for run in runs]),
        kudos=_from_zero([run.kudos_count for run in runs]),
        achievements=_from_zero([run.achievement_count for run in runs]),
        records=_from_zero([run.pr_count for run in runs]),
        running=np.array([kind in (Kind.RUN, Kind.VIRTUAL) for kind in kinds], dtype=bool),
        walking=np.array([kind is Kind.WALK for kind in kinds], dtype=bool),
    )


def _seconds(run: RunSummary) -> float:
    if run.started_local is None:
        return float("nan")
    start = run.started_local
    return start.toordinal() * DAY_S + start.hour * HOUR_S + start.minute * 60 + start.second


def _column(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _positive(values: Sequence[float | None], most: float) -> Floats:
    column = _column(values)
    with np.errstate(invalid="ignore"):
        return np.where((column > 0) & (column <= most), column, np.nan)


def _from_zero(values: Sequence[float | None]) -> Floats:
    column = _column(values)
    with np.errstate(invalid="ignore"):
        return np.where((column >= 0) & (column < np.inf), column, np.nan)


def implausible(of: Columns) -> Flags:
    """Faster than any runner: a ride, or a broken recording. Such runs are compared with nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        fastest = np.interp(np.log(of.distance_m), PLAUSIBLE_M, PLAUSIBLE_MPS)
        return np.asarray(of.speed_mps > fastest, dtype=bool)


def flat_speed(of: Columns) -> Floats:
    """Speed in m/s as if run on the flat over 10 km, so that runs of any length compare."""
    ascent = np.nan_to_num(of.ascent_m, nan=0.0)
    climb = np.minimum(CLIMB_COSTS * ascent, 2 * np.nan_to_num(of.distance_m))
    speed: Floats = (of.distance_m + climb) / of.time_s * (of.distance_m / TEN_KM) ** RIEGEL
    return speed


def standing(of: Columns) -> Standing:
    """Each run against the athlete's others of the same way of moving."""
    size = len(of.start_s)
    figures = {field.name: np.full(size, np.nan) for field in dataclasses.fields(Standing)}
    for group in (of.running, of.walking):
        rows = np.flatnonzero(group & ~implausible(of) & ~np.isnan(of.distance_m))
        order = rows[np.argsort(of.start_s[rows], kind="stable")]  # runs without a date come last
        series = _Series.of(of, order)
        for name, column in (_ranks(series) | _days_around(series)).items():
            figures[name][order] = column
    return Standing(**figures)


@dataclass(frozen=True)
class _Series:
    """The columns of one group in order of time, runs without a date at the end; `dated` counts those with one."""

    dated: int
    start: Floats
    distance: Floats
    duration: Floats
    speed: Floats
    effort: Floats
    hr: Floats
    social: Mapping[str, Floats]

    @classmethod
    def of(cls, of: Columns, order: NDArray[np.intp]) -> "_Series":
        elapsed = np.where(np.isnan(of.elapsed_s), of.moving_s, of.elapsed_s)
        comparable = of.distance_m >= SHORTEST_COMPARED_M
        social = {"athletes": of.athletes, "kudos": of.kudos, "achievements": of.achievements, "records": of.records}
        return cls(
            dated=int(np.count_nonzero(~np.isnan(of.start_s[order]))),
            start=of.start_s[order],
            distance=of.distance_m[order],
            duration=np.nan_to_num(elapsed, nan=0.0)[order],
            speed=of.speed_mps[order],
            effort=np.where(comparable, flat_speed(of), np.nan)[order],
            hr=np.where(comparable, of.hr_avg, np.nan)[order],
            social={name: np.where(counts > 0, counts, np.nan)[order] for name, counts in social.items()},
        )

    def blocks(self, before_s: float, after_s: float) -> Iterator[tuple[slice, slice]]:
        """Runs of rows, each with the columns any of them may be compared with; runs without a date see everything."""
        size = len(self.start)
        for first in range(0, self.dated, BLOCK):
            last = min(first + BLOCK, self.dated)
            span = (self.start[first] - before_s, self.start[last - 1] + after_s)
            low = np.searchsorted(self.start[: self.dated], span[0], side="left")
            high = np.searchsorted(self.start[: self.dated], span[1], side="right")
            yield slice(first, last), slice(int(low), int(high))
        for first in range(self.dated, size, BLOCK):
            yield slice(first, min(first + BLOCK, size)), slice(0, size)


def _ranks(series: _Series) -> dict[str, Floats]:
    """Percentiles among the runs 200 days to either side."""
    size = len(series.start)
    names = ("pace", "pace_among", "effort", "effort_margin", "heart_rate", "longest", *series.social)
    ranks = {name: np.full(size, np.nan) for name in names}
    log_distance = np.log(series.distance)
    for rows, others in series.blocks(WINDOW_S, WINDOW_S):
        window = ~(np.abs(series.start[rows, None] - series.start[None, others]) > WINDOW_S)
        if rows.start < series.dated:
            window &= ~np.isnan(series.start[None, others])
        similar = window & (np.abs(log_distance[rows, None] - log_distance[None, others]) <= SIMILAR_LENGTH)
        ranks["pace"][rows], ranks["pace_among"][rows] = _percentile(
            series.speed, rows, others, similar, FEWEST_SIMILAR
        )
        for name, values in {"effort": series.effort, "heart_rate": series.hr, **series.social}.items():
            ranks[name][rows], _ = _percentile(values, rows, others, window, FEWEST_IN_WINDOW)
        ranks["effort_margin"][rows] = _margin(series.effort, rows, others, window)
        longer = window & (series.distance[None, others] > series.distance[rows, None])
        ranks["longest"][rows] = (window.sum(axis=1) > FEWEST_IN_WINDOW) & ~longer.any(axis=1)
    return ranks


def _percentile(values: Floats, rows: slice, others: slice, inside: Flags, fewest: int) -> tuple[Floats, Floats]:
    """For each row the share of the other values inside that lie below its own, and how many others there are.

    Ties count half, and where they are few the share is drawn in a little. NaN with fewer than `fewest` others. Every
    row is itself inside.
    """
    own, known = values[rows, None], inside & ~np.isnan(values[None, others])
    among = known.sum(axis=1) - 1.0
    below = (known & (values[None, others] < own)).sum(axis=1)
    ties = (known & (values[None, others] == own)).sum(axis=1) - 1
    enough = (among >= fewest) & ~np.isnan(values[rows])
    return np.where(enough, (below + ties / 2 + 0.5) / np.maximum(among + 1, 1), np.nan), np.maximum(among, 0)


def _margin(values: Floats, rows: slice, others: slice, inside: Flags) -> Floats:
    """How many standard deviations a value lies above the mean of those inside; NaN where they are few."""
    known = inside & ~np.isnan(values[None, others])
    filled = np.nan_to_num(values[others])
    count = known.sum(axis=1)
    mean = known @ filled / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(known @ filled**2 / np.maximum(count, 1) - mean**2, 0))
    return np.where(count > FEWEST_IN_WINDOW, (values[rows] - mean) / np.maximum(spread, 0.01 * mean + 1e-9), np.nan)


def _days_around(series: _Series) -> dict[str, Floats]:
    """What was run just before and after, and how much on the days around."""
    found = {name: np.full(len(series.start), np.nan) for name in ("short_before", "short_after", "faster_beside")}
    end = series.start + series.duration
    for rows, others in series.blocks(LONGEST_WARM_UP_S + WARM_UP_WITHIN_S, LONGEST_RACE_S + COOL_DOWN_WITHIN_S):
        if rows.start >= series.dated:
            break
        gap_before = series.start[rows, None] - end[None, others]
        gap_after = series.start[None, others] - end[rows, None]
        before = (series.start[None, others] < series.start[rows, None]) & (gap_before <= WARM_UP_WITHIN_S)
        after = (series.start[None, others] > series.start[rows, None]) & (gap_after <= COOL_DOWN_WITHIN_S)
        length, speed = series.distance[rows, None], series.speed[rows, None]
        short = (series.distance[None, others] <= WARM_UP_SHARE * length) | (series.distance[None, others] <= WARM_UP_M)
        slower = short & ~(series.speed[None, others] >= speed)
        found["short_before"][rows] = (before & slower).any(axis=1)
        found["short_after"][rows] = (after & slower).any(axis=1)
        faster = series.speed[None, others] > FASTER_BESIDE * speed
        found["faster_beside"][rows] = ((before | after) & faster).any(axis=1)
    return found | _load(series)


def _load(series: _Series) -> dict[str, Floats]:
    """Distance of the three days before and of the two days after, as shares of the usual over six weeks."""
    size, dated = len(series.start), series.dated
    nothing = {"load": np.full(size, np.nan), "rest": np.full(size, np.nan)}
    if not dated:
        return nothing
    start = series.start[:dated]
    edges = (start - start % DAY_S)[:, None] + DAY_S * np.array([-42, -3, 0, 1, 3])
    at = np.searchsorted(start, edges)
    total = np.concatenate([[0.0], np.cumsum(series.distance[:dated])])[at]
    known = (at[:, 2] - at[:, 0] >= FEWEST_IN_WINDOW) & (start[0] <= edges[:, 0])
    daily = np.where(known, total[:, 2] - total[:, 0], np.nan) / 42
    over = start[-1] >= edges[:, 4]
    nothing["load"][:dated] = (total[:, 2] - total[:, 1]) / (3 * daily)
    nothing["rest"][:dated] = np.where(over, (total[:, 4] - total[:, 3]) / (2 * daily), np.nan)
    return nothing
