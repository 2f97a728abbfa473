"""The development data, where it is at hand: every file against what two other parsers read from it."""

import csv
import os
from pathlib import Path

import fitdecode
import gpxpy
import pytest

from activities.importers import read_file

FOLDER = Path(os.environ.get("EXTRA_DATA", "/nowhere")) / "activity_files"
INDEX = FOLDER / "index.csv"
pytestmark = pytest.mark.skipif(not INDEX.is_file(), reason="EXTRA_DATA does not name a folder with activity_files")

EXPECTED = list(csv.DictReader(INDEX.open(newline=""))) if INDEX.is_file() else []
#: half a unit of the last place the index gives
ROUNDING = {
    "distance_m": 0.06,
    "elapsed_s": 0.06,
    "timer_s": 0.06,
    "hr_avg": 0.06,
    "n_records": 0,
    "n_positions": 0,
    "n_hr": 0,
}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: row["file"])
def test_a_file_reads_as_two_other_parsers_say(expected):
    file = read_file(FOLDER / expected["file"], name=expected["file"])
    (activity,) = file.activities
    assert file.format == expected["format"]
    assert bool(file.incomplete) == (expected["broken"] != "no")
    assert activity.started_at.strftime("%Y-%m-%dT%H:%M:%SZ") == expected["start_time_utc"]
    for name, rounding in ROUNDING.items():
        if expected[name]:
            assert getattr(activity, name) == pytest.approx(float(expected[name]), abs=rounding), name
    assert len(activity.laps) == int(expected["n_laps"] or 0)
    if expected["sport"]:
        assert activity.sport == expected["sport"].lower()
    if expected["format"] == "fit":
        assert (activity.sub_sport, activity.device) == (expected["sub_sport"], expected["device"])


def test_a_copy_in_gzip_is_the_same_file():
    plain, packed = (
        read_file(FOLDER / name, name=name)
        for name in ("run_fr620_laps_pauses.tcx", "run_fr620_laps_pauses_copy.tcx.gz")
    )
    assert plain.sha256 == packed.sha256


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.fit")), ids=lambda path: path.name)
def test_every_record_is_what_fitdecode_says(path):
    """Heart rates, distances and positions, one by one."""
    (activity,) = read_file(path, name=path.name).activities
    wanted: dict[str, list[float]] = {"heart_rate": [], "distance": [], "position_lat": [], "enhanced_speed": []}
    try:
        with fitdecode.FitReader(path, check_crc=fitdecode.CrcCheck.DISABLED) as reader:
            for frame in reader:
                if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record":
                    for name, values in wanted.items():
                        if (value := frame.get_value(name, fallback=None)) is not None:
                            values.append(value * (180 / 2**31 if name == "position_lat" else 1))
    except fitdecode.FitError:
        pass
    columns = {
        "heart_rate": "heart_rate_bpm",
        "distance": "distance_m",
        "position_lat": "latitude",
        "enhanced_speed": "speed_mps",
    }
    for name, values in wanted.items():
        column = activity.streams.columns().get(columns[name])
        read = [] if column is None else column[column == column].tolist()
        assert read == pytest.approx(values), name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gpx")), ids=lambda path: path.name)
def test_every_timed_point_is_what_gpxpy_says(path):
    (activity,) = read_file(path, name=path.name).activities
    with path.open() as file:
        tracks = gpxpy.parse(file).tracks
    points = [point for track in tracks for segment in track.segments for point in segment.points if point.time]
    assert activity.streams.time_s.tolist() == [(point.time - points[0].time).total_seconds() for point in points]
    assert activity.streams.latitude.tolist() == [point.latitude for point in points]
    assert activity.streams.longitude.tolist() == [point.longitude for point in points]
