"""The way in and out, and what a visitor sees before."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.test import Client

from tests import factories
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db


def sign_in(client: Client, email: str, password: str = factories.PASSWORD, **data):
    return client.post("/accounts/login/", {"login": email, "password": password, **data})


def test_the_start_says_what_this_is_and_leads_to_the_door(client):
    html = client.get("/").content.decode()
    assert 'href="/accounts/login/"' in html and 'href="/age-grade/"' in html
    assert html.count("<h1") == 1


def test_the_start_is_the_dashboard_of_who_is_signed_in(as_ada):
    assert "<h1>Ada Marsh</h1>" in as_ada.get("/").content.decode()


def test_the_right_password_opens(client, cast: Cast):
    response = sign_in(client, "ada@example.invalid")
    assert response.status_code == 302 and response["Location"] == "/"
    assert client.get("/more/").status_code == 200


def test_the_case_of_an_address_does_not_matter(client, cast: Cast):
    assert sign_in(client, "Ada@Example.INVALID").status_code == 302


def test_the_way_back_is_kept(client, cast: Cast):
    asked = client.get("/activities/?q=hills")
    assert asked["Location"] == "/accounts/login/?next=/activities/%3Fq%3Dhills"
    form = client.get(asked["Location"]).content.decode()
    assert 'name="next" value="/activities/?q=hills"' in form
    assert sign_in(client, "ada@example.invalid", next="/activities/?q=hills")["Location"] == "/activities/?q=hills"


def test_no_way_leads_off_the_site(client, cast: Cast):
    assert sign_in(client, "ada@example.invalid", next="https://evil.invalid/")["Location"] == "/"


@pytest.mark.parametrize("email", ["ada@example.invalid", "nobody@example.invalid"])
def test_a_wrong_password_says_no_more_than_that(client, cast: Cast, email):
    response = sign_in(client, email, "wrong")
    html = response.content.decode()
    assert "not correct" in html
    assert 'class="notice error summary"' in html and "autofocus" in html
    assert "wrong" not in re.findall(r'value="([^"]*)"', html), "the password does not come back"


def test_password_managers_find_their_fields(client):
    html = client.get("/accounts/login/").content.decode()
    assert re.search(r'<input type="email" name="login"[^>]*autocomplete="email"', html)
    assert re.search(r'<input type="password" name="password"[^>]*autocomplete="current-password"', html)


def test_signing_out_asks_and_then_does(as_ada):
    assert "<form" in as_ada.get("/accounts/logout/").content.decode()
    assert as_ada.get("/more/").status_code == 200, "looking at the question signs nobody out"
    as_ada.post("/accounts/logout/")
    assert as_ada.get("/more/").status_code == 302


def test_accounts_are_made_by_the_operator(client):
    html = client.get("/accounts/signup/").content.decode()
    assert "operator" in html and "<form" not in html
    assert client.post("/accounts/signup/", {"email": "x@example.invalid"}).status_code == 200


def test_a_forgotten_password_can_be_replaced(client, cast: Cast):
    client.post("/accounts/password/reset/", {"email": "ada@example.invalid"})
    (message,) = mail.outbox
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", message.body)
    assert link
    page = client.get(link[1], follow=True)
    html = page.content.decode()
    assert 'autocomplete="new-password"' in html
    done = client.post(
        page.redirect_chain[-1][0],
        {"password1": "quite another phrase", "password2": "quite another phrase"},
        follow=True,
    )
    assert "Your password is set" in done.content.decode()
    assert sign_in(Client(), "ada@example.invalid", "quite another phrase").status_code == 302


def test_a_reset_tells_nobody_who_has_an_account(client, cast: Cast):
    known = client.post("/accounts/password/reset/", {"email": "ada@example.invalid"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.invalid"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.parametrize("key", ["abc-def", "1-set-password", "zzzz-bad-bad"])
def test_an_old_link_says_so(client, key):
    html = client.get(f"/accounts/password/reset/key/{key}/", follow=True).content.decode()
    assert "This link no longer works" in html


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/done/",
        "/accounts/inactive/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/nonsense/",
    ],
)
def test_every_page_before_the_door_is_in_our_dress(client, path):
    html = client.get(path).content.decode()
    assert html.count("<h1") == 1 and "css/site.css" in html and " style=" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)


@pytest.mark.parametrize(
    "path", ["/accounts/email/", "/accounts/password/change/", "/accounts/logout/", "/more/", "/settings/"]
)
def test_every_page_about_the_account_is_in_our_dress(as_ada, path):
    html = as_ada.get(path).content.decode()
    assert html.count("<h1") == 1 and "css/site.css" in html and " style=" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)


def test_the_bars_lead_only_where_something_is(as_ada):
    html = as_ada.get("/more/").content.decode()
    for href in set(re.findall(r'<a [^>]*href="(/[^"#]*)"', html)):
        assert as_ada.get(href, follow=True).status_code == 200, href


def test_the_bars_say_where_one_is(as_ada):
    for path, words in (
        ("/races/", "Races"),
        ("/activities/", "Activities"),
        ("/", "Dashboard"),
        ("/age-grade/", "Age grade"),
        ("/predictions/", "Predictions"),
        ("/load/", "Training load"),
    ):
        top = as_ada.get(path).content.decode().split('<nav class="nav"')[1].split("</nav>")[0]
        assert re.search(rf'aria-current="page">{words}<', top), path
        assert top.count("aria-current") == 1


def test_only_staff_is_shown_the_way_to_the_administration(cast: Cast, as_ada, as_olga):
    assert "/admin/" not in as_ada.get("/more/").content.decode()
    assert "/admin/" in as_olga.get("/more/").content.decode()


def test_a_page_that_is_not_there_is_told_in_our_dress_without_a_session(client):
    response = client.get("/nowhere/")
    html = response.content.decode()
    assert response.status_code == 404 and "There is no such page" in html and "css/site.css" in html


def test_htmx_gets_an_error_as_a_notice(cast: Cast):
    response = signed_in(cast.ada.user).get("/activities/999999/", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 404
    assert html.startswith('<div class="notice'), "page.js knows our answers by their first tag"


@pytest.mark.parametrize(("sign_up", "offered"), [("open", True), ("invite", False), ("closed", False)])
def test_the_front_page_offers_an_account_only_where_anybody_may_have_one(client, db, settings, sign_up, offered):
    settings.SIGN_UP = sign_up
    assert ("Create an account" in client.get("/").content.decode()) is offered


def test_who_was_signed_out_meanwhile_comes_back_to_the_page_they_were_on(client):
    def next_of(url):
        return parse_qs(urlsplit(url).query)["next"]

    page = "http://testserver/races/?year=2025"
    pressed = client.post("/races/7/decide/", {"what": "confirmed"}, headers={"Referer": page})
    assert pressed.status_code == 302 and next_of(pressed["Location"]) == ["/races/?year=2025"]
    swapped = client.get("/races/?distance=10000", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert next_of(swapped["HX-Redirect"]) == ["/races/?year=2025"]
    assert next_of(client.post("/races/7/decide/", headers={"Referer": "http://evil.test/x"})["Location"]) == ["/"]
    assert next_of(client.get("/load/?weeks=52")["Location"]) == ["/load/?weeks=52"]
