"""How far a recording can be trusted, and what must not count because of it. Pure: figures in, codes out.

Nothing is mended here: what is doubtful keeps its place and its figures, is told in words (quality.py), and is kept from
bests and from the search for races where a wrong figure would stand for a good one.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from activities.recorded import Streams
from performance.best_efforts import Excluded

#: before it no watch recorded a run: a device whose clock was not set says 1970, 1980 or 1989
FIRST_RECORDINGS_YEAR: Final = 1995
#: zones reach 14 hours ahead, and clocks are a little wrong
AHEAD: Final = timedelta(days=1)
LONG_PAUSE_S: Final = 6 * 3600.0
#: the belt's distance, or the arm's: not measured on the ground
BELTS: Final = frozenset({"treadmill", "indoor_running", "virtual_activity", "virtual_run"})
#: samples with a heart rate that never moves, however long, come from no heart
STUCK_S: Final = 900.0

#: a course may lose a metre a kilometre (the rule for records); what a barometer or a GPS may be wrong by comes on top
DROP_PER_KM_M: Final = 1.0
DROP_IN_DOUBT_M: Final = 25.0
_ENDS: Final = 20  # samples at either end whose median is the height there

_CODES: Final = {"gps_spike": "gps_spikes", "too_fast": "vehicle", "distance_reset": "distance_jumps"}
#: nothing of such a run counts among bests
KEPT_FROM_BESTS: Final = frozenset({"date_doubtful", "treadmill"})


def doubts(
    *,
    started_at: datetime,
    sub_sport: str,
    elapsed_s: float | None,
    timer_s: float | None,
    samples: Streams,
    excluded: Iterable[Excluded],
    now: datetime,
    on_foot: bool = True,
) -> list[str]:
    """Codes of what a reader should know, each once."""
    found = [_CODES[one.reason] for one in excluded]
    if started_at.year < FIRST_RECORDINGS_YEAR or started_at > now + AHEAD:
        found.append("date_doubtful")
    if sub_sport in BELTS:
        found.append("treadmill")
    stood_s = (elapsed_s or 0) - (timer_s if timer_s is not None else elapsed_s or 0)
    gap_s = float(np.max(np.diff(samples.time_s))) if len(samples) > 1 else 0.0
    if max(stood_s, gap_s) >= LONG_PAUSE_S:
        found.append("long_pause")
    if _is_stuck(samples):
        found.append("heart_rate_stuck")
    if on_foot and _is_downhill(samples):
        found.append("downhill")
    return list(dict.fromkeys(found))


def _is_downhill(samples: Streams) -> bool:
    """Whether it ends so far below its start that the course helped."""
    if samples.altitude_m is None or samples.distance_m is None:
        return False
    heights = samples.altitude_m[~np.isnan(samples.altitude_m)]
    reached = samples.distance_m[~np.isnan(samples.distance_m)]
    if len(heights) < 2 * _ENDS or not len(reached):
        return False
    drop_m = float(np.median(heights[:_ENDS]) - np.median(heights[-_ENDS:]))
    return drop_m > DROP_IN_DOUBT_M + DROP_PER_KM_M * float(reached.max()) / 1000


def _is_stuck(samples: Streams) -> bool:
    if samples.heart_rate_bpm is None:
        return False
    known = ~np.isnan(samples.heart_rate_bpm)
    times, beats = samples.time_s[known], samples.heart_rate_bpm[known]
    return bool(len(times) > 60 and times[-1] - times[0] >= STUCK_S and np.ptp(beats) == 0)
