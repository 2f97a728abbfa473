"""Whatever happens to a file: a result or `Unreadable`, nothing else, and never more than was in it."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.importers import ReadFile, Unreadable
from activities.recorded import COLUMN_TYPES
from tests.activities import fit_files, xml_files

WHOLE = {
    "fit": fit_files.run(seconds=120),
    "gpx": xml_files.gpx(
        xml_files.gpx_track(
            "".join(xml_files.gpx_point(second, extra=xml_files.garmin(150)) for second in range(60)),
            "".join(xml_files.gpx_point(second, extra=xml_files.garmin(150)) for second in range(200, 260)),
        )
    ).encode(),
    "tcx": xml_files.tcx_run(laps=3, lap_s=40).encode(),
}


def sane(file: ReadFile) -> None:
    """What everything after the importers relies on."""
    assert bool(file.activities) != bool(file.not_an_activity)
    for activity in file.activities:
        for name in ("distance_m", "elapsed_s", "timer_s", "moving_s", "hr_avg", "hr_max", "cadence_avg", "power_avg"):
            value = getattr(activity, name)
            assert value is None or (np.isfinite(value) and value >= 0), (name, value)
        assert activity.n_records >= max(activity.n_positions, activity.n_hr, len(activity.streams))
        assert len({lap.index for lap in activity.laps}) == len(activity.laps)
        for name, column in activity.streams.columns().items():
            assert column.dtype == COLUMN_TYPES[name]
            assert not np.isinf(column).any()
            assert not np.isnan(column).all() or not len(column)
        assert (activity.streams.time_s >= 0).all()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("kind", WHOLE)
def test_the_longer_the_part_the_more_is_read(read, kind, packed):
    content = WHOLE[kind]
    n_before = 0
    for twentieth in range(1, 20):
        try:
            file = read(content[: len(content) * twentieth // 20], packed=packed)
        except Unreadable as refused:
            assert n_before == 0
            assert refused.code in {"damaged", "unknown_format"}
            continue
        sane(file)
        assert file.incomplete
        n = sum(activity.n_records for activity in file.activities)
        assert n_before <= n <= 120
        assert n >= 120 * (twentieth - 3) / 20
        n_before = n
    assert n_before > 100


@pytest.mark.parametrize("kind", WHOLE)
def test_cut_anywhere_near_its_end(read, kind):
    content = WHOLE[kind]
    for cut in range(len(content) - 400, len(content), 1 if kind == "fit" else 3):
        file = read(content[:cut])
        sane(file)
        assert file.incomplete or not content[cut:].strip()
        assert 100 <= file.activities[0].n_records <= 120


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("kind", WHOLE)
def test_flipped_missing_and_added_bytes(read, kind, seed):
    chance = random.Random(f"{kind} {seed}")
    content = bytearray(WHOLE[kind])
    match seed % 4:
        case 0:
            for _ in range(chance.choice((1, 5, 50, 500))):
                content[chance.randrange(len(content))] = chance.randrange(256)
        case 1:
            start = chance.randrange(len(content))
            del content[start : start + chance.randrange(1, 3000)]
        case 2:
            start = chance.randrange(len(content))
            content[start:start] = chance.randbytes(chance.randrange(1, 100))
        case 3:
            for _ in range(20):  # where formats say what follows
                content[chance.randrange(12, min(700, len(content)))] = chance.randrange(256)
    try:
        sane(read(bytes(content)))
    except Unreadable as refused:
        assert refused.code and str(refused)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=400))
def test_any_bytes_behind_a_fit_header(read, body):
    try:
        sane(read(fit_files.whole(body)))
    except Unreadable as refused:
        assert refused.code in {"damaged", "nothing_recorded"}


FIELDS = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 12), st.integers(0, 255)), max_size=12)
MESSAGES = st.tuples(
    st.sampled_from([0, 12, 18, 19, 20, 20, 21, 23, 34, 132, 206, 207, 999]), FIELDS, FIELDS, st.binary(max_size=200)
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(MESSAGES, max_size=6), order=st.sampled_from("<>"))
def test_any_definition_of_the_messages_we_read(read, messages, order):
    """Sizes and types that fit nothing, fields of developers nobody described, values of all kinds."""
    body = fit_files.Body(order)
    fit_files.add_file_id(body)
    for number, fields, developer, values in messages:
        body.define(number, fields, developer=developer)
        size = sum(field[1] for field in (*fields, *developer))
        for start in range(0, len(values) - size, max(size, 1)):
            body.bytes += b"\0" + values[start : start + size]
    fit_files.add_track(body, seconds=5)
    file = read(fit_files.whole(body))
    sane(file)
    assert sum(activity.n_records for activity in file.activities) >= 5


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<>&", exclude_categories=("Cc", "Cs")), max_size=30)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(TEXT, min_size=8, max_size=8))
def test_any_text_where_a_number_or_a_time_belongs(read, values):
    time, distance, hr, speed, timer, lap_distance, start, latitude = values
    point = xml_files.tcx_point(5).replace(xml_files.iso(5), time).replace(">15.0<", f">{distance}<")
    point = point.replace(">150<", f">{hr}<").replace(">3.0<", f">{speed}<").replace(">52.5", f">{latitude}")
    points = xml_files.tcx_point(0) + point + xml_files.tcx_point(9)
    lap = xml_files.tcx_lap(points, timer_s=60, distance_m=180).replace(">60<", f">{timer}<")
    lap = lap.replace(">180<", f">{lap_distance}<").replace(
        f'StartTime="{xml_files.iso(0)}"', f"StartTime={_quoted(start)}"
    )
    file = read(xml_files.tcx(xml_files.tcx_activity(lap)))
    sane(file)
    assert file.activities[0].n_records == 3


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'
