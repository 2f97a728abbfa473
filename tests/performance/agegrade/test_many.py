import math

import numpy as np
import pytest

from performance.agegrade import EDITIONS, REASONS, Refused, age_factor, age_grade, events, grade_many
from performance.agegrade.word_codes import word_codes


def one_by_one(**columns):
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [age_grade(**row).age_grade for row in rows]


def test_one_value_stands_for_all_rows():
    many = grade_many(time_s=[2400, 2500.5, 2600], age=50, sex="F", event="10km")
    assert many.age_grade.tolist() == [
        age_grade(time_s=t, age=50, sex="F", event="10km").age_grade for t in (2400, 2500.5, 2600)
    ]
    assert len(grade_many(time_s=2400, age=50, sex="F", event="10km")) == 1


def test_nothing_in_is_nothing_out():
    assert len(grade_many(time_s=[], age=[], sex="F", event="10km")) == 0
    assert len(grade_many(time_s=np.array([]), age=50, sex=np.array([], dtype="U1"), distance_m=[])) == 0


def test_arrays_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="different lengths"):
        grade_many(time_s=[2400, 2500], age=[50, 51, 52], sex="F", event="10km")
    with pytest.raises(ValueError, match="different lengths"):
        grade_many(time_s=[2400, 2500], age=50, sex=["F"] * 3, event="10km")


def test_every_cell_of_every_edition_comes_out_as_one_by_one():
    for edition in EDITIONS.values():
        for surface in edition.surfaces:
            for sex in edition.sexes:
                cells = [
                    (column.event, age)
                    for column in events(edition=edition.id, surface=surface, sex=sex)
                    for age in range(3, 113, 1)
                ]
                names, ages = zip(*cells, strict=True)
                many = grade_many(
                    time_s=1000, age=np.array(ages), sex=sex, event=np.array(names), edition=edition.id, surface=surface
                )
                for index in range(0, len(cells), 97):
                    asked = {
                        "age": ages[index],
                        "sex": sex,
                        "event": names[index],
                        "edition": edition.id,
                        "surface": surface,
                    }
                    assert many.age_factor[index] == age_factor(**asked).age_factor
                    try:
                        assert many.age_grade[index] == age_grade(time_s=1000, **asked).age_grade
                    except Refused as refused:
                        assert REASONS[many.reason[index]] == refused.code


def test_words_may_come_as_arrays_lists_objects_or_none():
    time_s, age, sexes = [2400, 2500, 2600], [40, 50, 60], ["F", "M", "F"]
    wanted = one_by_one(time_s=time_s, age=age, sex=sexes, event=["10km"] * 3)
    for sex in (sexes, np.array(sexes), np.array(sexes, dtype=object), np.array(sexes, dtype="S1"), tuple(sexes)):
        assert grade_many(time_s=time_s, age=age, sex=sex, event="10km").age_grade.tolist() == wanted
    mixed = grade_many(
        time_s=time_s, age=age, sex=sexes, event=["10km", None, ""], distance_m=[math.nan, 10_000, 10_000]
    )
    assert mixed.age_grade.tolist() == wanted


def test_rows_beyond_one_block_are_graded_too():
    rows = 40_000
    ages = np.arange(rows) % 90 + 10
    many = grade_many(time_s=3000.0, age=ages, sex="M", distance_m=10_000)
    for row in (0, 16_383, 16_384, 32_768, rows - 1):
        assert many.age_grade[row] == age_grade(time_s=3000, age=int(ages[row]), sex="M", distance_m=10_000).age_grade


def test_a_refused_row_is_nan_with_its_reason_and_leaves_the_others_alone():
    many = grade_many(
        time_s=[2400, 2400, 2400, math.nan, 2400],
        age=[50, math.nan, 50, 50, 50],
        sex=["F", "F", "", "F", "F"],
        distance_m=[10_000, 10_000, 10_000, 10_000, 900],
    )
    assert many.refusals == ["", "age_missing", "sex_missing", "time_invalid", "distance_out_of_range"]
    assert np.isnan(many.age_grade).tolist() == [False, True, True, True, True]
    assert np.isnan(many.age_standard_s).tolist() == [False, True, True, True, True]
    assert not many.clamped.any()


def test_an_edition_without_open_standards_still_gives_its_factors():
    many = grade_many(time_s=[12.5, 13], age=[52, 20], sex="M", event="100m", edition="wma-2014-5yr", surface="track")
    assert many.refusals == ["no_open_standard"] * 2
    assert many.age_factor.tolist() == [
        age_factor(age=age, sex="M", event="100m", edition="wma-2014-5yr", surface="track").age_factor
        for age in (52, 20)
    ]
    assert many.clamped.tolist() == [False, True]


def test_values_on_the_edge_of_rounding_are_rounded_as_decimals():
    # 769 / (1538 / 1.0001) is 50.005 % in decimals and a little less in binary
    time_s = 1538.0 / 1.0001
    many = grade_many(
        time_s=[time_s] * 3, age=25, sex="M", event="5km", convention=["whole-second", "calculator", "exact"]
    )
    assert many.age_grade.tolist() == [
        age_grade(time_s=time_s, age=25, sex="M", event="5km", convention=convention).age_grade
        for convention in ("whole-second", "calculator", "exact")
    ]
    assert many.age_grade[0] == 0.5001


@pytest.mark.parametrize(
    "words",
    [
        ["a", "b", "a", ""],
        ["road-2025", "road-2025-04-withdrawn", "wma-2006", "road-2025"],
        ["Zürich", "Łódź", "Zürich"],  # beyond Latin-1
        ["x" * 7, "x" * 8, "x" * 9, "y" * 17, "x" * 9],
        [f"event {number}" for number in range(3000)],  # so many that slots are shared
    ],
)
def test_words_and_codes_belong_together(words):
    for given in (
        words,
        np.array(words),
        np.array(words, dtype=object),
        np.array(words)[::-1],
        np.array(words).astype(">U60"),
    ):
        distinct, codes = word_codes(given)
        assert [distinct[code] for code in codes] == list(np.asarray(given))
        assert len(distinct) == len(set(words))
