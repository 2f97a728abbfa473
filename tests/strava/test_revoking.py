"""Our access is taken back at Strava by a worker, as often as it takes, and never in a request."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pydantic import SecretStr

from activities import locks
from activities.models import StravaAccount, StravaApplication, StravaRevocation
from activities.strava import connecting, limiter, oauth, tokens
from activities.strava.client import Client
from activities.strava.errors import ReconnectNeeded
from activities.strava.sealing import Sealed
from activities.tasks import revoke_access
from athletes import erasing
from athletes.stored import stored
from config.celery import app
from tests.config.test_celery import until
from tests.config.test_side_by_side import process, worker
from tests.pages import assert_page_and_partial
from tests.strava.conftest import revoke_what_is_due
from tests.strava.stand_in import CLIENT_ID
from tests.strava.test_connect import connect as connect_as
from tests.strava.test_connect import there_and_back

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/connect/strava/"
ENDED = "Our access is revoked at Strava"
PENDING = "Our access is being revoked at Strava"
NOT_CONFIRMED = "Strava did not confirm that our access is revoked"


def make_due(**change) -> None:
    StravaRevocation.objects.update(retry_at=timezone.now(), **change)


def let_go(account: StravaAccount) -> StravaRevocation:
    connecting.disconnect(account)
    return StravaRevocation.objects.get()


def asked(strava) -> list[str]:
    return [call["path"].rpartition("/")[2] for call in strava.calls("/oauth/")]


def test_disconnecting_asks_strava_nothing_in_the_request_and_the_page_says_how_far_it_is(as_ada, strava, account):
    strava.fault("stall", path="/oauth/", seconds=30, times=1)
    html = as_ada.post(f"{URL}disconnect/", follow=True).content.decode()
    assert not strava.calls("/oauth/") and PENDING in html and "Keep or delete what came from Strava?" in html
    account.refresh_from_db()
    assert (account.state, account.access_token, account.refresh_token) == ("disconnected", None, None)
    assert any(
        "erased when it has, or after a day" in str(one.why) for one in stored(account.athlete.user, account.athlete)
    )
    assert 'hx-trigger="every 3s"' in assert_page_and_partial(as_ada, URL, "revocation")
    strava.forget_faults()


@pytest.mark.parametrize("has_revoke", [True, False])
def test_a_worker_takes_it_back_by_the_new_endpoint_or_by_the_old(as_ada, strava, account, has_revoke):
    strava.application(has_revoke=has_revoke)
    Client(account).activities()  # the limits are known
    let_go(account)
    revoke_what_is_due()
    assert asked(strava) == ["revoke"] + ["deauthorize"] * (not has_revoke)
    assert strava.tokens() == {"access": [], "refresh": []}
    part = assert_page_and_partial(as_ada, URL, "revocation")
    assert ENDED in part and "hx-trigger" not in part and 'id="live"' in part
    row = StravaRevocation.objects.get()
    assert (row.access_token, row.refresh_token, row.outcome) == (None, None, "done")
    assert limiter.usage(account.application).budget.all_used_short >= len(asked(strava)), "counted in the budget"
    StravaRevocation.objects.update(ended_at=timezone.now() - timedelta(days=31))
    revoke_what_is_due()
    assert not StravaRevocation.objects.exists() and asked(strava)[0] == "revoke"


def test_the_old_endpoint_gets_a_token_that_has_not_expired_and_a_new_one_is_kept_first(strava, account):
    strava.application(has_revoke=False)
    Client(account).activities()  # the limits are known
    strava.expire(7)
    strava.fault("status", path="/oauth/deauthorize", status=503, after=1)
    row = let_go(account)
    revoke_what_is_due()
    assert asked(strava) == ["revoke", "deauthorize", "token", "deauthorize"]
    kept = StravaRevocation.objects.get()
    assert (
        kept.refresh_token != row.refresh_token
        and kept.refresh_token.reveal().get_secret_value() in strava.tokens()["refresh"]
    )
    make_due()
    revoke_what_is_due()
    assert strava.tokens() == {"access": [], "refresh": []} and StravaRevocation.objects.get().outcome == "done"


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "reset"}, {"kind": "status", "status": 429}]
)
def test_what_passes_is_asked_again_with_growing_pauses_and_given_up_with_words_after_a_day(
    as_ada, strava, account, settings, fault
):
    strava.fault(path="/oauth/revoke", times=99, **fault)
    let_go(account)
    pauses = []
    for _n in range(3):
        revoke_what_is_due()
        row = StravaRevocation.objects.get()
        pauses.append(row.retry_at - timezone.now())
        revoke_what_is_due()
        assert StravaRevocation.objects.get().attempts == row.attempts == len(pauses), "not before its time"
        make_due()
        limiter_forgets(settings)
    if fault.get("status") != 429:
        assert [round(pause.total_seconds() / 60) for pause in pauses] == [1, 2, 4]
    assert "Strava has not confirmed it yet" in as_ada.get(URL).content.decode()
    make_due(asked_at=timezone.now() - timedelta(hours=24))
    revoke_what_is_due()
    row = StravaRevocation.objects.get()
    assert (row.outcome, row.access_token, row.refresh_token) == ("failed", None, None)
    html = as_ada.get(URL).content.decode()
    assert NOT_CONFIRMED in html and "strava.com/settings/apps" in html
    revoke_what_is_due()
    assert len(strava.calls("/oauth/revoke")) == 4, "and never again"


def limiter_forgets(settings) -> None:
    """As if the quarter of an hour were over."""
    from activities.models import StravaBudget
    from tests.strava.conftest import forget_budgets

    forget_budgets(settings.REDIS_URL)
    StravaBudget.objects.all().delete()


def test_without_redis_nothing_is_asked_and_nothing_is_lost(strava, account, settings):
    there, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    let_go(account)
    revoke_what_is_due()
    assert asked(strava) == [] and StravaRevocation.objects.pending().exists()
    settings.REDIS_URL = there
    make_due()
    revoke_what_is_due()
    assert strava.tokens() == {"access": [], "refresh": []}


def test_tokens_that_are_dead_already_are_no_failure(strava, account):
    strava.application(has_revoke=False)
    strava.revoke(7)
    let_go(account)
    revoke_what_is_due()
    assert StravaRevocation.objects.get().outcome == "done"


def test_it_outlives_the_deleted_account_and_leaves_nothing(strava, account):
    strava.fault("status", path="/oauth/", status=502)
    erasing.ask(account.athlete.user)
    erasing.erase(account.athlete.user_id)
    assert erasing.waiting() == [] and not StravaAccount.objects.exists()
    revoke_what_is_due()
    assert StravaRevocation.objects.get().athlete is None and strava.grants()
    make_due()
    revoke_what_is_due()
    assert strava.grants() == [] and not StravaRevocation.objects.exists()


def test_an_own_application_that_is_gone_is_still_the_one_that_asks(strava, connect, ada):
    strava.client("991", "own")
    own = StravaApplication(owner=ada)
    own.keep(client_id="991", client_secret=SecretStr("own"))
    own.save()
    token = strava.connect(7, ["activity:read"], client_id="991")
    StravaAccount.objects.create(
        athlete=ada, application=own, strava_athlete_id=7, scopes=["activity:read"],
        access_token=Sealed.of(SecretStr(token["access_token"])),
        refresh_token=Sealed.of(SecretStr(token["refresh_token"])), expires_at=timezone.now(),
    )  # fmt: skip
    erasing.ask(ada.user)
    erasing.erase(ada.user_id)
    assert not StravaApplication.objects.filter(owner__isnull=False).exists()
    revoke_what_is_due()
    assert strava.grants() == [] and not StravaRevocation.objects.exists()


def test_another_client_id_ends_what_the_first_was_given(as_ada, ada, strava):
    for client_id in ("991", "992"):
        strava.client(client_id, "own")
    as_ada.post("/settings/strava/", {"client_id": "991", "client_secret": "own"})
    connect_as(as_ada, strava)
    assert strava.grants() == [[7, "991"]]
    as_ada.post("/settings/strava/", {"client_id": "992", "client_secret": "own"})
    revoke_what_is_due()
    assert strava.grants() == [] and StravaAccount.objects.get().state == "reconnect_needed"


def test_connecting_through_another_application_ends_the_first_grant_alone(as_ada, ada, strava):
    connect_as(as_ada, strava)
    strava.client("991", "own")
    as_ada.post("/settings/strava/", {"client_id": "991", "client_secret": "own"})
    connect_as(as_ada, strava)
    assert sorted(strava.grants()) == sorted([[7, CLIENT_ID], [7, "991"]])
    revoke_what_is_due()
    assert strava.grants() == [[7, "991"]]
    assert Client(StravaAccount.objects.get()).activities() == []


def test_a_refused_account_through_another_application_is_handed_back_and_the_first_stays(as_ada, as_eve, strava, cast):
    connect_as(as_ada, strava)
    strava.client("991", "own")
    as_eve.post("/settings/strava/", {"client_id": "991", "client_secret": "own"})
    assert connect_as(as_eve, strava).status_code == 409
    revoke_what_is_due()
    assert strava.grants() == [[7, CLIENT_ID]] and Client(StravaAccount.objects.get()).activities() == []


def test_who_connects_again_before_it_was_asked_keeps_the_new_grant(as_ada, ada, strava, account):
    let_go(account)
    back = there_and_back(as_ada, strava)
    revoke_what_is_due()
    assert asked(strava).count("revoke") == 0, "nothing is revoked while somebody is on the way to connect again"
    as_ada.get(back)
    make_due()
    revoke_what_is_due()
    assert not StravaRevocation.objects.exists()
    assert Client(StravaAccount.objects.get(athlete=ada)).activities() == [] and asked(strava).count("revoke") == 0


def test_nobody_connects_while_access_is_being_revoked(as_ada, ada, strava, account, monkeypatch):
    let_go(account)
    back = there_and_back(as_ada, strava)
    monkeypatch.setattr(connecting, "TURN_S", 0.2)
    began, over = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.alone(locks.STRAVA_REVOKE, ada.pk):
            began.set()
            over.wait(10)
        connection.close()

    worker_at_it = threading.Thread(target=hold)
    worker_at_it.start()
    assert began.wait(10)
    assert as_ada.get(back).status_code == 200 and not StravaAccount.objects.connected().exists()
    over.set()
    worker_at_it.join()
    assert not strava.calls("/oauth/token"), "the code is not spent"


def test_who_says_no_on_the_way_back_is_revoked_after_all(as_ada, strava, account):
    let_go(account)
    strava.consent(7, deny=True)
    as_ada.get(there_and_back(as_ada, strava))
    revoke_what_is_due()
    assert strava.grants() == []


def test_a_grant_that_somebody_here_uses_again_is_never_revoked(strava, connect, account, cast):
    """Deleted here, signed up again, connected again: all within the minutes in which Strava did not answer."""
    erasing.ask(account.athlete.user)
    erasing.erase(account.athlete.user_id)
    again = connect(cast.eve, strava_id=7)
    revoke_what_is_due()
    assert not StravaRevocation.objects.exists() and asked(strava) == [] and Client(again).activities() == []


def test_tokens_that_a_worker_is_getting_meanwhile_are_the_ones_revoked(strava, account, monkeypatch):
    """The athlete disconnects while a refresh is under way: what it brings is not lost, and not used."""
    real = oauth.refresh

    def in_another_process():
        revoke_what_is_due()
        connection.close()

    def slow(*args):
        token = real(*args)
        let_go(StravaAccount.objects.get(pk=account.pk))
        other = threading.Thread(target=in_another_process)
        other.start()
        other.join()
        return token

    monkeypatch.setattr(oauth, "refresh", slow)
    StravaAccount.objects.update(expires_at=timezone.now())
    with pytest.raises(ReconnectNeeded):
        tokens.access(account)
    assert asked(strava) == ["token"], "whoever revokes waits for whoever refreshes"
    assert StravaRevocation.objects.get().refresh_token.reveal().get_secret_value() in strava.tokens()["refresh"]
    make_due()
    revoke_what_is_due()
    assert strava.grants() == []


def test_a_worker_hears_of_it_at_once(strava, account, settings, tmp_path):
    app.control.purge()
    told = {
        "STRAVA_API_URL": strava.api_url, "STRAVA_OAUTH_URL": strava.oauth_url,
        "STRAVA_CLIENT_ID": settings.STRAVA_CLIENT_ID,
        "STRAVA_CLIENT_SECRET": settings.STRAVA_CLIENT_SECRET.get_secret_value(),
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
    }  # fmt: skip
    assert app.amqp.router.route({}, revoke_access.name)["queue"].name == "now"
    with process(tmp_path / "worker.log", *worker("leaving"), **told):
        let_go(account)
        until(lambda: StravaRevocation.objects.get().outcome == "done")
    assert strava.grants() == []


def test_a_revocation_is_its_athletes_own(strava, account, cast):
    let_go(account)
    assert StravaRevocation.objects.visible_to(cast.ada.user).count() == 1
    for other in (cast.eve.user, cast.carl, cast.olga):
        assert not StravaRevocation.objects.visible_to(other).exists()
