"""An activity's streams in and out as columns; the only SQL on samples.

Hides how samples are stored (blocks of up to 4,096 in integer arrays, chosen by bench/samples.py): callers hand over and
get back `Streams`, NumPy columns in SI units. Arrays travel in PostgreSQL's binary form, so no Python number is made for
a sample. A recording's samples are replaced as a whole, inside the caller's transaction. Every statement names the
recording and a time range, so that on a hypertable only its chunks are touched.

Stored resolution: time 1 ms, distance 1 cm, position 1e-7°, altitude 0.1 m, speed 1 mm/s, temperature 0.1 °C, heart rate,
cadence and power whole. A value that does not fit its column counts as missing; the original file has it still.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection, transaction
from psycopg.adapt import Loader
from psycopg.pq import Format

from activities.models import Recording
from activities.recorded import COLUMN_TYPES, Streams

BLOCK = 4096
BLOCK_SPAN_S = 86_400  # so that a time range is found by the blocks' own times, widened by a day
HALF_ROUND_DEG = 180.0


@dataclass(frozen=True)
class Series:
    """One stream: `per_unit` stored units make one SI unit; `steps` says that differences are stored."""

    name: str
    column: str
    type: str
    per_unit: float
    steps: bool


TIME = Series("time_s", "time_step_ms", "int4", 1000, True)
SERIES = (
    Series("distance_m", "distance_step_cm", "int4", 100, True),
    Series("latitude", "latitude_step_e7", "int4", 1e7, True),
    Series("longitude", "longitude_step_e7", "int4", 1e7, True),
    Series("altitude_m", "altitude_step_dm", "int4", 10, True),
    Series("heart_rate_bpm", "heart_rate_bpm", "int2", 1, False),
    Series("cadence_spm", "cadence_spm", "int2", 1, False),
    Series("power_w", "power_w", "int2", 1, False),
    Series("speed_mps", "speed_mmps", "int4", 1000, False),
    Series("temperature_c", "temperature_dc", "int2", 10, False),
)

_TYPES: dict[str, tuple[int, np.dtype[Any], int]] = {
    "int2": (21, np.dtype(">i2"), -(2**15)),
    "int4": (23, np.dtype(">i4"), -(2**31)),
}

DELETE = """
    delete from activities_sampleblock
    where recording_id = %(recording)s
      and time between %(first)s and %(last)s
"""
COPY_IN = f"""
    copy activities_sampleblock (recording_id, time, seq, time_step_ms, {", ".join(series.column for series in SERIES)})
    from stdin (format binary)
"""
READ = f"""
    select time, {
    ", ".join(
        f"array_replace({series.column}, null, '{_TYPES[series.type][2]}'::{series.type})" for series in (TIME, *SERIES)
    )
}
    from activities_sampleblock
    where recording_id = %(recording)s
      and time between %(first)s and %(last)s
    order by seq
"""  # noqa: S608 - built from the constants above only


def replace(recording: Recording, streams: Streams) -> None:
    """Store these samples as all that the recording has; in one transaction, the caller's where there is one.

    Also notes on the recording how long they last, which is where they will be looked for.
    """
    span_s = round(float(streams.time_s[-1]), 3) if len(streams) else 0.0
    with transaction.atomic(), connection.cursor() as cursor:
        recording.samples_span_s = max(span_s, recording.samples_span_s)
        cursor.execute(DELETE, _scope(recording))
        recording.samples_span_s = span_s
        recording.save(update_fields=["samples_span_s"])
        if not len(streams):
            return
        with cursor.copy(COPY_IN) as copy:
            copy.set_types(["int8", "timestamptz", "int4", *["bytea"] * (1 + len(SERIES))])
            for row in _rows(recording, streams):
                copy.write_row(row)


def read(recording: Recording) -> Streams:
    """All samples of a recording as columns; empty where it has none. One query, memory as the columns."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own binds on this side and cannot read binary
        for name in _TYPES:
            cursor.adapters.register_loader(cursor.adapters.types[name].array_oid, _AsBytes)
        blocks = cursor.execute(READ, _scope(recording), binary=True).fetchall()
    if not blocks:
        return Streams.empty()
    times = []
    for block in blocks:
        begins_s = (block[0] - recording.started_at).total_seconds()
        times.append(_unpacked(block[1], TIME) + begins_s)
    lengths = [len(part) for part in times]
    columns: dict[str, Any] = {"time_s": np.maximum.accumulate(np.round(np.concatenate(times), 3))}
    for place, series in enumerate(SERIES, start=2):
        if any(block[place] is not None for block in blocks):
            parts = [
                _unpacked(block[place], series) if block[place] is not None else np.full(length, np.nan)
                for block, length in zip(blocks, lengths, strict=True)
            ]
            columns[series.name] = np.concatenate(parts).astype(COLUMN_TYPES[series.name])
    return Streams(**columns)


def _scope(recording: Recording) -> dict[str, Any]:
    """The recording and the whole time its samples span, so that only its chunks are touched."""
    first = recording.started_at - timedelta(milliseconds=1)
    return {"recording": recording.pk, "first": first, "last": recording.samples_end + timedelta(milliseconds=1)}


def _rows(recording: Recording, streams: Streams) -> Iterator[list[Any]]:
    """Blocks for COPY, one at a time, so that a recording of any length needs the memory of one block."""
    time_s = streams.time_s
    crossings = _crossings(streams)
    first = 0
    while first < len(time_s):
        end = min(first + BLOCK, int(np.searchsorted(time_s, time_s[first] + BLOCK_SPAN_S)))
        end = min(end, *crossings[crossings > first][:1], len(time_s))
        begins_s = round(float(time_s[first]), 3)
        row: list[Any] = [recording.pk, recording.started_at + timedelta(seconds=begins_s), first]
        row.append(_packed(time_s[first:end] - begins_s, TIME))
        for series in SERIES:
            column = getattr(streams, series.name)
            row.append(_packed(column[first:end], series) if column is not None else None)
        yield row
        first = end


def _crossings(streams: Streams) -> npt.NDArray[np.intp]:
    """Samples after which a longitude jumps across the 180th meridian: a step too long for its column."""
    if streams.longitude is None:
        return np.empty(0, dtype=np.intp)
    known = np.flatnonzero(~np.isnan(streams.longitude))
    return known[1:][np.abs(np.diff(streams.longitude[known])) > HALF_ROUND_DEG]


def _packed(column: npt.NDArray[Any], series: Series) -> bytes | None:
    """A column as PostgreSQL's binary one-dimensional array; None where nothing in it is known."""
    oid, dtype, absent = _TYPES[series.type]
    scaled = np.asarray(column, dtype=np.float64) * series.per_unit
    missing = ~(np.abs(scaled) < -absent - 1)  # NaN too
    if missing.all():
        return None
    values = np.rint(np.where(missing, 0.0, scaled)).astype(np.int64)
    if series.steps:
        steps = np.zeros_like(values)
        steps[~missing] = np.diff(values[~missing], prepend=0)
        if (np.abs(steps) >= -absent).any():  # from one end of the column's range to the other: no such run
            return None
        values = steps
    cells = np.empty(len(values), dtype=[("length", ">i4"), ("value", dtype)])
    cells["length"] = dtype.itemsize
    cells["value"] = values
    body = cells.view(np.uint8).reshape(len(values), -1)
    if missing.any():
        cells["length"][missing] = -1
        written = np.ones(body.shape, dtype=bool)
        written[missing, 4:] = False
        body = body[written]
    return struct.pack(">iiIii", 1, bool(missing.any()), oid, len(values), 1) + body.tobytes()


def _unpacked(array: bytes, series: Series) -> npt.NDArray[np.float64]:
    """The reverse, for an array whose NULLs the query replaced."""
    _, dtype, absent = _TYPES[series.type]
    values = np.frombuffer(array, dtype=[("length", ">i4"), ("value", dtype)], offset=20)["value"].astype(np.int64)
    missing = values == absent
    if series.steps:
        values = np.cumsum(np.where(missing, 0, values))
    column = values / series.per_unit
    column[missing] = np.nan
    return column


class _AsBytes(Loader):
    """Hands an array over as PostgreSQL sent it."""

    format = Format.BINARY

    def load(self, data: psycopg.abc.Buffer) -> bytes:
        return bytes(data)
