"""What one question to Strava does, whatever Strava does: over real HTTP, against tests/strava/stand_in.py."""

import numpy as np
import pytest

from activities.models import StravaApplication
from activities.strava import client as client_module
from activities.strava import http
from activities.strava.client import Client
from activities.strava.errors import (
    AppInactive,
    AppMisconfigured,
    LimiterAway,
    NotFound,
    RateLimited,
    Refused,
    ScopeMissing,
    StravaError,
    Unavailable,
    Unreadable,
)
from activities.strava.schemas import SetAside, Summary

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(account) -> Client:
    return Client(account)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch) -> None:
    """The pauses between tries keep their shape at a tenth of their length; one test measures the real ones."""
    whole = client_module.wait_exponential_jitter

    def tenth(*, multiplier: float, jitter: float, max: float):
        return whole(multiplier=multiplier / 10, jitter=jitter / 10, max=max / 10)

    monkeypatch.setattr(client_module, "wait_exponential_jitter", tenth)


def test_a_page_of_the_list_comes_newest_first_in_our_units(strava, asked):
    ids = strava.activities(7, 5)
    page = asked.activities(per_page=3)
    assert [one.strava_id for one in page] == ids[:3]
    run = page[0]
    assert isinstance(run, Summary)
    assert (run.distance_m, run.elapsed_s, run.sport, run.cadence_avg) == (5000.0, 2752, "running", 172.0)
    assert (run.zone, run.utc_offset_s, run.device_name) == ("Europe/Rome", 3600, "Garmin Forerunner 265")
    assert asked.activities(page=2, per_page=3)[-1].strava_id == ids[-1]
    assert asked.activities(page=3, per_page=3) == []


def test_one_unreadable_activity_is_set_aside_and_the_rest_of_its_page_comes(strava, asked):
    strava.activities(7, 2)
    strava.activity(7, instead={"id": None})
    strava.activity(7, instead={"start_date": None, "start_date_local": "never"})
    page = asked.activities()
    assert sorted(one.reason for one in page if isinstance(one, SetAside)) == ["no_id", "no_start"]
    assert sum(isinstance(one, Summary) for one in page) == 2


def test_detail_athlete_zones_and_gear(strava, asked):
    run = strava.activity(7, name="Ely 10K", laps=[{"lap_index": 1, "distance": 1000.0, "elapsed_time": 274}, None, {}])
    strava.gear("g1", name="Racers")
    detail = asked.activity(run)
    assert (detail.name, detail.calories, [lap.distance_m for lap in detail.laps]) == ("Ely 10K", 640.0, [1000.0, None])
    assert (asked.athlete().strava_id, asked.athlete().weight_kg) == (7, 58.0)
    assert asked.zones().heart_rate == ((0.0, 120.0), (120.0, None))
    assert asked.gear("g1").name == "Racers"
    with pytest.raises(NotFound):
        asked.gear("g2")


def test_streams_come_as_columns_and_none_where_there_are_none(strava, asked):
    run, typed = strava.activity(7), strava.activity(7, manual=True)
    strava.streams(typed, None)
    streams = asked.streams(run)
    assert streams.distance_m[-1] == pytest.approx(10_030.5) and streams.cadence_spm[0] == 172
    assert asked.streams(typed) is None
    assert len(strava.calls("/streams")) == 2, "404 is an answer and is not asked again"


def test_nulls_in_streams_are_missing_values_and_unequal_ones_are_refused(strava, asked):
    run = strava.activity(7)
    strava.streams(
        run,
        {
            "time": {"data": [0, None, 2, 9]},
            "watts": {"data": [200, 201, None, "203"]},
            "latlng": {"data": [[52.0, 0.1], None, [], [1000, 3]]},
            "heartrate": {"data": [None] * 4},
        },
    )
    streams = asked.streams(run)
    assert list(streams.time_s) == [0, 2, 9] and streams.heart_rate_bpm is None
    np.testing.assert_array_equal(streams.power_w, [200, np.nan, 203])
    np.testing.assert_array_equal(streams.latitude, [52.0, np.nan, np.nan])
    strava.streams(run, {"time": {"data": [0, 1]}, "distance": {"data": [0]}})
    with pytest.raises(Unreadable, match="distance 1, time 2"):
        asked.streams(run)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 500, "body": {"message": "error"}},
        {"kind": "html_200"},
        {"kind": "cut_json"},
        {"kind": "cut"},
        {"kind": "cut_gzip"},
        {"kind": "reset"},
        {"kind": "lost"},
        {"kind": "body", "body": {"message": "not a list"}},
        {"kind": "body", "body": None},
    ],
    ids=lambda fault: fault["kind"] + str(fault.get("status", "")),
)
def test_what_may_pass_is_asked_again(strava, asked, fault):
    strava.activities(7, 1)
    asked.athlete()  # the limits are known from here on, so that no probe is waited for
    strava.fault(path="/athlete/activities", times=2, **fault)
    assert len(asked.activities()) == 1
    assert len(strava.calls("/athlete/activities")) == 3


def test_the_tries_are_few_and_further_and_further_apart(strava, asked, account, monkeypatch):
    monkeypatch.undo()
    strava.fault("status", path="/athlete/activities", status=503, times=99)
    with pytest.raises(Unavailable):
        asked.activities()
    moments = [one["at"] for one in strava.calls()]
    gaps = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
    assert len(moments) == 4
    assert gaps[0] >= 1 and gaps[1] >= 2 and gaps[2] >= 4
    account.refresh_from_db()
    assert account.state == "unavailable"
    strava.forget_faults()
    asked.activities()
    account.refresh_from_db()
    assert account.state == "connected"


def test_a_stall_and_a_dripping_or_endless_body_end(strava, asked, monkeypatch):
    asked.athlete()
    monkeypatch.setattr(http, "READ_S", 0.5)
    monkeypatch.setattr(http, "TOTAL_S", 1)
    monkeypatch.setattr(http, "LARGEST_BODY", 2**22)
    for fault in ({"kind": "stall", "seconds": 3}, {"kind": "drip", "every": 0.1}, {"kind": "endless"}):
        strava.fault(path="/athlete/activities", **fault)
        assert asked.activities() == []
    assert len(strava.calls("/athlete/activities")) == 6


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "Bad Request", "errors": []}, Refused),
        (402, {"message": "Payment Required"}, StravaError),
        (403, {"message": "Forbidden"}, Refused),
        (403, {"errors": [{"resource": "Application", "field": "Status", "code": "Inactive"}]}, AppInactive),
        (
            401,
            {"errors": [{"resource": "AccessToken", "field": "activity:read_permission", "code": "missing"}]},
            ScopeMissing,
        ),
        (401, {"errors": [{"resource": "Application", "field": "", "code": "invalid"}]}, AppMisconfigured),
        (404, {"message": "Record Not Found"}, NotFound),
        (409, "odd", Refused),
        (418, None, Refused),
    ],
)
def test_a_4xx_is_asked_once(strava, asked, status, body, error):
    strava.fault("status", path="/athlete/activities", times=9, status=status, body=body)
    with pytest.raises(error):
        asked.activities()
    assert len(strava.calls()) == 1 and not strava.calls("/oauth/")


def test_a_gateways_404_is_not_a_deleted_activity(strava, asked):
    strava.fault("status", path="/activities/", status=404)
    with pytest.raises(Refused):
        asked.activity(1)


def test_a_redirect_is_not_followed_with_the_token(strava, asked):
    strava.fault("redirect", path="/athlete/activities", to=f"http://localhost:{strava.port}/api/v3/athlete")
    with pytest.raises(Refused):
        asked.activities()
    strava.fault("redirect", path="/athlete/activities", status=301, to="https://elsewhere.invalid/")
    with pytest.raises(AppMisconfigured, match="STRAVA_API_URL"):
        asked.activities()
    assert len(strava.calls()) == 2


def test_an_inactive_application_is_a_state_and_asks_no_more_until_a_person_does(strava, asked, account):
    strava.application(inactive=True)
    for _ in range(3):
        with pytest.raises(AppInactive):
            asked.activities()
    assert len(strava.calls()) == 1
    account.refresh_from_db()
    application = StravaApplication.objects.get()
    assert (account.state, application.fault) == ("app_inactive", "app_inactive")
    strava.application(inactive=False)
    Client(account, waiting=True).activities()
    account.refresh_from_db()
    application.refresh_from_db()
    assert (account.state, application.fault) == ("connected", "")
    asked.activities()


def test_what_was_not_granted_is_not_even_asked(strava, connect, ada):
    account = connect(ada, scopes=("read", "activity:read"))
    with pytest.raises(ScopeMissing, match="profile:read_all"):
        Client(account).zones()
    strava.activity(7, private=True)
    assert Client(account).activities() == []
    assert len(strava.calls()) == 1
    account.refresh_from_db()
    assert account.state == "connected"


def test_a_429_stops_everybody_and_names_the_moment(strava, asked, connect, cast):
    strava.athlete(8)
    other = connect(cast.eve, strava_id=8)
    strava.limits(read=[100, 1000], used=[100, 300])
    with pytest.raises(RateLimited) as told:
        asked.activities()
    for client in (asked, Client(other), Client(other, waiting=True)):
        with pytest.raises(RateLimited):
            client.activities()
    assert len(strava.calls()) == 1
    opens = told.value.retry_at.timestamp() % 900
    assert 1 < opens < 3.5, "a moment after the quarter"


def test_a_429_of_the_day_closes_the_day(strava, asked):
    strava.limits(read=[100, 1000], used=[3, 1000])
    with pytest.raises(RateLimited) as told:
        asked.activities()
    assert told.value.retry_at.strftime("%H:%M") == "00:00"


def test_an_answer_is_not_thrown_away_because_redis_went(strava, asked, settings, monkeypatch):
    """Redis is lost between the question and the answer: the answer counts, and nothing more is asked."""
    strava.activities(7, 1)
    url, send = settings.REDIS_URL, http.send

    def lose_redis(*args, **kwargs):
        reply = send(*args, **kwargs)
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        return reply

    monkeypatch.setattr(http, "send", lose_redis)
    assert len(asked.activities()) == 1
    with pytest.raises(LimiterAway):
        asked.activities()
    settings.REDIS_URL = url
    assert len(strava.calls()) == 1


def test_tokens_stand_in_the_header_alone(strava, asked):
    asked.activities()
    (call,) = strava.calls()
    assert call["authorization"] == "Bearer" and set(call["query"]) == {"page", "per_page"}
