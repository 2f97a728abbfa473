"""A whole career from a table: columns found, rows compared with the book, taken in, taken back."""

import io
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from activities.columns import read_table
from athletes.models import Athlete
from performance import analysis, decisions, results_import
from performance.models import Race, ResultsFile
from performance.results_import import first_reading, judge, read_rows
from performance.tasks import undo_results
from tests.factories import grant, make_activity, make_athlete, make_race

CAREER = """Datum;Veranstaltung;Strecke;Nettozeit;Bruttozeit;Platz;AK;Startnummer
18.10.2020;Ely 10K;10 km;45:42;45:50;17/320;W55;A17
02.05.1999;Old Half;HM;1:43:58;;3;;
13.06.2004;Seven Bridges 7k;;31:30;;;;
14.06.2004;Broken;10 km;DNF;;;;
15.06.2004;Riddle;Marathon;3:45;;;;
"""
NEW = "/races/results/"


def rows_of(text: str, **reading: Any) -> list[results_import.Row]:
    table = read_table(text.encode())
    found = first_reading(table)
    return read_rows(table, results_import.Reading(**{**found.as_dict(), **reading}))


def brought(athlete: Athlete, text: str = CAREER) -> ResultsFile:
    file = results_import.receive(athlete, name="career.csv", data=text.encode())
    results_import.ask_to_take(file)
    assert results_import.take(file.pk)
    file.refresh_from_db()
    return file


def upload(client, text: str = CAREER, name: str = "career.csv"):
    given = io.BytesIO(text.encode())
    given.name = name
    return client.post(NEW, {"table": given})


def outcomes(file: ResultsFile) -> list[str]:
    return [told["outcome"] for told in file.outcomes]


# -- reading ------------------------------------------------------------------------------------------------------------


def test_a_row_is_read_as_people_write_it():
    first, half, named, dnf, riddle = rows_of(CAREER)
    assert (first.day, first.said.name, first.said.distance_m) == (date(2020, 10, 18), "Ely 10K", 10_000)
    assert (first.said.chip_time_s, first.said.gun_time_s) == (2742, 2750)
    assert (first.said.place_overall, first.said.field_overall, first.said.age_group, first.said.bib) == (
        17,
        320,
        "W55",
        "A17",
    )
    assert (half.said.distance_m, half.said.chip_time_s) == (21_097.5, 6238)
    assert (named.said.distance_m, named.problems) == (7000, ())  # from the title
    assert dnf.problems == ("It was not finished: DNF.",)
    assert "can be read in two ways" in riddle.problems[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("date,distance,time\n2020-13-40,10 km,45:42\n", "Its date cannot be read"),
        (f"date,distance,time\n{timezone.localdate() + timedelta(days=9)},10 km,45:42\n", "in the future"),
        ("date,distance,time\n,10 km,45:42\n", "There is no date"),
        ("date,distance,time\n2020-10-18,10,45:42\n", "Its distance has no unit: 10."),
        ("date,distance,time\n2020-10-18,far,45:42\n", "Its distance cannot be read: far."),
        ("date,distance,time\n2020-10-18,10 km,fast\n", "Its time cannot be read: fast."),
        ("date,distance,time\n2020-10-18,10 km,\n", "There is no time"),
        ("date,distance,chip time,gun time\n2020-10-18,10 km,46:00,45:00\n", "chip time is longer"),
    ],
)
def test_what_cannot_be_read_says_why(text, problem):
    (row,) = rows_of(text)
    assert problem in row.problems[0]


def test_the_header_says_what_a_bare_distance_is_in():
    assert rows_of("date,distance (km),time\n2020-10-18,10,45:42\n")[0].said.distance_m == 10_000
    assert rows_of(
        "date,miles,time\n2020-10-18,10,75:42\n", columns={"date": 0, "distance": 1, "time": 2}, default_unit="mi"
    )[0].said.distance_m == pytest.approx(16_093.44)


def test_dates_that_figures_leave_open_are_asked_about(ada, as_ada):
    text = "date,race,distance,time\n03/04/2020,Ely,10 km,45:42\n05/06/2020,Bury,5 km,22:10\n"
    assert first_reading(read_table(text.encode())).day_order is None
    there = upload(as_ada, text)["Location"]
    assert "month first" in as_ada.get(there).content.decode()
    mapping = {"column-0": "date", "column-1": "event", "column-2": "distance", "column-3": "time", "day_order": "mdy"}
    as_ada.post(there, mapping)
    assert "4 Mar 2020" in as_ada.get(there).content.decode()


# -- beside the book ----------------------------------------------------------------------------------------------------


def test_each_row_is_compared_with_the_book(ada):
    by = ada.user
    run = make_activity(athlete=ada, distance_m=10_060, time_s=2760)  # 18 Oct 2026
    make_race(athlete=ada, activity=run, state="to_decide")
    make_race(athlete=ada, local_date=date(2020, 5, 1), distance_m=5000, said_distance_m=5000, chip_time_s=1400)
    make_race(athlete=ada, local_date=date(2020, 5, 2), distance_m=5000, said_distance_m=5000, chip_time_s=1400)
    table = "date,event,distance,time\n" + "\n".join(
        (
            "2026-10-18,Ely 10K,10 km,45:42",
            "2020-05-01,Park,5 km,23:20",
            "2020-05-02,Park,5 km,24:20",
            "2020-05-03,Park,5 km,24:20",
            "2020-05-03,Park again,5 km,24:20",
            "2026-10-18,Evening mile,1 mile,6:20",
        )
    )
    assert [one.outcome for one in judge(ada, rows_of(table))] == ["adds", "same", "differs", "new", "same", "new"]
    assert by


def test_taken_in_they_are_races_with_grades_and_a_decision(ada):
    file = brought(ada)
    assert outcomes(file) == ["new", "new", "new", "unreadable", "unreadable"]
    race = Race.objects.get(name="Ely 10K")
    assert (race.state, race.typed, race.time_s, race.time_source) == ("confirmed", True, 2742, "chip")
    assert race.age_grade is not None
    assert race.decisions.get().what == "marked"
    assert Race.objects.get(name="Seven Bridges 7k").distance_m == 7000


def test_twice_is_once(ada):
    brought(ada)
    again = brought(ada)
    assert outcomes(again) == ["same", "same", "same", "unreadable", "unreadable"]
    assert Race.objects.count() == 3
    assert not results_import.take(again.pk)


def test_a_recorded_race_is_given_its_official_time_and_loses_it_again(ada):
    run = make_activity(athlete=ada, distance_m=10_060, time_s=2760, analysed=True)
    race = make_race(athlete=ada, activity=run, state="to_decide", place_sex=4)
    file = brought(ada, "date,event,distance,chip time,place\n2026-10-18,Ely Runners 10K,10 km,45:30,20\n")
    race.refresh_from_db()
    assert (race.name, race.time_s, race.time_source, race.state) == ("Ely Runners 10K", 2730, "chip", "confirmed")
    assert (race.place_overall, race.place_sex, race.typed) == (20, 4, False)
    assert results_import.undo(file) == 0
    race.refresh_from_db()
    assert (race.said_name, race.chip_time_s, race.place_overall, race.place_sex) == ("", None, None, 4)
    assert race.state != "confirmed"


@pytest.mark.django_db(transaction=True)
def test_what_is_said_of_a_race_while_a_table_is_taken_in_is_not_written_over():
    athlete = make_athlete(email="ada@example.invalid", born=date(1968, 5, 17), table="F")
    race = make_race(athlete=athlete, activity=make_activity(athlete=athlete, distance_m=10_060, time_s=2760))
    row = "date,event,distance,chip time\n2026-10-18,Ely Runners 10K,10 km,45:30\n"
    file = results_import.receive(athlete, name="career.csv", data=row.encode())
    results_import.ask_to_take(file)

    def take() -> None:
        try:
            results_import.take(file.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=take)
    with transaction.atomic():
        Race.objects.filter(pk=race.pk).update(notes="Windy.")
        worker.start()
        worker.join(timeout=1.5)
        assert worker.is_alive()
    worker.join()
    race.refresh_from_db()
    assert (race.chip_time_s, race.notes) == (2730, "Windy.")


def test_a_run_that_turns_up_later_finds_its_race(ada):
    brought(ada, "date,event,distance,time\n2026-10-18,Ely 10K,10 km,45:42\n")
    run = make_activity(athlete=ada, distance_m=10_060, time_s=2760)
    analysis.find_races(ada.pk)
    assert Race.objects.get().found_in == run


def test_taking_back_leaves_nothing_but_what_was_changed_since(ada, django_capture_on_commit_callbacks):
    file = brought(ada)
    mine = Race.objects.get(name="Old Half")
    decisions.correct(
        mine.pk,
        said=results_import.replace(decisions.said_of(mine), notes="my first"),
        local_date=None,
        by=ada.user,
        confirm=True,
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert results_import.undo(file) == 1
    assert [race.name for race in Race.objects.all()] == ["Old Half"]
    assert not default_storage.exists(file.stored_as)
    file.refresh_from_db()
    assert file.state == "undone"
    assert results_import.undo(file) == 0


def test_a_long_table_is_taken_back_in_the_background_and_its_page_says_what_was_kept(ada, as_ada, monkeypatch):
    monkeypatch.setattr(results_import, "AT_ONCE", 2)
    file = brought(ada)
    mine = Race.objects.get(name="Old Half")
    mine.notes = "my first"
    mine.save()
    there = f"/races/results/{file.pk}/"
    html = as_ada.post(f"{there}undo/", follow=True).content.decode()
    assert "The results are being taken back." in html
    assert Race.objects.count() == 3
    undo_results(file.pk)
    undo_results(file.pk)  # sent twice
    assert Race.objects.count() == 1
    assert "1 race is kept, as you changed it since." in as_ada.get(there).content.decode()


def test_five_thousand_rows_are_no_matter_and_more_are_refused_in_words(ada, as_ada, django_assert_max_num_queries):
    lines = [
        f"{1950 + n // 300}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02},Race {n},{5 + n % 7} km,4{n % 10}:00"
        for n in range(5001)
    ]
    header = "date,event,distance,time\n"
    assert "more than 5000 results" in upload(as_ada, header + "\n".join(lines)).content.decode()
    file = results_import.receive(ada, name="many.csv", data=(header + "\n".join(lines[:300])).encode())
    results_import.ask_to_take(file)
    with django_assert_max_num_queries(40):
        results_import.take(file.pk)
    assert Race.objects.count() == 300


# -- the pages ----------------------------------------------------------------------------------------------------------


def test_from_the_file_to_the_book_and_back(ada, as_ada):
    answer = upload(as_ada)
    there = answer["Location"]
    page = as_ada.get(there).content.decode()
    assert "Take in 3 results" in page
    assert page.index("It was not finished: DNF.") < page.rindex("Old Half")  # what needs a look is on top
    assert not Race.objects.exists()
    assert as_ada.post(f"{there}take/").status_code == 302
    assert "being taken in" in as_ada.get(there).content.decode()
    results_import.take(ResultsFile.objects.get().pk)
    assert "Take all of it back" in as_ada.get(there).content.decode()
    as_ada.post(f"{there}undo/")
    assert not Race.objects.exists()


def test_the_columns_are_the_readers_to_name_and_the_preview_follows(ada, as_ada):
    there = upload(as_ada, "a,b,c\n2020-10-18,45:42,10 km\n")["Location"]
    said = {"column-0": "date", "column-1": "chip_time", "column-2": "distance"}
    part = as_ada.post(there, said, headers={"HX-Request": "true"}).content.decode()
    assert 'id="results-preview"' in part and "Take in 1 result" in part and "<h1" not in part
    as_ada.post(there, {"column-0": "nothing"})
    assert "Still needed: Date, Time" in as_ada.get(there).content.decode()
    assert as_ada.post(f"{there}take/").status_code == 302
    assert ResultsFile.objects.get().state == "preview"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04\x00\x00", "not a table of text"),
        (b"\n\n\n", "There is nothing in it."),
    ],
)
def test_what_is_no_table_is_refused_in_words(as_ada, data, words):
    given = io.BytesIO(data)
    given.name = "x.csv"
    response = as_ada.post(NEW, {"table": given})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not ResultsFile.objects.exists()


def test_a_table_is_its_owners_alone(cast, as_carl, as_eve, as_olga, client):
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    file = results_import.receive(cast.ada, name="career.csv", data=CAREER.encode())
    there = reverse("performance:race-results", args=[file.pk])
    for stranger in (as_eve, as_carl, as_olga):
        for method, address in (("get", there), ("post", f"{there}take/"), ("post", f"{there}undo/")):
            assert getattr(stranger, method)(address).status_code in {403, 404}
    assert client.get(there).status_code == 302
    assert as_carl.get(NEW).status_code == 403
    file.refresh_from_db()
    assert file.state == "preview"


def test_what_nobody_took_in_goes_after_a_week(ada):
    file = results_import.receive(ada, name="career.csv", data=CAREER.encode())
    results_import.drop_forgotten()
    assert ResultsFile.objects.exists()
    ResultsFile.objects.update(came_at=timezone.now() - timedelta(days=8))
    results_import.drop_forgotten()
    assert not ResultsFile.objects.exists()
    assert not default_storage.exists(file.stored_as)


def test_names_from_a_table_are_text_and_nothing_else(ada, as_ada):
    there = upload(as_ada, 'date,event,distance,time\n2020-10-18,"<script>alert(1)</script>",10 km,45:42\n')["Location"]
    assert "<script>alert" not in as_ada.get(there).content.decode()
