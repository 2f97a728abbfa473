"""The one-time link in the log while nobody operates the installation."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from athletes import first_operator
from athletes.models import User
from tests import factories
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

FORM = {"email": "olga@example.invalid", "name": "Olga", "password": "a fair long phrase"}


def path() -> str:
    return urlsplit(first_operator.link()).path


def test_the_log_tells_the_link_while_there_is_no_operator(caplog, client):
    first_operator.tell()
    (told,) = [record for record in caplog.records if "no operator yet" in str(record.msg)]
    link = re.search(r"/first-operator/[^'\"\s]+", str(told.msg))[0]
    assert client.get(link).status_code == 200
    assert client.post(link, FORM)["Location"] == "/accounts/login/"
    olga = User.objects.get()
    assert olga.is_superuser and olga.is_staff
    assert client.post("/accounts/login/", {"login": olga.email, "password": FORM["password"]}).status_code == 302
    caplog.clear()
    first_operator.tell()
    assert not [record for record in caplog.records if "no operator yet" in str(record.msg)]


def test_once_somebody_operates_the_link_is_nothing(client):
    link = path()
    factories.make_user(role="operator")
    assert client.get(link).status_code == 404
    assert client.post(link, FORM).status_code == 404 and User.objects.count() == 1


def test_the_demos_operator_is_nobody(client):
    factories.make_user(email="olga@demo.invalid", role="operator")
    assert client.get(path()).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "operator~1~2"])
def test_no_other_link_makes_an_operator(client, token):
    assert client.post(f"/first-operator/{token}/", FORM).status_code == 404


def test_a_link_is_good_for_a_day(client, monkeypatch):
    link = path()
    monkeypatch.setattr(first_operator, "LASTS", timedelta(seconds=-1))
    assert client.get(link).status_code == 404


def test_an_address_that_is_taken_is_not_taken_over(client):
    ada = factories.make_athlete(email="ada@example.invalid")
    refused = client.post(path(), {**FORM, "email": "ADA@example.invalid"})
    assert refused.status_code == 422 and "sign in to it first" in refused.content.decode()
    signed_in(ada.user).post(path())
    ada.user.refresh_from_db()
    assert ada.user.is_superuser and ada.user.check_password(factories.PASSWORD)


def test_the_link_is_not_in_the_log_of_requests(caplog, client):
    link = path()
    client.get(link)
    assert TimestampSigner and not [r for r in caplog.records if link in str(r.msg)]


def test_pages_of_the_link_are_for_anybody_who_has_it_only():
    assert Client().get("/first-operator/").status_code in {302, 404}


def test_the_first_operators_own_link_is_nobodys_invitation(client, settings):
    settings.SIGN_UP = "invite"
    client.post(path(), FORM)
    shown = signed_in(User.objects.get()).get("/invitations/").content.decode()
    assert "from the command line" not in shown
