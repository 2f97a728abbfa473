"""Log-odds that fit labelled runs best, held near what was thought before: for everybody's weights and for one athlete's."""

import numpy as np

from performance.race_detection.history import Floats

STEPS = 100
LEAST_STEP = 1e-9


def fit(added: Floats, race: Floats, counts: Floats, *, start: float, spread: float, start_spread: float) -> Floats:
    """The start and then a factor for each column: the most probable ones, none of the factors below zero.

    race: 1 or 0 for each row; counts: how much the row counts. Before any row the start is `start`, give or take
    `start_spread`, and a factor is 1, give or take `spread`. Convex, so there is one answer; deterministic.
    """
    design = np.column_stack([np.ones(len(added)), added])
    expected = np.concatenate([[start], np.ones(added.shape[1])])
    certainty = np.concatenate([[start_spread**-2], np.full(added.shape[1], spread**-2)])
    found = expected.copy()

    def cost(at: Floats) -> float:
        sums = design @ at
        told = np.sum(counts * (np.logaddexp(0, sums) - race * sums))
        return float(told + 0.5 * np.sum(certainty * (at - expected) ** 2))

    for _ in range(STEPS):
        probability = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (counts * (probability - race)) + certainty * (found - expected)
        curvature = (design * (counts * probability * (1 - probability))[:, None]).T @ design + np.diag(certainty)
        free = ~((found <= 0) & (slope > 0))
        free[0] = True
        step = np.zeros_like(found)
        step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
        share, before = 1.0, cost(found)
        while cost(_allowed(found + share * step)) > before and share > LEAST_STEP:
            share /= 2
        moved = _allowed(found + share * step)
        done = np.max(np.abs(moved - found)) < LEAST_STEP
        found = moved
        if done:
            break
    return found


def _allowed(at: Floats) -> Floats:
    return np.concatenate([at[:1], np.maximum(at[1:], 0)])
