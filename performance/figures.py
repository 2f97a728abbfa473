"""What is told of one activity, in a row, a page, a CSV or JSON: the same figures, and only those the reader may see.

Heart rate, cadence and power are streams summed up: without the grant for streams they are missing here, so no page and
no export can let one slip through.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.db.models import F, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import measures
from activities.measures import Units
from activities.models import FOOT_SPORTS, Activity
from activities.templatetags.measures import numerals
from performance.models import BestEffort, Race

SPORTS: Final[dict[str, str | Promise]] = {
    "running": gettext_lazy("Run"),
    "walking": gettext_lazy("Walk"),
    "hiking": gettext_lazy("Hike"),
    "cycling": gettext_lazy("Ride"),
    "swimming": gettext_lazy("Swim"),
    "rowing": gettext_lazy("Row"),
    "cross_country_skiing": gettext_lazy("Cross-country ski"),
    "alpine_skiing": gettext_lazy("Ski"),
    "inline_skating": gettext_lazy("Skate"),
    "fitness_equipment": gettext_lazy("Workout"),
    "training": gettext_lazy("Workout"),
}

Tempo = Literal["pace", "swim", "speed"]
SWIM_M = 100
#: faster than any sport with a watch: then a time or a distance is wrong, and the quotient says nothing
FASTEST_MPS: Final = 60.0


def sport_words(sport: str) -> str:
    """Run, Ride, …; a sport we have no word for by its own."""
    return str(SPORTS.get(sport, sport.replace("_", " ").capitalize() or _("Activity")))


def tempo_of(sport: str) -> Tempo:
    """How this sport tells how fast: minutes a kilometre on foot, minutes a hundred metres in water, else a speed."""
    return "pace" if sport in FOOT_SPORTS else "swim" if sport == "swimming" else "speed"


def tempo_words(s_per_km: float | None, *, tempo: Tempo, units: Units) -> tuple[str, str]:
    """The number and its unit: ("4:34", "/km"), ("2:05", "/100 m"), ("28.1", "km/h")."""
    if tempo == "pace":
        return measures.format_pace(s_per_km, units), measures.pace_unit(units)
    if tempo == "swim":
        seconds = s_per_km * SWIM_M / 1000 if s_per_km is not None else None
        return measures.format_duration(seconds), f"/{SWIM_M}{measures.NBSP}m"
    speed = 1000 / s_per_km if s_per_km else None
    number = measures.format_speed(speed, units, with_unit=False, numerals=numerals())
    return number, "km/h" if units == "km" else "mph"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One activity as a reader may see it. race: only one that is not rejected."""

    activity: Activity
    race: Race | None
    shows_streams: bool
    units: Units

    @property
    def title(self) -> str:
        return self.activity.name or sport_words(self.activity.sport)

    @property
    def sport(self) -> str:
        return sport_words(self.activity.sport)

    @property
    def started_local(self) -> datetime:
        """The clock where it was run, without a zone; UTC's where nobody knows which clock that was."""
        return self.activity.started_local.replace(tzinfo=None)

    @property
    def zone_is_known(self) -> bool:
        return self.activity.utc_offset_s is not None

    @property
    def time_s(self) -> float | None:
        """The device's own time; never what is left without standing still, unless nothing else was recorded."""
        run = self.activity
        return next((time for time in (run.timer_s, run.elapsed_s, run.moving_s) if time), None)

    @property
    def distance_m(self) -> float | None:
        """A device that measured no distance may write a nought: it was not recorded."""
        return self.activity.distance_m or None

    @property
    def pace_s_per_km(self) -> float | None:
        if not self.distance_m or not self.time_s or self.distance_m / self.time_s > FASTEST_MPS:
            return None
        return self.time_s / self.distance_m * 1000

    @property
    def ascent_m(self) -> float | None:
        """What the source says, else what analysis found in the altitudes (`with_ascent`)."""
        if self.activity.ascent_m is not None:
            return self.activity.ascent_m
        return getattr(self.activity, "analysed_ascent_m", None)

    @property
    def tempo(self) -> tuple[str, str]:
        return tempo_words(self.pace_s_per_km, tempo=tempo_of(self.activity.sport), units=self.units)

    @property
    def hr_avg(self) -> float | None:
        return self.activity.hr_avg if self.shows_streams else None

    @property
    def hr_max(self) -> float | None:
        return self.activity.hr_max if self.shows_streams else None

    def as_dict(self) -> dict[str, Any]:
        """The fields of /activities.json and .csv: SI units, names that do not change."""
        run, race = self.activity, self.race
        counted = race if race is not None and race.counts else None
        return {
            "id": run.pk,
            "date": run.local_date.isoformat(),
            "start_time_utc": run.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "utc_offset_s": run.utc_offset_s,
            "name": run.name,
            "sport": run.sport,
            "sub_sport": run.sub_sport,
            "distance_m": self.distance_m,
            "time_s": self.time_s,
            "elapsed_s": run.elapsed_s,
            "timer_s": run.timer_s,
            "moving_s": run.moving_s,
            "pace_s_per_km": self.pace_s_per_km,
            "hr_avg": self.hr_avg,
            "hr_max": self.hr_max,
            "cadence_avg": run.cadence_avg if self.shows_streams else None,
            "power_avg": run.power_avg if self.shows_streams else None,
            "ascent_m": self.ascent_m,
            "descent_m": run.descent_m,
            "device": run.device,
            "race_id": race.pk if race is not None else None,
            "race_state": race.state if race is not None else None,
            "age_grade": counted.age_grade if counted is not None else None,
        }


def with_ascent(activities: QuerySet[Activity]) -> QuerySet[Activity]:
    """Activities with the climbing that analysis found, without the rest of the analysis."""
    return activities.annotate(analysed_ascent_m=F("analysis__ascent_m"))


def figures_of(activity: Activity, *, shows_streams: bool, units: Units) -> Figures:
    """No query where the activity came with its race (`select_related("race")`)."""
    race: Race | None = getattr(activity, "race", None)
    return Figures(
        activity=activity,
        race=race if race is not None and race.state != Race.State.REJECTED else None,
        shows_streams=shows_streams,
        units=units,
    )


def effort_fields(efforts: Iterable[BestEffort]) -> Iterator[dict[str, Any]]:
    """The fields of /efforts.json; efforts come with their activity."""
    for effort in efforts:
        yield {
            "activity_id": effort.activity_id,
            "date": effort.activity.local_date.isoformat(),
            "name": effort.activity.name,
            "distance_m": effort.distance_m,
            "time_s": effort.time_s,
            "start_s": effort.start_s,
            "recording_id": effort.recording_id,
        }
