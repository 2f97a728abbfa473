"""Tables of results as they are found in the world: marks, encodings, languages, dates in every order."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.columns import (
    RESULT_FIELDS,
    NotATable,
    day_orders,
    guess,
    plain,
    read_date,
    read_table,
)

FIELDS = list(RESULT_FIELDS.values())


def guessed(text: str) -> dict[str, str]:
    table = read_table(text.encode())
    return {field: table.header[place] for field, place in guess(table, FIELDS).items()}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_mark_and_encoding(mark, encoding):
    text = mark.join(("Läufer", "Zeit")) + "\r\n" + mark.join(("José", "45:42")) + "\r\n"
    table = read_table(text.encode(encoding))
    assert (table.header, table.rows, table.delimiter) == (("Läufer", "Zeit"), (("José", "45:42"),), mark)


def test_a_decimal_comma_does_not_make_columns():
    table = read_table(b"Strecke;Zeit\n10,5 km;45:42,3\n21,1 km;1:43:58,0\n")
    assert table.rows[0] == ("10,5 km", "45:42,3")


def test_quotes_hold_marks_and_lines():
    table = read_table(b'Event,Time\n"Ely, ""the"" 10K\nspring",45:42\n')
    assert table.rows == (('Ely, "the" 10K\nspring', "45:42"),)


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest():
    lines = "".join(f"Runner {number},45:42\n" for number in range(60))
    table = read_table(f'Name,Time\n"Bob,50:00\n{lines}'.encode())
    assert len(table.rows) == 61
    assert table.rows[0] == ('"Bob', "50:00")


def test_rows_are_as_wide_as_the_table_and_empty_ones_are_none():
    table = read_table(b"a,b,c\n1\n\n,,\n1,2,3,4\n")
    assert table.header == ("a", "b", "c", "Column 4")
    assert table.rows == (("1", "", "", ""), ("1", "2", "3", "4"))


def test_a_table_without_a_header_is_told_by_its_first_row():
    table = read_table(b"2026-10-18,Ely 10K,10 km,45:42\n2026-05-02,Bury,5 km,22:10\n")
    assert not table.has_header and len(table.rows) == 2
    assert guess(table, FIELDS) == {"date": 0, "time": 3, "distance": 2}


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"\n\n,,\n", "empty"), (b"PK\x03\x04\x00\x00rest", "binary"), (b"a" * (20 * 2**20 + 1), "too_large"),
     (b",".join([b"a"] * 201), "too_many_columns"), (b"x,1\n" * 100_002, "too_many_rows")],
)  # fmt: skip
def test_what_is_no_table_says_so(data, code):
    with pytest.raises(NotATable) as refused:
        read_table(data)
    assert refused.value.code == code


@given(st.binary(max_size=300))
def test_whatever_the_bytes_there_is_a_table_or_a_word(data):
    try:
        table = read_table(data)
    except NotATable:
        return
    assert all(len(row) == len(table.header) for row in table.rows)
    guess(table, FIELDS)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Date,Race,Distance,Chip Time,Gun Time,Pos", {"date": "Date", "event": "Race", "distance": "Distance", "chip_time": "Chip Time", "gun_time": "Gun Time", "place_overall": "Pos"}),
        ("Datum;Veranstaltung;Strecke;Nettozeit;Bruttozeit;Platz;AK;AK-Platz;Startnummer", {"date": "Datum", "event": "Veranstaltung", "distance": "Strecke", "chip_time": "Nettozeit", "gun_time": "Bruttozeit", "place_overall": "Platz", "age_group": "AK", "place_age_group": "AK-Platz", "bib": "Startnummer"}),
        ("Name,Gender,DOB,Time", {"name": "Name", "sex": "Gender", "born": "DOB", "time": "Time"}),
        ("Nom;Prénom;Sexe;Âge;Temps", {"name": "Nom", "first_name": "Prénom", "sex": "Sexe", "time": "Temps"}),
        ("Finish Time (hh:mm:ss),My Notes", {"time": "Finish Time (hh:mm:ss)", "notes": "My Notes"}),
    ],
)  # fmt: skip
def test_headers_in_several_languages(header, expected):
    found = guessed(header + "\n")
    assert {field: found.get(field) for field in expected} == expected


def test_no_column_is_two_things():
    found = guess(read_table(b"time,time 2,distance\n45:42,46:00,10 km\n"), FIELDS)
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("2026-10-18", "mdy", date(2026, 10, 18)),
        ("2026-10-18T09:00:00Z", "dmy", date(2026, 10, 18)),
        ("20261018", "dmy", date(2026, 10, 18)),
        ("18/10/2026", "dmy", date(2026, 10, 18)),
        ("10/18/2026", "mdy", date(2026, 10, 18)),
        ("18.10.26", "dmy", date(2026, 10, 18)),
        ("3.4.98", "dmy", date(1998, 4, 3)),
        ("18 Oct 2026", "mdy", date(2026, 10, 18)),
        ("Sunday, October 18th, 2026", "dmy", date(2026, 10, 18)),
        ("18. März 2026", "dmy", date(2026, 3, 18)),
        ("18 août 2026", "dmy", date(2026, 8, 18)),
        ("31/02/2026", "dmy", None),
        ("45:42", "dmy", None),
        ("10 km", "dmy", None),
        ("", "dmy", None),
    ],
)
def test_dates_as_people_write_them(cell, order, expected):
    assert read_date(cell, order) == expected


@pytest.mark.parametrize(
    ("cells", "orders"),
    [
        (["18/10/2026", "02/05/2026"], ("dmy",)),
        (["10/18/2026", "05/02/2026"], ("mdy",)),
        (["02/05/2026", "03/04/2026"], ("dmy", "mdy")),
        (["02/02/2026", "2026-05-03"], ("dmy",)),  # it makes no difference
        (["18/10/2026", "10/18/2026"], ()),
    ],
)
def test_figures_tell_the_order_of_a_whole_column_or_leave_it_open(cells, orders):
    assert day_orders(cells) == orders


def test_headers_are_compared_without_accents_case_and_marks():
    assert plain("Chip-Zeit (netto)") == "chip zeit netto"
    assert plain("PRÉNOM") == "prenom"
