"""Grading a CSV file row by row, as it stands: the rows come out in order, untouched, with the grade behind them.

Read are the columns sex, age, time_s and distance_m or event (or both), and where they exist edition, surface and
convention; blank means the default. Written are all columns plus OUTPUT_COLUMNS. A row that cannot be graded gets a
refusal and never stops the file; only a file that is not such a table does (NotATable). A few thousand rows are held at
a time, whatever the size of the file. Bytes that are not UTF-8 pass through as they are.
"""

import contextlib
import csv
import io
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, TextIO

import numpy as np

from performance.agegrade.conventions import EXACT, find_convention
from performance.agegrade.events import fold
from performance.agegrade.grading import PARKRUN
from performance.agegrade.many import GradedMany, grade_many
from performance.agegrade.refusals import Refused

INPUT_COLUMNS: Final = ("edition", "surface", "sex", "age", "distance_m", "event", "time_s", "convention")
NEEDED_COLUMNS: Final = ("sex", "age", "time_s")
OUTPUT_COLUMNS: Final = (
    "open_standard_s",
    "age_factor",
    "age_standard_s",
    "age_grade_pct",
    "interpolated",
    "clamped",
    "refusal",
)
#: the refusal of a row whose cells do not fit the header, or whose quote is never closed
ROW_MALFORMED: Final = "row_malformed"

_CHUNK: Final = 2048
_DELIMITERS: Final = (",", ";", "\t")
_LONGEST_LINE: Final = 1 << 20
#: a quoted cell may hold line breaks, but one that runs on for so long was never closed
_LONGEST_RECORD: Final = 100
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


class NotATable(ValueError):
    """The file cannot be graded at all; the message says why in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many rows were read, how many of them graded, and why the others were not."""

    rows: int
    graded: int
    refusals: Counter[str]


def grade_file(source: str, target: str, *, progress: Callable[[int], None] | None = None) -> Report:
    """Grade a file into another; "-" is standard input or output. The target appears when it is complete.

    Raises NotATable, OSError.
    """
    with contextlib.ExitStack() as files:
        if source != "-" and target != "-" and _same_file(source, target):
            raise NotATable("The input and the output are the same file.")
        stream = sys.stdin.buffer if source == "-" else files.enter_context(Path(source).open("rb"))
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        files.callback(lines.detach)
        out = files.enter_context(_standard_output() if target == "-" else _replacing(Path(target)))
        return grade_csv(lines, out, progress=progress)


def grade_csv(lines: TextIO, out: TextIO, *, progress: Callable[[int], None] | None = None) -> Report:
    """Grade the table that `lines` holds into `out`. progress is told how many rows are done, now and then.

    Both are text streams opened with newline="". Raises NotATable.
    """
    table = _Table(lines)
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator=table.line_end)
    writer.writerow([*table.header, *OUTPUT_COLUMNS])
    rows = graded = 0
    refusals: Counter[str] = Counter()
    for chunk in table.chunks():
        answers = list(_answers(table, chunk))
        for record, answer in zip(chunk, answers, strict=True):
            writer.writerow([*record.cells, *answer, *record.beyond])
            if answer[-1]:
                refusals[answer[-1]] += 1
            else:
                graded += 1
        rows += len(chunk)
        if progress is not None:
            progress(rows)
    return Report(rows=rows, graded=graded, refusals=refusals)


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """One row, as wide as the header. beyond: the cells that stood outside of it."""

    cells: list[str]
    beyond: list[str] = field(default_factory=list)
    malformed: bool = False


class _Table:
    def __init__(self, lines: TextIO) -> None:
        self._lines = _Lines(lines)
        first = self._lines.first_with_text()
        self.line_end = "\r\n" if first.endswith("\r\n") else "\n"
        self.delimiter = max(_DELIMITERS, key=lambda mark: len(_known(first, mark)))
        self._reader = csv.reader(self._lines, delimiter=self.delimiter)
        self._lines.start()
        try:
            self.header = next(self._reader)
        except (csv.Error, _NeverClosed) as problem:
            raise NotATable("The header cannot be read: a quote in it is never closed.") from problem
        self.column = self._columns()

    def _columns(self) -> dict[str, int]:
        names = [_plain(name) for name in self.header]
        twice = sorted({name for name in names if name in INPUT_COLUMNS and names.count(name) > 1})
        if twice:
            raise NotATable(f"The header has more than one column {_listed(twice)}.")
        missing = [name for name in NEEDED_COLUMNS if name not in names]
        if "distance_m" not in names and "event" not in names:
            missing.append("distance_m or event")
        if missing:
            found = _listed(self.header) if any(names) else "none"
            raise NotATable(f"The header lacks {_listed(missing)}. Its columns: {found}.")
        return {name: names.index(name) for name in INPUT_COLUMNS if name in names}

    def chunks(self) -> Iterator[list[_Record]]:
        chunk = []
        for record in self._records():
            chunk.append(record)
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _records(self) -> Iterator[_Record]:
        width = len(self.header)
        while True:
            self._lines.start()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, _NeverClosed):
                first = self._lines.give_back()
                yield _Record([first.rstrip("\r\n"), *[""] * (width - 1)], malformed=True)
                continue
            if cells:
                beyond = cells[width:]
                yield _Record(
                    cells[:width] + [""] * (width - len(cells)), beyond if any(beyond) else [], malformed=any(beyond)
                )


class _NeverClosed(Exception):
    """A quote was opened and the record does not end."""


class _Lines:
    """Lines for csv.reader, which remembers those of the present record so that a bad one costs its first line only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._record: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else self._read()
        if len(self._record) >= _LONGEST_RECORD or (not line and self._record):
            if line:
                self._waiting.append(line)
            raise _NeverClosed
        if not line:
            raise StopIteration
        self._record.append(line)
        return line

    def start(self) -> None:
        self._record = []

    def give_back(self) -> str:
        """The first line of the present record; the others will be read again."""
        first, *others = self._record
        self._waiting.extend(reversed(others))
        return first

    def first_with_text(self) -> str:
        """The first line that is not blank, which will be read again. Raises NotATable where there is none."""
        while line := self._read():
            if line.strip():
                if "\0" in line:
                    raise NotATable("This is not a text file in UTF-8. Save it as “CSV UTF-8” first.")
                self._waiting.append(line)
                return line
        raise NotATable("The file is empty.")

    def _read(self) -> str:
        line = self._stream.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE and not line.endswith("\n"):
            raise NotATable("A line is longer than a million characters: this is not a table.")
        return line


def _plain(name: str) -> str:
    return name.strip().lower()


def _known(line: str, delimiter: str) -> list[str]:
    header = next(csv.reader([line], delimiter=delimiter), [])
    return [name for name in header if _plain(name) in INPUT_COLUMNS]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


# -- grading -----------------------------------------------------------------------------------------------------------


def _answers(table: _Table, chunk: list[_Record]) -> Iterator[list[str]]:
    """The output cells of each record."""
    number = _decimal_comma if table.delimiter == ";" else _number

    def words(name: str) -> list[str] | str:
        index = table.column.get(name)
        return "" if index is None else [record.cells[index] for record in chunk]

    def numbers(name: str, unreadable: float) -> list[float]:
        index = table.column.get(name)
        blanks = [math.nan] * len(chunk)
        return blanks if index is None else [number(record.cells[index], unreadable) for record in chunk]

    conventions = words("convention")
    times = numbers("time_s", math.nan)
    graded = grade_many(
        time_s=times,
        age=numbers("age", math.nan),
        sex=words("sex"),
        distance_m=numbers("distance_m", -1.0),
        event=words("event"),
        edition=words("edition"),
        surface=words("surface"),
        convention=conventions,
    )
    rounded = _rounded(conventions, len(chunk))
    with np.errstate(all="ignore"):
        percent = (100.0 * graded.age_standard_s / np.array(times)).tolist()
    cells = _cells(graded, percent, rounded)
    for record, answer in zip(chunk, cells, strict=True):
        yield [""] * (len(OUTPUT_COLUMNS) - 1) + [ROW_MALFORMED] if record.malformed else answer


def _cells(graded: GradedMany, percent: list[float], rounded: list[bool]) -> Iterator[list[str]]:
    columns = (
        graded.open_standard_s.tolist(),
        graded.age_factor.tolist(),
        graded.age_standard_s.tolist(),
        graded.age_grade.tolist(),
        graded.interpolated.tolist(),
        graded.clamped.tolist(),
        graded.refusals,
    )
    rows = zip(*columns, strict=True)
    for (standard, factor, age_standard, grade, interpolated, clamped, refusal), exact, two in zip(
        rows, percent, rounded, strict=True
    ):
        has_factor = not math.isnan(factor)
        yield [
            _written(standard),
            _written(factor),
            _written(age_standard),
            "" if refusal else f"{100 * grade:.2f}" if two else _written(exact),
            str(int(interpolated)) if has_factor else "",
            str(int(clamped)) if has_factor else "",
            refusal,
        ]


def _rounded(conventions: list[str] | str, rows: int) -> list[bool]:
    """Whether each row's convention rounds the percentage."""
    if isinstance(conventions, str):
        return [_rounds(conventions)] * rows
    known = {convention: _rounds(convention) for convention in set(conventions)}
    return [known[convention] for convention in conventions]


def _rounds(convention: str) -> bool:
    try:
        return fold(convention) == PARKRUN.name or find_convention(convention) != EXACT
    except Refused:
        return False


def _number(text: str, unreadable: float) -> float:
    """A cell as a number; NaN where it is blank."""
    text = text.strip()
    if not text:
        return math.nan
    return float(text) if _NUMBER.fullmatch(text) else unreadable


def _decimal_comma(text: str, unreadable: float) -> float:
    """The same where semicolons part the cells, so that 45,5 may be forty-five and a half."""
    return _number(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text, unreadable)


def _written(number: float) -> str:
    """The shortest decimal that reads back as the same number; "" for none."""
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() else repr(number)


# -- files -------------------------------------------------------------------------------------------------------------


def _same_file(source: str, target: str) -> bool:
    return Path(source).exists() and Path(target).exists() and Path(source).samefile(target)


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    out = _text(sys.stdout.buffer)
    try:
        yield out
    finally:
        with contextlib.suppress(ValueError):
            out.detach()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` when all went well; devices and pipes are written to directly."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as device, _text(device) as out:
            yield out
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file, _text(file) as out:
            yield out
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
