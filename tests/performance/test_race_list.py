"""The race book: who sees which races, what stands on the page, how it is narrowed, sorted and continued."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from athletes.models import Athlete
from performance import race_book
from performance.models import Race
from performance.race_book import Line, RaceBook
from tests.factories import grant, make_activity, make_race
from tests.pages import assert_page_and_partial

URL = "/races/"


def page(client: Client, url: str = URL) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def names_in_order(html: str) -> list[str]:
    """The races of the table, from top to bottom."""
    table = html[html.index('<table class="table races"') :] if 'class="table races"' in html else ""
    return re.findall(r'<tr id="race-\d+">.*?<th scope="row">.*?<a [^>]*>([^<]+)</a>', table, flags=re.S)


def make_races(athlete: Athlete, number: int, **fields) -> list[Race]:
    """One race a week, the first one the latest."""
    return [
        make_race(
            athlete=athlete, name=f"Race {index:03}", local_date=date(2026, 11, 1) - timedelta(weeks=index), **fields
        )
        for index in range(number)
    ]


# -- who sees what ------------------------------------------------------------------------------------------------------


def test_ada_sees_her_races_and_may_add_one(cast, as_ada):
    make_race(athlete=cast.ada, name="Ely 10K")
    html = page(as_ada)
    assert "<h1>Race book</h1>" in html
    assert "Ely 10K" in html
    assert reverse("performance:race-add") in html


def test_carl_sees_adas_races_only_with_her_grant_and_may_change_none(cast, as_carl):
    make_race(athlete=cast.ada, name="Ely 10K", state="to_decide")
    make_race(athlete=cast.eve, name="Secret 5K")
    assert "Ely 10K" not in page(as_carl)
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    html = page(as_carl)
    assert "Race book of Ada Marsh" in html
    assert "Ely 10K" in html
    assert "Secret 5K" not in html
    assert "Confirm race" not in html
    assert reverse("performance:race-add") not in html


def test_a_grant_for_races_alone_shows_no_way_to_the_run(cast, as_carl):
    activity = make_activity(athlete=cast.ada)
    make_race(athlete=cast.ada, activity=activity)
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    assert f"/activities/{activity.pk}/" not in page(as_carl)
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    assert f"/activities/{activity.pk}/" in page(as_carl)


def test_a_coach_of_several_turns_to_one_by_address(cast, as_carl):
    make_race(athlete=cast.ada, name="Ely 10K")
    make_race(athlete=cast.eve, name="Bury 5K")
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    grant(athlete=cast.eve, coach=cast.carl, level=1)
    html = page(as_carl, f"{URL}?athlete={cast.eve.pk}")
    assert "Bury 5K" in html
    assert "Ely 10K" not in html
    assert f"?athlete={cast.ada.pk}" in html
    assert f"?athlete={cast.eve.pk}&amp;state=confirmed" in html, "the chips stay with this athlete"


def test_eve_is_told_that_adas_race_book_does_not_exist(cast, as_eve):
    make_race(athlete=cast.ada, name="Ely 10K")
    assert "Ely 10K" not in page(as_eve)
    assert as_eve.get(f"{URL}?athlete={cast.ada.pk}").status_code == 404


def test_olga_who_operates_sees_nobodys_races(cast, as_olga):
    make_race(athlete=cast.ada, name="Ely 10K")
    html = page(as_olga)
    assert "Ely 10K" not in html
    assert "There is no race book to show" in html


def test_somebody_who_is_not_signed_in_is_asked_to(db):
    response = Client().get(URL)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


# -- what stands on the page --------------------------------------------------------------------------------------------


def test_the_page_and_its_list_share_one_address(cast, as_ada):
    make_race(athlete=cast.ada)
    html = assert_page_and_partial(as_ada, URL, "race-list")
    assert 'id="live" hx-swap-oob="innerHTML"' in html
    assert "1 race shown" in html
    assert 'id="race-chips"' in html


def test_the_head_counts_every_state(cast, as_ada):
    for state, number in (("confirmed", 3), ("found", 2), ("to_decide", 1), ("rejected", 4)):
        make_races(cast.ada, number, state=state)
    html = page(as_ada)
    assert "3 confirmed races, 2 found by us, 1 waiting for a decision, 4 rejected" in html


def test_what_waits_stands_above_with_score_and_reasons_for_and_against(cast, as_ada):
    evidence = {
        "reasons": [
            {"code": "name_event", "weight": 4.4, "params": {"word": "10K", "value": 1.0}},
            {"code": "heart_rate", "weight": -0.6, "params": {"value": 0.4}},
        ]
    }
    make_race(athlete=cast.ada, name="Ely Runners 10K", state="to_decide", probability=0.929, evidence=evidence)
    html = page(as_ada)
    assert "Are these races?" in html
    assert "Very likely" in html
    assert "score 92 of 100" in html
    assert "Name contains “10K”" in html
    assert re.search(r'<li class="against">.*?Average heart rate lower than in 60.%', html, flags=re.S)
    assert html.index("Ely Runners 10K") < html.index("Races that count")


def test_evidence_of_an_older_detector_is_left_out_rather_than_shown_as_a_code(cast, as_ada):
    evidence = {
        "reasons": [{"code": "phase_of_the_moon", "weight": 2.0, "params": {}}, {"code": "pace", "weight": 1.0}]
    }
    make_race(athlete=cast.ada, name="Moonlight Mile", state="to_decide", evidence=evidence)
    assert "phase_of_the_moon" not in page(as_ada)


def test_a_race_found_by_us_counts_says_so_and_can_be_undone_with_one_press(cast, as_ada):
    race = make_race(athlete=cast.ada, name="Bury 10K", state="found")
    html = page(as_ada)
    assert names_in_order(html) == ["Bury 10K"]
    assert '<span class="tag">Found by us</span>' in html
    assert f'action="/races/{race.pk}/decide/"' in html
    assert 'name="decision" value="rejected"' in html


def test_a_race_is_shown_with_its_year_distance_time_pace_and_grade_on_a_scale(cast, as_ada):
    make_race(
        athlete=cast.ada, name="Ely 10K", local_date=date(2026, 10, 18), distance_m=10_000, time_s=2742, age_grade=0.784
    )
    html = page(as_ada)
    row = html[html.index('<tr class="year">') : html.index("</tbody>")]
    for shown in (
        "2026",
        "1 race",
        "best 78.4\N{NO-BREAK SPACE}%",
        "18 Oct",
        "10\N{NO-BREAK SPACE}km",
        "45:42",
        "4:34",
    ):
        assert shown in row, shown
    assert 'cx="71.0%"' in row, "78.4 on a scale from 50 to 90"


def test_a_grade_leads_to_its_proof_with_all_it_rests_on(cast, as_ada):
    make_race(athlete=cast.ada, local_date=date(2026, 10, 18), distance_m=10_000, time_s=2742, age_grade=0.784)
    html = page(as_ada)
    address = re.search(r'class="figure" href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert (
        address
        == "/age-grade/?table=F&age=58&distance=10000&time=45%3A42&surface=road&edition=road-2025&convention=exact"
    )
    assert as_ada.get(address).status_code == 200


def test_a_race_without_a_grade_says_why(cast, as_ada):
    make_race(athlete=cast.ada, name="Fell", age_grade=None, surface="trail", refusal="surface_not_in_edition")
    assert "no table" in page(as_ada)


def test_a_grade_just_below_a_class_is_not_shown_as_that_class(cast, as_ada):
    make_race(athlete=cast.ada, age_grade=0.69996)
    html = page(as_ada)
    assert "69.9\N{NO-BREAK SPACE}%" in html
    assert "70.0\N{NO-BREAK SPACE}%" not in html


def test_the_best_grade_over_a_distance_raced_again_is_marked(cast, as_ada):
    make_race(athlete=cast.ada, name="Slower", age_grade=0.71)
    make_race(athlete=cast.ada, name="Best", age_grade=0.74, local_date=date(2026, 9, 1))
    make_race(athlete=cast.ada, name="Once", distance_m=5000, age_grade=0.80)
    make_race(athlete=cast.ada, name="Not a race", age_grade=0.99, state="rejected")
    html = page(as_ada)
    marked = re.findall(r">([^<]+)</a>\s*<span class=\"tag good\">Best grade</span>", html)
    assert marked == ["Best"]


def test_large_numbers_stay_usable_in_addresses_and_ids(cast, as_ada):
    make_race(athlete=cast.ada, name="Ely 10K", state="to_decide", pk=1_234_567)
    html = page(as_ada)
    assert 'id="race-1234567"' in html
    assert "1,234,567" not in html


def test_a_name_from_anywhere_is_only_a_name(cast, as_ada):
    make_race(athlete=cast.ada, name="<script>alert(1)</script>", state="to_decide")
    html = page(as_ada)
    assert "<script>alert" not in html
    assert "style=" not in html


# -- narrowing and sorting ----------------------------------------------------------------------------------------------


def test_a_search_finds_by_a_part_of_the_name_whatever_the_case(cast, as_ada):
    make_race(athlete=cast.ada, name="Milton parkrun")
    make_race(athlete=cast.ada, name="Ely 10K")
    assert names_in_order(page(as_ada, f"{URL}?q=PARK")) == ["Milton parkrun"]


def test_wildcards_in_a_search_are_letters(cast, as_ada):
    make_race(athlete=cast.ada, name="100% Effort")
    make_race(athlete=cast.ada, name="Ely 10K")
    assert names_in_order(page(as_ada, f"{URL}?q=%25")) == ["100% Effort"]


def test_distances_are_offered_as_raced_and_narrow_by_their_name(cast, as_ada):
    make_race(athlete=cast.ada, name="Half", distance_m=21_097.5)
    make_race(athlete=cast.ada, name="Ten", distance_m=10_000)
    make_race(athlete=cast.ada, name="Odd", distance_m=17_300)
    html = page(as_ada)
    assert '<option value="21097.5">Half marathon</option>' in html
    assert "17.30" not in html[html.index("<select") : html.index("</select>")]
    assert names_in_order(page(as_ada, f"{URL}?distance=21097.5")) == ["Half"]
    assert names_in_order(page(as_ada, f"{URL}?distance=half")) == ["Half"]
    assert names_in_order(page(as_ada, f"{URL}?distance=other")) == ["Odd"]
    assert names_in_order(page(as_ada, f"{URL}?distance=5000")) == []


def test_a_year_narrows_to_its_races(cast, as_ada):
    make_race(athlete=cast.ada, name="Old", local_date=date(2019, 5, 4))
    make_race(athlete=cast.ada, name="New", local_date=date(2026, 5, 4))
    html = page(as_ada, f"{URL}?year=2019")
    assert names_in_order(html) == ["Old"]
    assert '<option value="2019" selected>2019</option>' in html


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("", ["Found", "Confirmed"]),
        ("confirmed", ["Confirmed"]),
        ("rejected", ["Rejected"]),
        ("to_decide", []),
        ("found", []),
    ],
)
def test_a_state_narrows_the_table_to_what_is_in_it(cast, as_ada, state, shown):
    for index, name in enumerate(["Found", "Confirmed", "Rejected", "To_decide"]):
        make_race(athlete=cast.ada, name=name, state=name.lower(), local_date=date(2026, 10, 18 - index))
    assert names_in_order(page(as_ada, f"{URL}?state={state}")) == shown


@pytest.mark.parametrize("state", ["to_decide", "found"])
def test_what_can_be_decided_is_shown_as_cards_with_reasons(cast, as_ada, state):
    make_race(athlete=cast.ada, name="Perhaps", state=state)
    html = page(as_ada, f"{URL}?state={state}")
    assert 'class="card candidate"' in html
    assert "Confirm race" in html


def test_the_order_is_said_and_turned_round_by_the_head_of_the_column(cast, as_ada):
    make_race(athlete=cast.ada, name="Newer", local_date=date(2026, 10, 1), age_grade=0.70)
    make_race(athlete=cast.ada, name="Older", local_date=date(2025, 10, 1), age_grade=0.75)
    make_race(athlete=cast.ada, name="Ungraded", local_date=date(2024, 10, 1), age_grade=None)
    html = page(as_ada)
    assert names_in_order(html) == ["Newer", "Older", "Ungraded"]
    assert re.search(r'aria-sort="descending"><a href="/races/\?sort=date">', html)
    html = page(as_ada, f"{URL}?sort=date")
    assert names_in_order(html) == ["Ungraded", "Older", "Newer"]
    assert re.search(r'aria-sort="ascending"><a href="/races/">', html)
    assert names_in_order(page(as_ada, f"{URL}?sort=-grade")) == ["Older", "Newer", "Ungraded"]
    assert names_in_order(page(as_ada, f"{URL}?sort=grade")) == ["Newer", "Older", "Ungraded"]


@pytest.mark.parametrize("query", ["state=maybe", "year=MMXX", "distance=far", "sort=height", "before=x"])
def test_a_filter_that_cannot_be_read_is_said_to_be(cast, as_ada, query):
    make_race(athlete=cast.ada)
    response = as_ada.get(f"{URL}?{query}")
    assert response.status_code == 422
    assert "This filter cannot be read" in response.content.decode()


def test_the_address_of_a_filtered_list_holds_only_what_was_asked(cast, as_ada):
    make_race(athlete=cast.ada)
    response = as_ada.get(f"{URL}?state=&q=ely&distance=&year=&sort=-date", headers={"HX-Request": "true"})
    assert response["HX-Replace-Url"] == "/races/?q=ely"


# -- long lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", race_book.SORTS)
def test_every_race_is_reached_once_in_order_page_by_page(cast, as_ada, sort):
    races = make_races(cast.ada, 65)
    for index, race in enumerate(races):
        Race.objects.filter(pk=race.pk).update(
            age_grade=None if index % 7 == 3 else 0.6 + (index * 37 % 20) / 100,
            edition="" if index % 7 == 3 else "road-2025",
            convention="" if index % 7 == 3 else "exact",
        )
    url, seen = f"{URL}?sort={sort}", []
    while url:
        html = page(as_ada, url)
        found = names_in_order(html)
        assert 0 < len(found) <= race_book.ROWS
        seen += found
        more = re.search(r'id="more-races".*?href="([^"]+)"', html, flags=re.S)
        url = more[1].replace("&amp;", "&") if more else ""
    expected = race_book.in_order(Race.objects.of(cast.ada), sort).values_list("name", flat=True)
    assert seen == list(expected)


def test_more_races_come_as_rows_alone_and_do_not_head_their_year_again(cast, as_ada):
    make_races(cast.ada, race_book.ROWS + 5)
    html = page(as_ada)
    more = re.search(r'id="more-races".*?hx-get="([^"]+)"', html, flags=re.S)[1].replace("&amp;", "&")
    rows = as_ada.get(more, headers={"HX-Request": "true", "HX-Target": "more-races"}).content.decode()
    assert rows.strip().startswith("<tbody>")
    assert "5 more races" in rows
    assert '<tr class="year">' not in rows
    assert " autofocus>Race 030</a>" in rows, "the focus goes on where the reader was"
    whole = page(as_ada, more)
    assert '<tr class="year">' in whole
    assert "Back to the start of the list" in whole


def test_the_page_needs_few_queries_however_many_races_and_runs(cast, as_ada, django_assert_num_queries):
    from activities.models import Activity

    start = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    Activity.objects.bulk_create(
        Activity(
            athlete=cast.ada, name="Run", sport="running", started_at=start - timedelta(hours=7 * n),
            local_date=(start - timedelta(hours=7 * n)).date(), distance_m=8000, elapsed_s=2700,
        )
        for n in range(3000)
    )  # fmt: skip
    runs = list(Activity.objects.order_by("-started_at")[:60])
    states = ["confirmed", "confirmed", "found", "to_decide", "rejected"]
    Race.objects.bulk_create(
        Race(
            athlete=cast.ada, found_in=run, local_date=run.local_date, name=f"Race {n}", distance_m=10_000, time_s=2700 + n,
            time_source="effort", state=states[n % 5], probability=0.9, age=58, age_grade=0.7 + n / 1000, edition="road-2025",
            convention="exact", graded_by="F",
        )
        for n, run in enumerate(runs)
    )  # fmt: skip
    with django_assert_num_queries(7):
        html = page(as_ada)
    assert html.count("<tr id=") == race_book.ROWS
    assert html.count("<") / 2 < 1500, "a page stays light"
    with django_assert_num_queries(7):
        as_ada.get(f"{URL}?q=race", headers={"HX-Request": "true"})


# -- times to aim for ---------------------------------------------------------------------------------------------------


@pytest.fixture
def at_58(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args, **kwargs: date(2026, 11, 20))


def test_times_to_aim_for_are_those_that_really_reach_the_level(cast, as_ada, at_58):
    from performance.agegrade import age_grade
    from performance.targets import target_rows

    make_race(athlete=cast.ada, local_date=date(2026, 10, 18), distance_m=10_000, time_s=2742)
    html = page(as_ada)
    assert "Times to aim for at 58" in html
    for row in target_rows(age=58, sex="F", best={10_000.0: 2742.0}):
        for target in row.targets:
            earned = age_grade(time_s=target.time_s, age=58, sex="F", distance_m=row.distance_m).age_grade
            missed = age_grade(time_s=target.time_s + 1, age=58, sex="F", distance_m=row.distance_m).age_grade
            assert earned >= target.percent / 100 > missed
        if row.distance_m == 10_000:
            assert [target.percent for target in row.targets if target.reached] == [60, 65, 70, 75]
            assert row.upcoming.percent == 80
            assert row.gap_s == 2742 - row.upcoming.time_s
        else:
            assert row.upcoming is None and row.gap_s is None


def test_only_races_of_the_last_twelve_months_that_count_are_a_best(cast):
    make_race(athlete=cast.ada, local_date=date(2026, 10, 18), time_s=2742)
    make_race(athlete=cast.ada, local_date=date(2025, 11, 19), time_s=2600)
    make_race(athlete=cast.ada, local_date=date(2026, 10, 25), time_s=2500, state="rejected")
    make_race(athlete=cast.ada, local_date=date(2026, 10, 26), time_s=2400, age_grade=None, surface="trail")
    book = RaceBook.of(Race.objects.of(cast.ada))
    assert book.fastest(since=race_book.a_year_before(date(2026, 11, 20))) == {10_000.0: 2742.0}


def test_who_is_graded_by_both_tables_gets_both(cast, as_ada, at_58):
    Athlete.objects.filter(pk=cast.ada.pk).update(table="both")
    make_race(athlete=cast.ada)
    html = page(as_ada)
    assert "women’s tables" in html
    assert "men’s tables" in html


@pytest.mark.parametrize(
    ("field", "value", "words"), [("born", None, "Your birth date."), ("table", "", "Which tables grade you")]
)
def test_what_is_missing_for_grades_is_asked_for_instead_of_assumed(cast, as_ada, field, value, words):
    Athlete.objects.filter(pk=cast.ada.pk).update(**{field: value})
    make_race(athlete=cast.ada, age_grade=None)
    html = page(as_ada)
    assert words in html
    assert "Times to aim for" not in html
    assert reverse("athletes:settings") in html


# -- nothing yet --------------------------------------------------------------------------------------------------------


def test_without_runs_the_way_to_import_is_shown(cast, as_ada):
    html = page(as_ada)
    assert "there are none here yet" in html
    assert reverse("activities:import-new") in html
    assert 'class="table races"' not in html


def test_with_runs_but_no_race_it_says_what_to_do(cast, as_ada):
    make_activity(athlete=cast.ada)
    html = page(as_ada)
    assert "None of your runs looks like a race so far" in html
    assert reverse("performance:activity-list") in html


def test_a_filter_that_nothing_fits_says_so(cast, as_ada):
    make_race(athlete=cast.ada)
    html = page(as_ada, f"{URL}?q=nowhere")
    assert "No race fits the filter." in html


def test_nothing_waiting_is_said_too(cast, as_ada):
    make_race(athlete=cast.ada)
    assert "Nothing is waiting" in page(as_ada, f"{URL}?state=to_decide")


# -- the book itself ----------------------------------------------------------------------------------------------------


def line(pk: int, **fields) -> Line:
    usual = {
        "local_date": date(2026, 1, pk % 28 + 1),
        "distance_m": 5000.0,
        "time_s": 1400.0,
        "age_grade": 0.7,
        "state": "found",
    }
    return Line(pk=pk, **{**usual, **fields})


def test_a_distance_goes_by_a_name_only_where_it_is_that_distance():
    assert race_book.official_m(21_100) == 21_097.5
    assert race_book.official_m(4_990) is None
    assert race_book.official_m(None) is None


def test_years_count_what_counts_and_know_their_best():
    book = RaceBook(
        (line(1), line(2, age_grade=0.75), line(3, state="rejected", age_grade=0.9), line(4, age_grade=None))
    )
    assert book.years == {2026: race_book.Year(count=3, best=0.75)}
    assert RaceBook((line(1, age_grade=None),)).years[2026].best is None


def test_the_page_names_the_standard_that_was_chosen(cast, as_ada):
    make_race(athlete=cast.ada)
    assert "Road races are graded by Road 2025 (newest)" in page(as_ada)
    cast.ada.road_edition = "road-2015"
    cast.ada.save()
    assert "Road races are graded by Road 2015, races on the track by WMA 2023" in page(as_ada)


@pytest.mark.parametrize(
    ("race", "words"),
    [
        ({"evidence": {"no_course": True}}, "on a treadmill or in a virtual world"),
        ({"name": "Ottersey relay"}, "a leg of a relay"),
        ({"evidence": {"downhill": True}}, "further below its start"),
        ({"distance_m": 50_000.0}, "longer than a marathon"),
    ],
)
def test_a_race_without_a_grade_until_confirmed_says_why_and_can_be_confirmed(cast, as_ada, race, words):
    run = make_activity(athlete=cast.ada)
    waiting = make_race(athlete=cast.ada, activity=run, state="to_decide", age_grade=None, refusal="to_confirm", **race)
    html = page(as_ada)
    assert "Not graded yet." in html
    assert words in html
    waiting.state = "found"
    waiting.save()
    html = page(as_ada)
    assert re.search(rf'action="/races/{waiting.pk}/decide/".*?It was a race', html, flags=re.S)
    html = as_ada.get(f"/activities/{run.pk}/").content.decode()
    assert words in html
    assert 'value="confirmed"' in html


def test_a_race_on_no_road_has_no_grade_but_what_it_would_be_worth_on_one(cast, as_ada):
    run = make_activity(athlete=cast.ada, name="Ely cross-country")
    make_race(athlete=cast.ada, activity=run, surface="cross_country", age_grade=None, refusal="surface_not_in_edition")
    html = as_ada.get(f"/activities/{run.pk}/").content.decode()
    href = re.search(r'href="(/age-grade/[^"]+)">What the same time would be worth on the road', html)
    assert "surface=road" in href[1]
    assert "distance=10000" in href[1]


def test_all_of_it_can_be_had_on_one_page_to_be_printed(cast, as_ada, django_assert_max_num_queries):
    make_races(cast.ada, race_book.ROWS + 5, state="found")
    html = page(as_ada, f"{URL}?sort=-grade")
    assert len(names_in_order(html)) == race_book.ROWS
    href = re.search(r'href="([^"]*rows=all[^"]*)"', html)[1].replace("&amp;", "&")
    assert "sort=-grade" in href
    with django_assert_max_num_queries(15):
        whole = page(as_ada, href)
    assert len(names_in_order(whole)) == race_book.ROWS + 5
    assert "data-print" in whole
    assert "Not a race" not in whole


def test_links_of_the_list_forget_what_was_just_decided(cast, as_ada):
    race = make_race(athlete=cast.ada, state="rejected", decided_by=cast.ada.user)
    html = page(as_ada, f"{URL}?decided={race.pk}")
    assert "is not a race." in html
    assert "decided=" not in html
