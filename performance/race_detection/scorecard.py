"""The additive scorecard: evidence in, log-odds out, every part of the sum in plain sight in coefficients.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from performance.race_detection.evidence import Evidence
from performance.race_detection.history import Floats

FILE = Path(__file__).with_name("coefficients.toml")


@dataclass(frozen=True)
class Weight:
    """What one piece of evidence adds: `per_strength` for each unit of it, or a curve of (figure, log-odds) points.

    missing: what a run without that evidence gets, so that not knowing is worth as much as an average answer.
    """

    per_strength: float
    figures: tuple[float, ...] = ()
    log_odds: tuple[float, ...] = ()
    missing: float = 0.0

    def of(self, strength: Floats) -> Floats:
        """Log-odds for each run; `missing` where the evidence is (NaN)."""
        added = np.interp(strength, self.figures, self.log_odds) if self.figures else self.per_strength * strength
        return np.where(np.isnan(strength), self.missing, added)


@dataclass(frozen=True)
class Scorecard:
    """start: log-odds before any evidence. slope: the share of the sum that holds, evidence being partly the same.

    excused: evidence that speaks less against a run whose title names an event, by the share `excuse`.
    found, to_decide: recommended limits of probability, above which a race counts at once, or is put to the athlete.
    """

    start: float
    slope: float
    weights: Mapping[str, Weight]
    excused: tuple[str, ...]
    excuse: float
    found: float
    to_decide: float

    def weigh(self, evidence: Mapping[str, Evidence]) -> dict[str, Floats]:
        """What each piece of evidence adds to the log-odds of each run."""
        added = {code: self.slope * self.weights[code].of(row.strength) for code, row in evidence.items()}
        named = 1 - self.excuse * np.minimum(evidence["name_event"].strength, 1)
        return added | {code: np.where(added[code] < 0, added[code] * named, added[code]) for code in self.excused}


@cache
def shipped_scorecard() -> Scorecard:
    with FILE.open("rb") as file:
        table = tomllib.load(file)
    return Scorecard(
        start=table["start"],
        slope=table["calibration"]["slope"],
        weights={code: _weight(row) for code, row in table["evidence"].items()},
        excused=tuple(table["excuse"]["evidence"]),
        excuse=table["excuse"]["share"],
        found=table["found"],
        to_decide=table["to_decide"],
    )


def _weight(row: Mapping[str, Any]) -> Weight:
    missing = row.get("missing", 0.0)
    if "curve" not in row:
        return Weight(row["weight"], missing=missing)
    figures, log_odds = zip(*row["curve"], strict=True)
    return Weight(0.0, figures, log_odds, missing)
