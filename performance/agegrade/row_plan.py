"""What the words of many rows mean, decided once for each distinct combination of them.

A row of grade_many() has five words: convention, edition, surface, sex and event. A file of a million rows has perhaps
twenty combinations; each goes through the functions that find the sheet and the column for one performance, and what
comes out is kept as arrays over the combinations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from performance.agegrade.atlas import Flags, Floats, Numbers, SheetName, atlas
from performance.agegrade.conventions import CONVENTIONS, find_convention
from performance.agegrade.editions import is_flat
from performance.agegrade.events import fold
from performance.agegrade.grading import PARKRUN
from performance.agegrade.refusals import CODES, Refused
from performance.agegrade.sheets import Place, Sheet, find_sheet
from performance.agegrade.word_codes import word_codes

#: what the numbers in GradedMany.reason mean; 0 is a grade
REASONS: Final = ("", *CODES)
REASON: Final = {code: np.uint8(number) for number, code in enumerate(REASONS)}

_MOST_COMBINATIONS: Final = 1 << 20
Reasons = NDArray[np.uint8]
Coded = list[tuple[list[str], Numbers | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The arguments as arrays of one length. combination: which of the combinations a row has; None: all the first."""

    time_s: Floats
    age: Floats
    distance_m: Floats | None
    combinations: list[tuple[str, ...]]
    combination: Numbers | None

    @classmethod
    def of(cls, *, time_s: ArrayLike, age: ArrayLike, distance_m: ArrayLike | None, words: tuple[Any, ...]) -> "Rows":
        """words: convention, edition, surface, sex, event. Raises ValueError where lengths differ."""
        coded = [word_codes(column) for column in words]
        times, ages = np.asarray(time_s, dtype=np.float64), np.asarray(age, dtype=np.float64)
        distances = None if distance_m is None else np.asarray(distance_m, dtype=np.float64)
        lengths = {len(codes) for _, codes in coded if codes is not None}
        lengths |= {len(numbers) for numbers in (times, ages, distances) if numbers is not None and numbers.ndim}
        if len(lengths) > 1:
            raise ValueError(f"The arrays have different lengths: {sorted(lengths)}")
        shape = (lengths.pop() if lengths else 1,)
        combinations, combination = _combine(coded)
        return cls(
            np.broadcast_to(times, shape),
            np.broadcast_to(ages, shape),
            None if distances is None else np.broadcast_to(distances, shape),
            combinations,
            combination,
        )

    def words_of(self, row: int) -> tuple[str, ...]:
        return self.combinations[0 if self.combination is None else int(self.combination[row])]


def _combine(coded: Coded) -> tuple[list[tuple[str, ...]], Numbers | None]:
    """The distinct combinations of words that occur, and which of them each row has."""
    key: Numbers | None = None
    total = 1
    for distinct, codes in coded:
        if codes is not None:
            key = codes if key is None else key * len(distinct) + codes
            total *= len(distinct)
    if key is None:
        return [tuple(distinct[0] for distinct, _ in coded)], None
    if total <= _MOST_COMBINATIONS:
        present = np.flatnonzero(np.bincount(key, minlength=total))
        place = np.zeros(total, dtype=np.intp)
        place[present] = np.arange(len(present))
        combination = place[key]
    else:
        present, combination = np.unique(key, return_inverse=True)
    return [_spell(coded, number) for number in present.tolist()], combination


def _spell(coded: Coded, number: int) -> tuple[str, ...]:
    words = []
    for distinct, codes in reversed(coded):
        if codes is None:
            words.append(distinct[0])
        else:
            number, code = divmod(number, len(distinct))
            words.append(distinct[code])
    return tuple(reversed(words))


class Meaning(NamedTuple):
    """What a combination of words comes to.

    words_reason: refused before the age is looked at; event_reason: after it. by_distance: the column is still to be
    found. one_by_one: these rows go to age_grade(); with_distance_one_by_one: those of them that have a distance.
    """

    convention: int = 0
    sheet: Sheet | None = None
    place: Place | None = None
    words_reason: int = 0
    event_reason: int = 0
    by_distance: bool = False
    one_by_one: bool = False
    with_distance_one_by_one: bool = False


def meaning(words: tuple[str, ...]) -> Meaning:
    convention, edition, surface, sex, event = words
    if fold(convention) == PARKRUN.name:
        return Meaning(one_by_one=True)
    try:
        number = CONVENTIONS.index(find_convention(convention))
        chosen = find_sheet(edition=edition, surface=surface, sex=sex, event=event)
    except Refused as refused:
        return Meaning(words_reason=int(REASON[refused.code]))
    if not event or event.isspace():
        return Meaning(number, chosen, by_distance=True)
    try:
        place = chosen.place(event=event, distance_m=None)
    except Refused as refused:
        return Meaning(number, chosen, event_reason=int(REASON[refused.code]))
    flat = is_flat(place.column.event)
    return Meaning(
        number, chosen, place, one_by_one=not flat and place.distance_m is not None, with_distance_one_by_one=not flat
    )


class Plan:
    """All that is known before the first row is looked at, as arrays over the combinations of words.

    A combination without a sheet borrows the first one: its rows are refused whatever comes out.
    """

    def __init__(self, combinations: Sequence[tuple[str, ...]]) -> None:
        meanings = [meaning(words) for words in combinations]
        placed = [m.sheet for m in meanings if m.sheet is not None]
        self.names: tuple[SheetName, ...] = tuple(sorted({_name(each) for each in placed}))
        self.atlas = atlas(self.names) if self.names else None
        self.words_reason = np.array([m.words_reason for m in meanings], dtype=np.uint8)
        self.event_reason = np.array([m.event_reason for m in meanings], dtype=np.uint8)
        self.convention = np.array([m.convention for m in meanings], dtype=np.intp)
        self.conventions = sorted({m.convention for m in meanings if m.sheet is not None})
        self.by_distance: Flags = np.array([m.by_distance for m in meanings])
        self.ways = {m.by_distance for m in meanings if m.sheet is not None}
        self.one_by_one: Flags = np.array([m.one_by_one for m in meanings])
        self.with_distance: Flags = np.array([m.with_distance_one_by_one for m in meanings])
        self.expected_m = np.array([_expected_m(m.place) for m in meanings])
        self.plain = not (self.words_reason.any() or self.event_reason.any() or self.one_by_one.any())
        if self.atlas is None:
            return
        number = self.atlas.number
        self.column = self._numbers(number[id(m.place.column)] if m.place else 0 for m in meanings)
        self.beyond = self._numbers(number[id(m.place.beyond or m.place.column)] if m.place else 0 for m in meanings)
        self.part = np.array([m.place.part if m.place else 0.0 for m in meanings])
        sheet = self._numbers(self.names.index(_name(m.sheet)) if m.sheet else 0 for m in meanings)
        self.shortest, self.longest = self.atlas.shortest[sheet], self.atlas.longest[sheet]
        self.cell_offset = self.atlas.cell_offset[sheet]
        self.first_age, self.last_age = self.atlas.sheet_first_age[sheet], self.atlas.sheet_last_age[sheet]
        self.rule = self.atlas.sheet_rule[sheet]

    @staticmethod
    def _numbers(numbers: Any) -> Numbers:
        return np.fromiter(numbers, dtype=np.intp)


def _name(chosen: Sheet) -> SheetName:
    return chosen.edition.id, chosen.surface, chosen.sex


def _expected_m(place: Place | None) -> float:
    if place is None:
        return np.nan
    return place.column.official_m if place.distance_m is None else place.distance_m
