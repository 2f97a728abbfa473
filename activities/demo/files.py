"""A recording as the file a watch or a phone would have handed over: TCX with laps, or GPX."""

import gzip
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import numpy as np

from activities.demo.watch import Column, Recording

WATCH, PHONE = "Lodestar Two", "Lodestar Phone"
WEIGHT_KG = 58.0

TCX_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" \
xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<Activities><Activity Sport="{sport}"><Id>{start}</Id>
"""
TCX_FOOT = """<Notes>{title}</Notes>
<Creator xsi:type="Device_t"><Name>{device}</Name><UnitId>{unit}</UnitId><ProductID>1968</ProductID>\
<Version><VersionMajor>4</VersionMajor><VersionMinor>{minor}</VersionMinor><BuildMajor>0</BuildMajor>\
<BuildMinor>0</BuildMinor></Version></Creator>
</Activity></Activities></TrainingCenterDatabase>
"""
TCX_SPORTS = {"running": "Running", "cycling": "Biking"}

GPX_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="{device}" xmlns="http://www.topografix.com/GPX/1/1" \
xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
<metadata><time>{start}</time></metadata>
<trk><name>{title}</name><type>{sport}</type><trkseg>
"""
GPX_FOOT = "</trkseg></trk></gpx>\n"


def as_tcx(recording: Recording, *, start: datetime, sport: str, title: str, has_heart_rate: bool) -> bytes:
    """sport: running or cycling; the format knows no other."""
    points = list(_tcx_points(recording, start, has_heart_rate))
    parts = [TCX_HEAD.format(sport=TCX_SPORTS[sport], start=_clock(start))]
    begin = 0
    for end in recording.lap_ends.tolist():
        parts += [_tcx_lap_head(recording, start, begin, end, has_heart_rate), "<Track>\n"]
        parts += points[begin + 1 if begin else 0 : end + 1]
        parts.append("</Track></Lap>\n")
        begin = end
    minor = (start.year % 10) * 10
    parts.append(TCX_FOOT.format(title=escape(title), device=WATCH, unit=3_968_051_701, minor=minor))
    return "".join(parts).encode()


def _tcx_lap_head(recording: Recording, start: datetime, begin: int, end: int, has_heart_rate: bool) -> str:
    first_s, last_s = int(recording.time_s[begin]), int(recording.time_s[end])
    stood_s = sum(until - since for since, until in recording.pauses if first_s <= since and until <= last_s)
    metres = recording.distance_m[end] - recording.distance_m[begin]
    heart = recording.heart_rate_bpm[begin : end + 1]
    beats = (
        f"<AverageHeartRateBpm><Value>{round(float(np.mean(heart)))}</Value></AverageHeartRateBpm>"
        f"<MaximumHeartRateBpm><Value>{heart.max()}</Value></MaximumHeartRateBpm>"
        if has_heart_rate
        else ""
    )
    how = "Manual" if recording.pressed else "Distance"
    return (
        f'<Lap StartTime="{_clock(start + timedelta(seconds=first_s))}">'
        f"<TotalTimeSeconds>{last_s - first_s - stood_s}.0</TotalTimeSeconds>"
        f"<DistanceMeters>{metres:.2f}</DistanceMeters>"
        f"<MaximumSpeed>{recording.speed_mps[begin : end + 1].max():.3f}</MaximumSpeed>"
        f"<Calories>{round(metres / 1000 * WEIGHT_KG)}</Calories>{beats}"
        f"<Intensity>Active</Intensity><TriggerMethod>{how}</TriggerMethod>\n"
    )


def _tcx_points(recording: Recording, start: datetime, has_heart_rate: bool) -> list[str]:
    times = _clocks(recording, start)
    metres = [f"<DistanceMeters>{metres:.2f}</DistanceMeters>" for metres in recording.distance_m.tolist()]
    beats = [
        f"<HeartRateBpm><Value>{beats}</Value></HeartRateBpm>" if has_heart_rate else ""
        for beats in recording.heart_rate_bpm.tolist()
    ]
    moves = [
        f"<Extensions><ns3:TPX><ns3:Speed>{speed:.2f}</ns3:Speed><ns3:RunCadence>{steps // 2}</ns3:RunCadence>"
        "</ns3:TPX></Extensions>"
        for speed, steps in zip(recording.speed_mps.tolist(), _whole(recording.steps_per_minute), strict=True)
    ]
    places = [""] * len(times)
    if recording.latitude is not None and recording.longitude is not None and recording.altitude_m is not None:
        places = [
            f"<Position><LatitudeDegrees>{latitude:.6f}</LatitudeDegrees><LongitudeDegrees>{longitude:.6f}</LongitudeDegrees>"
            f"</Position><AltitudeMeters>{altitude:.1f}</AltitudeMeters>"
            for latitude, longitude, altitude in zip(
                recording.latitude.tolist(), recording.longitude.tolist(), recording.altitude_m.tolist(), strict=True
            )
        ]
    rows = zip(times, places, metres, beats, moves, strict=True)
    return [f"<Trackpoint><Time>{row[0]}</Time>{row[1]}{row[2]}{row[3]}{row[4]}</Trackpoint>\n" for row in rows]


def as_gpx(recording: Recording, *, start: datetime, sport: str, title: str, has_heart_rate: bool) -> bytes:
    """Needs positions."""
    latitude, longitude, altitude = recording.latitude, recording.longitude, recording.altitude_m
    assert latitude is not None and longitude is not None and altitude is not None
    on_foot = sport != "cycling"
    values = [
        (f"<gpxtpx:hr>{beats}</gpxtpx:hr>" if has_heart_rate else "")
        + (f"<gpxtpx:cad>{steps // 2}</gpxtpx:cad>" if on_foot else "")
        for beats, steps in zip(recording.heart_rate_bpm.tolist(), _whole(recording.steps_per_minute), strict=True)
    ]
    rows = zip(_clocks(recording, start), latitude.tolist(), longitude.tolist(), altitude.tolist(), values, strict=True)
    points = [
        f'<trkpt lat="{north:.6f}" lon="{east:.6f}"><ele>{up:.1f}</ele><time>{clock}</time>'
        + (
            f"<extensions><gpxtpx:TrackPointExtension>{value}</gpxtpx:TrackPointExtension></extensions>"
            if value
            else ""
        )
        + "</trkpt>\n"
        for clock, north, east, up, value in rows
    ]
    head = GPX_HEAD.format(device=PHONE, start=_clock(start), title=escape(title), sport=sport)
    return "".join([head, *points, GPX_FOOT]).encode()


def gzipped(content: bytes) -> bytes:
    """Always the same for the same content: no time, no name inside."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def _clocks(recording: Recording, start: datetime) -> list[str]:
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "s")
    return [f"{clock}Z" for clock in np.datetime_as_string(first + recording.time_s.astype("timedelta64[s]"))]


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _whole(column: Column) -> list[int]:
    return [round(value) for value in column.tolist()]
