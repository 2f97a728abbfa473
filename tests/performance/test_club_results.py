"""A club secretary's list: any columns, a mapping to look over, graded, sorted, taken away; bounded and gone in a day."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from activities.columns import read_table
from performance import agegrade, club_store
from performance.club_results import Asked, grade_table, propose
from performance.models import ClubResults
from tests.pages import assert_page_and_partial

URL = "/age-grade/results/"
LIST = """Pos,Runner,M/F,Age,Chip Time,Club
1,Bob Fen,M,35,36:10,Ely
2,Ada Marsh,F,58,45:42,=HYPERLINK("http://x")
3,Cy Wold,M,69,45:42,Bury
4,Dee Nene,,44,46:00,Ely
5,Eve Ouse,F,30,DNF,Ely
"""
MAPPED = {
    "column_name": "1", "column_sex": "2", "column_age": "3", "column_time": "4", "for_all_distance": "10 km",
    "surface": "road", "edition": "", "convention": "exact",
}  # fmt: skip


@pytest.fixture
def secretary(db) -> Client:
    cache.clear()
    return Client()


def bring(client: Client, content: str | bytes = LIST, name: str = "Ely 10K.csv", status: int = 302) -> str:
    data = content.encode() if isinstance(content, str) else content
    answer = client.post(URL, {"file": SimpleUploadedFile(name, data, content_type="text/csv")})
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.headers.get("Location", "") or answer.content.decode()


def graded(client: Client, content: str = LIST, **changed: str) -> str:
    there = bring(client, content)
    answer = client.post(there, MAPPED | changed)
    assert answer.status_code == 302, answer.content.decode()
    return there


def file_of(client: Client, there: str) -> list[dict[str, str]]:
    text = b"".join(client.get(there.rstrip("/") + ".csv")).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# -- reading ------------------------------------------------------------------------------------------------------------


def asked_of(text: str, **asked) -> list:
    table = read_table(text.encode())
    return grade_table(table, Asked(columns=propose(table), **asked))


@pytest.mark.parametrize(
    "text",
    [
        "Name,Sex,Age,Distance,Time\nAda,F,58,10 km,45:42\n",
        "Zeit;Alter;Strecke;Geschlecht;Name\n45:42;58;10 km;W;Ada\n",
        "Temps\tSexe\tDistance\tNom\tÂge\n45:42\tfemme\t10 km\tAda\t58\n",
        "Date of Birth,Gender,Race Date,Net Time,Dist,Runner\n1968-05-17,female,2026-10-18,0:45:42,10k,Ada\n",
        "AK,Name,Nettozeit,Bruttozeit,Strecke,Alter\nW55,Ada,45:42,45:50,10000 m,58\n",
    ],
)
def test_the_same_runner_is_graded_alike_whatever_the_columns(text):
    (row,) = asked_of(text)
    assert row.refusal == ""
    assert row.age_grade == agegrade.grade(time_s=2742, age=58, sex="F", distance_m=10_000.0)


def test_rows_are_sorted_by_grade_and_those_without_one_stand_last_with_their_reason():
    rows = asked_of(LIST, distance="10 km")
    assert [row.name for row in rows] == ["Ada Marsh", "Cy Wold", "Bob Fen", "Dee Nene", "Eve Ouse"]
    assert [row.refusal for row in rows] == ["", "", "", "sex_missing", "not_finished"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("Ada,X,58,10 km,45:42", "sex_missing"),
        ("Ada,F,old,10 km,45:42", "age_missing"),
        ("Ada,F,0,10 km,45:42", "age_out_of_range"),
        ("Ada,F,58,10,45:42", "event_unknown"),
        ("Ada,F,58,300 km,45:42", "distance_out_of_range"),
        ("Ada,F,58,10 km,soon", "time_invalid"),
        ("Ada,F,58,10 km,", "time_invalid"),
        ("Ada,F,58,javelin,45:42", "event_unknown"),
    ],
)
def test_a_row_that_is_not_clear_says_why_and_stops_nothing(cells, reason):
    rows = asked_of(f"Name,Sex,Age,Distance,Time\nBob,M,60,10 km,50:00\n{cells}\nCy,M,61,10 km,51:00\n")
    assert {row.name: row.refusal for row in rows} == {"Bob": "", "Cy": "", "Ada": reason}


def test_a_clock_of_hours_and_minutes_is_told_by_the_distance():
    (row,) = asked_of("Name,Sex,Age,Distance,Time\nAda,F,58,marathon,3:45\n")
    assert row.time_s == 13_500


def test_track_events_are_named_as_on_the_track():
    (row,) = asked_of("Name,Sex,Age,Event Distance,Time\nBob,M,62,2000mSC,8:10\n", surface="track")
    asked = {"age": 62.0, "sex": "M", "event": "2000mSC", "surface": "track"}
    assert row.age_grade == agegrade.grade(time_s=490, **asked)


def test_the_day_that_two_figures_leave_open_is_the_one_that_was_said():
    text = "Name,Sex,DOB,Distance,Time\nAda,F,4/3/1968,10 km,45:42\n"
    on = {"day": date(2026, 3, 10)}
    assert asked_of(text, day_order="dmy", **on)[0].age == 58
    assert asked_of(text, day_order="mdy", **on)[0].age == 57


# -- the pages ----------------------------------------------------------------------------------------------------------


def test_a_list_is_brought_mapped_graded_and_taken_away_without_an_account(secretary):
    there = bring(secretary)
    page = secretary.get(there).content.decode()
    assert "Ely 10K.csv, 5 rows" in page
    for part, place in (("name", 1), ("sex", 2), ("age", 3), ("time", 4)):
        assert f'<option value="{place}" selected>' in page[page.index(f'id="id_column_{part}"') :][:1500]
    assert secretary.post(there, MAPPED).headers["Location"] == there
    html = assert_page_and_partial(secretary, there, "results")
    assert "3 rows graded" in html and "sex not M or F" in html and "did not finish" in html
    assert html.index("Ada Marsh") < html.index("Cy Wold") < html.index("Bob Fen")
    best = file_of(secretary, there)[0]
    assert list(best)[:6] == ["Pos", "Runner", "M/F", "Age", "Chip Time", "Club"]
    assert (best["Runner"], best["age grade %"], best["class"], best["edition"]) == (
        "Ada Marsh", "78.42", "regional", "road-2025",
    )  # fmt: skip


def test_no_cell_of_the_file_is_a_formula(secretary):
    rows = {row["Runner"]: row for row in file_of(secretary, graded(secretary))}
    assert rows["Ada Marsh"]["Club"] == '\'=HYPERLINK("http://x")'


def test_a_name_cannot_break_out_of_the_page(secretary):
    html = secretary.get(graded(secretary, LIST.replace("Ada Marsh", "<script>alert(1)</script>"))).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_what_is_missing_is_asked_for_and_nothing_is_lost(secretary):
    there = bring(secretary)
    answer = secretary.post(there, MAPPED | {"for_all_distance": "", "column_sex": ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Say which column holds the distance, or give one for all." in html
    assert "Say which column tells women from men, or choose one table for all." in html
    assert '<option value="4" selected>' in html[html.index('id="id_column_time"') :][:1500]
    assert ClubResults.objects.get().asked is None


def test_a_change_of_the_mapping_shows_the_first_rows_at_once(secretary):
    there = bring(secretary)
    part = secretary.post(there, MAPPED, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section id="look"') and "78.42" in part
    assert ClubResults.objects.get().asked is None
    without_script = secretary.post(there, MAPPED | {"look": "1"})
    assert "78.42" in without_script.content.decode() and ClubResults.objects.get().asked is None


def test_dates_that_can_be_read_in_two_ways_are_asked_about(secretary):
    text = "Name,Sex,DOB,Time\nAda,F,4/3/1968,45:42\n"
    mapped = {**MAPPED, "column_name": "0", "column_sex": "1", "column_born": "2", "column_age": "", "column_time": "3"}
    there = bring(secretary, text)
    answer = secretary.post(there, mapped | {"day": "2026-03-10"})
    assert answer.status_code == 422 and "can be read in two ways" in answer.content.decode()
    assert secretary.post(there, mapped | {"day": "2026-03-10", "day_order": "mdy"}).status_code == 302


def test_the_columns_can_be_changed_afterwards(secretary):
    there = graded(secretary)
    assert "Which column is which?" in secretary.get(there + "?columns=1").content.decode()
    secretary.post(there, MAPPED | {"edition": "road-2010", "convention": "whole-second"})
    assert file_of(secretary, there)[0]["edition"] == "road-2010"


@pytest.mark.parametrize("sort", ["grade", "time", "name", "file", "wings"])
def test_the_list_can_be_sorted(secretary, sort):
    html = secretary.get(graded(secretary) + f"?sort={sort}").content.decode()
    order = sorted(("Ada Marsh", "Bob Fen", "Cy Wold"), key=html.index)
    expected = {"name": ["Ada Marsh", "Bob Fen", "Cy Wold"], "time": ["Bob Fen", "Ada Marsh", "Cy Wold"],
                "file": ["Bob Fen", "Ada Marsh", "Cy Wold"]}  # fmt: skip
    assert order == expected.get(sort, ["Ada Marsh", "Cy Wold", "Bob Fen"])


def test_a_long_list_is_graded_in_the_background_and_its_page_waits(secretary):
    there = graded(secretary, LIST + "".join(f"{n},Runner {n},M,50,{n % 60 + 30}:00,\n" for n in range(6, 1200)))
    assert 'hx-trigger="every 2s"' in secretary.get(there).content.decode()
    assert secretary.get(there.rstrip("/") + ".csv").status_code == 404
    club_store.work_off(ClubResults.objects.get().pk)
    assert "Page 1 of 12" in secretary.get(there).content.decode()


# -- bounds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "There is nothing in it."),
        (b"PK\x03\x04\x00\x00\x00\x00", "Save the sheet as CSV first."),
        (b"only one column\nof words\n", "it takes a row for each runner"),
        (b"name,time\n", "it takes a row for each runner"),
        (b"a,1:00\n" * 20_001, "more than 20,000 rows"),
        (b"x" * (2 * 2**20 + 1), "larger than 2 MB"),
    ],
)
def test_what_is_no_list_is_refused_in_plain_words(secretary, content, words):
    assert words in bring(secretary, content, status=422)
    assert not ClubResults.objects.exists()


def test_one_address_brings_so_much_an_hour_and_no_more(secretary, monkeypatch):
    monkeypatch.setattr(club_store, "FILES_AN_HOUR", 2)
    bring(secretary)
    bring(secretary)
    assert "Please wait an hour" in bring(secretary, status=429)
    cache.clear()
    monkeypatch.setattr(club_store, "BYTES_AN_HOUR", len(LIST))
    bring(secretary)
    assert "Please wait an hour" in bring(secretary, status=429)


def test_when_there_is_no_room_it_says_so(secretary, monkeypatch):
    bring(secretary)
    monkeypatch.setattr(club_store, "KEPT_BYTES", 10)
    assert "no room for another list" in bring(secretary, status=503)


def test_what_grading_made_takes_room_too(secretary, monkeypatch):
    graded(secretary)
    kept = ClubResults.objects.get()
    monkeypatch.setattr(club_store, "KEPT_BYTES", len(kept.content))
    assert "no room for another list" in bring(secretary, status=503)


def test_one_address_has_so_much_graded_an_hour_and_no_more(secretary, monkeypatch):
    there = graded(secretary)
    monkeypatch.setattr(club_store, "GRADINGS_AN_HOUR", 1)
    finished = ClubResults.objects.get().finished_at
    said = {"column_time": "3", "column_sex": "1", "column_age": "2", "for_all_distance": "5 km", "surface": "road"}
    answer = secretary.post(there, said | {"convention": "calculator"})
    assert answer.status_code == 429
    assert "Please wait an hour" in answer.content.decode()
    assert ClubResults.objects.get().finished_at == finished


def test_a_list_is_gone_after_a_day(secretary):
    there = graded(secretary)
    ClubResults.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert secretary.get(there).status_code == 404
    assert secretary.get(there.rstrip("/") + ".csv").status_code == 404
    assert club_store.delete_expired() == 1
    assert not ClubResults.objects.exists()
    kept = bring(secretary)
    life = ClubResults.objects.get().expires_at - timezone.now()
    assert kept and timedelta(hours=23) < life <= timedelta(hours=24)


def test_a_list_can_be_deleted_at_once(secretary):
    there = graded(secretary)
    secretary.post(there + "delete/")
    assert secretary.get(there).status_code == 404


@pytest.mark.parametrize("changed", [{"column_time": "99"}, {"column_time": "-1"}, {"surface": "moon"},
                                     {"edition": "road-2025-04-withdrawn"}, {"edition": "road-2025", "surface": "track"},
                                     {"for_all_distance": "x" * 500}, {"convention": ""}])  # fmt: skip
def test_what_no_form_offers_is_refused(secretary, changed):
    assert secretary.post(bring(secretary), MAPPED | changed).status_code == 422
