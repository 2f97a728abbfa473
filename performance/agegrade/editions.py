"""The editions of the published tables: which there are, what each one covers, which is used when nobody chooses.

Facts come from tables/editions.csv and the standards files; what is decided here is only how an edition reads ages
between its rows. A withdrawn edition can be asked for by name and is never offered.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from performance.agegrade.refusals import EDITION_UNKNOWN, SURFACE_NOT_IN_EDITION, Refused

TABLES: Final = Path(__file__).parent / "tables"

ROAD: Final = "road"
TRACK: Final = "track"
WALK: Final = "walk"
SURFACES: Final = (ROAD, TRACK, WALK)
SEXES: Final = ("M", "F")


class Ages(Enum):
    """How an edition reads an age that is not a row of its tables."""

    BETWEEN_YEARS = "linear between the two birthdays; above 99 the row of 100, as the reference calculator does"
    BETWEEN_NODES = "linear between the printed ages"
    WHOLE_YEARS = "the completed age"
    CLASSES = "the five-year class the completed age belongs to"


_AGES: Final = {
    "wava-1994": Ages.BETWEEN_NODES,
    "wma-2023": Ages.WHOLE_YEARS,
    "wma-2014-5yr": Ages.CLASSES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One published set of tables.

    min_age, max_age: the widest span of its columns (a hurdles column may be narrower).
    distances: per surface the shortest and longest distance a flat race may have, metres.
    effective, superseded, open_standards, licence, status: as documented for the edition, in words.
    """

    id: str
    title: str
    body: str
    surfaces: tuple[str, ...]
    sexes: tuple[str, ...]
    min_age: int
    max_age: int
    ages: Ages
    distances: tuple[tuple[str, float, float], ...]
    effective: str
    superseded: str
    open_standards: str
    licence: str
    status: str

    @property
    def offered(self) -> bool:
        """Whether people are shown this edition to choose from."""
        return not self.status.startswith("withdrawn")

    @property
    def has_open_standards(self) -> bool:
        """Whether it can grade; without open standards an edition knows age factors only."""
        return self.open_standards != "none"

    @property
    def secondary_standards(self) -> bool:
        """Whether its open standards come from elsewhere than the body that published the factors."""
        return self.open_standards.startswith(("secondary", "NOT published"))

    @property
    def source(self) -> str:
        """A citation in one line."""
        body = "" if self.body == "none" else f"{self.body}, "
        words = f"{body}{self.title}, {self.effective}"
        if self.secondary_standards:
            words += "; open standards from a secondary list"
        return words


def _read() -> Iterator[Edition]:
    with (TABLES / "editions.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            span = re.match(r"(\d+)-(\d+)", row["ages"])
            assert span, row
            yield Edition(
                id=row["edition"],
                title=row["title"],
                body=row["body"],
                surfaces=tuple(row["surfaces"].split(";")),
                sexes=SEXES,
                min_age=int(span[1]),
                max_age=int(span[2]),
                ages=_AGES.get(row["edition"], Ages.BETWEEN_YEARS),
                distances=tuple(_spans(row["edition"])),
                effective=row["effective"],
                superseded=row["superseded"],
                open_standards=row["open_standards"],
                licence=row["licence_of_source"],
                status=row["status"],
            )


def _spans(edition: str) -> Iterator[tuple[str, float, float]]:
    distances: dict[str, list[float]] = {}
    for surface, _sex, event, distance_m, _standard in standard_rows(edition):
        if is_flat(event):
            distances.setdefault(surface, []).append(distance_m)
    for surface, found in distances.items():
        yield surface, min(found), max(found)


def standard_rows(edition: str) -> Iterator[tuple[str, str, str, float, float | None]]:
    """Surface, sex, event, distance in metres and open standard in seconds (None where none is published)."""
    with (TABLES / f"standards_{edition}.csv").open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        for _edition, surface, sex, event, distance_m, standard in rows:
            yield surface, sex, event, float(distance_m), float(standard) if standard else None


def is_flat(event: str) -> bool:
    """Whether a column stands in the line of plain distances, so that one may interpolate between it and the next."""
    return not ("hurdles" in event or "steeple" in event or "mH" in event or event.endswith("SC"))


#: every edition by its id, newest road edition first, the withdrawn one included
EDITIONS: Final[Mapping[str, Edition]] = MappingProxyType({edition.id: edition for edition in _read()})

DEFAULT_EDITION: Final = "road-2025"
_DEFAULTS: Final = {ROAD: DEFAULT_EDITION, TRACK: "wma-2023", WALK: "wma-2023"}


def editions() -> tuple[Edition, ...]:
    """The editions people may choose from."""
    return tuple(edition for edition in EDITIONS.values() if edition.offered)


def default_edition(surface: str = ROAD) -> Edition:
    """The edition used for a surface when none is named. Raises Refused for a surface without published tables."""
    if surface not in _DEFAULTS:
        raise Refused(SURFACE_NOT_IN_EDITION, f"There are no published tables for the surface “{surface}”.")
    return EDITIONS[_DEFAULTS[surface]]


def find_edition(name: str) -> Edition:
    """The edition with this id, whatever the case. Raises Refused where there is none."""
    edition = EDITIONS.get(name) or EDITIONS.get(name.strip().lower())
    if edition is None:
        raise Refused(EDITION_UNKNOWN, f"There is no edition “{name.strip()}”.")
    return edition
