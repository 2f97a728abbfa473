"""Tables that people bring: which column is what, read from a CSV of any make.

One mapper for results to import, results to grade and the tables inside archives. Pure: bytes in, cells out. It finds
encoding, delimiter and whether there is a header, guesses from the header's words (in several languages) and from what
stands below which column is which field, and leaves the last word to a person. What it promises: bounded memory, a row
for every record, and a `NotATable` in words where there is none.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from activities import measures

MAX_BYTES: Final = 20 * 2**20
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 10_000
#: a quoted cell may hold line breaks, but one that runs on for longer was never closed
LINES_A_CELL: Final = 20
SAMPLE_ROWS: Final = 200

DELIMITERS: Final = (",", ";", "\t", "|")
_ENCODINGS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class NotATable(ValueError):
    """In words: why this is no table that can be read.  code: empty, too_large, too_many_rows, too_many_columns, binary."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Table:
    """header: one name a column, made up ("Column 3") where the file has none.  rows: as wide as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    encoding: str
    has_header: bool

    @property
    def sample(self) -> tuple[tuple[str, ...], ...]:
        return self.rows[:SAMPLE_ROWS]

    def column(self, place: int) -> list[str]:
        return [row[place] for row in self.sample if row[place]]


def read_table(data: bytes) -> Table:
    """The whole table. Raises NotATable."""
    if len(data) > MAX_BYTES:
        raise NotATable("too_large", f"The table is larger than {MAX_BYTES // 2**20} MB.")
    text, encoding = _decoded(data)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    if any(cell.count("\n") > LINES_A_CELL for row in rows for cell in row):  # a quote was opened and never closed
        rows = _rows(text, delimiter, quoting=csv.QUOTE_NONE)
    if not rows:
        raise NotATable("empty", "There is nothing in it.")
    width = max(len(row) for row in rows)
    wide = [(*row, *[""] * (width - len(row))) for row in rows]
    has_header = _is_header(wide[0], wide[1:SAMPLE_ROWS])
    header = tuple(name or f"Column {place}" for place, name in enumerate(wide[0], start=1))
    if not has_header:
        header = tuple(f"Column {place}" for place in range(1, width + 1))
    return Table(header, tuple(wide[1:] if has_header else wide), delimiter, encoding, has_header)


def _rows(text: str, delimiter: str, *, quoting: int = csv.QUOTE_MINIMAL) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    try:
        for row in reader:
            cells = [cell.strip()[:MAX_CELL] for cell in row]
            if not any(cells):
                continue
            if len(cells) > MAX_COLUMNS:
                raise NotATable("too_many_columns", f"A table of more than {MAX_COLUMNS} columns is not read.")
            rows.append(cells)
            if len(rows) > MAX_ROWS + 1:
                raise NotATable("too_many_rows", f"A table of more than {MAX_ROWS:,} rows is not read at once.")
    except csv.Error as error:
        raise NotATable("binary", "This is not a table of text, or a quote in it is never closed.") from error
    return rows


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").replace("\x00", ""), encoding
    if b"\x00" in data[:4096]:
        raise NotATable("binary", "This is not a table of text. Save the sheet as CSV first.")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252"


def _delimiter(text: str) -> str:
    """The mark that cuts the first lines into the same number of cells, the most of them."""
    lines = [line for line in text.splitlines()[:50] if line.strip()][:20]

    def fit(mark: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark)] if lines else [1]
        usual = max(set(widths), key=widths.count)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(DELIMITERS, key=fit)


def _is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: it holds no date, time or number where the others do."""
    if any(_looks_like_a_value(cell) for cell in first):
        return False
    return any(_looks_like_a_value(cell) for row in below for cell in row) or all(first)


def _looks_like_a_value(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d\s.,:/'\"-]*\d[\d\s.,:/'\"-]*", cell)) or is_date(cell)


# -- which column is what ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """Something that a column may be.  words: what its header is called, the telling ones first, plain (see `plain`).

    looks: whether a cell may be one, for columns whose header says nothing.
    """

    name: str
    words: tuple[str, ...]
    looks: Callable[[str], bool] | None = None


def guess(table: Table, fields: Sequence[Field]) -> dict[str, int]:
    """Field name to column, each column at most once: exact header words first, then words within, then contents."""
    found: dict[str, int] = {}
    free = dict(enumerate(plain(name) for name in table.header)) if table.has_header else {}
    for matches in (_is_named, _is_named_within):
        for field in fields:
            if field.name in found:
                continue
            place = next((place for word in field.words for place, name in free.items() if matches(name, word)), None)
            if place is not None:
                found[field.name] = place
                del free[place]
    left = [place for place in range(len(table.header)) if place not in found.values()]
    for field in fields:
        if field.name in found or field.looks is None:
            continue
        place = next((place for place in left if _all_look(table.column(place), field.looks)), None)
        if place is not None:
            found[field.name] = place
            left.remove(place)
    return found


def _is_named(name: str, word: str) -> bool:
    return name == word


def _is_named_within(name: str, word: str) -> bool:
    return len(word) > 2 and re.search(rf"(?:^| ){re.escape(word)}(?:$| )", name) is not None


def _all_look(cells: Sequence[str], looks: Callable[[str], bool]) -> bool:
    return bool(cells) and sum(map(looks, cells)) >= 0.9 * len(cells)


def plain(text: str) -> str:
    """A header as it is compared: no case, accents or punctuation. "Chip-Zeit (netto)" is "chip zeit netto"."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter if letter.isalnum() else " " for letter in folded if not unicodedata.combining(letter))
    return " ".join(bare.split())


# -- cells ------------------------------------------------------------------------------------------------------------

DayOrder = Literal["dmy", "mdy"]

_MONTHS: Final[Mapping[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari janeiro",
            "feb february februar fevrier febrero febbraio februari fevereiro fev",
            "mar march marz mars marzo maart marco mrz",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio mei maio",
            "jun june juni juin junio giugno junho",
            "jul july juli juillet julio luglio julho",
            "aug august aout agosto augustus ago",
            "sep sept september septembre septiembre settembre setembro set",
            "oct october oktober octobre octubre ottobre outubro okt out ott",
            "nov november novembre noviembre novembro",
            "dec december dezember decembre diciembre dicembre dezembro dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_NUMERIC = re.compile(r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


def is_date(cell: str) -> bool:
    return read_date(cell, "dmy") is not None or read_date(cell, "mdy") is not None


def read_date(cell: str, order: DayOrder) -> date | None:
    """A date as people write it: 2026-10-18, 18.10.2026, 18/10/26, 10/18/2026, 18 Oct 2026, Oct 18, 2026; None else.

    order settles what figures alone leave open; a year in front always means year, month, day. Two figures are a year of
    this century up to the year after next, else of the last.
    """
    text = " ".join(cell.split())
    if match := _COMPACT.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _NUMERIC.fullmatch(text):
        first, middle, last = match.groups()
        if len(first) == 4:
            return _date(int(first), int(middle), int(last))
        day, month = (middle, first) if order == "mdy" else (first, middle)
        return _date(_year(last), int(month), int(day))
    words = plain(text).split()
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    figures = [word for word in (re.sub(r"(?<=\d)(st|nd|rd|th)$", "", word) for word in words) if word.isdecimal()]
    if len(months) != 1 or len(figures) < 2:
        return None
    day, year = (figures[1], figures[0]) if len(figures[0]) == 4 else (figures[0], figures[1])
    return _date(_year(year), months[0], int(day)) if len(day) <= 2 and len(year) in (2, 4) else None


def day_orders(cells: Sequence[str]) -> tuple[DayOrder, ...]:
    """The orders in which every cell of a column is a date: one where the figures tell, two where somebody has to."""
    dates = [cell for cell in cells if cell]
    orders: tuple[DayOrder, ...] = ("dmy", "mdy")
    fitting = tuple(order for order in orders if all(read_date(cell, order) for cell in dates))
    differ = any(read_date(cell, "dmy") != read_date(cell, "mdy") for cell in dates)
    return fitting if differ or not fitting else fitting[:1]


def _year(text: str) -> int:
    if len(text) != 2:
        return int(text)
    year = 2000 + int(text)
    return year if year <= date.today().year + 2 else year - 100


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1890 <= year <= 2200 else None
    except ValueError:
        return None


def is_time(cell: str) -> bool:
    """Whether a cell may be a time for a race: it has a mark between its figures."""
    if not re.search(r"\d[:.'hm]\d", cell):
        return False
    try:
        return measures.parse_duration(cell).seconds > 0
    except measures.NotATime:
        return False


def is_distance(cell: str) -> bool:
    """Whether a cell names a distance with its unit, or by name."""
    try:
        return measures.parse_distance(cell) > 0
    except measures.NotADistance:
        return False


def is_sex(cell: str) -> bool:
    return plain(cell) in SEXES


_MEN: Final = "m male man men h homme hombre mann uomo boy mannlich masculin"
_WOMEN: Final = "f w female woman women femme mujer frau donna d k v girl weiblich feminin"
#: how results name the sex that a table grades by
SEXES: Final[Mapping[str, Literal["M", "F"]]] = {
    **dict.fromkeys(_MEN.split(), "M"),
    **dict.fromkeys(_WOMEN.split(), "F"),
}

#: what a header calls each part of a result, the telling words first; whoever maps a table takes the parts it needs
_RESULT_WORDS: Final = """
date: date, race date, datum, fecha, data, tag, day, dato
chip_time: chip time, chip, net time, netto, nettozeit, net, temps reel, tiempo neto, real time, nettotid
gun_time: gun time, gun, gross time, brutto, bruttozeit, tiempo oficial, clock time, bruttotid, temps officiel
time: time, finish time, result, finish, zeit, temps, tiempo, tempo, ergebnis, resultado, tijd, tid, time s,
  laufzeit, perf
distance: distance, dist, distanz, strecke, distancia, distanza, afstand, length, distance m, distance km, km, event
  distance
event: event, race, race name, event name, wettkampf, lauf, veranstaltung, course, carrera, gara, competition,
  titel, title, meeting, wedstrijd
name: name, runner, athlete, full name, laufer, nom, nombre, nome, teilnehmer, naam, navn, participant
first_name: first name, forename, given name, vorname, prenom, firstname
last_name: last name, surname, family name, nachname, nom de famille, lastname, apellido, apellidos, cognome
sex: sex, gender, m f, geschlecht, sexe, sexo, sesso, geslacht, kjonn
age: age, alter, edad, eta, leeftijd, alder
born: born, birth date, date of birth, dob, birthday, birthdate, geburtsdatum, geboren, date de naissance, fecha de
  nacimiento, geboortedatum
born_year: year of birth, birth year, yob, jahrgang, jg, annee de naissance, ano
surface: surface, terrain, untergrund, type, course type
place_overall: place, position, pos, overall, overall place, rank, platz, gesamtplatz, classement, puesto,
  posizione, plaats, oa, gesamt
place_sex: gender place, sex place, place gender, gender position, platz mw, gen pos, sex pos, gender rank
place_age_group: category place, age group place, class place, cat pos, ak platz, division place, age place, ag
  place, category position, ag rank, akpl
field_overall: finishers, field size, field, participants, of, teilnehmerzahl, total finishers, starters
age_group: category, age group, division, ak, altersklasse, categorie, categoria, klasse, cat, agegroup
bib: bib, bib number, race number, number, startnummer, dossard, dorsal, startnr, stnr, no
result_url: url, link, result link, results, website
notes: notes, note, comment, comments, bemerkung, bemerkungen, remarks, kommentar, remarques
"""
_RESULT_LOOKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": is_date,
    "time": is_time,
    "distance": is_distance,
    "sex": is_sex,
}


def _fields(text: str) -> dict[str, Field]:
    entries = re.sub(r"\n  ", " ", text).strip().splitlines()
    named = [entry.partition(": ") for entry in entries]
    return {name: Field(name, tuple(words.split(", ")), _RESULT_LOOKS.get(name)) for name, _colon, words in named}


RESULT_FIELDS: Final[Mapping[str, Field]] = _fields(_RESULT_WORDS)
