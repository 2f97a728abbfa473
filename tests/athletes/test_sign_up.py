"""Coming in for the first time: open, by invitation, or not at all; and what a stranger can learn by trying."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from athletes import invitations
from athletes.models import CoachGrant, Invitation, User
from tests import factories
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db

PHRASE = "a fair long phrase"


def sign_up(client: Client, email: str):
    return client.post("/accounts/signup/", {"email": email, "password1": PHRASE, "password2": PHRASE})


def path_in(message) -> str:
    """The link of a message, without the host."""
    return re.search(r"https?://[^/\s]+(/\S+)", message.body)[1]


@pytest.fixture
def by_invitation(settings) -> None:
    settings.SIGN_UP = "invite"


def test_an_open_door_asks_for_the_address_to_be_confirmed(client, settings):
    settings.SIGN_UP = "open"
    assert sign_up(client, "new@example.invalid")["Location"] == "/accounts/confirm-email/"
    assert client.get("/more/").status_code == 302, "not in before the address is confirmed"
    (message,) = mail.outbox
    assert "Agegrade" in message.subject and "example.com" not in message.body
    link = path_in(message)
    assert "Is <strong>new@example.invalid</strong> yours?" in client.get(link).content.decode()
    client.post(link)
    came_in = client.post("/accounts/login/", {"login": "new@example.invalid", "password": PHRASE})
    assert came_in["Location"] == "/welcome/"


def test_signing_up_with_a_known_address_looks_like_any_other(client, cast: Cast, settings):
    settings.SIGN_UP = "open"
    known, unknown = sign_up(client, "ada@example.invalid"), sign_up(Client(), "new@example.invalid")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    to_ada = next(one for one in mail.outbox if one.to == ["ada@example.invalid"])
    assert "has one already" in to_ada.body and cast.ada.user.check_password(factories.PASSWORD)


@pytest.mark.parametrize("how", ["closed", "invite"])
def test_without_an_invitation_a_door_that_is_not_open_stays_shut(client, settings, how):
    settings.SIGN_UP = how
    assert "<form" not in client.get("/accounts/signup/").content.decode().split("<main")[1]
    sign_up(client, "new@example.invalid")
    assert not User.objects.filter(email="new@example.invalid").exists()


def test_an_invitation_lets_one_person_in_once(client, cast: Cast, by_invitation):
    signed_in(cast.olga).post("/invitations/", {"invite-email": "New@Example.invalid"})
    (message,) = mail.outbox
    assert message.to == ["new@example.invalid"] and "Olga Watts invites you" in message.body
    link = path_in(message)
    assert "Create an account" in client.get(link).content.decode()
    assert 'value="new@example.invalid"' in client.get("/accounts/signup/").content.decode()
    came_in = sign_up(client, "new@example.invalid")
    assert came_in["Location"] == "/welcome/", "the link has shown whose address it is"
    assert EmailAddress.objects.get(email="new@example.invalid").verified
    again = Client()
    assert again.get(link).status_code == 404
    sign_up(again, "other@example.invalid")
    assert not User.objects.filter(email="other@example.invalid").exists()


def test_an_invitation_is_for_its_address_alone(client, cast: Cast, by_invitation):
    client.get(invitations.invite(email="new@example.invalid", by=cast.olga).removeprefix("http://127.0.0.1:8000"))
    assert "the invitation was sent to" in sign_up(client, "other@example.invalid").content.decode()
    assert not User.objects.filter(email="other@example.invalid").exists()


@pytest.mark.parametrize("how", ["expired", "revoked", "replaced"])
def test_a_link_that_is_over_opens_nothing(client, cast: Cast, by_invitation, how, as_olga):
    link = path_of(invitations.invite(email="new@example.invalid", by=cast.olga))
    invitation = Invitation.objects.get()
    if how == "expired":
        Invitation.objects.update(created_at=timezone.now() - timedelta(days=20), expires_at=timezone.now())
    elif how == "revoked":
        as_olga.post(f"/invitations/{invitation.pk}/revoke/")
    else:
        invitations.invite(email="new@example.invalid", by=cast.olga)
    response = client.get(link)
    assert response.status_code == 404 and "no longer works" in response.content.decode()
    sign_up(client, "new@example.invalid")
    assert not User.objects.filter(email="new@example.invalid").exists()


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


def test_a_link_followed_before_it_was_revoked_lets_nobody_in_after(client, cast: Cast, by_invitation):
    client.get(path_of(invitations.invite(email="new@example.invalid", by=cast.olga)))
    invitations.revoke(Invitation.objects.all())
    sign_up(client, "new@example.invalid")
    assert not User.objects.filter(email="new@example.invalid").exists()


def test_the_database_holds_no_link(cast: Cast, by_invitation):
    token = invitations.invite(email="new@example.invalid", by=cast.olga).rstrip("/").rsplit("/", 1)[1]
    assert token not in str(Invitation.objects.values().get())


def test_members_invite_where_they_may_and_see_their_own_invitations(
    cast: Cast, settings, by_invitation, as_ada, as_eve
):
    assert as_ada.get("/invitations/").status_code == 404
    settings.MEMBERS_INVITE = True
    as_ada.post("/invitations/", {"invite-email": "friend@example.invalid"})
    assert "friend@example.invalid" in as_ada.get("/invitations/").content.decode()
    assert "friend@example.invalid" not in as_eve.get("/invitations/").content.decode()
    invitation = Invitation.objects.get()
    assert as_eve.post(f"/invitations/{invitation.pk}/revoke/").status_code == 404
    assert "friend@example.invalid" in signed_in(cast.olga).get("/invitations/").content.decode()


def test_nobody_makes_a_mailing_list_of_us(cast: Cast, by_invitation, as_olga):
    for number in range(invitations.MOST_A_DAY):
        as_olga.post("/invitations/", {"invite-email": f"friend{number}@example.invalid"})
    refused = as_olga.post("/invitations/", {"invite-email": "one.more@example.invalid"})
    assert refused.status_code == 422 and "enough for one day" in refused.content.decode()
    assert len(mail.outbox) == invitations.MOST_A_DAY


def test_the_list_of_invitations_costs_the_same_however_long(
    cast: Cast, by_invitation, as_olga, django_assert_num_queries
):
    for number in range(30):
        invitations.invite(email=f"friend{number}@example.invalid", by=cast.olga)
    with django_assert_num_queries(4):
        as_olga.get("/invitations/")


def test_an_operator_invites_from_the_terminal(client, by_invitation):
    out = StringIO()
    call_command("invite", "new@example.invalid", "--days", "2", stdout=out)
    link = path_of(out.getvalue().split()[-1])
    assert client.get(link).status_code == 200
    assert mail.outbox[0].to == ["new@example.invalid"]


def test_the_terminal_says_what_stands_against_an_invitation(cast: Cast, settings):
    for how, words, email in (
        ("closed", "SIGN_UP is closed", "new@a.invalid"),
        ("invite", "already", "ada@example.invalid"),
    ):
        settings.SIGN_UP = how
        with pytest.raises(CommandError, match=words):
            call_command("invite", email)


def test_an_invited_coach_sees_what_was_allowed_as_soon_as_there_is_an_account(client, cast: Cast, settings):
    settings.SIGN_UP = "open"
    factories.make_race(athlete=cast.ada, activity=factories.make_activity(athlete=cast.ada, name="Ely 10K"))
    signed_in(cast.ada.user).post("/privacy/coaches/", {"coach-email": "cora@example.invalid", "coach-level": 1})
    assert not CoachGrant.objects.exists()
    client.get(path_in(mail.outbox[0]))
    sign_up(client, "cora@example.invalid")
    assert "Ely 10K" in client.get("/races/").content.decode()
    assert CoachGrant.objects.get().coach.email == "cora@example.invalid"


def test_an_operator_revokes_in_the_administration_and_sees_no_consent_there(
    cast: Cast, by_invitation, as_olga, as_ada
):
    invitations.invite(email="new@example.invalid", by=cast.olga)
    invitations.let_coach_look(athlete=cast.ada, email="cora@example.invalid", level=1)
    html = as_olga.get("/admin/athletes/invitation/").content.decode()
    assert "new@example.invalid" in html and "cora@example.invalid" not in html
    asked = {"action": "revoke", "_selected_action": [one.pk for one in Invitation.objects.all()]}
    as_olga.post("/admin/athletes/invitation/", asked)
    assert set(Invitation.objects.open().values_list("email", flat=True)) == {"cora@example.invalid"}
    assert as_ada.get("/admin/athletes/invitation/", follow=True).status_code == 403
