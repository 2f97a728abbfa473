"""The load of every run: by samples, by the average, by pace; made again when what it rests on changes."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from activities.models import Activity
from activities.recorded import Streams
from athletes.models import Athlete
from performance import analysis, load, training
from performance.models import Analysis
from tests.activities.files import imported, tcx
from tests.factories import make_activity, make_analysis, make_race, make_streams

pytestmark = pytest.mark.django_db

START = datetime(2026, 10, 1, 7, 0, tzinfo=UTC)


def steady(bpm: float, *, minutes: float = 40) -> Streams:
    time_s = np.arange(0, minutes * 60 + 1, 1.0)
    return Streams(time_s=time_s, distance_m=time_s * 3.0, heart_rate_bpm=np.full(len(time_s), bpm, dtype=np.float32))


def run(athlete: Athlete, day: int = 0, *, streams: Streams | None = None, **fields) -> Activity:
    activity = make_activity(athlete=athlete, started_at=START + timedelta(days=day), hr_avg=None, **fields)
    if streams is None:
        Analysis.objects.create(activity=activity, version=analysis.ANALYSIS_VERSION, seen_change=activity.changed_at)
    else:
        make_analysis(activity=activity, streams=streams)
    return activity


def said(athlete: Athlete, **figures) -> Athlete:
    Athlete.objects.filter(pk=athlete.pk).update(**figures)
    return Athlete.objects.get(pk=athlete.pk)


def test_an_imported_run_gets_its_load_with_its_analysis(ada):
    ada = said(ada, hr_max=180, hr_rest=50)
    imported(ada, tcx(hr=150, time_s=3600, distance_m=10_000))
    activity = Activity.objects.get()
    analysis.analyse(activity.pk)
    analysis.find_races(ada.pk)
    found = Analysis.objects.get(activity=activity)
    assert found.load_basis == "samples"
    spent = load.HeartTime.read(found.heart)
    assert spent.total_s == pytest.approx(3600, abs=40)
    heart = load.Heart(max_bpm=180, rest_bpm=50, table="F")
    assert found.load == pytest.approx(load.load_by_samples(spent, heart))
    assert 60 < found.load < 90, "an hour a little under threshold"


def test_without_a_maximum_nothing_is_guessed_until_five_runs_tell(ada):
    for day in range(4):
        run(ada, day, streams=steady(150 + day))
    assert training.heart_of(ada) is None
    run(ada, 5, streams=steady(181))
    known = training.heart_of(ada)
    assert known.heart.max_bpm == 152, "the third highest" and not known.said
    assert training.heart_of(said(ada, hr_max=185)).said


def test_the_average_serves_where_no_beats_were_recorded_and_pace_where_no_heart_was(ada):
    ada = said(ada, hr_max=180)
    by_average = run(ada, 1)
    Activity.objects.filter(pk=by_average.pk).update(hr_avg=140)
    by_pace = run(ada, 2)
    ride = run(ada, 3, sport="cycling")
    training.derive_loads(ada)
    assert Analysis.objects.get(activity=by_pace).load is None, "nothing says what is hard for her"
    make_race(athlete=ada, distance_m=10_000, time_s=2742, local_date=date(2026, 6, 1))
    training.derive_loads(ada)
    bases = dict(Analysis.objects.values_list("activity", "load_basis"))
    assert bases == {by_average.pk: "average", by_pace.pk: "pace", ride.pk: ""}
    assert Analysis.objects.get(activity=by_pace).load == pytest.approx(75, abs=10), "46 minutes at about race pace"


def test_loads_are_made_again_when_the_maximum_changes_and_only_then(ada):
    ada = said(ada, hr_max=180)
    one = run(ada, streams=steady(150))
    assert training.derive_loads(ada) == 1
    before = Analysis.objects.get(activity=one).load
    assert training.derive_loads(ada) == 0
    assert training.derive_loads(said(ada, hr_max=200)) == 1
    assert Analysis.objects.get(activity=one).load < before


def test_loads_cost_a_handful_of_queries_whatever_the_number_of_runs(ada, django_assert_max_num_queries):
    ada = said(ada, hr_max=180)
    for day in range(12):
        run(ada, day, streams=make_streams())
    with django_assert_max_num_queries(6):
        training.derive_loads(ada)


def test_a_day_holds_all_its_runs_and_a_ride_only_adds_its_load(ada):
    ada = said(ada, hr_max=180)
    run(ada, streams=steady(150), distance_m=5000, time_s=1500)
    run(ada, streams=steady(130), distance_m=7000, time_s=2100)
    run(ada, streams=steady(120), sport="cycling", distance_m=40_000, time_s=6000)
    training.derive_loads(ada)
    (day,) = training.training_days(Activity.objects.of(ada))
    assert (day.distance_m, day.time_s) == (12_000, 3600)
    assert day.load == pytest.approx(sum(Analysis.objects.values_list("load", flat=True)))
