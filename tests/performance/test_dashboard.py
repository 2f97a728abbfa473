"""The first page, the predictions and the training load: what each of the cast sees, and what stands there without data."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.models import Activity
from athletes.models import Athlete
from performance import training
from performance.models import Race
from tests import factories
from tests.conftest import Cast, signed_in
from tests.pages import assert_page_and_partial

TODAY = timezone.localdate()


def ago(days: int) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, 8, tzinfo=UTC) - timedelta(days=days)


def raced(athlete: Athlete, *, days: int, name: str, grade: float, **fields) -> Race:
    return factories.make_race(
        athlete=athlete, name=name, local_date=TODAY - timedelta(days=days), age_grade=grade, **fields
    )


@pytest.fixture
def season(cast: Cast) -> Athlete:
    """Ada's two years: races, two runs that may be races, and six weeks of running."""
    ada = cast.ada
    Athlete.objects.filter(pk=ada.pk).update(hr_max=185)
    raced(ada, days=30, name="Ely 10K", grade=0.784)
    raced(ada, days=60, name="Milton parkrun", grade=0.771, distance_m=5000, time_s=1384)
    raced(ada, days=500, name="Cam Half", grade=0.771, distance_m=21_097.5, time_s=6238)
    for number in range(3):
        run = factories.make_activity(athlete=ada, name=f"Saturday {number}", started_at=ago(5 + number))
        factories.make_race(athlete=ada, activity=run, name=f"Saturday {number}", state="to_decide", age_grade=0.74)
    for number in range(15):
        factories.make_activity(
            athlete=ada, name=f"Easy {number}", started_at=ago(3 * number), distance_m=8000, analysed=number < 4
        )
    training.derive_loads(Athlete.objects.get(pk=ada.pk))
    return Athlete.objects.get(pk=ada.pk)


def text(client, url: str, **headers) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode())).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_signed_out_it_says_what_this_is(client, db):
    assert "Every race you ran" in client.get("/").content.decode()


def test_it_answers_how_good_and_whether_that_changes(season):
    page = text(signed_in(season.user), "/")
    assert "78.4 %" in page and "Best in 12 months. Ely 10K" in page and "in 45:42" in page
    assert "▲ 1.3 points on the year before" in page
    assert "3 races that count, since" in page
    assert (
        "Milton parkrun" in page and "Cam Half, " not in page.split("Best grades of 12 months")[1].split("You could")[0]
    )
    assert "You could run today" in page and "Half marathon" in page
    assert "26 weeks, on foot" in page and "All 18" in page


def test_a_worse_year_is_said_without_alarm(cast: Cast):
    raced(cast.ada, days=30, name="Ely 10K", grade=0.76)
    raced(cast.ada, days=400, name="Old 10K", grade=0.78)
    html = signed_in(cast.ada.user).get("/").content.decode()
    assert "▼ 2.0 points" in html and 'class="up"' not in html


def test_without_a_race_in_a_year_the_best_so_far_stands_there(cast: Cast):
    raced(cast.ada, days=700, name="Old 10K", grade=0.78)
    page = text(signed_in(cast.ada.user), "/")
    assert "Best so far. Old 10K" in page and "No graded race in the last 12 months." in page
    assert "Not enough recent races: 0 of the 2" in page


def test_with_nothing_there_is_one_thing_to_do(cast: Cast):
    page = signed_in(cast.eve.user).get("/").content.decode()
    assert 'href="/import/"' in page and '<svg class="chart' not in page, "no empty axes"
    Athlete.objects.filter(pk=cast.eve.pk).update(born=None, table="")
    assert "Two things before your races can be graded" in signed_in(cast.eve.user).get("/").content.decode()


def test_who_neither_runs_nor_coaches_is_told_so(cast: Cast):
    for url in ("/", "/predictions/", "/load/"):
        assert "nobody" in text(signed_in(cast.olga), url) or "No athlete" in text(signed_in(cast.olga), url)


def test_nothing_of_hers_is_anybody_elses(cast: Cast, season):
    for user in (cast.eve.user, cast.carl, cast.olga):
        for url in ("/", "/predictions/", "/load/"):
            assert signed_in(user).get(f"{url}?athlete={season.pk}").status_code == 404
            assert "Ely 10K" not in text(signed_in(user), url)


@pytest.mark.parametrize(("level", "runs", "load"), [(1, False, False), (2, True, False), (3, True, True)])
def test_a_coach_sees_what_the_grant_names(cast: Cast, season, level, runs, load):
    factories.grant(athlete=season, coach=cast.carl, level=level)
    coach = signed_in(cast.carl)
    page = text(coach, "/")
    assert "Ely 10K" in page and "Ada Marsh" in page
    assert ("Weekly distance" in page) is runs and ("Easy 0" in page) is runs
    assert ("Fatigue" in page) is load
    assert 'name="decision"' not in coach.get("/").content.decode(), "deciding is the athlete's"
    assert coach.get(f"/load/?athlete={season.pk}").status_code == (200 if load else 404)


def test_what_only_strava_told_is_not_in_a_coachs_weeks(cast: Cast):
    factories.make_activity(athlete=cast.ada, started_at=ago(1), distance_m=30_000, source="strava")
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert "30 km" in text(signed_in(cast.ada.user), "/")
    assert "30 km" not in text(signed_in(cast.carl), "/")


def test_a_decision_is_made_in_place_and_taken_back_in_place(season):
    client = signed_in(season.user)
    race = Race.objects.filter(state="to_decide").latest("local_date")
    said = {"decision": "confirmed", "seen": "0", "where": "home", "next": "/"}
    headers = {"HX-Request": "true", "HX-Target": f"race-{race.pk}"}
    answer = client.post(f"/races/{race.pk}/decide/", said, headers=headers)
    html = answer.content.decode()
    assert "is a race" in html and "Undo" in html and 'id="live"' in html
    assert "race-counts" not in html and "race-chips" not in html, "the dashboard has neither"
    assert answer["HX-Trigger-After-Settle"] == "race-decided"
    seen = re.search(r'name="seen" value="(\d+)"', html)[1]
    again = client.post(f"/races/{race.pk}/decide/", {**said, "decision": "undone", "seen": seen}, headers=headers)
    assert "Not a race" in again.content.decode() and "would grade" in again.content.decode()
    plain = client.post(f"/races/{race.pk}/decide/", {**said, "seen": ""})
    assert plain.status_code == 302 and plain["Location"] == f"/?decided={race.pk}#race-{race.pk}"


def test_while_files_are_read_the_strip_says_so_and_then_goes(season):
    client = signed_in(season.user)
    batch = factories.make_batch(athlete=season, outcomes=["new", "waiting", "waiting"])
    part = assert_page_and_partial(client, "/", "sync-strip", **{"HX-Target": "sync-strip"})
    assert "1 of 3" in part and f"/import/{batch.pk}/" in part and "every 5s" in part
    batch.files.update(outcome="new", done_at=timezone.now())
    assert re.search("Your runs are being analysed +14 to go +Figures may still change", text(client, "/"))
    for activity in Activity.objects.filter(analysis=None):
        factories.make_analysis(activity=activity)
    assert 'id="sync-strip" class="strip"></div>' in client.get("/").content.decode()


def test_a_poll_swaps_figures_alone_until_there_is_something_to_tell(season):
    client = signed_in(season.user)
    batch = factories.make_batch(athlete=season, outcomes=["waiting"] * 8)
    headers = {"HX-Request": "true", "HX-Target": "strip-figures"}

    def poll(html: str) -> Any:
        return client.get(re.search(r'hx-get="(/\?seen=[^"]*)"', html)[1], headers=headers)

    def read(n: int) -> None:
        waiting = batch.files.filter(outcome="waiting").values_list("pk", flat=True)[:n]
        batch.files.filter(pk__in=list(waiting)).update(outcome="new", done_at=timezone.now())

    read(1)
    html = poll(client.get("/").content.decode()).content.decode()
    assert html.startswith('<span id="strip-figures"') and "1 of 8" in html and "<a" not in html and "live" not in html
    read(1)
    answer = poll(html)
    assert answer["HX-Retarget"] == "#sync-strip"
    told = re.search(r'<div id="live"[^>]*>([^<]*)', answer.content.decode())
    assert told[1] == "Reading your files 2 of 8", "a quarter is worth telling"
    read(6)
    assert "Your runs are being analysed 14 to go" in poll(answer.content.decode()).content.decode()
    for activity in Activity.objects.filter(analysis=None):
        factories.make_analysis(activity=activity)
    html = poll(answer.content.decode()).content.decode()
    assert "Everything is here" in html and "hx-get" not in html, "and no more is asked"
    assert 'id="strip-more"' in html, "what may have the focus stays"


def test_the_number_of_queries_does_not_grow(season, django_assert_max_num_queries):
    client = signed_in(season.user)
    client.get("/")
    for url, most in (("/", 15), ("/predictions/", 8), ("/load/", 8)):
        with django_assert_max_num_queries(most):
            assert client.get(url).status_code == 200


def test_predictions_name_the_races_they_rest_on(season):
    page = text(signed_in(season.user), "/predictions/")
    rests = page.split("The races this rests on")[1].split("Model by model")[0]
    assert "Ely 10K" in rests and "4 weeks ago" in rests and "Milton parkrun" in rests and "Cam Half" not in rests
    assert "Vickers" in page, "no marathon was run"


def test_too_few_races_give_no_prediction(cast: Cast):
    raced(cast.ada, days=10, name="Ely 10K", grade=0.78)
    raced(cast.ada, days=10, name="Fell", grade=None, surface="trail")
    page = text(signed_in(cast.ada.user), "/predictions/")
    assert "Not enough recent races." in page and "There is 1." in page


def test_the_load_page_has_its_part_and_its_periods(season):
    client = signed_in(season.user)
    part = assert_page_and_partial(client, "/load/", "load-charts")
    assert part.count("<rect") == 26 and "weeks=52" in part
    assert client.get("/load/?weeks=52").content.decode().count("<rect") == 52
    assert client.get("/load/?weeks=junk").content.decode().count("<rect") == 26
    page = text(client, "/load/")
    assert "185 at most" in page and "what the settings say" in page and "60 is taken" in page


def test_without_heart_rates_and_races_the_load_says_what_it_needs(cast: Cast):
    factories.make_activity(athlete=cast.ada, started_at=ago(2))
    page = text(signed_in(cast.ada.user), "/load/")
    assert "Weekly distance" in page and "No run has a load yet." in page
    assert "Nothing is estimated from an age" in page


def test_miles_are_miles(season):
    Athlete.objects.filter(pk=season.pk).update(units="mi")
    page = text(signed_in(season.user), "/")
    assert "Pace /mi" in page and re.search(r"This year \d+ mi", page)


def test_a_birth_date_gives_the_group(season):
    assert "W55" in text(signed_in(season.user), "/") or date(1968, 5, 17).replace(year=2028) <= TODAY


def test_a_run_of_another_year_says_which(as_ada, cast: Cast):
    factories.make_activity(athlete=cast.ada, name="This year", started_at=ago(0))
    factories.make_activity(athlete=cast.ada, name="Long ago", started_at=datetime(2019, 5, 4, 8, 0, tzinfo=UTC))
    page = as_ada.get("/").content.decode()
    recent = page[page.index("This year") :]
    assert "Sat 4 May 2019" in recent and f"{TODAY.year}</time>" not in recent
