import json
import os

import pytest
from django.core.management import CommandError, call_command

from activities.models import Activity, ImportFile
from performance.models import Analysis
from tests.activities.files import gzipped, tcx

pytestmark = pytest.mark.django_db


def run_import(*paths, **options):
    call_command("import_files", *map(str, paths), athlete="ada@example.invalid", **options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "runs" / "2024").mkdir(parents=True)
    (tmp_path / "runs" / ".hidden").write_bytes(b"x")
    (tmp_path / "runs" / "a.tcx").write_bytes(tcx(name="A run"))
    (tmp_path / "runs" / "2024" / "a again.tcx.gz").write_bytes(gzipped(tcx(name="A run")))
    (tmp_path / "runs" / "2024" / "broken.fit").write_bytes(b"\x0e\x10nothing")
    return tmp_path / "runs"


def test_folders_are_walked_and_every_file_has_an_outcome(cast, folder, tmp_path):
    run_import(folder, report=str(tmp_path / "report.json"))
    report = {entry["file"]: entry for entry in json.loads((tmp_path / "report.json").read_text())}
    assert {name: entry["outcome"] for name, entry in report.items()} == {
        "2024/a again.tcx.gz": "new",
        "2024/broken.fit": "refused",
        "a.tcx": "same",
    }
    (activity,) = report["a.tcx"]["activities"]
    assert activity == {
        "id": Activity.objects.get().pk,
        "sport": "running",
        "start_time_utc": "2024-05-12T08:30:00Z",
        "distance_m": 5000.0,
        "elapsed_s": 1500.0,
        "timer_s": 1500.0,
        "hr_avg": 150.0,
        "n_records": 301,
        "n_positions": 301,
        "n_hr": 301,
        "n_laps": 1,
    }
    assert report["2024/broken.fit"]["reason"]
    assert report["2024/broken.fit"]["activities"] == []


def test_results_are_there_when_the_command_ends(cast, folder):
    run_import(folder)
    assert Analysis.objects.filter(activity=Activity.objects.get()).exists()


def test_what_is_no_file_has_an_outcome_too(cast, folder, tmp_path):
    os.mkfifo(folder / "pipe.fit")
    (folder / "broken link.gpx").symlink_to(folder / "nowhere")
    (folder / "round and round").symlink_to(folder)
    (folder / "endless.gpx").symlink_to("/dev/zero")
    run_import(folder, report=str(tmp_path / "report.json"))
    report = {entry["file"]: entry for entry in json.loads((tmp_path / "report.json").read_text())}
    for name in ("pipe.fit", "broken link.gpx", "round and round", "endless.gpx"):
        assert report[name]["outcome"] == "refused", name
        assert report[name]["reason"]
    assert report["a.tcx"]["outcome"] == "same"


def test_no_wait_leaves_the_files_to_the_workers(cast, folder):
    run_import(folder, no_wait=True)
    assert set(ImportFile.objects.values_list("outcome", flat=True)) == {"waiting"}


def test_an_unknown_athlete_and_a_missing_path_are_said_in_words(cast, folder, tmp_path):
    with pytest.raises(CommandError, match="no athlete"):
        call_command("import_files", str(folder), athlete="nobody@example.invalid")
    with pytest.raises(CommandError, match="neither a file nor a folder"):
        run_import(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="no files"):
        run_import(tmp_path / "empty")
