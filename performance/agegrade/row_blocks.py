"""The arithmetic of grade_many(), some thousand rows at a time so that they stay in the processor's cache.

The operations and their order are those of sheets.py, conventions.py and grading.py, so that the answers are the same
to the last bit. What is equal for all rows of a block stays a scalar; steps that no row needs (an age between two
birthdays, a distance between two columns, a refusal) are left out. Rows for which binary arithmetic may round to the
wrong side of a half, in the convention that rounds decimals, are handed back to be graded one by one.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from performance.agegrade.atlas import CLASS, COMPLETED, WIDTH, YEARS_TO_100, Atlas, Flags, Floats, Numbers
from performance.agegrade.atlas import official_standards as official_standards_of
from performance.agegrade.conventions import CALCULATOR, CONVENTIONS, EXACT, WHOLE_SECOND
from performance.agegrade.grading import LONGEST_TIME_S, OLDEST, SHORTEST_TIME_S
from performance.agegrade.refusals import (
    AGE_MISSING,
    AGE_OUT_OF_RANGE,
    DISTANCE_CONFLICT,
    DISTANCE_OUT_OF_RANGE,
    EVENT_UNKNOWN,
    NO_OPEN_STANDARD,
    TIME_INVALID,
)
from performance.agegrade.row_plan import REASON, REASONS, Plan, Reasons, Rows
from performance.agegrade.sheets import CLASS_YEARS, SAME_COLUMN_M, SAME_EVENT

_EXACT, _CALCULATOR, _WHOLE_SECOND = (CONVENTIONS.index(name) for name in (EXACT, CALCULATOR, WHOLE_SECOND))
#: nearer than this to a half (or to a part of the value) a rounding is left to exact arithmetic
_EDGE: Final = 1e-7
_EDGE_PART: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GradedMany:
    """Arrays of one length. Where a row is refused its numbers are NaN and reason tells why (see REASONS).

    Where an edition has no open standard, what belongs to the age factor is there all the same.
    """

    age_grade: Floats
    age_standard_s: Floats
    open_standard_s: Floats
    age_factor: Floats
    age_used: Floats
    interpolated: Flags
    clamped: Flags
    reason: Reasons

    @classmethod
    def empty(cls, rows: int) -> "GradedMany":
        return cls(
            **{name: np.full(rows, np.nan) for name in NUMBERS},
            interpolated=np.zeros(rows, dtype=bool),
            clamped=np.zeros(rows, dtype=bool),
            reason=np.zeros(rows, dtype=np.uint8),
        )

    def __len__(self) -> int:
        return len(self.reason)

    @property
    def refusals(self) -> list[str]:
        """The refusal code of every row, "" where it was graded."""
        return [REASONS[number] for number in self.reason.tolist()]


NUMBERS: Final = ("age_grade", "age_standard_s", "open_standard_s", "age_factor", "age_used")


class Block:
    """One block of rows on its way through."""

    def __init__(self, rows: Rows, plan: Plan, block: slice) -> None:
        self.plan = plan
        self.block = block
        self.time_s = rows.time_s[block]
        self.age = rows.age[block]
        self.distance_m = None if rows.distance_m is None else rows.distance_m[block]
        self.of: Any = 0 if rows.combination is None else rows.combination[block]
        self.age_known = (self.age > 0) & (self.age <= OLDEST)
        self.all_ages = bool(self.age_known.all())
        self.reason: Reasons | None = None
        self.again: Flags | None = None

    def grade(self, graded: GradedMany) -> Numbers:
        """Fill this block's part of the arrays. Gives the rows, counted from the block's first, to be graded singly."""
        plan = self.plan
        if plan.atlas is not None:
            self._refuse(~((self.time_s >= SHORTEST_TIME_S) & (self.time_s <= LONGEST_TIME_S)), TIME_INVALID)
            column, beyond, part, unplaced = self._columns(plan.atlas)
            standard, factor = self._read(plan.atlas, graded, column, beyond, part)
            self._refuse(np.isnan(standard), NO_OPEN_STANDARD)
            self._refuse_numbers(unplaced)
            if not plan.plain:
                self._refuse_numbers(plan.event_reason[self.of])
            if not self.all_ages:
                self._refuse(~self.age_known, AGE_OUT_OF_RANGE)
                self._refuse(np.isnan(self.age), AGE_MISSING)
            self._round(graded, standard, factor)
        if not plan.plain:
            self._refuse_numbers(plan.words_reason[self.of])
        return self._finish(graded)

    # -- refusing: what one performance is asked first comes last here, so that its reason stands

    def _refuse(self, rows: Flags, code: str) -> None:
        if rows.any():
            self._reasons()[rows] = REASON[code]

    def _refuse_numbers(self, numbers: Reasons | np.uint8 | None) -> None:
        if numbers is not None and np.any(numbers):
            ours = self._reasons()
            ours[...] = np.where(numbers, numbers, ours)

    def _reasons(self) -> Reasons:
        if self.reason is None:
            self.reason = np.zeros(len(self.time_s), dtype=np.uint8)
        return self.reason

    # -- which columns

    def _columns(self, atlas: Atlas) -> tuple[Any, Any, Any, Reasons | None]:
        """For each row the column, the one beyond it, the part of the way (None: nowhere any), and who has none."""
        plan = self.plan
        if plan.ways == {True}:
            return self._by_distance(atlas)
        named = plan.column[self.of], plan.beyond[self.of], plan.part[self.of] if plan.part.any() else None
        conflict = self._conflict()
        if True not in plan.ways:
            return *named, conflict
        column, beyond, part, unplaced = self._by_distance(atlas)
        ours = plan.by_distance[self.of]
        column, beyond = np.where(ours, column, named[0]), np.where(ours, beyond, named[1])
        part = np.where(ours, 0.0 if part is None else part, 0.0 if named[2] is None else named[2])
        reasons = np.where(ours, 0 if unplaced is None else unplaced, 0 if conflict is None else conflict)
        return column, beyond, part, reasons.astype(np.uint8)

    def _conflict(self) -> Reasons | None:
        """Where event and distance are not one race. Hurdles with a distance are left to age_grade()."""
        if self.distance_m is None:
            return None
        given = ~np.isnan(self.distance_m)
        expected_m = self.plan.expected_m[self.of]
        apart = given & (np.abs(self.distance_m - expected_m) > SAME_EVENT * expected_m)
        self.again = given & self.plan.with_distance[self.of]
        return np.where(apart, REASON[DISTANCE_CONFLICT], 0).astype(np.uint8)

    def _by_distance(self, atlas: Atlas) -> tuple[Numbers, Numbers, Floats | None, Reasons | None]:
        plan, of = self.plan, self.of
        distance_m = np.full(len(self.time_s), np.nan) if self.distance_m is None else self.distance_m
        shortest, longest = plan.shortest[of], plan.longest[of]
        within_m = np.clip(distance_m, shortest, longest)
        unplaced = None
        outside = ~(np.abs(within_m - distance_m) <= SAME_COLUMN_M)
        if outside.any():
            unplaced = np.where(outside, REASON[DISTANCE_OUT_OF_RANGE], 0).astype(np.uint8)
            unplaced[np.isnan(distance_m)] = REASON[EVENT_UNKNOWN]
            within_m = np.where(outside, shortest, within_m)
        column = atlas.column_before(within_m, plan.cell_offset[of])
        past_m = within_m - atlas.position[column]
        if not past_m.any():
            return column, column, None, unplaced
        gap_m = atlas.gap[column]
        here = past_m <= SAME_COLUMN_M
        there = gap_m - past_m <= SAME_COLUMN_M
        odd = np.flatnonzero(atlas.odd[column])
        if len(odd):
            column_at, within_at = column[odd], within_m[odd]
            here[odd] = (past_m[odd] == 0) | _is_column(atlas, within_at, column_at)
            there[odd] = ~here[odd] & _is_column(atlas, within_at, atlas.next_column[column_at])
        part = past_m / gap_m
        in_column = here | there
        part[in_column] = 0.0
        beyond = atlas.next_column[column]
        column = np.where(there, beyond, column)
        return column, np.where(here, column, beyond), part, unplaced

    # -- what stands there

    def _read(self, atlas: Atlas, graded: GradedMany, column: Any, beyond: Any, part: Any) -> tuple[Floats, Floats]:
        """Open standard and factor; into the arrays, what else is known of a row."""
        block = self.block
        used = self._age_used(atlas, graded, column, beyond)
        year = used.astype(np.intp)
        past = used - year
        between = past if past.any() else None
        factor = atlas.factor_at(column, year, between)
        standard = atlas.standard[column]
        self.cell = column * WIDTH + year
        self.on_track = atlas.track[column]
        self.in_cell: Any = True if between is None else past == 0
        if part is not None and np.any(part):
            factor = (1.0 - part) * factor + part * atlas.factor_at(beyond, year, between)
            standard = (1.0 - part) * standard + part * atlas.standard[beyond]
            self.in_cell = self.in_cell & (part == 0)
            graded.interpolated[block] = part != 0
        graded.age_used[block] = used
        graded.age_factor[block] = factor
        graded.open_standard_s[block] = standard
        return graded.open_standard_s[block], factor

    def _age_used(self, atlas: Atlas, graded: GradedMany, column: Any, beyond: Any) -> Floats:
        plan, of, rules = self.plan, self.of, atlas.rules
        if plan.ways == {True} and atlas.even:
            first, last = plan.first_age[of], plan.last_age[of]
        else:
            first = np.maximum(atlas.first_age[column], atlas.first_age[beyond])
            last = np.minimum(atlas.last_age[column], atlas.last_age[beyond])
        rule = plan.rule[of] if len(rules) > 1 else plan.rule[0]
        age = self.age if self.all_ages else np.where(self.age_known, self.age, 30.0)
        if rules & {COMPLETED, CLASS}:
            age = np.where(rule >= COMPLETED, np.floor(age), age)
        used = np.clip(age, first, last)
        if YEARS_TO_100 in rules:
            above = age > 99
            if above.any():
                used = np.where(above & (last == 100) & (rule == YEARS_TO_100), 100.0, used)
        graded.clamped[self.block] = used != age
        if CLASS in rules:
            used = np.where(rule == CLASS, used - used % CLASS_YEARS, used)
        return used

    # -- the conventions

    def _round(self, graded: GradedMany, standard: Floats, factor: Floats) -> None:
        plan = self.plan
        age_standard, grade = graded.age_standard_s[self.block], graded.age_grade[self.block]
        np.divide(standard, factor, out=age_standard)
        if plan.conventions == [_EXACT]:
            np.divide(age_standard, self.time_s, out=grade)
            return
        convention = np.broadcast_to(plan.convention[self.of], age_standard.shape)
        if _CALCULATOR in plan.conventions:
            self._calculator(age_standard, grade, convention == _CALCULATOR)
        if _WHOLE_SECOND in plan.conventions:
            self._whole_second(age_standard, grade, convention == _WHOLE_SECOND)
        if _EXACT in plan.conventions:
            np.divide(age_standard, self.time_s, out=grade, where=convention == _EXACT)

    def _calculator(self, age_standard: Floats, grade: Floats, ours: Flags) -> None:
        seconds = age_standard[ours]
        scale = np.where(seconds >= 3600, 1.0, 10.0)
        seconds = np.floor(seconds * scale + 0.5) / scale
        age_standard[ours] = seconds
        grade[ours] = np.floor(100 * seconds / self.time_s[ours] * 100.0 + 0.5) / 100.0 / 100.0

    def _whole_second(self, age_standard: Floats, grade: Floats, ours: Flags) -> None:
        per_second = np.where(np.broadcast_to(self.on_track, ours.shape), 100.0, 1.0)
        steps = age_standard * per_second
        in_cell = np.broadcast_to(self.in_cell, ours.shape)
        printed = np.take(official_standards_of(self.plan.names), np.broadcast_to(self.cell, ours.shape))
        seconds = np.where(in_cell, printed, np.floor(steps + 0.5) / per_second)
        percent = 10_000 * seconds / self.time_s
        on_edge = ours & ((~in_cell & _on_edge(steps)) | _on_edge(percent))
        self.again = on_edge if self.again is None else self.again | on_edge
        age_standard[ours] = seconds[ours]
        grade[ours] = (np.floor(percent + 0.5) / 100.0 / 100.0)[ours]

    def _finish(self, graded: GradedMany) -> Numbers:
        if self.reason is not None:
            self._blank(graded, self.reason)
        again = self.again
        if not self.plan.plain:
            singly = np.broadcast_to(self.plan.one_by_one[self.of], (len(self.time_s),))
            again = singly if again is None else again | singly
        return np.empty(0, dtype=np.intp) if again is None else np.flatnonzero(again)

    def _blank(self, graded: GradedMany, reason: Reasons) -> None:
        graded.reason[self.block] = reason
        refused = np.flatnonzero(reason)
        for name in ("age_grade", "age_standard_s", "open_standard_s"):
            getattr(graded, name)[self.block][refused] = np.nan
        refused = refused[reason[refused] != REASON[NO_OPEN_STANDARD]]
        for name in ("age_factor", "age_used"):
            getattr(graded, name)[self.block][refused] = np.nan
        graded.interpolated[self.block][refused] = False
        graded.clamped[self.block][refused] = False


def _is_column(atlas: Atlas, distance_m: Floats, column: Numbers) -> Flags:
    """Whether a distance is the one a column is headed by or named after, when it stands elsewhere on the line."""
    return (np.abs(distance_m - atlas.distance[column]) <= SAME_COLUMN_M) | (
        np.abs(distance_m - atlas.official[column]) <= SAME_COLUMN_M
    )


def _on_edge(values: Floats) -> Flags:
    """Whether a value lies so near to a half that binary arithmetic may round it to the wrong side."""
    halves = values + 0.5
    return np.abs(halves - np.rint(halves)) <= np.maximum(_EDGE, _EDGE_PART * np.abs(halves))
