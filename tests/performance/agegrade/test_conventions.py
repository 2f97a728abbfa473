import pytest

from performance.agegrade import Refused, age_grade, age_standard


def test_exact_rounds_nothing():
    result = age_grade(time_s=2520, age=57, sex="F", distance_m=10_000)
    assert result.age_standard_s == 1726 / 0.8126
    assert result.age_grade == 1726 / 0.8126 / 2520
    assert result.age_grade_pct == pytest.approx(84.28755044556, abs=1e-10)


@pytest.mark.parametrize(
    ("event", "age", "exact_s", "calculator_s"),
    [
        ("100m", 50, 10.607906, 10.6),
        ("5000m", 50, 848.719101, 848.7),
    ],
)
def test_the_calculator_rounds_standards_below_an_hour_to_the_tenth(event, age, exact_s, calculator_s):
    asked = {"event": event, "age": age, "sex": "M", "surface": "track"}
    assert age_standard(**asked).age_standard_s == pytest.approx(exact_s, abs=1e-6)
    assert age_standard(**asked, convention="calculator").age_standard_s == calculator_s


def test_the_calculator_rounds_standards_of_an_hour_and_more_to_the_second():
    standard = age_standard(event="marathon", age=53, sex="M", convention="calculator")
    assert standard.age_standard_s == 8300  # 7235 / 0.8717 = 8299.87


def test_the_percentage_comes_from_the_rounded_standard():
    result = age_grade(time_s=1000, event="5km", age=32, sex="M", convention="calculator")
    assert result.age_standard_s == 771.7
    assert result.age_grade_pct == 77.17
    assert result.age_grade == 77.17 / 100


def test_whole_second_is_a_hundredth_on_the_track():
    asked = {"age": 60, "sex": "F", "convention": "whole-second"}
    assert age_standard(**asked, event="5km").age_standard_s.is_integer()
    track = age_standard(**asked, event="5000m", surface="track").age_standard_s
    assert not track.is_integer()
    assert track == round(track, 2)
    assert age_standard(**asked, event="5kmW", surface="walk", edition="wma-2006").age_standard_s.is_integer()


def test_halves_are_rounded_up_as_decimals():
    # 3358 / 0.8 is 4197.5 exactly, and 50.005 % of a percentage is a half too
    standard = age_standard(event="20km", age=57.5, sex="M", edition="road-2010", convention="whole-second")
    assert standard.age_standard_s == int(standard.open_standard_s / standard.age_factor + 0.5)
    result = age_grade(time_s=7690 * 2, event="5km", age=25, sex="M", convention="whole-second")
    assert result.age_grade_pct == 5.0
    half_a_hundredth = age_grade(time_s=1538.0 / 1.0001, event="5km", age=25, sex="M", convention="whole-second")
    assert half_a_hundredth.age_grade_pct == 50.01  # 769 / (1538 / 1.0001) = 50.005 %


def test_parkrun_is_a_preset():
    result = age_grade(time_s=1500, age=60, sex="M", convention="parkrun")
    assert (result.edition, result.distance_m, result.convention) == ("road-2010", 5000, "whole-second")
    assert result == age_grade(
        time_s=1500, age=60, sex="M", event="5km", edition="road-2010", convention="whole-second"
    )
    assert result == age_grade(time_s=1500, age=60, sex="M", event="5 km", edition="road-2010", convention="parkrun")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"edition": "road-2025"}, "edition_unknown"),
        ({"distance_m": 10_000}, "distance_conflict"),
        ({"event": "10km"}, "distance_conflict"),
    ],
)
def test_a_parkrun_is_neither_another_edition_nor_another_distance(asked, code):
    with pytest.raises(Refused) as refused:
        age_grade(time_s=1500, age=60, sex="M", convention="parkrun", **asked)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["Whole Second", "WHOLE_SECOND", " whole-second "])
def test_the_name_of_a_convention_may_be_spelt_loosely(name):
    assert age_standard(event="5km", age=60, sex="M", convention=name).convention == "whole-second"


def test_an_unknown_convention_is_refused():
    with pytest.raises(Refused) as refused:
        age_standard(event="5km", age=60, sex="M", convention="banker")
    assert refused.value.code == "convention_unknown"


@pytest.mark.parametrize(
    ("grade", "word"),
    [(1.04, "world"), (0.91, "world"), (0.85, "national"), (0.7, "regional"), (0.65, "local"), (0.5999, "")],
)
def test_a_grade_has_its_class(grade, word):
    standard = age_standard(age=62, sex="M", event="5km").age_standard_s
    assert age_grade(time_s=standard / grade, age=62, sex="M", event="5km").class_word == word


def test_a_class_is_never_reached_by_rounding():
    standard = age_standard(age=62, sex="M", event="5km", convention="calculator").age_standard_s
    result = age_grade(time_s=standard / 0.69996, age=62, sex="M", event="5km", convention="calculator")
    assert result.age_grade_pct == 70.0
    assert result.class_word == "local"


def test_a_grade_on_the_limit_has_reached_it():
    standard = age_standard(age=62, sex="M", event="5km").age_standard_s
    for limit, word in ((0.6, "local"), (0.7, "regional"), (0.8, "national"), (0.9, "world")):
        assert age_grade(time_s=standard / limit, age=62, sex="M", event="5km").class_word == word
