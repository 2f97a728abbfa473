"""The operator's commands about Strava, as they are typed: what they say, and what they leave."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydantic import SecretStr

from activities.models import Activity, StravaApplication, StravaSync
from activities.strava import sync
from performance.models import Analysis

pytestmark = pytest.mark.django_db(transaction=True)

WIDE = {"read": [100_000, 1_000_000], "everything": [200_000, 2_000_000]}


def said(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def figures(*words: str) -> dict:
    (told,) = json.loads(said("sync", *words, "--json"))["athletes"]
    return told


def test_one_athlete_waited_for_is_here_and_analysed_without_any_worker(strava, account):
    strava.limits(**WIDE)
    strava.activities(7, 6)
    told = figures("--athlete", "ADA@example.invalid", "--wait")
    assert {name: told[name] for name in ("athlete", "new", "streams", "streams_due", "state", "connection")} == {
        "athlete": "ada@example.invalid",
        "new": 6,
        "streams": 6,
        "streams_due": 0,
        "state": "done",
        "connection": "connected",
    }
    assert told["calls"] == len(strava.calls()) and told["next_try"] is None
    assert Analysis.objects.count() == Activity.objects.count() == 6
    again = figures("--all", "--nightly", "--wait")
    assert (again["new"], again["changed"], again["calls"]) == (0, 0, 1), "a quiet night"
    assert StravaSync.objects.get().night == sync.night_of(timezone.now())[0]
    assert "0 new, 0 changed, 0 removed" in said("sync", "--all", "--wait")


def test_a_limit_far_ahead_is_told_and_not_waited_for(strava, account):
    strava.limits(read=[10, 1000], everything=[20, 2000])
    strava.activities(7, 20)
    told = figures("--all", "--wait")
    assert told["state"] == "rate_limited" and told["new"] == 20 and 0 < told["streams_due"] < 20
    assert told["next_try"] > timezone.now().isoformat()
    assert not any(call["over"] for call in strava.calls())


def test_what_needs_a_person_ends_with_an_error_and_is_told_first(strava, account):
    strava.limits(**WIDE)
    strava.revoke(7)
    out = StringIO()
    with pytest.raises(CommandError, match="ada@example.invalid"):
        call_command("sync", "--all", "--wait", "--json", stdout=out)
    (told,) = json.loads(out.getvalue())["athletes"]
    assert told["state"] == told["connection"] == "reconnect_needed"
    assert said("sync", "--all") == "Nobody is connected to Strava.\n"


def test_without_waiting_the_work_is_left_to_a_worker(strava, account):
    told = figures("--all")
    assert told["state"] == "waiting" and not strava.calls()
    assert StravaSync.objects.get().due_at < timezone.now() + timedelta(seconds=1)


@pytest.mark.parametrize("email", ["nobody@example.invalid", "eve@example.invalid"])
def test_who_is_not_connected_is_said(cast, email):
    with pytest.raises(CommandError, match=email):
        call_command("sync", "--athlete", email)


def test_a_subscription_is_made_once_seen_and_taken_back(strava, live_server, settings):
    settings.SITE_URL, settings.STRAVA_VERIFY_TOKEN = live_server.url, SecretStr("ours")
    assert "There is no subscription" in said("strava_webhook", "view")
    assert "Subscribed: 1 to" in said("strava_webhook", "create")
    assert StravaApplication.of_installation().subscription_id == 1
    assert "There is one already: 1" in said("strava_webhook", "create")
    assert f"1 to {live_server.url}/webhooks/strava/" in said("strava_webhook", "view")
    assert "Deleted: 1" in said("strava_webhook", "delete")
    assert StravaApplication.of_installation().subscription_id is None and not strava.subscribed()
    assert "There is no subscription" in said("strava_webhook", "delete")


def test_a_subscription_that_cannot_be_made_says_why(strava, live_server, settings):
    settings.SITE_URL = live_server.url
    with pytest.raises(CommandError, match="STRAVA_VERIFY_TOKEN"):
        said("strava_webhook", "create")
    settings.STRAVA_VERIFY_TOKEN = SecretStr("ours")
    settings.SITE_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="not verifiable"):
        said("strava_webhook", "create")
    settings.STRAVA_CLIENT_ID = ""
    with pytest.raises(CommandError, match="STRAVA_CLIENT_ID"):
        said("strava_webhook", "view")
