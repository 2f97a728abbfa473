"""Activity files of our own making, small, for tests that need a run to arrive."""

import gzip
import io
from datetime import UTC, datetime, timedelta

from django.test import TestCase

from activities import ingest
from activities.models import ImportBatch, ImportFile
from athletes.models import Athlete

START = datetime(2024, 5, 12, 8, 30, tzinfo=UTC)


def tcx(
    *, started_at: datetime = START, distance_m: float = 5000.0, time_s: float = 1500.0, step_s: float = 5.0,
    sport: str = "Running", name: str = "", hr: int | None = 150, latitude: float | None = 52.4, longitude: float = 0.26,
) -> bytes:  # fmt: skip
    """One lap at an even pace, northwards from the place given (none: a treadmill)."""
    points = []
    n = int(time_s / step_s)
    for i in range(n + 1):
        share = i / n
        moment = (started_at + timedelta(seconds=time_s * share)).isoformat().replace("+00:00", "Z")
        where = (
            f"<Position><LatitudeDegrees>{latitude + distance_m * share / 111_195:.7f}</LatitudeDegrees>"
            f"<LongitudeDegrees>{longitude}</LongitudeDegrees></Position>"
            if latitude is not None
            else ""
        )
        heart = f"<HeartRateBpm><Value>{hr}</Value></HeartRateBpm>" if hr else ""
        points.append(
            f"<Trackpoint><Time>{moment}</Time>{where}<DistanceMeters>{distance_m * share:.2f}</DistanceMeters>{heart}</Trackpoint>"
        )
    begins = started_at.isoformat().replace("+00:00", "Z")
    notes = f"<Notes>{name}</Notes>" if name else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        f'<Activity Sport="{sport}"><Id>{begins}</Id><Lap StartTime="{begins}"><TotalTimeSeconds>{time_s}</TotalTimeSeconds>'
        f"<DistanceMeters>{distance_m}</DistanceMeters><Track>{''.join(points)}</Track></Lap>{notes}</Activity>"
        "</Activities></TrainingCenterDatabase>"
    ).encode()


def gpx(
    *, started_at: datetime = START, distance_m: float = 5000.0, time_s: float = 1500.0, step_s: float = 5.0
) -> bytes:
    """The same run as tcx() gives, as another device would have written it: no sport, no heart rate."""
    n = int(time_s / step_s)
    points = "".join(
        f'<trkpt lat="{52.4 + distance_m * i / n / 111_195:.7f}" lon="0.26"><time>'
        f"{(started_at + timedelta(seconds=time_s * i / n)).isoformat().replace('+00:00', 'Z')}</time></trkpt>"
        for i in range(n + 1)
    )
    return f'<?xml version="1.0"?><gpx version="1.1" creator="tests" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{points}</trkseg></trk></gpx>'.encode()


def imported(athlete: Athlete, *contents: bytes, names: list[str] | None = None) -> list[ImportFile]:
    """Bring files in as an upload does, and read them here and now."""
    batch = ImportBatch.objects.create(athlete=athlete, kind=ImportBatch.Kind.UPLOAD)
    for position, content in enumerate(contents):
        name = names[position] if names else f"run{position}"
        file = ingest.receive(batch, name=name, source=io.BytesIO(content), position=position)
        with TestCase.captureOnCommitCallbacks(execute=True):
            ingest.work_off(file.pk)
    return list(batch.files.all())


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
