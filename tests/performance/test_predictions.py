"""Predictions by the published models. The numbers are those of the papers' equations, worked out independently."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from performance import predictions
from performance.predictions import HALF_MARATHON_M, MARATHON_M, Result, forecast

TODAY = date(2026, 11, 21)
FOUR = (5_000.0, 10_000.0, HALF_MARATHON_M, MARATHON_M)


def result(distance_m: float, time_s: float, *, days: int = 30, key: int = 0) -> Result:
    return Result(key, TODAY - timedelta(days=days), distance_m, time_s)


@pytest.mark.parametrize(
    ("time_s", "distance_m", "to_m", "found"),
    [
        (1200, 5000, 10_000, 2501.92),
        (2400, 10_000, 21_097.5, 5295.37),
        (2400, 10_000, 42_195, 11040.48),
        (5400, 21_097.5, 42_195, 11258.63),
        (300, 1609.344, 5000, 997.66),
    ],
)
def test_riegel(time_s, distance_m, to_m, found):
    assert predictions.riegel(time_s, distance_m, to_m) == pytest.approx(found, abs=0.005)
    assert predictions.exponent_between(time_s, distance_m, found, to_m) == pytest.approx(1.06, abs=1e-5)


@pytest.mark.parametrize(
    ("distance_m", "time_s", "vdot"),
    [
        (5000, 1200, 49.806),
        (10_000, 2400, 51.944),
        (21_097.5, 5400, 50.977),
        (42_195, 10_800, 53.528),
        (1500, 240, 70.100),
        (3000, 600, 58.849),
    ],
)
def test_vdot_of_a_race(distance_m, time_s, vdot):
    assert predictions.vdot(time_s, distance_m) == pytest.approx(vdot, abs=5e-4)


@pytest.mark.parametrize(
    ("vdot", "distance_m", "time_s"),
    [(50, 5000, 1196.0), (50, 10_000, 2479.6), (50, 42_195, 11439.7), (40, 21_097.5, 6653.9), (60, 1500, 275.3)],
)
def test_the_time_at_a_vdot(vdot, distance_m, time_s):
    assert predictions.time_at_vdot(vdot, distance_m) == pytest.approx(time_s, abs=0.05)


@pytest.mark.parametrize(("cost", "speed"), [(40, 217.672), (50, 260.772), (60, 302.297)])
def test_the_speed_of_an_oxygen_cost(cost, speed):
    assert predictions.speed_at_cost(cost) == pytest.approx(speed, abs=5e-4)
    assert predictions.oxygen_cost(speed) == pytest.approx(cost, abs=1e-3)


def test_the_speed_of_an_hour_is_held_for_an_hour():
    speed = predictions.hour_speed_mps(50)
    assert predictions.vdot(3600, speed * 3600) == pytest.approx(50)


@pytest.mark.parametrize(
    ("time_s", "distance_m", "to_m", "found"),
    [
        (1200, 5000, 10_000, 2499.7),
        (2400, 10_000, 21_097.5, 5291.5),
        (2400, 10_000, 42_195, 11244.5),
        (5400, 21_097.5, 42_195, 11475.1),
        (300, 1609.344, 5000, 1032.6),
    ],
)
def test_cameron(time_s, distance_m, to_m, found):
    assert predictions.cameron(time_s, distance_m, to_m) == pytest.approx(found, abs=0.05)


@pytest.mark.parametrize(
    ("time_s", "distance_m", "miles", "found"),
    [
        (1200, 5000, 30, 12654.7),
        (2400, 10_000, 40, 11896.6),
        (5400, 21_097.5, 25, 12363.8),
        (5400, 21_097.5, 60, 11599.6),
        (6600, 21_097.5, 20, 14970.8),
    ],
)
def test_a_marathon_from_one_race_by_vickers(time_s, distance_m, miles, found):
    assert predictions.vickers(time_s, distance_m, miles_a_week=miles) == pytest.approx(found, abs=0.05)


@pytest.mark.parametrize(
    ("shorter_s", "shorter_m", "longer_s", "longer_m", "miles", "found"),
    [
        (1200, 5000, 5520, 21_097.5, 30, 12305.2),
        (2400, 10_000, 5400, 21_097.5, 40, 11869.1),
        (1500, 5000, 3180, 10_000, 20, 17013.3),
    ],
)
def test_a_marathon_from_two_races_by_vickers(shorter_s, shorter_m, longer_s, longer_m, miles, found):
    time_s = predictions.vickers_of_two(shorter_s, shorter_m, longer_s, longer_m, miles_a_week=miles)
    assert time_s == pytest.approx(found, abs=0.05)


def test_one_race_is_not_enough_nor_are_old_or_odd_ones():
    assert forecast([], today=TODAY, distances_m=FOUR) is None
    assert forecast([result(10_000, 2742)], today=TODAY, distances_m=FOUR) is None
    others = [result(5000, 1400, days=366), result(400, 80), result(100_000, 36_000), result(5000, 1400, days=-3)]
    assert forecast([result(10_000, 2742), *others], today=TODAY, distances_m=FOUR) is None
    assert forecast([result(10_000, 2742), result(5000, 1370)], today=TODAY, distances_m=FOUR) is not None


def test_the_best_race_over_a_distance_stands_for_it_and_a_jog_for_nothing():
    races = [
        result(5000, 1384, key=1),
        result(5000, 1460, key=2),
        result(4990, 1500, key=3),
        result(10_000, 2742, key=4),
        result(HALF_MARATHON_M, 7900, key=5),
    ]
    found = forecast(races, today=TODAY, distances_m=FOUR)
    assert [base.result.key for base in found.bases] == [1, 4]


def test_the_exponent_is_personal_where_the_distances_span_enough():
    fades = [result(5000, 1384), result(HALF_MARATHON_M, 1384 * (HALF_MARATHON_M / 5000) ** 1.10)]
    found = forecast(fades, today=TODAY, distances_m=FOUR)
    assert found.exponent == pytest.approx(1.10)
    general = forecast([result(5000, 1384), result(8000, 2270)], today=TODAY, distances_m=FOUR)
    assert general.exponent is None
    own = found.predictions[1].by_model["riegel"]
    assert own == pytest.approx(1384 * 2**1.10), "both races lead to the same time by their own exponent"


def test_over_a_distance_just_raced_the_time_is_about_the_races():
    races = [result(5000, 1384, days=7), result(10_000, 2880, days=7), result(HALF_MARATHON_M, 6380, days=7)]
    found = forecast(races, today=TODAY, distances_m=FOUR)
    for prediction, race in zip(found.predictions[:3], races, strict=True):
        assert prediction.raced and prediction.low_s < race.time_s < prediction.high_s
    assert not found.predictions[3].raced


def test_a_marathon_asks_about_the_mileage_until_one_was_run():
    races = [result(10_000, 2742), result(HALF_MARATHON_M, 6100)]
    little, much = (
        forecast(races, today=TODAY, distances_m=[MARATHON_M], weekly_m=km * 1000).predictions[0] for km in (20, 80)
    )
    assert set(little.by_model) == {"riegel", "vdot", "cameron", "vickers"}
    assert much.time_s < little.time_s and little.high_s == little.by_model["vickers"]
    assert "vickers" not in forecast(races, today=TODAY, distances_m=FOUR).predictions[3].by_model
    run = forecast([*races, result(MARATHON_M, 13_269)], today=TODAY, distances_m=FOUR, weekly_m=40_000)
    assert "vickers" not in run.predictions[3].by_model


def test_older_races_make_a_wider_range():
    young, old = (
        forecast([result(10_000, 2742, days=d), result(5000, 1330, days=d)], today=TODAY, distances_m=[10_000])
        for d in (5, 360)
    )
    assert old.predictions[0].high_s > young.predictions[0].high_s


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1500.0, 3000.0, 5000.0, 8046.72, 10_000.0, 16_093.44, HALF_MARATHON_M, MARATHON_M]),
            st.floats(30, 70),
            st.integers(0, 365),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_longer_never_takes_less_and_the_time_lies_in_its_range(races):
    results = [result(m, predictions.time_at_vdot(vdot, m), days=days) for m, vdot, days in races]
    found = forecast(results, today=TODAY, distances_m=FOUR, weekly_m=40_000)
    for one in found.predictions:
        assert one.low_s <= one.time_s <= one.high_s
        assert all(one.low_s <= time_s <= one.high_s for time_s in one.by_model.values())
    times = [one.time_s for one in found.predictions]
    assert times == sorted(times)
