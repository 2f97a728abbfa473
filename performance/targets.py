"""Times to aim for: what each level takes at an age, which of them was reached, and which one comes next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.measures import HALF_MARATHON_M, MARATHON_M, MILE_M, floor_target
from performance import agegrade
from performance.agegrade.refusals import DISTANCE_OUT_OF_RANGE

LEVELS: Final = (60, 65, 70, 75, 80, 85, 90)
DISTANCES_M: Final = (5_000.0, 10_000.0, 10 * MILE_M, HALF_MARATHON_M, MARATHON_M)
#: what a phone shows of them where nothing speaks for others
USUAL_ON_A_PHONE: Final = (70, 75, 80)


@dataclass(frozen=True, kw_only=True)
class Target:
    """percent: the level.  time_s: whole seconds, floored, so that running it really reaches the level."""

    percent: int
    time_s: int
    reached: bool = False
    is_next: bool = False


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """One distance. best_s: the best time so far, or None.  upcoming: the lowest level not reached by it."""

    distance_m: float
    best_s: float | None
    targets: tuple[Target, ...]

    @property
    def upcoming(self) -> Target | None:
        return next((target for target in self.targets if target.is_next), None)

    @property
    def gap_s(self) -> int | None:
        """Whole seconds from the best time to the next level, or None where there is no best or no next."""
        if self.best_s is None or self.upcoming is None:
            return None
        return math.ceil(self.best_s - self.upcoming.time_s)


def target_rows(
    *, age: int, sex: str, best: Mapping[float, float], edition: str | None = None, convention: str = agegrade.EXACT
) -> list[TargetRow]:
    """A row for every distance that the edition's road tables hold. best: metres to seconds.

    Raises agegrade.Refused where the tables have no answer for the age.
    """
    rows = []
    for metres in DISTANCES_M:
        try:
            times = {
                percent: level_time(
                    percent, age=age, sex=sex, distance_m=metres, edition=edition, convention=convention
                )
                for percent in LEVELS
            }
        except agegrade.Refused as refused:
            if refused.code != DISTANCE_OUT_OF_RANGE:
                raise
            continue
        rows.append(_row(metres, times, best_s=best.get(metres)))
    return rows


def _row(distance_m: float, times: Mapping[int, float], *, best_s: float | None) -> TargetRow:
    missed = [percent for percent in LEVELS if best_s is not None and best_s > times[percent]]
    targets = tuple(
        Target(
            percent=percent,
            time_s=floor_target(time_s),
            reached=best_s is not None and percent not in missed,
            is_next=missed[:1] == [percent],
        )
        for percent, time_s in times.items()
    )
    return TargetRow(distance_m=distance_m, best_s=best_s, targets=targets)


def level_time(
    percent: int,
    *,
    age: float,
    sex: str,
    distance_m: float | None = None,
    event: str | None = None,
    edition: str | None = None,
    surface: str = "road",
    convention: str = "exact",
) -> float:
    """The seconds that earn a level, unrounded; floor them before showing. Raises agegrade.Refused."""
    return agegrade.time_for_grade(
        age_grade=percent / 100, age=age, sex=sex, distance_m=distance_m, event=event,
        edition=edition, surface=surface, convention=convention,
    )  # fmt: skip


def on_a_phone(rows: Sequence[TargetRow]) -> tuple[int, ...]:
    """The three neighbouring levels that hold the most next levels; the lower ones of equal choices."""
    upcoming = [row.upcoming.percent for row in rows if row.upcoming]
    if not upcoming:
        return USUAL_ON_A_PHONE
    windows = [LEVELS[first : first + 3] for first in range(len(LEVELS) - 2)]
    return max(windows, key=lambda window: sum(percent in window for percent in upcoming))
