"""The tables in memory: one sheet for every edition, surface and sex, one column for every event on it.

A sheet is read when it is first asked for (a few milliseconds) and kept. Columns hold a factor for every whole year
between their first and last age: what an edition prints in five-year classes or at nodes is spread out here by the
edition's own rule, so that everything above this module sees years only. Only this module and editions.py read the
files in tables/.
"""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from performance.agegrade.conventions import whole_second_standard
from performance.agegrade.editions import (
    EDITIONS,
    ROAD,
    TABLES,
    TRACK,
    WALK,
    Ages,
    Edition,
    default_edition,
    find_edition,
    is_flat,
    standard_rows,
)
from performance.agegrade.events import FLAT, HURDLES, STEEPLECHASE, Event, fold, parse_event
from performance.agegrade.events import WALK as WALK_EVENT
from performance.agegrade.refusals import (
    DISTANCE_CONFLICT,
    DISTANCE_OUT_OF_RANGE,
    EVENT_UNKNOWN,
    SEX_MISSING,
    SURFACE_NOT_IN_EDITION,
    Refused,
)

#: a distance this close to a column is that column: a mile typed as 1609.34 m, and rounding noise
SAME_COLUMN_M: Final = 0.005
#: an event and a distance given together may differ by this part of the distance (21.1 km for a half)
SAME_EVENT: Final = 0.001
CLASS_YEARS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One event of a sheet.

    distance_m: as the sheet heads it; official_m: as the event's name says (they differ by a slip or two).
    position_m: where the reference calculator puts it when it interpolates.
    factors: one for every whole year from first_age to last_age. published_ages: those that are printed.
    runs: for championship events, from which age which distance is run.
    """

    edition: str
    surface: str
    sex: str
    event: str
    distance_m: float
    official_m: float
    position_m: float
    open_standard_s: float | None
    first_age: int
    last_age: int
    factors: tuple[float, ...]
    published_ages: tuple[int, ...]
    runs: tuple[tuple[int, float], ...]
    standards: tuple[float, ...] = field(default=())

    def factor(self, age: float) -> float:
        """The factor at an age inside the column; between two birthdays linear."""
        year = int(age)
        part = age - year
        index = year - self.first_age
        if not part:
            return self.factors[index]
        return part * self.factors[index + 1] + (1.0 - part) * self.factors[index]

    def exact_factor(self, age: float) -> Fraction:
        """The same without any rounding, from the decimal digits of age and factors."""
        year = int(age)
        index = year - self.first_age
        part = Fraction(repr(age)) - year
        if not part:
            return Fraction(repr(self.factors[index]))
        return part * Fraction(repr(self.factors[index + 1])) + (1 - part) * Fraction(repr(self.factors[index]))

    def run_at(self, age: float) -> float:
        """The distance that is run in this event at this age, metres."""
        distance_m = self.distance_m
        for from_age, at_this_age_m in self.runs:
            if age >= from_age:
                distance_m = at_this_age_m
        return distance_m


class Place(NamedTuple):
    """Where an event or a distance stands on a sheet: in a column, or a part of the way from one to the next."""

    column: Column
    beyond: Column | None = None
    part: float = 0.0
    distance_m: float | None = None

    @property
    def first_age(self) -> int:
        return self.column.first_age if self.beyond is None else max(self.column.first_age, self.beyond.first_age)

    @property
    def last_age(self) -> int:
        return self.column.last_age if self.beyond is None else min(self.column.last_age, self.beyond.last_age)

    @property
    def exact_part(self) -> Fraction:
        if self.beyond is None or self.distance_m is None:
            return Fraction(0)
        start = Fraction(repr(self.column.position_m))
        return (Fraction(repr(self.distance_m)) - start) / (Fraction(repr(self.beyond.position_m)) - start)


class Sheet:
    """All columns of one edition, surface and sex. Flat columns stand in a line, the others are found by name only."""

    def __init__(self, edition: Edition, surface: str, sex: str, columns: tuple[Column, ...]) -> None:
        self.edition = edition
        self.surface = surface
        self.sex = sex
        self.source = edition.source
        self.flat = tuple(sorted((c for c in columns if is_flat(c.event)), key=lambda column: column.position_m))
        others = sorted((c for c in columns if not is_flat(c.event)), key=lambda column: column.distance_m)
        self.columns = (*self.flat, *others)
        self.positions = tuple(column.position_m for column in self.flat)
        self.by_event: Mapping[str, Column] = {column.event: column for column in columns}
        self.by_name: Mapping[str, Column] = {fold(column.event): column for column in columns}
        self.by_distance: Mapping[float, Column] = {
            distance_m: column for column in self.flat for distance_m in (column.official_m, column.distance_m)
        }
        self._distances = sorted(self.by_distance)
        #: the columns under the very words and numbers that name them: the shortest way in
        self.plain: dict[str | float | None, Column] = {column.event: column for column in columns}
        for distance_m, column in self.by_distance.items():
            self.plain[distance_m] = column

    @property
    def name(self) -> str:
        return f"{self.edition.id} {self.surface} {'men' if self.sex == 'M' else 'women'}"

    # -- finding an event ----------------------------------------------------------------------------------------------

    def place(self, *, event: str | None, distance_m: float | None) -> Place:
        """Where a race stands, by its name, its distance or both.

        Raises Refused: event_unknown, distance_out_of_range, or distance_conflict where the two are not one event
        (for a championship event that needs the age as well: see check_run()).
        """
        if distance_m is None or not event:
            known = self.plain.get(event or distance_m)
            if known is not None:
                return Place(known)
        if not event or event.isspace():
            if distance_m is None:
                raise Refused(EVENT_UNKNOWN, "Neither an event nor a distance is given.")
            return self._at(distance_m)
        place = self._named(event)
        if distance_m is not None and is_flat(place.column.event):
            expected_m = place.column.official_m if place.distance_m is None else place.distance_m
            if not abs(distance_m - expected_m) <= SAME_EVENT * expected_m:
                raise Refused(
                    DISTANCE_CONFLICT, f"The event “{event.strip()}” and the distance {distance_m:g} m do not agree."
                )
        return place

    def _named(self, name: str) -> Place:
        column = self.by_name.get(fold(name))
        if column is not None:
            return Place(column)
        if self.surface == TRACK and name.strip().isdecimal():  # 800 in a list of track results
            return self._at(float(name))
        event = parse_event(name)
        if event.kind == WALK_EVENT and self.surface != WALK:
            raise Refused(EVENT_UNKNOWN, f"“{name.strip()}” is a race walk; the {self.name} sheet holds runs.")
        if event.kind in (FLAT, WALK_EVENT) and event.distance_m is not None:
            return self._at(event.distance_m)
        return Place(self._championship(event, name), distance_m=event.distance_m)

    def _championship(self, event: Event, name: str) -> Column:
        stems = [event.name]
        if event.distance_m is not None:
            metres = f"{event.distance_m:g}"
            stems = [f"{metres}mH" if event.kind == HURDLES else f"{metres}mSC"]
            if event.kind == STEEPLECHASE:
                stems.append("steeplechase")
            elif f"{metres}mH" not in self.by_event:
                stems += [stem for stem in ("short_hurdles", "long_hurdles") if self._may_be(stem, event.distance_m)]
        for stem in stems:
            if stem in self.by_event:
                return self.by_event[stem]
        close = [column.event for column in self.columns if column.event.startswith(f"{stems[0]}_")]
        if close:
            raise Refused(EVENT_UNKNOWN, f"“{name.strip()}” may be {' or '.join(close)}: name one of them.")
        raise Refused(EVENT_UNKNOWN, f"The {self.name} sheet has no event “{name.strip()}”.")

    def _may_be(self, stem: str, distance_m: float) -> bool:
        column = self.by_event.get(stem)
        return column is not None and distance_m in {metres for _age, metres in column.runs}

    def _at(self, distance_m: float) -> Place:
        if not distance_m > 0:
            raise Refused(DISTANCE_OUT_OF_RANGE, "The distance must be a number of metres above 0.")
        column = self._near(distance_m)
        if column is not None:
            return Place(column)
        if not self.positions or not self.positions[0] <= distance_m <= self.positions[-1]:
            raise Refused(DISTANCE_OUT_OF_RANGE, f"{self._span()} Nothing is published for {distance_m:g} m.")
        index = bisect_right(self.positions, distance_m) - 1
        shorter = self.flat[index]
        if distance_m == shorter.position_m:
            return Place(shorter, distance_m=float(distance_m))
        longer = self.flat[index + 1]
        part = (distance_m - shorter.position_m) / (longer.position_m - shorter.position_m)
        return Place(shorter, longer, part, float(distance_m))

    def _near(self, distance_m: float) -> Column | None:
        index = bisect_left(self._distances, distance_m - SAME_COLUMN_M)
        if index < len(self._distances) and self._distances[index] <= distance_m + SAME_COLUMN_M:
            return self.by_distance[self._distances[index]]
        return None

    def _span(self) -> str:
        if not self.flat:
            return f"The {self.name} sheet holds no plain distances."
        return f"The {self.name} sheet runs from {self.flat[0].distance_m:g} m to {self.flat[-1].distance_m:g} m."

    # -- the official sheet --------------------------------------------------------------------------------------------

    @cached_property
    def official_standards(self) -> Mapping[str, tuple[float, ...]]:
        """Age standards in seconds as the whole-second sheets print them: by event, one for each year of the column."""
        return {
            column.event: tuple(
                _exceptions().get(
                    (column.edition, column.surface, column.sex, column.event, age),
                    whole_second_standard(
                        Fraction(repr(column.open_standard_s)), column.exact_factor(age), column.surface
                    ),
                )
                for age in range(column.first_age, column.last_age + 1)
            )
            for column in self.columns
            if column.open_standard_s is not None
        }


def check_run(place: Place, *, age: float, distance_m: float | None) -> None:
    """Refuse a championship race over another distance than this age runs (or than the open event has).

    A hurdles or steeplechase factor already holds the change of distance with age, so a man of 40 may not be graded
    over 2000 m of steeplechase with a factor made for 3000 m.
    """
    column = place.column
    if is_flat(column.event):
        return
    allowed = (column.distance_m, column.run_at(age))
    for given_m in (place.distance_m, distance_m):
        if given_m is not None and not any(abs(given_m - metres) <= SAME_EVENT * metres for metres in allowed):
            event = column.event.replace("_", " ")
            raise Refused(DISTANCE_CONFLICT, f"At this age {event} means {allowed[1]:g} m, not {given_m:g} m.")


# -- choosing a sheet --------------------------------------------------------------------------------------------------

_SEX_WORDS: Final = {
    **dict.fromkeys(("M", "MALE", "MAN", "MEN"), "M"),
    **dict.fromkeys(("F", "FEMALE", "W", "WOMAN", "WOMEN"), "F"),
}


def find_sheet(*, edition: str | None, surface: str, sex: str | None, event: str | None = None) -> Sheet:
    """The sheet to grade with. Raises Refused: edition_unknown, surface_not_in_edition, sex_missing.

    No edition means the default of the surface; a blank surface means the one the event's name tells, else road, else
    what the edition has.
    """
    known = named_sheets.get((edition, surface, sex))
    if known is not None:
        return known
    chosen = find_edition(edition) if edition and not edition.isspace() else None
    surface = find_surface(surface, event=event, edition=chosen)
    if chosen is None:
        chosen = default_edition(surface)
    if surface not in chosen.surfaces:
        raise Refused(SURFACE_NOT_IN_EDITION, f"The edition {chosen.id} has no tables for the surface “{surface}”.")
    table = _SEX_WORDS.get(sex.strip().upper()) if sex else None
    if table is None:
        raise Refused(SEX_MISSING, "Which table grades this person, men (M) or women (F), is not given.")
    return sheet(chosen.id, surface, table)


#: sheets under the plain words that name them, kept once they are read
named_sheets: dict[tuple[str | None, str, str | None], Sheet] = {}


def find_surface(surface: str | None, *, event: str | None, edition: Edition | None = None) -> str:
    """The surface of this name; where it is blank, the one the event's name tells, else road, else what there is."""
    named = (surface or "").strip().lower()
    if named:
        return named
    if event and not event.isspace():
        try:
            kind = parse_event(event).kind
        except Refused:
            kind = FLAT
        if kind == WALK_EVENT:
            return WALK
        if kind in (HURDLES, STEEPLECHASE):
            return TRACK
    return ROAD if edition is None or ROAD in edition.surfaces else edition.surfaces[0]


@cache
def sheet(edition: str, surface: str, sex: str) -> Sheet:
    """The sheet of exactly these names; the first call reads it from the files."""
    read = Sheet(EDITIONS[edition], surface, sex, tuple(_columns(edition, surface, sex)))
    named_sheets[edition, surface, sex] = read
    if edition == default_edition(surface).id:
        named_sheets[None, surface, sex] = read
    return read


# -- reading the files -------------------------------------------------------------------------------------------------


def _columns(edition: str, surface: str, sex: str) -> Iterator[Column]:
    factors = _factors(edition, surface, sex)
    overrides, runs = _overrides(), _championship_distances()
    rule = EDITIONS[edition].ages
    for on_surface, for_sex, event, distance_m, standard in standard_rows(edition):
        if (on_surface, for_sex) != (surface, sex):
            continue
        years = dict(_years(factors[event], rule))
        yield Column(
            edition=edition,
            surface=surface,
            sex=sex,
            event=event,
            distance_m=distance_m,
            official_m=_official_m(event, distance_m),
            position_m=overrides.get((edition, sex, event), distance_m),
            open_standard_s=standard,
            first_age=min(years),
            last_age=max(years),
            factors=tuple(years.values()),
            published_ages=tuple(factors[event]),
            runs=runs.get((edition, sex, event), ()),
            standards=() if standard is None else tuple(standard / factor for factor in years.values()),
        )


def _factors(edition: str, surface: str, sex: str) -> Mapping[str, Mapping[int, float]]:
    """Factors by event and age. Thousands of lines without quotes: split by hand, a sheet takes a few milliseconds."""
    factors: dict[str, dict[int, float]] = {}
    ours = f"{edition},{surface},{sex},"
    for line in (TABLES / f"factors_{edition}.csv").read_text(encoding="utf-8").splitlines():
        if line.startswith(ours):
            event, age, factor = line[len(ours) :].split(",")
            factors.setdefault(event, {})[int(age)] = float(factor)
    return factors


def _official_m(event: str, distance_m: float) -> float:
    if not is_flat(event):
        return distance_m
    return parse_event(event).distance_m or distance_m


def _years(published: Mapping[int, float], rule: Ages) -> Iterator[tuple[int, float]]:
    """A factor for every whole year: classes last five years, nodes are joined by straight lines."""
    ages = sorted(published)
    if rule is Ages.CLASSES:
        for start in ages:
            for age in range(start, start + CLASS_YEARS):
                yield age, published[start]
        return
    for age, following in pairwise(ages):
        for year in range(age, following):
            part = (year - age) / (following - age)
            yield year, part * published[following] + (1.0 - part) * published[age] if part else published[age]
    yield ages[-1], published[ages[-1]]


@cache
def _exceptions() -> Mapping[tuple[str, str, str, str, int], float]:
    with (TABLES / "age_standard_exceptions.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["edition"], row["surface"], row["sex"], row["event"], int(row["age"])): float(
                row["published_age_standard_s"]
            )
            for row in csv.DictReader(lines)
        }


@cache
def _overrides() -> Mapping[tuple[str, str, str], float]:
    with (TABLES / "calculator_distance_overrides.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["edition"], row["sex"], row["event"]): float(row["calculator_distance_m"])
            for row in csv.DictReader(lines)
        }


@cache
def _championship_distances() -> Mapping[tuple[str, str, str], tuple[tuple[int, float], ...]]:
    runs: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    with (TABLES / "championship_distances.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = row["edition"], row["sex"], row["event"]
            runs.setdefault(key, []).append((int(row["from_age"]), float(row["distance_m"])))
    return {key: tuple(sorted(steps)) for key, steps in runs.items()}
