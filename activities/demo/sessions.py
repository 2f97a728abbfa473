"""What a planned outing consists of: legs at a speed, with stops between them, on a course."""

from dataclasses import dataclass, replace

import numpy as np

from activities.demo import runner
from activities.demo.places import Course, course
from activities.demo.season import Outing

# Loops from her door; anything longer or in between is run there and back along the bank.
LOOPS = {
    "lode": 6100.0,
    "fen": 8300.0,
    "mill": 10_400.0,
    "bridges": 13_300.0,
    "reservoir": 16_500.0,
    "railway": 19_200.0,
}

# How long a kilometre takes, against one of a 10 km race.
PACE = {
    "easy": 1.27,
    "recovery": 1.36,
    "long": 1.25,
    "tempo": 1.06,
    "treadmill": 1.24,
    "warm_up": 1.32,
    "cool_down": 1.36,
    "marathon": 1.12,
}

RIDING_BPM = 116.0  # a wheel rolls where feet do not: speed says little about effort


@dataclass(frozen=True)
class Leg:
    """seconds: whole ones.  metres: 0 is standing still.  lap: she presses the button at its end.

    harder: beats above what the speed alone asks for.  paused: the watch pauses itself, and writes nothing.
    """

    seconds: int
    metres: float
    lap: bool = False
    harder: float = 0.0
    paused: bool = False
    wavering: float = 0.025


@dataclass(frozen=True)
class Session:
    """measures: the recorded distance against the true one.  title: the plan's, or where that is silent its own.

    every_s: seconds between samples where the usual number would cut the corners.
    """

    legs: tuple[Leg, ...]
    course: Course
    measures: float
    title: str
    has_positions: bool = True
    every_s: int | None = None


def session(outing: Outing, random: np.random.Generator) -> Session:
    match outing.kind:
        case "race":
            return _race(outing, random)
        case "track_race":
            return _track_race(outing, random)
        case "intervals":
            return _intervals(outing, random)
        case "tempo":
            return _tempo(outing, random)
        case "ride" | "walk" | "hike":
            return _other_sport(outing, random)
    return _run(outing, random)


def _run(outing: Outing, random: np.random.Generator) -> Session:
    pace = PACE[outing.kind] * random.normal(1.0, 0.02)
    if outing.event is not None:
        way = course(outing.event.name + " jog", 2 * outing.distance_m, "out_and_back", away_m=outing.event.away_m)
        metres = outing.distance_m
    else:
        way, metres = _from_the_door(outing.distance_m)
    legs = [_leg(outing, metres, pace)]
    if outing.kind not in {"treadmill", "warm_up", "cool_down"}:
        legs = _with_stops(legs, random, chance=0.6 if outing.kind == "long" else 0.45)
    return Session(tuple(legs), way, _measures(random), outing.title, has_positions=outing.kind != "treadmill")


def _race(outing: Outing, random: np.random.Generator) -> Session:
    """Watch on just before the line, off a few seconds after it; the harder end, no stops."""
    event = outing.event
    assert event is not None and outing.chip_s is not None
    shares = np.array([0.06, 0.34, 0.30, 0.24, 0.06])
    bend = random.normal(0.0, 0.008)
    slowness = np.array([0.975, 1.0 - bend, 1.0, 1.0 + bend, 0.965])
    seconds = shares * slowness
    seconds *= outing.chip_s / seconds.sum()
    ends = np.round(np.cumsum(seconds)).astype(int)
    harder = (0.0, 0.5, 1.0, 2.0, 4.0)
    rough = 152 * (1 - 1 / event.slower)
    legs = [
        Leg(int(length), float(share * event.distance_m), harder=rough + beats, wavering=0.015)
        for length, share, beats in zip(np.diff(ends, prepend=0), shares, harder, strict=True)
    ]
    before, after = int(random.integers(0, 4)), int(random.integers(1, 6))
    if before:
        legs.insert(0, Leg(before, 0.5 * before))
    legs.append(Leg(after, 1.2 * after))
    measures = event.measures + random.normal(0, 0.0025)
    way = course(event.name, event.distance_m, event.shape, away_m=event.away_m, hilliness=event.hilliness)
    return Session(tuple(legs), way, measures, outing.title, every_s=4 if event.distance_m <= 5000 else None)


def _track_race(outing: Outing, random: np.random.Generator) -> Session:
    """One file for the evening: jog, strides, waiting, three and three quarter laps, jog."""
    event = outing.event
    assert event is not None and outing.chip_s is not None
    slow, quick = PACE["warm_up"], 0.93
    legs = [_leg(outing, float(random.integers(2200, 2800)), slow), Leg(90, 0)]
    for _ in range(4):
        legs += [_leg(outing, 80, quick), Leg(45, 55)]
    legs.append(Leg(max(60, 27 * 60 - sum(leg.seconds for leg in legs)), 0))
    third, rest = round(outing.chip_s / 3), outing.chip_s - 2 * round(outing.chip_s / 3)
    thirds = ((third - 2, 2.0), (third + 3, 6.0), (rest - 1, 9.0))
    legs += [Leg(length, event.distance_m / 3, harder=beats, wavering=0.012) for length, beats in thirds]
    legs += [Leg(240, 60), _leg(outing, float(random.integers(1400, 2000)), PACE["cool_down"])]
    way = course(event.name, 400.0, "track", away_m=event.away_m)
    title = "Track" if outing.title.endswith("Run") else outing.title
    return Session(tuple(legs), way, event.measures, title, every_s=2)


def _intervals(outing: Outing, random: np.random.Generator) -> Session:
    number, metres, jog_s, quickness = (
        (6, 800, 90, 0.965),
        (12, 400, 60, 0.93),
        (5, 1000, 120, 0.975),
        (4, 1200, 120, 0.98),
        (8, 600, 75, 0.95),
        (3, 1600, 180, 1.0),
    )[int(random.integers(6))]
    legs = [_leg(outing, float(random.integers(2000, 2900)), PACE["warm_up"], lap=True), Leg(40, 0, paused=True)]
    for n in range(number):
        legs.append(_leg(outing, metres, quickness * random.normal(1, 0.008), lap=True, harder=1.0 + 5.0 * n / number))
        legs.append(Leg(jog_s, jog_s * 2.1, lap=True, harder=14.0))
    legs.append(_leg(outing, float(random.integers(1400, 2200)), PACE["cool_down"], lap=True))
    title = f"{number} x {metres} m, {jog_s} s jog" if outing.title == "" else outing.title
    if random.random() < 0.5:
        return Session(tuple(legs), course("club track", 400.0, "track", away_m=3500), 1.004, title, every_s=4)
    way, _ = _from_the_door(sum(leg.metres for leg in legs), exact=True)
    return Session(tuple(legs), way, _measures(random), title)


def _tempo(outing: Outing, random: np.random.Generator) -> Session:
    pace = PACE["marathon" if "arathon" in outing.title else "tempo"] * random.normal(1, 0.01)
    quick_m = outing.distance_m - 4000
    legs = (
        _leg(outing, 2200, PACE["warm_up"], lap=True),
        _leg(outing, quick_m, pace, lap=True, harder=3.0),
        _leg(outing, 1800, PACE["cool_down"], lap=True),
    )
    way, _ = _from_the_door(outing.distance_m, exact=True)
    return Session(legs, way, _measures(random), outing.title)


def _other_sport(outing: Outing, random: np.random.Generator) -> Session:
    speed_mps, hilliness, stop_chance = {"ride": (6.3, 1.0, 0.9), "walk": (1.45, 1.0, 0.5), "hike": (1.3, 9.0, 0.95)}[
        outing.kind
    ]
    metres = outing.distance_m
    easier = RIDING_BPM - runner.heart_rate_bpm(speed_mps, outing.ten_km_s) if outing.kind == "ride" else 12.0
    leg = Leg(round(metres / (speed_mps * random.normal(1, 0.03))), metres, harder=easier, wavering=0.06)
    legs = _with_stops([leg], random, chance=stop_chance, stops=3)
    length_m = round(metres, -3)
    way = course(f"{outing.kind} {length_m:.0f}", length_m, hilliness=hilliness)
    return Session(tuple(legs), way, 1.0, outing.title)


def _leg(outing: Outing, metres: float, pace: float, *, lap: bool = False, harder: float = 0.0) -> Leg:
    return Leg(round(metres * pace * outing.ten_km_s / 10_000), float(metres), lap=lap, harder=harder)


def _with_stops(legs: list[Leg], random: np.random.Generator, *, chance: float, stops: int = 2) -> list[Leg]:
    """A road to cross, a gate, a friend: the leg in pieces with standing still between them."""
    if random.random() > chance:
        return legs
    (leg,) = legs
    cuts = np.sort(random.uniform(0.1, 0.9, int(random.integers(1, stops + 1))))
    paused = bool(random.random() < 0.5)
    pieces: list[Leg] = []
    for share in np.diff(cuts, prepend=0.0, append=1.0):
        if pieces:
            pieces.append(Leg(int(random.integers(15, 100)), 0.0, paused=paused))
        pieces.append(replace(leg, seconds=max(1, round(leg.seconds * share)), metres=leg.metres * share))
    return pieces


def _from_the_door(wanted_m: float, *, exact: bool = False) -> tuple[Course, float]:
    name, length_m = min(LOOPS.items(), key=lambda loop: abs(loop[1] - wanted_m))
    if not exact and abs(length_m - wanted_m) < 0.09 * wanted_m:
        return course(name, length_m), length_m
    length_m = max(1000.0, float(round(wanted_m, -2)))
    return course("bank", length_m, "out_and_back"), length_m


def _measures(random: np.random.Generator) -> float:
    return float(random.normal(1.005, 0.003))
