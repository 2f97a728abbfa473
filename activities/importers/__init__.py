"""A file in, the activities recorded in it out: FIT, GPX and TCX, each also gzipped.

Pure: no Django, no database, nothing kept between calls. What it promises, whatever the file: it returns a `ReadFile`
or raises `Unreadable`, nothing else; memory stays bounded (see contents.py); nothing outside the file is opened. What
was readable before a fault is kept and says so in `incomplete`.

An archive is several files: archives.py lists what is in one, archive_table.py reads Strava's table, and the caller
knows what to do with them. Left out on purpose: climbing computed from altitudes, which is analysis and not what was
recorded.

Notes an activity can carry: times_missing, times_implausible, points_out_of_order, positions_missing,
heart_rate_missing, distance_computed, distance_restarts, distance_decreases, characters_repaired, content_after_end,
time_zone_missing, tracks_overlap; from FIT: clock_not_set, no_session, sessions_repeated, checksum_missing,
messages_skipped.
"""

from dataclasses import dataclass
from pathlib import Path

from activities.importers.archives import MAX_ARCHIVE_BYTES, is_archive
from activities.importers.contents import MAX_FILE_BYTES, MAX_SAMPLES, MAX_UNCOMPRESSED_BYTES, Unreadable
from activities.importers.fit import read_fit
from activities.importers.gpx import read_gpx
from activities.importers.opening import Format, content, opened
from activities.importers.tcx import read_tcx
from activities.recorded import RecordedActivity

__all__ = [
    "MAX_ARCHIVE_BYTES", "MAX_FILE_BYTES", "MAX_SAMPLES", "MAX_UNCOMPRESSED_BYTES", "ReadFile", "Unreadable", "content",
    "is_archive", "read_file",
]  # fmt: skip

_READERS = {"fit": read_fit, "gpx": read_gpx, "tcx": read_tcx}


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """sha256, size_bytes: of the content after gunzip, so that a file and its .gz are the same.

    incomplete: "", or the plain reason why only a part was readable.
    not_an_activity: "", or what the file is instead ("course", "settings", "a route without times", …); then there are
        no activities.
    """

    format: Format
    sha256: str
    size_bytes: int
    activities: tuple[RecordedActivity, ...]
    incomplete: str = ""
    not_an_activity: str = ""


def read_file(path: Path, *, name: str) -> ReadFile:
    """Read one file. name: as the file was called where it came from. Raises Unreadable.

    Costs one to two passes over the file; per second about 8 MB of XML or 10,000 FIT records.
    """
    with opened(path, name=name) as file:
        contents = _READERS[file.format](file.path)
        return ReadFile(
            format=file.format,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            activities=contents.activities,
            incomplete=" ".join(filter(None, (file.incomplete, contents.incomplete))),
            not_an_activity=contents.not_an_activity,
        )
