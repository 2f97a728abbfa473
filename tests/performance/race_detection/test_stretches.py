"""What samples show of a run, and of the part of it that stands out."""

import numpy as np
import pytest

from performance.best_efforts import best_efforts
from performance.race_detection.stretches import STANDARD_M, Stretch, stretches_of

WARM_UP, COOL_DOWN = (2_000, 340), (1_500, 360)


def recorded(*legs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Legs of (metres, seconds a kilometre), or (0, seconds) of standing; a sample a second."""
    speeds = np.concatenate(
        [
            np.full(round(metres * pace / 1000), 1000 / pace) if metres else np.zeros(round(pace))
            for metres, pace in legs
        ]
    )
    distance = np.concatenate(([0.0], np.cumsum(speeds)))
    return np.arange(len(distance), dtype=float), distance


def shown(*legs: tuple[float, float], heart: np.ndarray | None = None) -> list[Stretch]:
    time_s, distance_m = recorded(*legs)
    return stretches_of(time_s, distance_m, heart, best_efforts(time_s, distance_m, STANDARD_M))


def parts(*legs: tuple[float, float]) -> dict[float, Stretch]:
    return {part.distance_m: part for part in shown(*legs)[1:]}


def test_the_race_between_warm_up_and_cool_down_stands_out_and_nothing_else_does() -> None:
    found = parts(WARM_UP, (0, 60), (5_030, 240), (0, 40), COOL_DOWN)
    assert set(found) == {5_000}
    race = found[5_000]
    assert race.time_s == pytest.approx(1_200, abs=1)
    assert race.over == pytest.approx(0.006, abs=0.002)
    assert race.rest == pytest.approx((680 + 60 + 40 + 540 + 7) / 3_530 * 5_000 / 1_200, abs=0.01)
    assert (race.uneven, race.slowest, race.stopped_s, race.pieces) == (
        pytest.approx(0, abs=0.02),
        pytest.approx(1, abs=0.02),
        0,
        0,
    )
    assert race.before_s == pytest.approx(60, abs=10)
    assert race.after_s == pytest.approx(40, abs=10)


def test_a_course_that_measures_short_is_still_one_part() -> None:
    """4,960 m by the watch: the fastest 5 km reach into the standing before it, which took no part of the race."""
    race = parts(WARM_UP, (0, 60), (4_960, 240), (0, 30), COOL_DOWN)[5_000]
    assert (race.stopped_s, race.uneven) == (0, pytest.approx(0, abs=0.02))
    assert race.over == pytest.approx(-0.008, abs=0.001)
    assert (race.start_s, race.time_s) == (pytest.approx(740, abs=1), pytest.approx(4_960 * 0.24, abs=1))


def test_a_race_file_without_the_minutes_around_tells_nothing_of_them() -> None:
    race = parts((5_030, 240), (1_000, 400))[5_000]
    assert race.before_s is None
    assert race.after_s == 0


def test_a_fast_part_over_no_official_distance_does_not_stand_out() -> None:
    assert parts(WARM_UP, (6_700, 250), COOL_DOWN) == {}


@pytest.mark.parametrize(
    "legs", [[(12_300, 300)], [(1_400, 300), (1_400, 290), (1_400, 280), (1_400, 270), (1_400, 260)]]
)
def test_an_even_run_and_a_progression_have_no_such_part(legs: list[tuple[float, float]]) -> None:
    assert parts(*legs) == {}


def test_the_other_pieces_of_an_interval_session_are_counted() -> None:
    found = parts(WARM_UP, *[(3_010, 240), (500, 420)] * 3, COOL_DOWN)
    assert found[3_000].pieces == 2
    assert shown(WARM_UP, *[(1_000, 230), (400, 400)] * 6)[0].pieces == 6


def test_a_stop_inside_it_is_told_with_its_length() -> None:
    race = parts(WARM_UP, (2_500, 230), (0, 50), (2_530, 230), COOL_DOWN)[5_000]
    assert race.stopped_s == pytest.approx(50, abs=5)


def test_a_pause_that_left_no_samples_is_a_stop_too() -> None:
    time_s, distance_m = recorded((6_000, 300))
    time_s[900:] += 120
    whole = stretches_of(time_s, distance_m, None, [])[0]
    assert whole.stopped_s == pytest.approx(120, abs=10)


def test_the_heart_is_that_of_the_second_half_and_missing_where_most_of_it_is() -> None:
    time_s, distance_m = recorded((6_000, 300))
    heart = np.linspace(100, 180, len(time_s))
    assert stretches_of(time_s, distance_m, heart, [])[0].hr == pytest.approx(160, abs=1)
    heart[len(heart) // 2 :: 2] = np.nan
    assert stretches_of(time_s, distance_m, heart, [])[0].hr is None
    assert stretches_of(time_s, distance_m, None, [])[0].hr is None


@pytest.mark.parametrize(
    ("time_s", "distance_m"),
    [([], []), ([0.0, 600.0], [0.0, 900.0]), ([0.0, 1.0, 2.0], [np.nan] * 3), ([0.0, 60.0], [0.0, 2_000.0])],
)
def test_what_is_too_short_or_has_no_distance_shows_nothing(time_s: list[float], distance_m: list[float]) -> None:
    assert stretches_of(time_s, distance_m, None, []) == []


def test_what_is_stored_is_read_back() -> None:
    for one in shown(WARM_UP, (5_030, 240), COOL_DOWN):
        read = Stretch(**one.stored())
        assert read.stored() == one.stored()
        assert read.time_s == pytest.approx(one.time_s, abs=1e-4)
