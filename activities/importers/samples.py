"""Samples on their way from a file into columns: collected in typed arrays, cleaned, put in order, measured.

`Samples` collects for one file, whatever number of activities it holds, and watches the limit; 60 bytes a sample.
`Table` is a finished stretch of them. Times are whole microseconds since 1970 so that nothing is lost to rounding; a
sample without a time has NO_TIME, is counted, and stands in no stream. Where an order or a mask changes nothing, no
copy is made, which is the usual case and keeps the largest files within their memory.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from activities.importers.contents import MAX_SAMPLES, Unreadable
from activities.importers.words import EPOCH
from activities.recorded import COLUMN_TYPES, Streams, Untimed

NO_TIME = -(2**63)
NAN = float("nan")

EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS 84
#: slower than this counts as standing still, and so does a gap longer than GAP_S
STANDING_MPS = 0.5
GAP_S = 60.0
AROUND_S = 5.0
#: a sample further than this from the middle of its activity has a clock fault, not a time
PLAUSIBLE = timedelta(days=30)

#: what a value must lie within, both ends included; anything else is a sensor's word for "nothing"
RANGES: dict[str, tuple[float, float]] = {
    "distance_m": (0.0, 1e8),
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "altitude_m": (-499.0, 30_000.0),
    "heart_rate_bpm": (1.0, 300.0),
    "cadence_spm": (0.0, 500.0),
    "power_w": (0.0, 10_000.0),
    "speed_mps": (0.0, 400.0),
    "temperature_c": (-90.0, 90.0),
}

Floats: TypeAlias = npt.NDArray[Any]

_CODES = {np.float64: "d", np.float32: "f"}


class Samples:
    """Columns under construction. Raises Unreadable("too_many_samples") past MAX_SAMPLES."""

    def __init__(self) -> None:
        self._times = array("q")
        self._segments = array("i")
        self._segment = 0
        self._columns: list[tuple[str, array[float]]] = [
            (name, array(_CODES[kind])) for name, kind in COLUMN_TYPES.items() if name != "time_s"
        ]

    def __len__(self) -> int:
        return len(self._times)

    def add(self, time_us: int | None, values: Mapping[str, float]) -> None:
        """values: by column name; what is left out is missing."""
        if len(self._times) >= MAX_SAMPLES:
            raise Unreadable("too_many_samples", f"The file holds more than {MAX_SAMPLES:,} samples.")
        self._times.append(NO_TIME if time_us is None else time_us)
        self._segments.append(self._segment)
        for name, column in self._columns:
            column.append(values.get(name, NAN))

    def begin_segment(self) -> None:
        """What follows is not connected to what came before."""
        self._segment = len(self._times)

    def table(self) -> "Table":
        """Everything collected, cleaned. No copies: nothing can be added afterwards."""
        columns: dict[str, Floats] = {
            name: np.frombuffer(column, dtype=COLUMN_TYPES[name]) for name, column in self._columns
        }
        for name, (low, high) in RANGES.items():
            column = columns[name]
            column[~((column >= low) & (column <= high))] = NAN
        lost = np.isnan(columns["latitude"]) | np.isnan(columns["longitude"])
        lost |= (columns["latitude"] == 0) & (columns["longitude"] == 0)  # written by receivers without a fix
        columns["latitude"][lost] = NAN
        columns["longitude"][lost] = NAN
        return Table(
            time_us=np.frombuffer(self._times, dtype=np.int64),
            segment=np.frombuffer(self._segments, dtype=np.int32),
            columns=columns,
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Samples as columns. segment: equal for neighbours that are connected, different across a break."""

    time_us: npt.NDArray[np.int64]
    segment: npt.NDArray[np.int32]
    columns: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_us)

    def __getitem__(self, which: slice | npt.NDArray[Any]) -> "Table":
        if isinstance(which, np.ndarray) and which.dtype == np.bool_ and which.all():
            return self
        return Table(
            time_us=self.time_us[which],
            segment=self.segment[which],
            columns={name: column[which] for name, column in self.columns.items()},
        )

    def with_column(self, name: str, values: Floats) -> "Table":
        return replace(self, columns=self.columns | {name: values.astype(COLUMN_TYPES[name], copy=False)})

    def has(self, name: str) -> bool:
        return not np.isnan(self.columns[name]).all()

    @property
    def timed(self) -> npt.NDArray[np.bool_]:
        return np.not_equal(self.time_us, NO_TIME)

    @property
    def connected(self) -> npt.NDArray[np.bool_]:
        """For each sample but the first: does it continue the one before?"""
        return np.equal(self.segment[1:], self.segment[:-1])

    def first_us(self) -> int:
        return int(self.time_us.min())

    def elapsed_s(self) -> float:
        return int(self.time_us.max() - self.time_us.min()) / 1e6

    def last(self, name: str) -> float | None:
        known = self.columns[name][~np.isnan(self.columns[name])]
        return float(known[-1]) if len(known) else None

    def mean(self, name: str, *, above: float = -np.inf) -> float | None:
        """Over the samples that have a value, and one above the limit."""
        known = self.columns[name][self.columns[name] > above]
        return float(known.mean(dtype=np.float64)) if len(known) else None

    def largest(self, name: str) -> float | None:
        return float(np.nanmax(self.columns[name])) if self.has(name) else None


@dataclass(frozen=True, eq=False)
class Ordered:
    """A table whose samples all have a time and never go back; what was left out for that; what there is to note."""

    table: Table
    untimed: Untimed
    notes: tuple[str, ...]


def ordered(table: Table) -> Ordered:
    """Leave out samples without a (believable) time; sort the others by time, keeping the order of ties."""
    notes = []
    timed = table.timed
    if not timed.all():
        notes.append("times_missing")
    believable = _believable(table.time_us, timed)
    if (believable != timed).any():
        notes.append("times_implausible")
    left_out = table[~believable] if not believable.all() else table[:0]
    untimed = Untimed(
        records=len(left_out),
        positions=int(np.count_nonzero(~np.isnan(left_out.columns["latitude"]))),
        hr=int(np.count_nonzero(~np.isnan(left_out.columns["heart_rate_bpm"]))),
    )
    table = table[believable]
    if (np.diff(table.time_us) < 0).any():
        notes.append("points_out_of_order")
        table = table[np.argsort(table.time_us, kind="stable")]
    if len(table) and not table.has("latitude"):
        notes.append("positions_missing")
    if len(table) and not table.has("heart_rate_bpm"):
        notes.append("heart_rate_missing")
    return Ordered(table, untimed, tuple(notes))


def span_us(time_us: npt.NDArray[np.int64]) -> tuple[int, int] | None:
    """First and last believable time; None where there is none."""
    known = time_us[_believable(time_us, time_us != NO_TIME)]
    return (int(known.min()), int(known.max())) if len(known) else None


def _believable(time_us: npt.NDArray[np.int64], timed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    known = time_us[timed]
    if not len(known):
        return timed
    middle = int(np.partition(known, len(known) // 2)[len(known) // 2])
    reach = int(PLAUSIBLE.total_seconds() * 1e6)
    return timed & (time_us >= middle - reach) & (time_us <= middle + reach)


def streams(table: Table, *, origin_us: int) -> Streams:
    """An ordered table as streams, with time counted from origin_us; columns without any value are left out."""
    kept = {name: column for name, column in table.columns.items() if table.has(name)} if len(table) else {}
    return Streams(time_s=(table.time_us - origin_us) / 1e6, **kept)


def moving_s(table: Table) -> float | None:
    """Time with at least STANDING_MPS between two samples, by distance, else by position; gaps are standing still.

    Devices that count distance in whole steps write the same value twice while running, so samples within AROUND_S may
    speak for an interval too. None where the samples tell neither distance nor position.
    """
    table = table[~(np.isnan(table.columns["distance_m"]) & np.isnan(table.columns["latitude"]))]
    if len(table) < 2:
        return None
    at_s = (table.time_us - table.time_us[0]) / 1e6
    took_s = np.diff(at_s)
    went_m = np.diff(table.columns["distance_m"])
    if (unknown := np.isnan(went_m)).any():
        went_m[unknown] = steps_m(table)[unknown]
    went_m[~table.connected | ~(went_m > 0)] = 0.0
    way_m = np.concatenate(([0.0], np.cumsum(went_m)))
    first = np.searchsorted(at_s, at_s[:-1] - AROUND_S, side="left")
    last = np.searchsorted(at_s, at_s[1:] + AROUND_S, side="right") - 1
    moving = went_m >= STANDING_MPS * took_s
    moving |= way_m[last] - way_m[first] >= STANDING_MPS * (at_s[last] - at_s[first])
    moving &= (took_s > 0) & (took_s <= GAP_S) & table.connected
    return float(took_s[moving].sum())


def steps_m(table: Table) -> npt.NDArray[np.float64]:
    """Great-circle distance from each sample to the next; NaN where either has no position."""
    latitude, longitude = np.radians(table.columns["latitude"]), np.radians(table.columns["longitude"])
    haversine = np.sin(np.diff(latitude) / 2) ** 2
    haversine += np.cos(latitude[:-1]) * np.cos(latitude[1:]) * np.sin(np.diff(longitude) / 2) ** 2
    steps: npt.NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))
    return steps


def along_m(table: Table) -> npt.NDArray[np.float64]:
    """Distance along the positions up to each sample: past samples without one, not across breaks between segments."""
    along = np.full(len(table), NAN)
    placed = ~np.isnan(table.columns["latitude"])
    if placed.any():
        track = table[placed]
        steps = np.where(track.connected, steps_m(track), 0.0)
        along[placed] = np.concatenate(([0.0], np.cumsum(steps)))
    return along


def steps_per_minute(table: Table) -> Table:
    """Cadence of a foot sport as steps of both feet; most devices count one foot, which shows in the level."""
    cadence = table.columns["cadence_spm"]
    turning = cadence[cadence > 0]
    if not len(turning) or float(np.median(turning)) >= BOTH_FEET_SPM:
        return table
    return table.with_column("cadence_spm", cadence * 2)


#: nobody runs or walks with this many steps of one foot a minute
BOTH_FEET_SPM = 125.0


def when(time_us: int) -> datetime:
    """Raises Unreadable where no calendar has that moment."""
    try:
        return EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        raise Unreadable("date_impossible", "Its dates are impossible: before the year 1, or after 9999.") from None


def total(values: Iterable[float | None]) -> float | None:
    """Sum of the known values; None where none is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
