"""What reading a file can end in: its contents, or a refusal.

The limits bound memory whatever the file. Measured with bench/importers.py: a sample costs 60 bytes while a file is read
and 190 at the worst moment of making streams of it (samples that have to be sorted), so the process grows by less than
300 MB at the limit of samples; everything else is read in pieces.
"""

from dataclasses import dataclass

from activities.recorded import RecordedActivity

#: as uploaded, so gzipped or plain.  24 hours at one sample a second are 80 MB of TCX, 5 MB gzipped.
MAX_FILE_BYTES = 128 * 2**20
#: after gunzip; it waits on disk, not in memory.
MAX_UNCOMPRESSED_BYTES = 256 * 2**20
#: in one file, over all its activities: seventeen days at one sample a second.
MAX_SAMPLES = 1_500_000
#: laps, tracks, sessions and pauses in one file, each counted for itself.
MAX_PARTS = 20_000


class Unreadable(Exception):
    """A file from which nothing can be kept.

    code: short and stable, for programs: empty, unknown_format, too_large, too_many_samples, too_many_parts, doctype,
    bad_gzip, gzip_in_gzip, damaged, nothing_recorded.  str(): one plain sentence for the person who brought the file.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What one format's reader found in a file; the fields mean the same as in `ReadFile`."""

    activities: tuple[RecordedActivity, ...] = ()
    incomplete: str = ""
    not_an_activity: str = ""


def too_many_parts(what: str, limit: int = MAX_PARTS) -> Unreadable:
    return Unreadable("too_many_parts", f"The file holds more than {limit:,} {what}; no activity has that many.")
