"""What the detector is told about a run: its summary, and nothing that needs a database.

Every quantity may be missing. A value that cannot be true (zero, negative, NaN, infinite) counts as missing too:
devices and exports write zero where they mean "not recorded".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Kind(Enum):
    """What sort of movement it was, as far as racing is concerned."""

    RUN = "run"
    TREADMILL = "treadmill"
    VIRTUAL = "virtual"
    WALK = "walk"
    OTHER = "other"


KIND_OF_SPORT = {
    "": Kind.RUN,  # an export of runs need not repeat that they are runs
    "running": Kind.RUN,
    "trail_running": Kind.RUN,
    "track_running": Kind.RUN,
    "street_running": Kind.RUN,
    "ultra_running": Kind.RUN,
    "obstacle_running": Kind.RUN,
    "treadmill_running": Kind.TREADMILL,
    "indoor_running": Kind.TREADMILL,
    "virtual_running": Kind.VIRTUAL,
    "walking": Kind.WALK,
    "race_walking": Kind.WALK,
    "hiking": Kind.WALK,
}


@dataclass(frozen=True)
class RunSummary:
    """One run of an athlete. Distances in metres, times in seconds, heart rate in beats per minute.

    sport: FIT's word, lower case ("running", "trail_running", "walking", ...); "" when it is not said.
    started_local: naive, by the clock on the wall where it was run; has_offset False when that clock is an estimate.
    name: as the athlete wrote it; name_tokens: the same already reduced to a closed vocabulary, "*" for any other word
    (then `name` is not looked at). name_is_default None: we find out ourselves.
    race_flag: what the athlete told the recording service. True "a race", False "something else" (a workout, a long
    run), None nothing.
    athlete_count, kudos_count, achievement_count, pr_count: how many ran it together, liked it, and what it brought.
    """

    id: str
    started_local: datetime | None
    sport: str
    distance_m: float | None
    elapsed_s: float | None = None
    moving_s: float | None = None
    ascent_m: float | None = None
    hr_avg: float | None = None
    hr_max: float | None = None
    name: str = ""
    name_tokens: str | None = None
    name_is_default: bool | None = None
    race_flag: bool | None = None
    athlete_count: float | None = None
    kudos_count: float | None = None
    achievement_count: float | None = None
    pr_count: float | None = None
    manual: bool | None = None
    trainer: bool | None = None
    has_offset: bool = True

    @property
    def kind(self) -> Kind:
        kind = KIND_OF_SPORT.get(self.sport, Kind.OTHER)
        return Kind.TREADMILL if kind is Kind.RUN and self.trainer else kind
