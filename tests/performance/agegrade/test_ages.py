import math

import pytest

from performance.agegrade import Refused, age_factor, age_grade, age_standard


def test_between_two_birthdays_the_factor_is_linear():
    young, old, between = (age_standard(age=age, sex="F", event="10km").age_factor for age in (57, 58, 57.25))
    assert between == pytest.approx(0.75 * young + 0.25 * old, abs=1e-15)


@pytest.mark.parametrize(
    ("edition", "surface", "event", "age", "used"),
    [
        ("road-2025", "road", "10km", 3, 5),
        ("road-2025", "road", "10km", 0.5, 5),
        ("road-2025", "road", "10km", 107, 100),
        ("road-2025", "road", "10km", 99.01, 100),  # as the reference calculator does
        ("wma-2006", "track", "5000m", 4, 5),
        ("wma-2006", "track", "60mH", 12, 14),
        ("wma-2006", "track", "steeplechase", 13.9, 14),
        ("wma-2006", "track", "5000m", 99.5, 100),
        ("wma-2023", "track", "5000m", 25, 30),
        ("wma-2023", "track", "5000m", 29.9, 30),
        ("wma-2023", "track", "5000m", 115, 110),
        ("wava-1994", "road", "10km", 6, 8),
        ("wava-1994", "road", "10km", 101, 100),
        ("road-2025-04-withdrawn", "road", "1km", 99, 98),
    ],
)
def test_an_age_outside_the_column_is_clamped_and_says_so(edition, surface, event, age, used):
    asked = {"sex": "M", "event": event, "edition": edition, "surface": surface}
    outside = age_standard(age=age, **asked)
    assert (outside.age, outside.age_used, outside.clamped) == (age, used, True)
    assert outside.age_standard_s == age_standard(age=used, **asked).age_standard_s


@pytest.mark.parametrize(
    ("edition", "surface", "event", "age", "used"),
    [
        ("road-2025", "road", "10km", 5, 5),
        ("road-2025", "road", "10km", 99, 99),
        ("road-2025", "road", "10km", 98.5, 98.5),
        ("road-2025", "road", "10km", 100, 100),
        ("wma-2023", "track", "5000m", 30, 30),
        ("wma-2023", "track", "5000m", 45.9, 45),
        ("wma-2023", "track", "5000m", 110.5, 110),
        ("wava-1994", "road", "10km", 99.5, 99.5),
        ("wava-1994", "road", "10km", 52.5, 52.5),
    ],
)
def test_an_age_inside_the_column_is_not_clamped(edition, surface, event, age, used):
    standard = age_standard(age=age, sex="M", event=event, edition=edition, surface=surface)
    assert (standard.age_used, standard.clamped) == (used, False)


def test_the_1994_tables_are_linear_between_their_printed_ages():
    node_50, node_55, between = (
        age_standard(age=age, sex="M", event="10km", edition="wava-1994").age_factor for age in (50, 55, 53.5)
    )
    assert between == pytest.approx(0.3 * node_50 + 0.7 * node_55, abs=1e-12)


@pytest.mark.parametrize(("age", "used"), [(40, 40), (44.9, 40), (45, 45), (104, 100), (38, 35)])
def test_five_year_classes_are_steps(age, used):
    factor = age_factor(age=age, sex="M", event="100m", edition="wma-2014-5yr", surface="track")
    at_start = age_factor(age=used, sex="M", event="100m", edition="wma-2014-5yr", surface="track")
    assert (factor.age_used, factor.age_factor, factor.clamped) == (used, at_start.age_factor, False)


@pytest.mark.parametrize(("age", "used"), [(30, 35), (106, 100)])
def test_ages_outside_the_classes_are_clamped(age, used):
    factor = age_factor(age=age, sex="M", event="100m", edition="wma-2014-5yr", surface="track")
    assert (factor.age_used, factor.clamped) == (used, True)


def test_a_class_that_ends_early_is_clamped_after_its_last_year():
    # men's 3000 m steeplechase of 2014 ends with the class 55 to 59
    asked = {"sex": "M", "event": "3000mSC", "edition": "wma-2014-5yr", "surface": "track"}
    assert not age_factor(age=59, **asked).clamped
    assert age_factor(age=60, **asked).clamped


def test_the_factors_of_2014_do_not_grade():
    with pytest.raises(Refused) as refused:
        age_grade(time_s=12, age=50, sex="M", event="100m", edition="wma-2014-5yr", surface="track")
    assert refused.value.code == "no_open_standard"
    factor = age_factor(age=55, sex="F", event="80mH", edition="wma-2014-5yr", surface="track")
    assert factor.age_factor == 1.00444  # the one cell with five decimals


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (None, "age_missing"),
        (math.nan, "age_missing"),
        (0, "age_out_of_range"),
        (-1, "age_out_of_range"),
        (120.1, "age_out_of_range"),
        (math.inf, "age_out_of_range"),
    ],
)
def test_an_age_nobody_has_is_refused(age, code):
    with pytest.raises(Refused) as refused:
        age_grade(time_s=2520, age=age, sex="F", event="10km")
    assert refused.value.code == code


def test_120_is_still_an_age():
    assert age_grade(time_s=20_000, age=120, sex="F", event="10km").clamped
