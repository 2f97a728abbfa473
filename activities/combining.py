"""The series of one run from several devices: what the leading recording lacks is taken from another, if clocks agree.

Pure: columns in, columns out. A series is taken as a whole or not at all, at the moments of the leading recording, and
never across a gap; the caller is told which series came from which recording. Whether two clocks agree is seen by where
both say the runner was at the same moment, else by how their distances grow, else by having been started together.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from activities.recorded import COLUMN_TYPES, Streams

Column = npt.NDArray[np.float64]

#: taken together or not at all
SERIES: Final[tuple[tuple[str, ...], ...]] = (
    ("distance_m",), ("latitude", "longitude"), ("altitude_m",), ("heart_rate_bpm",), ("cadence_spm",), ("power_w",),
    ("temperature_c",),
)  # fmt: skip
#: of the leading recording's samples: with fewer the series is lacking, with more the other one has it
LACKING, WHOLE = 0.5, 0.8
#: seconds between two samples of the other recording over which a value is still known
LONGEST_GAP_S: Final = 15.0
#: metres between the places that both tell for the same moment, in the middle of all
SAME_PLACE_M: Final = 50.0
#: seconds by which the distances must not grow earlier or later
SAME_CLOCK_S: Final = 10
LOOKED_FOR_S: Final = 90
#: a pace that varies by less, as a part of itself, tells no moment from another
EVEN: Final = 0.01
STARTED_TOGETHER_S: Final = 60.0
EARTH_M_PER_DEGREE: Final = 111_195.0


def combine(lead: Streams, others: Sequence[tuple[float, Streams]]) -> tuple[Streams, dict[str, int]]:
    """The leading series, completed from the others in their order; and for each series taken, the number of the other.

    others: (seconds from the lead's start to the other's start, its series).
    """
    taken: dict[str, int] = {}
    columns: dict[str, Any] = {}
    if not len(lead):
        return lead, taken
    for number, (offset_s, other) in enumerate(others):
        wanted = [names for names in SERIES if names[0] not in taken and _share(lead, names[0]) < LACKING]
        if not wanted or not len(other) or not clocks_agree(lead, other, offset_s=offset_s):
            continue
        for names in wanted:
            found = {name: _at(lead.time_s, other, name, offset_s=offset_s) for name in names}
            if min(_known(column) for column in found.values()) >= WHOLE:
                columns |= {name: column.astype(COLUMN_TYPES[name]) for name, column in found.items()}
                taken |= dict.fromkeys(names, number)
    return replace(lead, **columns) if columns else lead, taken


def clocks_agree(lead: Streams, other: Streams, *, offset_s: float) -> bool:
    """Whether a moment in one is the same moment in the other, as far as the two recordings can tell."""
    apart = _metres_apart(lead, other, offset_s=offset_s)
    if apart is not None:
        return apart <= SAME_PLACE_M
    lag = _lag_s(lead, other, offset_s=offset_s)
    if lag is not None:
        return abs(lag) <= SAME_CLOCK_S
    return abs(offset_s) <= STARTED_TOGETHER_S


def _metres_apart(lead: Streams, other: Streams, *, offset_s: float) -> float | None:
    """In the middle of all moments at which both know a place; None where they hardly ever do."""
    if lead.latitude is None or lead.longitude is None or other.latitude is None:
        return None
    latitude = _at(lead.time_s, other, "latitude", offset_s=offset_s) - lead.latitude
    longitude = _at(lead.time_s, other, "longitude", offset_s=offset_s) - lead.longitude
    east = ((longitude + 180) % 360 - 180) * np.cos(np.radians(lead.latitude))
    metres = np.hypot(latitude, east) * EARTH_M_PER_DEGREE
    return float(np.nanmedian(metres)) if _known(metres) > 0.1 else None


def _lag_s(lead: Streams, other: Streams, *, offset_s: float) -> int | None:
    """By how many seconds the other's distance grows later; None where an even pace, or nothing, does not tell."""
    if lead.distance_m is None or other.distance_m is None:
        return None
    grid = np.arange(max(0.0, offset_s) + LOOKED_FOR_S, _end(lead, other, offset_s) - LOOKED_FOR_S, 5.0)
    if len(grid) < 60:
        return None
    ours = _speed(grid, lead, offset_s=0.0)
    lags = range(-LOOKED_FOR_S, LOOKED_FOR_S + 1, 5)
    fits = np.array([_correlation(ours, _speed(grid + lag, other, offset_s=offset_s)) for lag in lags])
    if np.isnan(fits).all() or np.nanmax(fits) < 0.6:
        return None
    return list(lags)[int(np.nanargmax(fits))]


def _end(lead: Streams, other: Streams, offset_s: float) -> float:
    return float(min(lead.time_s[-1], other.time_s[-1] + offset_s))


def _speed(moments: Column, streams: Streams, *, offset_s: float) -> Column:
    """Over 20 seconds around each moment."""
    after = _at(moments + 10, streams, "distance_m", offset_s=offset_s)
    return after - _at(moments - 10, streams, "distance_m", offset_s=offset_s)


def _correlation(one: Column, other: Column) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < 30 or any(np.std(pace[both]) < EVEN * abs(np.mean(pace[both])) for pace in (one, other)):
        return float("nan")
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _at(moments: Column, streams: Streams, name: str, *, offset_s: float) -> Column:
    """The series at those moments of the leading clock; NaN where it is not known near enough."""
    column = getattr(streams, name)
    if column is None:
        return np.full(len(moments), np.nan)
    known = ~np.isnan(column)
    times, values = streams.time_s[known] + offset_s, column[known].astype(np.float64)
    if not len(times):
        return np.full(len(moments), np.nan)
    found = np.interp(moments, times, values, left=np.nan, right=np.nan)
    right = np.clip(np.searchsorted(times, moments), 1, len(times) - 1) if len(times) > 1 else np.zeros(1, dtype=int)
    if len(times) > 1:
        found[times[right] - times[right - 1] > LONGEST_GAP_S] = np.nan
    return np.asarray(found, dtype=np.float64)


def _share(streams: Streams, name: str) -> float:
    column = getattr(streams, name)
    return 0.0 if column is None else _known(column)


def _known(column: npt.NDArray[Any]) -> float:
    return float(np.mean(~np.isnan(column))) if len(column) else 0.0
