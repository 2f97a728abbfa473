"""Training load: what a run costs, and what many of them leave behind. Pure.

A run's load is Banister's TRIMP, summed over the time spent at each heart rate, and scaled so that one hour at threshold
is 100 points: then a run without heart rate can be put on the same scale by its pace. Days of load become fitness (a
42-day exponential mean) and fatigue (7 days); form is yesterday's fitness less yesterday's fatigue, so it says how fresh
one stands at the start of a day.

The time at each rate is kept (`HeartTime`) rather than the sum, because a maximum learnt later changes every sum.
Nothing is estimated from an age: without a maximum there is no load by heart rate.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FITNESS_DAYS: Final = 42
FATIGUE_DAYS: Final = 7
#: threshold, as a share of the heart rate reserve; about what an hour's race is run at
THRESHOLD_OF_RESERVE: Final = 0.85
#: taken where an athlete has not said their resting heart rate; ten beats more or less move a load by a few per cent
USUAL_REST_BPM: Final = 60
#: factor and exponent of TRIMP (Morton, Fitz-Clarke & Banister, J Appl Physiol 69, 1990), men and women
BANISTER: Final[Mapping[str, tuple[float, float]]] = {"M": (0.64, 1.92), "F": (0.86, 1.67)}

SLOWEST_BPM, FASTEST_BPM = 30, 250  # what lies outside is no heart
GAP_S: Final = 30.0  # a longer step between samples is a pause, not a heart rate held
HELD_S: Final = 30.0  # a peak counts when it was held this long in all, so that a sensor's spike is nobody's maximum

#: lower ends of the five zones, as shares of the maximum (Edwards)
ZONES: Final = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class Heart:
    """rest_bpm < max_bpm.  table: whose constants, "M" or "F"; anything else means of both."""

    max_bpm: float
    rest_bpm: float = USUAL_REST_BPM
    table: str = ""

    @property
    def threshold_bpm(self) -> float:
        return self.rest_bpm + THRESHOLD_OF_RESERVE * (self.max_bpm - self.rest_bpm)


@dataclass(frozen=True)
class HeartTime:
    """Seconds at each whole heart rate, from `from_bpm` upwards."""

    from_bpm: int
    seconds: tuple[float, ...]

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "HeartTime | None":
        return cls(stored["from_bpm"], tuple(stored["seconds"])) if stored else None

    @property
    def total_s(self) -> float:
        return sum(self.seconds)

    @property
    def peak_bpm(self) -> int | None:
        """The highest rate at or above which the heart was for half a minute; None in a shorter recording."""
        above = 0.0
        for number in range(len(self.seconds) - 1, -1, -1):
            above += self.seconds[number]
            if above >= HELD_S:
                return self.from_bpm + number
        return None

    def stored(self) -> dict[str, Any]:
        """As Analysis keeps it; the peak beside it, so that a database can look for the highest."""
        return {"from_bpm": self.from_bpm, "seconds": list(self.seconds), "peak_bpm": self.peak_bpm}

    def rates(self) -> list[tuple[int, float]]:
        return [(self.from_bpm + number, seconds) for number, seconds in enumerate(self.seconds) if seconds]


def heart_time(time_s: npt.NDArray[np.float64], heart_rate_bpm: npt.NDArray[np.float32] | None) -> HeartTime | None:
    """How long the heart beat at each rate. A sample holds until the next one; pauses and missing rates count nothing.

    Two columns of equal length, time ascending. None where no rate was recorded.
    """
    if heart_rate_bpm is None or len(time_s) < 2:
        return None
    held_s = np.append(np.diff(time_s), 0.0)
    held_s[held_s > GAP_S] = 0.0
    known = ~np.isnan(heart_rate_bpm) & (heart_rate_bpm >= SLOWEST_BPM) & (heart_rate_bpm <= FASTEST_BPM)
    rates = np.rint(heart_rate_bpm[known]).astype(np.int64)
    if not len(rates) or held_s[known].sum() <= 0:
        return None
    first = int(rates.min())
    seconds = np.bincount(rates - first, weights=held_s[known])
    return HeartTime(first, tuple(round(float(value), 1) for value in seconds))


# -- one run ------------------------------------------------------------------------------------------------------------


def trimp(*, minutes: float, hr_bpm: float, heart: Heart) -> float:
    """Banister's TRIMP of so many minutes at one heart rate; nothing at or below rest, no more than the maximum.

    Source: physiology of Morton, Fitz-Clarke & Banister 1990: minutes · x · a · e^(b·x), x the share of the reserve.
    """
    x = min(max((hr_bpm - heart.rest_bpm) / (heart.max_bpm - heart.rest_bpm), 0.0), 1.0)
    constants = [BANISTER[heart.table]] if heart.table in BANISTER else list(BANISTER.values())
    return sum(minutes * x * a * math.exp(b * x) for a, b in constants) / len(constants)


def points(effort_trimp: float, heart: Heart) -> float:
    """TRIMP on the scale where an hour at threshold is 100."""
    return 100 * effort_trimp / trimp(minutes=60, hr_bpm=heart.threshold_bpm, heart=heart)


def load_by_samples(spent: HeartTime, heart: Heart) -> float:
    """Points of a run from the time at each of its heart rates."""
    return points(sum(trimp(minutes=s / 60, hr_bpm=bpm, heart=heart) for bpm, s in spent.rates()), heart)


def load_by_average(*, time_s: float, hr_bpm: float, heart: Heart) -> float:
    """The same from the average alone: a lower bound, because the curve is convex."""
    return points(trimp(minutes=time_s / 60, hr_bpm=hr_bpm, heart=heart), heart)


def load_by_pace(*, time_s: float, distance_m: float, threshold_mps: float) -> float:
    """Points from the average speed against the speed one holds for an hour: 100 · hours · ratio². Reads intervals low."""
    return 100 * time_s / 3600 * (distance_m / time_s / threshold_mps) ** 2


def zones(spent: HeartTime, max_bpm: float) -> tuple[float, ...]:
    """Seconds below the zones and in each of the five: half, six, seven, eight and nine tenths of the maximum up."""
    seconds = [0.0] * (len(ZONES) + 1)
    for bpm, s in spent.rates():
        seconds[sum(bpm >= share * max_bpm for share in ZONES)] += s
    return tuple(seconds)


def zone_ends(max_bpm: float) -> tuple[int, ...]:
    """The lowest whole rate of each zone."""
    return tuple(math.ceil(share * max_bpm) for share in ZONES)


# -- many runs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """fitness, fatigue: at the end of the day.  form: how fresh one stood at its start."""

    day: date
    load: float
    fitness: float
    fatigue: float
    form: float


def days(loads: Mapping[date, float], *, first: date, last: date) -> list[Day]:
    """Every day from first to last, rest days as 0, starting from nothing: the first six weeks are still warming up."""
    keep = math.exp(-1 / FITNESS_DAYS), math.exp(-1 / FATIGUE_DAYS)
    fitness = fatigue = 0.0
    series = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        load, form = loads.get(day, 0.0), fitness - fatigue
        fitness = fitness * keep[0] + load * (1 - keep[0])
        fatigue = fatigue * keep[1] + load * (1 - keep[1])
        series.append(Day(day, load, fitness, fatigue, form))
    return series


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weekly(amounts: Iterable[tuple[date, float]], *, last: date, weeks: int) -> list[tuple[date, float]]:
    """The sum of each of the last weeks, Monday to Sunday, by its Monday; the week of `last` is the final one."""
    mondays = [monday(last) - timedelta(weeks=number) for number in range(weeks - 1, -1, -1)]
    sums = dict.fromkeys(mondays, 0.0)
    for day, amount in amounts:
        if monday(day) in sums and day <= last:
            sums[monday(day)] += amount
    return list(sums.items())


def highest(peaks: Sequence[int]) -> int | None:
    """A maximum from the peaks of many runs: the third highest, as two sensors may have been wrong; None below five runs."""
    return sorted(peaks, reverse=True)[2] if len(peaks) >= LEAST_PEAKS else None


LEAST_PEAKS: Final = 5
