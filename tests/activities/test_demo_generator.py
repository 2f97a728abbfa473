"""The made-up runner: that her files are files, that the truth about them is true, and that her years are plausible."""

import csv
import gzip
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import gpxpy
import numpy as np
import pytest
from lxml import etree

from activities.demo import BORN, TABLE, DemoFile, generate, write_truth
from activities.importers import read_file
from activities.recorded import RecordedActivity
from performance.agegrade import age_grade
from performance.best_efforts import best_efforts, clean

UNTIL = date(2026, 11, 22)
LONDON = ZoneInfo("Europe/London")
EVENT_WORDS = ("parkrun", "10K", "Mile", "Marathon", "Race", "cross-country", "1500")


@pytest.fixture(scope="module")
def files() -> list[DemoFile]:
    return list(generate(seed=7, years=3, until=UNTIL))


@pytest.fixture(scope="module")
def races(files: list[DemoFile]) -> list[DemoFile]:
    return [file for file in files if file.truth.is_race]


@pytest.fixture(scope="module")
def read(files: list[DemoFile], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[DemoFile, RecordedActivity]]:
    """Every fifth file, and of every third month all, through the importers."""
    folder = tmp_path_factory.mktemp("demo")
    chosen = [file for n, file in enumerate(files) if n % 5 == 0 or (n > 30 and file.truth.started_at.month % 6 == 5)]
    return [(file, recorded(folder, file)) for file in chosen]


def recorded(folder: Path, file: DemoFile) -> RecordedActivity:
    path = folder / file.name
    path.write_bytes(file.content)
    (activity,) = read_file(path, name=file.name).activities
    return activity


def xml(file: DemoFile) -> bytes:
    return gzip.decompress(file.content) if file.name.endswith(".gz") else file.content


def local(file: DemoFile) -> datetime:
    return file.truth.started_at.astimezone(LONDON)


def of_kind(files: list[DemoFile], suffix: str) -> Iterator[DemoFile]:
    return (file for file in files if suffix in file.name)


# The whole


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (list(generate(seed=7, years=0.3, until=UNTIL)) for _ in range(2))
    assert first == second
    assert first != list(generate(seed=8, years=0.3, until=UNTIL))


def test_three_years_are_some_four_hundred_files_with_sixty_races(files: list[DemoFile], races: list[DemoFile]) -> None:
    assert 380 <= len(files) <= 420
    assert 58 <= len(races) <= 62
    assert len({file.name for file in files}) == len(files)


def test_a_shorter_time_is_told_with_as_many_races_in_it() -> None:
    few = list(generate(seed=3, years=0.5, until=date(2024, 9, 30)))
    assert 50 <= len(few) <= 75
    assert 8 <= sum(file.truth.is_race for file in few) <= 12
    assert list(generate(seed=3, years=0, until=date(2024, 9, 30))) == []


def test_the_newest_comes_first_and_nothing_lies_outside_the_time_asked_for(files: list[DemoFile]) -> None:
    starts = [file.truth.started_at for file in files]
    assert starts == sorted(starts, reverse=True)
    assert all(start.tzinfo is UTC for start in starts)
    assert local(files[0]).date() <= UNTIL
    assert local(files[-1]).date() > UNTIL - timedelta(days=3 * 366)


def test_all_of_it_is_less_than_25_megabytes(files: list[DemoFile]) -> None:
    assert sum(len(file.content) for file in files) < 25e6


def test_nobody_runs_twice_at_once(files: list[DemoFile]) -> None:
    for later, earlier in itertools.pairwise(files):
        ended = earlier.truth.started_at + timedelta(seconds=earlier.truth.elapsed_s)
        assert ended < later.truth.started_at, (earlier.name, later.name)


# The files


def test_formats_are_mixed_and_some_are_gzipped(files: list[DemoFile]) -> None:
    assert sum(1 for _ in of_kind(files, ".tcx")) > 100
    assert sum(1 for _ in of_kind(files, ".gpx")) > 100
    assert 20 < sum(not file.name.endswith(".gz") for file in files) < 200


def test_every_tcx_holds_laps_with_a_title_and_a_device(files: list[DemoFile]) -> None:
    spaces = {"t": "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"}
    for file in of_kind(files, ".tcx"):
        (activity,) = etree.fromstring(xml(file)).iterfind(".//t:Activity", spaces)
        assert activity.findtext("t:Notes", namespaces=spaces) == file.truth.title
        assert activity.findtext("t:Creator/t:Name", namespaces=spaces)
        laps = [float(metres.text or "nan") for metres in activity.iterfind("t:Lap/t:DistanceMeters", spaces)]
        assert sum(laps) == pytest.approx(file.truth.distance_m, abs=1)


def test_every_gpx_is_well_formed_and_has_its_title(files: list[DemoFile]) -> None:
    spaces = {"g": "http://www.topografix.com/GPX/1/1"}
    for file in of_kind(files, ".gpx"):
        (track,) = etree.fromstring(xml(file)).iterfind("g:trk", spaces)
        assert track.findtext("g:name", namespaces=spaces) == file.truth.title
        assert track.findtext("g:type", namespaces=spaces) == file.truth.sport


def test_gpxpy_reads_the_same_distance(files: list[DemoFile]) -> None:
    for file in list(of_kind(files, ".gpx"))[40::12]:
        (track,) = gpxpy.parse(xml(file).decode()).tracks
        assert track.length_2d() == pytest.approx(file.truth.distance_m, rel=0.03)
        assert track.get_duration() == pytest.approx(file.truth.elapsed_s, abs=1)


def test_the_importers_find_what_the_truth_says(read: list[tuple[DemoFile, RecordedActivity]]) -> None:
    for file, activity in read:
        assert activity.started_at == file.truth.started_at
        assert activity.name == file.truth.title
        assert activity.sport == file.truth.sport
        assert activity.distance_m == pytest.approx(file.truth.distance_m, rel=0.03)
        assert activity.elapsed_s == pytest.approx(file.truth.elapsed_s, abs=1)


def test_new_runs_are_sampled_finely_and_old_ones_coarsely(read: list[tuple[DemoFile, RecordedActivity]]) -> None:
    for file, activity in read:
        apart_s = float(np.median(np.diff(activity.streams.time_s)))
        if local(file).date() > UNTIL - timedelta(days=60):
            assert apart_s <= 2
        else:
            assert 2 <= apart_s <= 13


def test_a_treadmill_has_no_positions(files: list[DemoFile], tmp_path: Path) -> None:
    indoors = [file for file in files if file.truth.title.startswith("Treadmill")]
    assert indoors
    for file in indoors:
        activity = recorded(tmp_path, file)
        assert activity.n_positions == 0
        assert activity.distance_m == pytest.approx(file.truth.distance_m, abs=0.5)


def test_hearts_and_legs_stay_human(read: list[tuple[DemoFile, RecordedActivity]]) -> None:
    for _, activity in read:
        heart = activity.streams.heart_rate_bpm
        if heart is not None and activity.n_hr:
            assert 50 <= np.nanmin(heart) <= np.nanmax(heart) <= 178
        if activity.sport == "running" and activity.streams.cadence_spm is not None:
            assert 150 <= np.nanmedian(activity.streams.cadence_spm) <= 195
        if activity.sport == "running" and activity.streams.distance_m is not None:
            assert clean(activity.streams.time_s, activity.streams.distance_m).excluded == ()


# Her races


def test_a_ride_is_easier_than_a_run_and_harder_than_rest(read: list[tuple[DemoFile, RecordedActivity]]) -> None:
    rides = [activity.hr_avg for file, activity in read if file.truth.sport == "cycling" and activity.hr_avg]
    assert rides and all(100 < beats < 135 for beats in rides)


def test_half_of_the_races_do_not_say_so(races: list[DemoFile]) -> None:
    silent = [race for race in races if not any(word in race.truth.title for word in EVENT_WORDS)]
    assert len(silent) == len(races) // 2
    assert all(race.truth.race_name for race in races)


def test_parkruns_are_on_saturdays_at_nine(races: list[DemoFile]) -> None:
    parkruns = [race for race in races if "parkrun" in (race.truth.race_name or "")]
    assert len(parkruns) >= 12
    assert all((local(race).weekday(), local(race).hour, local(race).minute) == (5, 9, 0) for race in parkruns)


def test_a_year_holds_the_usual_distances(races: list[DemoFile]) -> None:
    told = {race.truth.official_distance_m for race in races}
    assert {1500, 5000, 8046.72, 10_000, 16_093.44, 21_097.5, 42_195, 6200, 14_300} == told
    days = sorted(local(race).date() for race in races)
    assert all(later > earlier for earlier, later in itertools.pairwise(days))


def test_a_race_is_run_without_a_stop_and_measures_a_little_long(races: list[DemoFile]) -> None:
    long_by = []
    for race in races:
        truth = race.truth
        assert truth.chip_time_s is not None and truth.official_distance_m is not None
        if truth.official_distance_m == 1500:
            continue
        assert truth.chip_time_s < truth.elapsed_s <= truth.chip_time_s + 10
        long_by.append(truth.distance_m / truth.official_distance_m - 1)
    assert 0.004 < float(np.median(long_by)) < 0.009
    assert all(-0.006 < by < 0.02 for by in long_by)


def test_the_track_race_is_found_inside_its_evening(races: list[DemoFile], tmp_path: Path) -> None:
    evenings = [race for race in races if race.truth.official_distance_m == 1500]
    assert len(evenings) >= 2
    for evening in evenings:
        activity = recorded(tmp_path, evening)
        assert activity.streams.distance_m is not None
        (fastest,) = best_efforts(activity.streams.time_s, activity.streams.distance_m, [1500])
        assert fastest.time_s == pytest.approx(evening.truth.chip_time_s, rel=0.02)
        assert fastest.start_s > 1000 and fastest.end_s < evening.truth.elapsed_s - 300


def test_some_races_have_a_warm_up_just_before(files: list[DemoFile], races: list[DemoFile]) -> None:
    starts = [race.truth.started_at for race in races]
    before = [
        file
        for file in files
        if any(timedelta(0) < start - file.truth.started_at < timedelta(minutes=45) for start in starts)
    ]
    assert len(before) >= 8
    assert all(1400 < file.truth.distance_m < 2500 and not file.truth.is_race for file in before)


def test_her_road_races_grade_between_70_and_80_per_cent_and_better_in_the_end(races: list[DemoFile]) -> None:
    grades = []
    for race in races:
        metres, seconds = race.truth.official_distance_m, race.truth.chip_time_s
        if metres in {1500, 6200, 14_300} or metres is None or seconds is None:
            continue
        age = (local(race).date() - BORN).days / 365.25
        grades.append(age_grade(time_s=seconds, age=age, sex=TABLE, distance_m=metres).age_grade)
    assert all(0.70 < grade < 0.80 for grade in grades)
    assert np.mean(grades[:12]) > np.mean(grades[-12:]) + 0.01


def test_an_illness_leaves_a_hole(files: list[DemoFile]) -> None:
    apart = [later.truth.started_at - earlier.truth.started_at for later, earlier in itertools.pairwise(files)]
    assert timedelta(days=24) <= max(apart) <= timedelta(days=45)


def test_training_is_of_many_kinds(files: list[DemoFile]) -> None:
    sports = {file.truth.sport for file in files}
    assert {"running", "cycling", "walking", "hiking"} >= sports >= {"running", "cycling"}
    assert any(" x " in file.truth.title for file in files)
    assert (
        max(file.truth.distance_m for file in files if not file.truth.is_race and file.truth.sport == "running")
        > 25_000
    )


# The truth as a file


def test_the_truth_is_written_as_a_table(files: list[DemoFile], tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.csv", files)

    with (tmp_path / "truth.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert [row["file"] for row in rows] == [file.name for file in files]
    race = next(row for row in rows if row["race_name"] == "Brackwater 10K")
    assert race["is_race"] == "1" and race["official_distance_m"] == "10000"
    assert datetime.fromisoformat(race["started_at"]).tzinfo is not None
    assert next(row for row in rows if row["is_race"] == "0")["chip_time_s"] == ""
