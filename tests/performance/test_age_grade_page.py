"""The calculator: public, nothing assumed, every figure of the proof in sight, every result an address."""

import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from athletes.models import Athlete
from performance import agegrade
from tests.pages import assert_page_and_partial

URL = "/age-grade/"
HTMX = {"HX-Request": "true"}
EXAMPLE = {"table": "F", "age": "58", "distance": "10000", "time": "45:42"}
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def anybody(db) -> Client:
    return Client()


def ask(client: Client, *, status: int = 200, htmx: bool = False, **changed: str) -> str:
    response = client.get(URL, {**EXAMPLE, **changed}, headers=HTMX if htmx else {})
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def grades(html: str) -> list[str]:
    return re.findall(r'<p class="big">([^<]+)</p>', html)


# -- a result and its proof ---------------------------------------------------------------------------------------------


def test_anybody_gets_a_grade_with_two_decimals_without_signing_in(anybody):
    html = ask(anybody)
    # Road 2025, women, 10 km: open standard 28:46 (1726 s), factor at 58 0.8027: 1726 / 0.8027 / 2742 = 78.42 %
    assert grades(html) == [f"78.42{NBSP}%"]
    assert "Regional class" in html
    assert f"10{NBSP}km in 45 minutes 42 seconds at 58" in html


def test_the_proof_shows_standard_factor_formula_and_source(anybody):
    html = ask(anybody)
    proof = html[html.index('<dl class="proof">') : html.index("</dl>", html.index('<dl class="proof">'))]
    for shown in ("28:46.00", "0.8027", "35:50.24", f"78.42{NBSP}%", "36:41.00"):
        assert shown in proof, shown
    for why in ("open standard ÷ age factor", "age standard ÷ time", "time × age factor"):
        assert why in proof
    assert "USATF MLDR, Road Running Age Standards 2025" in html


def test_times_for_every_level_are_floored_and_those_reached_are_marked(anybody):
    html = ask(anybody)
    levels = html[html.index('class="table levels"') :]
    shown = re.findall(r'<th scope="row">(\d+) %</th><td class="n( got)?">.*?(\d+:\d+)</td>', levels)
    assert [(int(percent), bool(got)) for percent, got, _time in shown] == [
        (60, True), (65, True), (70, True), (75, True), (80, False), (85, False), (90, False),
    ]  # fmt: skip
    for percent, _got, time in shown:
        minutes, seconds = map(int, time.split(":"))
        total = minutes * 60 + seconds
        assert agegrade.age_grade(time_s=total, age=58, sex="F", distance_m=10_000).age_grade >= int(percent) / 100
        assert agegrade.age_grade(time_s=total + 1, age=58, sex="F", distance_m=10_000).age_grade < int(percent) / 100


def test_both_tables_stand_side_by_side(anybody):
    html = ask(anybody, table="both")
    assert len(grades(html)) == 2
    assert "By the women’s tables" in html and "By the men’s tables" in html


def test_a_grade_just_below_a_class_has_not_reached_it(anybody):
    standard_s = agegrade.age_standard(age=58, sex="F", distance_m=10_000).age_standard_s
    minutes, seconds = divmod(standard_s / 0.79999, 60)
    html = ask(anybody, time=f"{minutes:.0f}:{seconds:05.2f}")
    assert grades(html) == [f"79.99{NBSP}%"]
    assert "National class" not in html


def test_a_distance_between_two_columns_says_between_which(anybody):
    html = ask(anybody, distance="other", own="17.3 km", time="1:25:00")
    assert f"between their columns 10{NBSP}mi and 20{NBSP}km" in html
    expected = agegrade.age_grade(time_s=5100, age=58, sex="F", distance_m=17_300).age_grade
    assert grades(html) == [f"{expected * 100:.2f}{NBSP}%"]


def test_an_age_beyond_the_tables_says_which_was_used(anybody):
    html = ask(anybody, age="104", distance="5000", time="1:10:00")
    assert "their figures for 100 were used" in html


def test_a_fractional_age_is_taken_as_it_is(anybody):
    expected = agegrade.age_grade(time_s=2742, age=58.5, sex="F", distance_m=10_000).age_grade
    assert grades(ask(anybody, age="58.5")) == [f"{expected * 100:.2f}{NBSP}%"]


@pytest.mark.parametrize("edition", [edition.id for edition in agegrade.editions() if "road" in edition.surfaces])
def test_every_offered_road_edition_can_be_chosen(anybody, edition):
    html = ask(anybody, edition=edition)
    try:
        expected = agegrade.age_grade(time_s=2742, age=58, sex="F", distance_m=10_000, edition=edition)
        assert grades(html) == [f"{expected.age_grade * 100:.2f}{NBSP}%"]
    except agegrade.Refused as refusal:
        assert refusal.sentence in html


def test_a_convention_rounds_as_it_says(anybody):
    # parkrun grades by Road 2010 in whole seconds
    expected = agegrade.age_grade(
        time_s=1402, age=58, sex="F", distance_m=5000, edition="road-2010", convention="whole-second"
    ).age_grade_pct
    html = ask(anybody, distance="5000", time="23:22", edition="road-2010", convention="whole-second")
    assert grades(html) == [f"{expected:.2f}{NBSP}%"]
    assert "Rounded to whole seconds" in html


def test_a_withdrawn_edition_is_not_offered_but_answers_to_its_name(anybody):
    assert "withdrawn" not in ask(anybody)
    html = ask(anybody, edition="road-2025-04-withdrawn", distance="other", own="3 km", time="13:00")
    assert "This edition was withdrawn and never approved." in html


def test_track_and_walk_have_their_own_tables(anybody):
    html = ask(anybody, surface="track", distance="other", own="5000 m", time="21:30")
    assert grades(html)
    assert "come from a secondary list" in html
    assert grades(ask(anybody, surface="walk", distance="other", own="5 km", time="33:00"))


def test_an_event_can_be_named(anybody):
    html = ask(anybody, table="M", age="45", surface="track", distance="other", own="3000mSC", time="10:30")
    expected = agegrade.age_grade(time_s=630, age=45, sex="M", event="3000mSC", surface="track").age_grade
    assert grades(html) == [f"{expected * 100:.2f}{NBSP}%"]


# -- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"distance": "other", "own": "300 km", "time": "40:00:00"}, "Nothing is published for 300000 m"),
        ({"edition": "wma-2006"}, "no tables for the surface"),
        (
            {"edition": "wma-2014-5yr", "surface": "track", "distance": "other", "own": "5000 m", "time": "20:00"},
            "it cannot grade",
        ),
    ],
)
def test_a_refusal_is_an_answer_in_words(anybody, asked, words):
    html = ask(anybody, **asked)
    assert "No grade." in html
    assert words in html
    assert not grades(html)


def test_an_edition_of_factors_alone_gives_the_age_graded_time_and_no_grade(anybody):
    html = ask(anybody, edition="wma-2014-5yr", surface="track", distance="other", own="5000 m", time="20:00")
    factor = agegrade.age_factor(age=58, sex="F", distance_m=5000, edition="wma-2014-5yr", surface="track").age_factor
    assert "Age-graded time" in html
    minutes, seconds = divmod(1200 * factor, 60)
    assert f"{minutes:.0f}:{seconds:05.2f}" in html
    assert not grades(html)


# -- nothing is assumed -------------------------------------------------------------------------------------------------


def test_the_empty_calculator_asks_and_shows_an_example_one_can_follow(anybody):
    html = anybody.get(URL).content.decode()
    assert "Nothing is assumed." in html
    assert "aria-invalid" not in html
    example = re.search(r'<a href="([^"]+)">Show an example', html)[1].replace("&amp;", "&")
    assert grades(anybody.get(example).content.decode()) == [f"78.42{NBSP}%"]


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("table", "Choose women’s tables, men’s, or both."),
        ("age", "Give the age on race day, or the birth date."),
        ("distance", "Choose a distance."),
        ("time", "Enter the time."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_missing_is_asked_for(anybody, missing, words, htmx):
    html = ask(anybody, status=422, htmx=htmx, **{missing: ""})
    assert words in html
    assert not grades(html)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"age": "0"}, "above 0 and at most 120"),
        ({"age": "121"}, "above 0 and at most 120"),
        ({"age": "old"}, "Write the age as a number"),
        ({"table": "X"}, "Select a valid choice"),
        ({"time": "45:99"}, "Minutes and seconds go up to 59."),
        ({"time": "0:00"}, "longer than nothing"),
        ({"distance": "other", "own": ""}, "Enter your distance"),
        ({"distance": "other", "own": "far"}, "We cannot read this distance."),
        ({"distance": "other", "own": "10"}, "Add the unit"),
        ({"edition": "road-1066"}, "Select a valid choice"),
        ({"born_day": "31", "born_month": "2", "born_year": "1968"}, "There is no such day."),
        ({"born_day": "17", "born_month": "5"}, "year you were born in"),
        ({"born_day": "17", "born_month": "5", "born_year": "1968", "on": "1960-01-01"}, "before the first birthday"),
        ({"on": "yesterday"}, "Write the race date as year-month-day"),
    ],
)
def test_what_cannot_be_is_said_and_not_graded(anybody, wrong, words):
    html = ask(anybody, status=422, **wrong)
    assert words in html
    assert not grades(html)


def test_a_time_with_two_readings_is_asked_about_and_each_answer_is_a_link(anybody):
    html = ask(anybody, distance="42195", time="3:45")
    assert "Which time do you mean?" in html
    assert not grades(html)
    links = [
        link.replace("&amp;", "&")
        for link in re.findall(r'<a href="(/age-grade/\?[^"]+)">[^<]*(?:minutes|hours)', html)
    ]
    assert len(links) == 2
    expected = agegrade.age_grade(time_s=3 * 3600 + 45 * 60, age=58, sex="F", distance_m=42_195).age_grade
    assert f"{expected * 100:.2f}{NBSP}%" in [grades(anybody.get(link).content.decode())[0] for link in links]


def test_a_dot_is_minutes_and_seconds_over_longer_distances(anybody):
    assert grades(ask(anybody, time="45.42")) == grades(ask(anybody, time="45:42"))


# -- age from a birth date ----------------------------------------------------------------------------------------------

BORN = {"age": "", "born_day": "17", "born_month": "5", "born_year": "1968"}


@pytest.mark.parametrize(("on", "age"), [("2026-05-16", 57), ("2026-05-17", 58)])
def test_a_birth_date_gives_the_age_on_race_day(anybody, on, age):
    assert f"45 minutes 42 seconds at {age}" in ask(anybody, **BORN, on=on)


def test_without_a_race_date_it_is_today(anybody, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args, **kwargs: date(2026, 5, 17))
    assert "45 minutes 42 seconds at 58" in ask(anybody, **BORN)


def test_a_birth_date_is_not_in_the_address_that_is_passed_on(anybody):
    response = anybody.get(URL, {**EXAMPLE, **BORN, "on": "2026-05-17"}, headers=HTMX)
    html = response.content.decode()
    shared = re.search(r'<a href="([^"]+)">open it, or pass it on', html)[1].replace("&amp;", "&")
    assert parse_qs(urlsplit(shared).query) == {name: [value] for name, value in EXAMPLE.items()}
    assert response["HX-Replace-Url"] == shared
    assert grades(anybody.get(shared).content.decode()) == grades(html)


# -- the page -----------------------------------------------------------------------------------------------------------


def test_page_and_result_share_one_address(anybody):
    html = assert_page_and_partial(anybody, f"{URL}?table=F&age=58&distance=10000&time=45:42", "result")
    assert f'<div id="live" hx-swap-oob="innerHTML">78.42{NBSP}%' in html


def test_the_form_shows_what_the_address_asks(anybody):
    html = ask(anybody, convention="calculator")
    assert re.search(r'value="F"[^>]* checked', html)
    assert '<option value="10000" selected>' in html
    assert 'value="45:42"' in html
    assert '<option value="calculator" selected>' in html
    assert re.search(r"<details open><summary>Standards", html), "what differs from the ordinary is not folded away"


def test_an_address_may_name_a_distance_that_is_not_in_the_list(anybody):
    html = ask(anybody, distance="17300", time="1:25:00")
    assert f'<option value="17300" selected>17.30{NBSP}km</option>' in html
    assert grades(html)


def test_a_signed_in_athlete_finds_table_and_age_filled_in(cast, as_ada, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args, **kwargs: date(2026, 11, 20))
    html = as_ada.get(URL).content.decode()
    assert re.search(r'value="F"[^>]* checked', html)
    assert re.search(r'name="age" value="58"', html)
    assert "1968" not in html, "the birth date stays where it is"


def test_what_is_not_known_of_an_athlete_is_not_filled_in(cast, as_ada):
    Athlete.objects.filter(pk=cast.ada.pk).update(table="", born=None)
    html = as_ada.get(URL).content.decode()
    assert " checked" not in html
    assert not re.search(r'name="age" value', html)


def test_who_does_not_run_can_use_it_too(as_carl, as_olga):
    for client in (as_carl, as_olga):
        assert grades(ask(client)) == [f"78.42{NBSP}%"]


def test_nothing_typed_becomes_markup(anybody):
    html = ask(anybody, status=422, time='"><script>alert(1)</script>')
    assert "<script>alert" not in html


def test_what_an_address_carries_besides_is_no_question(anybody):
    response = anybody.get(f"{URL}?utm_source=club")
    assert response.status_code == 200
    assert "Nothing is assumed." in response.content.decode()


# -- the same performance elsewhere -------------------------------------------------------------------------------------


def test_the_same_race_stands_by_every_edition_and_rounding_one_address_away(anybody):
    html = ask(anybody)
    for edition in agegrade.under_every_edition(time_s=2742, age=58, sex="F", distance_m=10_000):
        if edition.result is not None:
            assert f"{100 * edition.result.age_grade:.2f}{NBSP}%" in html, edition.edition.id
            if edition.edition.id != "road-2025":
                assert f"edition={edition.edition.id}" in html
    assert "edition=road-2025-04-withdrawn" not in html
    for convention in ("calculator", "whole-second"):
        assert f"convention={convention}" in html


def test_equivalents_carry_the_grade_to_other_distances_ages_and_the_other_table(anybody):
    html = ask(anybody)
    given = agegrade.age_grade(time_s=2742, age=58, sex="F", distance_m=10_000)
    for change in ({"distance_m": 5000}, {"distance_m": 42_195}, {"age": 40}, {"age": 75}, {"sex": "M"}):
        equal = agegrade.equivalent_time(given, **change)
        shown = int(equal.time_s)
        clock = (
            f"{shown // 3600}:{shown % 3600 // 60:02}:{shown % 60:02}"
            if shown >= 3600
            else f"{shown // 60}:{shown % 60:02}"
        )
        assert clock in html, change


def test_both_tables_with_all_there_is_stay_within_a_page_s_budget(anybody):
    assert len(re.findall(r"<[a-z]", ask(anybody, table="both"))) <= 1500


@pytest.mark.parametrize(
    "changed",
    [
        {"distance": "other", "own": "2000mSC", "surface": "track", "time": "9:00"},
        {"distance": "other", "own": "10 km walk", "surface": "walk", "time": "1:10:00"},
        {"age": "3"},
        {"age": "119.5"},
        {"distance": "other", "own": "17.3 km", "time": "1:30:00"},
        {"edition": "wava-1994"},
        {"edition": "road-2025-04-withdrawn", "distance": "other", "own": "1 km", "time": "4:30"},
    ],
)
def test_odd_performances_have_their_elsewhere_too(anybody, changed):
    assert grades(ask(anybody, **changed))
