"""Some sheets as arrays, for grade_many(): columns one after the other, factors by column and whole age.

Built for the sheets a call needs and kept for the next one. Nothing here knows a row; the arithmetic is in
row_blocks.py.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from performance.agegrade.editions import TRACK, Ages
from performance.agegrade.grading import OLDEST
from performance.agegrade.sheets import Column, Sheet, sheet

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]
SheetName = tuple[str, str, str]

#: ages a row of factors holds: 0 to one above the oldest, so that the next year is always there
WIDTH: Final = OLDEST + 2

YEARS_TO_100, YEARS, COMPLETED, CLASS = range(4)
_RULES: Final = {
    Ages.BETWEEN_YEARS: YEARS_TO_100,
    Ages.BETWEEN_NODES: YEARS,
    Ages.WHOLE_YEARS: COMPLETED,
    Ages.CLASSES: CLASS,
}

_CELL_BITS: Final = 44
_FIRST_CELL, _LAST_CELL = (int(np.float64(metres).view(np.int64)) >> _CELL_BITS for metres in (32.0, 262_144.0))
_CELLS: Final = _LAST_CELL - _FIRST_CELL


class Atlas:
    """The columns of some sheets, sheet after sheet, the flat ones of a sheet first and by distance.

    Arrays over columns: position, gap (to the next flat column; infinite at the last), next_position, next_column,
    distance and official (metres), odd (it or the next is headed by another distance than its position), standard
    (seconds, NaN for none), first_age, last_age, rule, track, factor (by age). Arrays over sheets: shortest, longest,
    sheet_first_age, sheet_last_age, sheet_rule, cell_offset.
    """

    def __init__(self, sheets: tuple[Sheet, ...]) -> None:
        columns = [column for each in sheets for column in each.columns]
        firsts = np.cumsum([0, *(len(each.columns) for each in sheets)])[:-1]
        flats = np.array([len(each.flat) for each in sheets], dtype=np.intp)
        self.sheets = sheets
        self.number = {id(column): index for index, column in enumerate(columns)}
        self._measure(columns, (firsts + flats - 1).astype(np.intp))
        self.standard = np.array([np.nan if c.open_standard_s is None else c.open_standard_s for c in columns])
        self.factor = np.array([_spread(column.factors, column.first_age) for column in columns])
        self.track = np.array([column.surface == TRACK for column in columns])
        self.first_age = np.array([column.first_age for column in columns], dtype=float)
        self.last_age = np.array([column.last_age for column in columns], dtype=float)
        self.sheet_first_age, self.sheet_last_age = self.first_age[firsts], self.last_age[firsts]
        #: whether all flat columns of each sheet have the same ages
        self.even = all(len({(c.first_age, c.last_age) for c in each.flat}) == 1 for each in sheets)
        self.sheet_rule = np.array([_RULES[each.edition.ages] for each in sheets])
        self.rule = np.repeat(self.sheet_rule, [len(each.columns) for each in sheets])
        self.rules = set(self.sheet_rule.tolist())
        self.shortest = np.array([each.positions[0] for each in sheets])
        self.longest = np.array([each.positions[-1] for each in sheets])
        self._cells, self._steps = _cells(sheets, firsts)
        self.cell_offset = np.arange(len(sheets)) * _CELLS - _FIRST_CELL

    def _measure(self, columns: Sequence[Column], last_flat: Numbers) -> None:
        self.position = np.array([column.position_m for column in columns])
        self.distance = np.array([column.distance_m for column in columns])
        self.official = np.array([column.official_m for column in columns])
        self.next_position = np.append(self.position[1:], np.inf)
        self.next_position[last_flat] = np.inf
        self.next_column = np.arange(1, len(columns) + 1)
        self.next_column[last_flat] = last_flat
        self.gap = self.next_position - self.position
        odd = (self.distance != self.position) | (self.official != self.position)
        self.odd = odd | np.append(odd[1:], False)

    def column_before(self, distance_m: Floats, cell_offset: Any) -> Numbers:
        """The last flat column that is not longer than each distance, which must lie within its sheet."""
        column: Numbers = self._cells[(distance_m.view(np.int64) >> _CELL_BITS) + cell_offset]
        for _ in range(self._steps):
            column = column + (distance_m >= self.next_position[column])
        return column

    def factor_at(self, column: Any, year: Numbers, past: Floats | None) -> Floats:
        """The factor at whole years, or past them by a part of a year: as Column.factor() computes it."""
        cell = column * WIDTH + year
        values = np.take(self.factor, cell)
        if past is None:
            return values
        return past * np.take(self.factor, cell + 1) + (1.0 - past) * values

    def official_standards(self) -> Floats:
        """As the whole-second sheets print them, by column and age; NaN where there are none."""
        rows = []
        for each in self.sheets:
            for column in each.columns:
                printed = each.official_standards.get(column.event)
                rows.append([np.nan] * WIDTH if printed is None else _spread(printed, column.first_age))
        return np.array(rows)


def _spread(values: Sequence[float], first_age: int) -> list[float]:
    """One value for every age from 0, the first and the last repeated outwards."""
    after = WIDTH - first_age - len(values)
    return [values[0]] * first_age + list(values) + [values[-1]] * after


def _cells(sheets: tuple[Sheet, ...], firsts: NDArray[Any]) -> tuple[Numbers, int]:
    """For every sheet and every cell of distances the last flat column that begins before the cell.

    A cell is the distances whose floating-point numbers agree in exponent and leading bits: 0.4 % wide, so that a look
    in this table and a step or two replace a search. Also gives how many steps a cell can need.
    """
    starts = ((_FIRST_CELL + np.arange(_CELLS + 1)) << _CELL_BITS).view(np.float64)
    cells, steps = [np.empty(0, dtype=np.intp)], 0
    for first, each in zip(firsts.tolist(), sheets, strict=True):
        before = np.searchsorted(each.positions, starts, side="right") - 1
        steps = max(steps, int(np.diff(before).max()))
        cells.append(first + np.maximum(before[:-1], 0))
    return np.concatenate(cells), steps


@lru_cache(maxsize=16)
def atlas(names: tuple[SheetName, ...]) -> Atlas:
    return Atlas(tuple(sheet(*name) for name in names))


@lru_cache(maxsize=16)
def official_standards(names: tuple[SheetName, ...]) -> Floats:
    return atlas(names).official_standards()
