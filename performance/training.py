"""An athlete's training, from what analysis stored: whose heart it is, what each run cost, what the weeks add up to.

A load depends on the athlete's maximum and on what pace is hard for them, and both are learnt from the whole history. So
loads are made after every search of it, for the runs whose load was made by other figures, from the time at each heart
rate that analysis kept. No samples are read here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from django.db.models import FloatField, IntegerField, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from activities.models import Activity, ActivityQuerySet
from athletes.models import Athlete
from performance import load, predictions
from performance.load import Heart, HeartTime
from performance.models import Analysis, BestEffort, Race

#: a maximum is looked for in these last days of running; it falls with the years
PEAKS_DAYS: Final = 3 * 365
#: what is hard is looked for in races and efforts so many days before and after a run
NEAR_DAYS: Final = 365
BEST_VDOT: Final = 85.0  # beyond the best there ever was: a wrong distance
HARDEST_RATIO: Final = 1.2  # of threshold speed; faster on average is a short run or a wrong distance


@dataclass(frozen=True)
class KnownHeart:
    """said: the maximum is the athlete's own word; else it is the highest that was recorded.  rest_said: the same."""

    heart: Heart
    said: bool
    rest_said: bool

    @property
    def signature(self) -> str:
        return f"{self.heart.max_bpm:.0f} {self.heart.rest_bpm:.0f} {self.heart.table}".strip()


def heart_of(athlete: Athlete) -> KnownHeart | None:
    """What is known of the athlete's heart; None without a maximum, said or recorded. At most one query."""
    rest = athlete.hr_rest or load.USUAL_REST_BPM
    highest = athlete.hr_max or _highest(athlete)
    if highest is None or highest <= rest:
        return None
    table = athlete.table if athlete.table in load.BANISTER else ""
    return KnownHeart(
        heart=Heart(max_bpm=highest, rest_bpm=rest, table=table),
        said=athlete.hr_max is not None,
        rest_said=athlete.hr_rest is not None,
    )


def _highest(athlete: Athlete) -> int | None:
    peaks = (
        Analysis.objects.filter(activity__athlete=athlete, heart__peak_bpm__isnull=False)
        .annotate(peak=Cast(KeyTextTransform("peak_bpm", "heart"), IntegerField()))
        .filter(peak__isnull=False)
        .order_by("-activity__started_at")
        .values_list("peak", "activity__local_date")
    )
    found = list(peaks)
    if not found:
        return None
    since = found[0][1] - timedelta(days=PEAKS_DAYS)
    return load.highest([peak for peak, day in found if day >= since])


# -- the load of every run ----------------------------------------------------------------------------------------------


def derive_loads(athlete: Athlete) -> int:
    """Make the load of every run whose load was made by other figures. Says how many; some five queries."""
    known = heart_of(athlete)
    threshold = _threshold(athlete)
    analyses = (
        Analysis.objects.filter(activity__athlete=athlete, failed="")
        .annotate(beats=KeyTextTransform("from_bpm", "heart"))
        .select_related("activity")
        .defer("charts", "splits", "route", "notes", "heart")
    )
    wanted: list[Any] = []
    for analysis in analyses:
        run = analysis.activity
        if known is not None and analysis.beats is not None:
            basis, by = Analysis.LoadBasis.SAMPLES.value, known.signature
        elif known is not None and run.hr_avg and time_of(run):
            basis, by = Analysis.LoadBasis.AVERAGE.value, known.signature
        elif run.is_on_foot and run.distance_m and time_of(run) and (speed := threshold(run.local_date)):
            basis, by = Analysis.LoadBasis.PACE.value, f"{speed:.2f}"
        else:
            basis, by = "", ""
        if (analysis.load_basis, analysis.load_by) != (basis, by):
            analysis.load_basis, analysis.load_by = basis, by
            wanted.append(analysis)
    spent = _heart_times([one.pk for one in wanted if one.load_basis == Analysis.LoadBasis.SAMPLES])
    for analysis in wanted:
        analysis.load = _load(analysis, known, spent.get(analysis.pk))
    Analysis.objects.bulk_update(wanted, ["load", "load_basis", "load_by"], batch_size=500)
    return len(wanted)


def _heart_times(pks: list[int]) -> dict[int, HeartTime]:
    stored = Analysis.objects.filter(pk__in=pks, heart__isnull=False).values_list("pk", "heart")
    return {pk: spent for pk, heart in stored if (spent := HeartTime.read(heart)) is not None}


def _load(analysis: Analysis, known: KnownHeart | None, spent: HeartTime | None) -> float | None:
    run, time_s = analysis.activity, time_of(analysis.activity)
    if analysis.load_basis == Analysis.LoadBasis.SAMPLES and known is not None and spent is not None:
        return load.load_by_samples(spent, known.heart)
    if analysis.load_basis == Analysis.LoadBasis.AVERAGE and known is not None:
        return load.load_by_average(time_s=time_s, hr_bpm=run.hr_avg or 0, heart=known.heart)
    if analysis.load_basis == Analysis.LoadBasis.PACE:
        speed = max(float(analysis.load_by), (run.distance_m or 0) / time_s / HARDEST_RATIO)
        return load.load_by_pace(time_s=time_s, distance_m=run.distance_m or 0, threshold_mps=speed)
    return None


def time_of(run: Activity) -> float:
    """Seconds of moving by the device's timer, else by the clock; 0 where neither is known."""
    return run.timer_s or run.moving_s or run.elapsed_s or 0.0


def _threshold(athlete: Athlete) -> Callable[[date], float | None]:
    """The speed of an hour at a day, from the best race, or 5 km inside a run, within a year of it; None without any."""
    raced = (
        Race.objects.of(athlete)
        .counted()
        .filter(distance_m__range=(predictions.SHORTEST_M, predictions.LONGEST_M), time_s__isnull=False)
        .values_list("local_date", "distance_m", "time_s")
    )
    efforts = (
        BestEffort.objects.filter(activity__athlete=athlete, distance_m=5000)
        .order_by()
        .values_list("activity__local_date", "distance_m", "time_s")
    )
    rated = [
        (day, value)
        for day, distance_m, time_s in [*raced, *efforts]
        if distance_m and time_s and (value := predictions.vdot(time_s, distance_m)) <= BEST_VDOT
    ]

    @cache
    def of_month(year: int, month: int) -> float | None:
        middle = date(year, month, 15)
        near = [value for day, value in rated if abs((day - middle).days) <= NEAR_DAYS]
        return predictions.hour_speed_mps(max(near)) if near and max(near) > 0 else None

    return lambda day: of_month(day.year, day.month)


# -- days and weeks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingDay:
    """What was run on a day, all runs together. load: None where no run of it has one."""

    day: date
    distance_m: float
    time_s: float
    load: float | None


def training_days(activities: ActivityQuerySet, *, since: date | None = None) -> list[TrainingDay]:
    """Every day with an activity, in order; distance and time of foot sports, load of every sport. One query."""
    found = activities if since is None else activities.filter(local_date__gte=since)
    on_foot = Q(pk__in=found.on_foot().order_by().values("pk"))
    seconds = Coalesce("timer_s", "moving_s", "elapsed_s", output_field=FloatField())
    days = (
        found.order_by("local_date")
        .values("local_date")
        .annotate(
            metres=Coalesce(Sum("distance_m", filter=on_foot), 0.0),
            seconds=Coalesce(Sum(seconds, filter=on_foot), 0.0),
            points=Sum("analysis__load"),
        )
    )
    return [TrainingDay(row["local_date"], row["metres"], row["seconds"], row["points"]) for row in days]
