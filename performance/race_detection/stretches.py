"""What the samples of one run show of it, and of the stretches over official distances that stand out of it.

Figures of the run alone: they are worked out once, when the run is analysed, and stored. What they are worth beside the
athlete's other runs is weighed in samples.py, which needs no samples any more. A figure that samples do not give is None.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from performance.race_detection.distances import LONG_BY, MARATHON_LONG_BY, MARATHON_M, SHORT_BY, STANDARD_DISTANCES

Floats = npt.NDArray[np.float64]

CELL_S = 5.0
EDGE = 3  # cells averaged where a fast part begins and ends
END = 0.1  # of a stretch, within which its fast part may begin or end: a course measured short reaches into the rest
PIECE = 6  # and where another fast piece is looked for
MINUTE = 12
STANDING_MPS = 0.7
SHUFFLING_MPS = 1.3
FASTEST_MPS = 8.0
SHORTEST_M = 1_500.0
SHARES = (0.12, 0.985)  # of the recording's distance; less is a repetition, more is the recording
STANDS_OUT = 1.05  # seconds a metre of the rest, against the stretch's
EDGES_M = 30.0  # so exactly is it known where a fast part begins and ends
RECORDED_S = 30.0  # of warm-up or cool-down, to say what was done just before or after
BEFORE_S, AFTER_S = 180.0, 120.0
PIECE_SHARE = 0.97  # of the stretch's speed
PIECE_S = 45.0  # strides are shorter
KNOWN_HEART = 0.6
STANDARD_M = tuple(one.metres for one in STANDARD_DISTANCES if one.metres >= SHORTEST_M)


class Found(Protocol):
    """A best effort, as best_efforts.py finds it."""

    @property
    def distance_m(self) -> float: ...
    @property
    def time_s(self) -> float: ...
    @property
    def start_s(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """distance_m: official; of the whole, as recorded.  time_s, start_s: by the clock, from the first sample: the best
    effort, but of a course that measured short all that was run so fast, without the standing before and after.

    uneven: how much longer the slowest quarter took than the fastest, as a share.  slowest: the slowest minute's speed,
    as a share of the stretch's.  stopped_s: the longest stop.  pieces: how often else it was run as fast, in pieces of a
    size; of the whole, how often much faster than its average.  hr: average of the second half.
    Of a part: rest: how many times as long a metre takes outside it.  over: by how much more than the distance was run
    so fast, as a share.  before_s, after_s: seconds of standing or shuffling just before and after.
    """

    distance_m: float
    time_s: float
    start_s: float
    uneven: float
    slowest: float
    stopped_s: float
    pieces: int
    hr: float | None = None
    rest: float | None = None
    over: float | None = None
    before_s: float | None = None
    after_s: float | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON; `Stretch(**row)` reads it."""
        rows = asdict(self).items()
        return {
            name: round(value, 4) if isinstance(value, float) else value for name, value in rows if value is not None
        }


def stretches_of(
    time_s: npt.ArrayLike, distance_m: npt.ArrayLike, heart_rate_bpm: npt.ArrayLike | None, efforts: Sequence[Found]
) -> list[Stretch]:
    """The whole recording first, then every stretch that stands out of it; nothing of one too short to tell.

    efforts: the fastest over each official distance.
    """
    track = _Track.of(time_s, distance_m, heart_rate_bpm)
    if track is None:
        return []
    raced = [one for one in efforts if round(one.distance_m, 3) in _STANDARD_MM]
    return [track.whole(), *(part for one in raced for part in track.part(one))]


_STANDARD_MM = frozenset(round(metres, 3) for metres in STANDARD_M)


@dataclass(frozen=True)
class _Track:
    """A recording in cells of equal time. edges_s, metres: at the edges of the cells; speed: in each."""

    edges_s: Floats
    metres: Floats
    speed: Floats
    seconds: Floats
    heart: Floats | None

    @classmethod
    def of(
        cls, time_s: npt.ArrayLike, distance_m: npt.ArrayLike, heart_rate_bpm: npt.ArrayLike | None
    ) -> "_Track | None":
        time, distance = np.asarray(time_s, dtype=np.float64), np.asarray(distance_m, dtype=np.float64)
        known = np.isfinite(distance)
        if not known.any():
            return None
        run_s, run_m = time[known], np.maximum.accumulate(distance[known])
        cells = int((run_s[-1] - run_s[0]) // CELL_S)
        if cells < 2 * MINUTE or run_m[-1] - run_m[0] < SHORTEST_M:
            return None
        edges_s = run_s[0] + CELL_S * np.arange(cells + 1)
        metres = np.interp(edges_s, run_s, run_m)
        heart = None if heart_rate_bpm is None else np.asarray(heart_rate_bpm, dtype=np.float64)
        return cls(edges_s, metres, np.minimum(np.diff(metres) / CELL_S, FASTEST_MPS), time, heart)

    @property
    def length_m(self) -> float:
        return float(self.metres[-1] - self.metres[0])

    @property
    def length_s(self) -> float:
        return float(self.edges_s[-1] - self.edges_s[0])

    def whole(self) -> Stretch:
        fast = _average(self.speed, PIECE) >= 1.15 * self.length_m / self.length_s
        return Stretch(
            distance_m=self.length_m,
            time_s=self.length_s,
            start_s=float(self.edges_s[0]),
            pieces=_pieces(fast),
            **self._inner(float(self.edges_s[0]), self.length_s, self.length_m),
        )

    def part(self, effort: Found) -> Iterator[Stretch]:
        """The stretch of a best effort, if it is one part of the recording that is run faster than the rest."""
        metres, seconds, begin_s = effort.distance_m, effort.time_s, effort.start_s
        left_m, left_s = self.length_m - metres, self.length_s - seconds
        if not SHARES[0] <= metres / self.length_m <= SHARES[1] or left_s <= 0:
            return
        rest = left_s / left_m * metres / seconds
        if rest < STANDS_OUT:
            return
        speed = metres / seconds
        first, last = self._fast_part(begin_s, begin_s + seconds, (speed + left_m / left_s) / 2)
        ran_s = self._sharp(first, -1, speed), self._sharp(last, 1, speed)
        over = self._between(*ran_s) / metres - 1
        longest = MARATHON_LONG_BY if metres == MARATHON_M else LONG_BY
        if not -SHORT_BY - EDGES_M / metres <= over <= longest + EDGES_M / metres:
            return
        begin, end = max(begin_s, ran_s[0]), min(begin_s + seconds, ran_s[1])
        fast = _average(self.speed, PIECE) >= PIECE_SHARE * speed
        fast[max(first - PIECE, 0) : last + PIECE] = False
        slow = self.speed < SHUFFLING_MPS
        before, after = slow[max(first - int(BEFORE_S / CELL_S), 0) : first], slow[last : last + int(AFTER_S / CELL_S)]
        yield Stretch(
            distance_m=metres,
            time_s=end - begin if over < 0 else seconds,
            start_s=begin if over < 0 else begin_s,
            rest=rest,
            over=over,
            pieces=_pieces(fast),
            before_s=_seconds(before) if first * CELL_S >= RECORDED_S else None,
            after_s=_seconds(after) if (len(slow) - last) * CELL_S >= RECORDED_S else None,
            **self._inner(begin, end - begin, self._between(begin, end)),
        )

    def _fast_part(self, begin_s: float, end_s: float, least_mps: float) -> tuple[int, int]:
        """The edges between which it was run at least so fast, from within the stretch outwards."""
        smooth = _average(self.speed, EDGE)
        inwards = END * (end_s - begin_s)
        begin, end = self._cell(begin_s + inwards), self._cell(end_s - inwards)
        slow_before = (smooth[:begin] < least_mps).nonzero()[0]
        slow_after = (smooth[end:] < least_mps).nonzero()[0]
        first = int(slow_before[-1]) + 1 if len(slow_before) else 0
        last = end + int(slow_after[0]) if len(slow_after) else len(smooth)
        while first > 0 and self.speed[first - 1] >= least_mps:
            first -= 1
        while last < len(smooth) and self.speed[last] >= least_mps:
            last += 1
        return first, last

    def _sharp(self, edge: int, side: int, mps: float) -> float:
        """The second of an edge, moved into the cell beyond it by the share of that which was run at the stretch's speed."""
        beyond, farther = (edge, edge + 1) if side > 0 else (edge - 1, edge - 2)
        if not 0 <= min(beyond, farther) <= max(beyond, farther) < len(self.speed) or mps <= self.speed[farther]:
            return float(self.edges_s[edge])
        share = (self.speed[beyond] - self.speed[farther]) / (mps - self.speed[farther])
        return float(self.edges_s[edge]) + side * CELL_S * min(max(float(share), 0.0), 1.0)

    def _between(self, begin_s: float, end_s: float) -> float:
        """Metres run from one second to another."""
        return float(np.diff(np.interp((begin_s, end_s), self.edges_s, self.metres))[0])

    def _cell(self, second: float) -> int:
        return min(max(int((second - self.edges_s[0]) // CELL_S), 0), len(self.speed) - 1)

    def _inner(self, begin_s: float, seconds: float, metres: float) -> dict[str, Any]:
        """The figures of a stretch that do not look outside it."""
        first, last = self._cell(begin_s), math.ceil((begin_s + seconds - self.edges_s[0]) / CELL_S)
        inside = self.speed[first:last]
        begin_m = np.interp(begin_s, self.edges_s, self.metres)
        passed = np.interp(begin_m + metres * np.arange(1, 4) / 4, self.metres, self.edges_s)
        quarters = np.diff(np.concatenate(([begin_s], passed, [begin_s + seconds])))
        minutes = _average(inside, MINUTE)[MINUTE // 2 : -(MINUTE // 2)]
        return {
            "uneven": float(quarters.max() / quarters.min() - 1) if quarters.min() > 0 else 9.0,
            "slowest": min(float(minutes.min(initial=np.inf)) / (metres / seconds), 1.0),
            "stopped_s": _longest(inside < STANDING_MPS) * CELL_S,
            "hr": self._heart(begin_s + seconds / 2, begin_s + seconds),
        }

    def _heart(self, begin_s: float, end_s: float) -> float | None:
        if self.heart is None:
            return None
        beats = self.heart[np.searchsorted(self.seconds, begin_s) : np.searchsorted(self.seconds, end_s)]
        known = beats[beats > 0]
        return float(known.mean()) if len(known) and len(known) >= KNOWN_HEART * len(beats) else None


def _average(speed: Floats, cells: int) -> Floats:
    """Moving average over so many cells around each."""
    kernel = np.ones(min(cells, len(speed)))
    averaged: Floats = np.convolve(speed, kernel, "same") / np.convolve(np.ones(len(speed)), kernel, "same")
    return averaged


def _seconds(cells: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(cells)) * CELL_S


def _pieces(fast: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(_lengths(fast) >= PIECE_S / CELL_S))


def _longest(flags: npt.NDArray[np.bool_]) -> int:
    return int(_lengths(flags).max(initial=0))


def _lengths(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """How long each unbroken run of true flags is."""
    framed = np.zeros(len(flags) + 2, dtype=np.bool_)
    framed[1:-1] = flags
    at = (framed[1:] != framed[:-1]).nonzero()[0]
    return at[1::2] - at[::2]
