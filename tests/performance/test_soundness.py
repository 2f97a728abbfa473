"""What can be wrong with a recording: found, told in words, kept from bests, never mended in silence."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from activities import joining
from activities.models import Activity
from activities.recorded import Streams
from performance import analysis, quality, soundness
from performance.models import Analysis, BestEffort, Race
from tests.activities.files import START, imported, tcx

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def doubts(**facts) -> list[str]:
    sound = {
        "started_at": datetime(2024, 5, 12, tzinfo=UTC), "sub_sport": "", "elapsed_s": 1500.0, "timer_s": 1500.0,
        "samples": Streams(time_s=np.arange(0, 1500.0)), "excluded": (), "now": NOW,
    }  # fmt: skip
    return soundness.doubts(**{**sound, **facts})


def downhill(drop_m: float, distance_m: float = 10_000.0) -> Streams:
    share = np.linspace(0.0, 1.0, 1500)
    return Streams(
        time_s=np.arange(0, 1500.0),
        distance_m=share * distance_m,
        altitude_m=(300 - share * drop_m).astype(np.float32),
    )


def still(bpm: float, seconds: int) -> Streams:
    return Streams(time_s=np.arange(0.0, seconds), heart_rate_bpm=np.full(seconds, bpm, dtype=np.float32))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"started_at": datetime(1989, 12, 31, tzinfo=UTC)}, ["date_doubtful"]),
        ({"started_at": datetime(1970, 1, 1, tzinfo=UTC)}, ["date_doubtful"]),
        ({"started_at": NOW + timedelta(days=2)}, ["date_doubtful"]),
        ({"started_at": NOW + timedelta(hours=13)}, []),
        ({"sub_sport": "treadmill"}, ["treadmill"]),
        ({"elapsed_s": 2 * 86_400.0}, ["long_pause"]),
        ({"elapsed_s": 2 * 86_400.0, "timer_s": None}, []),
        ({"samples": Streams(time_s=np.array([0.0, 10.0, 90_000.0]))}, ["long_pause"]),
        ({"samples": still(120, 1000)}, ["heart_rate_stuck"]),
        ({"samples": still(120, 600)}, []),
    ],
)
def test_what_is_doubtful_has_a_code(facts, expected):
    assert doubts(**facts) == expected


def test_every_code_has_its_sentence():
    codes = {*soundness._CODES.values(), *soundness.KEPT_FROM_BESTS, "long_pause", "heart_rate_stuck", "downhill"}
    assert codes <= set(quality.SENTENCES)


@pytest.mark.parametrize(
    ("drop_m", "distance_m", "helped"),
    [(0, 10_000, False), (33, 10_000, False), (40, 10_000, True), (140, 42_195, True), (60, 42_195, False), (-200, 5_000, False)],
)  # fmt: skip
def test_a_course_that_loses_more_than_a_metre_a_kilometre_helped(drop_m, distance_m, helped):
    assert (doubts(samples=downhill(drop_m, distance_m)) == ["downhill"]) is helped
    assert doubts(samples=downhill(drop_m, distance_m), on_foot=False) == []


pytestmark = pytest.mark.django_db


def analysed(athlete, *contents: bytes) -> Activity:
    imported(athlete, *contents)
    activity = Activity.objects.latest("pk")
    analysis.analyse(activity.pk)
    return Activity.objects.get(pk=activity.pk)


def test_a_run_of_1989_counts_for_nothing_until_its_date_is_corrected(ada, as_ada):
    run = analysed(ada, tcx(started_at=datetime(1989, 12, 31, 8, 0, tzinfo=UTC)))
    assert "date_doubtful" in run.analysis.notes and not BestEffort.objects.exists()
    html = as_ada.get(f"/activities/{run.pk}/").content.decode()
    assert "The date cannot be right" in html
    assert as_ada.post(f"/activities/{run.pk}/sources/", {"day": "2024-05-12"}).status_code == 302
    run.refresh_from_db()
    assert run.local_date.isoformat() == "2024-05-12" and run.started_local.hour == 8
    analysis.analyse(run.pk)
    assert "date_doubtful" not in Analysis.objects.get().notes and BestEffort.objects.exists()
    as_ada.post(f"/activities/{run.pk}/sources/", {"day": ""})
    run.refresh_from_db()
    assert run.started_at.year == 1989


def test_a_treadmill_keeps_its_figures_and_out_of_the_bests(ada):
    imported(ada, tcx(latitude=None))
    run = joining.correct(Activity.objects.get().pk, {"sub_sport": "treadmill"})
    analysis.analyse(run.pk)
    assert run.distance_m == 5000 and "treadmill" in Analysis.objects.get().notes
    assert Analysis.objects.get().charts and not BestEffort.objects.exists()


def test_a_leap_of_the_receiver_is_told_and_no_best(ada):
    content = tcx(step_s=5.0, latitude=None)
    leap = content.replace(b"<DistanceMeters>2500.00<", b"<DistanceMeters>2900.00<")
    assert leap != content
    run = analysed(ada, leap)
    assert {"gps_spikes", "distance_jumps"} & set(run.analysis.notes)
    assert BestEffort.objects.get(distance_m=400).time_s == pytest.approx(120, abs=2)


def test_no_race_is_found_on_a_day_that_never_was(ada):
    analysed(ada, tcx(started_at=datetime(1989, 12, 31, 8, 0, tzinfo=UTC), name="Ely 5K race parkrun"))
    analysis.find_races(ada.pk)
    assert not Race.objects.exists()


def test_heart_rate_from_one_device_and_the_route_from_the_other(ada, as_ada):
    run = analysed(ada, tcx(step_s=1.0, hr=None), tcx(step_s=5.0, latitude=None, hr=151))
    strap = run.recordings.get(leads=False)
    assert run.analysis.borrowed == {"heart_rate_bpm": strap.pk}
    assert 151 in run.analysis.charts["heart_rate_bpm"] and run.analysis.route
    html = as_ada.get(f"/activities/{run.pk}/sources/").content.decode()
    assert "Heart rate along the run" in html
    joining.take_back(ada.pk, [strap])
    analysis.analyse(run.pk)
    assert Analysis.objects.get().borrowed == {} and timezone.now() > START
