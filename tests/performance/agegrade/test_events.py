import math

import pytest

from performance.agegrade import Refused, age_standard, events, parse_event


@pytest.mark.parametrize(
    ("text", "kind", "distance_m"),
    [
        ("half", "flat", 21097.5),
        ("Half Marathon", "flat", 21097.5),
        ("H. Mar.", "flat", 21097.5),
        ("1/2 marathon", "flat", 21097.5),
        ("Halbmarathon", "flat", 21097.5),
        ("13.1 mi", "flat", 21097.5),
        ("5 mi.", "flat", 8046.72),
        ("marathon", "flat", 42195),
        ("10mi", "flat", 16093.44),
        ("10 miles", "flat", 16093.44),
        ("mile", "flat", 1609.344),
        ("1mi", "flat", 1609.344),
        ("5000m", "flat", 5000),
        ("5,000 m", "flat", 5000),
        ("5000", "flat", 5000),
        ("10k", "flat", 10_000),
        ("10 km", "flat", 10_000),
        ("21,1 km", "flat", 21_100),
        ("21.0975km", "flat", 21097.5),
        ("parkrun", "flat", 5000),
        ("3000mSC", "steeplechase", 3000),
        ("2000m steeplechase", "steeplechase", 2000),
        ("steeplechase", "steeplechase", None),
        ("110mH", "hurdles", 110),
        ("80m hurdles", "hurdles", 80),
        ("110H", "hurdles", 110),
        ("short_hurdles", "hurdles", None),
        ("20kmW", "walk", 20_000),
        ("5 km race walk", "walk", 5000),
        ("halfW", "walk", 21097.5),
        ("mileW", "walk", 1609.344),
    ],
)
def test_an_event_is_read_as_people_write_it(text, kind, distance_m):
    event = parse_event(text)
    assert (event.kind, event.distance_m) == (kind, distance_m)


@pytest.mark.parametrize(
    "text", ["10", "5m", "10m", "21k", "42k", "long jump", "", "km", "1.000.000m", "half mile marathon", "x" * 200]
)
def test_what_is_unclear_is_refused_and_not_guessed(text):
    with pytest.raises(Refused) as refused:
        parse_event(text)
    assert refused.value.code == "event_unknown"


@pytest.mark.parametrize(
    ("asked", "column"),
    [
        ({"distance_m": 5000}, "5km"),
        ({"distance_m": 21097.5}, "half"),
        ({"distance_m": 1609.34}, "1mi"),
        ({"event": "5000m"}, "5km"),
        ({"event": "10 Mile"}, "10mi"),
        ({"event": "half", "distance_m": 21_100}, "half"),
        ({"event": "10km", "distance_m": 10_000}, "10km"),
        ({"event": "", "distance_m": 42_195}, "marathon"),
        ({"event": " ", "distance_m": 42_195.0}, "marathon"),
        ({"event": "10km", "distance_m": math.nan}, "10km"),
        ({"event": "5km", "surface": "track"}, "5000m"),
        ({"event": "1mi", "surface": "track"}, "mile"),
        ({"event": "800", "surface": "track"}, "800m"),
        ({"event": "5km", "surface": "walk"}, "5000mW"),
        ({"event": "10000mW", "surface": "walk"}, "10kmW"),
        ({"event": "3kmW", "surface": "walk", "edition": "wma-2006"}, "3kmW"),
        ({"event": "3000mW", "surface": "walk", "edition": "wma-2006"}, "3kmW"),
    ],
)
def test_a_race_finds_its_column(asked, column):
    standard = age_standard(age=50, sex="M", **asked)
    assert (standard.event, standard.columns, standard.interpolated) == (column, (column,), False)


def test_a_slip_in_the_heading_of_a_column_hides_it_from_nobody():
    # men's 50 miles stand at 80.46736 km until 2020; 50 miles are 80.4672 km
    for edition in ("road-2010", "road-2015", "road-2020", "road-2025"):
        for asked in ({"event": "50mi"}, {"distance_m": 80467.2}, {"event": "50mi", "distance_m": 80467.36}):
            assert age_standard(age=50, sex="M", edition=edition, **asked).columns == ("50mi",)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "event_unknown"),
        ({"event": ""}, "event_unknown"),
        ({"distance_m": math.nan}, "event_unknown"),
        ({"event": "discus"}, "event_unknown"),
        ({"event": "20kmW"}, "event_unknown"),
        ({"event": "3000mSC"}, "event_unknown"),
        ({"event": "half", "distance_m": 10_000}, "distance_conflict"),
        ({"event": "5mi", "distance_m": 8000}, "distance_conflict"),
        ({"event": "9km", "distance_m": 9100}, "distance_conflict"),
        ({"event": "10km", "distance_m": math.inf}, "distance_conflict"),
        ({"distance_m": 0}, "distance_out_of_range"),
        ({"distance_m": -5000}, "distance_out_of_range"),
        ({"distance_m": math.inf}, "distance_out_of_range"),
        ({"distance_m": 1600}, "distance_out_of_range"),
        ({"distance_m": 200_001}, "distance_out_of_range"),
        ({"event": "1500m"}, "distance_out_of_range"),
        ({"event": "1mi", "edition": "road-2010"}, "distance_out_of_range"),
        ({"distance_m": 4999, "edition": "road-2015"}, "distance_out_of_range"),
        ({"distance_m": 10_000, "edition": "wma-2023"}, "distance_out_of_range"),
        ({"distance_m": 5000, "edition": "road-2025-04-withdrawn"}, "distance_out_of_range"),
    ],
)
def test_a_race_the_tables_do_not_hold_is_refused(asked, code):
    with pytest.raises(Refused) as refused:
        age_standard(age=50, sex="M", **asked)
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("edition", "sex", "event", "age", "column", "run_m"),
    [
        ("wma-2023", "M", "110mH", 45, "short_hurdles", 110),
        ("wma-2023", "M", "100mH", 55, "short_hurdles", 100),
        ("wma-2023", "M", "80mH", 70, "short_hurdles", 80),
        ("wma-2023", "M", "short hurdles", 72, "short_hurdles", 80),
        ("wma-2023", "M", "400mH", 59, "long_hurdles", 400),
        ("wma-2023", "M", "300mH", 60, "long_hurdles", 300),
        ("wma-2023", "M", "200mH", 80, "long_hurdles", 200),
        ("wma-2023", "F", "80mH", 40, "short_hurdles", 80),
        ("wma-2023", "F", "200mH", 70, "long_hurdles", 200),
        ("wma-2023", "M", "3000mSC", 59, "steeplechase", 3000),
        ("wma-2023", "M", "2000mSC", 60, "steeplechase", 2000),
        ("wma-2023", "F", "2000mSC", 35, "steeplechase", 2000),
        ("wma-2023", "F", "60mH", 44, "60mH", 60),
        ("wma-2006", "F", "3000mSC", 25, "steeplechase", 3000),
        ("wma-2006", "F", "2000mSC", 30, "steeplechase", 2000),
        ("wma-2006", "M", "50mH", 30, "50mH", 50),
    ],
)
def test_hurdles_and_steeplechase_are_the_race_of_that_age(edition, sex, event, age, column, run_m):
    standard = age_standard(age=age, sex=sex, event=event, edition=edition, surface="track")
    assert (standard.event, standard.distance_m) == (column, run_m)


def test_the_open_distance_names_a_championship_event_at_every_age():
    for asked in ({"event": "steeplechase", "distance_m": 3000}, {"event": "3000mSC"}, {"event": "steeplechase"}):
        standard = age_standard(age=65, sex="M", surface="track", **asked)
        assert (standard.age_factor, standard.distance_m) == (1.1955, 2000)


@pytest.mark.parametrize(
    ("sex", "age", "asked"),
    [
        ("M", 40, {"event": "2000mSC"}),
        ("M", 40, {"event": "steeplechase", "distance_m": 2000}),
        ("F", 35, {"event": "3000mSC"}),
        ("M", 40, {"event": "300mH"}),
        ("F", 45, {"event": "short_hurdles", "distance_m": 400}),
        ("M", 45, {"event": "110mH", "distance_m": 100}),
    ],
)
def test_a_factor_made_for_another_distance_is_not_used(sex, age, asked):
    with pytest.raises(Refused) as refused:
        age_standard(age=age, sex=sex, surface="track", **asked)
    assert refused.value.code == "distance_conflict"


def test_a_factor_may_exceed_one_only_where_the_race_changes_with_age():
    for sex in "MF":
        for edition in ("wma-2006", "wma-2023"):
            for column in events(edition=edition, surface="track", sex=sex):
                highest = max(
                    age_standard(age=age, sex=sex, event=column.event, edition=edition, surface="track").age_factor
                    for age in range(column.first_age, column.last_age + 1)
                )
                assert not column.flat or highest == 1.0


def test_a_name_that_fits_two_columns_is_refused_and_names_them():
    with pytest.raises(Refused) as refused:
        age_standard(age=40, sex="M", event="110mH", edition="wma-2014-5yr", surface="track")
    assert refused.value.code == "event_unknown"
    assert "110mH_0.914" in refused.value.sentence


def test_the_events_of_an_edition_come_by_distance():
    columns = events(edition="road-2025", sex="F")
    assert [column.event for column in columns[:3]] == ["1mi", "5km", "6km"]
    assert columns[-1].distance_m == 200_000
    assert [column.distance_m for column in columns] == sorted(column.distance_m for column in columns)
