"""/activities/<id>/sources/ and /same-run/: where values come from, and what a person says about it."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from activities import joining, undo
from activities.models import Activity, Recording, SampleBlock
from performance import analysis, decisions
from performance.models import Analysis, BestEffort, Race
from tests.activities.files import START, imported, tcx
from tests.activities.test_ingest import stored_files
from tests.factories import grant, make_activity, make_recording

pytestmark = pytest.mark.django_db


def page(client, activity) -> str:
    response = client.get(f"/activities/{activity.pk}/sources/")
    assert response.status_code == 200
    return response.content.decode()


def test_every_value_names_its_recording(as_ada, ada):
    imported(
        ada, tcx(step_s=1.0, hr=None), tcx(step_s=5.0, name="Named by the phone"), names=["watch.tcx", "phone.tcx"]
    )
    html = page(as_ada, Activity.objects.get())
    assert "watch.tcx" in html and "phone.tcx" in html and "leads" in html
    assert "recording 1" in html and "recording 2" in html


def test_the_start_is_told_by_the_clock_where_it_was_run(as_ada, ada):
    late = datetime(2024, 3, 21, 2, 30, tzinfo=UTC)
    run = make_activity(athlete=ada, started_at=late, utc_offset_s=-8 * 3600)
    make_activity(athlete=ada, started_at=late, utc_offset_s=-8 * 3600, distance_m=8000.0)
    assert page(as_ada, run).count("20 Mar 2024, 18:30") == 2
    assert as_ada.get("/same-run/").content.decode().count("20 Mar 2024, 18:30") == 2


def test_a_correction_is_typed_kept_and_taken_back(as_ada, ada):
    run = make_activity(athlete=ada, name="Lunch run", distance_m=9_800.0)
    url = f"/activities/{run.pk}/sources/"
    assert as_ada.post(url, {"name": "Treadmill", "sport": "", "distance_m": "10 km"}).status_code == 302
    run.refresh_from_db()
    assert (run.name, run.distance_m, run.corrected) == ("Treadmill", 10_000, ["distance_m", "name"])
    html = page(as_ada, run)
    assert ">you<" in html and 'value="Treadmill"' in html
    response = as_ada.post(url, {"name": "Treadmill", "distance_m": "far"})
    assert response.status_code == 422 and "We cannot read this distance" in response.content.decode()
    as_ada.post(url, {"name": "", "sport": "", "distance_m": ""})
    run.refresh_from_db()
    assert (run.name, run.distance_m, run.corrected) == ("Lunch run", 9_800, [])


def test_a_correction_shown_again_keeps_its_exact_value(as_ada, ada):
    run = make_activity(athlete=ada)
    url = f"/activities/{run.pk}/sources/"
    as_ada.post(url, {"distance_m": "6.2137119 mi"})
    exact = Activity.objects.get().distance_m
    shown = as_ada.get(url).context["form"]["distance_m"].value()
    as_ada.post(url, {"distance_m": shown, "name": "x"})
    assert Activity.objects.get().distance_m == exact


def test_splitting_and_taking_back_one_recording(as_ada, ada):
    imported(ada, tcx(step_s=1.0), tcx(step_s=5.0))
    run = Activity.objects.get()
    second = run.recordings.get(leads=False)
    assert as_ada.post(f"/recordings/{second.pk}/split/").status_code == 302
    assert Activity.objects.count() == 2
    html = as_ada.get(f"/recordings/{second.pk}/remove/").content.decode()
    assert "1 activity goes" in html and Recording.objects.count() == 2
    assert as_ada.post(f"/recordings/{second.pk}/remove/")["Location"] == "/activities/"
    assert Activity.objects.get() == run
    assert as_ada.post(f"/recordings/{second.pk}/remove/").status_code == 404


def test_the_inbox_asks_once(as_ada, ada):
    imported(ada, tcx(), tcx(started_at=START + timedelta(seconds=600)))
    one, other = Activity.objects.order_by("pk")
    html = as_ada.get("/same-run/").content.decode()
    assert html.count("/same-run/") == 1 and "One run" in html
    assert as_ada.post(f"/same-run/{one.pk}/{other.pk}/", {"what": "apart"}, follow=True).status_code == 200
    assert "Nothing to say at the moment" in as_ada.get("/same-run/").content.decode()
    as_ada.post(f"/same-run/{one.pk}/{other.pk}/", {"what": "together"})
    assert Activity.objects.count() == 1
    assert as_ada.post(f"/same-run/{one.pk}/{other.pk}/", {"what": "together"}).status_code == 404


def test_the_page_costs_a_fixed_number_of_queries(as_ada, ada, django_assert_max_num_queries):
    run = make_activity(athlete=ada)
    for _ in range(6):
        make_recording(activity=run)
    with django_assert_max_num_queries(10):
        page(as_ada, run)
    with django_assert_max_num_queries(6):
        as_ada.get("/same-run/")


def test_the_workshop_is_the_athletes_own(cast, as_carl, as_eve, as_olga):
    run = make_activity(athlete=cast.ada)
    recording = run.recordings.get()
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    for who in (as_carl, as_eve, as_olga):
        assert who.get(f"/activities/{run.pk}/sources/").status_code == 404
        assert who.post(f"/recordings/{recording.pk}/split/").status_code == 404
        assert who.get(f"/recordings/{recording.pk}/remove/").status_code == 404
        assert who.post(f"/same-run/{run.pk}/{run.pk}/", {"what": "together"}).status_code == 404
        assert who.get("/same-run/").status_code == 200


def test_an_activity_is_deleted_with_every_recording_of_it(ada, as_ada, django_capture_on_commit_callbacks):
    imported(ada, tcx(step_s=10.0, name="Phone", hr=None), tcx(step_s=2.0, name="Watch"))
    run = Activity.objects.get()
    analysis.analyse(run.pk)
    decisions.mark(run, by=ada.user)
    asked = as_ada.get(f"/activities/{run.pk}/remove/").content.decode()
    assert "Delete this activity?" in asked and "1 activity goes" in asked and "comes from Strava" not in asked
    assert Activity.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert as_ada.post(f"/activities/{run.pk}/remove/").status_code == 302
    for model in (Activity, Recording, SampleBlock, BestEffort, Race):
        assert not model.objects.exists(), model
    assert not stored_files()
    assert as_ada.post(f"/activities/{run.pk}/remove/").status_code == 404


def test_what_stays_at_strava_is_said_before(ada, as_ada):
    run = make_activity(athlete=ada, source="strava")
    assert "comes from Strava" in as_ada.get(f"/activities/{run.pk}/remove/").content.decode()


def test_somebody_elses_activity_is_not_deleted(cast, as_carl, as_eve):
    run = make_activity(athlete=cast.ada)
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    for who in (as_carl, as_eve):
        assert who.get(f"/activities/{run.pk}/remove/").status_code == 404
        assert who.post(f"/activities/{run.pk}/remove/").status_code == 404
    assert Activity.objects.exists()


def test_a_page_that_is_older_than_the_join_splits_what_is_one_now(as_ada, ada):
    imported(ada, tcx(), tcx(step_s=3.0), tcx(started_at=START + timedelta(minutes=2), distance_m=5_600.0))
    stale = Recording.objects.order_by("pk").last()
    alone = stale.activity_id
    joining.join(*Activity.objects.order_by("pk"), by=ada.user)
    assert not Activity.objects.filter(pk=alone).exists()
    own = joining.split_off(stale, by=ada.user)
    assert list(own.recordings.all()) == [stale]
    assert Activity.objects.count() == 2


def test_a_run_is_not_said_to_be_itself_and_what_is_gone_is_not_split(as_ada, ada):
    run = make_activity(athlete=ada)
    for what in ("together", "apart"):
        assert as_ada.post(f"/same-run/{run.pk}/{run.pk}/", {"what": what}).status_code == 404
    recording = run.recordings.get()
    undo.take_back_one(recording)
    assert as_ada.post(f"/recordings/{recording.pk}/split/").status_code == 404
    with pytest.raises(Recording.DoesNotExist):
        joining.split_off(recording, by=ada.user)


@pytest.mark.django_db(transaction=True)
def test_runs_are_joined_while_one_of_them_is_being_analysed(ada):
    """What the analysis writes is not there yet when it is asked what hangs on the run, and must not keep it."""
    imported(ada, tcx(), tcx(started_at=START + timedelta(minutes=2), distance_m=5_600.0))
    kept, gone = Activity.objects.order_by("pk")
    Analysis.objects.all().delete()
    writes, asked = threading.Event(), threading.Event()

    def analyse() -> None:
        with transaction.atomic():
            Activity.objects.select_for_update().get(pk=gone.pk)
            Analysis.objects.create(activity=gone, version=1, seen_change=gone.changed_at)
            writes.set()
            asked.wait(10)
            time.sleep(0.3)
        connection.close()

    worker = threading.Thread(target=analyse)
    worker.start()
    writes.wait(10)
    asked.set()
    joining.join(kept, gone, by=ada.user)
    worker.join()
    assert Activity.objects.count() == 1
    assert not Analysis.objects.filter(activity=gone.pk).exists()
