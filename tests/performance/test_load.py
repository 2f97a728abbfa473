"""Load by the published formulas. The numbers are those of the papers' own equations, worked out independently."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from performance import load
from performance.load import Heart, HeartTime

MONDAY = date(2026, 3, 2)
HER = Heart(max_bpm=190, rest_bpm=50, table="F")
HIM = Heart(max_bpm=190, rest_bpm=50, table="M")


@pytest.mark.parametrize(
    ("minutes", "hr", "rest", "most", "table", "trimp"),
    [
        (60, 150, 50, 190, "M", 108.095),
        (60, 150, 50, 190, "F", 121.499),
        (45, 165, 60, 185, "M", 121.367),
        (30, 130, 60, 200, "F", 29.732),
        (90, 140, 55, 180, "M", 144.526),
    ],
)
def test_trimp_is_banisters(minutes, hr, rest, most, table, trimp):
    heart = Heart(max_bpm=most, rest_bpm=rest, table=table)
    assert load.trimp(minutes=minutes, hr_bpm=hr, heart=heart) == pytest.approx(trimp, abs=5e-4)


def test_points_are_hundred_for_an_hour_at_threshold(monkeypatch):
    for heart in (HER, HIM, Heart(max_bpm=181)):
        at = heart.threshold_bpm
        assert load.load_by_average(time_s=3600, hr_bpm=at, heart=heart) == pytest.approx(100)
        assert load.load_by_average(time_s=1800, hr_bpm=at, heart=heart) == pytest.approx(50)
        assert load.load_by_average(time_s=3600, hr_bpm=heart.rest_bpm - 5, heart=heart) == 0
    # the published example has its threshold at 168 of 50 to 190
    monkeypatch.setattr(load, "THRESHOLD_OF_RESERVE", (168 - 50) / 140)
    assert load.load_by_average(time_s=3600, hr_bpm=150, heart=HIM) == pytest.approx(66.21, abs=0.005)
    assert load.load_by_average(time_s=3600, hr_bpm=150, heart=HER) == pytest.approx(68.37, abs=0.005)


def test_who_is_graded_by_both_tables_lies_between():
    both = load.load_by_average(time_s=3600, hr_bpm=150, heart=Heart(max_bpm=190, rest_bpm=50))
    hers, his = (load.load_by_average(time_s=3600, hr_bpm=150, heart=heart) for heart in (HER, HIM))
    assert min(hers, his) < both < max(hers, his)


@pytest.mark.parametrize(
    ("time_s", "speed", "threshold", "points"),
    [
        (3600, 4.0, 4.0, 100),
        (2700, 3.6, 4.0, 60.75),
        (5400, 3.4, 4.2, 98.30),
        (1800, 4.0, 4.0, 50),
        (7200, 2.8, 4.0, 98),
    ],
)
def test_pace_is_held_against_the_speed_of_an_hour(time_s, speed, threshold, points):
    found = load.load_by_pace(time_s=time_s, distance_m=speed * time_s, threshold_mps=threshold)
    assert found == pytest.approx(points, abs=0.005)


def test_the_time_at_each_rate_skips_pauses_and_what_is_missing():
    time_s = np.array([0.0, 2, 4, 6, 400, 402, 403])
    heart = np.array([120, 121, np.nan, 121, 122, 0, 260], dtype=np.float32)
    spent = load.heart_time(time_s, heart)
    assert spent == HeartTime(120, (2.0, 2.0, 2.0))
    assert load.heart_time(time_s, None) is None
    assert load.heart_time(time_s, np.full(7, np.nan, dtype=np.float32)) is None


@given(st.lists(st.integers(95, 205), min_size=60, max_size=200))
def test_a_changing_heart_costs_at_least_what_its_average_does(rates):
    spent = load.heart_time(np.arange(len(rates), dtype=float), np.array(rates, dtype=np.float32))
    average = np.average(rates[:-1])
    heart = Heart(max_bpm=205, rest_bpm=50, table="F")
    by_samples = load.load_by_samples(spent, heart)
    by_average = load.load_by_average(time_s=len(rates) - 1, hr_bpm=float(average), heart=heart)
    assert by_samples >= by_average - 1e-9
    assert by_samples <= load.load_by_average(time_s=len(rates) - 1, hr_bpm=max(rates), heart=heart) + 1e-9


def test_zones_are_edwards():
    spent = HeartTime(95, tuple(60.0 * n for n in (5, 10)) + (0,) * 18 + (1200.0,) + (0,) * 19 + (900.0,))
    seconds = load.zones(HeartTime(95, (300.0, 0, 0, 0, 0, 600.0)), 200)
    assert seconds == (300, 600, 0, 0, 0, 0)
    assert spent.total_s == sum(load.zones(spent, 200))
    minutes = (10, 20, 15, 10, 5)  # in the five zones; weighted 1 to 5 that is 160
    at = {101: 10, 121: 20, 141: 15, 161: 10, 181: 5}
    column = tuple(60.0 * at.get(bpm, 0) for bpm in range(101, 182))
    found = load.zones(HeartTime(101, column), 200)[1:]
    assert found == tuple(60.0 * m for m in minutes)
    assert sum(weight * s / 60 for weight, s in enumerate(found, start=1)) == 160
    assert load.zone_ends(181) == (91, 109, 127, 145, 163)


def test_a_spike_is_nobodys_maximum():
    assert HeartTime(150, (600.0, *(0,) * 29, 40.0, *(0,) * 20, 6.0)).peak_bpm == 180
    assert HeartTime(150, (20.0,)).peak_bpm is None
    assert load.highest([182, 181, 180, 179]) is None, "four runs say too little"
    assert load.highest([230, 205, 181, 180, 179]) == 181


def test_fitness_and_fatigue_are_exponential_means_and_form_is_of_the_morning():
    loads = dict(zip((MONDAY + timedelta(days=n) for n in range(7)), (100, 0, 50, 80, 0, 120, 60), strict=True))
    series = load.days(loads, first=MONDAY, last=MONDAY + timedelta(days=6))
    assert [round(day.fitness, 4) for day in series] == [2.3528, 2.2975, 3.4198, 5.2216, 5.0988, 7.8022, 9.0303]
    assert [round(day.fatigue, 4) for day in series] == [13.3122, 11.5401, 16.6599, 25.0919, 21.7516, 34.8306, 38.1812]
    assert series[0].form == 0
    for before, after in zip(series, series[1:], strict=False):
        assert after.form == before.fitness - before.fatigue


def test_weeks_begin_on_monday_and_the_last_is_this_one():
    sunday, wednesday = MONDAY - timedelta(days=1), MONDAY + timedelta(days=2)
    amounts = [(sunday, 5.0), (MONDAY, 3.0), (wednesday, 4.0), (MONDAY + timedelta(days=5), 99.0)]
    weeks = load.weekly(amounts, last=wednesday, weeks=3)
    assert weeks == [(date(2026, 2, 16), 0), (date(2026, 2, 23), 5.0), (MONDAY, 7.0)]
