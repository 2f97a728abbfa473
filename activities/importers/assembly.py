"""From what a file states and the samples it holds to one recorded activity: the same rules for every format.

| value | first choice | else |
|---|---|---|
| start | stated | first sample; also where samples begin before the stated start, or it is off by weeks |
| distance | stated | last recorded distance, else the way along the positions |
| elapsed, moving time | stated | from the samples |
| timer time | stated | missing |
| mean heart rate | mean of the samples | stated (watches drop or smooth what they average) |
| mean cadence | mean of the samples that are not standing still | stated |
| the others | stated | from the samples |
"""

from dataclasses import dataclass, replace

import numpy as np

from activities.importers import samples
from activities.importers.samples import PLAUSIBLE, Ordered, Table
from activities.importers.words import FOOT_SPORTS
from activities.recorded import RecordedActivity, RecordedLap


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a file says about one activity beside its samples; fields as in `RecordedActivity`."""

    sport: str = ""
    sub_sport: str = ""
    name: str = ""
    started_us: int | None = None
    utc_offset_s: int | None = None
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
    laps: tuple[RecordedLap, ...] = ()
    notes: tuple[str, ...] = ()


def assemble(table: Table, stated: Stated) -> RecordedActivity | None:
    """One activity. None where nothing says when it was, or there is neither a sample nor a total."""
    if stated.sport in FOOT_SPORTS:
        table = samples.steps_per_minute(table)
    along_m = None
    if table.has("latitude") and not table.has("distance_m"):
        along_m = samples.along_m(table)
        table = table.with_column("distance_m", along_m)
    kept = samples.ordered(table)
    notes = [*stated.notes, *kept.notes]
    if along_m is not None:
        notes.append("distance_computed")
        kept = _from_zero(kept)
    elif _goes_back(kept.table):
        notes.append("distance_decreases")
    track = kept.table
    start_us = _start_us(track, stated)
    totals = (stated.distance_m, stated.elapsed_s, stated.timer_s)
    if start_us is None or (not len(table) and not any(totals)):
        return None
    return RecordedActivity(
        sport=stated.sport,
        sub_sport=stated.sub_sport,
        name=stated.name,
        started_at=samples.when(start_us),
        utc_offset_s=stated.utc_offset_s,
        distance_m=_either(stated.distance_m, _way_m(table, along_m)),
        elapsed_s=_either(stated.elapsed_s, track.elapsed_s() if len(track) else stated.timer_s),
        timer_s=stated.timer_s,
        moving_s=_either(stated.moving_s, samples.moving_s(track)),
        hr_avg=_either(track.mean("heart_rate_bpm"), stated.hr_avg),
        hr_max=_either(stated.hr_max, track.largest("heart_rate_bpm")),
        cadence_avg=_either(track.mean("cadence_spm", above=0), stated.cadence_avg),
        power_avg=_either(stated.power_avg, track.mean("power_w")),
        ascent_m=stated.ascent_m,
        descent_m=stated.descent_m,
        calories=stated.calories,
        device=stated.device,
        device_serial=stated.device_serial,
        streams=samples.streams(track, origin_us=start_us),
        laps=stated.laps,
        untimed=kept.untimed,
        notes=tuple(dict.fromkeys(notes)),
    )


def _either(first: float | None, second: float | None) -> float | None:
    return first if first is not None else second


def _start_us(track: Table, stated: Stated) -> int | None:
    if not len(track):
        return stated.started_us
    first_us = track.first_us()
    late_us = PLAUSIBLE.total_seconds() * 1e6
    if stated.started_us is not None and 0 <= first_us - stated.started_us <= late_us:
        return stated.started_us
    return first_us


def _way_m(table: Table, along_m: samples.Floats | None) -> float | None:
    """Along the positions the way counts samples without a time too; what a device counted is its last word."""
    if along_m is not None:
        return float(np.nanmax(along_m))
    return table.last("distance_m")


def _from_zero(kept: Ordered) -> Ordered:
    """A computed distance starts with the first sample that has a time, and follows the order of time."""
    track = kept.table
    if not len(track) or not track.has("latitude"):
        return kept
    along_m = samples.along_m(track) if "points_out_of_order" in kept.notes else track.columns["distance_m"]
    return replace(kept, table=track.with_column("distance_m", along_m - np.nanmin(along_m)))


def _goes_back(track: Table) -> bool:
    known = track.columns["distance_m"][~np.isnan(track.columns["distance_m"])]
    return bool((np.diff(known) < -1.0).any())
