"""/settings/: what an athlete says about themselves; nothing is assumed that was not said."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from athletes.models import Athlete
from athletes.signals import athlete_changed
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

URL = "/settings/"


def profile(day="17", month="5", year="1968", table="F", name="Ada Marsh"):
    return {
        "section": "profile",
        "profile-name": name,
        "profile-born_day": day,
        "profile-born_month": month,
        "profile-born_year": year,
        "profile-table": table,
    }


@pytest.fixture
def told():
    """Whom the rest of the program was told to grade again."""
    heard: list[int] = []

    def hear(*, athlete_id: int, **kwargs) -> None:
        heard.append(athlete_id)

    athlete_changed.connect(hear)
    yield heard
    athlete_changed.disconnect(hear)


def test_the_form_shows_what_was_said(as_ada):
    html = as_ada.get(URL).content.decode()
    for part in (
        'name="profile-born_day" value="17"',
        'name="profile-born_year" value="1968"',
        'value="Europe/London" selected',
    ):
        assert part in html, part


def test_a_birth_date_and_a_table_are_kept_and_results_made_again(as_ada, ada, told):
    before = ada.changed_at
    response = as_ada.post(URL, profile(day="3", month="11", year="1970", table="both"))
    assert response.status_code == 302 and response["Location"] == URL
    ada.refresh_from_db()
    assert (ada.born, ada.table) == (date(1970, 11, 3), "both")
    assert ada.changed_at > before and told == [ada.pk]
    assert "graded again" in as_ada.get(URL).content.decode()


def test_a_new_name_alone_grades_nothing_again(as_ada, ada, told):
    before = ada.changed_at
    as_ada.post(URL, profile(name="Ada M. Marsh"))
    ada.refresh_from_db()
    assert str(ada) == "Ada M. Marsh" and ada.changed_at == before and told == []


def test_both_can_be_taken_back(as_ada, ada):
    as_ada.post(URL, profile(day="", month="", year="", table=""))
    ada.refresh_from_db()
    assert ada.born is None and ada.table == ""


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (("31", "2", "1968"), "There is no such day."),
        (("0", "5", "1968"), "There is no such day."),
        (("17", "13", "1968"), "There is no such day."),
        (("17", "5", "68"), "year you were born in with four digits"),
        (("17", "", "1968"), "month you were born in as a number"),
        (("", "5", "1968"), "day you were born on"),
        (("17", "May", "1968"), "month you were born in as a number"),
        (("17", "5", "1850"), "more than 120 years ago"),
        (("²", "5", "1968"), "day you were born on"),
    ],
)
def test_a_date_that_cannot_be_is_told_in_words(as_ada, ada, parts, words):
    response = as_ada.post(URL, profile(*parts))
    html = response.content.decode()
    assert response.status_code == 422 and words in html
    assert 'href="#id_profile-born_0"' in html, "the summary leads to the field"
    assert f'value="{parts[1]}"' in html or not parts[1], "what was typed stays"
    ada.refresh_from_db()
    assert ada.born == date(1968, 5, 17)


def test_nobody_is_born_tomorrow(as_ada):
    day = timezone.localdate() + timedelta(days=1)
    html = as_ada.post(URL, profile(str(day.day), str(day.month), str(day.year))).content.decode()
    assert "lies in the past" in html


def test_the_oldest_runner_is_welcome(as_ada, ada):
    born = date(timezone.localdate().year - 105, 1, 2)
    as_ada.post(URL, profile("2", "1", str(born.year)))
    ada.refresh_from_db()
    assert ada.born == born


def test_a_table_from_nowhere_is_refused(as_ada, ada):
    assert as_ada.post(URL, profile(table="X")).status_code == 422
    ada.refresh_from_db()
    assert ada.table == "F"


def test_units_and_zone(as_ada, ada):
    as_ada.post(URL, {"section": "place", "place-units": "mi", "place-zone": "America/Argentina/Ushuaia"})
    ada.refresh_from_db()
    assert (ada.units, ada.zone) == ("mi", "America/Argentina/Ushuaia")
    assert as_ada.post(URL, {"section": "place", "place-units": "mi", "place-zone": "Mars/Base"}).status_code == 422


def test_theme_and_text_size_stand_in_the_page_itself(as_ada):
    as_ada.post(URL, {"section": "display", "display-theme": "dark", "display-text_size": "larger"})
    assert '<html lang="en-gb" data-theme="dark" data-text="larger"' in as_ada.get(URL).content.decode()


def test_a_wrong_section_spoils_no_other(as_ada):
    html = as_ada.post(URL, profile(day="99")).content.decode()
    assert html.count('class="notice error summary"') == 1
    assert 'name="place-units"' in html and 'name="display-theme"' in html


def test_a_section_from_nowhere_changes_nothing(as_ada, ada):
    assert as_ada.post(URL, {"section": "admin", "profile-table": "M"}).status_code == 422
    ada.refresh_from_db()
    assert ada.table == "F"


def test_saving_makes_an_athlete_of_who_was_none(cast: Cast, as_carl, told):
    assert "Saving any of these makes you an athlete" in as_carl.get(URL).content.decode()
    assert not Athlete.objects.filter(user=cast.carl).exists(), "looking makes nobody one"
    as_carl.post(URL, profile(day="1", month="2", year="1960", table="M", name="Carl Fen"))
    carl = Athlete.objects.get(user=cast.carl)
    assert (carl.born, carl.table) == (date(1960, 2, 1), "M")


def test_a_form_cannot_reach_another_athlete(cast: Cast, as_eve):
    as_eve.post(URL, profile(year="1999") | {"profile-user": str(cast.ada.user_id), "id": str(cast.ada.pk)})
    cast.ada.refresh_from_db()
    assert cast.ada.born == date(1968, 5, 17)


@pytest.mark.parametrize(
    ("missing", "words"), [({"born": None}, "birth date"), ({"table": ""}, "Which tables grade you")]
)
def test_what_grading_needs_is_asked_for_where_runs_are(as_ada, ada, missing, words):
    Athlete.objects.filter(pk=ada.pk).update(**missing)
    card = as_ada.get("/activities/").content.decode().split('class="card todo"')[1].split("</section>")[0]
    assert words in card and 'href="/settings/"' in card


def test_nothing_is_asked_for_that_is_there(as_ada):
    assert 'class="card todo"' not in as_ada.get("/activities/").content.decode()


def test_settings_are_for_who_is_signed_in(client):
    assert client.get(URL).status_code == 302


def test_heart_rates_are_kept_and_the_load_is_made_again(cast, as_ada):
    before = cast.ada.changed_at
    said = {"section": "heart", "heart-hr_max": "183", "heart-hr_rest": "51"}
    page = as_ada.post("/settings/", said, follow=True).content.decode()
    ada = type(cast.ada).objects.get(pk=cast.ada.pk)
    assert (ada.hr_max, ada.hr_rest) == (183, 51) and ada.changed_at > before
    assert "training load is being worked out again" in page
    wrong = as_ada.post("/settings/", {**said, "heart-hr_max": "300"})
    assert wrong.status_code == 422 and 'value="300"' in wrong.content.decode(), "nothing typed is lost"


def test_the_key_that_searches_can_be_switched_off(cast, as_ada):
    assert "data-shortcuts" not in as_ada.get("/more/").content.decode()
    said = {"section": "display", "display-theme": "system", "display-text_size": "normal"}
    as_ada.post("/settings/", said)
    assert "data-shortcuts" not in as_ada.get("/more/").content.decode(), "what was not said stays"
    as_ada.post("/settings/", {**said, "display-shortcuts": "False"})
    assert 'data-shortcuts="off"' in as_ada.get("/more/").content.decode()
