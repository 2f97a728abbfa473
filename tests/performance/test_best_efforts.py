"""The fastest stretch inside a stream, against brute force and against what must not be believed."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from performance.best_efforts import (
    DISTANCES,
    Cleaned,
    Effort,
    Excluded,
    Section,
    best_efforts,
    clean,
    efforts_within,
    fastest_possible_s,
)


def steps(*legs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A stream of one sample a second from legs of (seconds, metres a second)."""
    speeds = np.concatenate([np.full(int(seconds), float(mps)) for seconds, mps in legs])
    return np.arange(len(speeds) + 1, dtype=float), np.concatenate(([0.0], np.cumsum(speeds)))


def only(efforts: list[Effort]) -> Effort:
    (effort,) = efforts
    return effort


def reasons(cleaned: Cleaned) -> list[str]:
    return [stretch.reason for stretch in cleaned.excluded]


# What is found


def test_the_fastest_kilometre_is_the_fast_kilometre() -> None:
    time, distance = steps((600, 3), (250, 4), (600, 3))

    effort = only(best_efforts(time, distance, [1000]))

    assert effort == Effort(distance_m=1000, time_s=250, start_s=600, end_s=850, start_m=1800)


def test_both_ends_are_interpolated_between_samples() -> None:
    time, distance = [0, 100, 200, 300], [0, 300, 700, 1000]

    effort = only(best_efforts(time, distance, [500]))

    assert effort.time_s == pytest.approx(100 + 100 / 3)
    assert effort.start_s == pytest.approx(100 - 100 / 3)


def test_a_pause_counts() -> None:
    time, distance = steps((200, 4), (60, 0), (200, 4))

    assert only(best_efforts(time, distance, [1600])).time_s == 460


def test_a_pause_before_or_after_the_stretch_does_not() -> None:
    time, distance = steps((100, 2), (60, 0), (100, 4), (60, 0), (100, 2))

    effort = only(best_efforts(time, distance, [400]))

    assert (effort.start_s, effort.end_s) == (160, 260)


def test_a_pause_that_left_no_samples_counts_too() -> None:
    time, distance = steps((200, 4), (200, 4))
    time[201:] += 60

    assert only(best_efforts(time, distance, [1600])).time_s == 460


def test_a_distance_the_stream_is_too_short_for_is_left_out() -> None:
    time, distance = steps((500, 4))

    assert [effort.distance_m for effort in best_efforts(time, distance)] == [
        length for length in DISTANCES if length <= 2000
    ]


def test_a_stream_of_exactly_the_distance_is_long_enough() -> None:
    time, distance = np.array([0.0, 700, 1500]), np.array([3.3, 2503.3, 5003.3])

    assert only(best_efforts(time, distance, [5000])).time_s == 1500


def test_of_equal_stretches_the_first_is_taken() -> None:
    time, distance = steps((1200, 4))

    assert only(best_efforts(time, distance, [400])).start_s == 0


def test_missing_distances_are_bridged() -> None:
    time, distance = steps((600, 4))
    distance[100:130] = np.nan

    assert only(best_efforts(time, distance, [2400])).time_s == 600


def test_samples_that_share_a_time_are_allowed() -> None:
    time, distance = steps((600, 4))
    time[1::2] = time[:-1:2]

    assert only(best_efforts(time, distance, [2000])).time_s == pytest.approx(500, abs=2)


def test_a_small_step_back_is_no_distance() -> None:
    time, distance = steps((600, 4))
    distance[300] -= 6

    assert only(best_efforts(time, distance, [2400])).time_s == 600


@pytest.mark.parametrize("columns", [([], []), ([0.0], [0.0]), ([0.0, 1, 2], [math.nan] * 3), ([0.0, 10], [5.0, 5.0])])
def test_a_stream_in_which_nobody_moved_has_no_efforts(columns: tuple[list[float], list[float]]) -> None:
    assert best_efforts(*columns) == []


def test_columns_that_are_no_stream_are_refused() -> None:
    with pytest.raises(ValueError, match="never decrease"):
        best_efforts([0, 2, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="equal length"):
        best_efforts([0, 1], [0, 1, 2])


# What is not believed


def test_a_clean_run_is_trusted_as_a_whole() -> None:
    time, distance = steps((600, 3), (20, 7), (600, 3))

    cleaned = clean(time, distance)

    assert cleaned.excluded == ()
    assert [len(section.time_s) for section in cleaned.sections] == [len(time)]


def test_a_gps_spike_gives_nobody_a_metre() -> None:
    time, distance = steps((1000, 4))
    distance[500:] += 300

    cleaned = clean(time, distance)

    assert cleaned.excluded == (Excluded(499, 500, "gps_spike"),)
    assert only(efforts_within(cleaned, [3996])).time_s == 1000
    assert efforts_within(cleaned, [4000]) == []


def test_a_spike_over_a_few_samples_is_seen() -> None:
    time, distance = steps((500, 3), (3, 25), (500, 3))

    assert reasons(clean(time, distance)) == ["gps_spike"]
    assert only(best_efforts(time, distance, [1000])).time_s >= 333


def test_a_place_in_the_stream_is_told_on_the_recorded_distance() -> None:
    time, distance = steps((500, 3), (250, 4), (100, 3))
    distance[100:] += 500

    effort = only(best_efforts(time, distance, [1000]))

    assert (effort.start_s, effort.start_m) == (500, 2000)


def test_a_car_ride_is_cut_out_with_what_belongs_to_it() -> None:
    time, distance = steps((600, 3), (5, 7), (120, 15), (30, 2), (60, 14), (5, 7), (600, 3.1))

    cleaned = clean(time, distance)

    assert cleaned.excluded == (Excluded(600, 820, "too_fast"),)
    assert [(section.time_s[0], section.time_s[-1]) for section in cleaned.sections] == [(0, 600), (820, 1420)]
    assert only(efforts_within(cleaned, [1000])).time_s == pytest.approx(1000 / 3.1)
    assert efforts_within(cleaned, [2000]) == []


def test_a_bicycle_is_too_fast_for_as_long_as_it_rode() -> None:
    time, distance = steps((3600, 7.5))

    assert best_efforts(time, distance) == []
    assert reasons(clean(time, distance)) == ["too_fast"]


def test_a_transfer_between_two_runs_is_no_part_of_either() -> None:
    time, distance = steps((600, 4), (600, 4))
    time[601:] += 1800
    distance[601:] += 30_000

    cleaned = clean(time, distance)

    assert reasons(cleaned) == ["too_fast"]
    assert only(efforts_within(cleaned, [2000])).time_s == pytest.approx(500)


def test_a_receiver_that_was_lost_and_jumped_to_the_runner_loses_nothing() -> None:
    time, distance = steps((500, 4), (60, 0), (500, 4))
    distance[561:] += 240

    cleaned = clean(time, distance)

    assert cleaned.excluded == ()
    assert only(efforts_within(cleaned, [4240])).time_s == 1060


def test_a_counter_that_starts_anew_is_a_cut() -> None:
    time, distance = steps((500, 4), (500, 4))
    distance[501:] -= 2000

    cleaned = clean(time, distance)

    assert cleaned.excluded == (Excluded(500, 501, "distance_reset"),)
    assert len(cleaned.sections) == 2
    assert efforts_within(cleaned, [3000]) == []


def test_a_counter_that_starts_anew_all_the_time_is_not_believed_at_all() -> None:
    time = np.arange(10_000.0)
    distance = np.where(time % 2, 500.0, 0.0)

    assert reasons(clean(time, distance)) == ["distance_reset"]
    assert best_efforts(time, distance) == []


@pytest.mark.parametrize(
    ("distance_m", "record_s"), [(400, 43.03), (1500, 206.0), (5000, 755.36), (10_000, 1571.0), (42_195, 7235.0)]
)
def test_the_world_records_themselves_are_possible(distance_m: float, record_s: float) -> None:
    """Men's records as ratified by World Athletics, 2016 to 2024."""
    assert 0.9 * record_s < fastest_possible_s(distance_m) < record_s
    time, distance = np.linspace(0, record_s, 500), np.linspace(0, distance_m, 500)
    assert only(best_efforts(time, distance, [distance_m])).time_s == pytest.approx(record_s)


# Brute force


def moment(time: list[float], distance: list[float], place: float, *, leaving: bool) -> float:
    """When the place was left, or first reached, by walking along the stream."""
    moments = []
    for i in range(len(time) - 1):
        if distance[i] <= place <= distance[i + 1]:
            share = (place - distance[i]) / (distance[i + 1] - distance[i]) if distance[i + 1] > distance[i] else None
            if share is None:
                moments += [time[i], time[i + 1]]
            else:
                moments.append(time[i] + share * (time[i + 1] - time[i]))
    return max(moments) if leaving else min(moments)


def brute_force(time: list[float], distance: list[float], length: float) -> float:
    """The least over every window that starts or ends at a sample."""
    starts = [place for place in distance if place + length <= distance[-1]]
    starts += [place - length for place in distance if place - length >= distance[0]]
    return min(
        moment(time, distance, min(start + length, distance[-1]), leaving=False)
        - moment(time, distance, start, leaving=True)
        for start in starts
    )


def section_of(time: list[float], distance: list[float]) -> Section:
    columns = np.array(time, dtype=float), np.array(distance, dtype=float)
    return Section(time_s=columns[0], distance_m=columns[1], recorded_m=columns[1])


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    """Ties, pauses with and without samples, coarse and fine steps; at no time faster than 6 m/s but at ties."""
    time, distance = [0.0], [0.0]
    for took in draw(st.lists(st.sampled_from([0, 1, 1, 1, 2, 8, 60]), min_size=1, max_size=60)):
        gained = (
            draw(st.sampled_from([0, 0, 1, 3, 5.5, 2.25, 6])) * took if took else draw(st.sampled_from([0, 1, 2.5]))
        )
        time.append(time[-1] + took)
        distance.append(distance[-1] + gained)
    return time, distance


@settings(max_examples=300)
@given(streams(), st.floats(min_value=0.001, max_value=1))
def test_no_window_is_faster_than_the_one_found(stream: tuple[list[float], list[float]], share: float) -> None:
    time, distance = stream
    assume(distance[-1] > 0)
    length = share * distance[-1]
    section = section_of(time, distance)

    found = efforts_within(Cleaned(sections=(section,), excluded=()), [length])

    expected = brute_force(time, distance, length)
    if expected < fastest_possible_s(length) - 1e-9:
        assert found == []
    elif expected > fastest_possible_s(length) + 1e-9:
        assert only(found).time_s == pytest.approx(expected, abs=1e-6)


@given(st.integers(min_value=0, max_value=2**32), st.sampled_from([15, 16, 17, 31, 32, 33, 500]))
@settings(max_examples=60, deadline=None)
def test_a_finer_grid_of_windows_finds_nothing_faster(seed: int, samples: int) -> None:
    random = np.random.default_rng(seed)
    time = np.cumsum(random.integers(0, 9, samples)).astype(float)
    distance = np.cumsum(np.where(random.random(samples) < 0.2, 0.0, random.uniform(0.5, 4.5, samples)))
    distance -= distance[0]
    lengths = [distance[-1] * share for share in (0.05, 0.3, 0.9, 1.0)]
    found = efforts_within(Cleaned(sections=(section_of(time, distance),), excluded=()), lengths)

    for effort in found:
        grid = np.linspace(0, distance[-1] - effort.distance_m, 400)
        left = np.interp(grid, distance, time)
        arrived = -np.interp(-(grid + effort.distance_m), -distance[::-1], -time[::-1])
        assert effort.time_s <= (arrived - left).min() + 1e-6
        assert effort.end_s == pytest.approx(effort.start_s + effort.time_s)
        assert np.interp(effort.start_m, distance, time) == pytest.approx(effort.start_s, abs=1e-6)


@given(streams())
def test_cleaning_an_honest_stream_changes_no_effort(stream: tuple[list[float], list[float]]) -> None:
    time, distance = stream
    cleaned = clean(time, distance)
    assume(not cleaned.excluded)

    whole = efforts_within(Cleaned(sections=(section_of(time, distance),), excluded=()), [30, 100, 1000])

    assert [effort.time_s for effort in efforts_within(cleaned, [30, 100, 1000])] == pytest.approx(
        [effort.time_s for effort in whole]
    )


@st.composite
def nonsense(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    length = draw(st.integers(min_value=0, max_value=50))
    took = draw(st.lists(st.floats(min_value=0, max_value=1e4), min_size=length, max_size=length))
    places = st.floats(min_value=-1e6, max_value=1e6) | st.just(math.nan) | st.just(math.inf)
    return list(np.cumsum(took)), draw(st.lists(places, min_size=length, max_size=length))


@given(nonsense())
def test_nothing_impossible_ever_comes_out(stream: tuple[list[float], list[float]]) -> None:
    for effort in best_efforts(*stream):
        assert effort.time_s >= fastest_possible_s(effort.distance_m)
        assert 0 <= effort.start_s <= effort.end_s <= stream[0][-1] + 1e-6
