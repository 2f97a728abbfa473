import pytest

from performance.agegrade import age_grade, age_standard


def test_open_standard_and_factor_are_each_linear_in_distance():
    shorter, longer, between = (
        age_standard(age=60, sex="F", distance_m=metres) for metres in (15_000, 16_093.44, 15_500)
    )
    part = 500 / 1093.44
    open_standard_s = (1 - part) * shorter.open_standard_s + part * longer.open_standard_s
    factor = (1 - part) * shorter.age_factor + part * longer.age_factor
    assert between.open_standard_s == pytest.approx(open_standard_s, rel=1e-15)
    assert between.age_factor == pytest.approx(factor, rel=1e-15)
    assert between.age_standard_s == pytest.approx(open_standard_s / factor, rel=1e-15)


def test_a_result_between_two_columns_names_them():
    between = age_standard(age=60, sex="F", distance_m=15_500)
    assert (between.interpolated, between.columns, between.event) == (True, ("15km", "10mi"), "")
    assert between.distance_m == 15_500


def test_age_and_distance_between_rows_and_columns_at_once():
    corners = [
        [age_standard(age=age, sex="M", distance_m=metres).age_factor for age in (44, 45)] for metres in (5000, 6000)
    ]
    between = age_standard(age=44.25, sex="M", distance_m=5600).age_factor
    along_age = [0.75 * young + 0.25 * old for young, old in corners]
    assert between == pytest.approx(0.4 * along_age[0] + 0.6 * along_age[1], rel=1e-14)


def test_the_men_of_2010_are_interpolated_where_the_calculator_has_its_columns():
    # half marathon at 21.1 km, marathon at 42.2 km
    asked = {"age": 25, "sex": "M", "edition": "road-2010"}
    assert age_standard(**asked, distance_m=21_050).open_standard_s == pytest.approx(3358 + 195 * 1050 / 1100)
    assert age_standard(**asked, distance_m=30_100).open_standard_s == pytest.approx(5179 + 2316 * 100 / 12_200)
    at_position = age_standard(**asked, distance_m=21_100)
    assert (at_position.open_standard_s, at_position.interpolated) == (3553, False)


def test_the_women_of_2010_and_the_sheets_own_distances_are_not_touched_by_that():
    women = age_standard(age=25, sex="F", edition="road-2010", distance_m=21_050)
    assert women.open_standard_s == pytest.approx(3738 + 212 * 1050 / 1097.5)
    for metres, column in ((21_097.5, "half"), (42_195, "marathon"), (16_093.44, "10mi"), (160_934.4, "100mi")):
        standard = age_standard(age=25, sex="M", edition="road-2010", distance_m=metres)
        assert (standard.columns, standard.interpolated) == ((column,), False)


@pytest.mark.parametrize(
    ("surface", "edition", "distance_m", "columns"),
    [
        ("track", "wma-2006", 3500, ("2mi", "4000m")),
        ("track", "wma-2006", 150, ("100m", "200m")),
        ("track", "wma-2006", 110, ("100m", "200m")),  # plain distances only, never a hurdles column
        ("track", "wma-2023", 2000, ("mile", "3000m")),
        ("walk", "wma-2006", 12_000, ("10kmW", "15kmW")),
        ("road", "wma-2023", 30_000, ("half", "marathon")),
        ("road", "wava-1994", 8000, ("5km", "10km")),
        ("road", "road-2025-04-withdrawn", 2000, ("1km", "3km")),
    ],
)
def test_every_surface_interpolates_between_its_own_plain_distances(surface, edition, distance_m, columns):
    standard = age_standard(age=50, sex="M", distance_m=distance_m, surface=surface, edition=edition)
    assert standard.columns == columns


def test_two_columns_of_different_ages_share_the_span_that_both_have():
    between = age_standard(age=99, sex="M", distance_m=2000, edition="road-2025-04-withdrawn")
    assert (between.age_used, between.clamped) == (98, True)


def test_a_result_carries_its_proof():
    result = age_grade(time_s=4000, age=104, sex="M", distance_m=9000, edition="road-2015")
    assert result.edition == "road-2015"
    assert result.surface == "road"
    assert result.sex == "M"
    assert result.convention == "exact"
    assert (result.age, result.age_used, result.clamped) == (104, 100, True)
    assert (result.columns, result.interpolated) == (("5mi", "10km"), True)
    assert result.age_standard_s == result.open_standard_s / result.age_factor
    assert result.age_graded_time_s == result.time_s * result.age_factor
    assert result.age_grade == result.age_standard_s / result.time_s
    assert result.source.startswith("WMA and USATF MLDR, Road Age Standards 2015")
