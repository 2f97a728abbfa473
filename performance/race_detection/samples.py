"""What samples add to an assessment: for the whole run, and for the race inside a longer recording.

Two readings of a recording stand beside each other: it is the race, or the race is a part of it. The second leaves out
what the summary says of the recording as a whole, and weighs a stretch instead against the athlete's own best efforts
within 200 days before and after. The likelier reading counts. Needs no samples, only what stretches.py found in them;
a run without any keeps its assessment.
"""

import dataclasses
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from performance.race_detection.assessment import OF_THE_WHOLE, WORTH_SAYING, Assessment, Reason, probability_of
from performance.race_detection.distances import STANDARD_DISTANCES
from performance.race_detection.history import RIEGEL, TEN_KM, Floats
from performance.race_detection.names import read_name
from performance.race_detection.runs import RunSummary
from performance.race_detection.scorecard import shipped_scorecard
from performance.race_detection.stretches import SHORTEST_M, Stretch

FILE = Path(__file__).with_name("samples.toml")
RARE_M = frozenset(one.metres for one in STANDARD_DISTANCES if one.rare)
WINDOW_DAYS = 200.0
FEWEST = 8  # runs with a best effort in the window, to compare with
BEST = 3  # of them make the level
ALIKE = 0.98
LONGEST_M = 50_000.0
HEARTS = 10  # runs with a maximum heart rate, to know the athlete's own
HIGHEST_BPM = 225.0
ODD_HEARTS = 2  # so many maxima above it are taken for a strap that slipped
TAUGHT_FROM = 2.0  # log-odds of a stretch without its answers, from which it is one like those that were answered


@dataclass(frozen=True)
class Sampled:
    """Of one run: the fastest seconds by official distance, and what its samples showed, the whole recording first."""

    efforts: Mapping[float, float]
    stretches: Sequence[Stretch] = ()

    @property
    def whole(self) -> Stretch | None:
        return self.stretches[0] if self.stretches else None

    @property
    def parts(self) -> Sequence[Stretch]:
        return self.stretches[1:]


@dataclass(frozen=True)
class Refined:
    """assessment: with what the samples said.  by_summary: the probability without that.  inside: the part that is the
    race, where that is the likelier reading.  agreed: that part is no other distance than the summary, or the title, tells.
    """

    assessment: Assessment
    by_summary: float
    inside: Stretch | None = None
    agreed: bool = True


Weighed = Sequence[tuple[Stretch, Sequence[Reason]]]


def refine(
    history: Sequence[RunSummary],
    assessed: Sequence[Assessment],
    sampled: Mapping[str, Sampled],
    *,
    answers: Mapping[str, bool] | None = None,
    asked_at: float | None = None,
) -> list[Refined]:
    """The assessments of one athlete's whole history, in their order, with what samples say; ids as in the history.

    asked_at: the probability from which the athlete is asked; without it the one recommended.

    Costs a comparison with the runs around for each stretch that stands out, which few runs have: 3,000 runs take some
    tenths of a second.
    """
    own = _Own.of(history, sampled)
    weighed = {
        run.id: [(part, list(_of_part(run, part, own))) for part in sampled[run.id].parts]
        for run in history
        if run.id in sampled
    }
    taught = _taught(weighed, answers or {})
    limit = shipped_scorecard().to_decide if asked_at is None else asked_at
    refined: list[Refined] = []
    for run, known in zip(history, assessed, strict=True):
        whole = sampled[run.id].whole if run.id in sampled else None
        if whole is None or known.probability <= 0:
            refined.append(Refined(known, known.probability))
            continue
        readings = [_as_whole(known, whole, own)]
        for part, reasons in weighed[run.id]:
            if not _may_be_the_race(part, run, known, limit):
                continue
            like = sum(taught.values()) - taught.get(run.id, 0) if _sum(reasons) >= TAUGHT_FROM else 0
            readings.append(_as_part(known, part, reasons, like))
        likelier = max(readings, key=lambda reading: reading.log_odds)
        part_m = likelier.part.distance_m if likelier.part is not None else None
        agreed = part_m is None or _is_among(part_m, (known.official_distance_m, *_named(run)))
        refined.append(Refined(likelier.of(known), known.probability, likelier.part, agreed))
    return refined


def _may_be_the_race(part: Stretch, run: RunSummary, known: Assessment, asked_at: float) -> bool:
    """Not where the title names what the whole run measured; nor, unless the title names the part, where the whole run
    is of an official distance and its summary alone has the athlete asked. A 10 km race holds a good 5 km too."""
    whole_m = known.official_distance_m
    if whole_m is None:
        return True
    named = _named(run)
    if _is_among(whole_m, named):
        return False
    return known.probability < asked_at or _is_among(part.distance_m, named)


def _named(run: RunSummary) -> Sequence[float]:
    """The distances in the title, where there is one to be read."""
    return read_name(run.name).distances_m if run.name and run.name_tokens is None else ()


def _is_among(metres: float, distances_m: Sequence[float | None]) -> bool:
    return any(other is not None and abs(metres - other) < 1 for other in distances_m)


@dataclass(frozen=True)
class _Reading:
    """What a recording may be: as likely as that, by what else than its summary, the whole or a part of it."""

    log_odds: float
    reasons: Sequence[Reason]
    part: Stretch | None = None

    def of(self, known: Assessment) -> Assessment:
        """The assessment by the summary, read so."""
        kept = [reason for reason in known.reasons if self.part is None or reason.code not in OF_THE_WHOLE]
        told = [Reason(one.code, round(one.weight, 3), one.params) for one in self.reasons]
        said = [*kept, *(reason for reason in told if abs(reason.weight) >= WORTH_SAYING)]
        return dataclasses.replace(
            known,
            probability=probability_of(self.log_odds),
            log_odds=self.log_odds,
            official_distance_m=known.official_distance_m if self.part is None else self.part.distance_m,
            reasons=tuple(sorted(said, key=lambda one: (-abs(one.weight), one.code))),
        )


def _as_whole(known: Assessment, whole: Stretch, own: "_Own") -> _Reading:
    """The recording is the race: held to what its summary said, give or take a little."""
    reasons, most = list(_of_whole(known, whole, own)), priors().most
    added = _sum(reasons)
    if abs(added) > most:
        reasons = [dataclasses.replace(reason, weight=reason.weight * most / abs(added)) for reason in reasons]
    return _Reading(known.log_odds + min(max(added, -most), most), reasons)


def _as_part(known: Assessment, part: Stretch, reasons: Sequence[Reason], answered: int) -> _Reading:
    """The race is this part of it. answered: other stretches of its kind called a race, less those that were not."""
    card = priors()
    told = [*reasons, *_reason("inside_answers", float(answered), card.inside)]
    return _Reading(known.log_odds - known.of_the_whole + card.start + _sum(told), told, part)


def _sum(reasons: Sequence[Reason]) -> float:
    return sum(reason.weight for reason in reasons)


def _taught(weighed: Mapping[str, Weighed], answers: Mapping[str, bool]) -> dict[str, int]:
    """How the athlete answered about runs with a stretch like a race: 1 or -1 by run."""
    like = {
        run_id for run_id, parts in weighed.items() if any(_sum(reasons) >= TAUGHT_FROM for _part, reasons in parts)
    }
    return {run_id: 1 if race else -1 for run_id, race in answers.items() if run_id in like}


# -- the evidence -------------------------------------------------------------------------------------------------------


def _of_whole(known: Assessment, whole: Stretch, own: "_Own") -> Iterator[Reason]:
    card = priors().whole
    yield from _reason("samples_even", whole.uneven, card)
    yield from _reason("samples_pieces", whole.pieces, card, times=whole.pieces)
    if whole.hr is not None and own.most_bpm is not None:
        yield from _reason("samples_heart", whole.hr / own.most_bpm, card)
    if "moving" in known.missing or "elapsed" in known.missing:
        yield from _reason("samples_no_stops", whole.stopped_s, card, stopped_s=whole.stopped_s)


def _of_part(run: RunSummary, part: Stretch, own: "_Own") -> Iterator[Reason]:
    card = priors().inside
    level, rank = own.level(run, part), own.rank(run, part)
    if level is not None:
        yield from _reason("inside_level", level, card, over=level - 1, distance_m=part.distance_m)
    if rank is not None:
        yield from _reason("inside_rank", rank, card, over=0.0, distance_m=part.distance_m)
    alike = own.alike(run, part)
    yield from _reason("inside_alike", alike, card, count=alike)
    if part.rest is not None:
        yield from _reason("inside_rest", part.rest, card, rest=part.rest)
    for code, figure in (
        ("inside_over", part.over),
        ("inside_before", part.before_s),
        ("inside_after", part.after_s),
        ("inside_heart", part.hr / own.most_bpm if part.hr is not None and own.most_bpm is not None else None),
    ):
        if figure is not None:
            yield from _reason(code, figure, card, over=part.over or 0.0, distance_m=part.distance_m)
    yield from _reason("inside_even", part.uneven, card)
    yield from _reason("inside_slowest", part.slowest, card)
    yield from _reason("inside_stopped", part.stopped_s, card)
    yield from _reason("inside_pieces", part.pieces, card)
    if part.distance_m in RARE_M:
        yield from _reason("inside_rare", 1.0, card, over=0.0, distance_m=part.distance_m)
    is_named = _is_among(part.distance_m, _named(run))
    yield from _reason("inside_named", float(is_named), card, over=0.0, distance_m=part.distance_m)


def _reason(code: str, figure: float, card: Mapping[str, "Curve"], **params: Any) -> Iterator[Reason]:
    weight = card[code].at(figure)
    if weight:
        yield Reason(code, weight, {"value": figure, **params})


@dataclass(frozen=True)
class _Own:
    """The athlete's own best efforts by day. speed_mps: each run's best, brought to ten kilometres; part_…: that of the
    stretches that stand out of a run."""

    day: Mapping[str, float]
    days: Floats
    speed_mps: Floats
    by_distance: Mapping[float, tuple[Floats, Floats]]
    part_days: Floats
    part_speed_mps: Floats
    most_bpm: float | None

    @classmethod
    def of(cls, history: Sequence[RunSummary], sampled: Mapping[str, Sampled]) -> "_Own":
        day = {run.id: _day(run) for run in history}
        speeds: list[tuple[float, float]] = []
        by_distance: dict[float, list[tuple[float, float]]] = {}
        for run_id, one in sampled.items():
            if run_id not in day:
                continue
            for metres, seconds in one.efforts.items():
                by_distance.setdefault(round(metres, 3), []).append((day[run_id], seconds))
            equal = [_at_ten_km(m, s) for m, s in one.efforts.items() if SHORTEST_M <= m <= LONGEST_M]
            if equal:
                speeds.append((day[run_id], max(equal)))
        columns = np.array(sorted(speeds)).reshape(-1, 2)
        parts = [
            (day[run_id], max(_at_ten_km(part.distance_m, part.time_s) for part in one.parts))
            for run_id, one in sampled.items()
            if one.parts and run_id in day
        ]
        part_columns = np.array(parts).reshape(-1, 2)
        hearts = sorted(run.hr_max for run in history if run.hr_max and 0 < run.hr_max <= HIGHEST_BPM)
        return cls(
            day=day,
            days=columns[:, 0],
            speed_mps=columns[:, 1],
            by_distance={
                m: (np.array([d for d, _ in rows]), np.array([s for _, s in rows])) for m, rows in by_distance.items()
            },
            part_days=part_columns[:, 0],
            part_speed_mps=part_columns[:, 1],
            most_bpm=hearts[-1 - ODD_HEARTS] if len(hearts) >= HEARTS else None,
        )

    def level(self, run: RunSummary, part: Stretch) -> float | None:
        """This stretch's speed over that of the best three of other days around, brought to one length."""
        others = self.speed_mps[_around(self.days, self.day[run.id])]
        if len(others) < FEWEST:
            return None
        best = np.partition(others, -BEST)[-BEST:].mean()
        return float(_at_ten_km(part.distance_m, part.time_s) / best)

    def rank(self, run: RunSummary, part: Stretch) -> float | None:
        """The share of other days' runs around whose fastest stretch of this length took longer."""
        days, seconds = self.by_distance.get(round(part.distance_m, 3), (np.empty(0), np.empty(0)))
        others = seconds[_around(days, self.day[run.id])]
        return float(np.mean(others > part.time_s)) if len(others) >= FEWEST else None

    def alike(self, run: RunSummary, part: Stretch) -> int:
        """How many other runs around have a stretch that stands out and was run about as fast, or faster."""
        others = self.part_speed_mps[_around(self.part_days, self.day[run.id])]
        return int(np.count_nonzero(others >= ALIKE * _at_ten_km(part.distance_m, part.time_s)))


def _around(days: Floats, day: float) -> Any:
    apart = np.abs(days - day)
    return (apart <= WINDOW_DAYS) & (apart >= 1)


def _day(run: RunSummary) -> float:
    return float("nan") if run.started_local is None else float(run.started_local.toordinal())


def _at_ten_km(metres: float, seconds: float) -> float:
    speed: float = metres / seconds * (metres / TEN_KM) ** RIEGEL
    return speed


# -- the priors ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """Log-odds by figure: straight between the points, flat beyond the ends."""

    figures: tuple[float, ...]
    log_odds: tuple[float, ...]

    def at(self, figure: float) -> float:
        after = bisect_right(self.figures, figure)
        if after in {0, len(self.figures)}:
            return self.log_odds[max(after - 1, 0)]
        share = (figure - self.figures[after - 1]) / (self.figures[after] - self.figures[after - 1])
        return self.log_odds[after - 1] + share * (self.log_odds[after] - self.log_odds[after - 1])


@dataclass(frozen=True)
class Priors:
    """most: what samples of a whole recording add at most.  start: what being a part of a recording adds."""

    most: float
    whole: Mapping[str, Curve]
    start: float
    inside: Mapping[str, Curve]


@cache
def priors() -> Priors:
    """The expert's word, as in samples.toml."""
    with FILE.open("rb") as file:
        table = tomllib.load(file)
    return Priors(
        most=table["whole"]["most"],
        whole=_curves(table["whole"]["evidence"]),
        start=table["inside"]["start"],
        inside=_curves(table["inside"]["evidence"]),
    )


def _curves(rows: Mapping[str, Any]) -> dict[str, Curve]:
    return {
        code: Curve(tuple(x for x, _ in row["curve"]), tuple(y for _, y in row["curve"])) for code, row in rows.items()
    }


#: the codes of all that is said here
FROM_SAMPLES = frozenset({*priors().whole, *priors().inside})
