"""GPX: tracks of points with a time.

gpxpy is not the reader here because it holds the whole document as objects (844 MB for 50 MB of GPX, measured by
bench/importers.py) and gives nothing of a document that breaks off; the tests check our values against it.

One file is one activity, its segments one after the other without a bridge between them, because that is what devices
write: a pause or a lost signal begins a new segment, and some begin a new track. Two cases are several activities:
tracks more than PAUSE_BETWEEN_ACTIVITIES apart (a collection of outings; nobody pauses a run that long), and tracks
that overlap in time (two recordings in one file, whose points must not be mixed).

Points without a time count and lengthen the way but stand in no stream; a file with fewer than two timed points is a
route somebody drew. Distances in extensions are ignored: for some programs they are the way so far, for others a step.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from activities.importers import words
from activities.importers.assembly import Stated, assemble
from activities.importers.contents import MAX_PARTS, Contents, Unreadable, too_many_parts
from activities.importers.samples import Samples, Table, span_us
from activities.importers.xml_events import read_xml
from activities.recorded import RecordedActivity

PAUSE_BETWEEN_ACTIVITIES = timedelta(hours=6)
#: tracks may share this much where one was stopped and the next started
SHARED = timedelta(seconds=60)

#: anywhere inside a point, whatever the namespace: Garmin's, Cluetrust's, Strava's and bare elements
_POINT_VALUES = {
    "hr": "heart_rate_bpm",
    "heartrate": "heart_rate_bpm",
    "heart_rate": "heart_rate_bpm",
    "cad": "cadence_spm",
    "cadence": "cadence_spm",
    "runcadence": "cadence_spm",
    "power": "power_w",
    "watts": "power_w",
    "powerinwatts": "power_w",
    "atemp": "temperature_c",
    "temp": "temperature_c",
    "temperature": "temperature_c",
    "speed": "speed_mps",
}


@dataclass
class _Track:
    """first, end: which samples are its own."""

    first: int
    end: int = 0
    name: str = ""
    kind: str = ""
    is_route: bool = False


@dataclass
class _Gpx:
    """Everything a GPX document says that we keep."""

    samples: Samples = field(default_factory=Samples)
    tracks: list[_Track] = field(default_factory=list)
    creator: str = ""
    title: str = ""
    zone_missing: bool = False
    utc_offset_s: int | None = None
    n_waypoints: int = 0
    point: dict[str, float] | None = None
    point_us: int | None = None

    def opened(self, name: str, parent: str, attributes: Mapping[str, str]) -> None:
        if name in ("trkpt", "rtept"):
            latitude, longitude = attributes.get("lat", ""), attributes.get("lon", "")
            self.point = {"latitude": words.number(latitude), "longitude": words.number(longitude)}
            self.point_us = None
        elif name == "trkseg":
            self.samples.begin_segment()
        elif name in ("trk", "rte"):
            self._begin_track(is_route=name == "rte")
        elif name == "gpx":
            self.creator = attributes.get("creator", "")
        elif name == "wpt":
            self.n_waypoints += 1

    def closed(self, name: str, parent: str, text: str) -> None:
        if self.point is not None:
            self._closed_in_point(name, parent, text)
        elif name == "name" and parent in ("metadata", "gpx"):
            self.title = text.strip()
        elif parent in ("trk", "rte") and self.tracks:
            if name == "name":
                self.tracks[-1].name = text.strip()
            elif name == "type":
                self.tracks[-1].kind = text.strip()
        elif name in ("trk", "rte"):
            self._end_track()

    def _closed_in_point(self, name: str, parent: str, text: str) -> None:
        assert self.point is not None
        if name == "ele":
            self.point["altitude_m"] = words.number(text)
        elif name == "time" and parent in ("trkpt", "rtept"):
            self._time(text)
        elif name in ("trkpt", "rtept"):
            if not self.tracks:
                self._begin_track(is_route=False)
            self.samples.add(self.point_us, self.point)
            self.point = None
        elif (column := _POINT_VALUES.get(name.lower())) is not None:
            self.point[column] = words.number(text)

    def _time(self, text: str) -> None:
        moment = words.moment(text)
        if moment is None:
            return
        self.point_us = words.microseconds(moment)
        offset = moment.utcoffset()
        if offset is None:
            self.zone_missing = True
        elif offset and self.utc_offset_s is None:
            self.utc_offset_s = int(offset.total_seconds())

    def _begin_track(self, *, is_route: bool) -> None:
        if self.tracks and self.tracks[-1].first == len(self.samples):
            self.tracks.pop()  # an empty one is not worth remembering
        if len(self.tracks) >= MAX_PARTS:
            raise too_many_parts("tracks")
        self.samples.begin_segment()
        self.tracks.append(_Track(first=len(self.samples), is_route=is_route))

    def _end_track(self) -> None:
        if self.tracks:
            self.tracks[-1].end = len(self.samples)


def read_gpx(path: Path) -> Contents:
    """The activities of one GPX file. Raises Unreadable where nothing was recorded before a fault."""
    gpx, incomplete, notes = read_xml(path, _Gpx)
    end = len(gpx.samples)
    for track in reversed(gpx.tracks):
        track.end = track.end or end  # the last of a file that broke off was never closed
        end = track.first
    tracks = [track for track in gpx.tracks if track.end > track.first]
    tracks = [track for track in tracks if not track.is_route] or tracks
    table = gpx.samples.table()
    if sum(int(table[track.first : track.end].timed.sum()) for track in tracks) < 2:
        if incomplete:
            raise Unreadable("damaged", f"{incomplete} Nothing recorded stands before that.")
        return Contents(not_an_activity=_what_else(gpx, tracks))
    groups, overlap = _groups(table, tracks)
    if overlap:
        notes = (*notes, "tracks_overlap")
    if gpx.zone_missing:
        notes = (*notes, "time_zone_missing")
    activities = (_activity(gpx, table, group, notes) for group in groups)
    found = tuple(sorted((one for one in activities if one is not None), key=lambda one: one.started_at))
    return Contents(activities=found, incomplete=incomplete)


def _what_else(gpx: _Gpx, tracks: list[_Track]) -> str:
    if tracks:
        return "a route without times"
    return "waypoints" if gpx.n_waypoints else "a GPX file without a track"


def _groups(table: Table, tracks: list[_Track]) -> tuple[list[list[_Track]], bool]:
    """The tracks of each activity, and whether some had to be kept apart because they overlap.

    A track without any time goes with the one before it, the first ones with the first that has times.
    """
    spans: list[tuple[int, int, list[_Track]]] = []
    waiting: list[_Track] = []
    for track in tracks:
        if (span := span_us(table.time_us[track.first : track.end])) is not None:
            spans.append((*span, [*waiting, track]))
            waiting = []
        elif spans:
            spans[-1][2].append(track)
        else:
            waiting.append(track)
    spans.sort(key=lambda span: span[0])
    groups: list[list[_Track]] = []
    overlap = False
    pause_us, shared_us = PAUSE_BETWEEN_ACTIVITIES.total_seconds() * 1e6, SHARED.total_seconds() * 1e6
    until_us = 0
    for start_us, end_us, group in spans:
        overlaps = bool(groups) and start_us < until_us - shared_us
        if groups and not overlaps and start_us <= until_us + pause_us:
            groups[-1].extend(group)
        else:
            overlap |= overlaps
            groups.append(group)
        until_us = max(until_us, end_us) if groups else end_us
    return groups, overlap


def _activity(gpx: _Gpx, table: Table, tracks: list[_Track], notes: tuple[str, ...]) -> RecordedActivity | None:
    sport, sub_sport = next((found for track in tracks if (found := words.sport(track.kind))[0]), ("", ""))
    stated = Stated(
        sport=sport,
        sub_sport=sub_sport,
        name=next((track.name for track in tracks if track.name), gpx.title),
        utc_offset_s=gpx.utc_offset_s,
        device=gpx.creator,
        notes=notes,
    )
    return assemble(table[_which(tracks)], stated)


def _which(tracks: list[_Track]) -> slice | np.ndarray:
    """Neighbouring tracks are one stretch of samples, which costs no copy."""
    if all(one.end == other.first for one, other in itertools.pairwise(tracks)):
        return slice(tracks[0].first, tracks[-1].end)
    return np.concatenate([np.arange(track.first, track.end) for track in tracks])
