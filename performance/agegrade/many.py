"""Grading whole arrays: the same answers as age_grade(), a few hundred times as fast.

How they stay the same: everything that hangs on words (editions, sexes, names of events) is decided once for each
combination of words by the very functions that grade one performance (row_plan.py); what is left is arithmetic, done in
the same order of operations (row_blocks.py). Rows that need more than arithmetic (a value on the edge of rounding in
the whole-second convention, hurdles given by name and distance) are handed to age_grade() one by one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from performance.agegrade.atlas import Numbers
from performance.agegrade.conventions import EXACT
from performance.agegrade.editions import ROAD
from performance.agegrade.grading import AgeFactor, age_factor, age_grade
from performance.agegrade.refusals import NO_OPEN_STANDARD, Refused
from performance.agegrade.row_blocks import NUMBERS, Block, GradedMany
from performance.agegrade.row_plan import REASON, REASONS, Plan, Rows

__all__ = ["REASONS", "GradedMany", "grade_many"]

Words = str | Sequence[str] | NDArray[Any]

_BLOCK: Final = 16_384


def grade_many(
    *,
    time_s: ArrayLike,
    age: ArrayLike,
    sex: Words,
    distance_m: ArrayLike | None = None,
    event: Words | None = None,
    edition: Words | None = None,
    surface: Words = ROAD,
    convention: Words = EXACT,
) -> GradedMany:
    """Grade many times at once. Each argument is one value for all rows or an array with one for every row.

    As in age_grade(); a missing age or distance is NaN, a missing word "". Raises ValueError where lengths differ.
    """
    words = convention, edition, surface, sex, event
    rows = Rows.of(time_s=time_s, age=age, distance_m=distance_m, words=words)
    plan = Plan(rows.combinations)
    graded = GradedMany.empty(len(rows.time_s))
    singly = np.concatenate([np.empty(0, dtype=np.intp), *_grade_blocks(graded, rows, plan)])
    for row in singly.tolist():
        _grade_one(graded, rows, row)
    return graded


def _grade_blocks(graded: GradedMany, rows: Rows, plan: Plan) -> Iterator[Numbers]:
    with np.errstate(all="ignore"):
        for start in range(0, len(graded), _BLOCK):
            yield Block(rows, plan, slice(start, start + _BLOCK)).grade(graded) + start


def _grade_one(graded: GradedMany, rows: Rows, row: int) -> None:
    convention, edition, surface, sex, event = rows.words_of(row)
    distance_m = None if rows.distance_m is None else float(rows.distance_m[row])
    age, time_s = float(rows.age[row]), float(rows.time_s[row])
    asked: dict[str, Any] = {
        "age": age,
        "sex": sex,
        "distance_m": distance_m,
        "event": event,
        "edition": edition,
        "surface": surface,
    }
    found: AgeFactor | None
    try:
        found = age_grade(time_s=time_s, convention=convention, **asked)
        reason = 0
    except Refused as refused:
        found = age_factor(**asked) if refused.code == NO_OPEN_STANDARD else None
        reason = int(REASON[refused.code])
    graded.reason[row] = reason
    for name in NUMBERS:
        getattr(graded, name)[row] = getattr(found, name, np.nan)
    graded.interpolated[row] = found is not None and found.interpolated
    graded.clamped[row] = found is not None and found.clamped
