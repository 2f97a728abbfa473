"""Every piece of evidence about every run of a history, as numbers the scorecard can weigh.

A row of evidence has a strength for each run: 0 or NaN adds nothing, 1 is the whole of it; some rows hold a figure (a
percentile, a share) that the scorecard reads off a curve. What an athlete always does is no evidence: an hour, a kind
of title or an unbroken watch counts by how seldom it is among the athlete's own runs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from performance.race_detection.answers import own_names
from performance.race_detection.distances import (
    HALF_MARATHON_M,
    MARATHON_M,
    STANDARD_DISTANCES,
    USUAL_OVER,
    within_window,
)
from performance.race_detection.history import DAY_S, HOUR_S, Columns, Flags, Floats, Standing, implausible
from performance.race_detection.names import NameReading
from performance.race_detection.runs import Kind, RunSummary

BELL_SIGMA = 0.006
ROUND_WITHIN_M = 20.0
TYPED_WITHIN_M = 0.7
NO_STOP = 0.005
LONG_STOPS = 0.08
ULTRA_FROM_M = 44_000.0
TABLES_FROM_M = 30_000.0  # from here on races have tables to stop at
SHORT_BELOW_M = 1_400.0
OFTEN = 8
STILL_FAST = 0.75
SELDOM_NAMES = 0.01  # of an athlete's runs: then what a title would have told is missing, not absent
ROUGH_CLIMB = 0.025  # metres climbed a metre run, from which pace compares with no road
PARKRUN_M = (4_850.0, 5_250.0)
PARKRUN_HOURS = (8.4, 9.8)
SATURDAY = 5
RACES_WITH_OTHERS = 3
RARE_M = frozenset(standard.metres for standard in STANDARD_DISTANCES if standard.rare)
RACED_M = frozenset(standard.metres for standard in STANDARD_DISTANCES if not standard.rare)
LOOSELY = 0.06
MARATHON_FROM_M = 0.95 * MARATHON_M
TRAINED_FOR = 0.4
MAIN_M = (1_500, 1_609.344, 3_000, 5_000, 8_000, 8_046.72, 10_000, 15_000, 16_093.44, HALF_MARATHON_M, MARATHON_M)
# Share of races that start in each part of the day, by hand: mornings of weekends, evenings of working days.
SLOT_HOURS = (0, 7, 11, 15, 18, 24)
RACES_START = {True: (0.05, 0.50, 0.10, 0.06, 0.04), False: (0.02, 0.07, 0.04, 0.06, 0.06)}
SLOT_PRIOR_RUNS = 20.0


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence, a row for each run; `details` holds what its sentence needs, column by column."""

    strength: Floats
    details: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]] = field(default_factory=dict)

    def params(self, row: int) -> dict[str, Any]:
        found = {"value": float(self.strength[row])}
        return found | {name: _plain(column[row]) for name, column in self.details.items()}


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class History:
    """All that is known of one athlete's runs; every part has a row for each run, in the same order.

    answered: row: whether the athlete called it a race. events: titles of races without a run.
    """

    runs: Sequence[RunSummary]
    columns: Columns
    standing: Standing
    names: Sequence[NameReading]
    official_m: Sequence[float | None]
    answered: Mapping[int, bool] = field(default_factory=dict)
    events: Sequence[NameReading] = ()


def gather(history: History) -> dict[str, Evidence]:
    """Every row of evidence by its code."""
    return {
        **dict(_from_flags(history)),
        **dict(_from_names(history)),
        **dict(_from_distance(history)),
        **dict(_from_effort(history)),
        **dict(_from_the_clock(history)),
        **dict(_from_the_days_around(history)),
        **dict(_from_people(history)),
        **dict(_from_kind(history)),
    }


def _flags(values: Iterator[bool]) -> Floats:
    return np.array(list(values), dtype=float)


def _rarity(usual: Flags, among: Flags) -> float:
    """0 where the athlete mostly does it, 1 where hardly ever; a few imagined runs keep short histories modest."""
    share = (np.count_nonzero(usual & among) + 2) / (np.count_nonzero(among) + 8)
    return float(np.clip(1 - share / 0.6, 0, 1))


def _from_flags(history: History) -> Iterator[tuple[str, Evidence]]:
    flags = [run.race_flag for run in history.runs]
    habit = float(flags.count(True) >= 3)
    yield "flagged", Evidence(_flags(flag is True for flag in flags))
    yield "flagged_other", Evidence(_flags(flag is False for flag in flags))
    yield "flags_others", Evidence(np.array([habit * (flag is None) for flag in flags], dtype=float))


def _from_names(history: History) -> Iterator[tuple[str, Evidence]]:
    names = history.names
    events = _trusted_events(history)
    training = np.array([name.training for name in names], dtype=float)
    fits = _fitting_distance(history)
    yield "name_event", Evidence(events * (1 - training), {"word": [name.event_word for name in names]})
    yield "name_event_training", Evidence(events * training, {"word": [name.event_word for name in names]})
    bare = fits * (1 - training) * np.where(events > 0, 0.4, 1.0)
    yield "name_distance", Evidence(bare, {"word": [name.distance_word for name in names]})
    drill = training * np.where(events > 0, 0.4, 1.0)
    yield "name_training", Evidence(drill, {"word": [name.training_word for name in names]})
    year = np.array([name.year for name in names], dtype=bool)
    titled = np.array([name.known and not name.automatic for name in names], dtype=bool)
    yield "name_year", Evidence(year * (1 - training) * _rarity(year, titled))
    yield "name_time", Evidence(_stated_time(history) * (1 - training))
    yield "name_ordinal", Evidence(_flags(name.ordinal for name in names) * (1 - training))
    yield "name_medal", Evidence(_flags(name.medal for name in names))
    result = _flags(bool(name.result_word) for name in names) * (1 - training)
    yield "name_result", Evidence(result, {"word": [name.result_word for name in names]})
    yield from _naming_habits(names, events)
    strength, words = own_names(names, history.answered, history.events)
    yield "own_name", Evidence(strength, {"word": words})


def _trusted_events(history: History) -> Floats:
    """Strength of each title's event words, without those this athlete puts on ordinary runs.

    A word used more than eight times stays an event only where its runs are mostly fast ones. parkrun is weekly, and an
    event.
    """
    pace = history.standing.pace
    uses: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(history.names):
        for word in name.words if name.training < 1 else ():
            uses[word].append(row)
    worn = {word for word, rows in uses.items() if len(rows) > OFTEN and word != "parkrun" and _mostly_slow(pace[rows])}
    lengths = [_length_trust(name, run) for name, run in zip(history.names, history.runs, strict=True)]
    trusted = [0.0 if name.words and name.words <= worn else name.event for name in history.names]
    strengths: Floats = np.array(trusted, dtype=float) * np.array(lengths, dtype=float)
    return strengths


def _mostly_slow(pace: Floats) -> bool:
    known = pace[~np.isnan(pace)]
    return len(known) == 0 or bool(np.median(known) < STILL_FAST)


def _length_trust(name: NameReading, run: RunSummary) -> float:
    """Less trust in "marathon" over an odd shorter distance, where it is often being trained for."""
    if MARATHON_M not in name.distances_m or not run.distance_m or name.event >= 1:
        return 1.0
    beside = any(within_window(run.distance_m, metres) for metres in (5_000.0, 10_000.0, HALF_MARATHON_M))
    return 1.0 if beside or run.distance_m > MARATHON_FROM_M else TRAINED_FOR


def _fitting_distance(history: History) -> Floats:
    """1 where the run snaps to a distance in its title; less for one hardly raced, or a course some per cent off."""

    def fit(name: NameReading, run: RunSummary, official_m: float | None) -> float:
        if official_m in name.distances_m:
            return 1.0 if official_m in RACED_M else 0.3
        near = run.distance_m and any(abs(run.distance_m / m - 1) <= LOOSELY for m in name.distances_m if m in RACED_M)
        return 0.6 if near else 0.0

    rows = zip(history.names, history.runs, history.official_m, strict=True)
    return np.array([fit(name, run, metres) for name, run, metres in rows], dtype=float)


def _stated_time(history: History) -> Floats:
    """1 where the title states a time, 2 where it is the time this run took."""

    def stated(name: NameReading, run: RunSummary) -> float:
        if name.finish_s is None:
            return 0.0
        took = [seconds for seconds in (run.elapsed_s, run.moving_s) if seconds]
        return 2.0 if any(abs(name.finish_s - seconds) <= max(5.0, 0.01 * seconds) for seconds in took) else 1.0

    return np.array([stated(name, run) for name, run in zip(history.names, history.runs, strict=True)], dtype=float)


def _naming_habits(names: Sequence[NameReading], events: Floats) -> Iterator[tuple[str, Evidence]]:
    """How telling it is that this run bears a name of its own, or none, or the one it always bears."""
    known = [name for name in names if name.known]
    own = [name.known and not name.automatic and name.training == 0 for name in names]
    share = (sum(own) + 1) / (len(known) + 2)
    unexplained = np.array(own, dtype=bool) & (events == 0)
    yield "name_own", Evidence(unexplained * max(0.0, math.log(0.6 / share)), {"share": [share] * len(names)})
    writes = sum(not name.automatic for name in known) / max(len(known), 1)
    yield "name_automatic", Evidence(np.array([writes * name.automatic for name in names], dtype=float))
    silent = len(names) >= OFTEN and writes < SELDOM_NAMES
    yield "names_silent", Evidence(np.full(len(names), float(silent)))
    keys = Counter(name.key for name in names if name.key and not name.automatic)
    again = [keys[name.key] if name.key and "parkrun" not in name.words and not name.automatic else 0 for name in names]
    yield "name_repeated", Evidence(_flags(times > OFTEN for times in again), {"times": again})


def _from_distance(history: History) -> Iterator[tuple[str, Evidence]]:
    distance = history.columns.distance_m
    official = np.array([np.nan if metres is None else metres for metres in history.official_m], dtype=float)
    common = np.array([metres is not None and metres not in RARE_M for metres in history.official_m], dtype=bool)
    with np.errstate(invalid="ignore"):
        over = distance / official - 1
        typed = common & (np.abs(distance - official) <= TYPED_WITHIN_M)
        bell = np.exp(-0.5 * ((over - USUAL_OVER) / BELL_SIGMA) ** 2) * np.isin(official, MAIN_M)
        round_km = np.abs(distance - np.round(distance / 1000) * 1000) <= ROUND_WITHIN_M
        details: dict[str, Any] = {"distance_m": official, "over": over}
        yield "distance_over", Evidence(np.nan_to_num(np.where(round_km | typed, 0.0, bell)), details)
        yield "distance_near", Evidence(np.where(common, 1.0, 0.0), details)
        rarity = _rarity(typed, ~np.isnan(distance))
        yield "distance_exact", Evidence(typed * rarity * np.where(np.round(official) % 5_000 == 0, 0.7, 1.0), details)
        nearly_there = np.clip(1 + (over + 0.005) / 0.004, 0, 1)  # who stops a marathon 1 % short was not in one
        yield "marathon_length", Evidence(np.where(official == MARATHON_M, nearly_there, 0.0))
        ultra = distance > ULTRA_FROM_M
        yield "ultra_length", Evidence(ultra * _rarity(ultra, ~np.isnan(distance)))
        yield "distance_short", Evidence(np.where(distance < SHORT_BELOW_M, 1 - typed, 0.0))
    yield "longest", Evidence(np.nan_to_num(history.standing.longest) * common, details)


def _from_effort(history: History) -> Iterator[tuple[str, Evidence]]:
    standing, of = history.standing, history.columns
    yield "pace", Evidence(standing.pace, {"among": standing.pace_among})
    with np.errstate(invalid="ignore"):
        ultra = of.distance_m > ULTRA_FROM_M  # Riegel's rule, and the memory of short runs, do not reach that far
    yield "effort", Evidence(np.where(ultra, np.nan, standing.effort))
    yield "effort_margin", Evidence(np.where(ultra, np.nan, standing.effort_margin))
    yield "heart_rate", Evidence(standing.heart_rate)
    with np.errstate(invalid="ignore", divide="ignore"):
        stopped = np.maximum(of.elapsed_s - of.moving_s, 0) / of.moving_s
        known = ~np.isnan(stopped) & (of.running | of.walking)
        details = {"stopped_s": np.nan_to_num(of.elapsed_s - of.moving_s)}
        unbroken = np.where(known, (stopped <= NO_STOP) * _rarity(stopped <= NO_STOP, known), np.nan)
        yield "no_stops", Evidence(unbroken, details)
        long = np.clip((stopped - LONG_STOPS / 2) / (LONG_STOPS / 2), 0, 1)
        yield "stops", Evidence(np.nan_to_num(np.where(of.distance_m > TABLES_FROM_M, 0.0, long)), details)


def _from_the_clock(history: History) -> Iterator[tuple[str, Evidence]]:
    start = history.columns.start_s
    known = ~np.isnan(start)
    weekday, hour, details = _calendar(start, known)
    told = known & (start % HOUR_S != 0)  # on the hour to the second it was typed, or is the date alone
    yield "start_slot", Evidence(_slot_surprise(weekday >= SATURDAY, hour, told), details)
    distance = history.columns.distance_m
    with np.errstate(invalid="ignore"):
        five_km = (distance >= PARKRUN_M[0]) & (distance <= PARKRUN_M[1])
        nine = (weekday == SATURDAY) & (hour >= PARKRUN_HOURS[0]) & (hour <= PARKRUN_HOURS[1])
        yield "parkrun_time", Evidence((five_km & nine & told).astype(float), details)
        half_hour = np.where(known, start, 0.0) % 1800
        gun = told & ((half_hour <= 180) | (half_hour >= 1800 - 60))
    yield "on_the_half_hour", Evidence(gun * _rarity(gun, told), details)


def _calendar(start: Floats, known: Flags) -> tuple[Floats, Floats, dict[str, Any]]:
    seconds = np.where(known, start, 0.0)
    weekday = (seconds // DAY_S - 1) % 7  # the ordinal of a Monday leaves 1
    hour = seconds % DAY_S / HOUR_S
    return np.where(known, weekday, -1), hour, {"weekday": weekday.astype(int), "hour": hour}


def _slot_surprise(weekend: Flags, hour: Floats, known: Flags) -> Floats:
    """Log of how much likelier a race starts in this part of the week than a run of this athlete does."""
    slot = np.digitize(hour, SLOT_HOURS[1:-1])
    races = np.where(weekend, np.array(RACES_START[True])[slot], np.array(RACES_START[False])[slot])
    place = np.where(known, slot + len(SLOT_HOURS) * weekend, -1)
    own = np.array([np.count_nonzero(place == p) for p in range(2 * len(SLOT_HOURS))], dtype=float)
    usual = (own[place] + SLOT_PRIOR_RUNS * 0.1) / (np.count_nonzero(known) + SLOT_PRIOR_RUNS)
    return np.where(known, np.log(races / usual), np.nan)


def _from_the_days_around(history: History) -> Iterator[tuple[str, Evidence]]:
    standing = history.standing
    yield "warm_up", Evidence(standing.short_before)
    yield "cool_down", Evidence(standing.short_after)
    yield "faster_beside", Evidence(standing.faster_beside)
    yield "load", Evidence(standing.load)
    yield "rest", Evidence(standing.rest)


def _from_people(history: History) -> Iterator[tuple[str, Evidence]]:
    of, standing = history.columns, history.standing
    yield (
        "athletes",
        Evidence(np.where(of.athletes > RACES_WITH_OTHERS, standing.athletes, np.nan), {"count": of.athletes}),
    )
    yield "kudos", Evidence(standing.kudos)
    yield "achievements", Evidence(standing.achievements)
    yield "records", Evidence(standing.records)


def rough(history: History) -> Flags:
    """Runs on trails or up hills, where being slow says nothing."""
    of = history.columns
    with np.errstate(invalid="ignore"):
        steep = of.ascent_m / of.distance_m >= ROUGH_CLIMB
    trail = [run.sport == "trail_running" or name.rough for run, name in zip(history.runs, history.names, strict=True)]
    return np.asarray(steep | np.array(trail, dtype=bool), dtype=bool)


def _from_kind(history: History) -> Iterator[tuple[str, Evidence]]:
    kinds = [run.kind for run in history.runs]
    unflagged = _flags(run.race_flag is not True for run in history.runs)
    yield "treadmill", Evidence(unflagged * _flags(kind is Kind.TREADMILL for kind in kinds))
    yield "virtual", Evidence(unflagged * _flags(kind is Kind.VIRTUAL for kind in kinds))
    yield "walk", Evidence(_flags(kind is Kind.WALK for kind in kinds))
    yield "too_fast", Evidence(implausible(history.columns).astype(float))
