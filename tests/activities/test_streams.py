from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities import streams
from activities.models import Recording, SampleBlock
from activities.recorded import COLUMN_TYPES, Streams
from tests.factories import make_activity, make_athlete

#: half of what a stored unit is worth
RESOLUTION = {
    "time_s": 0.0005, "distance_m": 0.005, "latitude": 5e-8, "longitude": 5e-8, "altitude_m": 0.051, "heart_rate_bpm": 0.5,
    "cadence_spm": 0.5, "power_w": 0.5, "speed_mps": 0.0005, "temperature_c": 0.051,
}  # fmt: skip


def new_recording() -> Recording:
    return make_activity(athlete=make_athlete()).recordings.get()


def made(n: int, *, seed: int = 1, **columns: np.ndarray | None) -> Streams:
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.choice([0.0, 1.0, 1.0, 1.25, 7.5], n))
    return Streams(time_s=time_s - time_s[0], **columns)


def assert_same(stored: Streams, given: Streams) -> None:
    for name in COLUMN_TYPES:
        before, after = getattr(given, name), getattr(stored, name)
        if before is None or np.isnan(before).all():
            assert after is None, name
            continue
        assert (np.isnan(before) == np.isnan(after)).all(), name
        assert np.nanmax(np.abs(before.astype(float) - after.astype(float)), initial=0) <= RESOLUTION[name] * 1.01, name
        assert after.dtype == COLUMN_TYPES[name]


@pytest.mark.django_db
@pytest.mark.parametrize("n", [1, 2, streams.BLOCK - 1, streams.BLOCK, streams.BLOCK + 1, 3 * streams.BLOCK + 17])
def test_what_is_stored_is_read_back_to_the_stated_resolution(n):
    rng = np.random.default_rng(n)
    heart = rng.integers(60, 190, n).astype(np.float32)
    heart[rng.random(n) < 0.2] = np.nan
    position = 52 + np.cumsum(rng.standard_normal(n)) * 1e-5
    position[rng.random(n) < 0.1] = np.nan
    given = made(
        n,
        distance_m=np.cumsum(rng.random(n) * 4),
        latitude=position,
        longitude=-position,
        altitude_m=rng.normal(100, 30, n).astype(np.float32),
        heart_rate_bpm=heart,
        temperature_c=rng.normal(5, 8, n).astype(np.float32),
    )
    recording = new_recording()
    streams.replace(recording, given)
    assert_same(streams.read(recording), given)


@pytest.mark.django_db
def test_samples_are_replaced_as_a_whole():
    long, short = made(9000, seed=1), made(50, seed=2)
    recording = new_recording()
    streams.replace(recording, long)
    streams.replace(recording, short)
    assert_same(streams.read(recording), short)
    assert SampleBlock.objects.count() == 1
    streams.replace(recording, Streams.empty())
    assert len(streams.read(recording)) == 0


@pytest.mark.django_db
def test_a_failed_replacement_leaves_the_samples_that_were_there():
    given = made(100)
    recording = new_recording()
    streams.replace(recording, given)
    with pytest.raises(RuntimeError), transaction.atomic():
        streams.replace(recording, made(10))
        raise RuntimeError("the worker died here")
    assert_same(streams.read(recording), given)


@pytest.mark.django_db
def test_ties_and_clocks_that_jump_by_years_keep_their_order():
    time_s = np.array([0.0, 0.0, 1.0, 1.0, 900_000_000.0, 900_000_001.0])
    given = Streams(time_s=time_s, distance_m=np.arange(6.0))
    recording = new_recording()
    streams.replace(recording, given)
    assert_same(streams.read(recording), given)
    assert SampleBlock.objects.filter(recording=recording).count() == 2  # offsets in a block stay below 24 days


@pytest.mark.django_db
def test_a_run_across_the_180th_meridian_keeps_its_positions():
    longitude = np.array([179.9999, np.nan, 179.99999, -179.99999, -179.9999, 179.9998, np.nan])
    given = Streams(time_s=np.arange(7.0), latitude=np.where(np.isnan(longitude), np.nan, -16.8), longitude=longitude)
    recording = new_recording()
    streams.replace(recording, given)
    assert_same(streams.read(recording), given)


@pytest.mark.django_db
def test_a_value_that_fits_no_column_counts_as_missing():
    given = Streams(
        time_s=np.array([0.0, 1.0, 2.0]),
        power_w=np.array([250, 65_535, 260], dtype=np.float32),
        distance_m=np.array([0.0, np.inf, 5.0]),
    )
    recording = new_recording()
    streams.replace(recording, given)
    stored = streams.read(recording)
    assert np.isnan(stored.power_w).tolist() == [False, True, False]
    assert np.isnan(stored.distance_m).tolist() == [False, True, False]


@pytest.mark.django_db
def test_deleting_the_activity_deletes_its_samples():
    given = made(5000)
    recording = new_recording()
    streams.replace(recording, given)
    recording.activity.delete()
    assert not SampleBlock.objects.exists()


@pytest.mark.django_db
def test_one_sample_can_be_found_in_plain_sql():
    """The query bench/README.md gives: position and heart rate at a moment, steps added up in SQL."""
    given = Streams(
        time_s=np.array([0.0, 1.0, 2.0]),
        distance_m=np.array([0.0, 3.0, 6.5]),
        heart_rate_bpm=np.array([100, 101, 102], dtype=np.float32),
    )
    recording = new_recording()
    streams.replace(recording, given)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select sum(step) over (order by n) / 100.0, heart_rate
            from activities_sampleblock,
                 unnest(distance_step_cm, heart_rate_bpm) with ordinality as sample (step, heart_rate, n)
            where recording_id = %s
            """,
            [recording.pk],
        )
        assert [(float(metres), heart) for metres, heart in cursor.fetchall()] == [(0, 100), (3, 101), (6.5, 102)]


floats = st.lists(st.one_of(st.floats(-1e4, 1e4), st.just(float("nan"))), min_size=1, max_size=60)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=floats)
def test_any_column_of_finite_numbers_survives(values, cast):
    n = len(values)
    given_ = Streams(time_s=np.arange(n, dtype=np.float64), altitude_m=np.array(values, dtype=np.float32))
    activity = make_activity(athlete=cast.ada, started_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=n))
    recording = activity.recordings.get()
    streams.replace(recording, given_)
    stored = streams.read(recording)
    if np.isnan(given_.altitude_m).all():
        assert stored.altitude_m is None
    else:
        assert np.allclose(stored.altitude_m, given_.altitude_m, atol=0.06, equal_nan=True)
