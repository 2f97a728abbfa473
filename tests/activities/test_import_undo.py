"""/import/<id>/: stop, try again, take back."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from activities import ingest, originals, streams, undo
from activities.models import Activity, ImportBatch, ImportFile, Recording, SampleBlock
from performance.models import BestEffort
from tests import factories
from tests.activities.files import START, imported, tcx
from tests.activities.test_import_page import gpx, read_all, upload
from tests.activities.test_ingest import stored_files

pytestmark = pytest.mark.django_db


def take_back(batch: ImportBatch) -> None:
    undo.ask(batch)
    undo.work_off(batch.pk)
    batch.refresh_from_db()


def test_taking_an_import_back_leaves_no_trace(ada, django_capture_on_commit_callbacks):
    (file,) = imported(ada, tcx())
    with django_capture_on_commit_callbacks(execute=True):
        take_back(file.batch)
    assert file.batch.undone_at
    assert not stored_files()
    for model in (Activity, Recording, SampleBlock, BestEffort):
        assert not model.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert not undo.work_off(file.batch_id), "twice is once"
    assert [one.outcome for one in imported(ada, tcx())] == ["new"], "it can come again"


def test_what_has_another_recording_stays_with_what_that_one_says(ada, django_capture_on_commit_callbacks):
    imported(ada, tcx(step_s=10.0, name="Phone", hr=None))
    (watch,) = imported(ada, tcx(step_s=2.0, name="Watch"))
    run = Activity.objects.get()
    assert (run.name, run.recordings.count()) == ("Watch", 2)
    with django_capture_on_commit_callbacks(execute=True):
        take_back(watch.batch)
    run.refresh_from_db()
    assert (run.name, run.recordings.get().leads) == ("Phone", True)
    assert len(stored_files()) == 1
    assert len(streams.read(run.recordings.get())) == 151


def test_content_that_another_import_brought_too_stays_with_that_one(ada, django_capture_on_commit_callbacks):
    (first,) = imported(ada, tcx())
    (again,) = imported(ada, tcx())
    assert undo.consequences(first.batch).n_going == 0
    with django_capture_on_commit_callbacks(execute=True):
        take_back(first.batch)
    assert Recording.objects.get().import_file == again and stored_files()
    with django_capture_on_commit_callbacks(execute=True):
        take_back(again.batch)
    assert not Activity.objects.exists() and not stored_files()


def test_a_crash_in_the_middle_loses_nothing_and_it_goes_on(ada, monkeypatch, django_capture_on_commit_callbacks):
    from activities import tasks

    for_later = [tcx(started_at=START.replace(day=day)) for day in range(1, 7)]
    batch = imported(ada, *for_later)[0].batch
    monkeypatch.setattr(undo, "STEP", 2)
    undo.ask(batch)
    step, calls = undo._step, []

    def dies_at_the_second(one):
        calls.append(one)
        if len(calls) == 2:
            raise SystemExit
        return step(one)

    with monkeypatch.context() as patch:
        patch.setattr(undo, "_step", dies_at_the_second)
        with pytest.raises(SystemExit):
            undo.work_off(batch.pk)
    assert Activity.objects.count() == 4
    asked = []
    monkeypatch.setattr(tasks.undo_import, "apply_async", lambda args, **options: asked.append(args))
    tasks.import_waiting()
    assert asked == [(batch.pk,)], "the net finds it"
    assert undo.work_off(batch.pk) and not Activity.objects.exists()


def test_undo_while_it_is_read_stops_the_reading_and_takes_back_the_rest(ada, monkeypatch):
    batch = ImportBatch.objects.create(athlete=ada, kind="upload")
    import io

    files = [
        ingest.receive(batch, name=f"{day}", source=io.BytesIO(tcx(started_at=START.replace(day=day))), position=day)
        for day in (1, 2, 3)
    ]
    ingest.work_off(files[0].pk)
    keep = originals.keep

    def asked_meanwhile(*args, **kwargs):
        name = keep(*args, **kwargs)
        take_back(batch)
        return name

    monkeypatch.setattr(originals, "keep", asked_meanwhile)
    ingest.work_off(files[1].pk)
    assert sorted(batch.files.values_list("outcome", flat=True)) == ["cancelled", "cancelled", "new"]
    assert not Recording.objects.exists() and batch.undone_at


def test_what_was_taken_back_meanwhile_is_not_read_again(ada):
    (file,) = imported(ada, b"no run at all")
    seen = ImportBatch.objects.get(pk=file.batch_id)
    assert list(undo.retriable(seen)) == [file]
    ImportBatch.objects.filter(pk=seen.pk).update(undo_asked_at=timezone.now())
    assert undo.retry(seen) == 0
    file.refresh_from_db()
    assert file.outcome == "refused"


@pytest.mark.django_db(transaction=True)
def test_two_workers_undo_once_and_a_third_reads_meanwhile():
    athlete = factories.make_athlete()
    batch = imported(athlete, *[tcx(started_at=START.replace(day=day)) for day in range(1, 9)])[0].batch
    undo.ask(batch)
    done = []

    def work(act) -> None:
        try:
            done.append(act())
        finally:
            connection.close()

    acts = [lambda: undo.work_off(batch.pk)] * 2 + [lambda: imported(athlete, tcx(started_at=START.replace(day=20)))]
    workers = [threading.Thread(target=work, args=[act]) for act in acts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert done.count(True) == 1
    assert Activity.objects.get().started_at == START.replace(day=20)


# Over the web


def test_stopping_keeps_what_is_read_and_throws_the_rest_away(as_ada, ada):
    upload(as_ada, ("a.gpx", gpx()), ("b.gpx", gpx(day=5)))
    batch = ImportBatch.objects.get()
    ingest.work_off(batch.files.get(name="a.gpx").pk)
    html = as_ada.get(f"/import/{batch.pk}/").content.decode()
    assert f'action="/import/{batch.pk}/cancel/"' in html
    assert as_ada.post(f"/import/{batch.pk}/cancel/").status_code == 302
    assert {file.name: file.outcome for file in batch.files.all()} == {"a.gpx": "new", "b.gpx": "cancelled"}
    html = as_ada.get(f"/import/{batch.pk}/").content.decode()
    assert "Every file is read." in html and "Not read" in html
    assert Activity.objects.count() == 1


def test_a_refused_file_is_tried_again_with_the_bytes_that_are_here(as_ada, ada, monkeypatch):
    from activities import importers

    with monkeypatch.context() as patch:
        patch.setattr(importers, "read_file", lambda *args, **kwargs: 1 / 0)
        (file,) = imported(ada, tcx())
    url = f"/import/{file.batch_id}/"
    assert "Try 1 refused file again" in as_ada.get(url).content.decode()
    as_ada.post(f"{url}retry/", {"file": "nonsense"})
    read_all()
    file.refresh_from_db()
    assert (file.outcome, file.reason) == ("new", "")
    assert "refused file again" not in as_ada.get(url).content.decode()


def test_before_taking_back_it_is_said_what_goes_and_what_stays(as_ada, ada, django_capture_on_commit_callbacks):
    (file,) = imported(ada, tcx())
    factories.make_race(athlete=ada, activity=Activity.objects.get(), chip_time_s=1490.0)
    url = f"/import/{file.batch_id}/undo/"
    html = as_ada.get(url).content.decode()
    assert "1 activity goes" in html and "1 race that you typed something about stays" in html
    assert Activity.objects.exists(), "looking changes nothing"
    with django_capture_on_commit_callbacks(execute=False):
        assert as_ada.post(url).status_code == 302
    assert "Being taken back" in as_ada.get(f"/import/{file.batch_id}/").content.decode()
    undo.work_off(file.batch_id)
    html = as_ada.get(f"/import/{file.batch_id}/").content.decode()
    assert "This import was taken back." in html and "Taken back" in html
    assert as_ada.get(url).status_code == 302 and as_ada.post(url).status_code == 302


def test_only_the_athlete_stops_retries_and_takes_back(cast, as_carl, as_eve, as_olga):
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    batch = factories.make_batch(athlete=cast.ada, outcomes=["new", "waiting"])
    for who in (as_carl, as_eve, as_olga):
        for act in ("cancel", "retry", "undo"):
            assert who.post(f"/import/{batch.pk}/{act}/").status_code == 404
    assert ImportFile.objects.filter(outcome="waiting").count() == 1
