"""GPX and TCX files for tests, as the programs that export them write them."""

from datetime import UTC, datetime, timedelta

START = datetime(2024, 5, 4, 7, 30, tzinfo=UTC)
METRES_PER_DEGREE = 111_195.08  # of latitude, on the sphere of 6,371,008.8 m


def iso(second: float, start: datetime = START) -> str:
    when = start + timedelta(seconds=second)
    return when.strftime("%Y-%m-%dT%H:%M:%S") + (f".{when.microsecond // 1000:03d}" if when.microsecond else "") + "Z"


def gpx_point(second: float | None, *, speed_mps: float = 3.0, along_m: float | None = None, extra: str = "") -> str:
    """A point on the way north; without a time where `second` is None."""
    along_m = along_m if along_m is not None else (second or 0) * speed_mps
    time = "" if second is None else f"<time>{iso(second)}</time>"
    return f'<trkpt lat="{52.5 + along_m / METRES_PER_DEGREE:.9f}" lon="13.4"><ele>35</ele>{time}{extra}</trkpt>\n'


def garmin(hr: int, cadence: int = 85) -> str:
    return (
        "<extensions><gpxtpx:TrackPointExtension>"
        f"<gpxtpx:atemp>21.0</gpxtpx:atemp><gpxtpx:hr>{hr}</gpxtpx:hr><gpxtpx:cad>{cadence}</gpxtpx:cad>"
        "</gpxtpx:TrackPointExtension></extensions>"
    )


def gpx_track(*segments: str, name: str = "Spring half", kind: str = "running") -> str:
    inside = "".join(f"<trkseg>\n{points}</trkseg>" for points in segments)
    return f"<trk><name>{name}</name><type>{kind}</type>{inside}</trk>"


def gpx(
    *tracks: str, creator: str = "Garmin Connect", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
) -> str:
    return (
        f'{declaration}<gpx creator="{creator}" version="1.1" xmlns="http://www.topografix.com/GPX/1/1"'
        ' xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n'
        f"<metadata><name>file title</name><time>{iso(0)}</time></metadata>\n" + "".join(tracks) + "</gpx>\n"
    )


def gpx_run(*, seconds: int = 120) -> str:
    return gpx(gpx_track("".join(gpx_point(second, extra=garmin(150)) for second in range(seconds))))


def tcx_point(
    second: float | None,
    *,
    along_m: float | None = None,
    position: bool = True,
    hr: int | None = 150,
    distance: bool = True,
    extensions: str = "<Speed>3.0</Speed><RunCadence>85</RunCadence>",
    speed_mps: float = 3.0,
) -> str:
    along_m = along_m if along_m is not None else (second or 0) * speed_mps
    parts = [] if second is None else [f"<Time>{iso(second)}</Time>"]
    if position:
        latitude = 52.5 + along_m / METRES_PER_DEGREE
        parts.append(
            f"<Position><LatitudeDegrees>{latitude:.9f}</LatitudeDegrees><LongitudeDegrees>13.4</LongitudeDegrees></Position>"
        )
    parts.append("<AltitudeMeters>35.0</AltitudeMeters>")
    if distance:
        parts.append(f"<DistanceMeters>{along_m}</DistanceMeters>")
    if hr is not None:
        parts.append(f'<HeartRateBpm xsi:type="HeartRateInBeatsPerMinute_t"><Value>{hr}</Value></HeartRateBpm>')
    if extensions:
        parts.append(f"<Extensions><ns3:TPX>{extensions}</ns3:TPX></Extensions>")
    return f"<Trackpoint>{''.join(parts)}</Trackpoint>\n"


def tcx_lap(
    points: str, *, start: float = 0, timer_s: float, distance_m: float, hr: int = 151, trigger: str = "Manual"
) -> str:
    return (
        f'<Lap StartTime="{iso(start)}"><TotalTimeSeconds>{timer_s}</TotalTimeSeconds>'
        f"<DistanceMeters>{distance_m}</DistanceMeters><MaximumSpeed>4.1</MaximumSpeed><Calories>30</Calories>"
        f"<AverageHeartRateBpm><Value>{hr}</Value></AverageHeartRateBpm>"
        f"<MaximumHeartRateBpm><Value>{hr + 9}</Value></MaximumHeartRateBpm>"
        f"<Intensity>Active</Intensity><TriggerMethod>{trigger}</TriggerMethod><Track>\n{points}</Track></Lap>\n"
    )


def tcx_activity(
    *laps: str, sport: str = "Running", notes: str = "", creator: str = "Forerunner 935", start: float = 0
) -> str:
    about = f"<Notes>{notes}</Notes>" if notes else ""
    about += (
        f'<Creator xsi:type="Device_t"><Name>{creator}</Name><UnitId>3912345678</UnitId></Creator>' if creator else ""
    )
    return f'<Activity Sport="{sport}"><Id>{iso(start)}</Id>{"".join(laps)}{about}</Activity>\n'


def tcx(
    *activities: str, declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n', wrap: str = "Activities"
) -> str:
    return (
        f'{declaration}<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
        ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"<{wrap}>{''.join(activities)}</{wrap}>\n"
        '<Author xsi:type="Application_t"><Name>Connect Api</Name></Author></TrainingCenterDatabase>\n'
    )


def tcx_run(*, laps: int = 2, lap_s: int = 60) -> str:
    """Laps of one point a second, 3 m/s; the lap's last second is the next lap's first."""
    made = (
        tcx_lap(
            "".join(tcx_point(second) for second in range(lap * lap_s, (lap + 1) * lap_s)),
            start=lap * lap_s,
            timer_s=lap_s,
            distance_m=lap_s * 3.0,
        )
        for lap in range(laps)
    )
    return tcx(tcx_activity(*made))
