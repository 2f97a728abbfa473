"""`activities.csv` of a Strava export: a row for every activity, whatever the account's language and the year's columns.

Column names come in the account's language, some come twice with different units (kilometres first, metres later), and
their number has grown over the years. English and the lower-case names of old exports are read by name. In any other
language the order is the same, so columns are found by where the file names stand, and taken only where their content
agrees with what they should be. A date or a number that could be read in two ways is read in none.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Final

from activities.importers.contents import Unreadable
from activities.importers.words import MONTHS, local_sport, without_accents

MAX_ROWS: Final = 200_000
MAX_CELL: Final = 2**17
#: enough rows to tell columns and the order of a date
LOOKED_AT: Final = 400
MILE_M: Final = 1609.344

_FILE_NAME = re.compile(r"^[\w. /-]+\.(fit|gpx|tcx)(\.gz)?$", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?\s?m\.?)?", re.IGNORECASE)
_YES = frozenset({"true", "1", "yes", "private", "only_me", "only you"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """number: of the line's record, from 1.  started_at: UTC, None where the date cannot be read in one way only."""

    number: int
    id: str
    name: str = ""
    sport: str = ""
    sub_sport: str = ""
    kind: str = ""
    description: str = ""
    gear: str = ""
    private: bool | None = None
    file_name: str = ""
    started_at: datetime | None = None
    elapsed_s: float | None = None
    moving_s: float | None = None
    distance_m: float | None = None
    hr_avg: float | None = None
    hr_max: float | None = None
    ascent_m: float | None = None
    calories: float | None = None


@dataclass(frozen=True)
class _Columns:
    """Where each value stands; -1 where nowhere. to_metres: of a distance that stands in the account's own unit."""

    at: dict[str, int]
    to_metres: float = 1.0
    day_first: bool | None = field(default=None)


#: the names of the columns, then those of exports until 2018; a second number says which of equal names
_BY_NAME: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "id": (("activity id", 0), ("id", 0)),
    "date": (("activity date", 0), ("date", 0)),
    "name": (("activity name", 0), ("name", 0)),
    "kind": (("activity type", 0), ("type", 0)),
    "description": (("activity description", 0), ("description", 0)),
    "gear": (("activity gear", 0), ("gear", 0)),
    "file_name": (("filename", 0),),
    "elapsed_s": (("elapsed time", 1), ("elapsed time", 0), ("elapsed_time", 0)),
    "moving_s": (("moving time", 0), ("moving_time", 0)),
    "metres": (("distance", 1),),
    "distance": (("distance", 0),),
    "hr_max": (("max heart rate", 1), ("max heart rate", 0)),
    "hr_avg": (("average heart rate", 0),),
    "ascent_m": (("elevation gain", 0),),
    "calories": (("calories", 0),),
    "private": (("private", 0), ("activity visibility", 0), ("visibility", 0)),
}
#: in every other language: from the left, and from the column of file names
_FROM_LEFT: Final = {"id": 0, "date": 1, "name": 2, "kind": 3, "description": 4, "distance": 6}
_FROM_FILE: Final = {"gear": -1, "elapsed_s": 3, "moving_s": 4, "metres": 5, "ascent_m": 8}


def rows(file: IO[str]) -> Iterator[Row]:
    """Every row of the table. Raises Unreadable where it is no such table; memory is that of a few hundred rows."""
    csv.field_size_limit(MAX_CELL)
    try:
        reader = csv.reader(line.replace("\0", "") for line in file)
        header = [name.strip().lstrip("\ufeff").lower() for name in next(reader, [])]
        first = list(islice(reader, LOOKED_AT))
        columns = _columns(header, first)
        for number, cells in enumerate(_chained(first, reader), start=1):
            if number > MAX_ROWS:
                raise Unreadable("too_many_parts", f"The table has more than {MAX_ROWS:,} rows.")
            if cells:
                yield _row(number, cells, columns)
    except (csv.Error, UnicodeDecodeError):
        raise Unreadable("damaged", "The table of activities cannot be read.") from None


def _chained(first: list[list[str]], rest: Iterable[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from rest


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> _Columns:
    at = {meaning: _place(header, names) for meaning, names in _BY_NAME.items()}
    old = "activity id" not in header and "elapsed_time" in header
    if at["id"] < 0:
        at = _by_position(len(header), rows)
    ids = [_cell(cells, at["id"]) for cells in rows]
    if at["id"] < 0 or (ids and not any(re.fullmatch(r"\d{1,20}", one) for one in ids)):
        raise Unreadable("unknown_format", "This is not the table of activities that Strava exports.")
    dates = [_cell(cells, at["date"]) for cells in rows]
    to_metres = 1.0 if old else _unit(rows, at)
    return _Columns(at=at, to_metres=to_metres, day_first=_day_first(dates))


def _place(header: Sequence[str], names: Sequence[tuple[str, int]]) -> int:
    for name, which in names:
        places = [number for number, one in enumerate(header) if one == name]
        if len(places) > which:
            return places[which]
    return -1


def _by_position(width: int, rows: Sequence[Sequence[str]]) -> dict[str, int]:
    at = dict.fromkeys(_BY_NAME, -1)
    if width < 8:
        return at
    at.update(_FROM_LEFT)
    names = [sum(bool(_FILE_NAME.match(_cell(cells, place))) for cells in rows) for place in range(width)]
    if not any(names):
        at["elapsed_s"] = 5
        return at
    file_at = names.index(max(names))
    at["file_name"] = file_at
    at.update({meaning: file_at + step for meaning, step in _FROM_FILE.items() if file_at + step < width})
    if not _agree(rows, 5, at["elapsed_s"], {1.0}):
        at["elapsed_s"], at["moving_s"], at["metres"], at["ascent_m"] = 5, -1, -1, -1
    elif not _agree(rows, at["distance"], at["metres"], {1.0, 1000.0, MILE_M}):
        at["metres"] = -1
    return at


def _agree(rows: Sequence[Sequence[str]], one: int, other: int, factors: set[float]) -> bool:
    """Whether wherever both columns hold a number, the second is the first times always the same one of the factors."""
    pairs = [(number(_cell(cells, one)), number(_cell(cells, other))) for cells in rows]
    known = [(a, b) for a, b in pairs if a and b]
    return bool(known) and any(
        all(abs(a * factor - b) <= 0.011 * factor + 0.01 * b for a, b in known) for factor in factors
    )


def _unit(rows: Sequence[Sequence[str]], at: dict[str, int]) -> float:
    """Metres of the unit of the first distance column: told by the second where there is one, else kilometres."""
    if at["metres"] >= 0:
        for factor in (1000.0, MILE_M, 1.0):
            if _agree(rows, at["distance"], at["metres"], {factor}):
                return factor
    return 1000.0


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if 0 <= place < len(cells) else ""


def _row(number_: int, cells: Sequence[str], columns: _Columns) -> Row:
    text = {meaning: _cell(cells, place) for meaning, place in columns.at.items()}
    sport, sub_sport = local_sport(text["kind"])
    distance, metres = number(text["distance"]), number(text["metres"])
    return Row(
        number=number_,
        id=text["id"] if re.fullmatch(r"\d{1,20}", text["id"]) else "",
        name=text["name"],
        kind=text["kind"],
        sport=sport,
        sub_sport=sub_sport,
        description=text["description"],
        gear=text["gear"],
        private=text["private"].lower() in _YES if text["private"] else None,
        file_name=text["file_name"],
        started_at=moment(text["date"], day_first=columns.day_first),
        elapsed_s=number(text["elapsed_s"]),
        moving_s=number(text["moving_s"]),
        distance_m=metres if metres is not None else None if distance is None else distance * columns.to_metres,
        hr_avg=number(text["hr_avg"]),
        hr_max=number(text["hr_max"]),
        ascent_m=number(text["ascent_m"]),
        calories=number(text["calories"]),
    )


def number(text: str) -> float | None:
    """1234.5, 1234,5, 1.234,5 and 1,234.5; None for anything else."""
    text = re.sub(r"[\s\u00a0\u202f']", "", text)
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+", text) or re.fullmatch(r"-?\d+,\d+", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+\.\d+", text):
        text = text.replace(",", "")
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?(e[+-]?\d{1,2})?", text, re.IGNORECASE) else None


# -- dates ----------------------------------------------------------------------------------------------------------------


def moment(text: str, *, day_first: bool | None = None) -> datetime | None:
    """A date with a time in any of the export's languages, which it writes in UTC.

    day_first: how 3/4/2024 is meant; None where that is not known, and then it is not read.
    """
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    day = _day(text[: clock.start()] + " " + text[clock.end() :], day_first=day_first)
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if clock[4]:
        hour = hour % 12 + (12 if clock[4].lower().startswith("p") else 0)
    try:
        return datetime(*day, hour, minute, second, tzinfo=UTC) if day else None
    except ValueError:
        return None


def _day(text: str, *, day_first: bool | None) -> tuple[int, int, int] | None:
    numbers = [int(one) for one in re.findall(r"\d{1,4}", text)]
    months = [month for word in _words(text) if (month := _month(word))]
    if len(numbers) == 2 and len(months) == 1:
        year, day = max(numbers), min(numbers)
        return (year, months[0], day) if year > 31 else None
    if len(numbers) != 3:
        return None
    if numbers[0] > 31:
        return numbers[0], numbers[1], numbers[2]
    if "." in text or day_first is True:
        return numbers[2], numbers[1], numbers[0]
    return (numbers[2], numbers[0], numbers[1]) if day_first is False else None


def _day_first(dates: Sequence[str]) -> bool | None:
    """Whether 3/4/2024 is the 3rd of April, as far as the column tells: a number above 12 is no month."""
    pairs = [re.match(r"\s*(\d{1,2})/(\d{1,2})/\d{4}", date) for date in dates]
    if any(pair and int(pair[1]) > 12 for pair in pairs):
        return True
    return False if any(pair and int(pair[2]) > 12 for pair in pairs) else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{3,}", without_accents(text).lower())


def _month(word: str) -> int | None:
    return MONTHS.get(word[:4]) or MONTHS.get(word[:3])
