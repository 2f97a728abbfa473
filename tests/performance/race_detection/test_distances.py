"""Which official distance a recorded one stands for."""

import math

import pytest

from performance.race_detection import STANDARD_DISTANCES, snap
from performance.race_detection.distances import HALF_MARATHON_M, MARATHON_M, MILE_M, distance_name


@pytest.mark.parametrize(
    ("recorded_m", "official_m"),
    [
        (400, 400),
        (1_500, 1_500),
        (1_609.3, MILE_M),
        (5_010, 5_000),
        (8_000, 8_000),
        (8_046.7, 5 * MILE_M),
        (10_000, 10_000),
        (10_062, 10_000),
        (16_150, 10 * MILE_M),
        (21_230, HALF_MARATHON_M),
        (42_600, MARATHON_M),
        (50_300, 50_000),
        (80_900, 50 * MILE_M),
        (100_600, 100_000),
    ],
)
def test_a_recorded_distance_snaps_to_the_official_one(recorded_m: float, official_m: float) -> None:
    assert snap(recorded_m) == pytest.approx(official_m)


@pytest.mark.parametrize(
    ("recorded_m", "snaps"),
    [
        (10_000 * 0.9871, True),
        (10_000 * 0.9869, False),
        (10_000 * 1.0249, True),
        (10_000 * 1.0251, False),
        (MARATHON_M * 1.0319, True),
        (MARATHON_M * 1.0321, False),
    ],
)
def test_the_window_is_from_1_3_percent_short_to_2_5_percent_long_and_3_2_for_a_marathon(
    recorded_m: float, snaps: bool
) -> None:
    assert (snap(recorded_m) is not None) == snaps


@pytest.mark.parametrize("recorded_m", [17_300, 7_050, 450, 299, 1e9])
def test_an_odd_distance_stays_odd(recorded_m: float) -> None:
    assert snap(recorded_m) is None


@pytest.mark.parametrize("recorded_m", [None, 0, -5_000, math.nan, math.inf])
def test_a_distance_that_cannot_be_snaps_to_nothing(recorded_m: float | None) -> None:
    assert snap(recorded_m) is None


@pytest.mark.parametrize(
    ("recorded_m", "title", "official_m"),
    [
        (8_090, "", 5 * MILE_M),
        (8_090, "Club 8k", 8_000),
        (8_010, "Sunny 5 mile", 5 * MILE_M),
        (7_050, "Seven Bridges 7 km", 7_000),
        (10_050, "Club 8k", 10_000),
        (21_200, "Semi-marathon de Boulogne", HALF_MARATHON_M),
    ],
)
def test_a_distance_named_in_the_title_wins_inside_the_window(recorded_m: float, title: str, official_m: float) -> None:
    assert snap(recorded_m, title) == pytest.approx(official_m)


def test_every_standard_distance_snaps_to_itself() -> None:
    assert [snap(standard.metres) for standard in STANDARD_DISTANCES] == [one.metres for one in STANDARD_DISTANCES]


def test_distances_have_names() -> None:
    assert [distance_name(m) for m in (5_000.0, 10 * MILE_M, HALF_MARATHON_M, 17_300.0)] == [
        "5 km",
        "10 mi",
        "Half marathon",
        "17.3 km",
    ]
