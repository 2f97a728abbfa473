"""assess(): which runs of one athlete are races, over what distance, and why.

The whole history goes in at once, because a run is judged by the athlete's others; nothing is remembered between calls,
and the same history gives the same answer in any order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from performance.race_detection.answers import own_weights
from performance.race_detection.evidence import Evidence, History, gather, rough
from performance.race_detection.history import Floats, columns, standing
from performance.race_detection.names import NameReading, read_name
from performance.race_detection.runs import Kind, RunSummary
from performance.race_detection.scorecard import Scorecard, shipped_scorecard
from performance.race_detection.snapping import snap_each

WORTH_SAYING = 0.1  # log-odds; less than this is no reason anybody needs to read
CERTAINLY_NOT = -20.0
MOST_CERTAIN = 0.9995
#: evidence that judges a recording as one piece: its pace, its length, its stops. Of a part of it, it says nothing
OF_THE_WHOLE = frozenset((
    "pace", "effort", "effort_margin", "heart_rate", "no_stops", "stops", "distance_over", "distance_near",
    "distance_exact", "distance_short", "marathon_length", "ultra_length", "longest", "on_the_half_hour", "parkrun_time",
))  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """One piece of evidence: what it is, the log-odds it added, and the figures its sentence needs."""

    code: str
    weight: float
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """What we think of one run. probability and log_odds say the same; official_distance_m is None for an odd distance.

    reasons: the heaviest first, for and against. missing: codes of evidence this run did not have.
    of_the_whole: what of log_odds judges the recording as one piece.
    """

    id: str
    probability: float
    log_odds: float
    official_distance_m: float | None
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    of_the_whole: float = 0.0

    @property
    def reasons_for(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.weight > 0)

    @property
    def reasons_against(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.weight < 0)


def assess(
    history: Sequence[RunSummary],
    *,
    scorecard: Scorecard | None = None,
    answers: Mapping[str, bool] | None = None,
    events: Sequence[str] = (),
) -> list[Assessment]:
    """One assessment for each run of one athlete, in the same order. An empty history gives an empty list.

    answers: id of a run: whether the athlete called it a race; other runs are judged in their light, the answered ones
    by what the others taught. events: names of races known without a run.

    Runs that are not on foot get probability 0. Some 3,000 runs take well under a second and a half.
    """
    if not history:
        return []
    card = scorecard or shipped_scorecard()
    known = know(history, answers=answers or {}, events=events)
    official = known.official_m
    evidence = gather(known)
    added = card.weigh(evidence, rough(known))
    if known.answered:
        added, moved = own_weights(added, known.answered, card.slope * card.start)
        evidence["answers"] = Evidence(np.ones(len(history)))
        added["answers"] = np.full(len(history), moved)
    log_odds: Floats = card.slope * card.start + np.sum(list(added.values()), axis=0)
    whole: Floats = np.sum([added[code] for code in sorted(OF_THE_WHOLE & added.keys())], axis=0)
    reasons, missing = _reasons(evidence, added, len(history)), _missing(known)
    return [
        _not_on_foot(run)
        if run.kind is Kind.OTHER
        else Assessment(run.id, probability_of(sum_), sum_, official_m, because, lacking, of_the_whole)
        for run, sum_, official_m, because, lacking, of_the_whole in zip(
            history, log_odds.tolist(), official, reasons, missing, whole.tolist(), strict=True
        )
    ]


def know(
    history: Sequence[RunSummary], *, answers: Mapping[str, bool] | None = None, events: Sequence[str] = ()
) -> History:
    """One athlete's runs with all that is worked out of them before any weighing."""
    said = answers or {}
    names = [_read(run) for run in history]
    of = columns(history)
    official = snap_each(of.distance_m, [name.distances_m for name in names])
    return History(
        runs=history,
        columns=of,
        standing=standing(of),
        names=names,
        official_m=official,
        answered={row: said[run.id] for row, run in enumerate(history) if run.id in said},
        events=[read_name(event) for event in events],
    )


def _read(run: RunSummary) -> NameReading:
    title = run.name if run.name_tokens is None else run.name_tokens
    return read_name(title, automatic=run.name_is_default)


def _not_on_foot(run: RunSummary) -> Assessment:
    return Assessment(run.id, 0.0, CERTAINLY_NOT, None, (Reason("not_on_foot", CERTAINLY_NOT, {"sport": run.sport}),))


def probability_of(log_odds: float) -> float:
    return min(1 / (1 + math.exp(-log_odds)), MOST_CERTAIN)


def _reasons(evidence: Mapping[str, Evidence], added: Mapping[str, Floats], size: int) -> list[tuple[Reason, ...]]:
    """Each run's reasons, the heaviest first."""
    reasons: list[list[Reason]] = [[] for _ in range(size)]
    for code, weights in added.items():
        told = (np.abs(weights) >= WORTH_SAYING) & ~np.isnan(evidence[code].strength)
        for row in np.flatnonzero(told).tolist():
            reasons[row].append(Reason(code, round(float(weights[row]), 3), evidence[code].params(row)))
    return [tuple(sorted(of_run, key=lambda reason: (-abs(reason.weight), reason.code))) for of_run in reasons]


def _missing(history: History) -> list[tuple[str, ...]]:
    """Codes of what each run lacks, in the order of how much it would have told."""
    of, compared = history.columns, history.standing
    absent = {
        "name": np.array([not name.known for name in history.names]),
        "start": np.isnan(of.start_s),
        "distance": np.isnan(of.distance_m),
        "time": np.isnan(of.time_s),
        "elapsed": np.isnan(of.elapsed_s) & ~np.isnan(of.time_s),
        "moving": np.isnan(of.moving_s) & ~np.isnan(of.time_s),
        "history": np.isnan(compared.pace) & ~np.isnan(of.speed_mps),
        "heart_rate": np.isnan(of.hr_avg),
        "offset": np.array([not run.has_offset for run in history.runs]),
    }
    lacking: list[list[str]] = [[] for _ in history.runs]
    for code, rows in absent.items():
        for row in np.flatnonzero(rows).tolist():
            lacking[row].append(code)
    return [tuple(codes) for codes in lacking]
