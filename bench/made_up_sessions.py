"""Made-up careers with samples: races as files of their own and inside session files, and every workout like one.

Streams at one sample a second with hills, a wavering pace, a heart that follows, stops with and without samples. No run
has a title that tells anything. Every figure is invented.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from performance.race_detection.distances import HALF_MARATHON_M, MILE_M
from performance.race_detection.runs import RunSummary

FIRST_DAY = datetime(2022, 1, 3)  # a Monday
STANDING = 0.0  # as a pace
INSIDE_M = (3_000.0, 5_000.0, 5_000.0, 5_000.0, 8_000.0, 10_000.0, 10_000.0, 10 * MILE_M, HALF_MARATHON_M)
OWN_FILE_M = (5_000.0, 10_000.0, HALF_MARATHON_M)


@dataclass(frozen=True)
class Leg:
    """metres at a pace as a share of the athlete's 10 km race pace (1.3 is easy), or `seconds` of standing."""

    metres: float = 0.0
    pace: float = STANDING
    seconds: float = 0.0
    recorded: bool = True


@dataclass(frozen=True, eq=False)
class Recorded:
    """kind: what it was.  race_m, race_s: the official distance and the time from line to line, of a race.  inside:
    whether it is a part of the recording."""

    summary: RunSummary
    kind: str
    time_s: np.ndarray
    distance_m: np.ndarray
    heart_rate_bpm: np.ndarray | None
    race_m: float | None = None
    race_s: float | None = None
    inside: bool = False


def made_up_career(seed: int, *, years: int = 2) -> list[Recorded]:
    """In order of time: four or five runs a week, some sixteen races in two years, half of them inside session files."""
    athlete = _Athlete(seed)
    runs: list[Recorded] = []
    for week in range(52 * years):
        monday = FIRST_DAY + timedelta(weeks=week)
        runs.append(athlete.train(monday + timedelta(days=1, hours=18)))
        runs.append(athlete.easy(monday + timedelta(days=3, hours=athlete.dice.choice((7, 18)))))
        if week % 2:
            runs.append(athlete.train(monday + timedelta(days=5, hours=athlete.dice.choice((8, 9, 10)))))
        sunday = monday + timedelta(days=6, hours=athlete.dice.choice((9, 10)))
        if week % 13 == 5:
            runs.append(athlete.race(sunday))
        elif week % 13 in {2, 9} and athlete.dice.random() < 0.6:
            runs.append(athlete.race_inside(sunday))
        elif week % 13 == 11 and athlete.dice.random() < 0.5:
            runs.append(athlete.time_trial(sunday))
        else:
            runs.append(athlete.long(sunday))
    return [replace(run, summary=replace(run.summary, id=str(number))) for number, run in enumerate(runs)]


class _Athlete:
    """Someone's pace, heart and habits; every run is drawn from the same dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.ten_km = self.dice.uniform(245, 390)  # seconds a kilometre in a race over 10 km
        self.most_bpm = self.dice.uniform(165, 195)
        self.strap = self.dice.random() < 0.75
        self.auto_pause = self.dice.random() < 0.5

    def raced(self, metres: float) -> float:
        """Race pace over a distance as a share of that over ten kilometres, on the day."""
        return (metres / 10_000) ** 0.06 * self.dice.gauss(1.01, 0.018)

    # -- what is no race

    def easy(self, start: datetime) -> Recorded:
        legs = [
            Leg(self.dice.uniform(2_000, 5_000), self.dice.gauss(1.3, 0.03)) for _ in range(self.dice.choice((2, 3)))
        ]
        stops = [Leg(seconds=self.dice.uniform(5, 60), recorded=not self.auto_pause) for _ in legs]
        return self._run("easy", start, [leg for pair in zip(legs, stops, strict=True) for leg in pair])

    def train(self, start: datetime) -> Recorded:
        kind = self.dice.choice(
            ("tempo", "tempo_km", "intervals", "long_intervals", "progression", "hard_finish", "easy")
        )
        return self.easy(start) if kind == "easy" else getattr(self, kind)(start)

    def tempo(self, start: datetime) -> Recorded:
        """So many minutes at the threshold."""
        pace = self.dice.uniform(1.01, 1.10)
        metres = self.dice.choice((20, 25, 30, 40)) * 60_000 / (self.ten_km * pace)
        return self._session("tempo", start, [Leg(metres, pace)])

    def tempo_km(self, start: datetime) -> Recorded:
        """The same over a round distance, stopped by the watch."""
        return self._session(
            "tempo over a round distance",
            start,
            [Leg(self.dice.choice((5e3, 5e3, 8e3, 10e3)), self.dice.uniform(1.03, 1.09))],
        )

    def intervals(self, start: datetime) -> Recorded:
        metres, pace, times = self.dice.choice(((400, 0.90, 12), (800, 0.93, 8), (1_000, 0.96, 6), (1_200, 0.97, 5)))
        rest = Leg(self.dice.uniform(150, 400), 1.5)
        return self._session("intervals", start, [Leg(metres, pace * self.dice.gauss(1, 0.01)), rest] * times)

    def long_intervals(self, start: datetime) -> Recorded:
        metres, times = self.dice.choice(((2 * MILE_M, 3), (3_000, 3), (5_000, 2)))
        return self._session(
            "long intervals", start, [Leg(metres, self.dice.uniform(1.0, 1.05)), Leg(500, 1.45)] * times
        )

    def progression(self, start: datetime) -> Recorded:
        length = self.dice.uniform(9_000, 14_000)
        return self._run("progression", start, [Leg(length / 8, 1.32 - 0.27 * part / 7) for part in range(8)])

    def hard_finish(self, start: datetime) -> Recorded:
        finish = Leg(self.dice.choice((2_000, 3_000, 5_000)), self.dice.uniform(1.03, 1.10))
        return self._run("hard finish", start, [Leg(self.dice.uniform(6_000, 10_000), 1.3), finish])

    def long(self, start: datetime) -> Recorded:
        length = self.dice.uniform(16_000, 30_000)
        if self.dice.random() < 0.25:
            block = self.dice.uniform(0.3, 0.6) * length
            legs = [
                Leg((length - block) * 0.7, 1.28),
                Leg(block, self.dice.uniform(1.05, 1.14)),
                Leg((length - block) * 0.3, 1.3),
            ]
            return self._run("marathon-pace block", start, legs)
        stop = Leg(seconds=self.dice.uniform(20, 200), recorded=not self.auto_pause)
        return self._run("long", start, [Leg(length / 2, 1.3), stop, Leg(length / 2, self.dice.gauss(1.32, 0.03))])

    def time_trial(self, start: datetime) -> Recorded:
        """Alone and nearly as fast as in a race: nothing but company and a line is missing."""
        return self._session(
            "time trial", start, [Leg(5_000 * self.dice.gauss(1.001, 0.002), self.raced(5_000) * 1.025)]
        )

    # -- what is one

    def race(self, start: datetime) -> Recorded:
        official = self.dice.choice(OWN_FILE_M)
        leg = Leg(official * self.dice.gauss(1.006, 0.004), self.raced(official))
        run = self._run("race", start, [leg])
        return replace(run, race_m=official, race_s=leg.metres * leg.pace * self.ten_km / 1000)

    def race_inside(self, start: datetime) -> Recorded:
        official = self.dice.choice(INSIDE_M)
        leg = Leg(official * self.dice.gauss(1.006, 0.004), self.raced(official))
        strides = [Leg(80, 0.85), Leg(120, 1.6)] * self.dice.choice((0, 0, 3))
        before = Leg(seconds=self.dice.choice((0, 30, 90, 200)), recorded=not self.auto_pause)
        after = Leg(seconds=self.dice.choice((0, 30, 120)), recorded=not self.auto_pause)
        cool_down = Leg(self.dice.choice((0, 800, 1_500, 2_500)), 1.42)
        legs = [Leg(self.dice.uniform(1_200, 3_500), 1.36), *strides, before, leg, after, cool_down]
        run = self._run("race inside", start, legs)
        return replace(run, race_m=official, race_s=leg.metres * leg.pace * self.ten_km / 1000, inside=True)

    # -- recording

    def _session(self, kind: str, start: datetime, legs: Sequence[Leg]) -> Recorded:
        """Between a warm-up and a cool-down, now and then with a stop before."""
        stop = Leg(seconds=self.dice.choice((0, 0, 10, 40)), recorded=not self.auto_pause)
        easy = [Leg(self.dice.uniform(1_500, 3_500), 1.33), stop]
        return self._run(kind, start, [*easy, *legs, Leg(self.dice.uniform(1_000, 2_500), 1.38)])

    def _run(self, kind: str, start: datetime, legs: Sequence[Leg]) -> Recorded:
        time_s, distance_m, effort = self._track([leg for leg in legs if leg.metres or leg.seconds])
        heart = self._heart(effort) if self.strap else None
        moving_s = float(np.count_nonzero(np.diff(distance_m) > 0.5))
        summary = RunSummary(
            id="",
            started_local=start + timedelta(minutes=self.dice.randrange(55), seconds=self.dice.randrange(1, 60)),
            sport="running",
            distance_m=float(distance_m[-1]),
            elapsed_s=float(time_s[-1]),
            moving_s=moving_s,
            hr_avg=None if heart is None else float(heart.mean()),
            hr_max=None if heart is None else float(heart.max()),
            name="Morning Run" if start.hour < 12 else "Evening Run",
        )
        return Recorded(summary, kind, time_s, distance_m, heart)

    def _track(self, legs: Sequence[Leg]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Seconds, metres, and how hard each second is (the share of 10 km pace, 0 standing)."""
        speeds, efforts, skipped = [], [], []
        hills = self.dice.uniform(0.005, 0.04)
        for leg in legs:
            if leg.metres:
                mps = 1000 / (leg.pace * self.ten_km)
                seconds = max(round(leg.metres / mps), 1)
                speeds.append(np.full(seconds, leg.metres / seconds))
                efforts.append(np.full(seconds, 1 / leg.pace))
            elif leg.recorded:
                speeds.append(np.zeros(round(leg.seconds)))
                efforts.append(np.zeros(round(leg.seconds)))
            else:
                skipped.append((sum(map(len, speeds)), leg.seconds))
        speed = np.concatenate(speeds)
        wave = 1 + hills * np.sin(np.arange(len(speed)) / self.dice.uniform(40, 130) + self.dice.uniform(0, 6))
        waver = np.convolve(self.noise.normal(0, 0.12, len(speed) + 30), np.ones(30) / 30, "valid")[: len(speed)]
        run = np.maximum(speed * (wave + waver) + (speed > 0) * self.noise.normal(0, 0.15, len(speed)), 0.0)
        seconds = np.arange(len(run) + 1, dtype=float)
        for at, pause_s in skipped:
            seconds[at + 1 :] += round(pause_s)
        return seconds, np.concatenate(([0.0], np.cumsum(run))), np.concatenate(efforts)

    def _heart(self, effort: np.ndarray) -> np.ndarray:
        """It follows what is asked of it within some 40 s, and rises a little in the long run."""
        asked = np.clip(0.93 + 0.8 * (1 - 1 / np.maximum(effort, 0.5)), 0.5, 0.97) * self.most_bpm
        decay = np.exp(-np.arange(240) / 40.0)
        followed = np.convolve(np.concatenate((np.full(239, 0.5 * self.most_bpm), asked)), decay / decay.sum(), "valid")
        drift = 1 + 0.015 * np.arange(len(asked)) / 3_600
        beats = np.minimum(followed * drift + self.noise.normal(0, 1, len(asked)), self.most_bpm)
        return np.concatenate((beats[:1], beats))
