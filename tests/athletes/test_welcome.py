"""The first steps of somebody new: each can be passed over and come back to."""

import pytest
from django.test import Client

from athletes.models import Athlete, User
from athletes.people import make_person
from tests import factories
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(db) -> User:
    return make_person(email="new@example.invalid", password=factories.PASSWORD, role="coach", name="Nia New")


ABOUT = {
    "profile-name": "Nia New",
    "profile-born_day": "17",
    "profile-born_month": "5",
    "profile-born_year": "1968",
    "profile-table": "F",
}


def test_who_comes_in_first_is_led_to_the_first_steps_and_later_not(newcomer, client):
    def come_in() -> str:
        client.post("/accounts/logout/")
        return client.post("/accounts/login/", {"login": newcomer.email, "password": factories.PASSWORD})["Location"]

    assert come_in() == "/welcome/"
    assert come_in() == "/welcome/", "closing the window is not passing over"
    client.post("/welcome/", {"done": "1"})
    assert come_in() != "/welcome/"


def test_a_page_that_was_asked_for_comes_before_the_first_steps(newcomer, client):
    answer = client.post(
        "/accounts/login/?next=/age-grade/",
        {"login": newcomer.email, "password": factories.PASSWORD, "next": "/age-grade/"},
    )
    assert answer["Location"] == "/age-grade/"


def test_what_grading_needs_is_asked_and_then_where_runs_come_from(newcomer):
    client = signed_in(newcomer)
    assert "1 of 2" in client.get("/welcome/").content.decode()
    assert client.post("/welcome/", ABOUT)["Location"] == "/welcome/?step=runs"
    nia = Athlete.objects.get(user=newcomer)
    assert (nia.born.isoformat(), nia.table) == ("1968-05-17", "F")
    html = client.get("/welcome/").content.decode()
    assert "2 of 2" in html and 'href="/import/"' in html and 'action="/demo/look/"' in html


def test_a_wrong_date_is_said_and_loses_nothing(newcomer):
    answer = signed_in(newcomer).post("/welcome/", {**ABOUT, "profile-born_month": "13"})
    html = answer.content.decode()
    assert answer.status_code == 422 and "There is no such day" in html and 'value="1968"' in html


def test_the_first_step_can_be_passed_over_and_nothing_is_guessed(newcomer):
    client = signed_in(newcomer)
    assert "2 of 2" in client.get("/welcome/?step=runs").content.decode()
    client.post("/welcome/", {"done": "1"})
    assert not Athlete.objects.exists()


def test_what_was_passed_over_is_found_under_more(cast: Cast, newcomer, as_ada):
    assert 'href="/welcome/"' in signed_in(newcomer).get("/more/").content.decode()
    assert 'href="/welcome/"' not in as_ada.get("/more/").content.decode()


def test_strava_is_offered_only_where_it_is(newcomer, settings):
    from django.urls import Resolver404, resolve

    html = signed_in(newcomer).get("/welcome/?step=runs").content.decode()
    try:
        resolve("/connect/strava/")
    except Resolver404:
        assert "strava" not in html.lower()
    else:
        assert 'href="/connect/strava/"' in html


def test_visitors_are_asked_to_sign_in():
    assert Client().get("/welcome/").status_code == 302
