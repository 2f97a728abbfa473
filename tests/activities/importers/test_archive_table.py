"""activities.csv in the languages and years it comes in. The tables are written here, in the layout of an export."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.importers import Unreadable, archive_table
from activities.importers.archive_table import moment, number

ENGLISH = [
    "Activity ID",
    "Activity Date",
    "Activity Name",
    "Activity Type",
    "Activity Description",
    "Elapsed Time",
    "Distance",
    "Max Heart Rate",
    "Relative Effort",
    "Commute",
    "Activity Private Note",
    "Activity Gear",
    "Filename",
    "Athlete Weight",
    "Bike Weight",
    "Elapsed Time",
    "Moving Time",
    "Distance",
    "Max Speed",
    "Average Speed",
    "Elevation Gain",
    "Elevation Loss",
]
GERMAN = [
    "Aktivitäts-ID",
    "Aktivitätsdatum",
    "Name der Aktivität",
    "Aktivitätsart",
    "Aktivitätsbeschreibung",
    "Verstrichene Zeit",
    "Distanz",
    "Max. Herzfrequenz",
    "Relative Leistung",
    "Pendeln",
    "Private Notiz",
    "Ausrüstung",
    "Dateiname",
    "Gewicht",
    "Radgewicht",
    "Verstrichene Zeit",
    "Bewegungszeit",
    "Distanz",
    "Max. Tempo",
    "Tempo",
    "Höhenzunahme",
    "Höhenabnahme",
]


def cells(
    *,
    id="101",
    date="May 12, 2024, 8:30:00 AM",
    name="Ely 10K",
    kind="Run",
    km="10.03",
    file="activities/5.fit.gz",
    s="2752",
    metres="10030.0",
):
    return [
        id,
        date,
        name,
        kind,
        "Windy",
        s,
        km,
        "171",
        "",
        "false",
        "",
        "Blue shoes",
        file,
        "61.0",
        "",
        f"{s}.0",
        "2740.0",
        metres,
        "5.1",
        "3.6",
        "34.0",
        "30",
    ]


def table(header, *rows) -> list[archive_table.Row]:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    text.seek(0)
    return list(archive_table.rows(text))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (ENGLISH, cells()),
        (GERMAN, cells(date="12.05.2024, 08:30:00", kind="Lauf", km="10,03")),
        ([f"列{n}" for n in range(22)], cells(date="2024/05/12 8:30:00", kind="ランニング")),
        ([f"colonne {n}" for n in range(22)], cells(date="12 mai 2024 à 08:30:00", kind="Course à pied", km="10,03")),
        ([f"col {n}" for n in range(22)], cells(date="12 de mai. de 2024, 08:30:00", kind="Corrida", km="10,03")),
    ],
    ids=["English", "German", "Japanese", "French", "Portuguese"],
)  # fmt: skip
def test_a_row_is_the_same_in_every_language(header, row):
    (one,) = table(header, row)
    assert one.started_at == datetime(2024, 5, 12, 8, 30, tzinfo=UTC)
    assert (one.id, one.name, one.sport, one.gear) == ("101", "Ely 10K", "running", "Blue shoes")
    assert (one.distance_m, one.elapsed_s, one.moving_s, one.ascent_m) == (10030.0, 2752.0, 2740.0, 34.0)
    assert one.file_name == "activities/5.fit.gz"


def test_the_first_distance_is_in_the_accounts_unit_and_the_second_in_metres():
    miles = [cells(id=str(n), km="6.23", metres="10026.2") for n in range(3)] + [
        cells(id="9", km="6.23", metres="", file="")
    ]
    assert [row.distance_m for row in table(ENGLISH, *miles)] == pytest.approx([10026.2] * 3 + [6.23 * 1609.344])


def test_exports_of_old_give_metres_and_lower_case_names():
    header = ["id", "date", "name", "type", "description", "elapsed_time", "distance", "commute", "gear", "filename"]
    (row,) = table(
        header, ["7", "2014-03-02 09:00:00", "Sunday", "Run", "", "3600", "12034.5", "false", "", "activities/7.gpx"]
    )
    assert (row.distance_m, row.elapsed_s, row.file_name) == (12034.5, 3600.0, "activities/7.gpx")


def test_short_headers_without_the_second_set_of_columns():
    (row,) = table(ENGLISH[:13], cells()[:13])
    assert (row.distance_m, row.elapsed_s, row.moving_s) == (pytest.approx(10030), 2752.0, None)


def test_positions_that_do_not_agree_are_not_believed():
    odd = [*cells()[:13], "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    (row,) = table(GERMAN, odd)
    assert (row.distance_m, row.elapsed_s, row.moving_s) == (pytest.approx(10030), 2752.0, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1234.5", 1234.5), ("1234,5", 1234.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1\u202f234,5", 1234.5), ("", None), ("nan", None), ("inf", None), ("1e999", None), ("--", None)],
)  # fmt: skip
def test_numbers(text, expected):
    assert number(text) == expected


def test_a_date_with_two_readings_is_read_when_the_column_tells_the_order():
    both = [cells(id="1", date="3/4/2024 08:30:00"), cells(id="2", date="25/12/2024 08:30:00")]
    assert table(ENGLISH, *both)[0].started_at == datetime(2024, 4, 3, 8, 30, tzinfo=UTC)
    assert table(ENGLISH, both[0])[0].started_at is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Feb 29, 2024, 12:05:01 AM", (2024, 2, 29, 0, 5, 1)), ("Feb 29, 2024, 12:05:01 PM", (2024, 2, 29, 12, 5, 1)),
        ("1 giu 2023, 07:00:00", (2023, 6, 1, 7, 0, 0)), ("1 juil. 2023 à 07:00:00", (2023, 7, 1, 7, 0, 0)),
        ("1 août 2023 à 07:00", (2023, 8, 1, 7, 0, 0)), ("31 dic 2022, 23:59:59", (2022, 12, 31, 23, 59, 59)),
        ("2024年5月12日 08:30:00", (2024, 5, 12, 8, 30, 0)), ("5 mrt 2021 10:00:00", (2021, 3, 5, 10, 0, 0)),
    ],
)  # fmt: skip
def test_dates(text, expected):
    assert moment(text) == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "Feb 30, 2024, 1:00:00 AM", "12 May", "8:30", "99:99:99 1 1 2024", "May 12, 24, 8:30:00 AM"]
)
def test_what_is_no_date_is_none(text):
    assert moment(text) is None


@given(st.text(max_size=60))
def test_no_text_breaks_a_date_or_a_number(text):
    moment(text), number(text)


@pytest.mark.parametrize("content", ["", "\n\n", "a,b,c\n1,2,3\n", "Activity ID\nx\n", '"' + "x" * 300_000, "\0\0\0"])
def test_another_table_is_refused(content):
    with pytest.raises(Unreadable):
        list(archive_table.rows(io.StringIO(content)))
