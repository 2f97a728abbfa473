"""/races.csv and /races.json: the race book for spreadsheets and programs."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from icalendar import Calendar

from performance import decisions, exports
from performance.models import RaceRecording
from performance.views.race_faces import FIELDS
from tests.conftest import signed_in
from tests.factories import grant, make_activity, make_athlete, make_race, make_recording

DECIDED = "id, date, name, state, probability, distance_m, time_s, time_source, edition, convention, age, age_grade, source, activity_ids"


def as_json(client: Client, query: str = "") -> list[dict]:
    response = client.get(f"/races.json{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    return json.loads(response.getvalue())


def as_csv(client: Client, query: str = "") -> list[dict]:
    response = client.get(f"/races.csv{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def test_the_fields_are_those_decided():
    assert ", ".join(FIELDS) == DECIDED


def test_a_race_is_given_in_si_units_unrounded(cast, as_ada):
    activity = make_activity(athlete=cast.ada)
    race = make_race(
        athlete=cast.ada,
        activity=activity,
        name="Ely 10K",
        local_date=date(2026, 10, 18),
        time_s=2742.37,
        age_grade=0.784123456789,
    )
    assert as_json(as_ada) == [
        {
            "id": race.pk,
            "date": "2026-10-18",
            "name": "Ely 10K",
            "state": "confirmed",
            "probability": 0.97,
            "distance_m": 10_000.0,
            "time_s": 2742.37,
            "time_source": "effort",
            "edition": "road-2025",
            "convention": "exact",
            "age": 58,
            "age_grade": 0.784123456789,
            "source": ["file"],
            "activity_ids": [activity.pk],
        }
    ]
    (row,) = as_csv(as_ada)
    assert list(row) == list(FIELDS)
    assert (row["time_s"], row["age_grade"], row["distance_m"]) == ("2742.37", "0.784123456789", "10000.0")
    assert (row["source"], row["activity_ids"]) == ("file", str(activity.pk))


def test_what_is_missing_is_null_or_empty(cast, as_ada):
    make_race(athlete=cast.ada, age_grade=None, probability=None)
    (race,) = as_json(as_ada)
    assert (race["probability"], race["age_grade"], race["edition"]) == (None, None, None)
    assert (race["source"], race["activity_ids"]) == (["typed"], [])
    (row,) = as_csv(as_ada)
    assert (row["probability"], row["age_grade"], row["edition"], row["activity_ids"]) == ("", "", "", "")


def test_a_race_in_several_recordings_is_one_row(cast, as_ada):
    activity = make_activity(athlete=cast.ada)
    race = make_race(athlete=cast.ada, activity=activity)
    RaceRecording.objects.create(race=race, recording=make_recording(activity=activity, source="strava"))
    (found,) = as_json(as_ada)
    assert found["source"] == ["file", "strava"]
    assert found["activity_ids"] == [activity.pk]
    assert as_csv(as_ada)[0]["source"] == "file strava"


def test_all_states_are_there_unless_one_is_asked_for(cast, as_ada):
    for state in ("found", "to_decide", "confirmed", "rejected"):
        make_race(athlete=cast.ada, state=state)
    assert {race["state"] for race in as_json(as_ada)} == {"found", "to_decide", "confirmed", "rejected"}
    assert [race["state"] for race in as_json(as_ada, "?state=found")] == ["found"]


def test_the_filters_and_the_order_are_those_of_the_page(cast, as_ada):
    make_race(athlete=cast.ada, name="Milton parkrun", distance_m=5000, local_date=date(2025, 6, 1), age_grade=0.7)
    make_race(athlete=cast.ada, name="Ely 10K", local_date=date(2026, 6, 1), age_grade=0.6)
    for face in (as_json, as_csv):
        assert [race["name"] for race in face(as_ada)] == ["Ely 10K", "Milton parkrun"]
        assert [race["name"] for race in face(as_ada, "?sort=-grade")] == ["Milton parkrun", "Ely 10K"]
        assert [race["name"] for race in face(as_ada, "?q=park")] == ["Milton parkrun"]
        assert [race["name"] for race in face(as_ada, "?year=2026")] == ["Ely 10K"]
        assert [race["name"] for race in face(as_ada, "?distance=5000")] == ["Milton parkrun"]


def test_a_calendar_holds_the_races_that_count_each_under_a_name_that_stays(cast, as_ada):
    run = make_activity(athlete=cast.ada, started_at=datetime(2026, 10, 18, 9, 30, tzinfo=UTC), time_s=2752)
    recorded = make_race(athlete=cast.ada, activity=run, name="Ely, 10K; \N{RUNNER}")
    make_race(athlete=cast.ada, name="Typed in", local_date=date(2025, 6, 1))
    make_race(athlete=cast.ada, name="Perhaps", state="to_decide")
    response = as_ada.get("/races.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    first, second = Calendar.from_ical(response.content).walk("VEVENT")
    assert first["SUMMARY"] == "Ely, 10K; \N{RUNNER}: 10\N{NO-BREAK SPACE}km, 45:42, 78.4\N{NO-BREAK SPACE}%"
    assert first["UID"] == f"race-{recorded.pk}@testserver"
    assert first["DTSTART"].dt == datetime(2026, 10, 18, 9, 30, tzinfo=UTC)
    assert (second["DTSTART"].dt, second["DTEND"].dt) == (date(2025, 6, 1), date(2025, 6, 2))
    found = Calendar.from_ical(as_ada.get("/races.ics?state=to_decide").content).walk("VEVENT")
    assert [event["SUMMARY"].split(":")[0] for event in found] == ["Perhaps"]


@pytest.mark.parametrize("address", ["/races.json?year=MMXX", "/races.csv?state=maybe", "/races.ics?state=maybe"])
def test_a_filter_that_cannot_be_read_is_an_error_and_not_everything(cast, as_ada, address):
    make_race(athlete=cast.ada)
    response = as_ada.get(address)
    assert response.status_code == 422
    assert response.json()["error"]["status"] == 422


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_is_no_formula_in_a_spreadsheet_and_itself_in_json(cast, as_ada, start):
    name = f'{start}HYPERLINK("http://elsewhere.invalid";"10K")'
    make_race(athlete=cast.ada, name=name)
    assert as_csv(as_ada)[0]["name"] == f"'{name}"
    assert as_json(as_ada)[0]["name"] == name


def test_names_with_commas_quotes_and_other_scripts_come_back_as_they_were(cast, as_ada):
    name = 'Zürich, "Silvesterlauf" 駅伝\nsecond line'
    make_race(athlete=cast.ada, name=name)
    assert as_csv(as_ada)[0]["name"] == name
    assert as_json(as_ada)[0]["name"] == name


def test_an_empty_book_is_an_empty_list(as_ada):
    assert as_json(as_ada) == []
    assert as_csv(as_ada) == []


def test_what_each_of_the_cast_gets(cast, as_ada, as_carl, as_eve, as_olga):
    make_race(athlete=cast.ada)
    for client in (as_carl, as_eve, as_olga):
        assert as_json(client) == []
        assert as_csv(client) == []
        assert client.get(f"/races.json?athlete={cast.ada.pk}").status_code == 404
        assert client.get(f"/races.csv?athlete={cast.ada.pk}").status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    assert len(as_json(as_carl)) == len(as_csv(as_carl)) == len(as_json(as_ada)) == 1


def test_races_known_from_strava_alone_go_to_a_coach_only_where_the_operator_allows_it(cast, as_ada, as_carl, settings):
    make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada, source="strava"))
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert (len(as_json(as_ada)), len(as_json(as_carl))) == (1, 0)
    settings.STRAVA_SHARE_WITH_COACHES = True
    assert len(as_json(as_carl)) == 1


def test_a_warm_up_from_a_watch_opens_no_race_that_strava_alone_told_of(cast, as_carl):
    race = make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada, source="strava"))
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    decisions.link(race.pk, make_activity(athlete=cast.ada), role="warm_up", by=cast.ada.user)
    assert as_json(as_carl) == []
    assert as_carl.get("/coach/").context["grants"][0].n_races is None


def test_without_signing_in_both_faces_say_so(db):
    for face in ("/races.json", "/races.csv", "/races.ics"):
        response = Client().get(face)
        assert response.status_code == 401
        assert response.json()["error"]["status"] == 401


def test_the_number_of_queries_does_not_grow_with_the_races(cast, as_ada, django_assert_num_queries):
    for number in range(30):
        activity = make_activity(athlete=cast.ada) if number % 2 else None
        make_race(athlete=cast.ada, activity=activity)
    for address in ("/races.json", "/races.csv"):
        with django_assert_num_queries(5):
            assert len(b"".join(as_ada.get(address)).splitlines()) > 30


# -- a reader who is slow -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/races.csv", "/races.json", "/activities.csv", "/activities.json"])
def test_a_reader_who_is_slow_holds_no_connection_to_the_database(address):
    ada = make_athlete(email="ada@example.invalid", born=date(1968, 5, 17), table="F")
    for number in range(3):
        make_race(athlete=ada, activity=make_activity(athlete=ada, name=f"Race {number}"), name=f"Race {number}")
    client = signed_in(ada.user)
    response = client.get(address)
    assert response.streaming
    sent = iter(response)
    first = next(sent)
    assert connection.connection is None, "it is let go before the first byte"
    body = first + b"".join(sent)
    assert connection.connection is None, "and the rest is sent without it"
    assert body.count(b"Race ") == 3
    assert int(response["Content-Length"]) == len(body)


def test_what_fails_while_a_file_is_made_is_an_error_and_no_file_that_ends_in_the_middle():
    def rows():
        yield {"id": 1}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        exports.csv_response(("id",), rows(), name="races.csv")
