"""Grading one performance, with its proof, and the questions that go the other way.

    age standard = open standard / age factor,  age grade = age standard / time,  age-graded time = time x age factor

Every function takes the same words for a race: sex, age, a distance or the name of an event, and optionally edition,
surface and convention. Every one raises Refused where the published tables give no answer; no table is ever stretched.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, NamedTuple

from performance.agegrade.conventions import (
    CALCULATOR,
    EXACT,
    WHOLE_SECOND,
    calculator_percent,
    calculator_standard,
    find_convention,
    whole_second_percent,
    whole_second_standard,
)
from performance.agegrade.editions import ROAD, Ages, Edition, editions
from performance.agegrade.events import fold
from performance.agegrade.refusals import (
    AGE_MISSING,
    AGE_OUT_OF_RANGE,
    DISTANCE_CONFLICT,
    EDITION_UNKNOWN,
    NO_OPEN_STANDARD,
    TIME_INVALID,
    Refused,
)
from performance.agegrade.sheets import CLASS_YEARS, Place, Sheet, check_run, find_sheet, find_surface, named_sheets

OLDEST: Final = 120
#: beyond these a time is a slip of the pen, and arithmetic would overflow
SHORTEST_TIME_S: Final = 1e-3
LONGEST_TIME_S: Final = 1e9

#: the lowest grade of each class, highest first; a grade equal to the limit has reached it
CLASSES: Final = ((0.9, "world"), (0.8, "national"), (0.7, "regional"), (0.6, "local"))
_FLOAT_NOISE: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeFactor:
    """What an edition says of an age.

    event: the column's name, "" where the distance lies between two columns. distance_m: what is run at this age.
    age_used: the age the tables were read at; clamped says that it is the first or last one they have.
    columns: the names of the one or two columns used; interpolated says that it was two.
    """

    edition: str
    surface: str
    sex: str
    event: str
    distance_m: float
    age: float
    age_used: float
    age_factor: float
    interpolated: bool
    columns: tuple[str, ...]
    clamped: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard(AgeFactor):
    """The age standard: the time that grades 1, rounded as the convention rounds it (seconds)."""

    convention: str
    open_standard_s: float
    age_standard_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeGrade(Standard):
    """A graded time. age_grade is a fraction; class_word is "" below 60 % and never reached by rounding."""

    time_s: float
    age_graded_time_s: float
    age_grade: float
    age_grade_pct: float
    class_word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderEdition:
    """One race under one edition: a result, or the reason why there is none."""

    edition: Edition
    result: AgeGrade | None
    refusal: Refused | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A name that stands for a fixed edition, distance and convention."""

    name: str
    edition: str
    distance_m: float
    convention: str


PARKRUN: Final = Preset(name="parkrun", edition="road-2010", distance_m=5000.0, convention=WHOLE_SECOND)


class _Found(NamedTuple):
    sheet: Sheet
    place: Place
    age: float
    age_used: float
    clamped: bool
    factor: float


# -- the face ----------------------------------------------------------------------------------------------------------


def age_factor(
    *,
    age: float | None,
    sex: str | None,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = ROAD,
) -> AgeFactor:
    """The age factor alone: all that wma-2014-5yr can give."""
    found = _find(age=age, sex=sex, distance_m=distance_m, event=event, edition=edition, surface=surface)
    return AgeFactor(**_factor_fields(found))


def age_standard(
    *,
    age: float | None,
    sex: str | None,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = ROAD,
    convention: str = EXACT,
) -> Standard:
    """The time that grades 1 at this age, with how it was found. Ages outside the tables are clamped and say so."""
    edition, distance_m, convention = _settle(edition, distance_m, convention)
    found = _find(age=age, sex=sex, distance_m=distance_m, event=event, edition=edition, surface=surface)
    return Standard(**_standard_fields(found, convention))


def age_grade(
    *,
    time_s: float | None,
    age: float | None,
    sex: str | None,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = ROAD,
    convention: str = EXACT,
) -> AgeGrade:
    """Grade a time: age standard / time, so that 1.0 equals the age standard and faster grades higher.

    time_s: seconds, above 0. age: completed years on race day, or with a fraction. sex: which table, M or F.
    distance_m and event: one of them, or both if they agree. convention: exact, calculator, whole-second or parkrun.
    """
    edition, distance_m, convention = _settle(edition, distance_m, convention)
    found = _find(age=age, sex=sex, distance_m=distance_m, event=event, edition=edition, surface=surface)
    return _graded(_standard_fields(found, convention), time_s)


def grade(
    *,
    time_s: float,
    age: float,
    sex: str,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = ROAD,
    convention: str = EXACT,
) -> float:
    """The age grade alone, a fraction, equal to age_grade(...).age_grade: for loops over many.

    A whole age, a column's own distance and the exact convention cost well under a microsecond; all else goes the long
    way. For whole arrays grade_many() is faster still.
    """
    if convention == EXACT and (event is None or distance_m is None):
        try:
            column = named_sheets[edition, surface, sex].plain[distance_m if event is None else event]
            year = int(age) - column.first_age
            if year >= 0 and column.first_age + year == age and SHORTEST_TIME_S <= time_s <= LONGEST_TIME_S:
                return column.standards[year] / time_s
        except (KeyError, IndexError, TypeError, ValueError, OverflowError):
            pass
    return age_grade(
        time_s=time_s,
        age=age,
        sex=sex,
        distance_m=distance_m,
        event=event,
        edition=edition,
        surface=surface,
        convention=convention,
    ).age_grade


def time_for_grade(
    *,
    age_grade: float,
    age: float | None,
    sex: str | None,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = ROAD,
    convention: str = EXACT,
) -> float:
    """The time in seconds that earns this grade (a fraction, above 0); not rounded, so floor it before showing it."""
    if not (age_grade > 0 and math.isfinite(age_grade)):
        raise ValueError(f"A grade must be a fraction above 0, not {age_grade!r}")
    standard = age_standard(
        age=age,
        sex=sex,
        distance_m=distance_m,
        event=event,
        edition=edition,
        surface=surface,
        convention=convention,
    )
    return standard.age_standard_s / age_grade


def equivalent_time(
    performance: AgeGrade,
    *,
    age: float | None = None,
    sex: str | None = None,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str | None = None,
) -> AgeGrade:
    """The time worth the same at another age, sex, distance or edition: what is not named stays as it was.

    The grade is carried over unrounded, in the performance's own convention.
    """
    if distance_m is None and event is None:
        event, distance_m = (performance.event, None) if performance.event else (None, performance.distance_m)
    found = _find(
        age=performance.age if age is None else age,
        sex=sex or performance.sex,
        distance_m=distance_m,
        event=event,
        edition=edition or performance.edition,
        surface=performance.surface if surface is None else surface,
    )
    fields = _standard_fields(found, performance.convention)
    return _graded(fields, fields["age_standard_s"] * performance.time_s / performance.age_standard_s)


def under_every_edition(
    *,
    time_s: float | None,
    age: float | None,
    sex: str | None,
    distance_m: float | None = None,
    event: str | None = None,
    surface: str = ROAD,
    convention: str = EXACT,
) -> tuple[UnderEdition, ...]:
    """The same race under every offered edition that has this surface, side by side."""
    rows = []
    surface = find_surface(surface, event=event)
    for edition in editions():
        if surface not in edition.surfaces:
            continue
        try:
            result = age_grade(
                time_s=time_s,
                age=age,
                sex=sex,
                distance_m=distance_m,
                event=event,
                edition=edition.id,
                surface=surface,
                convention=convention,
            )
            rows.append(UnderEdition(edition=edition, result=result, refusal=None))
        except Refused as refusal:
            rows.append(UnderEdition(edition=edition, result=None, refusal=refusal))
    return tuple(rows)


def class_word(age_grade: float) -> str:
    """The class a grade has reached: local from 0.6, regional 0.7, national 0.8, world 0.9; "" below."""
    for limit, word in CLASSES:
        if age_grade >= limit - _FLOAT_NOISE:
            return word
    return ""


# -- the steps ---------------------------------------------------------------------------------------------------------


def _settle(edition: str | None, distance_m: float | None, convention: str) -> tuple[str | None, float | None, str]:
    """Edition, distance and convention after a preset in the place of the convention has spoken."""
    if convention in (EXACT, CALCULATOR, WHOLE_SECOND):
        return edition, distance_m, convention
    if fold(convention) != PARKRUN.name:
        return edition, distance_m, find_convention(convention)
    if edition and edition.strip().lower() != PARKRUN.edition:
        raise Refused(EDITION_UNKNOWN, f"parkrun grades by {PARKRUN.edition}, not by {edition.strip()}.")
    if distance_m is not None and not math.isnan(distance_m) and distance_m != PARKRUN.distance_m:
        raise Refused(DISTANCE_CONFLICT, "A parkrun is 5 km.")
    return PARKRUN.edition, PARKRUN.distance_m, PARKRUN.convention


def usable_age(age: float | None) -> float:
    """The age as a float. Raises Refused: age_missing, age_out_of_range."""
    if age is None or math.isnan(age):
        raise Refused(AGE_MISSING, "The age is not given.")
    if not 0 < age <= OLDEST:
        raise Refused(AGE_OUT_OF_RANGE, f"An age must be above 0 and at most {OLDEST} years.")
    return float(age)


def age_in_table(place: Place, rule: Ages, age: float) -> tuple[float, bool]:
    """The age to read the columns at, and whether it had to be clamped to their first or last one."""
    first, last = place.first_age, place.last_age
    if rule is Ages.BETWEEN_YEARS or rule is Ages.BETWEEN_NODES:
        if age > 99 and last == 100 and rule is Ages.BETWEEN_YEARS:
            return 100.0, age != 100
        used = min(max(age, first), last)
        return float(used), used != age
    completed = math.floor(age)
    used = min(max(completed, first), last)
    return float(used - used % CLASS_YEARS if rule is Ages.CLASSES else used), used != completed


def _find(
    *,
    age: float | None,
    sex: str | None,
    distance_m: float | None,
    event: str | None,
    edition: str | None,
    surface: str,
) -> _Found:
    chosen = find_sheet(edition=edition, surface=surface, sex=sex, event=event)
    years = usable_age(age)
    if distance_m is not None and math.isnan(distance_m):
        distance_m = None
    place = chosen.place(event=event, distance_m=distance_m)
    used, clamped = age_in_table(place, chosen.edition.ages, years)
    check_run(place, age=used, distance_m=distance_m)
    factor = place.column.factor(used)
    if place.beyond is not None:
        factor = (1.0 - place.part) * factor + place.part * place.beyond.factor(used)
    return _Found(chosen, place, years, used, clamped, factor)


def _factor_fields(found: _Found) -> dict[str, Any]:
    column, beyond = found.place.column, found.place.beyond
    return {
        "edition": column.edition,
        "surface": column.surface,
        "sex": column.sex,
        "event": column.event if beyond is None else "",
        "distance_m": column.run_at(found.age_used) if beyond is None else found.place.distance_m,
        "age": found.age,
        "age_used": found.age_used,
        "age_factor": found.factor,
        "interpolated": beyond is not None,
        "columns": (column.event,) if beyond is None else (column.event, beyond.event),
        "clamped": found.clamped,
        "source": found.sheet.source,
    }


def _standard_fields(found: _Found, convention: str) -> dict[str, Any]:
    standard_s = _open_standard(found.place)
    if standard_s is None:
        raise Refused(
            NO_OPEN_STANDARD,
            f"The edition {found.sheet.edition.id} publishes age factors without open standards: it cannot grade.",
        )
    if convention == EXACT:
        rounded_s = standard_s / found.factor
    elif convention == CALCULATOR:
        rounded_s = calculator_standard(standard_s / found.factor)
    else:
        rounded_s = _official_standard(found)
    fields = _factor_fields(found)
    fields.update(convention=convention, open_standard_s=standard_s, age_standard_s=rounded_s)
    return fields


def _open_standard(place: Place) -> float | None:
    """Seconds, linear in distance between two columns; None where the edition publishes none."""
    standard_s = place.column.open_standard_s
    if place.beyond is None or standard_s is None or place.beyond.open_standard_s is None:
        return standard_s
    return (1.0 - place.part) * standard_s + place.part * place.beyond.open_standard_s


def _official_standard(found: _Found) -> float:
    """As the official sheet prints it; between its rows or columns, what its rule would print there."""
    column, beyond, used = found.place.column, found.place.beyond, found.age_used
    if beyond is None and used.is_integer():
        return found.sheet.official_standards[column.event][int(used) - column.first_age]
    standard, factor = Fraction(repr(column.open_standard_s)), column.exact_factor(used)
    if beyond is not None:
        part = found.place.exact_part
        standard = (1 - part) * standard + part * Fraction(repr(beyond.open_standard_s))
        factor = (1 - part) * factor + part * beyond.exact_factor(used)
    return whole_second_standard(standard, factor, column.surface)


def _graded(standard: dict[str, Any], time_s: float | None) -> AgeGrade:
    """The result of a time over a standard, given as the fields of a Standard."""
    if time_s is None or not SHORTEST_TIME_S <= time_s <= LONGEST_TIME_S:
        raise Refused(TIME_INVALID, "A time must be a number of seconds above 0.")
    time_s = float(time_s)
    age_standard_s, convention = standard["age_standard_s"], standard["convention"]
    fraction = age_standard_s / time_s
    if convention == EXACT:
        percent = 100.0 * age_standard_s / time_s
    elif convention == CALCULATOR:
        percent = calculator_percent(age_standard_s, time_s)
    else:
        percent = whole_second_percent(age_standard_s, time_s)
    return AgeGrade(
        **standard,
        time_s=time_s,
        age_graded_time_s=time_s * standard["age_factor"],
        age_grade=fraction if convention == EXACT else percent / 100.0,
        age_grade_pct=percent,
        class_word=class_word(fraction),
    )
