"""The tables as a page and a file: every edition, surface and sex, as printed, with the reader's age in sight."""

import csv
import io
import re

import pytest
from django.test import Client

from performance import agegrade
from tests.conftest import Cast
from tests.pages import assert_page_and_partial

URL = "/age-grade/tables/"
CSV = "/age-grade/tables.csv"
SHEETS = [
    (edition.id, surface, sex)
    for edition in agegrade.EDITIONS.values()
    for surface in edition.surfaces
    for sex in agegrade.SEXES
]


@pytest.fixture
def anybody(db) -> Client:
    return Client()


def table(client: Client, **asked: str) -> str:
    response = client.get(URL, asked)
    assert response.status_code == 200
    return response.content.decode()


def sheet(client: Client, **asked: str) -> list[dict[str, str]]:
    response = client.get(CSV, asked)
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


@pytest.mark.parametrize(("edition", "surface", "sex"), SHEETS)
def test_every_sheet_comes_as_a_page_within_its_budget_and_as_a_file_with_every_printed_cell(
    anybody, edition, surface, sex
):
    asked = {"standard": edition, "surface": surface, "sex": sex}
    html = table(anybody, **asked)
    assert len(re.findall(r"<[a-z]", html)) <= 1500
    published = agegrade.published_table(edition=edition, surface=surface, sex=sex)
    rows = sheet(anybody, **asked, show="factors")
    assert [int(row["age"]) for row in rows] == list(published.ages)
    for row, printed in zip(rows, published.factors, strict=True):
        assert [float(row[column.event]) if row[column.event] else None for column in published.events] == list(printed)


def test_the_ordinary_table_is_the_newest_road_edition(anybody):
    html = table(anybody)
    assert "Road 2025 (newest), road, women: age standards" in " ".join(html.split())
    # road 2025, women, 10 km: open 1726 s, factor at 58 0.8027 -> 2150.2 s
    rows = re.search(r'<th scope="row">58</th>(.*?)</tr>', table(anybody, age="40"), re.S)
    assert rows is not None and "35:50" in rows[1]


def test_the_reader_s_own_age_stands_out_in_words_too(anybody, as_ada, cast: Cast):
    row = re.search(r'<tr class="mine">.*?</th>', table(anybody, age="58"), re.S)
    assert row is not None and "58" in row[0] and "your age" in row[0]
    assert 'class="mine"' in as_ada.get(URL).content.decode()
    assert 'class="mine"' not in table(anybody)


def test_an_age_outside_the_table_says_so(anybody):
    html = table(anybody, standard="wma-2023", surface="track", age="20")
    assert "has no row for that age; it goes from 30 to 110" in " ".join(html.split())


def test_five_year_classes_mark_the_class_of_an_age(anybody):
    row = re.search(r'<tr class="mine"><th scope="row">(\d+)', table(anybody, standard="wma-2014-5yr", age="58"))
    assert row is not None and row[1] == "55"


def test_times_for_a_level_are_floored_so_that_they_reach_it(anybody):
    for row in sheet(anybody, sex="F", show="70")[40:60]:
        time_s = float(row["10km"])
        asked = {"age": float(row["age"]), "sex": "F", "distance_m": 10_000.0}
        assert time_s.is_integer()
        assert agegrade.grade(time_s=time_s, **asked) >= 0.7 > agegrade.grade(time_s=time_s + 1, **asked)


def test_the_rounding_that_is_asked_for_is_the_printed_one(anybody):
    row = sheet(anybody, standard="road-2020", sex="F", convention="whole-second")[5]
    assert (row["age"], row["half"]) == ("10", "4858")  # as printed, not 4892 (a stale column of the sheet)


def test_every_part_of_the_ages_is_one_address_away(anybody):
    html = table(anybody)
    bands = re.findall(r'class="chip" href="([^"]+)"[^>]*>(\d+)–(\d+)<', html)
    ages = [age for _href, first, last in bands for age in range(int(first), int(last) + 1)]
    assert ages == list(range(5, 101))
    href = bands[0][0].replace("&amp;", "&")
    assert '<th scope="row">5</th>' in anybody.get(href).content.decode()


@pytest.mark.parametrize(
    "asked",
    [{"sex": "x"}, {"standard": "road-1066"}, {"surface": "moon"}, {"age": "-3"}, {"age": "old"}, {"show": "wings"},
     {"first": "9" * 50}, {"convention": "'"}, {"standard": "road-2025", "surface": "track"}],
)  # fmt: skip
def test_whatever_an_address_asks_a_table_is_shown(anybody, asked):
    assert '<table class="table agetable">' in table(anybody, **asked)
    assert anybody.get(CSV, asked).status_code == 200


def test_a_withdrawn_edition_is_shown_to_who_names_it_and_offered_to_nobody(anybody):
    assert "withdrawn" not in table(anybody)
    assert "This edition was withdrawn and never approved." in table(anybody, standard="road-2025-04-withdrawn")


def test_the_part_comes_alone(anybody):
    assert_page_and_partial(anybody, URL, "table")


def test_the_method_names_every_edition_its_source_and_the_known_slips(anybody):
    html = anybody.get("/age-grade/method/").content.decode()
    for edition in agegrade.EDITIONS.values():
        assert f"<code>{edition.id}</code>" in html
    for edition in agegrade.editions():
        assert edition.title in html
    for slip in ("0.6218", "0.0601", "1:04:58", "80.46736", "10.49"):
        assert slip in html
