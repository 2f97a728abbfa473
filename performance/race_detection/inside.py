"""The race inside a longer recording: warm-up, race and cool-down in one file.

Only what was run as a whole is told by a summary; the fastest stretches over official distances, from the samples, tell
where in it the race was. A race stands out of its own recording: the rest is much slower, and beyond its official distance
the fastest stretch falls off at once. Intervals do not fall off so, and an even run has no slower rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from performance.race_detection.distances import STANDARD_DISTANCES

SHORTEST_M = 1_500.0
LEAST_SHARE = 0.2  # of the recording; less is a repetition
MOST_SHARE = 0.96  # more is the recording itself
REST_SLOWER = 1.20  # seconds a metre of the rest, against the race's
NAMED_REST_SLOWER = 1.05  # the same where the title names that distance
PART = (0.08, 0.6)  # shares of the race that are looked at for
MOST_UNEVEN = 0.90  # a part at this share of the race's pace
RACED_M = tuple(one.metres for one in STANDARD_DISTANCES if not one.rare and one.metres >= SHORTEST_M)


@dataclass(frozen=True)
class Inside:
    """distance_m: the official one; time_s: the fastest over it, by the clock; start_s: from the recording's first sample."""

    distance_m: float
    time_s: float
    start_s: float


def race_inside(
    *,
    distance_m: float | None,
    elapsed_s: float | None,
    efforts: Mapping[float, tuple[float, float]],
    named_m: Sequence[float],
) -> Inside | None:
    """The stretch of a recording that was the race, or None where none stands out.

    efforts: official distance: (time_s, start_s) of the fastest stretch; named_m: distances that the title names.
    """
    if not distance_m or not elapsed_s:
        return None
    fitting = [m for m in efforts if m >= SHORTEST_M and LEAST_SHARE <= m / distance_m <= MOST_SHARE]
    fitting = [m for m in fitting if _even(m, efforts)]
    by_name = [m for m in fitting if m in named_m and _rest(m, efforts, distance_m, elapsed_s) >= NAMED_REST_SLOWER]
    standing_out = [m for m in fitting if m in RACED_M and _rest(m, efforts, distance_m, elapsed_s) >= REST_SLOWER]
    found = max(by_name or standing_out, key=lambda m: _rest(m, efforts, distance_m, elapsed_s), default=None)
    if found is None or (not by_name and not _falls_off(found, efforts)):
        return None
    time_s, start_s = efforts[found]
    return Inside(found, time_s, start_s)


def _rest(metres: float, efforts: Mapping[float, tuple[float, float]], distance_m: float, elapsed_s: float) -> float:
    """How many times as long a metre takes outside that stretch as inside it."""
    time_s, _start_s = efforts[metres]
    return ((elapsed_s - time_s) / (distance_m - metres)) / (time_s / metres)


def _even(metres: float, efforts: Mapping[float, tuple[float, float]]) -> bool:
    """Whether no part of it was run much faster than the whole, as pieces of an interval session are."""
    time_s, _start_s = efforts[metres]
    parts = ((m, one[0]) for m, one in efforts.items() if PART[0] * metres <= m <= PART[1] * metres)
    return all(part_s / m >= MOST_UNEVEN * time_s / metres for m, part_s in parts)


def _falls_off(metres: float, efforts: Mapping[float, tuple[float, float]]) -> bool:
    """Whether every longer stretch takes its extra metres at a slower pace, as after a finish."""
    time_s, _start_s = efforts[metres]
    longer = ((m, one[0]) for m, one in efforts.items() if m > metres * 1.02)
    return all((other_s - time_s) / (m - metres) >= REST_SLOWER * time_s / metres for m, other_s in longer)
