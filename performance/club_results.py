"""A list of results that somebody brings to be graded: from the columns of a file to rows sorted by age grade.

Pure reading and reckoning; where the file is kept, and for how long, is club_store.py's. Nothing is guessed: a row
that does not say its sex, age, distance or time clearly is listed without a grade, and with the reason.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from math import isnan
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from activities import measures
from activities.columns import RESULT_FIELDS, SEXES, DayOrder, Table, day_orders, guess, plain, read_date
from activities.measures import NotADistance, NotATime
from performance import agegrade

#: what a column may be, in the order in which people are asked
PARTS: Final = (
    "name", "first_name", "last_name", "sex", "age_group", "age", "born", "date", "distance", "time",
)  # fmt: skip
#: which column is the time, if a file has several: the chip's, else the one that is only called a time, else the gun's
_TIMES: Final = ("chip_time", "time", "gun_time")
_CHUNK: Final = 1000
_NO_TIME: Final = frozenset(["dnf", "dns", "dsq", "dq", "ab", "np", "aufg"])
#: M50, W45, FV35, Women 60-64: what stands before the figures may name the sex
_CATEGORY: Final = re.compile(r"([a-z ]*?) ?(?:v|vet|vets|veteran|master|masters|senior|seniors|u|ak|jun|sen)? ?[\d ]*")

DistanceUnit = Literal["m", "km", "mi"]


class Asked(BaseModel):
    """How a file is to be read and graded. columns: which column each part is; the rest holds for every row alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, int]
    sex: Literal["", "M", "F"] = ""
    distance: str = Field(default="", max_length=measures.LONGEST_TEXT)
    distance_unit: DistanceUnit | None = None
    day: date | None = None
    day_order: DayOrder = "dmy"
    surface: str = agegrade.ROAD
    edition: str = ""
    convention: str = agegrade.EXACT


@dataclass(slots=True, kw_only=True)
class GradedRow:
    """line: the row of the file, from 0. refusal: why there is no grade, a code of agegrade's or one of REASONS."""

    line: int
    name: str = ""
    sex: str = ""
    age: float | None = None
    distance: str = ""
    distance_m: float | None = None
    time_s: float | None = None
    age_grade: float | None = None
    age_graded_time_s: float | None = None
    clamped: bool = False
    refusal: str = ""

    def packed(self) -> list[Any]:
        return list(asdict(self).values())

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> "GradedRow":
        return cls(**dict(zip(_NAMES, values, strict=True)))


_NAMES: Final = tuple(field.name for field in fields(GradedRow))

#: reasons besides those of agegrade
NOT_FINISHED: Final = "not_finished"
TIME_UNCLEAR: Final = "time_unclear"
DATE_MISSING: Final = "date_missing"
YEAR_ONLY: Final = "year_only"


# -- proposing ---------------------------------------------------------------------------------------------------------


def propose(table: Table) -> dict[str, int]:
    """Which column each part seems to be."""
    wanted = [RESULT_FIELDS[name] for name in (*_TIMES, *(part for part in PARTS if part != "time"))]
    found = guess(table, wanted)
    times = [found.pop(name) for name in _TIMES if name in found]
    if times:
        found["time"] = times[0]
    if "name" in found and "first_name" in found and "last_name" not in found:  # “Nom, Prénom”
        found["last_name"] = found.pop("name")
    return {part: found[part] for part in PARTS if part in found}


def date_orders(table: Table, columns: Mapping[str, int]) -> tuple[DayOrder, ...]:
    """The orders that every date of the file fits: one where it is clear, two where a person has to say."""
    fitting: set[DayOrder] = {"dmy", "mdy"}
    open_question = False
    for part in ("born", "date"):
        if part in columns:
            orders = day_orders([cell for cell in table.column(columns[part]) if not cell.isdecimal()])
            open_question = open_question or len(orders) == 2
            if len(orders) == 1 and _says_so(table.column(columns[part])):
                fitting &= set(orders)
    if not open_question and len(fitting) == 2:
        return ("dmy",)
    both: tuple[DayOrder, ...] = ("dmy", "mdy")
    return tuple(order for order in both if order in fitting)


def _says_so(cells: Sequence[str]) -> bool:
    """Whether the figures tell the order, rather than make no difference."""
    return any(read_date(cell, "dmy") != read_date(cell, "mdy") for cell in cells)


def unit_of(header: str) -> DistanceUnit | None:
    """The unit that the head of a column names, for cells that are bare numbers: “Distance (km)”, “Miles”."""
    words = set(plain(header).split())
    if words & {"km", "kms", "kilometer", "kilometers", "kilometres", "kilometre"}:
        return "km"
    if words & {"mi", "mile", "miles"}:
        return "mi"
    return "m" if words & {"m", "metres", "meters", "metre", "meter"} else None


# -- grading -----------------------------------------------------------------------------------------------------------


def grade_table(table: Table, asked: Asked, *, progress: Callable[[int], None] | None = None) -> list[GradedRow]:
    """Every row of the table with its grade or the reason why it has none, best age grade first."""
    graded: list[GradedRow] = []
    for start in range(0, len(table.rows), _CHUNK):
        graded.extend(_grade(table.rows[start : start + _CHUNK], asked, start))
        if progress is not None:
            progress(len(graded))
    return sorted(graded, key=lambda row: (row.age_grade is None, -(row.age_grade or 0), row.line))


def first_rows(table: Table, asked: Asked, *, most: int) -> list[GradedRow]:
    """The first rows in the order of the file, for a look before the whole is graded."""
    return _grade(table.rows[:most], asked, 0)


def _grade(cells: Sequence[Sequence[str]], asked: Asked, start: int) -> list[GradedRow]:
    rows = [_read(start + index, row, asked) for index, row in enumerate(cells)]
    nan = float("nan")
    answers = agegrade.grade_many(
        time_s=[nan if row.time_s is None else row.time_s for row in rows],
        age=[nan if row.age is None else row.age for row in rows],
        sex=[row.sex for row in rows],
        distance_m=[nan if row.distance_m is None else row.distance_m for row in rows],
        event=[row.distance if row.distance_m is None else "" for row in rows],
        edition=asked.edition,
        surface=asked.surface,
        convention=asked.convention,
    )
    for row, refusal, grade, factor, clamped in zip(
        rows,
        answers.refusals,
        answers.age_grade.tolist(),
        answers.age_factor.tolist(),
        answers.clamped.tolist(),
        strict=True,
    ):
        row.refusal = row.refusal or refusal
        row.clamped = clamped
        if not row.refusal:
            row.age_grade = grade
        if row.time_s is not None and not isnan(factor) and row.refusal in {"", "no_open_standard"}:
            row.age_graded_time_s = row.time_s * factor
    return rows


def _read(line: int, cells: Sequence[str], asked: Asked) -> GradedRow:
    def cell(part: str) -> str:
        place = asked.columns.get(part)
        return cells[place] if place is not None and place < len(cells) else ""

    row = GradedRow(line=line, name=cell("name") or " ".join(filter(None, (cell("first_name"), cell("last_name")))))
    row.sex = _sex(cell("sex"), cell("age_group"), asked.sex)
    row.distance = cell("distance") or asked.distance
    row.distance_m = _metres(row.distance, asked.distance_unit)
    row.time_s, time_problem = _seconds(cell("time"), row.distance_m)
    row.age, age_problem = _age(cell("age"), cell("born"), cell("date"), asked)
    row.refusal = time_problem or age_problem
    return row


def _sex(cell: str, category: str, for_all: str) -> str:
    """What the cell says, else what the category's letter says; only a file that says nothing takes the one for all."""
    if cell:
        return SEXES.get(plain(cell), "")
    match = _CATEGORY.fullmatch(plain(category))
    named = SEXES.get(match[1].strip(), "") if match else ""
    return named or for_all


def _metres(text: str, unit: DistanceUnit | None) -> float | None:
    """None for what is no plain distance: agegrade may know it as an event (3000mSC, 10 km walk)."""
    try:
        return measures.parse_distance(text, default_unit=unit)
    except NotADistance:
        return None


def _seconds(text: str, distance_m: float | None) -> tuple[float | None, str]:
    """Of two readings the one a person could have run the distance in; without a distance that stays a question."""
    if not text:
        return None, ""
    if plain(text) in _NO_TIME:
        return None, NOT_FINISHED
    try:
        parsed = measures.parse_duration(text, distance_m)
    except NotATime:
        return None, "time_invalid"
    if parsed.other_s is None:
        return parsed.seconds, ""
    if distance_m is None:
        return None, TIME_UNCLEAR
    return (parsed.seconds if measures.can_be_run(parsed.seconds, distance_m) else parsed.other_s), ""


def _age(age: str, born: str, day: str, asked: Asked) -> tuple[float | None, str]:
    """The age that is given, else the completed years on the day of the race."""
    if age:
        text = age.replace(",", ".")
        return (float(text), "") if re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text) else (None, "")
    if not born:
        return None, ""
    if re.fullmatch(r"(19|20)\d\d", born):
        return None, YEAR_ONLY
    birthday = read_date(born, asked.day_order)
    on = read_date(day, asked.day_order) if day else asked.day
    if birthday is not None and on is not None and birthday > on and len(re.findall(r"\d{4}", born)) == 0:
        birthday = birthday.replace(year=birthday.year - 100)  # 3.4.28 is no child of the future
    if on is None:
        return None, DATE_MISSING
    if birthday is None or birthday > on:
        return None, ""
    return float(on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))), ""
