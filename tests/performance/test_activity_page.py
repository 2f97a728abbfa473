"""/activities/<id>/ and its JSON: what is told of one run, in every state it can be in, and to whom."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.utils import timezone

from activities.models import Activity, Recording
from activities.recorded import Streams
from athletes.models import Athlete
from performance.charts import metres_between
from tests import factories
from tests.conftest import Cast
from tests.pages import assert_page_and_partial

pytestmark = pytest.mark.django_db


def page(client, activity: Activity) -> str:
    response = client.get(f"/activities/{activity.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def figures(html: str) -> dict[str, str]:
    found = re.findall(
        r"<dt>(?:<a [^>]+>)?([^<]+)(?:</a>)?</dt><dd>(.*?)</dd>",
        html.split('<dl class="keyfigs">')[1].split("</dl>", maxsplit=1)[0],
    )
    return {label: " ".join(unescape(re.sub(r"<[^>]+>", "", value)).split()) for label, value in found}


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# Key figures


def test_a_race_stands_first_with_its_grade_and_its_own_time(as_ada, ada):
    run = factories.make_activity(athlete=ada, name="Ely 10K", distance_m=10_030, time_s=2752, analysed=True)
    factories.make_race(athlete=ada, activity=run, distance_m=10_000, time_s=2742, age_grade=0.78421)
    html = page(as_ada, run)
    assert list(figures(html).items()) == [
        ("Age grade at 58", "78.4 %"),
        ("Time", "45:42"),
        ("Distance", "10.03 km"),
        ("Pace", "4:34 /km"),
        ("Heart rate", "162"),
        ("Climb", "34 m"),
    ]


def test_a_run_that_waits_for_a_decision_shows_no_grade(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    factories.make_race(athlete=ada, activity=run, state="to_decide", age_grade=0.739)
    html = page(as_ada, run)
    assert "Age grade at 58" not in figures(html)
    assert figures(html)["Time"] == "45:52", "the run's own time, not the race's"


def test_the_grade_leads_to_its_proof(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    factories.make_race(athlete=ada, activity=run, distance_m=10_000, time_s=2742, age_grade=0.7842)
    address = unescape(re.search(r'<dt><a href="(/age-grade/[^"]+)">', page(as_ada, run))[1])
    assert "78.42" in as_ada.get(address).content.decode()


def test_both_tables_stand_side_by_side(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    factories.make_race(athlete=ada, activity=run, age_grade=0.784, age_grade_other=0.701)
    assert figures(page(as_ada, run))["Age grade at 58"] == "78.4 % men's 70.1 %"


def test_pauses_are_told_where_there_were_some(as_ada, ada):
    run = factories.make_activity(athlete=ada, time_s=2700)
    Activity.objects.filter(pk=run.pk).update(elapsed_s=3000, timer_s=2700)
    shown = figures(page(as_ada, run))
    assert shown["Time"] == "45:00" and shown["With pauses"] == "50:00"


@pytest.mark.parametrize(
    ("sport", "distance_m", "time_s", "label", "value"),
    [("cycling", 30_000, 3600, "Speed", "30.0 km/h"), ("swimming", 1500, 1800, "Pace", "2:00 /100 m")],
)
def test_every_sport_tells_how_fast_in_its_own_way(as_ada, ada, sport, distance_m, time_s, label, value):
    run = factories.make_activity(athlete=ada, sport=sport, distance_m=distance_m, time_s=time_s)
    assert figures(page(as_ada, run))[label] == value


def test_miles_and_feet_for_who_thinks_in_them(as_ada, ada):
    Athlete.objects.filter(pk=ada.pk).update(units="mi")
    run = factories.make_activity(athlete=ada, distance_m=16_093.44, time_s=4800, ascent_m=100, analysed=True)
    html = page(as_ada, run)
    assert figures(html)["Distance"] == "10.00 mi" and figures(html)["Climb"] == "328 ft"
    assert figures(html)["Pace"] == "8:00 /mi"
    assert '<th scope="col" class="n">mi</th>' in html


def test_climbing_is_found_in_the_altitudes_where_the_source_gives_none(as_ada, ada):
    run = factories.make_activity(athlete=ada, ascent_m=None)
    factories.make_analysis(activity=run, ascent_m=57.0)
    assert figures(page(as_ada, run))["Climb"] == "57 m"
    assert as_ada.get(f"/activities/{run.pk}.json").json()["ascent_m"] == 57.0


def test_a_nought_for_distance_is_no_distance(as_ada, ada):
    run = factories.make_activity(athlete=ada, sport="cycling", distance_m=0.0)
    shown = figures(page(as_ada, run))
    assert "not recorded" in shown["Distance"] and "not recorded" in shown["Speed"]
    assert as_ada.get(f"/activities/{run.pk}.json").json()["distance_m"] is None


def test_what_nobody_can_have_run_has_no_pace(as_ada, ada):
    run = factories.make_activity(athlete=ada, distance_m=4575, time_s=57)
    assert "not recorded" in figures(page(as_ada, run))["Pace"]


# When and where


def test_the_clock_is_the_one_where_it_was_run(as_ada, ada):
    run = factories.make_activity(athlete=ada, started_at=datetime(2026, 10, 18, 9, tzinfo=UTC), utc_offset_s=3600)
    assert "Sunday 18 October 2026, 10:00" in page(as_ada, run)


def test_an_unknown_clock_is_said_to_be_utc(as_ada, ada):
    run = factories.make_activity(athlete=ada, started_at=datetime(2026, 10, 18, 9, tzinfo=UTC), utc_offset_s=None)
    assert "Sunday 18 October 2026, 09:00 UTC" in text(page(as_ada, run))


# Charts, splits, efforts


def test_three_charts_share_one_cursor_and_tell_what_they_show(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    assert "Pace, heart rate, elevation" in html
    assert html.count("data-scrub") == 3 and html.count('class="cross"') == 3
    assert re.search(r"<desc[^>]*>Fastest 4:\d\d /km, at \d\.\d km\.</desc>", html)
    data = json.loads(re.search(r'<script id="samples" type="application/json">(.*?)</script>', html)[1])
    assert len(data["x"]) == len(data["route"]) == 360
    assert all(len(series["values"]) == 360 for series in data["series"])


def test_the_charts_can_be_read_as_a_table(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    table = html.split("Show as a table")[1].split("</table>")[0]
    assert 12 <= table.count("<tr>") <= 26
    assert "Elevation" in table and "Heart rate" in table


def test_no_style_and_no_script_stand_in_the_page(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True, n_laps=10)
    factories.make_race(athlete=ada, activity=run)
    html = page(as_ada, run)
    assert " style=" not in html and "onclick" not in html and "hx-on" not in html
    assert not re.search(r"<script(?![^>]*(src=|application/json))", html)


def test_splits_say_how_far_from_the_average_they_are(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    splits = html.split('id="h-splits"')[1].split("</table>")[0]
    assert splits.count("<tr>") == 12, "a header, ten kilometres and the 30 m left over"
    assert "slower than average" in splits and "faster than average" in splits
    assert 'class="fast"' in splits and 'class="slow"' in splits


def test_best_efforts_are_graded_where_there_is_a_table(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    efforts = html.split('id="h-efforts"')[1].split("</table>")[0]
    rows = {row.split()[0] + " " + row.split()[1]: row for row in map(text, efforts.split("<tr>")[2:])}
    assert "no table" in rows["1 km"]
    assert re.search(r"\d\d\.\d %", rows["10 km"])


def test_efforts_are_ranked_against_the_athletes_own(as_ada, ada):
    factories.make_activity(athlete=ada, started_at=datetime(2020, 5, 1, 9, tzinfo=UTC), time_s=2600, analysed=True)
    factories.make_activity(athlete=ada, started_at=datetime(2026, 6, 1, 9, tzinfo=UTC), time_s=2800, analysed=True)
    run = factories.make_activity(athlete=ada, time_s=2700, analysed=True)
    efforts = page(as_ada, run).split('id="h-efforts"')[1].split("</table>")[0]
    assert "Best at 58" in efforts and "Best ever" not in efforts


def test_the_first_run_ever_is_no_best(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    assert "Best ever" not in html


def test_without_a_birth_date_efforts_stay_ungraded_and_say_what_is_missing(as_ada, ada):
    Athlete.objects.filter(pk=ada.pk).update(born=None)
    html = page(as_ada, factories.make_activity(athlete=ada, analysed=True))
    efforts = html.split('id="h-efforts"')[1].split("</section>")[0]
    assert "%" not in efforts and 'href="/settings/"' in efforts


def test_laps_come_from_the_watch(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, n_laps=5, analysed=True))
    assert html.split('id="h-laps"')[1].split("</table>")[0].count("<tr>") == 6


def test_many_laps_are_folded_away(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, sport="swimming", n_laps=99))
    assert "Show all 99 laps" in html


def test_a_swimmers_laps_are_in_metres(as_ada, ada):
    html = page(as_ada, factories.make_activity(athlete=ada, sport="swimming", distance_m=200, time_s=280, n_laps=4))
    laps = html.split('id="h-laps"')[1].split("</table>")[0]
    assert '<th scope="col" class="n">m</th>' in laps and '<td class="n">50</td>' in laps


def test_columns_that_hold_nothing_are_left_out(as_ada, ada):
    streams = factories.make_streams(heart_rate=False, altitude=False)
    html = page(as_ada, factories.make_activity(athlete=ada, hr_avg=None, streams=streams, n_laps=3))
    for name in ("h-splits", "h-laps"):
        table = html.split(f'id="{name}"')[1].split("</table>")[0]
        assert "Heart rate" not in table and "Climb" not in table


def test_one_lap_is_no_lap(as_ada, ada):
    assert 'id="h-laps"' not in page(as_ada, factories.make_activity(athlete=ada, n_laps=1))


# What is missing


def test_a_treadmill_has_charts_and_no_route(as_ada, ada):
    streams = factories.make_streams(positions=False, altitude=False)
    html = page(as_ada, factories.make_activity(athlete=ada, sub_sport="treadmill", ascent_m=None, streams=streams))
    assert html.count("data-scrub") == 2 and 'id="h-route"' not in html
    assert "No positions were recorded" in html
    assert figures(html)["Climb"] == "– not recorded" or "not recorded" in figures(html)["Climb"]


def test_without_heart_rate_there_is_no_empty_chart(as_ada, ada):
    run = factories.make_activity(athlete=ada, hr_avg=None, streams=factories.make_streams(heart_rate=False))
    html = page(as_ada, run)
    assert html.count("data-scrub") == 2
    assert "No heart rate was recorded." in html


def test_without_distance_charts_go_over_time(as_ada, ada):
    streams = factories.make_streams(distance=False, positions=False, altitude=False)
    html = page(as_ada, factories.make_activity(athlete=ada, sport="cycling", distance_m=None, streams=streams))
    assert html.count("data-scrub") == 1 and "40:00" in html
    assert 'id="h-splits"' not in html and 'id="h-efforts"' not in html


def test_totals_alone_are_a_page_too(as_ada, ada):
    run = factories.make_activity(athlete=ada, streams=Streams.empty())
    html = page(as_ada, run)
    assert "Only totals were recorded" in html
    assert "data-scrub" not in html and 'id="h-splits"' not in html


def test_a_standstill_is_no_route(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    factories.make_analysis(activity=run, route=[[52.4, 0.26]] * 3)
    assert "The positions do not move." in page(as_ada, run)


def test_old_and_odd_analyses_break_nothing(as_ada, ada):
    """Stored by another version, or by hand: an empty chart, splits in no shape, no columns at all."""
    for charts, splits in (
        ({}, []),
        ({"axis": "distance", "x": []}, {}),
        ({"axis": "distance", "x": [5.0]}, {"mi": []}),
    ):
        run = factories.make_activity(athlete=ada)
        factories.make_analysis(activity=run, charts=charts, splits=splits, route=[])
        assert "data-scrub" not in page(as_ada, run)


# While it is analysed


def test_a_run_not_yet_analysed_says_so_and_asks_again(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    part = assert_page_and_partial(as_ada, f"/activities/{run.pk}/", "activity")
    assert "Being analysed…" in part and 'hx-trigger="every 2s"' in part
    factories.make_analysis(activity=run)
    part = assert_page_and_partial(as_ada, f"/activities/{run.pk}/", "activity")
    assert "hx-trigger" not in part and "data-scrub" in part, "the finished part no longer asks"


def test_a_run_that_waits_long_asks_less_often(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    Activity.objects.filter(pk=run.pk).update(changed_at=timezone.now() - timedelta(minutes=5))
    assert 'hx-trigger="every 10s"' in page(as_ada, run)


def test_a_failed_analysis_keeps_the_totals(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    factories.make_analysis(activity=run, failed="ValueError", charts={}, splits={}, route=[])
    html = page(as_ada, run)
    assert "could not be analysed" in html and figures(html)["Time"] == "45:52"
    assert "ValueError" not in html and "hx-trigger" not in html


def test_figures_from_before_a_change_say_so(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    Activity.objects.filter(pk=run.pk).update(changed_at=timezone.now() + timedelta(seconds=1))
    html = page(as_ada, run)
    assert "analysed again" in html and "data-scrub" in html and "hx-trigger" not in html


# What it is to the race book


@pytest.mark.parametrize(
    ("state", "words", "offers"),
    [
        ("confirmed", "Race", ["rejected"]),
        ("found", "Race, found by us", ["rejected"]),
        ("to_decide", "A race?", ["confirmed", "rejected"]),
    ],
)
def test_a_race_tells_its_state_and_offers_the_other_answer(as_ada, ada, state, words, offers):
    run = factories.make_activity(athlete=ada)
    race = factories.make_race(athlete=ada, activity=run, state=state)
    html = page(as_ada, run)
    assert f">{words}</span>" in html
    assert f'action="/races/{race.pk}/decide/"' in html
    assert re.findall(r'name="decision" value="(\w+)"', html) == offers


@pytest.mark.parametrize("rejected", [True, False])
def test_what_is_no_race_can_be_marked_as_one(as_ada, ada, rejected):
    run = factories.make_activity(athlete=ada)
    if rejected:
        factories.make_race(athlete=ada, activity=run, state="rejected")
    html = page(as_ada, run)
    assert f'action="/activities/{run.pk}/mark/"' in html
    assert (">Not a race</span>" in html) is rejected


def test_a_ride_is_never_offered_as_a_race(as_ada, ada):
    assert "/mark/" not in page(as_ada, factories.make_activity(athlete=ada, sport="cycling"))


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("age_missing", "birth date is missing"),
        ("sex_missing", "which tables"),
        ("distance_out_of_range", "no published table"),
    ],
)
def test_a_race_without_a_grade_says_why(as_ada, ada, refusal, words):
    run = factories.make_activity(athlete=ada)
    factories.make_race(athlete=ada, activity=run, age_grade=None, refusal=refusal)
    assert words in page(as_ada, run)


# Sources


def test_other_recordings_of_the_run_are_listed(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    factories.make_recording(activity=run, device="Stryd", original_name="pod.fit", distance_m=10_100)
    html = text(page(as_ada, run))
    assert "Other recordings of the same run" in html and "pod.fit" in html and "10.1" in html


def test_what_only_part_of_was_readable_says_so(as_ada, ada):
    run = factories.make_activity(athlete=ada)
    Recording.objects.filter(activity=run).update(
        incomplete="The file ends in the middle of a record.", notes=["distance_computed"]
    )
    html = page(as_ada, run)
    assert "Only part of the file could be read" in html and "ends in the middle" in html
    assert "worked out from the positions" in html


# Who sees it


def test_a_stranger_and_an_operator_get_404(as_eve, as_olga, ada):
    run = factories.make_activity(athlete=ada, name="Secret", analysed=True)
    for client in (as_eve, as_olga):
        for url in (f"/activities/{run.pk}/", f"/activities/{run.pk}.json"):
            response = client.get(url)
            assert response.status_code == 404 and "Secret" not in response.content.decode()


def test_a_coach_without_activities_gets_404(cast: Cast, as_carl):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=1)
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 404
    assert as_carl.get(f"/activities/{run.pk}.json").status_code == 404


def test_a_coach_at_level_2_sees_no_stream_and_no_sign_of_one(cast: Cast, as_carl):
    run = factories.make_activity(athlete=cast.ada, hr_avg=133.0, n_laps=3, analysed=True)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=2)
    html = page(as_carl, run)
    assert "data-scrub" not in html and 'id="samples"' not in html and 'class="route"' not in html
    assert "Heart rate" not in html and ">133<" not in html and ">HR<" not in html
    assert "No heart rate" not in html and "52.4" not in html
    assert 'id="h-splits"' in html and 'id="h-efforts"' in html
    answer = as_carl.get(f"/activities/{run.pk}.json").json()
    assert "charts" not in answer and "route" not in answer
    assert answer["hr_avg"] is None and {lap["hr_avg"] for lap in answer["laps"]} == {None}
    assert {split["hr_avg"] for splits in answer["splits"].values() for split in splits} == {None}
    assert "n_hr" not in answer["recordings"][0] and "n_positions" not in answer["recordings"][0]


def test_a_coach_may_look_and_not_decide(cast: Cast, as_carl):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.make_race(athlete=cast.ada, activity=run)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    html = page(as_carl, run)
    assert 'method="post"' not in html and "/edit/" not in html and "/settings/" not in html
    assert "Ada Marsh" in html and ".fit" not in html, "whose it is, but no name of a file"


def test_a_coach_at_level_3_sees_the_route_without_its_ends(cast: Cast, as_carl, as_ada):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    own = as_ada.get(f"/activities/{run.pk}.json").json()
    seen = as_carl.get(f"/activities/{run.pk}.json").json()
    door, end = tuple(own["route"][0]), tuple(own["route"][-1])
    positions = [tuple(point) for point in seen["route"]]
    positions += [
        place
        for place in zip(seen["charts"]["latitude"], seen["charts"]["longitude"], strict=True)
        if place != (None, None)
    ]
    assert len(positions) > 200
    first, last = positions[0], seen["route"][-1]
    assert metres_between(door, first) >= 200 and metres_between(end, tuple(last)) >= 200
    assert min(metres_between(door, place) for place in positions) >= 200, "this loop comes home only at its end"
    html = page(as_carl, run)
    assert 'class="route"' in html and 'class="start"' not in html and "Start and end are hidden" in html


def test_the_runner_sees_the_whole_route(as_ada, ada):
    run = factories.make_activity(athlete=ada, analysed=True)
    html = page(as_ada, run)
    assert 'class="start"' in html and "hidden</p>" not in html


def test_a_run_round_the_block_is_hidden_altogether(cast: Cast, as_carl):
    run = factories.make_activity(athlete=cast.ada)
    factories.make_analysis(activity=run, route=[[52.4, 0.26], [52.4005, 0.26], [52.4, 0.26]])
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    html = page(as_carl, run)
    assert "too close to its start or end" in html and 'class="route"' not in html


def test_a_line_of_an_archive_does_not_open_stravas_samples_to_a_coach(cast: Cast, as_carl, as_ada, settings):
    run = factories.make_activity(athlete=cast.ada, source="strava", analysed=True)
    factories.make_recording(activity=run, source="archive")
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert as_ada.get(f"/activities/{run.pk}/").status_code == 200
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 404
    settings.STRAVA_SHARE_WITH_COACHES = True
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 200


def test_a_coach_sees_no_recording_of_strava(cast: Cast, as_carl, as_ada):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.make_recording(activity=run, source="strava", device="Strava App")
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert "Strava" in page(as_ada, run)
    assert "Strava" not in page(as_carl, run)
    assert len(as_carl.get(f"/activities/{run.pk}.json").json()["recordings"]) == 1


# The whole


def test_the_json_tells_what_the_page_shows(as_ada, ada):
    run = factories.make_activity(athlete=ada, name="Ely 10K", n_laps=4, analysed=True)
    race = factories.make_race(athlete=ada, activity=run, age_grade=0.7842)
    answer = as_ada.get(f"/activities/{run.pk}.json").json()
    assert answer["id"] == run.pk and answer["race_id"] == race.pk and answer["age_grade"] == 0.7842
    assert len(answer["laps"]) == 4 and len(answer["splits"]["km"]) == 11
    assert len(answer["charts"]["x"]) == 360 and len(answer["route"]) > 20
    assert answer["recordings"][0]["leads"] is True


@pytest.mark.parametrize("path", ["", ".json"])
def test_who_is_signed_out_sees_nothing(client, ada, path):
    run = factories.make_activity(athlete=ada)
    response = client.get(f"/activities/{run.pk}{path or '/'}")
    assert response.status_code in {302, 401} and "Morning run" not in response.content.decode()


def test_the_number_of_queries_is_fixed(as_ada, ada, django_assert_max_num_queries):
    run = factories.make_activity(athlete=ada, n_laps=40, analysed=True)
    factories.make_race(athlete=ada, activity=run)
    for day in range(5):
        factories.make_activity(athlete=ada, started_at=datetime(2026, 1, 1 + day, 8, tzinfo=UTC), analysed=True)
    with django_assert_max_num_queries(12):
        page(as_ada, run)


def test_the_page_stays_light(as_ada, ada):
    """A marathon with 43 splits and 50 laps: the limits are those of the design, by and large."""
    run = factories.make_activity(athlete=ada, distance_m=42_400, time_s=13_200, n_laps=50, analysed=True)
    factories.make_race(athlete=ada, activity=run, distance_m=42_195, time_s=13_140)
    html = page(as_ada, run)
    brotli = pytest.importorskip("brotli")
    assert len(brotli.compress(html.encode())) <= 20_000
    assert len(re.findall(r"<[a-z]", html)) <= 2_000


def test_a_leap_day_birthday_is_kept_on_the_first_of_march(as_ada, ada):
    Athlete.objects.filter(pk=ada.pk).update(born=date(1968, 2, 29))
    factories.make_activity(athlete=ada, started_at=datetime(2026, 2, 28, 9, tzinfo=UTC), time_s=2700, analysed=True)
    run = factories.make_activity(
        athlete=ada, started_at=datetime(2026, 3, 1, 9, tzinfo=UTC), time_s=2800, analysed=True
    )
    assert "Best at 58" in page(as_ada, run), "the faster run of the day before was at 57"
