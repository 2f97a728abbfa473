"""Warm-up, race and cool-down in one recording."""

import numpy as np
import pytest

from performance.best_efforts import best_efforts
from performance.race_detection.inside import race_inside


def recorded(*parts: tuple[float, float]):
    """Parts of (metres, seconds a kilometre) run one after the other, a sample a second."""
    speeds = np.concatenate([np.full(round(metres * pace / 1000), 1000 / pace) for metres, pace in parts])
    distance = np.concatenate([[0.0], np.cumsum(speeds)])
    return np.arange(len(distance), dtype=float), distance


def found(*parts: tuple[float, float], named_m: tuple[float, ...] = ()):
    time, distance = recorded(*parts)
    efforts = {one.distance_m: (one.time_s, one.start_s) for one in best_efforts(time, distance)}
    return race_inside(distance_m=distance[-1], elapsed_s=time[-1], efforts=efforts, named_m=named_m)


@pytest.mark.parametrize(("race_m", "pace"), [(1500.0, 200), (5000.0, 240), (10_000.0, 250)])
def test_the_race_between_warm_up_and_cool_down_is_found_with_its_distance_and_time(race_m: float, pace: float) -> None:
    inside = found((2_200, 340), (race_m * 1.004, pace), (1_700, 360))
    assert inside is not None
    assert inside.distance_m == race_m
    assert inside.time_s == pytest.approx(race_m * pace / 1000, abs=1)
    assert inside.start_s == pytest.approx(2_200 * 0.34, abs=10)


def test_an_even_run_holds_no_race() -> None:
    assert found((12_300, 300)) is None


def test_intervals_are_no_race() -> None:
    assert found((2_000, 340), *[(1_000, 230), (400, 400)] * 6, (1_500, 350)) is None


def test_a_distance_in_the_title_needs_less() -> None:
    parts = ((1_500, 290), (5_010, 265), (1_200, 290))
    assert found(*parts) is None
    inside = found(*parts, named_m=(5_000.0,))
    assert inside is not None
    assert inside.distance_m == 5_000


@pytest.mark.parametrize(("distance_m", "elapsed_s"), [(None, 3600.0), (9_000.0, None), (0.0, 0.0)])
def test_what_is_not_known_holds_no_race(distance_m: float | None, elapsed_s: float | None) -> None:
    assert (
        race_inside(distance_m=distance_m, elapsed_s=elapsed_s, efforts={5_000.0: (1_200.0, 0.0)}, named_m=()) is None
    )
