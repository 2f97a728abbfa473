import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.recorded import Streams
from performance.profile import COLUMNS, METRES_PER_MILE, ROUTE_POINTS, profile


def even(*, distance_m: float = 10_000, time_s: float = 2700, step_s: float = 1.0, **columns) -> Streams:
    time = np.arange(0, time_s + step_s, step_s, dtype=np.float64)
    return Streams(time_s=time, distance_m=distance_m * time / time[-1], **columns)


def test_an_even_run_has_even_splits():
    splits = profile(even()).splits["km"]
    assert [split.number for split in splits] == list(range(1, 11))
    assert {split.time_s for split in splits} == {270.0}
    assert {split.distance_m for split in splits} == {1000.0}


def test_splits_add_up_to_the_whole_in_kilometres_and_miles():
    shape = profile(even(distance_m=21_300, time_s=6000))
    for unit in ("km", "mi"):
        assert sum(split.time_s for split in shape.splits[unit]) == pytest.approx(6000, abs=1)
        assert sum(split.distance_m for split in shape.splits[unit]) == pytest.approx(21_300, abs=1)
    assert shape.splits["mi"][0].distance_m == pytest.approx(METRES_PER_MILE, abs=0.1)


def test_a_pause_lengthens_the_split_it_is_in():
    time = np.array([0.0, 150, 300, 900, 1050, 1200])
    distance = np.array([0.0, 500, 1000, 1000, 1500, 2000])
    splits = profile(Streams(time_s=time, distance_m=distance)).splits["km"]
    assert [split.time_s for split in splits] == [300, 900]


def test_pace_is_seconds_per_kilometre_and_missing_where_standing():
    time = np.arange(0, 1201.0)
    distance = np.concatenate([np.arange(0, 601) * 3.0, np.full(300, 1800.0), 1800 + np.arange(1, 301) * 4.0])
    pace = profile(Streams(time_s=time, distance_m=distance)).charts["pace_s_per_km"]
    assert pace[20] == pytest.approx(333.3, abs=1)
    assert pace[-20] == pytest.approx(250, abs=1)


def test_columns_are_equally_long_whatever_the_sampling():
    for step_s in (0.25, 1, 8, 60):
        heart = np.full(len(np.arange(0, 2700 + step_s, step_s)), 150, dtype=np.float32)
        charts = profile(even(step_s=step_s, heart_rate_bpm=heart)).charts
        lengths = {len(column) for name, column in charts.items() if name != "axis"}
        assert len(lengths) == 1
        assert lengths.pop() <= COLUMNS


def test_heart_rate_is_never_drawn_across_a_real_gap():
    heart = np.full(2701, 150, dtype=np.float32)
    heart[1000:2000] = np.nan
    drawn = profile(even(heart_rate_bpm=heart)).charts["heart_rate_bpm"]
    assert sum(value is None for value in drawn) == pytest.approx(COLUMNS * 1000 / 2700, abs=4)


def test_a_series_that_was_never_recorded_is_no_column():
    charts = profile(even()).charts
    assert "heart_rate_bpm" not in charts
    assert charts["axis"] == "distance"


def test_without_distance_the_axis_is_time():
    heart = np.full(100, 120, dtype=np.float32)
    charts = profile(Streams(time_s=np.arange(100.0), heart_rate_bpm=heart)).charts
    assert charts["axis"] == "time"
    assert "pace_s_per_km" not in charts


def test_climbing_counts_hills_and_not_the_noise_of_a_receiver():
    rng = np.random.default_rng(1)
    flat = rng.normal(20, 0.6, 2701).astype(np.float32)
    assert profile(even(altitude_m=flat)).ascent_m < 10
    hills = (20 + 25 * (1 - np.cos(np.linspace(0, 6 * np.pi, 2701)))).astype(np.float32) + rng.normal(
        0, 0.6, 2701
    ).astype(np.float32)
    assert profile(even(altitude_m=hills)).ascent_m == pytest.approx(150, rel=0.06)
    assert profile(even()).ascent_m is None


def test_the_route_is_light_and_keeps_its_ends():
    turn = np.linspace(0, 12 * np.pi, 20_000)
    streams = Streams(
        time_s=np.arange(20_000.0), latitude=52 + 0.02 * np.sin(turn * 1.3), longitude=0.2 + 0.03 * np.cos(turn)
    )
    route = profile(streams).route
    assert 50 < len(route) <= ROUTE_POINTS
    assert route[0] == [52.0, 0.23]


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_and_one_sample_say_so(n):
    assert profile(Streams(time_s=np.zeros(n))).notes == ["no_samples"]


cells = st.one_of(st.floats(-1e5, 1e5), st.just(float("nan")))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 500), cells, cells, cells), min_size=2, max_size=80))
def test_any_streams_have_a_profile_that_json_can_hold(rows):
    steps, distance, heart, place = (np.array(column) for column in zip(*rows, strict=True))
    shape = profile(
        Streams(
            time_s=np.cumsum(steps),
            distance_m=distance,
            heart_rate_bpm=heart.astype(np.float32),
            altitude_m=heart.astype(np.float32),
            latitude=np.clip(place, -90, 90),
            longitude=np.clip(place, -180, 180),
        )
    )
    for name, column in shape.charts.items():
        assert name == "axis" or all(value is None or np.isfinite(value) for value in column)
    for splits in shape.splits.values():
        assert all(split.time_s >= 0 for split in splits)
