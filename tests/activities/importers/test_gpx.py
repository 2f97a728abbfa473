from datetime import timedelta

import gpxpy
import numpy as np
import pytest

from tests.activities.xml_files import METRES_PER_DEGREE, START, garmin, gpx, gpx_point, gpx_run, gpx_track, iso


def points(first: int, last: int, **more) -> str:
    return "".join(gpx_point(second, **more) for second in range(first, last))


def test_name_sport_device_and_streams(only):
    run = only(gpx_run())
    assert (run.name, run.sport, run.sub_sport, run.device) == ("Spring half", "running", "", "Garmin Connect")
    assert list(run.streams.columns()) == [
        "time_s", "distance_m", "latitude", "longitude", "altitude_m", "heart_rate_bpm", "cadence_spm", "temperature_c",
    ]  # fmt: skip
    assert run.streams.cadence_spm is not None
    assert set(run.streams.cadence_spm) == {170}
    assert run.streams.temperature_c is not None
    assert run.streams.temperature_c[0] == 21
    assert run.timer_s is None
    assert run.moving_s == 119
    assert run.laps == ()


def test_the_way_is_that_of_gpxpy(only):
    content = gpx_run(seconds=600)
    run = only(content)
    track = gpxpy.parse(content).tracks[0]
    assert run.n_records == len(track.segments[0].points)
    # gpxpy measures on the equatorial radius
    assert run.distance_m == pytest.approx(track.length_2d() * 6_371_008.8 / 6_378_137, rel=1e-6)
    assert run.streams.distance_m is not None
    assert run.streams.distance_m[-1] == pytest.approx(run.distance_m)
    assert "distance_computed" in run.notes


def test_segments_are_one_activity_and_not_bridged(only):
    pause = gpx(gpx_track(points(0, 60), points(600, 660)))
    run = only(pause)
    assert run.n_records == 120
    assert run.elapsed_s == 659
    assert run.distance_m == pytest.approx(2 * 59 * 3, abs=0.01)
    assert run.moving_s == pytest.approx(118)


def test_tracks_close_to_each_other_are_one_activity(only):
    run = only(gpx(gpx_track(points(0, 60)), gpx_track(points(3600, 3660))))
    assert run.n_records == 120
    assert run.elapsed_s == 3659


def test_tracks_of_different_days_are_different_activities(read):
    day = 24 * 3600
    file = read(gpx(gpx_track(points(day, day + 60), name="second"), gpx_track(points(0, 60), name="first")))
    assert [activity.name for activity in file.activities] == ["first", "second"]
    assert file.activities[1].started_at == START + timedelta(days=1)
    assert [activity.n_records for activity in file.activities] == [60, 60]
    assert file.activities[1].streams.distance_m[0] == 0


def test_tracks_that_overlap_are_kept_apart(read):
    file = read(gpx(gpx_track(points(0, 600)), gpx_track(points(300, 900, speed_mps=2.0))))
    assert [activity.n_records for activity in file.activities] == [600, 600]
    assert all("tracks_overlap" in activity.notes for activity in file.activities)
    assert all((np.diff(activity.streams.distance_m) > 0).all() for activity in file.activities)


def test_tracks_written_in_any_order_are_read_in_order_of_time(only):
    run = only(gpx(gpx_track(points(100, 160)), gpx_track(points(0, 60))))
    assert run.streams.time_s.tolist() == [*range(60), *range(100, 160)]
    assert run.distance_m == pytest.approx(2 * 59 * 3, abs=0.01)
    assert (np.diff(run.streams.distance_m) >= 0).all()


@pytest.mark.parametrize(
    ("extra", "column", "value"),
    [
        (garmin(143), "heart_rate_bpm", 143),
        ("<extensions><ns3:TrackPointExtension xmlns:ns3='x'><ns3:hr>143</ns3:hr></ns3:TrackPointExtension></extensions>", "heart_rate_bpm", 143),
        ("<extensions><gpxdata:hr>143</gpxdata:hr><gpxdata:cadence>84</gpxdata:cadence></extensions>", "heart_rate_bpm", 143),
        ("<extensions><heartrate>143</heartrate></extensions>", "heart_rate_bpm", 143),
        ("<hr>143</hr>", "heart_rate_bpm", 143),
        ("<extensions><hr>143</hr></extensions>", "heart_rate_bpm", 143),
        ("<extensions><gpxdata:cadence>84</gpxdata:cadence></extensions>", "cadence_spm", 168),
        ("<extensions><cadence>168</cadence></extensions>", "cadence_spm", 168),
        ("<extensions><power>251</power></extensions>", "power_w", 251),
        ("<extensions><gpxpx:PowerExtension><gpxpx:PowerInWatts>251</gpxpx:PowerInWatts></gpxpx:PowerExtension></extensions>", "power_w", 251),
        ("<extensions><gpxdata:temp>18.5</gpxdata:temp></extensions>", "temperature_c", 18.5),
        ("<speed>3.25</speed>", "speed_mps", 3.25),
    ],
)  # fmt: skip
def test_sensors_are_found_in_every_extension(only, extra, column, value):
    run = only(gpx(gpx_track(points(0, 5, extra=extra))))
    assert getattr(run.streams, column).tolist() == [value] * 5


@pytest.mark.parametrize(
    ("kind", "sport"),
    [
        ("running", ("running", "")),
        ("Running", ("running", "")),
        ("9", ("running", "")),
        ("trail_running", ("running", "trail")),
        ("TrailRun", ("running", "trail")),
        ("1", ("cycling", "")),
        ("mountain_biking", ("cycling", "mountain")),
        ("Cross Country Skiing", ("cross_country_skiing", "")),
        ("", ("", "")),
        ("jkljkl", ("", "")),
    ],
)
def test_sports_by_word_and_by_number(only, kind, sport):
    run = only(gpx(gpx_track(points(0, 5), kind=kind)))
    assert (run.sport, run.sub_sport) == sport


def test_cadence_is_not_doubled_where_the_sport_is_no_foot_sport_or_unknown(only):
    for kind in ("cycling", ""):
        run = only(gpx(gpx_track(points(0, 5, extra=garmin(143, cadence=84)), kind=kind)))
        assert run.cadence_avg == 84


def test_a_drawn_route_is_no_activity(read):
    route = '<rte><name>Loop</name><rtept lat="52.5" lon="13.4"/><rtept lat="52.6" lon="13.4"/></rte>'
    assert read(gpx(route)).not_an_activity == "a route without times"
    track = gpx_track("".join(gpx_point(None, along_m=along) for along in range(9)))
    assert read(gpx(track)).not_an_activity == "a route without times"
    assert read(gpx('<wpt lat="52.5" lon="13.4"/>')).not_an_activity == "waypoints"
    assert read(gpx()).not_an_activity == "a GPX file without a track"
    assert read(gpx()).activities == ()


def test_route_points_with_times_are_a_recording(only):
    assert only(gpx(gpx_track(points(0, 5)).replace("trkpt", "rtept").replace("trk>", "rte>"))).n_records == 5


def test_points_without_times_count_but_stand_in_no_stream(only):
    untimed = "".join(gpx_point(None, along_m=-300 + along * 3) for along in range(100))
    run = only(gpx(gpx_track(untimed + points(0, 50))))
    assert (run.n_records, run.n_positions, len(run.streams)) == (150, 150, 50)
    assert run.distance_m == pytest.approx(300 + 49 * 3, abs=0.01)
    assert run.streams.distance_m[0] == 0
    assert run.streams.distance_m[-1] == pytest.approx(49 * 3, abs=0.01)
    assert run.elapsed_s == 49
    assert "times_missing" in run.notes


def test_points_out_of_order_are_sorted_and_ties_kept(only):
    order = [0, 1, 3, 2, 2, 4]
    made = "".join(gpx_point(second, along_m=3 * second + 0.1 * place) for place, second in enumerate(order))
    run = only(gpx(gpx_track(made)))
    assert run.streams.time_s.tolist() == [0, 1, 2, 2, 3, 4]
    assert "points_out_of_order" in run.notes
    assert run.streams.latitude[2] < run.streams.latitude[3]
    assert (np.diff(run.streams.distance_m) >= 0).all()


def test_a_time_that_cannot_be_is_left_out_and_noted(only):
    lost = '<trkpt lat="52.5" lon="13.4"><time>1970-01-01T00:00:03Z</time></trkpt>'
    run = only(gpx(gpx_track(lost + points(0, 50))))
    assert run.started_at == START
    assert run.elapsed_s == 49
    assert (run.n_records, len(run.streams)) == (51, 50)
    assert "times_implausible" in run.notes


@pytest.mark.parametrize(
    ("written", "second"),
    [
        ("2024-05-04T07:30:01Z", 1),
        ("2024-05-04T07:30:01.250Z", 1.25),
        ("2024-05-04T07:30:01.2500000000Z", 1.25),
        ("2024-05-04T09:30:01+02:00", 1),
        ("2024-05-04T09:30:01+0200", 1),
        ("2024-05-04T07:30:01", 1),
        ("2024-05-04 07:30:01Z", 1),
        ("2024-5-4T7:30:1Z", 1),
        ("2024-05-04T07:30:01.Z", 1),
        ("2024-05-04T07:30:01,5Z", 1.5),
        ("2024-05-04T07:29:60Z", 0),
        ("\n 2024-05-04T07:30:01Z \n", 1),
    ],
)
def test_times_are_understood_as_programs_write_them(only, written, second):
    run = only(gpx(gpx_track(gpx_point(0) + gpx_point(50).replace(iso(50), written) + gpx_point(99))))
    assert second in run.streams.time_s.tolist()


@pytest.mark.parametrize(
    "written", ["", "2024-05-04", "2024-13-04T07:30:01Z", "yesterday", "9" * 200, "2024-05-04T07:30:01+99:00"]
)
def test_what_is_no_time_is_a_missing_time(only, written):
    run = only(gpx(gpx_track(gpx_point(0) + gpx_point(50).replace(iso(50), written) + gpx_point(99))))
    assert run.streams.time_s.tolist() == [0, 99]
    assert "times_missing" in run.notes


def test_the_zone_a_file_names_is_kept_and_a_missing_one_noted(only):
    east = gpx(gpx_track(points(0, 3))).replace("Z</time></trkpt>", "+00:00</time></trkpt>")
    assert only(east).utc_offset_s is None
    assert only(gpx_run().replace("T07:", "T09:").replace("Z</time><ext", "+02:00</time><ext")).utc_offset_s == 7200
    assert "time_zone_missing" in only(gpx_run().replace("Z</time><ext", "</time><ext")).notes


@pytest.mark.parametrize("latitude", ["", "north", "nan", "inf", "91", "-90.5", "0"])
def test_a_position_that_cannot_be_is_missing(only, latitude):
    lost = f'<trkpt lat="{latitude}" lon="{0 if latitude == "0" else 13.4}"><time>{iso(3)}</time></trkpt>'
    run = only(gpx(gpx_track(points(0, 3) + lost + points(4, 9))))
    assert (run.n_records, run.n_positions) == (9, 8)
    assert run.distance_m == pytest.approx(8 * 3, abs=0.01)


def test_a_decimal_comma_is_understood(only):
    run = only(gpx(gpx_track(points(0, 9))).replace('lat="52.', 'lat="52,').replace('lon="13.4"', 'lon="13,4"'))
    assert run.distance_m == pytest.approx(24, abs=0.01)


def test_a_file_without_namespaces_and_with_strange_ones_reads_the_same(only):
    sound = gpx_run()
    bare = sound.replace(' xmlns="http://www.topografix.com/GPX/1/1"', "")
    assert only(bare).hr_avg == 150
    assert (
        only(bare.replace(' xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"', "")).hr_avg == 150
    )
    prefixed = (
        sound.replace("<trk", "<g:trk")
        .replace("</trk", "</g:trk")
        .replace('version="1.1"', 'version="1.1" xmlns:g="http://www.topografix.com/GPX/1/1"')
    )
    assert only(prefixed).n_records == 120


def test_across_the_date_line(only):
    made = "".join(
        f'<trkpt lat="-17.0" lon="{longitude}"><time>{iso(second)}</time></trkpt>'
        for second, longitude in enumerate(("179.9999", "179.99995", "-180.0", "-179.99995"))
    )
    run = only(gpx(gpx_track(made)))
    assert run.distance_m == pytest.approx(3 * 0.00005 * METRES_PER_DEGREE * np.cos(np.radians(17)), rel=1e-3)


def test_standing_still_and_gaps_are_not_moving(only):
    standing = "".join(gpx_point(second, along_m=180) for second in range(60, 121))
    onward = "".join(gpx_point(second, along_m=180 + (second - 120) * 3) for second in range(121, 180))
    later = "".join(gpx_point(second, along_m=400 + (second - 400) * 3) for second in range(400, 430))
    run = only(gpx(gpx_track(points(0, 60) + standing + onward + later)))
    assert run.elapsed_s == 429
    assert run.moving_s == pytest.approx(60 + 59 + 29, abs=2 * 6)


def test_distance_counted_in_whole_steps_is_still_moving(only):
    made = "".join(gpx_point(second, along_m=6 * (second // 2)) for second in range(120))
    assert only(gpx(gpx_track(made))).moving_s == 119
