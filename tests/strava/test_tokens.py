"""The keys to an account: sealed, refreshed by one worker at a time, and never in a loop."""

import threading
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from pydantic import SecretStr

from activities.models import StravaAccount
from activities.strava import tokens
from activities.strava.client import Client
from activities.strava.errors import AppMisconfigured, ReconnectNeeded, StravaError, Unavailable
from activities.strava.sealing import CannotOpen, NoFieldKeys, Sealed


def stored(account: StravaAccount) -> StravaAccount:
    return StravaAccount.objects.get(pk=account.pk)


def token_calls(strava) -> int:
    return len(strava.calls("/oauth/token"))


@pytest.mark.django_db
def test_a_token_with_minutes_left_is_refreshed_before_it_is_used(strava, connect, ada):
    account = connect(ada, lasts_s=200)
    Client(account).activities()
    assert token_calls(strava) == 1
    assert stored(account).expires_at > timezone.now() + timedelta(hours=5)
    Client(account).activities()
    assert token_calls(strava) == 1


@pytest.mark.django_db
def test_a_rotated_refresh_token_is_stored_and_used_the_next_time(strava, connect, ada):
    account = connect(ada, lasts_s=200)
    for _ in range(3):
        Client(account).activities()
        StravaAccount.objects.filter(pk=account.pk).update(expires_at=timezone.now())
    assert token_calls(strava) == 3
    (kept,) = strava.tokens()["refresh"]
    Client(account).activities()
    assert stored(account).refresh_token.reveal().get_secret_value() != kept, "spent again"


@pytest.mark.django_db
def test_a_401_is_answered_by_one_refresh_and_one_more_call(strava, account):
    strava.expire(7)
    assert Client(account).activities() == []
    assert (len(strava.calls()), token_calls(strava)) == (2, 1)


@pytest.mark.django_db
def test_a_revoked_account_ends_as_reconnect_needed_and_asks_nothing_more(strava, account):
    strava.revoke(7)
    for _ in range(3):
        with pytest.raises(ReconnectNeeded):
            Client(account).activities()
    assert (len(strava.calls()), token_calls(strava)) == (1, 1)
    now = stored(account)
    assert (now.state, now.access_token, now.refresh_token) == ("reconnect_needed", None, None)


@pytest.mark.django_db
def test_a_refresh_whose_answer_is_lost_ends_as_reconnect_needed(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    strava.fault("lost", path="/oauth/token")
    for _ in range(3):
        with pytest.raises(ReconnectNeeded):
            Client(account).activities()
    assert token_calls(strava) == 2, "the lost one, and the one that found out"
    assert stored(account).state == "reconnect_needed"


@pytest.mark.django_db
def test_a_token_endpoint_that_is_down_kills_no_account(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    strava.fault("status", path="/oauth/token", status=503, times=2)
    with pytest.raises(Unavailable):
        Client(account).activities()
    assert stored(account).state == "unavailable"
    assert Client(account).activities() == []
    assert stored(account).state == "connected"


@pytest.mark.django_db
def test_a_wrong_secret_is_the_operators_and_not_the_athletes_fault(strava, connect, ada, settings):
    account = connect(ada, lasts_s=0)
    settings.STRAVA_CLIENT_SECRET = SecretStr("wrong")
    for _ in range(2):
        with pytest.raises(AppMisconfigured):
            Client(account).activities()
    now = stored(account)
    assert (now.state, now.application.fault) == ("app_misconfigured", "app_misconfigured")
    assert now.refresh_token is not None


@pytest.mark.django_db(transaction=True)
def test_many_workers_refresh_a_token_once(strava, connect, ada):
    account = connect(ada, lasts_s=60)
    found: list[str] = []

    def work() -> None:
        try:
            found.append(tokens.access(account).token.get_secret_value())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert token_calls(strava) == 1


@pytest.mark.django_db(transaction=True)
def test_no_refresh_inside_a_transaction_that_might_take_it_back(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    with pytest.raises(RuntimeError), transaction.atomic():
        tokens.access(account)
    assert token_calls(strava) == 0


@pytest.mark.django_db
def test_a_refresh_does_not_undo_a_new_connection(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    spent = account.refresh_token
    new = strava.connect(7, ["read"])
    StravaAccount.objects.filter(pk=account.pk).update(refresh_token=Sealed.of(SecretStr(new["refresh_token"])))
    from activities.strava import state

    late = Sealed.of(SecretStr("late"))
    assert not state.keep_tokens(account.pk, access=late, refresh=late, expires_at=timezone.now(), spent=spent)
    assert stored(account).refresh_token.reveal().get_secret_value() == new["refresh_token"]


@pytest.mark.django_db
def test_a_refusal_that_is_not_about_the_token_does_not_cost_the_connection(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    for body in ({"message": "Forbidden"}, {"errors": [{"resource": "X", "field": "grant_type", "code": "missing"}]}):
        strava.fault("status", path="/oauth/token", status=403 if "message" in body else 400, body=body)
        with pytest.raises(StravaError):
            Client(account).activities()
    assert stored(account).refresh_token is not None
    assert Client(account).activities() == []


@pytest.mark.django_db
def test_a_clock_that_is_ahead_does_not_refresh_at_every_call(strava, connect, ada):
    account = connect(ada, lasts_s=0)
    fresh = strava.connect(7, list(account.scopes))
    told = fresh | {"expires_at": 1_500_000_000, "expires_in": 21_600}
    strava.fault("body", path="/oauth/token", body=told)
    for _ in range(3):
        Client(account).activities()
    assert token_calls(strava) == 1


# -- at rest ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_holds_no_token(account):
    with connection.cursor() as cursor:
        cursor.execute("select access_token, refresh_token from activities_stravaaccount")
        for cell in cursor.fetchone():
            assert cell.startswith("gAAAA")
    token = account.access_token.reveal().get_secret_value()
    for shown in (repr(account.access_token), str(account.access_token), f"{account!r} {account.__dict__}"):
        assert token not in shown and account.access_token.ciphertext not in shown


@pytest.mark.django_db
def test_a_dump_holds_no_secret_and_can_be_read(account):
    (dumped,) = serializers.serialize("python", [account])
    assert (dumped["fields"]["access_token"], dumped["fields"]["refresh_token"]) == ("", "")
    (read,) = serializers.deserialize("python", [dumped])
    assert read.object.access_token is None


def test_plain_text_cannot_be_stored_as_a_secret():
    with pytest.raises(TypeError):
        StravaAccount(access_token="plain")._meta.get_field("access_token").get_prep_value("plain")


def test_without_field_keys_nothing_is_sealed(settings):
    settings.FIELD_KEYS = []
    with pytest.raises(NoFieldKeys):
        Sealed.of(SecretStr("x"))


@pytest.mark.django_db
def test_rotating_keys_makes_the_old_one_needless(account, settings, capsys):
    token = account.refresh_token.reveal().get_secret_value()
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    call_command("rotate_field_keys")
    assert "2 secrets" in capsys.readouterr().out
    settings.FIELD_KEYS = [new]
    assert stored(account).refresh_token.reveal().get_secret_value() == token
    settings.FIELD_KEYS = [old]
    with pytest.raises(CannotOpen):
        stored(account).refresh_token.reveal()


@pytest.mark.django_db
def test_a_lost_key_is_a_state_and_not_a_crash(strava, account, settings):
    before, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    with pytest.raises(AppMisconfigured, match="FIELD_KEYS"):
        Client(account).activities()
    assert stored(account).state == "app_misconfigured" and stored(account).refresh_token is not None
    settings.FIELD_KEYS = before
    assert Client(account, waiting=True).activities() == []
    assert stored(account).state == "connected", "and the key that came back mends it"


@pytest.mark.django_db
def test_neither_a_traceback_nor_a_log_shows_a_token(strava, account, capfd):
    """In the log's JSON form, whose tracebacks could hold local variables."""
    from config.logs import logging_config

    strava.fault("lost", path="/athlete", times=99)
    secrets = [account.access_token.reveal().get_secret_value(), account.refresh_token.reveal().get_secret_value()]
    render = logging_config("json")["formatters"]["event"]["processors"]
    try:
        Client(account, waiting=True).athlete()
    except Unavailable as error:
        told = {"event": "failed", "exc_info": (type(error), error, error.__traceback__)}
        for step in render[1:]:
            told = step(None, "error", told)
    text = str(told) + "".join(capfd.readouterr())
    assert "Unavailable" in text
    assert not any(secret in text for secret in secrets)
