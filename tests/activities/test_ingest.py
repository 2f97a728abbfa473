import gzip
import hashlib
import io
import itertools
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from activities import importers, ingest, originals, streams
from activities.models import Activity, ImportBatch, ImportFile, Recording
from performance import analysis
from tests.activities.files import START, gpx, gzipped, imported, tcx
from tests.factories import make_activity, make_athlete, make_recording

pytestmark = pytest.mark.django_db


def outcomes(files: list[ImportFile]) -> list[str]:
    return [file.outcome for file in files]


def stored_files() -> set[str]:
    found = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        waiting += [f"{folder}/{name}".strip("/") for name in folders]
        found |= {f"{folder}/{name}".strip("/") for name in files}
    return found


def test_a_file_becomes_an_activity_with_samples_laps_place_and_original(ada):
    (file,) = imported(ada, tcx(name="Fen 5"), names=["fen5.tcx"])
    assert file.outcome == "new"
    activity = Activity.objects.get()
    assert (activity.name, activity.sport, activity.distance_m, activity.elapsed_s) == ("Fen 5", "running", 5000, 1500)
    assert (activity.zone, activity.utc_offset_s) == ("Europe/London", 3600)
    assert activity.local_date == START.date()
    recording = activity.recordings.get()
    assert (recording.leads, recording.n_samples, recording.n_hr, recording.laps.count()) == (True, 301, 301, 1)
    assert len(streams.read(recording)) == 301
    assert gzip.decompress(default_storage.open(recording.original).read()) == tcx(name="Fen 5")
    assert stored_files() == {recording.original}


@pytest.mark.parametrize("again", [tcx(), gzipped(tcx())], ids=["the same file", "the same, gzipped"])
def test_the_same_content_is_one_recording_and_says_so(ada, again):
    assert outcomes(imported(ada, tcx(), again)) == ["new", "same"]
    assert Recording.objects.count() == 1
    assert len(stored_files()) == 1


def test_two_athletes_may_bring_the_same_file(cast):
    assert outcomes(imported(cast.ada, tcx())) == ["new"]
    assert outcomes(imported(cast.eve, tcx())) == ["new"]
    assert len(stored_files()) == 2


def test_another_devices_recording_of_the_run_joins_its_activity(ada):
    files = imported(ada, gpx(), tcx(name="Fen 5"))
    assert outcomes(files) == ["new", "merged"]
    activity = Activity.objects.get()
    assert activity.recordings.count() == 2
    assert activity.recordings.get(leads=True).original_name == "run1"  # it has heart rate
    assert (activity.name, activity.sport, activity.hr_avg) == ("Fen 5", "running", 150)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(ada, order):
    contents = [gpx(), tcx(), tcx(step_s=1.0)]
    imported(ada, *(contents[i] for i in order))
    activity = Activity.objects.get()
    assert activity.recordings.get(leads=True).n_samples == 1501
    assert (activity.distance_m, activity.sport) == (5000, "running")


def test_a_warm_up_before_the_race_stays_its_own_activity(ada):
    warm_up = tcx(started_at=START - timedelta(minutes=20), distance_m=2000, time_s=720)
    assert outcomes(imported(ada, tcx(), warm_up)) == ["new", "new"]
    assert Activity.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [
        tcx(distance_m=5200, step_s=2),
        tcx(started_at=START + timedelta(minutes=8), step_s=2),
        tcx(sport="Biking", step_s=2),
    ],
    ids=["4 % longer", "8 minutes later", "a ride"],
)
def test_what_does_not_agree_is_never_merged(ada, other):
    assert outcomes(imported(ada, tcx(), other)) == ["new", "new"]


def test_what_a_person_corrected_survives_another_recording(ada):
    imported(ada, gpx())
    activity = Activity.objects.get()
    activity.name, activity.corrected = "My name for it", ["name"]
    activity.save()
    imported(ada, tcx(name="Fen 5"))
    activity.refresh_from_db()
    assert activity.name == "My name for it"
    assert activity.hr_avg == 150


def test_a_bad_file_is_refused_with_its_reason_and_the_others_go_on(ada):
    files = imported(ada, b"", b"hello", b"\x1f\x8bnot gzip", tcx(), names=["empty.fit", "note.txt", "x.gz", "run.tcx"])
    assert outcomes(files) == ["refused", "refused", "refused", "new"]
    assert all(file.reason and file.code for file in files[:3])


def test_what_was_readable_before_a_cut_is_kept_and_marked(ada):
    whole = tcx()
    (file,) = imported(ada, whole[: len(whole) * 2 // 3])
    assert (file.outcome, bool(file.reason)) == ("partial", True)
    recording = Recording.objects.get()
    assert recording.incomplete
    assert 100 < recording.n_samples < 301


def test_a_gz_that_breaks_off_is_kept_as_far_as_it_was_read(ada):
    (file,) = imported(ada, gzipped(tcx())[:-7], names=["run.tcx.gz"])
    assert file.outcome == "partial"
    recording = Recording.objects.get()
    kept = gzip.decompress(default_storage.open(recording.original).read())
    assert hashlib.sha256(kept).hexdigest() == recording.content_hash
    assert len(kept) > 0.9 * len(tcx())


def test_nothing_is_dropped_where_the_original_would_not_be_what_was_read(ada, monkeypatch):
    monkeypatch.setattr(importers, "content", lambda path: iter([b"something else"]))
    (file,) = imported(ada, tcx())
    assert (file.outcome, file.code) == ("refused", "reader_failed")
    assert file.stored_as in stored_files()


@pytest.mark.parametrize("metres", ["1e30", "1e300", "900000000"])
def test_absurd_figures_count_as_not_recorded_and_no_page_fails_over_them(ada, as_ada, metres):
    content = tcx(hr=None).replace(b"<DistanceMeters>5000.0<", f"<DistanceMeters>{metres}<".encode())
    imported(ada, content)
    activity = Activity.objects.get()
    assert activity.distance_m is None or activity.distance_m < 5e6
    assert analysis.analyse(activity.pk)
    for page in ("/activities/", f"/activities/{activity.pk}/", "/activities.json"):
        assert as_ada.get(page).status_code == 200


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_lap_dated_outside_the_calendar_does_not_cost_the_run(ada, date):
    begins = START.isoformat().replace("+00:00", "Z").encode()
    content = tcx().replace(b'StartTime="' + begins, b'StartTime="' + date.encode())
    (file,) = imported(ada, content)
    assert file.outcome == "new"
    assert Activity.objects.get().distance_m == 5000


@pytest.mark.parametrize("year", [1, 9999])
def test_impossible_dates_are_refused_in_words(ada, year):
    content = tcx().replace(b"2024-05-12", f"{year:04}-12-31".encode())
    (file,) = imported(ada, content)
    assert file.outcome in {"refused", "not_an_activity"}
    assert file.reason


def test_a_file_above_the_limit_is_refused_before_it_is_stored(ada, monkeypatch):
    monkeypatch.setattr(importers, "MAX_FILE_BYTES", 1000)
    (file,) = imported(ada, tcx())
    assert (file.outcome, file.code) == ("refused", "too_large")
    assert not stored_files()


def test_hostile_text_is_stored_as_text(ada):
    imported(ada, tcx(name="&lt;script&gt;alert(1)&lt;/script&gt;" + "x" * 1000), names=["../../etc/passwd\x00.tcx"])
    assert Activity.objects.get().name.startswith("<script>alert(1)</script>x")
    assert len(Activity.objects.get().name) == 300
    assert all(name.startswith("originals/") for name in stored_files())


def test_a_fault_of_the_reader_refuses_that_file_and_keeps_its_bytes(ada, monkeypatch):
    def broken(path, *, name):
        raise ZeroDivisionError

    monkeypatch.setattr(importers, "read_file", broken)
    (file,) = imported(ada, tcx())
    assert (file.outcome, file.code) == ("refused", "reader_failed")
    assert file.stored_as in stored_files()


def waiting_file(athlete) -> ImportFile:
    batch = ImportBatch.objects.create(athlete=athlete, kind="upload")
    return ingest.receive(batch, name="run.tcx", source=io.BytesIO(tcx()), position=0)


def test_a_file_that_stopped_the_program_three_times_is_refused(ada):
    file = waiting_file(ada)
    ImportFile.objects.filter(pk=file.pk).update(attempts=ImportFile.MAX_ATTEMPTS)
    ingest.work_off(file.pk)
    file.refresh_from_db()
    assert (file.outcome, file.code) == ("refused", "reader_stopped")


def test_bytes_that_were_lost_are_said_to_be(ada):
    file = waiting_file(ada)
    originals.drop(file.stored_as)
    ingest.work_off(file.pk)
    file.refresh_from_db()
    assert (file.outcome, file.code) == ("refused", "bytes_missing")


def test_a_crash_while_storing_leaves_the_file_waiting_and_nothing_half_stored(ada, monkeypatch):
    file = waiting_file(ada)

    def full(recording, samples):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(streams, "replace", full)
        with pytest.raises(OSError, match="no space"):
            ingest.work_off(file.pk)
    assert not Recording.objects.exists()
    assert ImportFile.objects.get().outcome == "waiting"
    assert ingest.work_off(file.pk)
    assert Activity.objects.count() == 1


def test_a_file_that_can_never_be_stored_is_refused_in_the_end_and_the_others_go_on(ada, monkeypatch):
    batch = ImportBatch.objects.create(athlete=ada, kind="upload")
    for position, content in enumerate([tcx(), gpx(started_at=START + timedelta(days=1))]):
        ingest.receive(batch, name=f"{position}", source=io.BytesIO(content), position=position)
    replace = streams.replace

    def fails_for_the_first(recording, samples):
        if recording.original_name == "0":
            raise OverflowError
        replace(recording, samples)

    monkeypatch.setattr(streams, "replace", fails_for_the_first)
    ingest.work_off_all(batch)
    assert [(file.outcome, file.code) for file in batch.files.all()] == [("refused", "reader_stopped"), ("new", "")]


def test_work_done_twice_is_done_once(ada):
    file = waiting_file(ada)
    assert ingest.work_off(file.pk)
    assert not ingest.work_off(file.pk)
    assert Recording.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_activity_of_one_run():
    athlete = make_athlete()
    batch = ImportBatch.objects.create(athlete=athlete, kind="upload")
    files = [
        ingest.receive(batch, name=f"{n}", source=io.BytesIO(content), position=n)
        for n, content in enumerate([gpx(), tcx(), tcx(step_s=2.0), gzipped(tcx())])
    ]

    def work() -> None:
        try:
            for file in files:
                ingest.work_off(file.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(batch.files.values_list("outcome", flat=True)) == ["merged", "merged", "new", "same"]
    assert Activity.objects.count() == 1
    assert Recording.objects.count() == 3


def test_the_database_refuses_a_recording_under_another_athletes_activity(cast):
    theirs = make_activity(athlete=cast.eve)
    with pytest.raises(IntegrityError, match="recording_of_its_activitys_athlete"), transaction.atomic():
        recording = make_recording(activity=theirs)
        Recording.objects.filter(pk=recording.pk).update(athlete=cast.ada)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")


def test_the_database_refuses_a_second_leader(ada):
    activity = make_activity(athlete=ada)
    with pytest.raises(IntegrityError, match="recording_one_leads"), transaction.atomic():
        make_recording(activity=activity, leads=True)
