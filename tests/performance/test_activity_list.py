"""/activities/: what is listed, for whom, how it is filtered and paged; and the same as CSV and JSON."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from athletes import people
from athletes.models import Athlete
from performance.activity_filter import PAGE, Cursor
from tests import factories
from tests.conftest import Cast, signed_in
from tests.pages import assert_page_and_partial

pytestmark = pytest.mark.django_db

URL = "/activities/"


def names(html: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<a href="/activities/\d+/"[^>]*>([^<]+)</a>', html)]


def rows_of(response: StreamingHttpResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200 and response["Content-Type"] == "application/json"
    return json.loads(response.getvalue())


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(URL + query)
    assert response.status_code == 200
    return names(response.content.decode())


def many(athlete: Athlete, n: int) -> None:
    for number in range(n):
        factories.make_activity(
            athlete=athlete,
            name=f"Run {number}",
            started_at=datetime(2026, 11, 1, 7, tzinfo=UTC) - timedelta(days=number),
        )


# What a row says


def test_the_newest_comes_first(as_ada, ada):
    factories.make_activity(athlete=ada, name="Older", started_at=datetime(2026, 10, 1, 7, tzinfo=UTC))
    factories.make_activity(athlete=ada, name="Newer", started_at=datetime(2026, 10, 2, 7, tzinfo=UTC))
    assert listed(as_ada) == ["Newer", "Older"]


def test_a_row_tells_date_distance_time_pace_and_heart_rate(as_ada, ada):
    factories.make_activity(athlete=ada, name="Easy along the Cam", distance_m=8200, time_s=2950, hr_avg=128.4)
    html = as_ada.get(URL).content.decode()
    for said in ("Sun 18 Oct", "8.2\xa0km", "49:10", "6:00", "128"):
        assert said in html, said


def test_the_date_is_the_one_where_it_was_run(as_ada, ada):
    factories.make_activity(
        athlete=ada, name="Auckland", started_at=datetime(2026, 10, 17, 19, tzinfo=UTC), utc_offset_s=13 * 3600
    )
    assert "Sun 18 Oct" in as_ada.get(URL).content.decode()


def test_miles_for_who_thinks_in_miles(as_ada, ada):
    Athlete.objects.filter(pk=ada.pk).update(units="mi")
    factories.make_activity(athlete=ada, distance_m=10_000, time_s=3000)
    html = as_ada.get(URL).content.decode()
    assert "6.2\xa0mi" in html and "8:03" in html and "/mi" in html


def test_what_was_not_recorded_is_said_and_not_guessed(as_ada, ada):
    factories.make_activity(athlete=ada, distance_m=None, hr_avg=None, sport="cycling")
    html = as_ada.get(URL).content.decode()
    assert "not recorded" in html and "None" not in html and "nan" not in html


@pytest.mark.parametrize(
    ("state", "words"), [("confirmed", ">Race<"), ("found", "Race, found by us"), ("to_decide", "A race?")]
)
def test_a_race_is_tagged_by_its_state(as_ada, ada, state, words):
    run = factories.make_activity(athlete=ada)
    factories.make_race(athlete=ada, activity=run, state=state)
    assert words in as_ada.get(URL).content.decode()


def test_a_rejected_race_is_a_run(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    factories.make_race(athlete=ada, activity=run, state="rejected")
    assert 'class="tag' not in as_ada.get(URL).content.decode()


def test_races_can_be_listed_alone_and_so_can_all_but_them(as_ada, ada):
    for number, state in enumerate(["confirmed", "found", "to_decide", "rejected", None]):
        run = factories.make_activity(
            athlete=ada, name=f"{state}", started_at=datetime(2026, 10, 9 - number, tzinfo=UTC)
        )
        if state:
            factories.make_race(athlete=ada, activity=run, state=state)
    assert listed(as_ada, "?kind=race") == ["confirmed", "found"]
    assert listed(as_ada, "?kind=to_decide") == ["to_decide"]
    assert listed(as_ada, "?kind=other") == ["rejected", "None"]


def test_the_least_distance_is_in_the_readers_unit(as_ada, ada):
    for km in (5, 10, 16):
        factories.make_activity(athlete=ada, name=f"{km}", distance_m=km * 1000)
    factories.make_activity(athlete=ada, name="none", distance_m=None)
    assert sorted(listed(as_ada, "?min=10")) == ["10", "16"]
    Athlete.objects.filter(pk=ada.pk).update(units="mi")
    assert listed(as_ada, "?min=9.5") == ["16"]


def test_a_run_without_a_name_goes_by_its_sport(as_ada, ada):
    factories.make_activity(athlete=ada, name="", sport="cycling")
    assert listed(as_ada) == ["Ride"]


def test_names_are_text_and_never_markup(as_ada, ada):
    factories.make_activity(athlete=ada, name="<script>alert(1)</script>")
    html = as_ada.get(URL).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


def test_an_empty_list_offers_the_one_thing_to_do(as_ada):
    html = as_ada.get(URL).content.decode()
    assert 'href="/import/"' in html and "nothing here yet" in html
    assert "<table" not in html


# Who sees it


def test_a_stranger_sees_only_their_own(as_eve, ada):
    factories.make_activity(athlete=ada, name="Ada's secret run")
    assert listed(as_eve) == []
    assert as_eve.get(URL + f"?athlete={ada.pk}").status_code == 404


def test_an_operator_sees_nobodys_runs(as_olga, ada):
    factories.make_activity(athlete=ada, name="Ada's secret run")
    assert "Ada's secret run" not in as_olga.get(URL).content.decode()
    assert as_olga.get(URL + f"?athlete={ada.pk}").status_code == 404


@pytest.mark.parametrize(("level", "sees"), [(1, False), (2, True), (3, True)])
def test_a_coach_sees_what_the_grant_names(cast: Cast, as_carl, level, sees):
    factories.make_activity(athlete=cast.ada, name="Long run", hr_avg=133.0)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=level)
    html = as_carl.get(URL).content.decode()
    assert ("Long run" in html) is sees
    assert ("133" in html) is (level == 3), "heart rate is shown from level 3 on"
    assert ("Heart rate" in html) is (level == 3)


def test_a_withdrawn_grant_shows_nothing(cast: Cast, as_carl):
    factories.make_activity(athlete=cast.ada, name="Long run")
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    people.withdraw(athlete=cast.ada, coach=cast.carl)
    assert "Long run" not in as_carl.get(URL).content.decode()
    assert as_carl.get(URL + f"?athlete={cast.ada.pk}").status_code == 404


def test_a_coach_who_runs_sees_themselves_first_and_turns_to_others(cast: Cast):
    factories.make_activity(athlete=cast.ada, name="Ada's run")
    factories.make_activity(athlete=cast.eve, name="Eve's run")
    factories.grant(athlete=cast.ada, coach=cast.eve.user, level=2)
    client = signed_in(cast.eve.user)
    assert listed(client) == ["Eve's run"]
    assert f"?athlete={cast.ada.pk}" in client.get(URL).content.decode()
    assert listed(client, f"?athlete={cast.ada.pk}") == ["Ada's run"]


def test_what_only_strava_told_is_the_athletes_own(cast: Cast, as_ada, as_carl):
    factories.make_activity(athlete=cast.ada, name="From Strava", source="strava")
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert listed(as_ada) == ["From Strava"]
    assert listed(as_carl) == []


def test_who_is_signed_out_is_asked_to_sign_in(client):
    response = client.get(URL)
    assert response.status_code == 302 and response["Location"].startswith("/accounts/login/")


# Filters


def test_filters_work_together(as_ada, ada):
    day = datetime(2026, 5, 4, 7, tzinfo=UTC)
    factories.make_activity(athlete=ada, name="Hills, hard", started_at=day)
    factories.make_activity(athlete=ada, name="Hills, easy", started_at=day - timedelta(days=40))
    factories.make_activity(athlete=ada, name="Hills by bike", started_at=day, sport="cycling")
    factories.make_activity(athlete=ada, name="Flat", started_at=day)
    assert listed(as_ada, "?q=hills&from=2026-05-01&to=2026-05-31&sport=running") == ["Hills, hard"]
    assert listed(as_ada, "?q=HILLS&sport=cycling") == ["Hills by bike"]


def test_a_percent_sign_is_searched_for_and_not_a_wildcard(as_ada, ada):
    factories.make_activity(athlete=ada, name="80 % effort")
    factories.make_activity(athlete=ada, name="Easy")
    assert listed(as_ada, "?q=%25") == ["80 % effort"]


def test_what_cannot_be_read_filters_nothing_and_says_so(as_ada, ada):
    factories.make_activity(athlete=ada, name="Run")
    response = as_ada.get(URL + "?from=yesterday&before=nonsense&sport=quidditch")
    assert names(response.content.decode()) == ["Run"]
    assert "errorlist" in response.content.decode()


def test_no_fit_says_so_and_offers_all(as_ada, ada):
    factories.make_activity(athlete=ada, name="Run")
    html = as_ada.get(URL + "?q=marathon").content.decode()
    assert "Nothing fits these filters." in html and 'href="/activities/"' in html


# Pages


def test_every_run_is_shown_once_over_all_pages(as_ada, ada):
    many(ada, 2 * PAGE + 7)
    seen, url, pages = [], URL, 0
    while url:
        html = as_ada.get(url).content.decode()
        seen += names(html)
        more = re.search(r'class="btn" href="([^"]+)" hx-get', html)
        url, pages = more[1].replace("&amp;", "&") if more else "", pages + 1
    assert pages == 3
    assert seen == [f"Run {number}" for number in range(2 * PAGE + 7)]


def test_runs_of_the_same_moment_are_not_lost_between_pages(as_ada, ada):
    for number in range(PAGE + 3):
        factories.make_activity(athlete=ada, name=f"Twin {number}")
    first = as_ada.get(URL).content.decode()
    more = re.search(r'href="(/activities/\?before=[^"]+)"', first)
    assert more
    assert len(set(names(first)) | set(listed(as_ada, more[1].removeprefix(URL)))) == PAGE + 3


def test_the_next_page_keeps_the_filters(as_ada, ada):
    many(ada, PAGE + 1)
    html = as_ada.get(URL + "?q=run&from=2020-01-01").content.decode()
    assert re.search(r'href="/activities/\?q=run&amp;from=2020-01-01&amp;before=[^"]+" hx-get', html)


def test_more_rows_come_alone_and_take_the_focus(as_ada, ada):
    many(ada, PAGE + 2)
    last = ada.activities.newest_first()[PAGE - 1]
    html = as_ada.get(URL + f"?before={Cursor.of(last)}", headers={"HX-Request": "true"}).content.decode()
    assert names(html) == [f"Run {PAGE}", f"Run {PAGE + 1}"]
    assert "<table" not in html and "<form" not in html
    assert html.count("autofocus") == 1 and "2 more activities" in html


@pytest.mark.parametrize("before", ["99999999999999999-1", "-99999999999999999-1", "1-999999999999999999", "--", "1"])
def test_a_cursor_from_nowhere_is_no_error(as_ada, ada, before):
    factories.make_activity(athlete=ada)
    assert as_ada.get(URL, {"before": before}).status_code == 200


def test_a_cursor_reads_back_as_it_was_written(ada):
    cursor = Cursor.of(
        factories.make_activity(athlete=ada, started_at=datetime(1969, 7, 20, 20, 17, 40, 250, tzinfo=UTC))
    )
    assert Cursor.read(str(cursor)) == cursor
    assert cursor.moment == datetime(1969, 7, 20, 20, 17, 40, 250, tzinfo=UTC)


# The page itself


def test_the_page_and_its_part(as_ada, ada):
    many(ada, 3)
    part = assert_page_and_partial(as_ada, URL, "activity-list")
    assert "3 activities" in part and 'hx-swap-oob="innerHTML"' in part


def test_the_number_of_queries_does_not_grow(as_ada, ada, django_assert_max_num_queries, django_assert_num_queries):
    many(ada, 2)
    as_ada.get(URL)
    with django_assert_max_num_queries(10) as few:
        as_ada.get(URL)
    many(ada, PAGE + 5)
    for run in ada.activities.all()[:20]:
        factories.make_race(athlete=ada, activity=run)
    with django_assert_num_queries(len(few)):
        as_ada.get(URL)


# CSV and JSON


def test_csv_and_json_tell_the_same(as_ada, ada):
    run = factories.make_activity(athlete=ada, name="Ely 10K")
    race = factories.make_race(athlete=ada, activity=run, age_grade=0.7842)
    (row,) = rows_of(as_ada.get("/activities.json"))
    assert row["id"] == run.pk and row["name"] == "Ely 10K" and row["start_time_utc"] == "2026-10-18T09:00:00Z"
    assert row["race_id"] == race.pk and row["race_state"] == "confirmed" and row["age_grade"] == 0.7842
    assert (
        row["distance_m"] == 10_030
        and row["time_s"] == 2752
        and row["pace_s_per_km"] == pytest.approx(274.377, abs=1e-3)
    )
    text = as_ada.get("/activities.csv").getvalue().decode()
    (line,) = csv.DictReader(io.StringIO(text))
    assert {name: str("" if value is None else value) for name, value in row.items()} == line


def test_exports_use_the_filters_of_the_page(as_ada, ada):
    factories.make_activity(athlete=ada, name="Hills")
    factories.make_activity(athlete=ada, name="Flat")
    assert [row["name"] for row in rows_of(as_ada.get("/activities.json?q=hill"))] == ["Hills"]


def test_exports_hold_all_and_not_a_page(as_ada, ada):
    many(ada, PAGE + 5)
    assert len(rows_of(as_ada.get("/activities.json"))) == PAGE + 5


def test_an_undecided_race_lends_no_grade(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    factories.make_race(athlete=ada, activity=run, state="to_decide", age_grade=0.9)
    (row,) = rows_of(as_ada.get("/activities.json"))
    assert row["race_state"] == "to_decide" and row["age_grade"] is None


def test_a_formula_in_a_name_stays_text(as_ada, ada):
    factories.make_activity(athlete=ada, name='=HYPERLINK("http://evil.invalid")')
    assert b"'=HYPERLINK" in as_ada.get("/activities.csv").getvalue()


def test_exports_leak_no_heart_rate_by_level(cast: Cast, as_carl):
    factories.make_activity(athlete=cast.ada, hr_avg=133.0, cadence_avg=171.0, power_avg=245.0)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=2)
    (row,) = rows_of(as_carl.get("/activities.json"))
    assert row["hr_avg"] is row["hr_max"] is row["cadence_avg"] is row["power_avg"] is None
    csv_text = as_carl.get("/activities.csv").getvalue().decode()
    assert not {"133", "171", "245"} & set(re.findall(r"\d+", csv_text))


@pytest.mark.parametrize("url", ["/activities.json", "/activities.csv", "/efforts.json"])
def test_exports_are_nobody_elses(cast: Cast, as_eve, as_carl, client, url):
    factories.make_activity(athlete=cast.ada, name="Secret", analysed=True)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=1)
    for who in (as_eve, as_carl):
        assert b"Secret" not in who.get(url).getvalue()
    assert as_eve.get(url + f"?athlete={cast.ada.pk}").status_code == 404
    assert client.get(url).status_code == 401


@pytest.mark.parametrize("url", ["/activities.json", "/activities.csv", "/efforts.json"])
def test_an_export_refuses_a_filter_that_it_cannot_read(as_ada, url):
    response = as_ada.get(url + "?from=yesterday")
    assert response.status_code == 422
    assert "from" in response.json()["error"]["detail"]


def test_efforts_name_their_run_and_recording(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    efforts = rows_of(as_ada.get("/efforts.json"))
    assert {effort["activity_id"] for effort in efforts} == {run.pk}
    assert [effort["distance_m"] for effort in efforts][:2] == [400.0, 800.0]
    assert all(effort["recording_id"] == run.recordings.get().pk for effort in efforts)


@pytest.mark.parametrize("url", [URL, "/activities.json", "/activities.csv", "/efforts.json"])
def test_nothing_personal_is_kept_by_caches(as_ada, url):
    assert "no-store" in as_ada.get(url)["Cache-Control"]
