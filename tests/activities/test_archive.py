"""An export as it came: Strava's, Garmin's, a folder in a zip; through the page and the command."""

import csv
import io
import zipfile

import pytest
from django.core.management import call_command

from activities import archives, ingest, undo
from activities.models import Activity, ImportBatch, ImportFile, Recording
from tests.activities.files import START, gzipped, imported, tcx
from tests.activities.importers.test_archive_table import ENGLISH, GERMAN, cells
from tests.activities.importers.test_archives import packed
from tests.activities.test_import_page import upload
from tests.activities.test_ingest import stored_files

pytestmark = pytest.mark.django_db

FIRST = tcx(name="From the watch")
SECOND = tcx(started_at=START.replace(day=20))


def table(header, *rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def export(header=ENGLISH, *, day="May {}, 2024, 8:30:00 AM", kind="Run", gear="5000.0") -> bytes:
    """Two runs with a file, one by hand, a picture, and a file that is in no row."""
    rows = [
        cells(id="1", date=day.format(12), name="Parkrun!", kind=kind, s="1500", km="5.00", metres="5000.0", file="activities/11.tcx.gz"),
        cells(id="2", date=day.format(20), name="Easy", kind=kind, s="1500", km="5.00", metres="5000.0", file="activities/12.tcx"),
        cells(id="3", date=day.format(25), name="By hand", kind=kind, s="1800", km="6.00", metres="6000.0", file=""),
    ]  # fmt: skip
    return packed(
        ("activities.csv", table(header, *rows)),
        ("activities/11.tcx.gz", gzipped(FIRST)),
        ("activities/12.tcx", SECOND),
        ("media/photo.jpg", b"not looked at"),
        ("activities/broken.fit", b"nothing"),
    ).getvalue()


def brought(athlete, *contents: bytes) -> ImportBatch:
    batch = ImportBatch.objects.create(athlete=athlete, kind="upload")
    for position, content in enumerate(contents):
        ingest.receive(batch, name=f"export{position}.zip", source=io.BytesIO(content), position=position)
    ingest.work_off_all(batch)
    return batch


def history(athlete) -> list:
    return [
        (run.started_at, run.name, run.sport, run.distance_m, run.recordings.count())
        for run in Activity.objects.of(athlete).order_by("started_at")
    ]


def test_a_strava_export_is_runs_with_their_names_and_those_typed_in(ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        batch = brought(ada, export())
    assert [(name, n) for _at, name, _sport, _m, n in history(ada)] == [("Parkrun!", 2), ("Easy", 2), ("By hand", 1)]
    told = Recording.objects.get(external_id="1")
    assert (told.source, told.told["gear"], told.leads) == ("archive", "Blue shoes", False)
    outcomes = {file.name: (file.outcome, file.code) for file in batch.files.all()}
    assert outcomes["export0.zip"] == ("not_an_activity", "archive")
    assert outcomes["activities.csv"] == ("new", "table") and outcomes["activities/12.tcx"] == ("new", "")
    assert outcomes["activities/broken.fit"][0] == "refused" and "media/photo.jpg" not in outcomes
    assert {name.split("/")[0] for name in stored_files()} == {"originals", "incoming"}
    assert len([name for name in stored_files() if name.startswith("incoming")]) == 1, "only what was refused"


def test_in_german_it_is_the_same_history(cast):
    brought(cast.ada, export())
    brought(cast.eve, export(GERMAN, day="{}.05.2024, 08:30:00", kind="Lauf"))
    assert history(cast.ada) == history(cast.eve)


def test_the_same_runs_from_the_watch_before_or_after_are_one_history(cast):
    imported(cast.ada, FIRST, SECOND)
    brought(cast.ada, export())
    brought(cast.eve, export())
    imported(cast.eve, FIRST, SECOND)
    assert history(cast.ada) == history(cast.eve)
    assert history(cast.ada)[0][1] == "Parkrun!", "a title given there beats the one in the file"


def test_brought_twice_it_is_there_once_and_undone_it_is_gone(ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        imported(ada, FIRST)
        batch = brought(ada, export())
        again = brought(ada, export())
    assert {file.outcome for file in again.files.exclude(code="archive")} == {"same", "refused"}
    for one in (again, batch):
        with django_capture_on_commit_callbacks(execute=True):
            undo.ask(one)
            undo.work_off(one.pk)
    assert [row[1:] for row in history(ada)] == [("From the watch", "running", 5000.0, 1)]
    assert len(stored_files()) == 1


def test_a_garmin_export_holds_archives(ada):
    inner = packed(("one.tcx", FIRST), ("deeper.zip", packed(("x.tcx", SECOND)).getvalue())).getvalue()
    batch = brought(ada, packed(("DI_CONNECT/UploadedFiles_0-_Part1.zip", inner), ("customer.json", b"{}")).getvalue())
    assert {file.name: file.code for file in batch.files.all()} == {
        "export0.zip": "archive",
        "DI_CONNECT/UploadedFiles_0-_Part1.zip": "archive",
        "UploadedFiles_0-_Part1.zip/one.tcx": "",
        "UploadedFiles_0-_Part1.zip/deeper.zip": "nested",
    }
    assert Activity.objects.count() == 1


def test_a_crash_while_taking_apart_costs_nothing(ada, monkeypatch):
    batch = ImportBatch.objects.create(athlete=ada, kind="upload")
    file = ingest.receive(batch, name="export.zip", source=io.BytesIO(export()), position=0)
    bring, calls = archives._bring, []

    def dies(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return bring(*args)

    with monkeypatch.context() as patch:
        patch.setattr(archives, "_bring", dies)
        with pytest.raises(KeyboardInterrupt):
            ingest.work_off(file.pk)
    assert batch.files.count() == 3
    monkeypatch.setattr(archives, "SLICE_S", -1.0)
    ingest.work_off(file.pk)
    assert ImportFile.objects.get(pk=file.pk).outcome == "waiting", "put down, and asked for again"
    monkeypatch.undo()
    ingest.work_off_all(batch)
    assert len(history(ada)) == 3 and batch.files.count() == 5


def test_files_that_arrive_while_an_archive_is_taken_apart_find_their_place(ada):
    batch = ImportBatch.objects.create(athlete=ada, kind="upload")
    first = ingest.receive(batch, name="export.zip", source=io.BytesIO(export()), position=0)
    ingest.work_off(first.pk)
    ingest.receive(batch, name="late.tcx", source=io.BytesIO(tcx(started_at=START.replace(day=2))), position=1)
    ingest.work_off_all(batch)
    assert [file.name for file in batch.files.all()][:2] == ["export.zip", "late.tcx"]
    assert Activity.objects.count() == 4


def test_a_crash_in_the_table_costs_nothing(ada, monkeypatch):
    monkeypatch.setattr(archives, "ROWS_A_STEP", 1)
    store, calls = archives._store, []

    def dies(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return store(*args)

    with monkeypatch.context() as patch:
        patch.setattr(archives, "_store", dies)
        with pytest.raises(KeyboardInterrupt):
            brought(ada, export())
    batch = ImportBatch.objects.get()
    assert batch.files.get(name="activities.csv").outcome == "waiting"
    ingest.work_off_all(batch)
    assert len(history(ada)) == 3 and Recording.objects.filter(source="archive").count() == 3


def test_a_row_without_a_file_and_a_certain_date_is_counted_and_said(ada):
    content = table(ENGLISH, cells(id="5", date="3/4/2024 08:00:00", file=""), cells(id="6", file="", s="1800"))
    batch = brought(ada, packed(("activities.csv", content)).getvalue())
    file = batch.files.get(name="activities.csv")
    assert file.outcome == "partial" and "1 row names no file here" in file.reason
    assert Activity.objects.count() == 1


def test_over_the_web_with_progress_and_outcomes(as_ada, ada):
    upload(as_ada, ("export.zip", export()))
    batch = ImportBatch.objects.get()
    ingest.work_off(batch.files.get().pk)
    html = as_ada.get(f"/import/{batch.pk}/").content.decode()
    assert "1 of 5 read" in html and "activities/12.tcx" in html and "An archive with 4 files to read" in html
    ingest.work_off_all(batch)
    html = as_ada.get(f"/import/{batch.pk}/").content.decode()
    assert "Every file is read." in html and "A table with 3 activities." in html and "Taken back" not in html


def test_by_command_packed_or_unpacked_it_is_the_same(cast, tmp_path):
    (tmp_path / "export.zip").write_bytes(export())
    with zipfile.ZipFile(tmp_path / "export.zip") as box:
        box.extractall(tmp_path / "folder")
    call_command(
        "import_files",
        str(tmp_path / "export.zip"),
        "--athlete",
        cast.ada.user.email,
        "--report",
        str(tmp_path / "r.json"),
    )
    call_command("import_files", str(tmp_path / "folder"), "--athlete", cast.eve.user.email)
    assert history(cast.ada) == history(cast.eve)
    assert '"name"' not in (tmp_path / "r.json").read_text()


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 18, b"PK\x05\x06" + b"\0" * 18]
)
def test_an_archive_that_is_none_is_refused_or_empty(ada, content):
    (file,) = brought(ada, content).files.all()
    assert file.code in {"bad_zip", "archive", "too_many_entries"}


def test_a_large_archive_is_never_held_in_memory(ada, tmp_path):
    import tracemalloc

    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as box:
        box.writestr("activities/1.tcx", FIRST)
        for n in range(4):
            box.writestr(f"media/{n}.mp4", b"\0" * 40_000_000)
    batch = ImportBatch.objects.create(athlete=ada, kind="upload")
    tracemalloc.start()
    try:
        with path.open("rb") as source:
            ingest.receive(batch, name="large.zip", source=source, position=0)
        ingest.work_off_all(batch)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Activity.objects.count() == 1
    assert peak < 30_000_000, f"{peak:,} bytes"
