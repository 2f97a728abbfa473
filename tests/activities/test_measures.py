import ast
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities import measures
from activities.measures import (
    HALF_MARATHON_M,
    MARATHON_M,
    MILE_M,
    OFFICIAL_NAMES,
    NotADistance,
    NotATime,
    Numerals,
    ParsedDuration,
    duration_words,
    floor_target,
    format_climb,
    format_delta,
    format_distance,
    format_duration,
    format_grade,
    format_pace,
    format_speed,
    format_target,
    format_time_delta,
    official_distance_name,
    pace_s_per_km,
    pace_unit,
    parse_distance,
    parse_duration,
    split_duration,
)

GERMAN = Numerals(point=",", group=".")


def spaced(text: str) -> str:
    """Expected texts are written with plain spaces here; the pages get no-break spaces."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


# Durations out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2742, "45:42"),
        (6238, "1:43:58"),
        (58, "0:58"),
        (0, "0:00"),
        (3600, "1:00:00"),
        (36_005, "10:00:05"),
        (59.4, "0:59"),
        (59.5, "1:00"),
        (3599.5, "1:00:00"),
        (-75, "−1:15"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_a_duration_reads_like_a_clock(seconds: float | None, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(58.3, "0:58.3"), (58.25, "0:58.3"), (59.96, "1:00.0"), (2742, "45:42.0"), (6238.31, "1:43:58.3")],
)
def test_tenths_are_shown_when_asked_for(seconds: float, text: str) -> None:
    assert format_duration(seconds, tenths=True) == text


def test_a_language_brings_its_own_numerals() -> None:
    assert format_duration(58.3, tenths=True, numerals=GERMAN) == "0:58,3"
    assert format_distance(1_234_567, decimals=1, numerals=GERMAN) == spaced("1.234,6 km")
    assert format_grade(0.784, numerals=GERMAN) == spaced("78,4 %")
    assert format_delta(-1.3, numerals=GERMAN) == "−1,3"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2742, "45 minutes 42 seconds"),
        (6238, "1 hour 43 minutes 58 seconds"),
        (7380, "2 hours 3 minutes"),
        (3605, "1 hour 5 seconds"),
        (61, "1 minute 1 second"),
        (58.3, "58.3 seconds"),
        (59.999, "1 minute"),
        (0, "0 seconds"),
        (None, "–"),
    ],
)
def test_a_duration_in_words(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


def test_the_parts_of_a_duration_can_be_worded_elsewhere() -> None:
    assert split_duration(6238.25) == (1, 43, 58.25)


@given(st.floats(min_value=1, max_value=300_000))
def test_a_target_time_reaches_its_level_when_run_to_the_second(seconds: float) -> None:
    assert seconds - 1 < floor_target(seconds) <= seconds
    assert parse_duration(format_target(seconds), distance_m=10_000).seconds <= seconds


# Durations in


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45:42", 2742),
        (" 45:42 ", 2742),
        ("45:42.3", 2742.3),
        ("45:42,3", 2742.3),
        ("1:43:58", 6238),
        ("1:43:58,3", 6238.3),
        ("1.43.58", 6238),
        ("45.42,3", 2742.3),
        ("75:30", 4530),
        ("2h03", 7380),
        ("2h03m12", 7392),
        ("2h03m12s", 7392),
        ("2 h 3 min 12 s", 7392),
        ("1h", 3600),
        ("3'25\"4", 205.4),
        ("3'25\"", 205),
        ("3'25", 205),
        ("3′25″4", 205.4),
        ("3’25”4", 205.4),
        ("3'25''4", 205.4),
        ("45min", 2700),
        ("45 min", 2700),
        ("45m", 2700),
        ("45m42s", 2742),
        ("58s", 58),
        ("58,3 s", 58.3),
        ("45 42", 2742),
        ("1 43 58", 6238),
        ("4\N{FULLWIDTH COLON}30", 270),
        ("1:43.58", 103.58),
        ("58.72", 58.72),
    ],
)
def test_the_ways_people_type_a_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == ParsedDuration(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "distance_m", "seconds"),
    [
        ("45.42", 10_000, 2742),
        ("45,42", 10_000, 2742),
        ("4.30", 1500, 270),
        ("58.42", 400, 58.42),
        ("58.4", 400, 58.4),
        ("12.30", 100, 12.3),
        ("58", 400, 58),
        ("45", 10_000, 2700),
        ("4:30", 1500, 270),
        ("45:42", 10_000, 2742),
    ],
)
def test_a_point_means_seconds_from_1500_m_up_and_hundredths_below(
    text: str, distance_m: float, seconds: float
) -> None:
    assert parse_duration(text, distance_m) == ParsedDuration(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "distance_m", "seconds", "other_s"),
    [
        ("45.42", None, 2742, 45.42),
        ("45", None, 2700, 45),
        ("2.10", 800, 2.1, 130),
        ("3:45", MARATHON_M, 225, 13_500),
        ("3.45", MARATHON_M, 225, 13_500),
        ("1:43.58", HALF_MARATHON_M, 103.58, 6238),
        ("2742", 10_000, 164_520, 2742),
    ],
)
def test_a_second_sensible_reading_is_named(
    text: str, distance_m: float | None, seconds: float, other_s: float
) -> None:
    parsed = parse_duration(text, distance_m)

    assert parsed == ParsedDuration(seconds=seconds, other_s=other_s)
    assert parsed.ambiguous


def test_a_parsed_time_is_echoed_in_words() -> None:
    parsed = parse_duration("45.42")

    assert (parsed.words, parsed.other_words) == ("45 minutes 42 seconds", "45.42 seconds")
    assert not parse_duration("45:42").ambiguous


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("fast", "unreadable"),
        ("-45:42", "unreadable"),
        ("45:4", "unreadable"),
        ("1:3:58", "unreadable"),
        ("2h03.5", "unreadable"),
        ("45:42:10:11", "unreadable"),
        ("9" * 5000, "unreadable"),
        ("45:72", "over_59"),
        ("1:72:00", "over_59"),
        ("2h75", "over_59"),
        ("0:00", "zero"),
        ("0", "zero"),
        ("9999:00:00", "too_long"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotATime) as refused:
        parse_duration(text)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("text", "reason"), [("45.4", "seconds_need_two_digits"), ("45.72", "over_59")])
def test_half_typed_seconds_over_a_long_distance_are_refused(text: str, reason: str) -> None:
    with pytest.raises(NotATime) as refused:
        parse_duration(text, 10_000)
    assert refused.value.reason == reason


@given(st.integers(min_value=1, max_value=3_599_999))
def test_every_whole_duration_survives_writing_and_reading(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == ParsedDuration(seconds=float(seconds))


@given(st.integers(min_value=1, max_value=35_999_990), st.sampled_from([Numerals(), GERMAN]))
def test_every_tenth_survives_writing_and_reading(tenths: int, numerals: Numerals) -> None:
    text = format_duration(tenths / 10, tenths=True, numerals=numerals)
    assert parse_duration(text).seconds == tenths / 10


@given(st.text(alphabet="0123456789:.,'\"hms min", max_size=12), st.sampled_from([None, 100.0, 1500.0, MARATHON_M]))
def test_any_text_is_a_positive_time_or_refused(text: str, distance_m: float | None) -> None:
    try:
        parsed = parse_duration(text, distance_m)
    except NotATime:
        return
    assert 0 < parsed.seconds < math.inf


# Distances


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("10k", 10_000),
        ("10K", 10_000),
        ("10 km", 10_000),
        ("half", 21_097.5),
        ("Half marathon", 21_097.5),
        ("half-marathon", 21_097.5),
        ("½ marathon", 21_097.5),
        ("HM", 21_097.5),
        ("marathon", 42_195),
        ("Marathon", 42_195),
        ("5 mi", 8046.72),
        ("10 miles", 16_093.44),
        ("1 mile", 1609.344),
        ("mile", 1609.344),
        ("half mile", 804.672),
        ("880 yd", 804.672),
        ("21.0975 km", 21_097.5),
        ("21,0975 km", 21_097.5),
        ("5000 m", 5000),
        ("5 000 m", 5000),
        ("10,000 m", 10_000),
        ("1.500 m", 1500),
        ("804.672 m", 804.672),
        ("800m", 800),
        ("5000M", 5000),
        ("8,5 km", 8500),
        ("8.5km", 8500),
        ("1,234.5 m", 1234.5),
        ("parkrun", 5000),
    ],
)
def test_the_ways_people_type_a_distance(text: str, metres: float) -> None:
    assert parse_distance(text) == pytest.approx(metres, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("far", "unreadable"),
        ("-5 km", "unreadable"),
        ("1.2.3 km", "unreadable"),
        ("5 leagues", "unreadable"),
        ("9" * 400 + " km", "unreadable"),
        ("10", "unit_missing"),
        ("10m", "unit_unclear"),
        ("21k", "half_or_whole"),
        ("42 K", "half_or_whole"),
        ("10M", "unit_unclear"),
        ("0 km", "zero"),
    ],
)
def test_what_is_no_distance_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotADistance) as refused:
        parse_distance(text)
    assert refused.value.reason == reason


def test_a_form_may_say_what_a_bare_number_means() -> None:
    assert parse_distance("10", default_unit="km") == 10_000
    assert parse_distance("5,000", default_unit="m") == 5000
    assert parse_distance("6.2", default_unit="mi") == pytest.approx(6.2 * MILE_M)


@pytest.mark.parametrize(
    ("distance_m", "units", "text"),
    [
        (8214, "km", "8.2 km"),
        (8214, "mi", "5.1 mi"),
        (8250, "km", "8.3 km"),
        (0, "km", "0.0 km"),
        (None, "km", "–"),
        (math.nan, "mi", "–"),
    ],
)
def test_a_distance_in_the_units_of_the_athlete(distance_m: float | None, units: measures.Units, text: str) -> None:
    assert format_distance(distance_m, units) == spaced(text)


def test_decimals_and_the_unit_of_a_distance_can_be_chosen() -> None:
    assert format_distance(10_034, decimals=2) == spaced("10.03 km")
    assert format_distance(1_964_300, decimals=0) == spaced("1,964 km")
    assert format_distance(10_034, decimals=2, with_unit=False) == "10.03"


@given(st.floats(min_value=1, max_value=400_000), st.sampled_from(["km", "mi"]))
def test_a_written_distance_is_read_back_to_within_its_last_digit(distance_m: float, units: measures.Units) -> None:
    read = parse_distance(format_distance(distance_m, units, decimals=4))
    assert read == pytest.approx(distance_m, abs=0.1)


@pytest.mark.parametrize(
    ("distance_m", "name"),
    [
        (5000, "5 km"),
        (10_000, "10 km"),
        (16_093.44, "10 mi"),
        (16_093, "10 mi"),
        (1609, "1 mile"),
        (1500, "1500 m"),
        (80_467.2, "50 mi"),
        (100_000, "100 km"),
        (7340, "7.34 km"),
        (4990, "4.99 km"),
    ],
)
def test_official_distances_have_their_own_names(distance_m: float, name: str) -> None:
    assert official_distance_name(distance_m) == spaced(name)


@pytest.mark.parametrize(
    ("distance_m", "name"), [(21_097.5, "Half marathon"), (21_100, "Half marathon"), (42_195, "Marathon")]
)
def test_the_marathons_are_words(distance_m: float, name: str) -> None:
    assert official_distance_name(distance_m) == name


def test_a_track_keeps_its_metres_and_miles_stay_miles_for_an_athlete_who_thinks_in_km() -> None:
    assert official_distance_name(5000, track=True) == spaced("5000 m")
    assert official_distance_name(10_000, track=True) == spaced("10,000 m")
    assert official_distance_name(16_093.44, units="km") == spaced("10 mi")
    assert official_distance_name(7340, units="mi") == spaced("4.56 mi")
    assert official_distance_name(None) == "–"


@given(st.sampled_from(sorted(OFFICIAL_NAMES)))
def test_every_official_name_is_read_back_as_its_distance(distance_m: float) -> None:
    assert parse_distance(official_distance_name(distance_m)) == pytest.approx(distance_m, abs=1e-6)


# Pace, speed, climb


def test_a_pace_per_kilometre_and_per_mile() -> None:
    assert format_pace(274.2) == "4:34"
    assert format_pace(274.2, "mi") == "7:21"
    assert (pace_unit("km"), pace_unit("mi")) == ("/km", "/mi")


@pytest.mark.parametrize("speed_mps", [0, None, -1, math.nan])
def test_somebody_who_stands_still_has_no_pace(speed_mps: float | None) -> None:
    assert pace_s_per_km(speed_mps) is None
    assert format_pace(pace_s_per_km(speed_mps)) == "–"


def test_a_pace_comes_from_a_speed() -> None:
    assert format_pace(pace_s_per_km(10_000 / 2742)) == "4:34"


def test_speeds_and_climbs() -> None:
    assert format_speed(3.65) == spaced("13.1 km/h")
    assert format_speed(3.65, "mi") == spaced("8.2 mph")
    assert format_climb(34.4) == spaced("34 m")
    assert format_climb(34.4, "mi") == spaced("113 ft")
    assert format_climb(1234) == spaced("1,234 m")
    assert format_climb(34.4, with_unit=False) == "34"
    assert format_climb(None) == "–"


# Grades and differences


@pytest.mark.parametrize(
    ("grade", "decimals", "text"),
    [
        (0.784, 1, "78.4 %"),
        (0.78446, 1, "78.4 %"),
        (0.78456, 1, "78.5 %"),
        (0.7421, 2, "74.21 %"),
        (0.6996, 1, "69.9 %"),
        (0.69999, 2, "69.99 %"),
        (0.7, 1, "70.0 %"),
        (0.70004, 1, "70.0 %"),
        (0.9999, 1, "99.9 %"),
        (0.5996, 1, "59.9 %"),
        (0.6996, 0, "69 %"),
        (1.0123, 1, "101.2 %"),
        (0.57, 1, "57.0 %"),
        (None, 1, "–"),
        (math.nan, 1, "–"),
    ],
)
def test_a_grade_in_per_cent(grade: float | None, decimals: int, text: str) -> None:
    assert format_grade(grade, decimals) == spaced(text)


@given(st.floats(min_value=0.3, max_value=1.1), st.integers(min_value=0, max_value=4))
def test_no_shown_grade_claims_a_class_that_was_not_reached(grade: float, decimals: int) -> None:
    shown = float(format_grade(grade, decimals, with_unit=False))
    for limit in measures.CLASS_LIMITS:
        assert (shown >= limit) == (grade * 100 >= limit) or math.isclose(grade * 100, limit, rel_tol=1e-15)
    assert shown == pytest.approx(grade * 100, abs=10.0**-decimals)


@pytest.mark.parametrize(
    ("difference", "text"),
    [(1.3, "+1.3"), (-0.42, "−0.4"), (0, "0.0"), (-0.04, "0.0"), (None, "–"), (-1234.5, "−1,234.5")],
)
def test_a_difference_has_a_true_minus_sign(difference: float | None, text: str) -> None:
    assert format_delta(difference) == text


@pytest.mark.parametrize(
    ("difference_s", "text"), [(12, "+0:12"), (-65, "−1:05"), (0.3, "0:00"), (-0.3, "0:00"), (None, "–")]
)
def test_a_difference_of_times(difference_s: float | None, text: str) -> None:
    assert format_time_delta(difference_s) == text


def test_measures_know_no_django() -> None:
    tree = ast.parse(Path(measures.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.split(".")[0] in {"django", "athletes", "performance"} for name in imported)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2:03 h", 7380), ("2:03h", 7380), ("1:43:58 h", 6238), ("45:42 min", 2742), ("45:42,5 min", 2742.5)],
)
def test_a_unit_behind_a_clock_says_what_stands_first(text, seconds):
    parsed = parse_duration(text, 21_097.5)
    assert (parsed.seconds, parsed.other_s) == (seconds, None)


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("13.1 miles", HALF_MARATHON_M),
        ("26.2 mi", MARATHON_M),
        ("Media Maratón", HALF_MARATHON_M),
        ("5 Meilen", 5 * MILE_M),
    ],
)
def test_famous_distances_are_met_exactly_however_they_are_written(text, metres):
    assert parse_distance(text) == metres
