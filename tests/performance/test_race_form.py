"""Adding a race and saying what one knows better: distances and times as people write them, and questions instead of guesses."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from performance.agegrade import age_grade
from performance.forms import distance_text, time_text, unmistakable
from performance.models import Race
from tests.factories import grant, make_activity, make_race

ADD = "/races/add/"
HTMX = {"HX-Request": "true"}

RESULT = {"name": "Ely 10K", "date": "2026-10-18", "distance": "10k", "chip_time": "45:42"}


def add(client: Client, **fields):
    return client.post(ADD, {**RESULT, **fields})


def edit(client: Client, race: Race, **fields):
    return client.post(reverse("performance:race-edit", args=[race.pk]), fields)


@pytest.fixture
def recorded(cast) -> Race:
    activity = make_activity(athlete=cast.ada, name="Morning run", distance_m=10_030, time_s=2790)
    return make_race(athlete=cast.ada, activity=activity, name="Morning run", state="to_decide", probability=0.6)


# -- adding -------------------------------------------------------------------------------------------------------------


def test_a_race_can_be_added_without_any_run(cast, as_ada):
    response = add(as_ada, gun_time="45:50", place_overall="17", place_age_group="2")
    assert response.status_code == 302
    race = Race.objects.get()
    assert (race.athlete, race.found_in, race.state) == (cast.ada, None, "confirmed")
    assert (race.name, race.local_date, race.distance_m, race.surface) == (
        "Ely 10K",
        date(2026, 10, 18),
        10_000,
        "road",
    )
    assert (race.time_s, race.time_source, race.gun_time_s) == (2742, "chip", 2750)
    assert (race.place_overall, race.place_sex, race.place_age_group) == (17, None, 2)
    assert race.age_grade == age_grade(time_s=2742, age=58, sex="F", distance_m=10_000).age_grade
    assert race.decisions.get().what == "marked"


def test_what_was_saved_is_said(as_ada):
    html = as_ada.post(ADD, RESULT, follow=True).content.decode()
    assert "Saved: Ely 10K (10\N{NO-BREAK SPACE}km, 45:42, 78.4\N{NO-BREAK SPACE}%)." in html


@pytest.mark.parametrize(
    ("written", "metres"),
    [
        ("10k", 10_000),
        ("half", 21_097.5),
        ("Marathon", 42_195),
        ("5 mi", 8046.72),
        ("17,3 km", 17_300),
        ("5000 m", 5000),
    ],
)
def test_distances_are_read_as_people_write_them(as_ada, written, metres):
    add(as_ada, distance=written, chip_time="1:59:59" if metres > 15_000 else "45:42")
    assert Race.objects.get().distance_m == pytest.approx(metres)


@pytest.mark.parametrize(
    ("written", "seconds"), [("45:42", 2742), ("45.42", 2742), ("0:45:42", 2742), ("45m42s", 2742), ("45:42.5", 2742.5)]
)
def test_times_are_read_as_people_write_them(as_ada, written, seconds):
    add(as_ada, chip_time=written)
    assert Race.objects.get().time_s == seconds


def test_a_time_that_can_be_read_in_two_ways_is_asked_about(as_ada):
    response = add(as_ada, distance="marathon", chip_time="3:45")
    assert response.status_code == 422
    html = response.content.decode()
    assert "Write 3m45s for 3 minutes 45 seconds, or 3h45m00s for 3 hours 45 minutes" in html
    assert not Race.objects.exists()
    assert add(as_ada, distance="marathon", chip_time="3h45m00s").status_code == 302
    assert Race.objects.get().time_s == 3 * 3600 + 45 * 60


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter the name of the event."),
        ({"date": ""}, "Enter the day of the race."),
        ({"date": "0026-10-18"}, "Enter the year with four digits."),
        ({"distance": ""}, "Enter the distance, for example 10 km."),
        ({"distance": "10"}, "Add the unit: km, mi or m."),
        ({"distance": "10m"}, "Does m mean metres or miles?"),
        ({"distance": "far"}, "We cannot read this distance."),
        ({"chip_time": ""}, "Enter a chip time or a gun time."),
        ({"chip_time": "quick"}, "We cannot read this time."),
        ({"chip_time": "45:72"}, "Minutes and seconds go up to 59."),
        ({"chip_time": "46:00", "gun_time": "45:00"}, "A chip time is never longer than the gun time."),
        ({"place_overall": "0"}, "greater than or equal to 1"),
        ({"surface": "moon"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_right_is_said_at_the_field_and_on_top(as_ada, fields, words):
    response = add(as_ada, **fields)
    assert response.status_code == 422
    html = response.content.decode()
    assert html.count(words) >= 2
    assert 'role="alert"' in html
    assert 'aria-invalid="true"' in html
    assert not Race.objects.exists()


def test_a_race_of_the_day_after_tomorrow_was_not_run_yet(as_ada):
    response = add(as_ada, date=(timezone.localdate() + timedelta(days=2)).isoformat())
    assert "This day is in the future" in response.content.decode()


def test_what_was_typed_is_not_asked_again(as_ada):
    html = add(as_ada, chip_time="quick", name="Ely & District 10K").content.decode()
    assert 'value="Ely &amp; District 10K"' in html
    assert 'value="quick"' in html


def test_a_race_without_a_published_table_is_kept_without_a_grade(as_ada):
    add(as_ada, surface="trail")
    race = Race.objects.get()
    assert (race.age_grade, race.refusal) == (None, "surface_not_in_edition")


def test_a_track_race_is_graded_by_track_tables(as_ada):
    add(as_ada, surface="track", distance="5000 m", chip_time="21:30")
    race = Race.objects.get()
    assert race.edition == "wma-2023"
    assert race.age_grade is not None


# -- editing ------------------------------------------------------------------------------------------------------------


def test_what_the_athlete_says_stands_above_the_recording(cast, as_ada, recorded):
    edit(as_ada, recorded, name="Ely Runners 10K", distance="10 km", chip_time="46:12", confirm="yes")
    recorded.refresh_from_db()
    assert (recorded.name, recorded.distance_m, recorded.time_s) == ("Ely Runners 10K", 10_000, 2772)
    assert (recorded.time_source, recorded.state) == ("chip", "confirmed")
    assert recorded.local_date == recorded.found_in.local_date


def test_what_is_left_empty_comes_from_the_recording(as_ada, recorded):
    edit(as_ada, recorded, name="Named", chip_time="46:12")
    edit(as_ada, recorded)
    recorded.refresh_from_db()
    assert recorded.name == "Morning run"
    assert (recorded.time_s, recorded.time_source) == (2790, "elapsed")


def test_details_can_be_saved_without_deciding(as_ada, recorded):
    edit(as_ada, recorded, name="Ely Runners 10K")
    recorded.refresh_from_db()
    assert (recorded.name, recorded.state) == ("Ely Runners 10K", "to_decide")
    assert not recorded.decisions.exists()


def test_the_day_of_a_recorded_race_is_that_of_its_recording(as_ada, recorded):
    day = recorded.local_date
    edit(as_ada, recorded, name="x", date="1999-01-01")
    recorded.refresh_from_db()
    assert recorded.local_date == day


def test_a_race_that_was_typed_in_can_move_to_another_day(as_ada):
    add(as_ada)
    race = Race.objects.get()
    edit(as_ada, race, **{**RESULT, "date": "2025-10-19"})
    race.refresh_from_db()
    assert (race.local_date, race.age) == (date(2025, 10, 19), 57)


def test_opening_and_saving_changes_nothing(as_ada):
    add(as_ada, distance="17.3 km", chip_time="1:24:10", gun_time="1:24:30.5", surface="road", place_sex="3")
    race = Race.objects.get()
    before = Race.objects.values().get()
    html = as_ada.get(reverse("performance:race-edit", args=[race.pk])).content.decode()
    import re

    values = dict(re.findall(r'<input type="(?:text|date|number)" name="(\w+)"(?: value="([^"]*)")?', html))
    assert values["distance"] == "17.30 km" or values["distance"] == "17.3 km"
    assert edit(as_ada, race, **values).status_code == 302
    after = Race.objects.values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"derived_at"}


# -- how it is understood, while typing ---------------------------------------------------------------------------------


def test_times_and_distance_are_echoed_in_words_with_what_they_would_be_worth(as_ada):
    html = as_ada.get(ADD, RESULT, headers=HTMX).content.decode()
    assert "<h1" not in html
    assert "10\N{NO-BREAK SPACE}km, chip time 45 minutes 42 seconds" in html
    assert "Worth <strong>78.4\N{NO-BREAK SPACE}%</strong> at 58." in html


def test_what_is_still_missing_is_no_problem_while_typing(as_ada):
    html = as_ada.get(ADD, {"chip_time": "45:42"}, headers=HTMX).content.decode()
    assert "45 minutes 42 seconds" in html or "two ways" in html
    assert "Enter" not in html


def test_a_question_is_asked_while_typing(as_ada):
    html = as_ada.get(ADD, {"distance": "marathon", "chip_time": "3:45"}, headers=HTMX).content.decode()
    assert "This can be read in two ways" in html
    assert "Worth" not in html


def test_the_echo_writes_nothing(as_ada, recorded):
    as_ada.get(
        reverse("performance:race-edit", args=[recorded.pk]), {"name": "Changed", "chip_time": "40:00"}, headers=HTMX
    )
    recorded.refresh_from_db()
    assert (recorded.said_name, recorded.chip_time_s) == ("", None)


# -- who may ------------------------------------------------------------------------------------------------------------


def test_only_the_athlete_edits(cast, as_carl, as_eve, as_olga, recorded):
    url = reverse("performance:race-edit", args=[recorded.pk])
    for client in (as_carl, as_eve, as_olga):
        assert client.get(url).status_code == 404
        assert client.post(url, {"name": "Mine"}).status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert as_carl.get(url).status_code == 403
    assert as_carl.post(url, {"name": "Mine"}).status_code == 403
    recorded.refresh_from_db()
    assert recorded.said_name == ""


def test_who_does_not_run_adds_no_race(as_carl, as_olga):
    assert as_carl.get(ADD).status_code == 403
    assert add(as_olga).status_code == 403
    assert not Race.objects.exists()


def test_somebody_who_is_not_signed_in_is_asked_to(db):
    assert Client().get(ADD).status_code == 302


# -- writing back what was said -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metres", [400, 1500, 1609.344, 5000, 8046.72, 10_000, 17_300, 21_097.5, 42_195, 80_467.2, 100_000, 4_990]
)
def test_a_distance_written_back_reads_as_itself(metres):
    from activities.measures import parse_distance

    assert parse_distance(distance_text(metres)) == pytest.approx(metres, abs=0.001)


@pytest.mark.parametrize("metres", [None, 800, 5000, 42_195])
@pytest.mark.parametrize("seconds", [58.3, 58.37, 125, 225, 2742, 2742.5, 6238.25, 13_500, 36_000])
def test_a_time_written_back_reads_as_itself(seconds, metres):
    from activities.measures import parse_duration

    for text in (time_text(seconds, metres), unmistakable(seconds)):
        parsed = parse_duration(text, metres)
        assert (parsed.seconds, parsed.ambiguous) == (seconds, False), text
