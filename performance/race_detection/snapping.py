"""Which official distance a recorded one stands for, for one run or for a whole history at once."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from performance.race_detection.distances import (
    LONG_BY,
    MARATHON_LONG_BY,
    MARATHON_M,
    SHORT_BY,
    STANDARD_DISTANCES,
    USUAL_OVER,
    within_window,
)
from performance.race_detection.names import read_name

METRES = np.array([standard.metres for standard in STANDARD_DISTANCES])
RARE = np.array([standard.rare for standard in STANDARD_DISTANCES])
LONGEST_OVER = np.where(METRES == MARATHON_M, MARATHON_LONG_BY, LONG_BY)
RARE_COSTS = 0.004  # how much nearer a rare distance must be than a common one, as a share of the distance
TYPED_WITHIN_M = 1.0  # a distance equal to a standard to the metre was typed or measured: no over-measure to expect


def snap(distance_m: float | None, name: str = "") -> float | None:
    """The official distance in metres that a recorded distance stands for, or None when it is an odd one.

    A distance named in the title wins when it is inside the window, even one that is no standard ("Seven Bridges 7k").
    """
    if distance_m is None or not math.isfinite(distance_m) or distance_m <= 0:
        return None
    named = read_name(name).distances_m if name else ()
    return snap_each(np.array([distance_m]), [named])[0]


def snap_each(distance_m: NDArray[np.floating[Any]], named_m: Sequence[Sequence[float]]) -> list[float | None]:
    """`snap` over columns of equal length; NaN for an unknown distance. named_m: metres found in each title."""
    over = distance_m[:, None] / METRES[None, :] - 1
    inside = (over >= -SHORT_BY) & (over <= LONGEST_OVER)
    misfit = np.abs(over - USUAL_OVER) + RARE_COSTS * RARE
    misfit[np.abs(distance_m[:, None] - METRES) <= TYPED_WITHIN_M] = -1.0
    misfit[~inside] = np.inf
    nearest = misfit.argmin(axis=1)
    found = inside.any(axis=1)
    return [
        _named(run_m, titles) or (float(METRES[best]) if near else None)
        for run_m, titles, best, near in zip(
            distance_m.tolist(), named_m, nearest.tolist(), found.tolist(), strict=True
        )
    ]


def _named(distance_m: float, titles: Sequence[float]) -> float | None:
    fitting = [metres for metres in titles if metres > 0 and within_window(distance_m, metres)]
    return min(fitting, key=lambda metres: abs(distance_m / metres - 1 - USUAL_OVER)) if fitting else None
