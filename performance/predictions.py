"""What a runner could run today, from the races of the last twelve months. Pure.

Three published models turn one race into a time over another distance: Riegel's power law, Daniels and Gilbert's VDOT,
and Cameron's curve. They were fitted to good and to world-class runners and disagree over long steps, so their
disagreement is part of the answer: a prediction is a time and a range. Where an athlete's own races span distances
enough, Riegel's exponent is theirs. A marathon from shorter races alone asks Vickers and Vertosick besides, who measured
2,303 recreational runners and know how much their mileage matters.

Of several races over about one distance the best stands for it. A prediction from too few races is refused, not guessed.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final

RECENT_DAYS: Final = 365
LEAST_RACES: Final = 2
SHORTEST_M, LONGEST_M = 1_500.0, 50_000.0  # where the models hold

RIEGEL_EXPONENT: Final = 1.06
#: a personal exponent outside these tells of a race that was not raced
EXPONENTS: Final = (1.02, 1.16)
#: races of one's own must span this ratio of distances for a personal exponent
SPAN: Final = 1.9
SAME_DISTANCE: Final = 0.06  # distances nearer than this share compete with each other
NOT_RACED: Final = 0.88  # a race worth less than this share of the best VDOT was no effort to go by
HALF_LIFE_DAYS: Final = 180.0

MILE_M: Final = 1609.344
HALF_MARATHON_M: Final = 21_097.5
MARATHON_M: Final = 42_195.0


# -- the models ---------------------------------------------------------------------------------------------------------


def riegel(time_s: float, distance_m: float, to_m: float, *, exponent: float = RIEGEL_EXPONENT) -> float:
    """T2 = T1 · (D2/D1)^k. Riegel, American Scientist 69 (1981) 285–290; holds from 3.5 minutes to some four hours."""
    return time_s * (to_m / distance_m) ** exponent


def exponent_between(time_s: float, distance_m: float, other_s: float, other_m: float) -> float:
    """The exponent that leads from one race to the other."""
    return math.log(other_s / time_s) / math.log(other_m / distance_m)


def oxygen_cost(speed_m_per_min: float) -> float:
    """ml/(kg·min) at that speed. Daniels & Gilbert, Oxygen Power (1979)."""
    return -4.60 + 0.182258 * speed_m_per_min + 0.000104 * speed_m_per_min**2


def speed_at_cost(cost: float) -> float:
    """The inverse: metres a minute."""
    return (-0.182258 + math.sqrt(0.182258**2 + 4 * 0.000104 * (cost + 4.60))) / (2 * 0.000104)


def sustained_share(minutes: float) -> float:
    """The share of VO2max that can be held so long. The same source."""
    return 0.8 + 0.1894393 * math.exp(-0.012778 * minutes) + 0.2989558 * math.exp(-0.1932605 * minutes)


def vdot(time_s: float, distance_m: float) -> float:
    """Daniels and Gilbert's measure of a race, comparable between distances."""
    minutes = time_s / 60
    return oxygen_cost(distance_m / minutes) / sustained_share(minutes)


def time_at_vdot(value: float, distance_m: float) -> float:
    """The time that is worth this VDOT, by bisection; VDOT falls as time grows."""
    fast, slow = distance_m / 12, distance_m / 0.5
    while slow - fast > 1e-4:
        middle = (fast + slow) / 2
        if vdot(middle, distance_m) > value:
            fast = middle
        else:
            slow = middle
    return (fast + slow) / 2


def hour_speed_mps(value: float) -> float:
    """The speed this VDOT holds for an hour: threshold."""
    return speed_at_cost(value * sustained_share(60)) / 60


def daniels(time_s: float, distance_m: float, to_m: float) -> float:
    return time_at_vdot(vdot(time_s, distance_m), to_m)


def cameron(time_s: float, distance_m: float, to_m: float) -> float:
    """T2 = T1 · D2/D1 · f(D1)/f(D2). D. Cameron (1998), fitted to the world's best from 400 m to 50 miles."""

    def f(x: float) -> float:
        return 13.49681 - 0.000030363 * x + 835.7114 / x**0.7905

    return time_s * to_m / distance_m * f(distance_m) / f(to_m)


def vickers(time_s: float, distance_m: float, *, miles_a_week: float) -> float:
    """A marathon from one race. Vickers & Vertosick, BMC Sports Sci Med Rehab 8:26 (2016)."""
    speed = MARATHON_M / (time_s * (MARATHON_M / distance_m) ** 1.07)
    return MARATHON_M / (0.16018617 + 0.83076202 * speed + 0.06423826 * miles_a_week / 10)


def vickers_of_two(time_s: float, distance_m: float, longer_s: float, longer_m: float, *, miles_a_week: float) -> float:
    """A marathon from two races, the second the longer one; the same source."""
    exponent = exponent_between(time_s, distance_m, longer_s, longer_m)
    to_marathon = 1.4510756 - 0.23797948 * exponent - 0.01410023 * miles_a_week / 10
    return riegel(longer_s, longer_m, MARATHON_M, exponent=to_marathon)


# -- a forecast ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """A race as a forecast needs it. key: the caller's name for it."""

    key: int
    day: date
    distance_m: float
    time_s: float


@dataclass(frozen=True)
class Base:
    """A race that a forecast rests on. age_days: how old it is."""

    result: Result
    vdot: float
    age_days: int


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """low_s <= time_s <= high_s.  by_model: what each model alone says, by its name.  raced: a base has this distance."""

    distance_m: float
    time_s: float
    low_s: float
    high_s: float
    by_model: Mapping[str, float]
    raced: bool


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """bases: the best race over each distance, shortest first.  exponent: the athlete's own, None where races do not tell."""

    bases: tuple[Base, ...]
    exponent: float | None
    predictions: tuple[Prediction, ...]


def recent(results: Iterable[Result], today: date) -> list[Result]:
    """Those young enough and of a distance for the models."""
    return [
        result
        for result in results
        if 0 <= (today - result.day).days <= RECENT_DAYS and SHORTEST_M <= result.distance_m <= LONGEST_M
    ]


def forecast(
    results: Iterable[Result], *, today: date, distances_m: Sequence[float], weekly_m: float | None = None
) -> Forecast | None:
    """What could be run today; None where fewer than LEAST_RACES races of the last RECENT_DAYS days are known.

    weekly_m: mean weekly distance of the last weeks, where it is known.
    """
    bases = _bases(recent(results, today), today)
    if bases is None:
        return None
    exponent = _personal_exponent(bases)
    predictions = [_prediction(to_m, bases, exponent=exponent, weekly_m=weekly_m) for to_m in distances_m]
    return Forecast(bases=bases, exponent=exponent, predictions=tuple(predictions))


def _bases(results: Sequence[Result], today: date) -> tuple[Base, ...] | None:
    """The best race over each distance, without those that were not raced. Two races over one distance are one base."""
    rated = [Base(result, vdot(result.time_s, result.distance_m), (today - result.day).days) for result in results]
    if len(rated) < LEAST_RACES:
        return None
    best = max(base.vdot for base in rated)
    chosen: list[Base] = []
    for base in sorted(rated, key=lambda base: -base.vdot):
        near = any(abs(math.log(base.result.distance_m / one.result.distance_m)) < SAME_DISTANCE for one in chosen)
        if not near and base.vdot >= NOT_RACED * best:
            chosen.append(base)
    return tuple(sorted(chosen, key=lambda base: base.result.distance_m))


def _personal_exponent(bases: Sequence[Base]) -> float | None:
    """Least squares of ln T on ln D, younger races weighing more; None where the distances are too close together."""
    if bases[-1].result.distance_m / bases[0].result.distance_m < SPAN:
        return None
    points = [(math.log(b.result.distance_m), math.log(b.result.time_s), _youth(b)) for b in bases]
    total = sum(w for _x, _y, w in points)
    mean_x = sum(w * x for x, _y, w in points) / total
    mean_y = sum(w * y for _x, y, w in points) / total
    slope = sum(w * (x - mean_x) * (y - mean_y) for x, y, w in points) / sum(
        w * (x - mean_x) ** 2 for x, _y, w in points
    )
    return slope if EXPONENTS[0] <= slope <= EXPONENTS[1] else None


def _youth(base: Base) -> float:
    return float(0.5 ** (base.age_days / HALF_LIFE_DAYS))


def _prediction(to_m: float, bases: Sequence[Base], *, exponent: float | None, weekly_m: float | None) -> Prediction:
    """Each model's answer is a mean over the bases, near and young ones weighing more; the time is the mean of the models.

    The range holds every model's answer, and grows with the step from the nearest race, with its age, and with how much
    the races disagree.
    """
    weights = [_youth(base) * 0.5 ** abs(math.log2(to_m / base.result.distance_m)) for base in bases]

    def mean(model: Callable[[float, float, float], float]) -> float:
        logs = [math.log(model(base.result.time_s, base.result.distance_m, to_m)) for base in bases]
        return math.exp(sum(w * one for w, one in zip(weights, logs, strict=True)) / sum(weights))

    by_model = {
        "riegel": mean(lambda t, d, to: riegel(t, d, to, exponent=exponent or RIEGEL_EXPONENT)),
        "vdot": mean(daniels),
        "cameron": mean(cameron),
    }
    long = _vickers(to_m, bases, weekly_m)
    if long is not None:
        by_model["vickers"] = long
    time_s = math.exp(sum(math.log(one) for one in by_model.values()) / len(by_model))
    nearest = min(bases, key=lambda base: abs(math.log(to_m / base.result.distance_m)))
    step = abs(math.log2(to_m / nearest.result.distance_m))
    half = 0.01 + 0.012 * step + 0.01 * nearest.age_days / RECENT_DAYS
    half = max(half, _disagreement(to_m, bases, weights, exponent))
    return Prediction(
        distance_m=to_m,
        time_s=time_s,
        low_s=min(time_s * math.exp(-half), *by_model.values()),
        high_s=max(time_s * math.exp(half), *by_model.values()),
        by_model=by_model,
        raced=step < SAME_DISTANCE,
    )


def _disagreement(to_m: float, bases: Sequence[Base], weights: Sequence[float], exponent: float | None) -> float:
    """How far apart the races put the runner, as a weighted standard deviation of log time."""
    logs = [
        math.log(riegel(base.result.time_s, base.result.distance_m, to_m, exponent=exponent or RIEGEL_EXPONENT))
        for base in bases
    ]
    total = sum(weights)
    mean = sum(w * one for w, one in zip(weights, logs, strict=True)) / total
    return math.sqrt(sum(w * (one - mean) ** 2 for w, one in zip(weights, logs, strict=True)) / total)


def _vickers(to_m: float, bases: Sequence[Base], weekly_m: float | None) -> float | None:
    """A marathon from shorter races by people who trained so much; None for other distances, or with one run already."""
    if weekly_m is None or to_m != MARATHON_M or bases[-1].result.distance_m > 1.2 * HALF_MARATHON_M:
        return None
    miles_a_week = weekly_m / MILE_M
    usable = [base.result for base in bases if base.result.distance_m >= 4_900]  # shortest first, as the bases are
    if not usable:
        return None
    for longer, shorter in combinations(usable[::-1], 2):
        if longer.distance_m / shorter.distance_m >= SPAN:
            return vickers_of_two(
                shorter.time_s, shorter.distance_m, longer.time_s, longer.distance_m, miles_a_week=miles_a_week
            )
    return vickers(usable[-1].time_s, usable[-1].distance_m, miles_a_week=miles_a_week)
