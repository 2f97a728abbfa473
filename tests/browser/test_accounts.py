"""Coming in, the first steps, coaches, two-step sign-in and leaving, as a browser and its reader see them."""

import re

import pytest

from athletes import first_operator, invitations
from athletes.models import Athlete, User
from athletes.people import make_person
from tests import factories
from tests.athletes.authenticator import code_of
from tests.conftest import Cast


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


def sign_in(page, email: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button[type=submit]")


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_invited_comes_in_and_gets_started(browse, audit, cast: Cast, settings, javascript):
    settings.SIGN_UP = "invite"
    link = path_of(invitations.invite(email="nia@example.invalid", by=cast.olga))
    page = browse(javascript=javascript)
    page.goto(link)
    if javascript:
        audit(page)
    page.click("text=Create an account")
    if javascript:
        audit(page)
    assert page.input_value("[name=email]") == "nia@example.invalid"
    page.fill("[name=password1]", "a fair long phrase")
    page.fill("[name=password2]", "a fair long phrase")
    page.click("main button[type=submit]")
    page.wait_for_url("**/welcome/")
    page.fill("[name=profile-born_day]", "17")
    page.fill("[name=profile-born_month]", "5")
    page.fill("[name=profile-born_year]", "1968")
    page.click("text=women's tables")
    page.click("text=Save and go on")
    page.click("text=Import files")
    assert page.locator("input[type=file]").is_visible()
    nia = Athlete.objects.get(user__email="nia@example.invalid")
    assert nia.born.isoformat() == "1968-05-17" and nia.table == "F"


def test_the_first_operators_page(browse, audit, db):
    page = browse()
    page.goto(path_of(first_operator.link()))
    audit(page)
    page.goto("/join/nonsense/")
    browse.problems[:] = [one for one in browse.problems if "404" not in one]
    audit(page)


def test_privacy_with_coaches_and_without(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.make_race(athlete=cast.ada, activity=run, decided_by=cast.ada.user)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    invitations.let_coach_look(athlete=cast.ada, email="a.coach.with.a.long.address@example.invalid", level=1)
    page = browse(cast.ada.user)
    page.goto("/privacy/")
    page.click("text=What happened so far")
    audit(page)
    page.locator(".consents li", has_text="carl@example.invalid").get_by_role("button").click()
    page.wait_for_url("**/privacy/**")
    assert page.locator(".consents li").count() == 1
    page = browse(cast.carl)
    page.goto("/privacy/")
    audit(page)


def test_the_list_of_invitations(browse, audit, cast: Cast, settings):
    settings.SIGN_UP = "invite"
    page = browse(cast.olga)
    page.goto("/invitations/")
    audit(page)
    page.fill("[name=invite-email]", "somebody.with.a.long.address@example.invalid")
    page.click("text=Send an invitation")
    page.locator("tbody tr").wait_for()
    audit(page)


def test_two_steps(browse, audit, cast: Cast):
    page = browse()
    sign_in(page, "ada@example.invalid")
    page.goto("/accounts/two-step/totp/activate/")
    audit(page)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("text=Go on")
    audit(page)
    secret = page.inner_text("code.key")
    page.fill("[name=code]", code_of(secret))
    page.click("text=Switch it on")
    audit(page)
    code = page.locator(".codes code").first.inner_text()
    for path in ("", "recovery-codes/generate/", "totp/deactivate/"):
        page.goto(f"/accounts/two-step/{path}")
        audit(page)
    page = browse()
    sign_in(page, "ada@example.invalid")
    page.wait_for_url("**/two-step/authenticate/")
    audit(page)
    page.fill("[name=code]", code)
    page.click("main button:has-text('Sign in')")
    page.goto("/more/")
    assert page.inner_text("h1") == "Ada Marsh"


def test_leaving(browse, audit, db):
    make_person(email="nia@example.invalid", password=factories.PASSWORD, role="athlete", name="Nia")
    page = browse()
    sign_in(page, "nia@example.invalid")
    page.goto("/privacy/")
    page.click("text=Delete your account")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("text=Go on")
    audit(page)
    page.fill("[name=erase-address]", "nia@example.invalid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/privacy/deleted/")
    audit(page)
    assert User.objects.filter(email="nia@example.invalid", is_active=False).exists()
