"""A run that a watch's file tells of and Strava completed: each value is shown to a coach by its own source."""

import re

import pytest
from django.test import Client

from activities import joining
from activities.models import Activity, Recording
from performance import analysis, decisions
from performance.models import EVIDENCE_OF, Race
from performance.race_detection.samples import FROM_SAMPLES
from performance.race_detection.scorecard import expert_scorecard
from tests.conftest import Cast, signed_in
from tests.factories import grant, make_activity, make_race, make_recording, make_user

TITLE = "Heartbreak 10K"
REASONS = [
    {"code": "name_distance", "weight": 4.4, "params": {"word": TITLE, "value": 1.0}},
    {"code": "pace", "weight": 1.9, "params": {"value": 0.97, "among": 40}},
    {"code": "heart_rate", "weight": 1.2, "params": {"value": 0.99}},
]
#: every page and file where a coach reads of runs and races
PLACES = (
    "/?athlete={ada}", "/activities/?athlete={ada}", "/activities.csv?athlete={ada}", "/activities.json?athlete={ada}",
    "/activities/{run}/", "/activities/{run}.json", "/efforts.json?athlete={ada}", "/races/?athlete={ada}", "/races/?athlete={ada}&state=to_decide",
    "/races/{race}/", "/races.csv?athlete={ada}", "/races.json?athlete={ada}", "/races.ics?athlete={ada}",
    "/bests/?athlete={ada}", "/bests/?athlete={ada}&ledger=efforts", "/predictions/?athlete={ada}",
    "/admin/activities/activity/", "/admin/activities/activity/{run}/change/", "/admin/performance/race/",
    "/admin/performance/race/{race}/change/", "/admin/athletes/athlete/{ada}/change/",
    "/admin/activities/activity/{run}/history/", "/admin/performance/race/{race}/history/",
)  # fmt: skip
SEARCHES = (
    "/activities/?athlete={ada}&q=heartbreak", "/races/?athlete={ada}&q=heartbreak",
    "/admin/activities/activity/?q=heartbreak", "/admin/performance/race/?q=heartbreak",
)  # fmt: skip


@pytest.fixture
def completed(cast: Cast) -> dict[str, int]:
    """The file has neither a name nor an average heart rate; Strava's copy of the run has both."""
    run = make_activity(athlete=cast.ada, name="", hr_avg=None, analysed=True)
    make_recording(activity=run, source=Recording.Source.STRAVA, name=TITLE, hr_avg=213.4)
    Activity.objects.filter(pk=run.pk).update(name=TITLE, hr_avg=213.4)
    race = make_race(
        athlete=cast.ada, activity=run, name=TITLE, evidence={"reasons": REASONS, "official_distance_m": 10_000.0}
    )
    return {"ada": cast.ada.pk, "run": run.pk, "race": race.pk}


@pytest.fixture
def carl(cast: Cast) -> Client:
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    cast.carl.is_staff = True
    cast.carl.save()
    return signed_in(cast.carl)


def read(client: Client, address: str, completed: dict[str, int]) -> str:
    response = client.get(address.format(**completed))
    assert response.status_code == 200, address
    return response.getvalue().decode()


def tells(text: str) -> bool:
    return TITLE in text or re.search(r"213\.4|>213<", text) is not None


def test_no_place_tells_a_coach_what_only_strava_told(carl, completed):
    assert [place for place in (*PLACES, *SEARCHES) if tells(read(carl, place, completed))] == []
    waiting = Race.objects.filter(pk=completed["race"])
    waiting.update(state="to_decide")
    assert not tells(read(carl, "/races/?athlete={ada}&state=to_decide", completed))
    assert "Faster than 97" in read(carl, "/races/?athlete={ada}&state=to_decide", completed)
    assert "Name contains" not in read(carl, "/races/?athlete={ada}&state=to_decide", completed)


def test_the_operators_switch_and_the_athlete_tell_it(carl, as_ada, completed, settings):
    own = [place for place in PLACES if not place.startswith("/admin") and "load" not in place]
    told = [place for place in own if TITLE in read(as_ada, place, completed)]
    assert len(told) >= 12
    settings.STRAVA_SHARE_WITH_COACHES = True
    for place in (*told, *SEARCHES):
        assert TITLE in read(carl, place, completed), place


def test_what_the_athlete_typed_is_shown_whatever_strava_says(carl, completed):
    Activity.objects.filter(pk=completed["run"]).update(name="My own words", corrected=["name"])
    assert "My own words" in read(carl, "/activities/?athlete={ada}&q=own+words", completed)
    Race.objects.filter(pk=completed["race"]).update(said_name="Bury 10K", name="Bury 10K")
    assert "Bury 10K" in read(carl, "/races/?athlete={ada}&q=bury", completed)


@pytest.mark.parametrize("sources", [["strava"], ["strava", "file"]])
def test_a_title_that_strava_alone_told_goes_with_stravas_data(cast, completed, sources):
    decisions.decide(completed["race"], what="confirmed", by=cast.ada.user)
    analysis.find_races(cast.ada.pk)
    assert Race.objects.get().name == TITLE
    joining.take_back(cast.ada.pk, list(Recording.objects.filter(source__in=sources)))
    analysis.find_races(cast.ada.pk)
    assert [(race.state, race.name) for race in Race.objects.all()] == (
        [("confirmed", "")] if len(sources) == 1 else []
    )


def test_a_title_of_strava_does_not_stay_with_a_race_whose_run_is_parted_from_it(cast, completed):
    Race.objects.filter(pk=completed["race"]).update(typed=True, chip_time_s=2_700)
    decisions.unlink(completed["race"], Activity.objects.get(), by=cast.ada.user)
    assert Race.objects.get(pk=completed["race"]).name == ""
    Race.objects.filter(pk=completed["race"]).update(said_name="Bury 10K")
    analysis.find_races(cast.ada.pk)
    assert Race.objects.get(pk=completed["race"]).name == "Bury 10K"


def test_every_reason_says_what_it_rests_on():
    assert set(EVIDENCE_OF) == set(expert_scorecard().weights) | FROM_SAMPLES


def test_a_distance_that_strava_alone_told_is_kept_with_its_grade_and_its_reasons(cast, carl, completed):
    codes = ("distance_near", "pace", "kudos", "inside_even", "of_another_day")
    reasons = [{"code": code, "weight": 1.0, "params": {}} for code in codes]
    Recording.objects.exclude(source=Recording.Source.STRAVA).update(distance_m=None)
    Race.objects.update(evidence={"reasons": reasons, "official_distance_m": 10_000.0}, distance_m=10_000.0)
    race = Race.objects.visible_to(cast.carl).get()
    assert (race.distance_m, race.age_grade, race.evidence["official_distance_m"]) == (None, None, None)
    assert [reason["code"] for reason in race.evidence["reasons"]] == ["inside_even"]
    assert Race.objects.visible_to(cast.ada.user).get().distance_m == 10_000
    for place in PLACES:
        read(carl, place, completed)


def test_ones_own_runs_are_not_asked_about(as_ada, cast, completed, django_assert_num_queries):
    runs = Activity.objects.visible_to(cast.ada.user).of(cast.ada)
    with django_assert_num_queries(1):
        assert [run.name for run in runs] == [TITLE]
    stranger = make_user(email="zoe@example.invalid")
    assert list(Activity.objects.visible_to(stranger)) == []


def test_rows_read_one_by_one_are_kept_too(carl, cast, completed):
    assert [run.name for run in Activity.objects.visible_to(cast.carl).iterator()] == [""]
    assert [race.name for race in Race.objects.visible_to(cast.carl).order_by("pk").iterator(chunk_size=1)] == [""]
    assert analysis.summary(Activity.objects.get()).name == TITLE  # what is worked with is whole
