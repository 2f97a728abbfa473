"""How should the samples of a recording be stored? Several layouts, the same runs, measured on real servers.

    python bench/samples.py --plain postgres://… [--timescale postgres://…] [--samples 1000000]

It makes runs at 1 Hz from a fixed seed, stores them in each layout in a schema of its own (`bench_samples`, dropped at
the start and at the end) and prints Markdown tables. On the second server every layout is a hypertable; layouts whose
compression the server was not built with are left out and named.

A layout is a way to cut a recording into rows (one sample, one minute, n samples, all of it) and a way to write a
column (plain integers in small units, differences between neighbours, SI floats, zlib). All of them pass through one
codec that turns a NumPy column into PostgreSQL's binary array and back without a Python object per sample, so what is
compared is the storage and not the driver. Only psycopg and NumPy are used: nothing of the project is imported.
"""

import argparse
import statistics
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

import numpy as np
import numpy.typing as npt
import psycopg

Column = npt.NDArray[np.float64]
Row = list[object]

SCHEMA = "bench_samples"
SAMPLES_PER_RECORDING = 3600
ATHLETES = 6
YEARS = 10
FIRST_DAY = datetime(2015, 1, 1, tzinfo=UTC)
LONG_RECORDING_HOURS = 48
ZONES_BPM = [120, 140, 155, 170]
PAUSE_MS = 10_000  # a longer step is a pause and counts this much in a zone


# What is stored ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """One stream: `factor` stored units make one SI unit; `steps` says that differences are smaller than values."""

    name: str
    stored: str
    type: str
    factor: float
    si_type: str
    steps: bool


TIME = Series("time_s", "offset_ms", "int4", 1000, "float8", True)
SERIES = (
    Series("distance_m", "distance_cm", "int4", 100, "float8", True),
    Series("latitude", "latitude_e7", "int4", 1e7, "float8", True),
    Series("longitude", "longitude_e7", "int4", 1e7, "float8", True),
    Series("altitude_m", "altitude_dm", "int4", 10, "float4", True),
    Series("heart_rate_bpm", "heart_rate_bpm", "int2", 1, "float4", False),
    Series("cadence_spm", "cadence_spm", "int2", 1, "float4", False),
    Series("power_w", "power_w", "int2", 1, "float4", False),
    Series("speed_mps", "speed_mmps", "int4", 1000, "float4", False),
    Series("temperature_c", "temperature_c", "int2", 1, "float4", False),
)
HISTORY = ("distance_m", "heart_rate_bpm")


@dataclass(frozen=True)
class Recording:
    """`columns` are equally long, NaN where a sample lacks the value; a series never recorded is not among them."""

    id: int
    athlete: int
    started_at: datetime
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.columns["time_s"])

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=float(self.columns["time_s"][-1]))


def make_run(*, id: int, athlete: int, started_at: datetime, n: int, rng: np.random.Generator) -> Recording:
    """A 1 Hz run as a watch writes it: wandering values, its resolutions, pauses, ties, drop-outs of the strap."""

    def wander(middle: float, *, sd: float, memory_s: float) -> Column:
        """Smooth noise about a middle: a moving average of white noise, so of cost n."""
        window = int(memory_s)
        noise = np.cumsum(rng.standard_normal(n + window))
        return middle + sd * (noise[window:] - noise[:-window]) / np.sqrt(window)

    step_s = np.ones(n)
    pauses = rng.integers(1, n, size=rng.integers(0, 5))
    step_s[pauses] += rng.integers(5, 120, size=len(pauses))
    if rng.random() < 0.2:
        step_s[rng.integers(1, n, size=2)] = 0  # two samples share a time
    step_s[0] = 0
    speed = np.clip(wander(rng.uniform(2.4, 4.2), sd=0.3, memory_s=40), 0, None)
    distance = np.cumsum(speed * np.minimum(step_s, 1))
    heading = np.cumsum(wander(0, sd=0.04, memory_s=30))
    north = np.cumsum(speed * np.cos(heading)) + wander(0, sd=1.5, memory_s=20)
    east = np.cumsum(speed * np.sin(heading)) + wander(0, sd=1.5, memory_s=20)
    latitude = 45.4 + north / 111_320
    altitude = 120 + np.cumsum(wander(0, sd=0.05, memory_s=60))
    heart_rate = np.rint(wander(rng.uniform(128, 165), sd=6, memory_s=90))
    if rng.random() < 0.15:
        for gap in rng.integers(0, n, size=6):
            heart_rate[gap : gap + 20] = np.nan
    semicircle = 180 / 2**31
    columns = {
        "time_s": np.cumsum(step_s),
        "distance_m": np.round(distance, 2),
        "latitude": np.rint(latitude / semicircle) * semicircle,
        "longitude": np.rint((9.2 + east / (111_320 * np.cos(np.radians(45.4)))) / semicircle) * semicircle,
        "altitude_m": np.rint(altitude * 5) / 5,
        "heart_rate_bpm": heart_rate,
        "cadence_spm": 2 * np.rint(wander(86, sd=1.2, memory_s=8)),
        "speed_mps": np.round(speed, 3),
        "temperature_c": np.rint(wander(21, sd=1.5, memory_s=900)),
    }
    if rng.random() < 0.1:
        columns["power_w"] = np.rint(np.clip(wander(270, sd=35, memory_s=5), 0, None))
    return Recording(id=id, athlete=athlete, started_at=started_at, columns=columns)


def make_history(samples: int) -> list[Recording]:
    """The recordings of six athletes over ten years, about `samples` samples in all."""
    rng = np.random.default_rng(2)
    n = max(ATHLETES, round(samples / SAMPLES_PER_RECORDING))
    runs = []
    for i in range(n):
        day = FIRST_DAY + timedelta(days=YEARS * 365.25 * i / n, hours=float(rng.uniform(6, 19)))
        length = int(np.clip(rng.lognormal(np.log(3300), 0.4), 600, 20_000))
        runs.append(make_run(id=i + 1, athlete=i % ATHLETES, started_at=day.replace(microsecond=0), n=length, rng=rng))
    return runs


# The codec: a NumPy column <-> PostgreSQL's binary array ----------------------------------------------------

OIDS = {"int2": 21, "int4": 23, "float4": 700, "float8": 701}
DTYPES = {"int2": np.dtype("i2"), "int4": np.dtype("i4"), "float4": np.dtype("f4"), "float8": np.dtype("f8")}
ABSENT = {"int2": -(2**15), "int4": -(2**31), "float4": "NaN", "float8": "NaN"}


def cells_of(dtype: np.dtype) -> np.dtype:
    """How COPY and arrays carry an element: its length, then its bytes, all big-endian."""
    return np.dtype([("length", ">i4"), ("value", dtype.newbyteorder(">"))])


def array_bytes(values: npt.NDArray, missing: npt.NDArray[np.bool_], type: str) -> bytes:
    """A column as a binary one-dimensional array; a missing element is SQL's NULL (length −1 and no bytes)."""
    dtype = DTYPES[type]
    cells = np.empty(len(values), dtype=cells_of(dtype))
    cells["length"] = dtype.itemsize
    cells["value"] = values
    body = cells
    holes = bool(missing.any())
    if holes:
        cells["length"][missing] = -1
        body = cells.view(np.uint8).reshape(len(values), -1)
        written = np.ones(body.shape, dtype=bool)
        written[missing, 4:] = False
        body = body[written]
    return struct.pack(">iiIii", 1, holes, OIDS[type], len(values), 1) + body.tobytes()


def array_values(data: bytes, type: str) -> npt.NDArray:
    """The reverse, for an array without NULLs: the query replaces them by ABSENT first."""
    if struct.unpack_from(">ii", data)[1]:
        raise ValueError("the array holds NULLs; array_replace them in the query")
    return np.frombuffer(data, dtype=cells_of(DTYPES[type]), offset=20)["value"]


class AsBytes(psycopg.adapt.Loader):
    """Hands an array over as PostgreSQL sent it."""

    format = psycopg.pq.Format.BINARY

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


def in_units(column: Column, factor: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    missing = np.isnan(column)
    return np.rint(np.where(missing, 0, column) * factor).astype(np.int64), missing


def as_steps(values: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Each value minus the last one that is not missing; the first as it is, so that a row is readable alone."""
    present = values[~missing]
    steps = np.zeros_like(values)
    steps[~missing] = np.diff(present, prepend=0)
    return steps


# The layouts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """block: samples in a row, None for all; minute: cut at full minutes instead; chunk_days: the hypertable's."""

    name: str
    writing: str  # plain | steps | si | zlib
    block: int | None = None
    minute: bool = False
    compression: str = "pglz"
    chunk_days: int = 28

    @property
    def by_sample(self) -> bool:
        return self.block == 1

    def type_of(self, series: Series) -> str:
        return series.si_type if self.writing == "si" else series.type

    def name_of(self, series: Series) -> str:
        return series.name if self.writing == "si" else series.stored

    def factor_of(self, series: Series) -> float:
        return 1 if self.writing == "si" else series.factor

    def ddl(self) -> str:
        columns = []
        for series in SERIES if self.by_sample else (TIME, *SERIES):
            if self.by_sample:
                columns.append(f"{self.name_of(series)} {self.type_of(series)}")
            elif self.writing == "zlib":
                columns.append(f"{series.stored} bytea storage external")
            else:
                columns.append(f"{self.name_of(series)} {self.type_of(series)}[] compression {self.compression}")
        return f"""
            create table sample (
                recording_id bigint not null references recording on delete cascade,
                time timestamptz not null,
                seq int4 not null,
                {", ".join(columns)},
                primary key (recording_id, time, seq)
            )"""

    def cuts(self, time_s: Column) -> npt.NDArray[np.int64]:
        """Where rows begin, and the end."""
        n = len(time_s)
        if self.minute:
            return np.append(np.flatnonzero(np.diff(time_s // 60, prepend=-1)), n)
        return np.append(np.arange(0, n, self.block or n), n)

    def rows(self, run: Recording) -> Iterator[Row]:
        """The rows of a recording for COPY, one at a time: memory is that of a row."""
        columns = run.columns
        cuts = self.cuts(columns["time_s"])
        for first, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            begins_s = float(columns["time_s"][first])
            row: Row = [run.id, run.started_at + timedelta(seconds=begins_s), first]
            for series in (TIME, *SERIES):
                column = columns.get(series.name)
                if column is None:
                    row.append(None)
                    continue
                part = column[first:end] - begins_s if series is TIME else column[first:end]
                row.append(self.written(part, series))
            yield row

    def written(self, column: Column, series: Series) -> bytes:
        if self.writing == "si":
            return array_bytes(column, np.isnan(column), series.si_type)
        values, missing = in_units(column, series.factor)
        if self.writing == "plain" or not series.steps:
            if self.writing == "zlib":
                return zlib.compress(np.where(missing, ABSENT[series.type], values).astype("<i4").tobytes(), 6)
            return array_bytes(values, missing, series.type)
        steps = as_steps(values, missing)
        if self.writing == "zlib":
            return zlib.compress(np.where(missing, ABSENT[series.type], steps).astype("<i4").tobytes(), 6)
        return array_bytes(steps, missing, series.type)

    def read(self, parts: list[bytes], series: Series) -> Column:
        """The inverse of `written`, for the rows of a recording in order."""
        columns = []
        for data in parts:
            if self.writing == "zlib":
                values = np.frombuffer(zlib.decompress(data), dtype="<i4")
            else:
                values = array_values(data, self.type_of(series))
            if self.writing == "si":
                columns.append(values.astype(np.float64))
                continue
            missing = values == ABSENT[series.type]
            if series.steps and self.writing in ("steps", "zlib"):
                values = np.cumsum(np.where(missing, 0, values), dtype=np.int64)
            column = values / series.factor
            column[missing] = np.nan
            columns.append(column)
        return np.concatenate(columns)


LAYOUTS = (
    Layout("row per sample", "plain", block=1),
    Layout("minute, plain", "plain", minute=True),
    Layout("1,024, plain", "plain", block=1024),
    Layout("1,024, steps", "steps", block=1024),
    Layout("4,096, SI floats", "si", block=4096),
    Layout("4,096, plain", "plain", block=4096),
    Layout("4,096, steps", "steps", block=4096),
    Layout("4,096, steps, lz4", "steps", block=4096, compression="lz4"),
    Layout("4,096, zlib of steps", "zlib", block=4096),
    Layout("recording, plain", "plain"),
    Layout("recording, steps", "steps"),
)
WIDE_DAYS = 364
WIDE_LAYOUTS = (
    Layout("row per sample", "plain", block=1, chunk_days=WIDE_DAYS),
    Layout("4,096, plain", "plain", block=4096, chunk_days=WIDE_DAYS),
    Layout("4,096, steps", "steps", block=4096, chunk_days=WIDE_DAYS),
    Layout("recording, steps", "steps", chunk_days=WIDE_DAYS),
)


# Writing and reading ----------------------------------------------------------------------------------------

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def sample_rows_bytes(layout: Layout, run: Recording) -> bytes:
    """A recording as the body of a binary COPY with a row per sample, built as one NumPy table."""
    n = len(run)
    time_s = run.columns["time_s"]
    started_us = round((run.started_at - EPOCH).total_seconds() * 1e6)
    first_of_tie = np.searchsorted(time_s, time_s)
    fields: list[tuple[str, str, npt.NDArray | int, npt.NDArray[np.bool_] | None]] = [
        ("recording_id", "i8", np.full(n, run.id), None),
        ("time", "i8", started_us + np.rint(time_s * 1e6).astype(np.int64), None),
        ("seq", "i4", np.arange(n) - first_of_tie, None),
    ]
    for series in SERIES:
        dtype = DTYPES[layout.type_of(series)]
        column = run.columns.get(series.name, np.full(n, np.nan))
        missing = np.isnan(column)
        values = np.where(missing, 0, column)
        if layout.writing != "si":
            values = np.rint(values * series.factor)
        fields.append((series.name, dtype.str[1:], values, missing))
    table = np.empty(n, dtype=[("fields", ">i2")] + [(name, cells_of(np.dtype(kind))) for name, kind, _, _ in fields])
    table["fields"] = len(fields)
    written = np.ones((n, table.dtype.itemsize), dtype=bool)
    for name, kind, values, missing in fields:
        size = np.dtype(kind).itemsize
        table[name]["length"] = size
        table[name]["value"] = values
        if missing is not None and missing.any():
            table[name]["length"][missing] = -1
            at = table.dtype.fields[name][1] + 4
            written[missing, at : at + size] = False
    return table.view(np.uint8).reshape(n, -1)[written].tobytes()


class Store:
    """One layout on one server."""

    def __init__(self, connection: psycopg.Connection, layout: Layout, *, hypertable: bool) -> None:
        self.connection = connection
        self.layout = layout
        self.hypertable = hypertable
        self.series = SERIES if layout.by_sample else (TIME, *SERIES)

    def create(self, runs: list[Recording]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("drop table if exists sample")  # alone: TimescaleDB drops no hypertable among others
            cursor.execute("drop table if exists recording")
            cursor.execute("create table recording (id bigint primary key, athlete int4 not null)")
            cursor.executemany("insert into recording values (%s, %s)", [(run.id, run.athlete) for run in runs])
            cursor.execute(self.layout.ddl())
            if self.hypertable:
                cursor.execute(
                    "select create_hypertable(%s::regclass, by_range('time', make_interval(days => %s)),"
                    " if_not_exists => true, migrate_data => true, create_default_indexes => false)",
                    (f"{SCHEMA}.sample", self.layout.chunk_days),
                )

    def copy(self, run: Recording) -> None:
        """COPY one recording in; inside the caller's transaction."""
        names = [self.layout.name_of(series) for series in self.series]
        statement = f"copy sample (recording_id, time, seq, {', '.join(names)}) from stdin (format binary)"
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            if self.layout.by_sample:
                copy.write(COPY_HEADER + sample_rows_bytes(self.layout, run) + b"\xff\xff")
                return
            copy.set_types(["int8", "timestamptz", "int4", *["bytea"] * len(self.series)])
            for row in self.layout.rows(run):
                copy.write_row(row)

    def replace(self, run: Recording) -> None:
        with self.connection.transaction():
            self.connection.execute(
                "delete from sample where recording_id = %s and time between %s and %s",
                (run.id, run.started_at, run.ended_at),
            )
            self.copy(run)

    def selected(self, series: Series) -> str:
        """The expression that reads a series with its missing values marked instead of NULL."""
        name, type = self.layout.name_of(series), self.layout.type_of(series)
        if self.layout.writing == "zlib":
            return name
        if self.layout.by_sample:
            return f"array_agg(coalesce({name}, '{ABSENT[type]}'::{type}))"
        return f"array_replace({name}, null, '{ABSENT[type]}'::{type})"

    def load(self, runs: list[Recording], names: tuple[str, ...]) -> dict[int, dict[str, Column]]:
        """Columns of some recordings as NumPy arrays; one query, its time range given."""
        wanted = [series for series in self.series if series.name in names]
        columns = ", ".join(self.selected(series) for series in wanted)
        scope = """recording_id = any(%(ids)s) and time between %(first)s and %(last)s"""
        if self.layout.by_sample:
            query = f"""
                select recording_id, 0, array_agg((extract(epoch from time) * 1000)::float8), {columns}
                from (select * from sample where {scope} order by recording_id, time, seq) as sample
                group by recording_id"""
        else:
            query = f"select recording_id, seq, time, {columns} from sample where {scope}"
        scope_of = {
            "ids": [run.id for run in runs],
            "first": min(run.started_at for run in runs),
            "last": max(run.ended_at for run in runs),
        }
        with psycopg.Cursor(self.connection) as cursor:
            for type in DTYPES:
                cursor.adapters.register_loader(cursor.adapters.types[type].array_oid, AsBytes)
            rows = cursor.execute(query, scope_of, binary=True).fetchall()
        blocks: dict[int, list[tuple]] = {run.id: [] for run in runs}
        for row in sorted(rows, key=lambda row: row[:2]):
            blocks[row[0]].append(row)
        return {run.id: self.columns_of(run, blocks[run.id], wanted) for run in runs}

    def columns_of(self, run: Recording, blocks: list[tuple], wanted: list[Series]) -> dict[str, Column]:
        read = {
            series.name: self.layout.read([block[i] for block in blocks], series)
            for i, series in enumerate(wanted, start=3)
            if blocks[0][i] is not None
        }
        if self.layout.by_sample:
            read["time_s"] = array_values(blocks[0][2], "float8") / 1000 - run.started_at.timestamp()
        elif "time_s" in read:
            ends = np.append([block[1] for block in blocks], len(read["time_s"]))
            begins_s = [(block[2] - run.started_at).total_seconds() for block in blocks]
            read["time_s"] = read["time_s"] + np.repeat(begins_s, np.diff(ends))
        return read

    def check(self, run: Recording) -> None:
        """What is read is what was written, to the resolution of the stored units."""
        read = self.load([run], ALL)[run.id]
        for name, column in run.columns.items():
            unit = next(series for series in (TIME, *SERIES) if series.name == name)
            np.testing.assert_allclose(read[name], column, atol=0.51 / unit.factor, rtol=1e-6, err_msg=name)

    def time_in_zones(self, run: Recording) -> list[tuple]:
        """Milliseconds in each heart-rate zone of a recording, by SQL alone."""
        order, at, source = "time, seq", "extract(epoch from time) * 1000", "sample"
        if not self.layout.by_sample:
            order, at = "time, seq, n", self.offset_sql()
            series = f"unnest({self.layout.name_of(TIME)}, heart_rate_bpm)"
            source = f"sample cross join {series} with ordinality as s(t, heart_rate_bpm, n)"
        scope = "recording_id = %(id)s and time between %(first)s and %(last)s"
        heart_rate = "sample.heart_rate_bpm" if self.layout.by_sample else "s.heart_rate_bpm"
        return self.connection.execute(
            f"""
            select width_bucket(bpm, %(zones)s::int4[]) as zone, sum(least(next_ms - at_ms, %(pause)s))
            from (
                select bpm, at_ms, lead(at_ms) over (order by {order}) as next_ms
                from (select *, {heart_rate}::int4 as bpm, {at} as at_ms from {source} where {scope}) as samples
            ) as stepped
            where bpm is not null
            group by zone order by zone""",
            {"zones": ZONES_BPM, "pause": PAUSE_MS, "id": run.id, "first": run.started_at, "last": run.ended_at},
        ).fetchall()

    def offset_sql(self) -> str:
        """Milliseconds since 1970 of an unnested sample."""
        offset = "t"
        if self.layout.writing == "steps":
            offset = "sum(t) over (partition by time, seq order by n)"
        elif self.layout.writing == "si":
            offset = "t * 1000"
        return f"extract(epoch from time) * 1000 + {offset}"

    def bytes(self) -> int:
        self.connection.execute("vacuum analyze sample")
        size = "hypertable_size" if self.hypertable else "pg_total_relation_size"
        return self.connection.execute(f"select {size}('{SCHEMA}.sample')").fetchone()[0]

    def cascade(self, run: Recording) -> tuple[float, int]:
        """Deleting the recording, samples by the foreign key: milliseconds and locks held; rolled back."""
        with self.connection.transaction(force_rollback=True):
            began = perf_counter()
            self.connection.execute("delete from recording where id = %s", (run.id,))
            ms = (perf_counter() - began) * 1000
            locks = self.connection.execute("select count(*) from pg_locks where pid = pg_backend_pid()").fetchone()[0]
        return ms, locks


ALL = tuple(series.name for series in (TIME, *SERIES))


# Measuring --------------------------------------------------------------------------------------------------


def median_ms(act: Callable[[Recording], object], runs: list[Recording]) -> float:
    taken = []
    for run in runs:
        began = perf_counter()
        act(run)
        taken.append((perf_counter() - began) * 1000)
    return statistics.median(taken)


FIGURES = (
    "bytes/sample",
    "COPY ksamples/s",
    "replace ms",
    "read one ms",
    "history HR+distance ms",
    "history all ms",
    "HR zones SQL ms",
    "cascade ms",
    "locks",
    "48 h: write ms",
    "48 h: read ms",
    "48 h: peak MB",
)


def measure(store: Store, runs: list[Recording], long: Recording) -> list[float]:
    connection, samples = store.connection, sum(map(len, runs))
    store.create([*runs, long])
    began = perf_counter()
    for run in runs:
        with connection.transaction():
            store.copy(run)
    copy_s = perf_counter() - began
    size = store.bytes()

    some = [runs[i] for i in np.random.default_rng(3).integers(0, len(runs), size=15)]
    for run in some[:5]:
        store.check(run)
    replace_ms = median_ms(store.replace, some)
    read_ms = median_ms(lambda run: store.load([run], ALL), some)
    own = [[run for run in runs if run.athlete == athlete] for athlete in range(3)]
    few_ms = median_ms(lambda run: store.load(own[run.athlete], HISTORY), [history[0] for history in own])
    all_ms = median_ms(lambda run: store.load(own[run.athlete], ALL), [history[0] for history in own])
    zones_ms = median_ms(store.time_in_zones, some) if store.layout.writing != "zlib" else float("nan")
    cascades = [store.cascade(run) for run in some[:5]]

    write_long_ms = median_ms(store.replace, [long])
    read_long_ms = median_ms(lambda run: store.load([run], ALL), [long])
    tracemalloc.start()
    store.replace(long)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        size / samples,
        samples / copy_s / 1000,
        replace_ms,
        read_ms,
        few_ms,
        all_ms,
        zones_ms,
        statistics.median(ms for ms, _ in cascades),
        cascades[0][1],
        write_long_ms,
        read_long_ms,
        peak / 2**20,
    ]


def shown(figure: float) -> str:
    return "–" if np.isnan(figure) else f"{figure:,.0f}" if figure >= 100 else f"{figure:,.1f}"


def print_tables(title: str, figures: dict[str, list[float]]) -> None:
    """The figures, then each divided by those of the first layout (a row per sample)."""
    base = next(iter(figures.values()))
    head = "| layout | " + " | ".join(FIGURES) + " |\n|---|" + "---:|" * len(FIGURES)
    print(f"\n## {title}\n\n{head}")
    for name, row in figures.items():
        print(f"| {name} | " + " | ".join(map(shown, row)) + " |")
    print(f"\n### … against a row per sample (1 = the same)\n\n{head}")
    for name, row in figures.items():
        print(f"| {name} | " + " | ".join(f"{a / b:.3g}" for a, b in zip(row, base, strict=True)) + " |")


def drop(connection: psycopg.Connection) -> None:
    connection.execute(f"drop table if exists {SCHEMA}.sample")
    connection.execute(f"drop schema if exists {SCHEMA} cascade")


def compressions(connection: psycopg.Connection) -> list[str]:
    query = "select unnest(enumvals) from pg_settings where name = 'default_toast_compression'"
    return [name for (name,) in connection.execute(query)]


def compare(url: str, runs: list[Recording], long: Recording, *, hypertable: bool) -> None:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        if hypertable:
            connection.execute("create extension if not exists timescaledb")
        drop(connection)
        connection.execute(f"create schema {SCHEMA}")
        connection.execute(f"set search_path = {SCHEMA}, public")
        connection.execute("set timezone = 'UTC'")
        known = compressions(connection)
        version = connection.info.server_version // 10_000
        figures: dict[str, list[float]] = {}
        for layout in (*LAYOUTS, *(WIDE_LAYOUTS if hypertable else ())):
            name = f"{layout.name}, {layout.chunk_days} d" if hypertable else layout.name
            if layout.compression not in known:
                print(f"left out, this server has no {layout.compression}: {name}", flush=True)
                continue
            figures[name] = measure(Store(connection, layout, hypertable=hypertable), runs, long)
            print(f"measured: {name}", flush=True)
        drop(connection)
    kind = "hypertables, TimescaleDB" if hypertable else "plain tables"
    print_tables(f"PostgreSQL {version}, {kind}", figures)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare storage layouts of activity samples.")
    parser.add_argument("--plain", help="URL of a PostgreSQL server; plain tables")
    parser.add_argument("--timescale", help="URL of a server with TimescaleDB; hypertables")
    parser.add_argument("--samples", type=int, default=1_000_000, help="about how many samples (default 1,000,000)")
    options = parser.parse_args()
    if not options.plain and not options.timescale:
        parser.error("give --plain, --timescale or both")
    runs = make_history(options.samples)
    long = make_run(
        id=len(runs) + 1,
        athlete=-1,
        started_at=runs[-1].started_at,
        n=LONG_RECORDING_HOURS * 3600,
        rng=np.random.default_rng(4),
    )
    print(f"{len(runs)} recordings, {sum(map(len, runs)):,} samples")
    if options.plain:
        compare(options.plain, runs, long, hypertable=False)
    if options.timescale:
        compare(options.timescale, runs, long, hypertable=True)


if __name__ == "__main__":
    main()
