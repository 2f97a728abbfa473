"""A made-up runner with a known past: three years of training, and races on known days."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from performance.race_detection import RunSummary

FIRST_DAY = datetime(2021, 1, 4)  # a Monday
RACES = (5_000.0, 10_000.0, 21_097.5, 10_000.0, 5_000.0, 42_195.0)


def make_run(run_id: str = "run", **changes: object) -> RunSummary:
    """An unremarkable run: Tuesday evening, 9 km in 54 minutes with a few pauses."""
    usual = RunSummary(
        id=run_id,
        started_local=datetime(2024, 3, 12, 18, 12, 40),
        sport="running",
        distance_m=9_130.0,
        elapsed_s=3_360.0,
        moving_s=3_240.0,
        ascent_m=40.0,
        hr_avg=140.0,
        hr_max=158.0,
        name="Evening Run",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


@cache
def make_history(seed: int = 1, *, years: int = 3, named: bool = True) -> tuple[tuple[RunSummary, ...], frozenset[str]]:
    """Runs in time order and the ids of the races among them: four runs a week, a race every seventh weekend."""
    dice = random.Random(seed)
    runs: list[RunSummary] = []
    races: set[str] = set()
    for week in range(52 * years):
        monday = FIRST_DAY + timedelta(weeks=week)
        runs += [_training(dice, monday + timedelta(days=day), f"{week}-{day}") for day in (1, 3, 4)]
        sunday = monday + timedelta(days=6)
        if week % 7 == 5:
            distance_m = RACES[week // 7 % len(RACES)]
            races.add(f"{week}-race")
            runs.append(_race(dice, sunday, f"{week}-race", distance_m, named=named))
        else:
            runs.append(_long_run(dice, sunday, f"{week}-6"))
    return tuple(runs), frozenset(races)


def _training(dice: random.Random, day: datetime, run_id: str) -> RunSummary:
    distance_m = dice.uniform(5_500, 13_500)
    return _run(
        dice, day, run_id, distance_m, pace=dice.gauss(355, 14), hour=18, stopped=dice.uniform(0.0, 0.08), hr=142
    )


def _long_run(dice: random.Random, day: datetime, run_id: str) -> RunSummary:
    distance_m = dice.uniform(15_000, 28_000)
    return _run(
        dice, day, run_id, distance_m, pace=dice.gauss(370, 12), hour=10, stopped=dice.uniform(0.01, 0.1), hr=140
    )


def _race(dice: random.Random, day: datetime, run_id: str, official_m: float, *, named: bool) -> RunSummary:
    pace = 285 * (official_m / 10_000) ** 0.06
    run = _run(dice, day, run_id, official_m * dice.gauss(1.006, 0.003), pace=pace, hour=9, stopped=0.0, hr=168)
    start = day.replace(hour=10, minute=0, second=dice.randrange(5, 55))
    return replace(run, started_local=start, name="Ely Runners 10K" if named and official_m == 10_000 else run.name)


def _run(
    dice: random.Random,
    day: datetime,
    run_id: str,
    distance_m: float,
    *,
    pace: float,
    hour: int,
    stopped: float,
    hr: int,
) -> RunSummary:
    moving_s = distance_m / 1000 * pace
    return make_run(
        run_id,
        started_local=day + timedelta(hours=hour, minutes=dice.randrange(60), seconds=dice.randrange(60)),
        distance_m=distance_m,
        moving_s=moving_s,
        elapsed_s=moving_s * (1 + stopped),
        hr_avg=hr + dice.gauss(0, 4),
        name="Morning Run" if hour < 12 else "Evening Run",
    )
