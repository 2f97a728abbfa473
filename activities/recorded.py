"""A recorded activity as plain values: what every importer gives back, all that the rest of the program needs to know.

A file and a Strava answer differ in everything except this: a sport, a start, some totals, a list of laps and a table
of samples. The types here are that common ground. They know no format, no database and no Django, so parsers can be
tested without a server and analysis can be tested without a parser.

A missing value is `None` (NaN inside a column, "" for words); nothing is guessed. All quantities are SI.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Streams:
    """The samples as columns of equal length, in order of time; a column is None where nothing of it was ever recorded.

    time_s: seconds since the activity's `started_at`, never decreasing; ties are kept, real devices produce them.
    distance_m: cumulative, as recorded.  latitude, longitude: degrees, both there or both missing.
    cadence_spm: steps per minute of both feet for foot sports; revolutions or strokes per minute otherwise.
    NaN is a value missing from one sample. Times, distances and degrees are float64, everything else float32.
    """

    time_s: npt.NDArray[np.float64]
    distance_m: npt.NDArray[np.float64] | None = None
    latitude: npt.NDArray[np.float64] | None = None
    longitude: npt.NDArray[np.float64] | None = None
    altitude_m: npt.NDArray[np.float32] | None = None
    heart_rate_bpm: npt.NDArray[np.float32] | None = None
    cadence_spm: npt.NDArray[np.float32] | None = None
    power_w: npt.NDArray[np.float32] | None = None
    speed_mps: npt.NDArray[np.float32] | None = None
    temperature_c: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for name, column in self.columns().items():
            if column.shape != self.time_s.shape or column.ndim != 1:
                raise ValueError(f"{name} has shape {column.shape}, time_s has {self.time_s.shape}")
            if column.dtype != COLUMN_TYPES[name]:
                raise TypeError(f"{name} is {column.dtype}, not {np.dtype(COLUMN_TYPES[name])}")
        if np.isnan(self.time_s).any() or (np.diff(self.time_s) < 0).any():
            raise ValueError("time_s must be known everywhere and never decrease")
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")

    def __len__(self) -> int:
        return len(self.time_s)

    @classmethod
    def empty(cls) -> Self:
        return cls(time_s=np.empty(0, dtype=np.float64))

    def columns(self) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.float32]]:
        """The recorded columns by name, time first."""
        return {name: column for name in COLUMN_TYPES if (column := getattr(self, name)) is not None}

    @property
    def n_positions(self) -> int:
        return 0 if self.latitude is None else int(np.count_nonzero(~np.isnan(self.latitude)))

    @property
    def n_hr(self) -> int:
        return 0 if self.heart_rate_bpm is None else int(np.count_nonzero(~np.isnan(self.heart_rate_bpm)))


COLUMN_TYPES: dict[str, type[np.float64] | type[np.float32]] = {
    column.name: np.float64 if column.name in {"time_s", "distance_m", "latitude", "longitude"} else np.float32
    for column in fields(Streams)
}


@dataclass(frozen=True, kw_only=True)
class Untimed:
    """How many samples the source holds without a time: they are counted, but stand in no stream."""

    records: int = 0
    positions: int = 0
    hr: int = 0


@dataclass(frozen=True, kw_only=True)
class RecordedLap:
    """One lap as the device wrote it; `trigger` says what ended it ("manual", "distance", …), "" where unknown."""

    index: int
    started_at: datetime | None = None
    elapsed_s: float | None = None
    timer_s: float | None = None
    distance_m: float | None = None
    hr_avg: float | None = None
    hr_max: float | None = None
    ascent_m: float | None = None
    trigger: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedActivity:
    """One activity: the summary, the laps and the samples, as one source recorded them.

    sport, sub_sport: FIT's words in lower case with underscores ("running", "cross_country_skiing"); "" where the
        source does not say.
    started_at: aware, UTC.  utc_offset_s, zone: only what the source itself says, never derived from a position.
    elapsed_s: start to stop by the clock.  timer_s: while the device's timer ran.  moving_s: without standing still.
    notes: codes of what a reader should know about the quality ("points_out_of_order", "clock_not_set", …).
    """

    sport: str = ""
    sub_sport: str = ""
    name: str = ""
    started_at: datetime
    utc_offset_s: int | None = None
    zone: str | None = None
    distance_m: float | None = None
    elapsed_s: float | None = None
    timer_s: float | None = None
    moving_s: float | None = None
    hr_avg: float | None = None
    hr_max: float | None = None
    cadence_avg: float | None = None
    power_avg: float | None = None
    ascent_m: float | None = None
    descent_m: float | None = None
    calories: float | None = None
    device: str = ""
    device_serial: str = ""
    streams: Streams = field(default_factory=Streams.empty)
    laps: tuple[RecordedLap, ...] = ()
    untimed: Untimed = Untimed()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        offset = self.started_at.utcoffset()
        if offset is None or offset.total_seconds() != 0:
            raise ValueError("started_at must be aware and in UTC")

    @property
    def n_records(self) -> int:
        """How many samples the source holds, with and without a time."""
        return len(self.streams) + self.untimed.records

    @property
    def n_positions(self) -> int:
        return self.streams.n_positions + self.untimed.positions

    @property
    def n_hr(self) -> int:
        return self.streams.n_hr + self.untimed.hr
