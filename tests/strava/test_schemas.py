"""Strava's JSON, however odd, as typed values. No server, no database."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from activities.strava.schemas import (
    AthleteProfile,
    SetAside,
    StreamSet,
    Summary,
    Token,
    WebhookEvent,
    Zones,
    read_detail,
    read_summary,
)

RUN = {
    "id": 12_345_678_901,
    "athlete": {"id": 7},
    "name": "Ely 10K",
    "distance": 10_030.5,
    "elapsed_time": 2752,
    "moving_time": 2700,
    "sport_type": "Run",
    "start_date": "2026-10-18T08:00:00Z",
    "start_date_local": "2026-10-18T09:00:00Z",
    "timezone": "(GMT+00:00) Europe/London",
    "utc_offset": 3600.0,
    "average_cadence": 86.0,
    "upload_id": 99,
}


def summary(**odd) -> Summary:
    read = read_summary({**RUN, **odd})
    assert isinstance(read, Summary), read
    return read


def test_an_ordinary_run():
    run = summary()
    assert (run.strava_id, run.athlete_id, run.distance_m, run.elapsed_s) == (12_345_678_901, 7, 10_030.5, 2752)
    assert run.start_date == datetime(2026, 10, 18, 8, tzinfo=UTC)
    assert run.start_date_local == datetime(2026, 10, 18, 9), "a wall clock: the Z is not meant"
    assert (run.zone, run.utc_offset_s, run.local_date) == ("Europe/London", 3600, date(2026, 10, 18))
    assert (run.sport, run.sub_sport, run.is_on_foot, run.cadence_avg) == ("running", "", True, 172)


ODD_VALUES = [
    None,
    "",
    "odd",
    [],
    {},
    [1],
    {"a": 1},
    True,
    -1,
    1e400,
    float("nan"),
    "NaN",
    10**30,
    "2026-13-45T99:00:00Z",
]


@pytest.mark.parametrize(
    "field", [*RUN, "map", "start_latlng", "workout_type", "external_id", "gear_id", "max_heartrate", "private"]
)
def test_any_field_may_be_missing_null_or_odd(field):
    for odd in ODD_VALUES:
        read = read_summary({**RUN, field: odd})
        json.dumps(read.model_dump(mode="json"))
        if isinstance(read, SetAside):
            assert field in {"id", "start_date"}, (field, odd)
        else:
            assert read.distance_m is None or read.distance_m >= 0
            assert read.digest and read.fingerprint
            assert read.utc_offset_s is None or abs(read.utc_offset_s) <= 18 * 3600
    read = read_summary({key: value for key, value in RUN.items() if key != field})
    assert isinstance(read, SetAside) == (field == "id")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*RUN, "map", "laps", "gear"]), inner, max_size=6)
        ),
        max_leaves=12,
    )
)
def test_no_json_whatever_raises(item):
    for read in (read_summary(item), read_detail(item), read_detail({**RUN, "laps": item, "map": item})):
        if not isinstance(read, SetAside):
            assert "\x00" not in read.name and read.name.encode()
    Zones.read(item)


@pytest.mark.parametrize(
    ("told", "id_"), [(5, 5), (5.0, 5), ("5", 5), (2**63 - 1, 2**63 - 1), (str(2**62), 2**62)]
)  # fmt: skip
def test_ids_come_as_numbers_floats_or_digits(told, id_):
    assert summary(id=told).strava_id == id_


@pytest.mark.parametrize("told", [0, -5, 5.5, 2**63, "²", "1e3", True, None, "9" * 400])
def test_what_is_no_id_sets_the_item_aside_with_its_payload(told):
    read = read_summary({**RUN, "id": told})
    assert isinstance(read, SetAside) and read.reason == "no_id" and read.payload["name"] == "Ely 10K"


def test_a_start_can_be_had_from_the_local_clock_and_the_offset():
    assert summary(start_date=None).start_date == datetime(2026, 10, 18, 8, tzinfo=UTC)
    read = read_summary({**RUN, "start_date": None, "utc_offset": None})
    assert isinstance(read, SetAside) and (read.reason, read.strava_id) == ("no_start", RUN["id"])


@pytest.mark.parametrize(
    ("odd", "offset_s"),
    [
        ({"utc_offset": None}, 3600),
        ({"utc_offset": None, "start_date_local": None}, 3600),
        ({"utc_offset": None, "start_date_local": None, "timezone": "(GMT+05:45) Asia/Kathmandu"}, 20_700),
        ({"utc_offset": 1e9, "start_date_local": None, "timezone": "(GMT-01:00) Nowhere/Odd"}, None),
        ({"utc_offset": -25200}, -25_200),
    ],
)
def test_the_offset_is_told_or_follows_from_the_clocks_or_the_zone(odd, offset_s):
    assert summary(**odd).utc_offset_s == offset_s


def test_a_hidden_start_time_is_noticed_and_still_has_its_day():
    run = summary(start_date="2024-07-02T00:00:01Z", start_date_local="2024-07-02T00:00:01Z", utc_offset=None)
    assert run.start_is_hidden and run.local_date == date(2024, 7, 2)
    assert not summary().start_is_hidden


@pytest.mark.parametrize(
    ("sport", "ours"),
    [
        ("TrailRun", ("running", "trail")),
        ("VirtualRun", ("running", "virtual_activity")),
        ("GravelRide", ("cycling", "gravel_cycling")),
        ("QuantumHover", ("quantum_hover", "")),
        ("", ("", "")),
    ],
)
def test_sports_become_our_words_and_new_ones_stay_told_apart(sport, ours):
    run = summary(sport_type=sport)
    assert (run.sport, run.sub_sport) == ours


def test_names_lose_what_a_database_refuses():
    assert summary(name="a\x00b\ud800c").name == "ab?c"


def test_the_fingerprints_change_with_what_they_stand_for():
    run = summary()
    assert summary(name="New name", distance=10030.5, kudos_count=5).fingerprint == run.fingerprint
    assert summary(elapsed_time=2752.0).fingerprint == run.fingerprint, "173.0 is 173"
    for edit in ({"distance": 9000.0}, {"moving_time": 1}, {"sport_type": "Walk"}, {"upload_id": 1}):
        assert summary(**edit).fingerprint != run.fingerprint, edit
    assert (
        summary(sport_type="Walk").track_fingerprint == run.track_fingerprint != summary(distance=1.0).track_fingerprint
    )
    assert summary(name="New name").digest != run.digest == summary(kudos_count=5).digest


def test_streams_as_a_list_out_of_order_and_without_time():
    told = [
        {"type": "time", "data": [2, 0, 1]},
        {"type": "distance", "data": [20.0, 0.0, 10.0]},
        "odd",
        {"type": "new"},
    ]
    streams = StreamSet.read(told).as_streams()
    assert list(streams.time_s) == [0, 1, 2] and list(streams.distance_m) == [0, 10, 20]
    for nothing in (
        {},
        [],
        {"time": {"data": []}},
        {"time": None},
        {"distance": {"data": [1]}},
        {"time": {"data": [None]}},
    ):
        assert StreamSet.read(nothing).as_streams() is None


def test_tokens_show_no_secret_and_need_all_their_parts():
    told = {
        "access_token": "aaa-secret",
        "refresh_token": "rrr-secret",
        "expires_at": 1_800_000_000,
        "athlete": {"id": "7"},
    }
    token = Token.model_validate(told)
    assert "secret" not in repr(token) and "secret" not in str(token.model_dump())
    assert token.athlete.strava_id == 7
    for missing in ({"access_token": ""}, {"refresh_token": None}, {"expires_at": "soon"}):
        with pytest.raises(ValidationError):
            Token.model_validate(told | missing)
    assert Token.model_validate(told | {"athlete": []}).athlete is None
    with pytest.raises(ValidationError):
        AthleteProfile.model_validate({"id": None})


@pytest.mark.parametrize(
    ("odd", "fits"),
    [
        ({}, True),
        ({"updates": None}, True),
        ({"updates": {"authorized": False}}, True),
        ({"aspect_type": "explode"}, False),
        ({"object_id": -1}, False),
        ({"owner_id": 2**70}, False),
        ({"subscription_id": None}, False),
    ],
)
def test_webhook_events(odd, fits):
    told = {
        "object_type": "athlete", "object_id": 7, "aspect_type": "update", "owner_id": 7, "subscription_id": 1,
        "event_time": 1_700_000_000, "updates": {"authorized": "false"},
    } | odd  # fmt: skip
    if not fits:
        with pytest.raises(ValidationError):
            WebhookEvent.model_validate(told)
        return
    assert WebhookEvent.model_validate(told).deauthorises == bool(told["updates"])
