"""One published table as a page or a file shows it: ages down, events across, and what stands in a cell.

A cell is the time for a level (100 % is the age standard itself, as the convention rounds it; lower levels are floored,
so that running them really reaches the level) or the age factor as printed.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from performance import agegrade
from performance.agegrade import EventColumn, PublishedTable

FACTORS: Final = "factors"
#: what may stand in the cells: the factors, or the times for a level in per cent
LEVELS: Final = (100, 90, 85, 80, 75, 70, 65, 60)
#: a page shows so many years at once, starting at a full ten
YEARS_A_PAGE: Final = 20
_FIRST_SHOWN: Final = 40


@dataclass(frozen=True, kw_only=True)
class AgeRow:
    """cells: seconds or factors, None where the column has no such age. mine: the reader's own age."""

    age: int
    cells: tuple[float | None, ...]
    mine: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """Ages from first to last, as a page shows them."""

    first: int
    last: int

    def __contains__(self, age: object) -> bool:
        return isinstance(age, int) and self.first <= age <= self.last


@dataclass(frozen=True)
class AgeTable:
    """published: the whole sheet. level: per cent, or None for the factors."""

    published: PublishedTable
    level: int | None

    @property
    def events(self) -> tuple[EventColumn, ...]:
        return self.published.events

    @property
    def bands(self) -> list[Band]:
        """The parts in which it is shown: decades by twos, whatever the first age of the sheet."""
        ages = self.published.ages
        starts = range(ages[0] // YEARS_A_PAGE * YEARS_A_PAGE, ages[-1], YEARS_A_PAGE)
        return [
            Band(first=max(start, ages[0]), last=ages[-1] if start == starts[-1] else start + YEARS_A_PAGE - 1)
            for start in starts
        ]

    def band_of(self, age: int | None) -> Band:
        """The part that holds this age, or the nearest one to it."""
        ages = self.published.ages
        shown = min(max(_FIRST_SHOWN if age is None else age, ages[0]), ages[-1])
        return next(band for band in self.bands if shown in band)

    def row_of(self, age: int | None) -> int | None:
        """The printed age that a reader of this age finds himself at; None outside the sheet."""
        ages = self.published.ages
        if age is None or not ages[0] <= age <= ages[-1] + 1:
            return None
        return max(printed for printed in ages if printed <= age)

    def rows(self, band: Band | None = None, *, age: int | None = None) -> Iterator[AgeRow]:
        """Every printed age, or those of a band."""
        mine = self.row_of(age)
        cells = self.published.factors if self.level is None else self.published.standards_s
        for printed, row in zip(self.published.ages, cells, strict=True):
            if band is None or printed in band:
                yield AgeRow(age=printed, cells=tuple(map(self._cell, row)), mine=printed == mine)

    def _cell(self, value: float | None) -> float | None:
        if value is None or self.level is None or self.level == 100:
            return value
        return float(math.floor(value / (self.level / 100) + 1e-9))


def age_table(*, edition: str, surface: str, sex: str, convention: str, show: str) -> AgeTable:
    """show: "factors" or a level in per cent; an edition without open standards has factors only. Raises Refused."""
    published = agegrade.published_table(edition=edition, surface=surface, sex=sex, convention=convention)
    factors = show == FACTORS or not agegrade.EDITIONS[published.edition].has_open_standards
    return AgeTable(published, None if factors else int(show))
