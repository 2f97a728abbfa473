"""What holds for every race, not only for those somebody printed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from performance.agegrade import (
    CONVENTIONS,
    EDITIONS,
    REASONS,
    Refused,
    age_grade,
    age_standard,
    equivalent_time,
    events,
    grade,
    grade_many,
    time_for_grade,
)

#: the first example of an edition reads its tables
unhurried = settings(deadline=None)

GRADING = [edition for edition in EDITIONS.values() if edition.has_open_standards]


@st.composite
def races(draw):
    """Somebody's race somewhere: edition, surface, sex, age, and a column or a distance between two."""
    edition = draw(st.sampled_from(GRADING))
    surface = draw(st.sampled_from(edition.surfaces))
    sex = draw(st.sampled_from("MF"))
    race = {"edition": edition.id, "surface": surface, "sex": sex}
    race["age"] = draw(st.one_of(st.integers(1, 120), st.floats(0.1, 120)))
    columns = events(edition=edition.id, surface=surface, sex=sex)
    if draw(st.booleans()):
        race["event"] = draw(st.sampled_from(columns)).event
    else:
        flat = [column.distance_m for column in columns if column.flat]
        race["distance_m"] = draw(st.floats(min(flat), max(flat)))
    return race


times = st.floats(5, 400_000)
conventions = st.sampled_from(CONVENTIONS)


@unhurried
@given(races(), times, times, conventions)
def test_a_faster_time_never_grades_lower(race, one, other, convention):
    fast, slow = sorted((one, other))
    assert (
        age_grade(time_s=fast, convention=convention, **race).age_grade
        >= age_grade(time_s=slow, convention=convention, **race).age_grade
    )


@unhurried
@given(races(), conventions)
def test_a_time_equal_to_the_age_standard_grades_one(race, convention):
    standard = age_standard(convention=convention, **race)
    assert age_grade(time_s=standard.age_standard_s, convention=convention, **race).age_grade == 1


@unhurried
@given(races(), st.floats(0.05, 1.5))
def test_the_time_for_a_grade_gives_that_grade_back(race, wanted):
    assert age_grade(time_s=time_for_grade(age_grade=wanted, **race), **race).age_grade == pytest.approx(
        wanted, abs=1e-9
    )


@unhurried
@given(races(), races(), times, conventions)
def test_an_equivalent_of_the_equivalent_is_the_time_itself(here, there, time_s, convention):
    run = age_grade(time_s=time_s, convention=convention, **here)
    try:
        other = equivalent_time(run, **there)
        back = equivalent_time(other, **here)
    except Refused as refused:  # beyond a thousand million seconds
        assert refused.code == "time_invalid"
        return
    assert back.time_s == pytest.approx(time_s, rel=1e-9)


@unhurried
@given(races(), times)
def test_the_age_graded_time_has_the_same_grade_against_the_open_standard(race, time_s):
    run = age_grade(time_s=time_s, **race)
    assert run.open_standard_s / run.age_graded_time_s == pytest.approx(run.age_grade, rel=1e-12)


@unhurried
@given(races(), times)
def test_the_bare_grade_equals_the_grade(race, time_s):
    assert grade(time_s=time_s, **race) == age_grade(time_s=time_s, **race).age_grade


@unhurried
@given(st.data())
def test_between_two_columns_the_standard_lies_between_theirs(data):
    edition = data.draw(st.sampled_from(GRADING))
    surface = data.draw(st.sampled_from(edition.surfaces))
    sex = data.draw(st.sampled_from("MF"))
    flat = [column.distance_m for column in events(edition=edition.id, surface=surface, sex=sex) if column.flat]
    asked = {"edition": edition.id, "surface": surface, "sex": sex, "age": data.draw(st.integers(18, 90))}
    between = age_standard(distance_m=data.draw(st.floats(min(flat), max(flat))), **asked)
    ends = [age_standard(event=column, **asked) for column in between.columns]
    for name in ("open_standard_s", "age_factor", "age_standard_s"):
        least, most = min(getattr(end, name) for end in ends), max(getattr(end, name) for end in ends)
        assert least - 1e-9 <= getattr(between, name) <= most + 1e-9


@unhurried
@given(st.data())
def test_a_longer_way_between_two_columns_takes_longer(data):
    # with the factors of two columns moving by less than their standards, which holds from 18 to 80
    sex = data.draw(st.sampled_from("MF"))
    age = data.draw(st.integers(18, 80))
    edition = data.draw(st.sampled_from(("road-2010", "road-2015", "road-2020", "road-2025")))
    one, other = sorted(data.draw(st.tuples(st.floats(5000, 200_000), st.floats(5000, 200_000))))
    near, far = (age_standard(distance_m=metres, age=age, sex=sex, edition=edition) for metres in (one, other))
    if near.columns == far.columns:
        assert near.age_standard_s <= far.age_standard_s + 1e-9


bad_words = {
    "edition": st.sampled_from(
        ["", "road-2025", "road-2010", "wma-2006", "wma-2023", "wma-2014-5yr", "wava-1994", "road-1999"]
    ),
    "surface": st.sampled_from(["road", "track", "walk", "", "trail"]),
    "sex": st.sampled_from(["M", "F", "f", "", "X"]),
    "event": st.sampled_from(
        ["", "", "half", "10mi", "5000m", "3000mSC", "80mH", "steeplechase", "10kmW", "9km", "5m", "ü"]
    ),
    "convention": st.sampled_from([*CONVENTIONS, "parkrun", "", "none"]),
}
numbers = {
    "age": st.one_of(st.integers(1, 120), st.floats(0.1, 121), st.sampled_from([0, -1, math.nan, math.inf, 99.5])),
    "distance_m": st.one_of(
        st.just(math.nan),
        st.floats(40, 210_000),
        st.sampled_from(
            [0, -1, math.inf, 60, 80, 2000, 3000, 5000, 10_000, 21_097.5, 21_100, 42_195, 80_467.2, 80_467.36]
        ),
    ),
    "time_s": st.one_of(times, st.integers(100, 20_000), st.sampled_from([0, -1, math.nan, math.inf])),
}
any_row = st.fixed_dictionaries(bad_words | numbers)
good_row = st.builds(
    lambda race, time_s, convention: {"time_s": time_s, "convention": convention} | race, races(), times, conventions
)


def assert_same_as_one_by_one(rows):
    columns = {name: [row.get(name) for row in rows] for name in (*bad_words, *numbers)}
    arrays = {name: np.array(["" if word is None else word for word in columns[name]]) for name in bad_words}
    arrays |= {name: np.array([math.nan if n is None else n for n in columns[name]], dtype=float) for name in numbers}
    many = grade_many(**arrays)
    for index, row in enumerate(rows):
        try:
            one = age_grade(**row)
        except Refused as refused:
            assert REASONS[many.reason[index]] == refused.code, row
            assert math.isnan(many.age_grade[index])
            continue
        assert REASONS[many.reason[index]] == "", row
        for name in (
            "age_grade",
            "age_standard_s",
            "open_standard_s",
            "age_factor",
            "age_used",
            "interpolated",
            "clamped",
        ):
            assert getattr(many, name)[index] == getattr(one, name), (name, row)


@unhurried
@given(st.lists(any_row, min_size=1, max_size=40))
def test_many_at_once_answer_as_one_by_one_whatever_they_are_given(rows):
    assert_same_as_one_by_one(rows)


@unhurried
@given(st.lists(good_row, min_size=1, max_size=40))
def test_many_at_once_grade_to_the_last_bit_as_one_by_one(rows):
    assert_same_as_one_by_one(rows)
