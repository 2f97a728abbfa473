"""Fetching everything, keeping it as it is at Strava, and never removing what a bad answer leaves out."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.db import connection
from django.utils import timezone
from django.utils.html import escape
from pydantic import SecretStr
from tenacity import wait_none

from activities.models import (
    Activity,
    Recording,
    StravaAccount,
    StravaActivity,
    StravaApplication,
    StravaEvent,
    StravaRun,
    StravaSetAside,
    StravaSync,
)
from activities.strava import client as client_module
from activities.strava import erasing, http, sync
from activities.strava.models import SCOPES, StravaBudget
from activities.strava.sealing import Sealed
from activities.strava.words import WORDS, words_for
from activities.tasks import come_back, pull_everyone
from config.celery import app
from performance.models import Race
from tests.factories import make_race
from tests.pages import assert_page_and_partial
from tests.strava.conftest import forget_budgets, wait_for_a_quiet_quarter

pytestmark = pytest.mark.django_db(transaction=True)

NO_LONGER = {"authorized": "false"}
WIDE = {"read": [100_000, 1_000_000], "everything": [200_000, 2_000_000]}


@pytest.fixture
def roomy(strava):
    strava.limits(**WIDE)
    return strava


def pull(account: StravaAccount, *, now: bool = True) -> None:
    """Work until nothing is due; for what waits for its time see the tests about limits."""
    if now:
        StravaSync.objects.get_or_create(account=account)
        StravaSync.objects.filter(pk=account.pk).update(head_due_at=timezone.now())
    for _n in range(200):
        at = sync.work(account.pk, steps=100)
        if at is None or at > timezone.now() + timedelta(seconds=5):
            return
    raise AssertionError("it does not come to an end")


def here(account: StravaAccount) -> set[int]:
    rows = Recording.objects.filter(athlete=account.athlete_id, source="strava")
    return {int(external_id) for external_id in rows.values_list("external_id", flat=True)}


def paths(strava) -> list[str]:
    return [call["path"].removeprefix("/api/v3") for call in strava.calls()]


def test_everything_is_listed_first_and_one_call_each_brings_the_streams(roomy, account):
    ids = roomy.activities(7, 10) + roomy.activities(7, 195, until="2026-01-01", manual=True)
    pull(account, now=False)
    assert here(account) == set(ids)
    asked = paths(roomy)
    assert asked[:6] == ["/athlete/activities"] * 6, (
        "two pages, their end; then once more by date, for what moved meanwhile"
    )
    assert len(asked) == 6 + 10 and all(path.endswith("/streams") for path in asked[6:])
    assert Recording.objects.filter(n_samples__gt=0).count() == 10, (
        "what was typed in at Strava has no streams to ask for"
    )
    assert Activity.objects.count() == 205


@pytest.mark.parametrize("where", ["seen already", "to come"])
def test_what_moves_while_the_pages_come_is_on_none_of_them_and_still_found(roomy, account, where):
    """Taking an activity off a page that was read moves the first of the next page onto it, where nobody looks again."""
    ids = roomy.activities(7, 205, manual=True)
    StravaSync.objects.create(account=account)
    sync.work(account.pk, steps=1)
    gone = ids[50] if where == "seen already" else ids[201]
    roomy.remove(gone)
    pull(account, now=False)
    assert here(account) == set(ids) - {gone}
    late = roomy.activity(7, start_date="2012-05-04T08:00:00Z")
    StravaSync.objects.filter(pk=account.pk).update(page=2, listed_at=None, due_at=timezone.now())
    new = roomy.activity(7, manual=True)
    pull(account, now=False)
    assert here(account) == {*ids, late, new} - {gone}
    assert Activity.objects.count() == 206, "nothing is double"


def test_pulling_twice_changes_nothing_and_a_quiet_night_is_one_call(roomy, account):
    roomy.activities(7, 8)
    pull(account)
    before = list(Recording.objects.order_by("pk").values())
    asked = len(paths(roomy))
    pull(account)
    assert list(Recording.objects.order_by("pk").values()) == before
    assert len(paths(roomy)) == asked + 1


FAULTS = [
    {"kind": "status", "status": 502},
    {"kind": "cut_json"},
    {"kind": "html_200"},
    {"kind": "reset"},
    {"kind": "status", "status": 429, "body": {"message": "Rate Limit Exceeded"}},
    {"kind": "stall", "seconds": 0.8},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip())
def test_faults_in_the_middle_of_a_history_cost_time_and_nothing_else(roomy, account, monkeypatch, settings, fault):
    monkeypatch.setattr(http, "READ_S", 0.4)
    monkeypatch.setattr(client_module, "wait_exponential_jitter", lambda **_how: wait_none())
    ids = roomy.activities(7, 2) + roomy.activities(7, 203, until="2026-01-01", manual=True)
    roomy.fault(path="/athlete/activities", times=5, after=1, **fault)
    roomy.fault(path="/streams", times=1, **fault)
    for _again in range(14):
        pull(account, now=False)
        forget_budgets(settings.REDIS_URL)  # as if the quarter of an hour were over
        StravaBudget.objects.all().delete()
        StravaActivity.objects.update(retry_at=None)
        StravaSync.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    assert here(account) == set(ids) and Activity.objects.count() == 205
    assert StravaActivity.objects.filter(streams="here").count() == 2
    assert StravaSync.objects.get().error == "" and StravaSync.objects.get().due_at is None
    assert sum(StravaRun.objects.values_list("n_calls", flat=True)) == len(paths(roomy)), "tries and refusals count too"


def test_edits_late_uploads_and_deletions_are_noticed(roomy, account):
    ids = roomy.activities(7, 12)
    pull(account)
    gone, renamed, cropped = ids[3], ids[5], ids[6]
    roomy.remove(gone)
    roomy.change(renamed, name="Ely 10K")
    roomy.change(cropped, distance=4321.0, elapsed_time=1500)
    late = roomy.activity(7, start_date="2019-05-04T08:00:00Z")
    n = len(roomy.calls())
    pull(account)
    assert here(account) == {*ids, late} - {gone}
    assert Recording.objects.get(external_id=renamed).name == "Ely 10K"
    assert Recording.objects.get(external_id=cropped).distance_m == 4321.0
    fresh = paths(roomy)[n:]
    assert f"/activities/{cropped}/streams" in fresh and f"/activities/{renamed}/streams" not in fresh
    assert fresh.count(f"/activities/{gone}") == 1


def test_the_oldest_deleted_is_noticed_too(roomy, account):
    ids = roomy.activities(7, 12)
    pull(account)
    oldest = int(Recording.objects.order_by("started_at").first().external_id)
    roomy.remove(oldest)
    pull(account)
    assert here(account) == set(ids) - {oldest}


def test_a_corrected_name_wins_for_good(roomy, account):
    ids = roomy.activities(7, 3)
    pull(account)
    activity = Activity.objects.get(recordings__external_id=ids[0])
    Activity.objects.filter(pk=activity.pk).update(name="Mine", corrected=["name"])
    roomy.change(ids[0], name="Theirs")
    pull(account)
    assert Activity.objects.get(pk=activity.pk).name == "Mine"
    assert Recording.objects.get(external_id=ids[0]).name == "Theirs"


@pytest.mark.parametrize("n", [8, 60])
def test_an_empty_list_removes_nothing(roomy, account, n):
    ids = roomy.activities(7, n, manual=True)
    pull(account)
    roomy.fault("body", path="/athlete/activities", body=[], times=1)
    pull(account)
    assert here(account) == set(ids)
    pull(account)
    assert here(account) == set(ids)
    assert not StravaSync.objects.get(pk=account.pk).held_at


def test_nights_of_empty_lists_are_over_with_the_first_whole_one(roomy, account):
    ids = roomy.activities(7, 20, manual=True) + roomy.activities(7, 210, until="2025-01-01", manual=True)
    pull(account)
    for _night in range(2):
        roomy.fault("body", path="/athlete/activities", body=[], times=2)
        pull(account)
        assert sync.missing_of(account.pk).count() == 230 and StravaSync.objects.get(pk=account.pk).held_at
    pull(account)
    assert here(account) == set(ids)
    assert not sync.missing_of(account.pk).exists() and not StravaSync.objects.get(pk=account.pk).held_at


def test_everything_is_compared_every_second_night(roomy, account):
    roomy.activities(7, 210, manual=True)
    pull(account)
    roomy.remove(StravaActivity.objects.earliest("started_at").strava_id)
    for hours, removed in ((24, 0), (48, 1)):
        ended = timezone.now() - timedelta(hours=hours) + timedelta(minutes=3)
        StravaSync.objects.update(walked_at=ended)
        pull(account)
        assert len(here(account)) == 210 - removed


def test_many_deletions_at_once_wait_for_a_persons_word(roomy, account, as_ada):
    ids = roomy.activities(7, 60, manual=True)
    pull(account)
    for one in ids[:30]:
        roomy.remove(one)
    pull(account)
    assert here(account) == set(ids) and StravaSync.objects.get(pk=account.pk).held_at
    assert "no longer in Strava" in as_ada.get("/sync/").content.decode()
    as_ada.post("/sync/change/", {"act": "believe"})
    pull(account, now=False)
    assert here(account) == set(ids[30:])


@pytest.fixture
def switched_off(roomy, account, connect, cast) -> tuple[StravaAccount, StravaAccount]:
    """Two athletes, both of whom wait because Strava has switched their application off."""
    roomy.athlete(8)
    other = connect(cast.eve, strava_id=8)
    roomy.application(inactive=True)
    for one in (account, other):
        pull(one)
    assert len(paths(roomy)) == 1, "one found out for both"
    return account, other


def test_a_switched_off_application_is_left_alone_and_looked_at_by_one_of_all_that_wait(roomy, switched_off):
    def minutes_to_go() -> set[int]:
        application = StravaApplication.objects.get()
        due = [at for at in StravaSync.objects.values_list("due_at", flat=True) if at is not None]
        return {round((at - timezone.now()).total_seconds() / 60) for at in [*due, application.fault_retry_at]}

    found = []
    for _n in range(4):
        found.append(minutes_to_go())
        StravaApplication.objects.update(fault_retry_at=timezone.now())
        for one in switched_off:
            sync.work(one.pk)
        for one in reversed(switched_off):  # the first was told before the other had a look
            sync.work(one.pk)
    assert found == [{5}, {15}, {60}, {60}] and len(paths(roomy)) == 1 + 4
    assert {account.state for account in StravaAccount.objects.all()} == {"app_inactive"}


@pytest.mark.parametrize("who", ["a person", "the check", "the background"])
def test_the_first_call_that_works_lets_everybody_go_on_at_once(roomy, switched_off, as_olga, who):
    account, other = switched_off
    ids = {one.pk: set(roomy.activities(one.strava_athlete_id, 2, manual=True)) for one in switched_off}
    roomy.application(inactive=False)
    if who == "a person":
        sync.ask_now(account.pk)
    app.control.purge()
    if who == "the check":
        assert "Strava answers it again" in as_olga.post("/settings/strava/check/").content.decode()
    else:
        if who == "the background":
            StravaApplication.objects.update(fault_retry_at=timezone.now())
        sync.work(account.pk, steps=1)
    assert StravaApplication.objects.get().fault == "" and app.control.purge(), "and the workers are told"
    assert set(StravaAccount.objects.values_list("state", flat=True)) == {"connected"}
    for one in switched_off:
        state = StravaSync.objects.get(pk=one.pk)
        assert (state.error, state.due_at <= timezone.now()) == ("", True)
        pull(one, now=False)
        assert here(one) == ids[one.pk]


def test_a_key_that_is_lost_is_no_fault_of_the_application(roomy, account, connect, cast, settings):
    roomy.athlete(8)
    other = connect(cast.eve, strava_id=8)
    StravaAccount.objects.filter(pk=account.pk).update(access_token=Sealed("gAAAAAnobody"))
    pull(account)
    pull(other)
    assert StravaSync.objects.get(pk=account.pk).error == "app_misconfigured"
    assert StravaSync.objects.get(pk=other.pk).error == "" and StravaApplication.objects.get().fault == ""


def test_what_a_person_says_holds_for_the_next_step_of_a_worker_that_is_at_it(roomy, account, monkeypatch):
    roomy.activities(7, 5)
    real = http.send

    def pause() -> None:
        StravaSync.objects.filter(pk=account.pk).update(paused_at=timezone.now())
        connection.close()

    def send(method, url, **how):
        if url.endswith("/streams"):
            other = threading.Thread(target=pause)
            other.start()
            other.join()
        return real(method, url, **how)

    monkeypatch.setattr(http, "send", send)
    pull(account, now=False)
    assert len([path for path in paths(roomy) if path.endswith("/streams")]) == 1
    assert StravaActivity.objects.filter(streams="due").count() == 4


STATES = {
    "fetching": ({}, {}, ["Fetching from Strava", "1 of 3", "every 5s", "/sync/"]),
    "paused": ({"paused_at": ...}, {}, ["paused by you", "1 of 3", "/sync/"]),
    "waits": ({"error": "rate_limited"}, {}, ["Strava asks us to wait until ", " UTC", "1 of 3", "every 60s"]),
    "reconnect": (
        {"error": "reconnect_needed", "due_at": None},
        {"state": "reconnect_needed"},
        ["connected again", "/connect/strava/", "Connect again"],
    ),
    "inactive": ({"error": "app_inactive"}, {"state": "app_inactive"}, ["switched off", "Details", "every 60s"]),
    "held": ({"held_at": ...}, {}, ["2 activities are no longer in Strava", "Answer"]),
}


@pytest.mark.parametrize("name", STATES)
def test_the_dashboard_says_what_comes_in_and_what_keeps_it_from_coming(roomy, account, as_ada, name):
    roomy.activities(7, 3)
    pull(account)
    sync_change, account_change, words = STATES[name]
    now = timezone.now()
    pks = list(StravaActivity.objects.values_list("pk", flat=True)[:2])
    StravaActivity.objects.filter(pk__in=pks).update(streams="due", missing_since=now if name == "held" else None)
    changed = {"due_at": now} | {key: now if value is ... else value for key, value in sync_change.items()}
    StravaSync.objects.update(**changed)
    StravaAccount.objects.update(**account_change)
    html = as_ada.get("/").content.decode()
    strip = html[html.index('id="sync-strip"') : html.index('class="pagehead"')]
    assert [word for word in words if word not in strip] == []
    assert ("hx-get" in strip) == any(word.startswith("every") for word in words), (
        "asked again only where it may change"
    )


def test_the_same_short_list_asks_once_and_a_shorter_one_asks_again(roomy, account, as_ada):
    ids = roomy.activities(7, 120, manual=True)
    pull(account)

    def asks() -> bool:
        return StravaSync.objects.get(pk=account.pk).held_at is not None

    roomy.unlist(ids[5:35])
    pull(account)
    assert asks()
    as_ada.post("/sync/change/", {"act": "doubt"})
    for _night in range(3):
        pull(account)
        assert not asks() and here(account) == set(ids)
    assert "30 activities are not in Strava" in as_ada.get("/sync/").content.decode()
    assert not [path for path in paths(roomy) if path.startswith("/activities/")], "and none is asked for"
    roomy.unlist(ids[5:40])
    pull(account)
    html = as_ada.get("/sync/").content.decode()
    assert asks() and "5 activities are no longer in Strava" in html and "30 more were kept before" in html
    as_ada.post("/sync/change/", {"act": "doubt"})
    pull(account)
    assert not asks()
    roomy.unlist([])
    pull(account)
    assert not StravaActivity.objects.exclude(kept_at=None).exists(), (
        "in the list again: nothing is left of the question"
    )
    roomy.remove(ids[0])
    pull(account)
    assert here(account) == set(ids[1:]), "and a deletion is a deletion"


def test_what_is_there_by_its_id_stays_without_another_question(roomy, account, as_ada):
    """The athlete deleted some, and a list that is short for another reason lacks others as well."""
    ids = roomy.activities(7, 60, manual=True)
    pull(account)
    for one in ids[:4]:
        roomy.remove(one)
    roomy.unlist(ids[4:30])
    pull(account)
    as_ada.post("/sync/change/", {"act": "doubt"})
    pull(account, now=False)
    as_ada.post("/sync/change/", {"act": "believe"})
    for _night in range(2):
        pull(account)
        assert here(account) == set(ids[4:]) and StravaSync.objects.get(pk=account.pk).held_at is None
    assert len([path for path in paths(roomy) if path.startswith("/activities/")]) == 30, "once each"


def test_one_unreadable_activity_stops_nothing_and_is_shown(roomy, account, as_ada):
    ids = roomy.activities(7, 5)
    roomy.change(ids[2], start_date=None, start_date_local=None)
    pull(account)
    assert here(account) == set(ids) - {ids[2]}
    assert StravaSetAside.objects.filter(account=account).count() == 1
    assert "Set aside" in as_ada.get("/sync/").content.decode()


def test_a_list_with_rubbish_in_it_is_set_aside_and_the_rest_is_kept(roomy, account, as_ada):
    ids = roomy.activities(7, 5)
    pull(account)
    roomy.fault("body", path="/athlete/activities", body=[None, 5, "x", [], {}, {"id": None}, {"id": -4}], times=1)
    pull(account)
    assert here(account) == set(ids) and StravaSync.objects.get().error == ""
    assert StravaSetAside.objects.filter(account=account).count() == 7
    assert as_ada.get("/sync/").status_code == 200


def test_a_reached_limit_is_waited_for_and_nothing_is_lost(strava, account):
    wait_for_a_quiet_quarter(seconds=20)
    strava.limits(read=[20, 1000], everything=[40, 2000])
    ids = strava.activities(7, 60)
    pull(account)
    state = StravaSync.objects.get(pk=account.pk)
    assert state.error == "rate_limited" and state.due_at > timezone.now()
    assert here(account) == set(ids), "the whole list is there before the streams"
    assert len(strava.calls()) <= 20 and not any(call["status"] == 429 for call in strava.calls())


def test_withdrawn_access_is_a_state(roomy, account):
    roomy.activities(7, 3)
    roomy.revoke(7)
    pull(account)
    account.refresh_from_db()
    assert account.state == "reconnect_needed"
    assert StravaSync.objects.get(pk=account.pk).due_at is None


def test_the_night_takes_each_account_up_once(roomy, account, settings):
    StravaSync.objects.create(account=account, page=None, listed_at=timezone.now())
    pull_everyone()
    first = StravaSync.objects.get(pk=account.pk)
    assert first.head_due_at is not None and first.due_at is not None
    StravaSync.objects.filter(pk=account.pk).update(head_due_at=None, due_at=None)
    pull_everyone()
    assert StravaSync.objects.get(pk=account.pk).head_due_at is None


# -- webhooks --


def test_after_a_withdrawal_all_is_erased_and_connecting_again_fetches_it_all(roomy, account, client, as_ada):
    ids = roomy.activities(7, 3) + roomy.activities(7, 210, until="2026-01-01", manual=True)
    roomy.change(ids[1], start_date=None, start_date_local=None)
    pull(account, now=False)
    assert StravaSetAside.objects.count() == 1
    kept = make_race(athlete=account.athlete)
    roomy.revoke(7)
    post(client, account, object_type="athlete", object_id=7, aspect_type="update", updates={"authorized": "false"})
    pull(account, now=False)
    assert erasing.work_off(account.pk) and here(account) == set() and not Activity.objects.exists()
    for what in (StravaActivity, StravaSetAside, StravaEvent, StravaSync):
        assert not what.objects.exists(), "nothing of it is left, payloads neither"
    assert Race.objects.get() == kept, "what was typed in stays"
    for url in ("/connect/strava/", "/sync/"):
        page = as_ada.get(url).content.decode()
        assert "nothing that came from Strava is kept here" in page and "is still here" not in page

    token = roomy.connect(7, list(SCOPES))
    StravaAccount.objects.filter(pk=account.pk).update(
        state="connected",
        access_token=Sealed.of(SecretStr(token["access_token"])),
        refresh_token=Sealed.of(SecretStr(token["refresh_token"])),
        expires_at=datetime.fromtimestamp(token["expires_at"], UTC),
    )
    sync.begin(account.pk)
    pull(account, now=False)
    assert here(account) == set(ids) - {ids[1]} and StravaSync.objects.get().listed_at


def test_data_stays_after_a_withdrawal_where_the_operator_says_so(roomy, account, client, settings):
    settings.STRAVA_KEEP_WHEN_DEAUTHORISED = True
    ids = roomy.activities(7, 3)
    pull(account, now=False)
    roomy.revoke(7)
    post(client, account, object_type="athlete", object_id=7, aspect_type="update", updates={"authorized": "false"})
    pull(account, now=False)
    account.refresh_from_db()
    assert account.erase_asked_at is None and account.refresh_token is None and here(account) == set(ids)


def post(client, account, **event):
    told = {
        "object_type": "activity", "object_id": 1, "aspect_type": "create", "updates": {},
        "owner_id": account.strava_athlete_id, "subscription_id": 1, "event_time": 1_700_000_000, **event,
    }  # fmt: skip
    return client.post("/webhooks/strava/", told, content_type="application/json")


def test_events_lead_to_a_question_each_and_deletions_are_verified(roomy, account, client):
    ids = roomy.activities(7, 4)
    pull(account)
    n = len(roomy.calls())
    new = roomy.activity(7)
    roomy.remove(ids[0])
    for _twice in range(2):
        assert post(client, account, object_id=new).status_code == 200
        assert post(client, account, object_id=ids[0], aspect_type="delete").status_code == 200
        assert post(client, account, object_id=ids[1], aspect_type="delete").status_code == 200, "forged"
    pull(account, now=False)
    assert here(account) == {*ids[1:], new}
    assert len(roomy.calls()) - n == 4, "three details, one streams"


def test_events_about_nobody_and_rubbish_cost_nothing(roomy, account, client):
    assert post(client, account, owner_id=999).status_code == 200
    assert client.post("/webhooks/strava/", b"{", content_type="application/json").status_code == 400
    assert client.post("/webhooks/strava/", b"x" * 20_000, content_type="application/json").status_code == 413
    assert not StravaEvent.objects.exists() and not roomy.calls()


def test_a_fresh_create_that_is_not_there_yet_is_asked_again_later(roomy, account, client):
    StravaSync.objects.create(account=account, page=None, listed_at=timezone.now())
    post(client, account, object_id=123456)
    pull(account, now=False)
    event = StravaEvent.objects.get()
    assert event.done_at is None and event.attempts == 1 and event.retry_at > timezone.now()


def test_a_flood_of_events_becomes_one_look(roomy, account, client):
    roomy.activities(7, 4)
    pull(account)
    n = len(roomy.calls())
    for object_id in range(1, 60):
        post(client, account, object_id=object_id)
    pull(account, now=False)
    assert len(roomy.calls()) - n <= 2


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(client_module, "wait_exponential_jitter", lambda **_how: wait_none())


def test_one_activity_that_strava_cannot_tell_of_holds_nothing_up(hasty, roomy, account, client):
    ids = roomy.activities(7, 4)
    pull(account)
    told_of, gone, new = ids[0], ids[1], roomy.activity(7)
    roomy.remove(gone)
    for broken in (told_of, gone):
        roomy.fault("status", path=f"/activities/{broken}", status=500, times=1000)
    post(client, account, object_id=told_of, aspect_type="update")
    pull(account)
    assert here(account) == {*ids, new}, "nothing is removed without a 404"
    assert StravaActivity.objects.get(strava_id=new).streams == "here"
    account.refresh_from_db()
    assert account.state == "connected" and StravaSync.objects.get().error == ""
    n = len(roomy.calls())
    pull(account)
    assert len(roomy.calls()) == n + 1, "each has its own next time"

    roomy.forget_faults()
    StravaActivity.objects.update(retry_at=timezone.now())
    StravaEvent.objects.filter(done_at=None).update(retry_at=timezone.now())
    pull(account)
    assert here(account) == {*ids, new} - {gone} and not StravaEvent.objects.filter(done_at=None).exists()


def test_an_activity_that_stays_broken_is_left_to_the_night(hasty, roomy, account, client):
    ids = roomy.activities(7, 2)
    pull(account)
    roomy.fault("status", path=f"/activities/{ids[0]}", status=500, times=1000)
    post(client, account, object_id=ids[0], aspect_type="update")
    for _hour in range(len(sync.EVENT_RETRIES) + 1):
        StravaEvent.objects.filter(done_at=None).update(retry_at=timezone.now())
        pull(account, now=False)
    assert StravaEvent.objects.get().outcome == "unavailable" and StravaSync.objects.get().due_at is None


def test_where_one_after_the_other_fails_it_is_strava_that_is_away(hasty, roomy, account, client):
    ids = roomy.activities(7, 9)
    pull(account)
    roomy.fault("status", path="/activities/", status=503, times=1000)
    for strava_id in ids:
        post(client, account, object_id=strava_id, aspect_type="update")
    n = len(roomy.calls())
    pull(account, now=False)
    assert len(roomy.calls()) - n == sync.FAILING_ALONE * client_module.TRIES
    state = StravaSync.objects.get()
    assert state.error == "unavailable" and state.due_at > timezone.now()


def test_an_edit_told_of_before_the_upload_can_be_read_is_asked_again(roomy, account, client):
    StravaSync.objects.create(account=account, page=None, listed_at=timezone.now())
    post(client, account, object_id=123456)
    post(client, account, object_id=123456, aspect_type="update", updates={"title": "Race"})
    pull(account, now=False)
    event = StravaEvent.objects.get()
    assert event.done_at is None and event.retry_at > timezone.now()


def test_a_flood_that_goes_on_makes_us_look_now_and_then(roomy, account, client):
    roomy.activities(7, 4)
    pull(account)
    n = len(roomy.calls())
    for wave in range(1, 5):
        for object_id in range(1, 40):
            post(client, account, object_id=wave * 100 + object_id)
            post(client, account, object_type="athlete", object_id=wave * 100 + object_id, updates=NO_LONGER)
        pull(account, now=False)
    assert len(roomy.calls()) - n == sync.WITHDRAWALS_AN_HOUR, "and the list was looked at just now"
    due_at = StravaSync.objects.get().due_at
    assert due_at is not None and due_at <= timezone.now() + sync.FLOOD_LOOKS_EVERY


def test_a_withdrawal_that_a_call_ran_into_before_it_was_told_erases_too(roomy, account, client):
    roomy.activities(7, 4)
    pull(account)
    roomy.revoke(7)
    pull(account)
    account.refresh_from_db()
    assert account.state == "reconnect_needed" and account.erase_asked_at is None, "it may have been a lost answer"
    withdrawn = {"object_type": "athlete", "object_id": 7, "aspect_type": "update", "updates": NO_LONGER}
    StravaAccount.objects.update(state_at=timezone.now() - timedelta(hours=1))
    post(client, account, **withdrawn)
    account.refresh_from_db()
    assert account.erase_asked_at is None, "long after, anybody could say so"
    StravaAccount.objects.update(state_at=timezone.now())
    post(client, account, **withdrawn)
    account.refresh_from_db()
    assert account.erase_asked_at is not None


def test_what_is_told_after_a_withdrawal_does_not_take_it_back(roomy, account, client):
    roomy.activities(7, 1)
    pull(account)
    roomy.revoke(7)
    for updates in (NO_LONGER, {}):
        post(client, account, object_type="athlete", object_id=7, aspect_type="update", updates=updates)
    pull(account, now=False)
    account.refresh_from_db()
    assert account.erase_asked_at is not None


def test_lists_go_before_analyses_in_the_queue_and_streams_do_not(roomy, account, settings):
    roomy.activities(7, 2)
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.delete("now")
        sync.begin(account.pk)
        assert broker.llen("now") == 1
        come_back(account.pk, sync.work(account.pk, steps=1))
        assert broker.llen("now") == 2
        sync.work(account.pk, steps=2)
        assert StravaActivity.objects.filter(streams="due").count() == 2
        come_back(account.pk, timezone.now())
        assert broker.llen("now") == 2
        broker.delete("now")


def test_a_forged_withdrawal_changes_nothing_and_a_real_one_erases(roomy, account, client):
    roomy.activities(7, 4)
    pull(account)
    withdrawn = {"object_type": "athlete", "object_id": 7, "aspect_type": "update", "updates": {"authorized": "false"}}
    post(client, account, **withdrawn)
    pull(account, now=False)
    assert len(here(account)) == 4
    roomy.revoke(7)
    post(client, account, **withdrawn)
    pull(account, now=False)
    account.refresh_from_db()
    assert account.state == "reconnect_needed" and account.refresh_token is None and account.erase_asked_at


def test_the_challenge_is_answered_only_with_our_word(client, settings):
    settings.STRAVA_VERIFY_TOKEN = SecretStr("ours")
    asked = {"hub.mode": "subscribe", "hub.challenge": "abc", "hub.verify_token": "ours"}
    assert client.get("/webhooks/strava/", asked).json() == {"hub.challenge": "abc"}
    assert client.get("/webhooks/strava/", asked | {"hub.verify_token": "no"}).status_code == 403


# -- pages and rights --


def test_the_page_and_its_part_cost_few_queries(roomy, account, as_ada, as_olga, django_assert_max_num_queries):
    roomy.activities(7, 3)
    pull(account, now=False)
    assert "Sync now" in assert_page_and_partial(as_ada, "/sync/", "sync-state")
    with django_assert_max_num_queries(12):
        as_ada.get("/sync/")
    with django_assert_max_num_queries(12):
        as_olga.get("/sync/everybody/")
    assert "/sync/" in as_ada.get("/more/").content.decode()
    assert "/sync/" in as_ada.get("/connect/strava/").content.decode()
    assert "/sync/everybody/" in as_olga.get("/more/").content.decode()


@pytest.mark.parametrize("error", sorted(set(WORDS) - {"connected", "disconnected"}))
def test_every_fault_has_words_on_the_page_and_for_operators(account, as_ada, as_olga, error):
    StravaSync.objects.create(account=account, error=error, due_at=None)
    for client, path in ((as_ada, "/sync/"), (as_olga, "/sync/everybody/")):
        assert escape(str(words_for(error).title)) in client.get(path).content.decode()


def test_pausing_ordering_and_going_on(roomy, account, as_ada):
    ids = roomy.activities(7, 4)
    StravaSync.objects.create(account=account)
    as_ada.post("/sync/change/", {"act": "pause"})
    pull(account, now=False)
    assert here(account) == set(ids) and not StravaActivity.objects.filter(streams="here").exists()
    as_ada.post("/sync/change/", {"act": "order", "order": "oldest"})
    as_ada.post("/sync/change/", {"act": "resume"})
    sync.work(account.pk, steps=1)
    assert StravaActivity.objects.get(streams="here").strava_id == ids[-1]


def test_who_sees_the_pages(roomy, account, as_ada, as_carl, as_eve, as_olga):
    roomy.activities(7, 3)
    pull(account)
    assert "3 of 3" in " ".join(as_ada.get("/sync/").content.decode().split())
    assert "not connected" in as_eve.get("/sync/").content.decode()
    assert as_ada.get("/sync/everybody/").status_code == 404 == as_carl.get("/sync/everybody/").status_code
    assert as_olga.get("/sync/everybody/").status_code == 200
    assert as_eve.post("/sync/change/", {"act": "pause"}).status_code == 404


def test_now_is_allowed_once_a_minute(roomy, account, as_ada):
    assert as_ada.post("/sync/now/").status_code == 302
    first = StravaSync.objects.get(pk=account.pk).asked_at
    assert "once a minute" in as_ada.post("/sync/now/", headers={"HX-Request": "true"}).content.decode()
    assert StravaSync.objects.get(pk=account.pk).asked_at == first


def test_what_is_kept_too_long_goes_and_does_not_come_back(roomy, account, settings):
    ids = roomy.activities(7, 4)
    pull(account)
    settings.STRAVA_RETENTION_DAYS = 7
    StravaActivity.objects.filter(strava_id__in=ids[:2]).update(fetched_at=timezone.now() - timedelta(days=8))
    assert sync.drop_expired() == 2
    pull(account)
    assert here(account) == set(ids[2:])


def test_runs_say_what_was_done(roomy, account):
    roomy.activities(7, 5)
    pull(account)
    run = StravaRun.objects.order_by("pk").first()
    assert (run.n_new, run.n_streams, run.ended_at is not None) == (5, 5, True)
    assert sum(StravaRun.objects.values_list("n_calls", flat=True)) == len(roomy.calls())
