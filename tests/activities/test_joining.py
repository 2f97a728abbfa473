"""One history out of recordings, whatever the order they come in and whoever takes some of them away again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activities import joining
from activities.models import Activity, Pairing, Recording
from performance import decisions
from performance.models import Race
from tests.activities.files import START, imported, tcx
from tests.factories import make_athlete, make_race

BASE = datetime(2024, 5, 12, 8, 0, tzinfo=UTC)


def recording(athlete, number: int, *, at: float, lasts: float, distance_m, hr, name, source, n) -> Recording:
    identity = {"content_hash": f"{number:064x}"} if source != "strava" else {"external_id": str(number)}
    return Recording(
        athlete=athlete, source=source, started_at=BASE + timedelta(seconds=at), elapsed_s=lasts, distance_m=distance_m,
        hr_avg=hr, name=name, local_date=BASE.date(), n_samples=n, n_hr=n if hr else 0, sport="running", **identity,
    )  # fmt: skip


RECORDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.sampled_from([0, 60, 400, 900, 3500, 4000]),
            "lasts": st.sampled_from([600, 3000, 3600, 3900]),
            "distance_m": st.sampled_from([None, 10_000, 10_200, 10_400]),
            "hr": st.sampled_from([None, 150, 160]),
            "name": st.sampled_from(["", "Run", "Race"]),
            "source": st.sampled_from(["file", "strava"]),
            "n": st.sampled_from([0, 100, 200]),
        }
    ),
    min_size=2,
    max_size=6,
)


def history(athlete) -> list:
    """Everything that a page could tell apart, without what numbers rows."""
    found = []
    for activity in Activity.objects.of(athlete).prefetch_related("recordings"):
        keys = sorted(one.key for one in activity.recordings.all())
        leaders = [one.key for one in activity.recordings.all() if one.leads]
        values = [str(getattr(activity, name)) for name in Activity.MERGED]
        found.append((keys, leaders, values, activity.corrected))
    return sorted(found)


class ManyOrders(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(facts=RECORDINGS, data=st.data())
    def test_many_orders_and_detours_give_the_same_history(self, facts, data):
        numbers = range(len(facts))
        apart = data.draw(st.sampled_from([None, (0, 1)]))
        histories = []
        for order in (list(numbers), data.draw(st.permutations(numbers))):
            athlete = make_athlete()
            taken = data.draw(st.sets(st.sampled_from(list(numbers)), max_size=2))
            if apart:
                keys = sorted(recording(athlete, number, **facts[number]).key for number in apart)
                Pairing.objects.create(athlete=athlete, one=keys[0], other=keys[1], together=False)
            for number in order:
                joining.attach(recording(athlete, number, **facts[number]))
            for number in taken:  # away, and back again
                one = next(
                    r
                    for r in Recording.objects.filter(athlete=athlete)
                    if r.key == recording(athlete, number, **facts[number]).key
                )
                joining.take_back(athlete.pk, [one])
            if len(taken) < len(facts):
                assert len(history(athlete)) <= len(facts) - len(taken)
            for number in taken:
                joining.attach(recording(athlete, number, **facts[number]))
            histories.append(history(athlete))
            assert Activity.objects.of(athlete).filter(recordings__isnull=True).count() == 0
        assert histories[0] == histories[1]


pytestmark = pytest.mark.django_db


@pytest.fixture
def two(ada) -> tuple[Activity, Activity]:
    """Two runs of one morning that share 60 % of their time."""
    imported(ada, tcx(), tcx(started_at=START + timedelta(seconds=600), hr=None))
    one, other = Activity.objects.of(ada).order_by("started_at")
    return one, other


def test_what_may_be_one_run_is_offered_and_said(ada, two):
    (offer,) = joining.offers(ada)
    assert {run.pk for run in offer} == {run.pk for run in two}
    assert two[1].recordings.get().import_file.code == "offered"


def test_joined_by_hand_it_stays_joined_when_it_comes_again(ada, two):
    joined = joining.join(*two, by=ada.user)
    assert joined.recordings.count() == 2 and not joining.offers(ada)
    joining.take_back(ada.pk, list(joined.recordings.all()))
    assert not Activity.objects.exists()
    imported(ada, tcx(started_at=START + timedelta(seconds=600), hr=None), tcx())
    assert Activity.objects.get().recordings.count() == 2


def test_kept_apart_it_is_never_asked_again(ada, two):
    joining.keep_apart(*two, by=ada.user)
    assert not joining.offers(ada) and Activity.objects.count() == 2


def test_split_off_it_stays_split_and_joined_again_it_is_one(ada):
    imported(ada, tcx(), tcx(step_s=3.0))
    run = Activity.objects.get()
    apart = joining.split_off(run.recordings.exclude(leads=True).get(), by=ada.user)
    assert Activity.objects.count() == 2 and apart.pk != run.pk
    imported(ada, tcx(step_s=1.0))
    assert Activity.objects.count() == 2, "a third recording joins one of them"
    assert not joining.offers(ada), "a person has said that they are two"
    joining.join(*Activity.objects.all(), by=ada.user)
    assert Activity.objects.get().recordings.count() == 3


def test_two_sessions_of_one_file_cannot_be_joined(ada):
    both = [
        recording(ada, 7, at=at, lasts=600, distance_m=None, hr=None, name="", source="file", n=1) for at in (0, 700)
    ]
    both[1].session_no = 1
    for one in both:
        joining.attach(one)
    with pytest.raises(joining.CannotJoin):
        joining.join(*Activity.objects.all(), by=ada.user)


def test_a_correction_survives_joining_splitting_and_the_loss_of_a_recording(ada):
    imported(ada, tcx(name="From the watch"))
    run = joining.correct(Activity.objects.get().pk, {"name": "My best day"})
    imported(ada, tcx(step_s=3.0, name="From the phone"))
    assert Activity.objects.get().name == "My best day"
    joining.take_back(ada.pk, [Recording.objects.order_by("pk").first()])
    run.refresh_from_db()
    assert (run.name, run.corrected) == ("My best day", ["name"])
    joining.correct(run.pk, {"name": None})
    run.refresh_from_db()
    assert (run.name, run.corrected) == ("From the phone", [])


def test_a_correction_takes_the_athletes_lock_before_the_row_as_an_import_does(ada):
    imported(ada, tcx())
    with CaptureQueriesContext(connection) as asked:
        joining.correct(Activity.objects.get().pk, {"name": "My best day"})
    statements = [query["sql"] for query in asked]
    athletes_lock = next(n for n, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql)
    assert all("FOR UPDATE" not in sql for sql in statements[:athletes_lock])


def test_a_correction_outlives_its_run_and_holds_when_it_comes_again(ada):
    imported(ada, tcx(name="From the watch"))
    run = joining.correct(
        Activity.objects.get().pk,
        {
            "name": "My best day",
            "started_at": START - timedelta(days=9),
            "local_date": START.date() - timedelta(days=9),
        },
    )
    joining.take_back(ada.pk, list(Recording.objects.all()))
    assert not Activity.objects.exists()
    imported(ada, tcx(name="From the watch"))
    again = Activity.objects.get()
    assert (again.name, again.started_at, again.local_date) == (run.name, run.started_at, run.local_date)
    assert again.corrected == ["local_date", "name", "started_at"]
    joining.correct(again.pk, {"name": None, "started_at": None, "local_date": None})
    joining.take_back(ada.pk, list(Recording.objects.all()))
    imported(ada, tcx(name="From the watch"))
    assert (Activity.objects.get().name, Activity.objects.get().corrected) == ("From the watch", [])


def test_what_was_typed_about_a_run_goes_on_without_it_and_what_we_found_goes(ada):
    imported(ada, tcx(), tcx(started_at=START + timedelta(days=7)), tcx(started_at=START + timedelta(days=14)))
    typed_in, found, answered = Activity.objects.order_by("started_at")
    race = make_race(athlete=ada, activity=typed_in, name="Ely 5K", distance_m=5000, chip_time_s=1491.0)
    make_race(athlete=ada, activity=found, state="found")
    make_race(athlete=ada, activity=answered, decided_by=ada.user)
    joining.take_back(ada.pk, list(Recording.objects.all()))
    kept = Race.objects.get()
    assert (kept.pk, kept.found_in, kept.state) == (race.pk, None, "confirmed")
    assert (kept.name, kept.distance_m, kept.time_s, kept.time_source) == ("Ely 5K", 5000, 1491.0, "chip")
    assert kept.age_grade and not kept.parts.exists() and kept.probability is None


def test_two_runs_with_a_race_each_become_one_and_what_was_typed_is_kept(ada, two):
    make_race(athlete=ada, activity=two[0], state="found")
    race = make_race(athlete=ada, activity=two[1], state="to_decide")
    decisions.correct(race.pk, said=decisions.Said(chip_time_s=1500.0), local_date=None, by=ada.user, confirm=True)
    joined = joining.join(*two, by=ada.user)
    assert Race.objects.get().pk == race.pk and Race.objects.get().found_in == joined
