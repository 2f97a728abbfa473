from datetime import timedelta

import fitdecode
import numpy as np
import pytest

from tests.activities import fit_files
from tests.activities.fit_files import (
    ENUM,
    FIELD_DESCRIPTION,
    FLOAT32,
    HR,
    LAP,
    RECORD,
    SESSION,
    SINT8,
    SINT32,
    SPORT,
    START,
    STRING,
    TIMESTAMP,
    UINT8,
    UINT16,
    UINT32,
    Body,
    add_file_id,
    add_record,
    add_session,
    add_timer_event,
    add_track,
    run_body,
    semicircles,
    stamp,
    whole,
)

BEGUN = stamp(START)


def unclosed(**track) -> Body:
    """Records without lap or session."""
    body = Body()
    add_file_id(body)
    add_track(body, **track)
    return body


def closed(body: Body, *, elapsed_s: float = 60, **values) -> bytes:
    add_session(body, start=BEGUN, elapsed_s=elapsed_s, **values)
    return whole(body)


def test_totals_are_those_of_the_session(only):
    body = unclosed(seconds=60)
    run = only(
        closed(
            body,
            elapsed_s=75.5,
            timer=(UINT32, 61_250),
            distance=(UINT32, 20_012),
            hr=(UINT8, 99),
            hr_max=(UINT8, 171),
            calories=(UINT16, 40),
        )
    )
    assert run.started_at == START
    assert (run.elapsed_s, run.timer_s, run.distance_m, run.hr_max, run.calories) == (75.5, 61.25, 200.12, 171, 40)
    assert run.hr_avg == pytest.approx(150)
    assert (run.sport, run.device, run.device_serial) == ("running", "garmin fr945", "123456")


def test_without_samples_of_heart_rate_the_session_says_it(only):
    body = Body()
    add_file_id(body)
    for second in range(5):
        add_record(body, BEGUN + second, hr=(UINT8, 0 if second % 2 else 0xFF))
    run = only(closed(body, hr=(UINT8, 142)))
    assert (run.n_hr, run.hr_avg) == (0, 142)
    assert "heart_rate_missing" in run.notes


def test_every_value_of_a_record_is_what_fitdecode_says(only, tmp_path):
    body = run_body(seconds=30)
    add_record(
        body, BEGUN + 40, lat=(SINT32, 0x7FFFFFFF), lon=(SINT32, 5), altitude=(UINT16, 0xFFFF), power=(UINT16, 250)
    )
    add_record(
        body,
        BEGUN + 41,
        enhanced_speed=(UINT32, 3456),
        enhanced_altitude=(UINT32, 2750),
        speed=(UINT16, 0xFFFF),
        temperature=(SINT8, -4),
    )
    add_record(
        body, BEGUN + 42, cadence=(UINT8, 85), fraction=(UINT8, 64), hr=(UINT16, 177), distance=(UINT32, 0xFFFFFFFF)
    )
    content = whole(body)
    streams = only(content).streams
    read = {
        name: np.full(len(streams), np.nan)
        for name in (
            "distance_m",
            "altitude_m",
            "heart_rate_bpm",
            "speed_mps",
            "power_w",
            "temperature_c",
            "latitude",
            "cadence_spm",
        )
    }
    with fitdecode.FitReader(content) as reader:
        records = [frame for frame in reader if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record"]
    assert len(records) == len(streams) == 33
    names = {
        "distance_m": "distance",
        "altitude_m": "enhanced_altitude",
        "heart_rate_bpm": "heart_rate",
        "speed_mps": "enhanced_speed",
        "power_w": "power",
        "temperature_c": "temperature",
    }
    for index, record in enumerate(records):
        for column, name in names.items():
            said = [field.value for field in record.fields if field.name == name and field.value is not None]
            read[column][index] = said[-1] if said else np.nan
        latitude, longitude = (record.get_value(name, fallback=None) for name in ("position_lat", "position_long"))
        if latitude is not None and longitude is not None:
            read["latitude"][index] = latitude * 180 / 2**31
        if (cadence := record.get_value("cadence", fallback=None)) is not None:
            read["cadence_spm"][index] = 2 * (cadence + (record.get_value("fractional_cadence", fallback=None) or 0))
    for column, values in read.items():
        np.testing.assert_allclose(getattr(streams, column), values, rtol=1e-6, err_msg=column)


def test_both_byte_orders(only):
    body = Body(">")
    add_file_id(body)
    add_track(body, seconds=30)
    assert only(closed(body)).n_positions == 30


def test_a_header_of_twelve_bytes(only):
    assert only(whole(run_body(), header_size=12)).n_records == 120


def test_compressed_timestamps(only):
    body = Body()
    add_file_id(body)
    add_record(body, BEGUN, hr=(UINT8, 140))
    for second in range(1, 100, 3):
        body.add(RECORD, {3: (UINT8, 150)}, local=1, compressed=(BEGUN + second) & 0x1F)
    run = only(closed(body, elapsed_s=100))
    assert run.streams.time_s.tolist() == [0, *range(1, 100, 3)]


def test_speed_and_distance_packed_in_three_bytes(only):
    body = Body()
    add_file_id(body)
    body.define(RECORD, [(TIMESTAMP, 4, UINT32), (8, 3, 0x0D)])
    for second in range(100):
        distance, speed = round(second * 5 * 16) & 0xFFF, 500
        packed = bytes([speed & 0xFF, speed >> 8 | (distance & 0xF) << 4, distance >> 4])
        body.bytes += b"\0" + (BEGUN + second).to_bytes(4, "little") + packed
    run = only(closed(body, elapsed_s=99))
    assert run.streams.distance_m.tolist() == [5.0 * second for second in range(100)]
    assert set(run.streams.speed_mps) == {5.0}


def test_power_of_a_foot_pod_is_used_where_the_watch_has_none(only):
    def pod(native_power: bool) -> bytes:
        body = Body()
        add_file_id(body)
        body.add(207, {3: (UINT8, 0)})
        described = {0: (UINT8, 0), 1: (UINT8, 9), 2: (UINT8, UINT16), 3: (STRING, "Power"), 8: (STRING, "Watts")}
        body.add(FIELD_DESCRIPTION, described)
        body.add(
            FIELD_DESCRIPTION, described | {1: (UINT8, 10), 2: (UINT8, FLOAT32), 3: (STRING, "Leg Spring Stiffness")}
        )
        for second in range(10):
            own = {7: (UINT16, 199)} if native_power else {}
            body.add(
                RECORD,
                {TIMESTAMP: (UINT32, BEGUN + second), **own},
                developer={(0, 9): (UINT16, 250), (0, 10): (FLOAT32, 9.5)},
            )
        return closed(body)

    assert set(only(pod(native_power=False)).streams.power_w) == {250}
    assert set(only(pod(native_power=True)).streams.power_w) == {199}


def test_sessions_are_activities_with_their_own_records_and_laps(read):
    body = Body()
    add_file_id(body)
    legs = [(5, 0, 300), (3, 300, 60), (2, 360, 600)]
    for _, start, seconds in legs:
        add_track(body, seconds=seconds, start=BEGUN + start)
    for sport, start, seconds in legs:
        add_session(body, start=BEGUN + start, elapsed_s=seconds, sport=sport, message=LAP)
    add_session(body, start=BEGUN + 500, elapsed_s=100, sport=2, message=LAP)
    for sport, start, seconds in legs:
        add_session(body, start=BEGUN + start, elapsed_s=seconds, sport=sport, distance=(UINT32, seconds * 300))
    file = read(whole(body))
    assert [a.sport for a in file.activities] == ["swimming", "transition", "cycling"]
    assert [a.n_records for a in file.activities] == [300, 60, 600]
    assert [a.elapsed_s for a in file.activities] == [300, 60, 600]
    assert [a.distance_m for a in file.activities] == [900, 180, 1800]
    assert [len(a.laps) for a in file.activities] == [1, 1, 2]
    assert [[lap.index for lap in a.laps] for a in file.activities] == [[0], [0], [0, 1]]
    assert [a.started_at for a in file.activities] == [START + timedelta(seconds=start) for _, start, _ in legs]
    assert all(a.streams.time_s[0] == 0 for a in file.activities)


def test_lap_numbers_of_sessions_decide_before_times(read):
    body = Body()
    add_file_id(body)
    for start in (0, 60, 119):
        add_session(body, start=BEGUN + start, elapsed_s=60, message=LAP)
    add_session(body, start=BEGUN, elapsed_s=120, first_lap=(UINT16, 0), n_laps=(UINT16, 2))
    add_session(body, start=BEGUN + 120, elapsed_s=60, first_lap=(UINT16, 2), n_laps=(UINT16, 1))
    assert [len(a.laps) for a in read(whole(body)).activities] == [2, 1]


def test_a_session_written_twice_is_one_activity(only):
    body = unclosed(seconds=60)
    add_session(body, start=BEGUN, elapsed_s=10)
    run = only(closed(body, elapsed_s=60))
    assert run.elapsed_s == 60
    assert "sessions_repeated" in run.notes


def test_a_recording_that_was_never_closed_is_measured_by_its_records(only):
    body = Body()
    add_file_id(body)
    body.add(SPORT, {0: (ENUM, 1), 1: (ENUM, 3)})
    add_timer_event(body, BEGUN, starts=True)
    add_track(body, seconds=60)
    add_timer_event(body, BEGUN + 59, starts=False)
    add_timer_event(body, BEGUN + 100, starts=True)
    add_track(body, seconds=20, start=BEGUN + 100)
    run = only(whole(body))
    assert (run.sport, run.sub_sport) == ("running", "trail")
    assert run.started_at == START
    assert (run.elapsed_s, run.timer_s) == (119, 59 + 19)
    assert "no_session" in run.notes


def test_a_recording_of_laps_alone(only):
    body = Body()
    add_file_id(body)
    for start in (0, 60):
        add_session(
            body, start=BEGUN + start, elapsed_s=60, message=LAP, distance=(UINT32, 18_000), timer=(UINT32, 60_000)
        )
    run = only(whole(body))
    assert (run.distance_m, run.elapsed_s, run.timer_s, run.sport) == (360, 120, 120, "running")
    assert run.started_at == START


def test_a_session_alone_is_an_activity_without_samples(only):
    body = Body()
    add_file_id(body)
    run = only(closed(body, elapsed_s=1800, sport=10, timer=(UINT32, 1_700_000)))
    assert (run.sport, run.elapsed_s, run.timer_s, run.n_records) == ("training", 1800, 1700, 0)


def test_the_local_time_gives_the_offset(only):
    assert only(whole(run_body(local_offset_s=7200))).utc_offset_s == 7200
    assert only(whole(run_body(local_offset_s=-12_600))).utc_offset_s == -12_600
    assert only(whole(run_body(local_offset_s=0))).utc_offset_s == 0


@pytest.mark.parametrize("local_offset_s", [1000, 20 * 3600, -(BEGUN - 3)])
def test_a_local_time_that_cannot_be_gives_no_offset(only, local_offset_s):
    assert only(whole(run_body(local_offset_s=local_offset_s))).utc_offset_s is None


def test_a_clock_that_was_never_set_is_noted(only):
    body = Body()
    add_file_id(body)
    for second in range(60):
        add_record(body, 5000 + second, hr=(UINT8, 150))
    add_session(body, start=5000, elapsed_s=60)
    run = only(whole(body))
    assert run.started_at.year == 1989
    assert run.streams.time_s.tolist() == list(range(60))
    assert "clock_not_set" in run.notes


def test_records_from_before_the_clock_was_set_are_left_out_of_the_streams(only):
    body = Body()
    add_file_id(body)
    add_record(body, 77, hr=(UINT8, 150))
    add_record(body, None, hr=(UINT8, 150))
    add_record(body, 0xFFFFFFFF, hr=(UINT8, 150))
    add_track(body, seconds=60)
    run = only(closed(body))
    assert (run.n_records, run.n_hr, len(run.streams)) == (63, 63, 60)
    assert run.started_at == START
    assert {"times_missing", "times_implausible"} <= set(run.notes)


def test_a_record_before_the_session_moves_the_start(only):
    body = Body()
    add_file_id(body)
    add_track(body, seconds=60, start=BEGUN - 2)
    run = only(closed(body))
    assert run.started_at == START - timedelta(seconds=2)
    assert run.streams.time_s[0] == 0


def test_times_that_go_back_are_sorted_and_ties_kept(only):
    body = Body()
    add_file_id(body)
    for second, hr in ((0, 101), (2, 102), (1, 103), (2, 104)):
        add_record(body, BEGUN + second, hr=(UINT8, hr))
    run = only(closed(body))
    assert run.streams.time_s.tolist() == [0, 1, 2, 2]
    assert run.streams.heart_rate_bpm.tolist() == [101, 103, 102, 104]
    assert "points_out_of_order" in run.notes


@pytest.mark.parametrize(
    ("kind", "what"),
    [(1, "a device description"), (2, "settings"), (5, "a workout"), (6, "a course"), (15, "daily monitoring"), (32, "daily monitoring"), (11, "goals"), (44, "a file of the device's own, without a recording")],
)  # fmt: skip
def test_files_of_other_kinds_are_no_activities(read, kind, what):
    body = Body()
    add_file_id(body, kind=kind)
    if kind == 6:
        add_track(body, seconds=60)
    file = read(whole(body))
    assert (file.not_an_activity, file.activities, file.incomplete) == (what, (), "")


def test_a_file_that_does_not_say_what_it_is_but_recorded_is_an_activity(only):
    body = Body()
    add_track(body, seconds=60)
    assert only(closed(body)).n_records == 60


def test_an_activity_file_without_anything_recorded_is_refused(refusal):
    body = Body()
    add_file_id(body)
    assert refusal(whole(body)) == "nothing_recorded"


def test_files_chained_in_one_are_all_read(read):
    settings = Body()
    add_file_id(settings, kind=2)
    later = Body()
    add_file_id(later)
    add_track(later, seconds=30, start=BEGUN + 86_400)
    add_session(later, start=BEGUN + 86_400, elapsed_s=30)
    file = read(whole(settings) + fit_files.run() + whole(later, header_size=12))
    assert [a.n_records for a in file.activities] == [120, 30]
    assert file.incomplete == ""


def test_what_follows_a_sound_file_is_noted(only):
    assert "content_after_end" in only(fit_files.run() + bytes(100)).notes


def test_a_file_cut_off_gives_the_records_before(read):
    content = fit_files.run(seconds=600)
    file = read(content[: len(content) // 2])
    assert file.incomplete == "The file is cut off."
    (run,) = file.activities
    assert 250 < run.n_records < 350
    assert run.elapsed_s == run.n_records - 1
    assert run.distance_m == pytest.approx(3 * (run.n_records - 1))
    assert "no_session" in run.notes


def test_a_file_without_its_checksum_is_whole_but_marked(read):
    file = read(fit_files.run()[:-2])
    assert "checksum" in file.incomplete
    assert file.activities[0].elapsed_s == 119


def test_a_wrong_checksum_is_marked_and_a_missing_one_noted(read, only):
    assert "checksum does not match" in read(whole(run_body(), checksum=0x1234)).incomplete
    assert "checksum_missing" in only(whole(run_body(), checksum=0)).notes


@pytest.mark.parametrize("length", [0, 700])
def test_a_header_that_was_never_finished_does_not_hide_the_records(read, length):
    file = read(whole(run_body(), length=length))
    (run,) = file.activities
    assert (run.n_records, run.elapsed_s, len(run.laps)) == (120, 119, 1)
    assert file.incomplete


def test_a_message_that_upsets_fitdecode_costs_only_itself(only):
    body = unclosed(seconds=60)
    body.add(HR, {10: (UINT8, 7)}, local=3)  # beats before any time they could count from: fitdecode asserts
    body.define(SESSION, [(TIMESTAMP, 4, UINT32), (2, 4, UINT32), (5, 0, ENUM), (7, 4, UINT32)])  # a field of no size
    body.bytes += b"\0" + b"".join(value.to_bytes(4, "little") for value in (BEGUN + 60, BEGUN, 60_000))
    run = only(whole(body))
    assert (run.n_records, run.elapsed_s) == (60, 60)


@pytest.mark.parametrize("limit", ["MAX_MESSAGES", "MAX_DECODED"])
def test_more_messages_than_a_recording_needs_are_refused(refusal, monkeypatch, limit):
    monkeypatch.setattr(f"activities.importers.fit_messages.{limit}", 20)
    body = Body()
    add_file_id(body)
    for second in range(20):
        add_timer_event(body, BEGUN + second, starts=not second % 2)
    assert refusal(closed(body)) == "too_many_parts"


def test_fields_of_a_size_that_is_none_of_their_type_are_left_out(only):
    body = Body()
    add_file_id(body)
    body.define(RECORD, [(TIMESTAMP, 4, UINT32), (5, 3, UINT32), (3, 1, UINT8), (6, 4, UINT16)])
    for second in range(5):
        body.bytes += b"\0" + (BEGUN + second).to_bytes(4, "little") + b"abc" + bytes([140]) + b"\xb8\x0b\0\0"
    run = only(closed(body))
    assert run.streams.distance_m is None
    assert run.hr_avg == 140
    assert set(run.streams.speed_mps) == {3.0}


def test_damage_in_the_middle_keeps_what_came_before(read):
    content = bytearray(fit_files.run(seconds=600))
    content[len(content) // 2 : len(content) // 2 + 200] = b"\x09" * 200
    file = read(bytes(content))
    assert file.incomplete
    assert file.activities[0].n_records > 250


def test_a_file_by_another_writer_reads_the_same(only):
    """fit-tool writes it; nothing of our own is in it."""
    from fit_tool.fit_file_builder import FitFileBuilder
    from fit_tool.profile.messages.file_id_message import FileIdMessage
    from fit_tool.profile.messages.record_message import RecordMessage
    from fit_tool.profile.messages.session_message import SessionMessage
    from fit_tool.profile.profile_type import FileType, Manufacturer, Sport

    builder = FitFileBuilder(auto_define=True)
    begun_ms = round(START.timestamp() * 1000)
    about = FileIdMessage()
    about.type, about.manufacturer, about.serial_number, about.time_created = (
        FileType.ACTIVITY,
        Manufacturer.COROS.value,
        77,
        begun_ms,
    )
    builder.add(about)
    for second in range(60):
        record = RecordMessage()
        record.timestamp = begun_ms + second * 1000
        record.position_lat, record.position_long = 52.5 + second * 1e-5, 13.4
        record.distance, record.heart_rate, record.altitude = second * 1.11, 120 + second, 35.0
        builder.add(record)
    session = SessionMessage()
    session.start_time, session.timestamp = begun_ms, begun_ms + 59_000
    session.total_elapsed_time, session.total_timer_time, session.total_distance, session.sport = (
        59.0,
        58.5,
        65.49,
        Sport.RUNNING,
    )
    builder.add(session)
    run = only(builder.build().to_bytes())
    assert (run.sport, run.device, run.device_serial) == ("running", "coros", "77")
    assert (run.elapsed_s, run.timer_s, run.distance_m, run.n_records) == (59, 58.5, 65.49, 60)
    assert run.hr_avg == pytest.approx(149.5)
    assert run.streams.latitude[-1] == pytest.approx(52.5 + 59e-5, abs=1e-7)
    assert run.streams.altitude_m[0] == pytest.approx(35.0)


def test_semicircles_are_degrees():
    assert semicircles(180) == 2**31
