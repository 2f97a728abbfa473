import pytest

from performance.agegrade import Refused, age_grade, age_standard, equivalent_time, grade, time_for_grade

ADA = {"age": 57, "sex": "F", "event": "10km"}


def test_the_time_for_a_grade_earns_it():
    wanted_s = time_for_grade(age_grade=0.75, **ADA)
    assert age_grade(time_s=wanted_s, **ADA).age_grade == pytest.approx(0.75, abs=1e-12)


def test_the_time_for_a_grade_of_one_is_the_age_standard():
    assert time_for_grade(age_grade=1, **ADA) == age_standard(**ADA).age_standard_s


@pytest.mark.parametrize("wanted", [0, -0.7, float("nan"), float("inf")])
def test_no_time_earns_an_impossible_grade(wanted):
    with pytest.raises(ValueError):
        time_for_grade(age_grade=wanted, **ADA)


def test_the_equivalent_time_has_the_same_grade_elsewhere():
    run = age_grade(time_s=2520, **ADA)
    for elsewhere in (
        {"age": 25},
        {"sex": "M"},
        {"event": "marathon"},
        {"distance_m": 12_345},
        {"edition": "road-2010"},
        {"event": "10000m", "surface": "track", "edition": "wma-2023"},
        {"age": 70, "sex": "M", "event": "half", "edition": "road-2020"},
    ):
        other = equivalent_time(run, **elsewhere)
        assert other.age_grade == pytest.approx(run.age_grade, abs=1e-12)
    assert equivalent_time(run, age=25).time_s == pytest.approx(run.age_graded_time_s)


def test_there_and_back_is_the_same_time():
    run = age_grade(time_s=2520, **ADA)
    there = equivalent_time(run, age=80, sex="M", event="half", edition="road-2015")
    back = equivalent_time(there, age=57, sex="F", event="10km", edition="road-2025")
    assert back.time_s == pytest.approx(2520, abs=1e-9)


def test_an_interpolated_race_is_equivalent_to_itself():
    run = age_grade(time_s=2520, age=57, sex="F", distance_m=9_000)
    assert equivalent_time(run).time_s == pytest.approx(2520, abs=1e-9)
    assert equivalent_time(run).columns == run.columns


def test_an_equivalent_outside_the_tables_is_refused():
    run = age_grade(time_s=2520, **ADA)
    with pytest.raises(Refused):
        equivalent_time(run, distance_m=300_000)


def test_the_bare_grade_is_the_grade():
    for asked in (
        {"event": "10km"},
        {"distance_m": 10_000},
        {"distance_m": 10_000.0, "event": "10km"},
        {"distance_m": 9_000},
        {"event": "10km", "age": 57.5},
        {"event": "10km", "age": 3},
        {"event": "10km", "age": 107},
        {"event": "10km", "convention": "calculator"},
        {"event": "5km", "convention": "parkrun"},
        {"event": "5000m", "surface": "track", "age": 60.9},
        {"event": "half", "edition": "Road-2015 "},
    ):
        full = {"time_s": 2520, "age": 57, "sex": "F"} | asked
        for _ in range(2):  # the first call reads the tables, the second finds them
            assert grade(**full) == age_grade(**full).age_grade


def test_the_bare_grade_refuses_what_the_grade_refuses():
    for asked in ({"age": float("nan")}, {"age": 0}, {"time_s": 0}, {"sex": ""}, {"event": "discus"}, {"age": 121}):
        with pytest.raises(Refused):
            grade(**{"time_s": 2520, "age": 57, "sex": "F", "event": "10km"} | asked)
