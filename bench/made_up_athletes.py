"""Made-up athletes whose races are known, for showing what answers teach. Every figure is invented.

They race in ways the weights of everybody miss: events under names that no vocabulary has, some run for the company and
not for the time; and a hard weekly run of their club, as fast, early and even as a race.
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from performance.race_detection.runs import RunSummary

FIRST_DAY = datetime(2019, 1, 7)  # a Monday
PLACES = ("Ottersey", "Thornlode", "Kingsholme", "Brackwater", "Wickmarsh", "Eldersea", "Harrowmere", "Stonebeck")
EVENTS = ("Beacon", "Windmill", "Seven Bridges", "Ferry", "Orchard", "Lantern", "Abbey", "Causeway")
LENGTHS_M = (5_000.0, 10_000.0, 13_200.0, 16_093.44, 21_097.5, 8_400.0)
RACES_EVERY = 5  # weeks


def made_up_athlete(seed: int, *, years: int = 6) -> tuple[tuple[RunSummary, ...], frozenset[str]]:
    """Runs in order of time, and the ids of the races among them."""
    dice = random.Random(seed)
    ease = dice.uniform(330, 400)
    club = f"{dice.choice(PLACES)} Circuit"
    places, words, lengths = (dice.sample(of, 6) for of in (PLACES, EVENTS, LENGTHS_M))
    events = [(f"{place} {word}", length) for place, word, length in zip(places, words, lengths, strict=True)]
    runs: list[RunSummary] = []
    races: set[str] = set()
    for week in range(52 * years):
        monday = FIRST_DAY + timedelta(weeks=week)
        for day in (1, 3):
            title = dice.choice(("Evening Run", "Evening Run", "Along the river", "With Kim"))
            usual = _run(dice, monday + timedelta(days=day, hours=18), distance_m=dice.uniform(6e3, 13e3), pace=ease)
            runs.append(replace(usual, id=f"{week}-{day}", name=title))
        if week % 3 == 1:
            hard = ease * dice.uniform(0.82, 0.87)
            circuit = _even(
                _run(dice, monday + timedelta(days=5, hours=9), distance_m=dice.gauss(10_060, 60), pace=hard)
            )
            runs.append(replace(circuit, id=f"{week}-club", name=club))
        sunday = monday + timedelta(days=6, hours=9)
        if week % RACES_EVERY == 2:
            name, length = events[week // RACES_EVERY % len(events)]
            raced = ease * dice.choice((0.80, 0.83, 0.93, 0.97))
            race = _even(_run(dice, sunday, distance_m=length * dice.gauss(1.006, 0.004), pace=raced))
            races.add(f"{week}-race")
            runs.append(replace(race, id=f"{week}-race", name=f"{name} {sunday.year}"))
        else:
            long = _run(dice, sunday, distance_m=dice.uniform(13e3, 25e3), pace=ease * 1.03)
            runs.append(replace(long, id=f"{week}-6", name="Morning Run"))
    return tuple(runs), frozenset(races)


def _run(dice: random.Random, start: datetime, *, distance_m: float, pace: float) -> RunSummary:
    moving_s = distance_m / 1000 * pace * dice.gauss(1, 0.025)
    return RunSummary(
        id="",
        started_local=start + timedelta(minutes=dice.randrange(55), seconds=dice.randrange(1, 60)),
        sport="running",
        distance_m=distance_m,
        elapsed_s=moving_s * (1 + dice.uniform(0, 0.06)),
        moving_s=moving_s,
    )


def _even(run: RunSummary) -> RunSummary:
    """Without a stop."""
    return replace(run, elapsed_s=run.moving_s)


def f1(probability: list[float], race: list[bool]) -> float:
    """At probability 0.5."""
    said = [one >= 0.5 for one in probability]
    hits = sum(a and b for a, b in zip(said, race, strict=True))
    return 2 * hits / max(sum(said) + sum(race), 1)
