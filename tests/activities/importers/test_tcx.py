import numpy as np
import pytest

from tests.activities.xml_files import START, iso, tcx, tcx_activity, tcx_lap, tcx_point, tcx_run


def points(first: int, last: int, **more) -> str:
    return "".join(tcx_point(second, **more) for second in range(first, last))


def one_lap(made: str, *, timer_s: float = 60, distance_m: float = 180, **about) -> str:
    return tcx(tcx_activity(tcx_lap(made, timer_s=timer_s, distance_m=distance_m), **about))


def test_totals_are_the_laps_added_up_and_the_clock_is_that_of_the_points(only):
    run = only(tcx_run(laps=3, lap_s=60))
    assert run.distance_m == 540
    assert run.timer_s == 180
    assert run.elapsed_s == 179
    assert run.started_at == START
    assert run.calories == 90
    assert run.hr_avg == 150
    assert run.hr_max == 160
    assert (run.device, run.device_serial) == ("Forerunner 935", "3912345678")


def test_laps_as_the_device_wrote_them(only):
    run = only(tcx_run(laps=2, lap_s=60))
    assert [lap.index for lap in run.laps] == [0, 1]
    assert [lap.distance_m for lap in run.laps] == [180, 180]
    assert [lap.timer_s for lap in run.laps] == [60, 60]
    assert [lap.elapsed_s for lap in run.laps] == [60, 59]
    assert [lap.hr_avg for lap in run.laps] == [151, 151]
    assert run.laps[1].started_at is not None
    assert (run.laps[1].started_at - START).total_seconds() == 60
    assert run.laps[0].trigger == "manual"


def test_a_pause_is_elapsed_but_not_on_the_timer(only):
    first = tcx_lap(points(0, 60), timer_s=60, distance_m=180, trigger="HeartRate")
    second = tcx_lap(
        "".join(tcx_point(s, along_m=(s - 240) * 3.0) for s in range(300, 360)), start=300, timer_s=60, distance_m=180
    )
    run = only(tcx(tcx_activity(first, second)))
    assert run.elapsed_s == 359
    assert run.timer_s == 120
    assert run.moving_s == pytest.approx(118)
    assert run.laps[0].trigger == "heart_rate"


def test_points_without_position_count_and_keep_their_other_values(only):
    run = only(one_lap(points(0, 20) + points(20, 30, position=False) + points(30, 60)))
    assert (run.n_records, run.n_positions, run.n_hr) == (60, 50, 60)
    assert np.isnan(run.streams.latitude[20:30]).all()
    assert not np.isnan(run.streams.distance_m).any()


def test_points_without_a_time_count_but_stand_in_no_stream(only):
    run = only(one_lap(points(0, 30) + tcx_point(None) + points(30, 60)))
    assert (run.n_records, len(run.streams), run.n_positions, run.n_hr) == (61, 60, 61, 61)


def test_a_treadmill_run_has_distance_and_no_position(only):
    run = only(one_lap(points(0, 60, position=False)))
    assert run.n_positions == 0
    assert run.streams.latitude is None
    assert run.distance_m == 180
    assert run.moving_s == 59
    assert "positions_missing" in run.notes


def test_without_any_distance_the_way_is_measured_along_the_positions(only):
    run = only(one_lap(points(0, 60, distance=False), distance_m=0))
    assert run.distance_m == pytest.approx(177, abs=0.01)
    assert "distance_computed" in run.notes


def test_without_lap_distance_the_last_point_counts(only):
    run = only(one_lap(points(0, 60), distance_m=0))
    assert run.distance_m == 177


def test_distances_counted_from_zero_in_every_lap_are_put_one_after_the_other(only):
    laps = [
        tcx_lap(
            "".join(tcx_point(lap * 100 + s, along_m=s * 3.0) for s in range(100)),
            start=lap * 100,
            timer_s=100,
            distance_m=300,
        )
        for lap in range(3)
    ]
    run = only(tcx(tcx_activity(*laps)))
    assert run.streams.distance_m[-1] == pytest.approx(3 * 297)
    assert (np.diff(run.streams.distance_m) >= 0).all()
    assert "distance_restarts" in run.notes


@pytest.mark.parametrize(
    ("extensions", "sport", "cadence"),
    [
        ("<RunCadence>85</RunCadence>", "Running", 170),
        ("<RunCadence>172</RunCadence>", "Running", 172),
        ("<RunCadence>85</RunCadence>", "Biking", 85),
    ],
)
def test_cadence_is_steps_of_both_feet(only, extensions, sport, cadence):
    assert only(one_lap(points(0, 9, extensions=extensions), sport=sport)).cadence_avg == cadence


def test_the_cadence_element_counts_one_foot_for_runs_too(only):
    made = points(0, 9, extensions="").replace("</Trackpoint>", "<Cadence>84</Cadence></Trackpoint>")
    assert only(one_lap(made)).cadence_avg == 168


def test_speed_and_power_from_the_extension(only):
    run = only(one_lap(points(0, 9, extensions="<Speed>3.5</Speed><Watts>240</Watts>")))
    assert set(run.streams.speed_mps) == {3.5}
    assert run.power_avg == 240


def test_heart_rate_without_the_value_element(only):
    made = points(0, 9, hr=None).replace("</Trackpoint>", "<HeartRateBpm>141</HeartRateBpm></Trackpoint>")
    assert only(one_lap(made)).hr_avg == 141


def test_a_heart_rate_of_zero_is_a_missing_one(only):
    run = only(one_lap(points(0, 5, hr=0) + points(5, 10, hr=140)))
    assert (run.n_hr, run.hr_avg) == (5, 140)


def test_without_samples_of_heart_rate_the_laps_say_it(only):
    first = tcx_lap(points(0, 60, hr=None), timer_s=60, distance_m=180, hr=140)
    second = tcx_lap(points(60, 90, hr=None), start=60, timer_s=30, distance_m=90, hr=170)
    run = only(tcx(tcx_activity(first, second)))
    assert run.hr_avg == pytest.approx(150)
    assert run.n_hr == 0


@pytest.mark.parametrize(
    ("word", "sport"),
    [("Running", "running"), ("Biking", "cycling"), ("Other", "other"), ("Walking", "walking"), ("", "")],
)
def test_sports(only, word, sport):
    assert only(one_lap(points(0, 9), sport=word)).sport == sport


def test_the_first_line_of_the_notes_is_the_name(only):
    assert only(one_lap(points(0, 9), notes="Berlin Marathon\nvery hot")).name == "Berlin Marathon"


def test_several_activities_and_the_legs_of_a_multisport_session(read):
    day = 86_400
    run = tcx_activity(tcx_lap(points(0, 60), timer_s=60, distance_m=180))
    ride = tcx_activity(
        tcx_lap(points(day, day + 60), start=day, timer_s=60, distance_m=180), sport="Biking", start=day
    )
    assert [a.sport for a in read(tcx(run, ride)).activities] == ["running", "cycling"]
    legs = f"<MultiSportSession><Id>{iso(0)}</Id><FirstSport>{run}</FirstSport><NextSport>{ride}</NextSport></MultiSportSession>"
    file = read(tcx(legs))
    assert [a.sport for a in file.activities] == ["running", "cycling"]
    assert [a.n_records for a in file.activities] == [60, 60]
    assert [len(a.laps) for a in file.activities] == [1, 1]


def test_a_history_of_the_first_version_is_read(only):
    lap = tcx_lap(points(0, 60), timer_s=60, distance_m=180)
    run = only(tcx(f"<Running><Run>{lap}</Run></Running>", wrap="History"))
    assert (run.sport, run.n_records, run.distance_m) == ("running", 60, 180)


def test_courses_and_workouts_are_no_activities(read):
    course = f"<Course><Name>Loop</Name><Lap><TotalTimeSeconds>9</TotalTimeSeconds></Lap><Track>{points(0, 60)}</Track></Course>"
    assert read(tcx(course, wrap="Courses")).not_an_activity == "course"
    assert (
        read(tcx('<Workout Sport="Running"><Name>8x400</Name></Workout>', wrap="Workouts")).not_an_activity == "workout"
    )
    assert read(tcx()).not_an_activity == "a TCX file without an activity"


def test_an_activity_of_laps_only_keeps_its_totals(only):
    run = only(one_lap("", timer_s=1800, distance_m=5000))
    assert (run.distance_m, run.timer_s, run.elapsed_s) == (5000, 1800, 1800)
    assert run.started_at == START
    assert (run.n_records, len(run.streams)) == (0, 0)


def test_an_activity_that_says_nothing_is_refused(refusal):
    assert refusal(tcx('<Activity Sport="Running"></Activity>')) == "nothing_recorded"


def test_an_activity_that_breaks_off_is_measured_by_its_points(read):
    whole = tcx_run(laps=2, lap_s=60)
    file = read(whole[: whole.index(f"<Time>{iso(90)}</Time>")])
    (run,) = file.activities
    assert "ends in the middle" in file.incomplete
    assert run.n_records == 90
    assert run.distance_m == pytest.approx(89 * 3)
    assert run.elapsed_s == 89
    assert run.timer_s is None
    assert [lap.distance_m for lap in run.laps] == [180]


def test_points_back_in_time_are_sorted_and_noted(only):
    run = only(one_lap("".join(tcx_point(second) for second in (0, 1, 5, 2, 3, 4))))
    assert run.streams.time_s.tolist() == [0, 1, 2, 3, 4, 5]
    assert run.streams.distance_m.tolist() == [0, 3, 6, 9, 12, 15]
    assert "points_out_of_order" in run.notes


def test_two_points_in_one_second_are_both_kept(only):
    run = only(one_lap(points(0, 5) + tcx_point(4, along_m=13) + points(5, 9)))
    assert run.streams.time_s.tolist() == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8]


def test_a_distance_that_falls_is_noted_and_kept(only):
    run = only(one_lap("".join(tcx_point(s, along_m=100 - s if s > 5 else s * 20.0) for s in range(10))))
    assert "distance_decreases" in run.notes
