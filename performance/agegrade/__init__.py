"""Age grading by every published edition, exact to the last digit.

    from performance.agegrade import age_grade
    result = age_grade(time_s=2520, age=57, sex="F", distance_m=10_000)
    result.age_grade, result.age_standard_s, result.edition, result.class_word

What it hides: eleven editions of tables as files (tables/, with their sources), how each reads an age between its rows,
how the reference calculator goes between two distances, and three conventions of rounding. What it promises: a result
that carries its proof, or Refused with a code and a sentence; never a stretched table and never a guessed sex or age.
What was left out on purpose: field events, combined-event points, and tables nobody has published (trail,
cross-country, a third sex).

grade() gives the bare fraction for loops, grade_many() whole arrays; only the latter loads NumPy.
"""

from typing import TYPE_CHECKING, Any

from performance.agegrade.conventions import CALCULATOR, CONVENTIONS, EXACT, WHOLE_SECOND
from performance.agegrade.editions import (
    DEFAULT_EDITION,
    EDITIONS,
    ROAD,
    SEXES,
    SURFACES,
    TRACK,
    WALK,
    Ages,
    Edition,
    default_edition,
    editions,
)
from performance.agegrade.events import Event, parse_event
from performance.agegrade.grading import (
    CLASSES,
    PARKRUN,
    AgeFactor,
    AgeGrade,
    Preset,
    Standard,
    UnderEdition,
    age_factor,
    age_grade,
    age_standard,
    class_word,
    equivalent_time,
    grade,
    time_for_grade,
    under_every_edition,
)
from performance.agegrade.published import EventColumn, PublishedTable, events, published_table
from performance.agegrade.refusals import CODES, Refused

if TYPE_CHECKING:
    from performance.agegrade.many import REASONS, GradedMany, grade_many

__all__ = [
    "CALCULATOR",
    "CLASSES",
    "CODES",
    "CONVENTIONS",
    "DEFAULT_EDITION",
    "EDITIONS",
    "EXACT",
    "PARKRUN",
    "REASONS",
    "ROAD",
    "SEXES",
    "SURFACES",
    "TRACK",
    "WALK",
    "WHOLE_SECOND",
    "AgeFactor",
    "AgeGrade",
    "Ages",
    "Edition",
    "Event",
    "EventColumn",
    "GradedMany",
    "Preset",
    "PublishedTable",
    "Refused",
    "Standard",
    "UnderEdition",
    "age_factor",
    "age_grade",
    "age_standard",
    "class_word",
    "default_edition",
    "editions",
    "equivalent_time",
    "events",
    "grade",
    "grade_many",
    "parse_event",
    "published_table",
    "time_for_grade",
    "under_every_edition",
]

_IN_MANY = ("REASONS", "GradedMany", "grade_many")


def __getattr__(name: str) -> Any:
    if name in _IN_MANY:
        from performance.agegrade import many

        return getattr(many, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
