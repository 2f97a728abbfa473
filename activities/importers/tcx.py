"""TCX: activities of laps of trackpoints, and the older history files (`Run` in place of `Activity`).

Totals are those the laps state, added up, because that is what the device showed; the start and the elapsed time are
those of the trackpoints. An activity that breaks off in a damaged file is measured by its trackpoints instead: the lap
it broke off in states totals for a part that is not there. Multi-sport sessions are one activity per leg. Courses and
workouts are no activities. Cadence counts one foot for running, in `Cadence` and in `RunCadence`.
"""

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from activities.importers import samples, words
from activities.importers.assembly import Stated, assemble
from activities.importers.contents import MAX_PARTS, Contents, Unreadable, too_many_parts
from activities.importers.samples import Samples, Table
from activities.importers.xml_events import read_xml
from activities.recorded import RecordedActivity, RecordedLap

_ACTIVITIES = frozenset({"Activity", "Run"})
_OLD_SPORTS = frozenset({"Running", "Biking", "Other", "MultiSport"})
_POINT_VALUES = {
    "LatitudeDegrees": "latitude",
    "LongitudeDegrees": "longitude",
    "AltitudeMeters": "altitude_m",
    "DistanceMeters": "distance_m",
    "HeartRateBpm": "heart_rate_bpm",
    "Cadence": "cadence_spm",
    "RunCadence": "cadence_spm",
    "Speed": "speed_mps",
    "Watts": "power_w",
}
#: (parent, name) of what a lap states
_LAP_VALUES = {
    ("Lap", "TotalTimeSeconds"): "timer_s",
    ("Lap", "DistanceMeters"): "distance_m",
    ("Lap", "Calories"): "calories",
    ("AverageHeartRateBpm", "Value"): "hr_avg",
    ("Lap", "AverageHeartRateBpm"): "hr_avg",
    ("MaximumHeartRateBpm", "Value"): "hr_max",
    ("Lap", "MaximumHeartRateBpm"): "hr_max",
}

#: a lap whose distance begins below this, and below half of where the last one ended, was counted from zero
RESTARTED_BELOW_M = 100.0


@dataclass
class _Lap:
    started_us: int | None
    trigger: str = ""
    values: dict[str, float] = field(default_factory=dict)
    finished: bool = False

    def stated(self, name: str) -> float | None:
        return self.values.get(name)


@dataclass
class _Activity:
    """first, end: which samples are its own.  lap_starts: the samples with which laps begin."""

    sport: str
    first: int
    end: int = 0
    started_us: int | None = None
    name: str = ""
    device: str = ""
    serial: str = ""
    laps: list[_Lap] = field(default_factory=list)
    lap_starts: list[int] = field(default_factory=list)
    finished: bool = False


@dataclass
class _Tcx:
    """Everything a TCX document says that we keep."""

    samples: Samples = field(default_factory=Samples)
    activities: list[_Activity] = field(default_factory=list)
    inside: bool = False
    n_laps: int = 0
    old_sport: str = ""
    what_else: str = ""
    zone_missing: bool = False
    utc_offset_s: int | None = None
    point: dict[str, float] | None = None
    point_us: int | None = None

    def opened(self, name: str, parent: str, attributes: Mapping[str, str]) -> None:
        if name == "Trackpoint" and self.inside:
            self.point, self.point_us = {}, None
        elif name == "Track":
            self.samples.begin_segment()
        elif name == "Lap" and self.inside:
            self._begin_lap(attributes.get("StartTime", ""))
        elif name in _ACTIVITIES:
            self._begin_activity(attributes.get("Sport", "") or self.old_sport)
        elif name in _OLD_SPORTS:
            self.old_sport = name
        elif name in ("Course", "Workout") and not self.what_else:
            self.what_else = name.lower()

    def closed(self, name: str, parent: str, text: str) -> None:
        if self.point is not None:
            self._closed_in_point(name, parent, text)
        elif self.inside:
            self._closed_in_activity(name, parent, text)

    def _closed_in_point(self, name: str, parent: str, text: str) -> None:
        assert self.point is not None
        if name == "Time" and parent == "Trackpoint":
            self.point_us = self._time(text)
        elif name == "Trackpoint":
            self.samples.add(self.point_us, self.point)
            self.point = None
        else:
            column = _POINT_VALUES.get(parent if name == "Value" else name)
            if column is not None and not math.isnan(value := words.number(text)):
                self.point[column] = value

    def _closed_in_activity(self, name: str, parent: str, text: str) -> None:
        activity = self.activities[-1]
        lap = activity.laps[-1] if activity.laps else None
        if name in _ACTIVITIES:
            activity.end, activity.finished, self.inside = len(self.samples), True, False
        elif lap is not None and (parent, name) in _LAP_VALUES:
            value = words.number(text)
            if math.isfinite(value) and value >= 0:
                lap.values[_LAP_VALUES[parent, name]] = value
        elif lap is not None and name == "Lap":
            lap.finished = True
        elif lap is not None and name == "TriggerMethod":
            lap.trigger = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip()).lower()
        elif parent in _ACTIVITIES and name == "Id":
            activity.started_us = self._time(text)
        elif parent in _ACTIVITIES and name == "Notes":
            activity.name = next(iter(text.strip().splitlines()), "").strip()
        elif parent == "Creator" and name == "Name":
            activity.device = text.strip()
        elif parent == "Creator" and name == "UnitId":
            activity.serial = text.strip()

    def _time(self, text: str) -> int | None:
        moment = words.moment(text)
        if moment is None:
            return None
        offset = moment.utcoffset()
        if offset is None:
            self.zone_missing = True
        elif offset and self.utc_offset_s is None:
            self.utc_offset_s = int(offset.total_seconds())
        return words.microseconds(moment)

    def _begin_activity(self, sport: str) -> None:
        if len(self.activities) >= MAX_PARTS:
            raise too_many_parts("activities")
        self.samples.begin_segment()
        self.activities.append(_Activity(sport=sport, first=len(self.samples)))
        self.inside = True

    def _begin_lap(self, start: str) -> None:
        self.n_laps += 1
        if self.n_laps > MAX_PARTS:
            raise too_many_parts("laps")
        activity = self.activities[-1]
        activity.laps.append(_Lap(started_us=self._time(start) if start else None))
        activity.lap_starts.append(len(self.samples) - activity.first)


def read_tcx(path: Path) -> Contents:
    """The activities of one TCX file. Raises Unreadable where nothing was recorded before a fault."""
    tcx, incomplete, notes = read_xml(path, _Tcx)
    if tcx.zone_missing:
        notes = (*notes, "time_zone_missing")
    table = tcx.samples.table()
    for activity in tcx.activities:
        activity.end = activity.end or len(table)
    made = [_made(tcx, table[activity.first : activity.end], activity, notes) for activity in tcx.activities]
    found = tuple(one for one in made if one is not None)
    if found:
        return Contents(activities=found, incomplete=incomplete)
    if incomplete:
        raise Unreadable("damaged", f"{incomplete} Nothing recorded stands before that.")
    if tcx.activities:
        raise Unreadable("nothing_recorded", "The file holds an activity without any time, sample or total.")
    return Contents(not_an_activity=tcx.what_else or "a TCX file without an activity")


def _made(tcx: _Tcx, table: Table, activity: _Activity, notes: tuple[str, ...]) -> RecordedActivity | None:
    sport, sub_sport = words.sport(activity.sport)
    table, restarts = _continued(table, activity.lap_starts)
    laps = [lap for lap in activity.laps if lap.finished]
    starts = [lap.started_us for lap in laps if lap.started_us is not None]
    stated = Stated(
        sport=sport,
        sub_sport=sub_sport,
        name=activity.name,
        started_us=None if table.timed.any() else min(starts, default=activity.started_us),
        utc_offset_s=tcx.utc_offset_s,
        distance_m=_distance_m(laps, table),
        timer_s=samples.total(lap.stated("timer_s") for lap in laps),
        hr_avg=_mean_over_laps(laps),
        hr_max=max((value for lap in laps if (value := lap.stated("hr_max"))), default=None),
        calories=samples.total(lap.stated("calories") for lap in laps),
        device=activity.device,
        device_serial=activity.serial,
        laps=_laps(laps, table),
        notes=(*notes, "distance_restarts") if restarts else notes,
    )
    return assemble(table, stated if activity.finished else _as_far_as_recorded(stated))


def _distance_m(laps: list[_Lap], table: Table) -> float | None:
    """What the laps add up to; a sum of zero only where the trackpoints know no better."""
    distance_m = samples.total(lap.stated("distance_m") for lap in laps)
    return None if not distance_m and (table.has("distance_m") or table.has("latitude")) else distance_m


def _as_far_as_recorded(stated: Stated) -> Stated:
    """An activity that broke off: its finished laps stay, its totals are left to the samples."""
    return replace(stated, distance_m=None, timer_s=None, hr_max=None, calories=None)


def _continued(table: Table, lap_starts: list[int]) -> tuple[Table, bool]:
    """Some exporters count every lap's distance from zero; put such laps one after the other."""
    distance_m = table.columns["distance_m"]
    bounds = [0, *lap_starts, len(table)]
    added: list[float] = []
    offset = before = 0.0
    for start, end in itertools.pairwise(bounds):
        known = distance_m[start:end][~np.isnan(distance_m[start:end])]
        if len(known):
            if known[:2].max() < min(before / 2, RESTARTED_BELOW_M):
                offset += before
            before = float(known[-1])
        added.append(offset)
    if not offset:
        return table, False
    return table.with_column("distance_m", distance_m + np.repeat(added, np.diff(bounds))), True


def _mean_over_laps(laps: list[_Lap]) -> float | None:
    """Weighted by time, of the laps that state one."""
    known = [(lap.values["hr_avg"], lap.values.get("timer_s", 0.0)) for lap in laps if lap.values.get("hr_avg")]
    weight = sum(time_s for _, time_s in known)
    return sum(hr * time_s for hr, time_s in known) / weight if weight else None


def _moment(time_us: int | None) -> datetime | None:
    """A lap whose own date is nonsense keeps its figures."""
    try:
        return None if time_us is None else samples.when(time_us)
    except Unreadable:
        return None


def _laps(laps: list[_Lap], table: Table) -> tuple[RecordedLap, ...]:
    span = samples.span_us(table.time_us)
    ends = [*(lap.started_us for lap in laps[1:]), span[1] if span else None]
    return tuple(
        RecordedLap(
            index=index,
            started_at=_moment(lap.started_us),
            elapsed_s=_between_s(lap.started_us, end_us),
            timer_s=lap.stated("timer_s"),
            distance_m=lap.stated("distance_m"),
            hr_avg=lap.stated("hr_avg"),
            hr_max=lap.stated("hr_max"),
            trigger=lap.trigger,
        )
        for index, (lap, end_us) in enumerate(zip(laps, ends, strict=False))
    )


def _between_s(start_us: int | None, end_us: int | None) -> float | None:
    if start_us is None or end_us is None or end_us < start_us:
        return None
    return (end_us - start_us) / 1e6
