"""The time of one run in each heart-rate zone, as a bar and as the rows of a table."""

from dataclasses import dataclass
from itertools import pairwise

from activities.measures import NBSP
from performance import load
from performance.load import HeartTime
from performance.models import Analysis
from performance.training import KnownHeart


@dataclass(frozen=True)
class Zone:
    """number: 1 to 5, 0 below the zones.  bpm: its range in words.  x, width: its part of the bar."""

    number: int
    bpm: str
    seconds: float
    percent: float
    x: str
    width: str


def zone_rows(analysis: Analysis, known: KnownHeart | None) -> list[Zone]:
    """From below zone 1 upwards, by shares of the maximum; empty without a maximum or a recorded heart rate."""
    spent = HeartTime.read(analysis.heart)
    if spent is None or known is None:
        return []
    seconds = load.zones(spent, known.heart.max_bpm)
    ends = load.zone_ends(known.heart.max_bpm)
    words = [
        f"<{NBSP}{ends[0]}",
        *(f"{low}–{high - 1}" for low, high in pairwise(ends)),
        f"{ends[-1]}+",
    ]
    total, rows, before = sum(seconds), [], 0.0
    for number, (bpm, held_s) in enumerate(zip(words, seconds, strict=True)):
        percent = 100 * held_s / total
        rows.append(Zone(number, bpm, held_s, percent, f"{before:.2f}%", f"{percent:.2f}%"))
        before += percent
    return rows if rows[0].seconds else rows[1:]
