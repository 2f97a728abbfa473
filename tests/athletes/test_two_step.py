"""Two-step sign-in: an authenticator app's code beside the password."""

import re
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from athletes.accounts import TwoStepAdapter
from tests import factories
from tests.athletes.authenticator import code_of
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def come_in(email: str = "ada@example.invalid") -> tuple[Client, object]:
    client = Client()
    return client, client.post("/accounts/login/", {"login": email, "password": factories.PASSWORD})


@pytest.fixture
def secret(cast: Cast) -> str:
    """Ada's, set up as she would do it."""
    client, _ = come_in()
    asked = client.get("/accounts/two-step/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/"), "a session left open is not enough"
    client.post(asked["Location"], {"password": factories.PASSWORD})
    page = client.get("/accounts/two-step/totp/activate/").content.decode()
    key = re.search(r'<code class="key">([A-Z2-7]+)</code>', page)[1]
    assert 'src="data:image/svg+xml;base64,' in page
    wrong = client.post("/accounts/two-step/totp/activate/", {"code": "000000"})
    assert "ncorrect" in wrong.content.decode()
    done = client.post("/accounts/two-step/totp/activate/", {"code": code_of(key)})
    assert done["Location"] == "/accounts/two-step/recovery-codes/"
    return key


def test_the_password_alone_opens_no_more(cast: Cast, secret):
    client, answer = come_in()
    assert answer["Location"] == "/accounts/two-step/authenticate/"
    assert client.get("/races/").status_code == 302
    assert "ncorrect" in client.post("/accounts/two-step/authenticate/", {"code": "123456"}).content.decode()
    assert client.get("/races/").status_code == 302


def test_a_code_is_the_second_step_and_works_once(cast: Cast, secret):
    client, _ = come_in()
    code = code_of(secret)
    cache.delete(f"allauth.mfa.totp.used?user={cast.ada.user_id}&code={code}")  # setting it up may have used this one
    assert client.post("/accounts/two-step/authenticate/", {"code": code}).status_code == 302
    assert client.get("/races/").status_code == 200
    other, _ = come_in()
    other.post("/accounts/two-step/authenticate/", {"code": code})
    assert other.get("/races/").status_code == 302, "whoever looked over a shoulder comes too late"


def test_a_recovery_code_works_once(cast: Cast, secret):
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for expected in (200, 302):
        client, _ = come_in()
        client.post("/accounts/two-step/authenticate/", {"code": codes[0]})
        assert client.get("/races/").status_code == expected


def test_the_secret_lies_sealed_in_the_database(cast: Cast, secret):
    assert secret not in str(Authenticator.objects.get(type="totp").data)


def test_a_new_field_key_takes_over_and_the_old_one_can_go(cast: Cast, secret, settings):
    new = Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, *settings.FIELD_KEYS]
    call_command("rotate_field_keys", stdout=StringIO())
    settings.FIELD_KEYS = [new]
    assert TwoStepAdapter().decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret
    assert len(Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()) == 10
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="2 secrets could not be opened"):
        call_command("rotate_field_keys", stdout=StringIO())


def test_a_change_is_told_by_mail(cast: Cast, secret):
    client, _ = come_in()
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    client.post("/accounts/two-step/authenticate/", {"code": code})
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    client.post("/accounts/two-step/totp/deactivate/")
    (message,) = mail.outbox
    assert message.subject == "Two-step sign-in is off" and "Was it not you?" in message.body


def test_every_page_about_it_is_in_our_dress(cast: Cast, secret):
    client, _ = come_in()
    second = client.get("/accounts/two-step/authenticate/").content.decode()
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    client.post("/accounts/two-step/authenticate/", {"code": codes[1]})
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    pages = [second] + [
        client.get(f"/accounts/two-step/{path}").content.decode()
        for path in ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/")
    ]
    for html in pages:
        assert html.count("<h1") == 1 and "css/site.css" in html and " style=" not in html
        assert not re.search(r"<script(?![^>]*src=)", html)
    client.post("/accounts/two-step/totp/deactivate/")
    assert not Authenticator.objects.exists()
