"""What a watch makes of a session: its legs walked through second by second, and of these seconds some written down."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activities.demo import runner
from activities.demo.sessions import Leg, Session

Column = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

HEART_RISES_S, HEART_FALLS_S = 38.0, 32.0
DRIFT_BPM_PER_HOUR = 3.0
AUTO_LAP_M = 1000.0


@dataclass(frozen=True, eq=False)
class Recording:
    """Columns of equal length, one row a sample; where nothing says where it was, three of them are None.

    lap_ends: the sample each lap ends with, the last sample included; pressed: by hand.  pauses: while the watch stood,
    as pairs of seconds.
    """

    time_s: npt.NDArray[np.int64]
    distance_m: Column
    latitude: Column | None
    longitude: Column | None
    altitude_m: Column | None
    heart_rate_bpm: npt.NDArray[np.int64]
    steps_per_minute: Column
    speed_mps: Column
    lap_ends: Indices
    pressed: bool
    pauses: tuple[tuple[int, int], ...]


def record(session: Session, random: np.random.Generator, *, ten_km_s: float, every_s: int) -> Recording:
    """every_s: seconds between samples, about; the session may ask for closer ones."""
    legs = session.legs
    ends = np.cumsum([leg.seconds for leg in legs])
    way = _way_m(session, ends, random)
    speed = np.diff(way, prepend=0.0)
    heart = _heart_rate(legs, ends, random, ten_km_s)
    pressed = [int(end) for leg, end in zip(legs, ends, strict=True) if leg.lap]
    recorded = way * session.measures
    laps = pressed or [int(n) for n in np.searchsorted(recorded, np.arange(AUTO_LAP_M, recorded[-1], AUTO_LAP_M))]
    pauses = tuple((int(end) - leg.seconds, int(end)) for leg, end in zip(legs, ends, strict=True) if leg.paused)
    lap_times = np.unique([*laps, int(ends[-1])])
    kept = _kept_seconds(random, int(ends[-1]), min(every_s, session.every_s or every_s), lap_times, pauses)
    steps = runner.steps_per_minute(_smooth(speed))[kept] + random.normal(0, 1.0, len(kept))
    latitude = longitude = altitude = None
    if session.has_positions:
        east, north = (part * session.measures for part in session.course.at(way[kept]))
        east, north = east + _wander(random, kept, 1.2), north + _wander(random, kept, 1.2)
        latitude, longitude = session.course.degrees(east, north)
        altitude = session.course.altitude_m(way[kept]) + _wander(random, kept, 0.4)
    return Recording(
        time_s=kept.astype(np.int64),
        distance_m=recorded[kept],
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude,
        heart_rate_bpm=np.round(heart[kept]).astype(np.int64),
        steps_per_minute=np.where(speed[kept] > 0.3, steps, 0.0),
        speed_mps=_smooth(speed)[kept] * session.measures,
        lap_ends=np.searchsorted(kept, lap_times),
        pressed=bool(pressed),
        pauses=pauses,
    )


def _way_m(session: Session, ends: Indices, random: np.random.Generator) -> Column:
    """True metres after every second from 0; within a leg she slows uphill and wavers, over it she keeps her time."""
    legs = session.legs
    leg_of = np.repeat(np.arange(len(legs)), [leg.seconds for leg in legs])
    even = np.array([leg.metres / leg.seconds for leg in legs])[leg_of]
    wavering = np.array([leg.wavering for leg in legs])[leg_of]
    seconds = np.arange(len(leg_of))
    speed = even * (1 + wavering * _wander(random, seconds, 1.0))
    if session.has_positions:
        ground = session.course.altitude_m(np.cumsum(even))
        slope = np.diff(ground, prepend=ground[0]) / np.maximum(even, 0.5)
        speed *= np.exp(-2.5 * np.clip(_smooth(slope), -0.15, 0.15))
    begun = ends - np.array([leg.seconds for leg in legs])
    covered = np.maximum(np.add.reduceat(speed, begun), 1e-9)
    speed *= (np.array([leg.metres for leg in legs]) / covered)[leg_of]
    return np.concatenate(([0.0], np.cumsum(speed)))


def _heart_rate(legs: tuple[Leg, ...], ends: Indices, random: np.random.Generator, ten_km_s: float) -> Column:
    """Beats per minute after every second: it follows each leg's effort with a delay, and drifts up with the hours."""
    day = random.normal(0.0, 1.8)
    now = random.uniform(78, 96)
    parts = [np.array([now])]
    for leg, end in zip(legs, ends, strict=True):
        aim = runner.heart_rate_bpm(leg.metres / leg.seconds, ten_km_s) + leg.harder + day
        aim += DRIFT_BPM_PER_HOUR * (end - leg.seconds / 2) / 3600
        delay_s = HEART_RISES_S if aim > now else HEART_FALLS_S
        course_bpm = aim + (now - aim) * np.exp(-np.arange(1, leg.seconds + 1) / delay_s)
        parts.append(course_bpm)
        now = float(course_bpm[-1])
    heart = np.concatenate(parts)
    return np.clip(heart + 1.2 * _wander(random, np.arange(len(heart)), 1.0), runner.RESTING_BPM, runner.HIGHEST_BPM)


def _kept_seconds(
    random: np.random.Generator, last_s: int, every_s: int, lap_times: Indices, pauses: tuple[tuple[int, int], ...]
) -> Indices:
    """Which seconds are written: about every so many, the first, the last and the ends of laps; none within a pause."""
    steps = random.integers(max(1, every_s - 1), every_s + 2, last_s // max(1, every_s - 1) + 1)
    marks = np.cumsum(steps) if every_s > 2 else np.arange(every_s, last_s, every_s)
    kept = np.unique(np.concatenate(([0], marks[marks < last_s], lap_times)))
    for begin, end in pauses:
        kept = kept[(kept <= begin) | (kept >= end)]
        kept = np.union1d(kept, (begin, end))
    return kept.astype(np.intp)


def _wander(random: np.random.Generator, seconds: Indices, size: float) -> Column:
    """Something that drifts about zero, as receivers and people do: slow waves, no jumps."""
    periods = random.uniform((47, 83, 190, 410), (83, 190, 410, 900))
    phases = random.uniform(0, 2 * np.pi, 4)
    weights = np.array((0.35, 0.5, 0.65, 0.7)) * size
    waves: Column = weights * np.sin(2 * np.pi * seconds[:, np.newaxis] / periods + phases)
    total: Column = waves.sum(axis=1)
    return total


def _smooth(column: Column) -> Column:
    """Means of five."""
    padded = np.pad(column, 2, mode="edge")
    sums = np.cumsum(np.insert(padded, 0, 0.0))
    return (sums[5:] - sums[:-5]) / 5
