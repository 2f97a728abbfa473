"""Series from several devices of one run: completed where clocks agree, and never otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from activities.combining import combine
from activities.recorded import Streams
from tests.factories import make_streams

WATCH = make_streams(step_s=1.0, heart_rate=False, altitude=False)
STRAP = make_streams(step_s=1.0, positions=False, altitude=False)


def without(streams: Streams, *names: str) -> Streams:
    return replace(streams, **dict.fromkeys(names))


def later(streams: Streams, seconds: float) -> Streams:
    """The same run by a clock that is so much behind: what it says now the other said before."""
    return replace(streams, time_s=streams.time_s + seconds)


def test_heart_rate_comes_from_the_strap_and_positions_stay_the_watchs():
    whole, taken = combine(WATCH, [(0.0, STRAP)])
    assert taken == {"heart_rate_bpm": 0}
    np.testing.assert_allclose(whole.heart_rate_bpm, STRAP.heart_rate_bpm, atol=0.01)
    assert whole.latitude is WATCH.latitude and whole.distance_m is WATCH.distance_m


def test_what_the_leading_recording_has_is_never_replaced():
    _whole, taken = combine(make_streams(), [(0.0, make_streams(heart_rate=True))])
    assert taken == {}


def test_the_first_of_several_lends():
    other = replace(STRAP, heart_rate_bpm=np.full(len(STRAP), 99, dtype=np.float32))
    whole, taken = combine(WATCH, [(0.0, other), (0.0, STRAP)])
    assert taken == {"heart_rate_bpm": 0} and whole.heart_rate_bpm[100] == 99


def test_a_strap_started_later_gives_its_values_at_the_right_moments():
    part = Streams(
        time_s=STRAP.time_s[200:] - 200, distance_m=STRAP.distance_m[200:], heart_rate_bpm=STRAP.heart_rate_bpm[200:]
    )
    whole, taken = combine(WATCH, [(200.0, part)])
    assert taken and np.isnan(whole.heart_rate_bpm[:199]).all()
    assert whole.heart_rate_bpm[1000] == pytest.approx(STRAP.heart_rate_bpm[1000], abs=0.1)


def uneven() -> Streams:
    """A run whose pace changes, so that distances tell the time."""
    streams = make_streams(step_s=1.0)
    fast = 3.6 + np.sign(np.sin(streams.time_s / 55))
    return replace(streams, distance_m=np.cumsum(fast))


@pytest.mark.parametrize(("seconds", "agrees"), [(0, True), (8, True), (25, False), (60, False), (-40, False)])
def test_clocks_are_compared_by_the_distances(seconds, agrees):
    lead = without(uneven(), "heart_rate_bpm", "latitude", "longitude")
    other = later(without(uneven(), "latitude", "longitude"), seconds)
    assert bool(combine(lead, [(0.0, other)])[1]) is agrees


@pytest.mark.parametrize(("seconds", "agrees"), [(0, True), (8, True), (120, False)])
def test_clocks_are_compared_by_the_places(seconds, agrees):
    lead = without(uneven(), "heart_rate_bpm", "distance_m")
    assert ("heart_rate_bpm" in combine(lead, [(0.0, later(uneven(), seconds))])[1]) is agrees


@pytest.mark.parametrize(("offset_s", "agrees"), [(30.0, True), (90.0, False)])
def test_with_nothing_in_common_they_have_to_start_together(offset_s, agrees):
    strap = Streams(time_s=STRAP.time_s, heart_rate_bpm=STRAP.heart_rate_bpm)
    assert bool(combine(WATCH, [(offset_s, strap)])[1]) is agrees


def test_nothing_is_made_up_across_a_gap():
    time = np.concatenate([np.arange(0, 1000.0), np.arange(1100.0, 2752.0)])
    strap = Streams(time_s=time, heart_rate_bpm=np.full(len(time), 150, dtype=np.float32))
    whole, taken = combine(WATCH, [(0.0, strap)])
    assert taken and np.isnan(whole.heart_rate_bpm[1005:1095]).all() and whole.heart_rate_bpm[2000] == 150


def test_half_a_series_is_not_taken_for_a_whole_one():
    time = np.arange(0, 1500.0)
    strap = Streams(time_s=time, heart_rate_bpm=np.full(len(time), 150, dtype=np.float32))
    assert combine(WATCH, [(0.0, strap)])[1] == {}


def test_empty_and_single_samples_break_nothing():
    one = Streams(time_s=np.array([0.0]), heart_rate_bpm=np.array([99], dtype=np.float32))
    assert combine(WATCH, [(0.0, Streams.empty()), (0.0, one)])[1] == {}
    assert combine(Streams.empty(), [(0.0, WATCH)])[1] == {}
    assert len(combine(one, [(0.0, WATCH)])[0]) == 1
