"""The additive scorecard: evidence in, log-odds out, every part of the sum in plain sight in coefficients.toml.

What the expert said of a piece of evidence stands in priors.toml, with the reason; `train` multiplies it by what labelled
runs bear out and writes both to coefficients.toml. A factor is never below zero, so evidence never changes sides.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from performance.race_detection.evidence import Evidence
from performance.race_detection.history import Flags, Floats

PRIORS = Path(__file__).with_name("priors.toml")
FILE = Path(__file__).with_name("coefficients.toml")


@dataclass(frozen=True)
class Weight:
    """What one piece of evidence adds: `per_strength` for each unit of it, or a curve of (figure, log-odds) points.

    missing: what a run without that evidence gets, so that not knowing is worth as much as an average answer.
    speaks_for, speaks_against: the shares of the expert's weight that hold, on either side of zero.
    """

    per_strength: float
    figures: tuple[float, ...] = ()
    log_odds: tuple[float, ...] = ()
    missing: float = 0.0
    speaks_for: float = 1.0
    speaks_against: float = 1.0

    def of(self, strength: Floats) -> Floats:
        """Log-odds for each run; `missing` where the evidence is (NaN)."""
        added = np.interp(strength, self.figures, self.log_odds) if self.figures else self.per_strength * strength
        said = np.where(np.isnan(strength), self.missing, added)
        return np.where(said > 0, self.speaks_for, self.speaks_against) * said


@dataclass(frozen=True)
class Scorecard:
    """start: log-odds before any evidence. slope: the share of the sum that holds, evidence being partly the same.

    excused: evidence that speaks less against a run whose title names an event, by the share `excuse`, and against one
    on rough ground, by the share `excuse_rough`.
    found, to_decide: recommended limits of probability, above which a race counts at once, or is put to the athlete.
    """

    start: float
    slope: float
    weights: Mapping[str, Weight]
    excused: tuple[str, ...]
    excuse: float
    excuse_rough: float
    found: float
    to_decide: float

    def weigh(self, evidence: Mapping[str, Evidence], rough: Flags) -> dict[str, Floats]:
        """What each piece of evidence adds to the log-odds of each run."""
        added = {code: self.slope * self.weights[code].of(row.strength) for code, row in evidence.items()}
        named = 1 - self.excuse * np.minimum(evidence["name_event"].strength, 1)
        held = named * np.where(rough, 1 - self.excuse_rough, 1.0)
        return added | {code: np.where(added[code] < 0, added[code] * held, added[code]) for code in self.excused}

    def with_factors(self, factors: Mapping[str, tuple[float, float]]) -> "Scorecard":
        """The same card, each weight taken by (factor when it speaks for a race, factor when against)."""
        weights = {
            code: dataclasses.replace(
                weight,
                speaks_for=weight.speaks_for * factors.get(code, (1.0, 1.0))[0],
                speaks_against=weight.speaks_against * factors.get(code, (1.0, 1.0))[1],
            )
            for code, weight in self.weights.items()
        }
        return dataclasses.replace(self, weights=weights)


@cache
def expert_scorecard() -> Scorecard:
    """The expert's word alone, as in priors.toml."""
    with PRIORS.open("rb") as file:
        table = tomllib.load(file)
    return Scorecard(
        start=table["start"],
        slope=table["calibration"]["slope"],
        weights={code: _weight(row) for code, row in table["evidence"].items()},
        excused=tuple(table["excuse"]["evidence"]),
        excuse=table["excuse"]["share"],
        excuse_rough=table["excuse"]["rough"],
        found=table["found"],
        to_decide=table["to_decide"],
    )


@cache
def shipped_scorecard() -> Scorecard:
    """What the project ships: the expert's weights as far as labelled runs bear them out."""
    with FILE.open("rb") as file:
        table = tomllib.load(file)
    factors = {code: (row["for"], row["against"]) for code, row in table["factors"].items()}
    return dataclasses.replace(expert_scorecard().with_factors(factors), start=table["start"])


def _weight(row: Mapping[str, Any]) -> Weight:
    missing = row.get("missing", 0.0)
    if "curve" not in row:
        return Weight(row["weight"], missing=missing)
    figures, log_odds = zip(*row["curve"], strict=True)
    return Weight(0.0, figures, log_odds, missing)
