"""Rows as the tests need them: plain functions with keyword arguments and sensible defaults.

What is derived is derived by the program's own pure modules from synthetic streams, so that pages are tested on numbers
of the right shape. All people and places are invented.
"""

import hashlib
import math
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
from django.utils import timezone

from activities.models import Activity, ImportBatch, ImportFile, Lap, Recording
from activities.recorded import Streams
from athletes import people
from athletes.models import Athlete, CoachGrant, User
from performance.analysis import ANALYSIS_VERSION
from performance.best_efforts import DISTANCES, best_efforts
from performance.load import heart_time
from performance.models import Analysis, BestEffort, Race, RaceDecision, RaceRecording
from performance.profile import profile

PASSWORD = "correct horse battery"
_number = count(1)


def make_user(*, email: str = "", name: str = "", password: str = PASSWORD, role: str = "coach") -> User:
    """A user with a verified e-mail; "coach" and "operator" do not run."""
    user = people.make_person(
        email=email or f"person{next(_number)}@example.invalid", password=password, role=role, name=name
    )
    User.objects.filter(pk=user.pk).update(welcomed_at=timezone.now())
    return User.objects.get(pk=user.pk)


def make_athlete(
    *,
    email: str = "",
    name: str = "",
    born: date | None = date(1968, 5, 17),
    table: str = "F",
    zone: str = "Europe/London",
    password: str = PASSWORD,
    **fields: Any,
) -> Athlete:
    user = people.make_person(
        email=email or f"runner{next(_number)}@example.invalid",
        password=password,
        role="athlete",
        name=name,
        born=born,
        table=table,
    )
    User.objects.filter(pk=user.pk).update(welcomed_at=timezone.now())
    Athlete.objects.filter(user=user).update(zone=zone, **fields)
    return Athlete.objects.select_related("user").get(user=user)


def grant(*, athlete: Athlete, coach: User, level: int) -> CoachGrant:
    return people.grant(athlete=athlete, coach=coach, level=level, by=athlete.user)


def make_streams(
    *,
    distance_m: float = 10_030.0,
    time_s: float = 2752.0,
    step_s: float = 2.0,
    positions: bool = True,
    heart_rate: bool = True,
    altitude: bool = True,
    distance: bool = True,
) -> Streams:
    """A run round a loop in the fens: it starts a little slow, its heart rate climbs, its last kilometre is the fastest."""
    moments = np.arange(0.0, time_s + step_s, step_s)
    moments[-1] = time_s
    share = moments / time_s
    run = distance_m * (share + 0.012 * np.sin(2 * math.pi * share) * -1)
    turn = 2 * math.pi * share
    return Streams(
        time_s=moments,
        distance_m=run if distance else None,
        latitude=52.4 + 0.012 * np.sin(turn) + 0.002 * np.sin(3 * turn) if positions else None,
        longitude=0.26 + 0.022 * (1 - np.cos(turn)) if positions else None,
        altitude_m=(14 + 9 * np.sin(1.5 * turn)).astype(np.float32) if altitude else None,
        heart_rate_bpm=(120 + 45 * (1 - np.exp(-share * 18)) + 6 * share).astype(np.float32) if heart_rate else None,
        cadence_spm=np.full(len(moments), 172, dtype=np.float32),
    )


def make_activity(
    *,
    athlete: Athlete,
    name: str = "Morning run",
    sport: str = "running",
    started_at: datetime = datetime(2026, 10, 18, 9, 0, tzinfo=UTC),
    utc_offset_s: int | None = 3600,
    distance_m: float | None = 10_030.0,
    time_s: float | None = 2752.0,
    hr_avg: float | None = 162.0,
    ascent_m: float | None = 34.0,
    source: str = Recording.Source.FILE,
    streams: Streams | None = None,
    analysed: bool = False,
    n_laps: int = 0,
    **fields: Any,
) -> Activity:
    """An activity with the recording that leads it; `streams` or `analysed` give it chart columns, splits and efforts."""
    shared: dict[str, Any] = {
        "sport": sport,
        "name": name,
        "started_at": started_at,
        "utc_offset_s": utc_offset_s,
        "zone": "Europe/London" if utc_offset_s is not None else None,
        "local_date": (started_at + timedelta(seconds=utc_offset_s or 0)).date(),
        "distance_m": distance_m,
        "elapsed_s": time_s,
        "timer_s": time_s,
        "hr_avg": hr_avg,
        "hr_max": hr_avg + 9 if hr_avg else None,
        "ascent_m": ascent_m,
        "device": "Garmin Forerunner 265",
        **fields,
    }
    activity = Activity.objects.create(athlete=athlete, **shared)
    recording = make_recording(activity=activity, source=source, leads=True, **shared)
    for number in range(1, n_laps + 1):
        Lap.objects.create(
            recording=recording,
            number=number,
            started_at=started_at,
            elapsed_s=(time_s or 0) / n_laps,
            timer_s=(time_s or 0) / n_laps,
            distance_m=(distance_m or 0) / n_laps,
            hr_avg=hr_avg,
        )
    if analysed or streams is not None:
        if streams is None:
            streams = make_streams(distance_m=distance_m or 10_000, time_s=time_s or 3000)
        make_analysis(activity=activity, streams=streams)
    return activity


def make_recording(
    *, activity: Activity, source: str = Recording.Source.FILE, leads: bool = False, **fields: Any
) -> Recording:
    number = next(_number)
    identity = (
        {"content_hash": hashlib.sha256(str(number).encode()).hexdigest(), "original_name": f"run{number}.fit"}
        if source == Recording.Source.FILE
        else {"external_id": str(number)}
    )
    shared = {name: getattr(activity, name) for name in Activity.MERGED if name != "corrected"}
    return Recording.objects.create(
        athlete=activity.athlete, activity=activity, leads=leads, source=source, **{**shared, **identity, **fields}
    )


def make_analysis(*, activity: Activity, streams: Streams | None = None, **fields: Any) -> Analysis:
    """What one pass over those streams gives, stored as the program stores it."""
    streams = make_streams() if streams is None else streams
    shape = profile(streams)
    beats = heart_time(streams.time_s, streams.heart_rate_bpm)
    recording = activity.recordings.get(leads=True)
    analysis = Analysis.objects.create(
        **{
            "activity": activity,
            "recording": recording,
            "version": ANALYSIS_VERSION,
            "seen_change": activity.changed_at,
            "charts": shape.charts,
            "splits": {unit: [asdict(split) for split in splits] for unit, splits in shape.splits.items()},
            "route": shape.route,
            "ascent_m": shape.ascent_m,
            "heart": beats.stored() if beats is not None else None,
            "notes": shape.notes,
            **fields,
        }
    )
    if streams.distance_m is not None and activity.is_on_foot:
        for effort in best_efforts(streams.time_s, streams.distance_m, DISTANCES):
            BestEffort.objects.create(
                activity=activity,
                recording=recording,
                distance_m=effort.distance_m,
                time_s=effort.time_s,
                start_s=effort.start_s,
            )
    return analysis


def make_race(
    *,
    athlete: Athlete,
    activity: Activity | None = None,
    name: str = "Ely 10K",
    local_date: date | None = None,
    distance_m: float = 10_000.0,
    time_s: float = 2742.0,
    time_source: str = Race.TimeSource.EFFORT,
    state: str = Race.State.CONFIRMED,
    probability: float | None = 0.97,
    age_grade: float | None = 0.784,
    decided_by: User | None = None,
    **fields: Any,
) -> Race:
    """A race as analysis leaves it; with `decided_by` the decision that made it so stands beside it."""
    day = local_date or (activity.local_date if activity else date(2026, 10, 18))
    graded = {"edition": "road-2025", "convention": "exact", "graded_by": "F"} if age_grade is not None else {}
    race = Race.objects.create(
        athlete=athlete,
        found_in=activity,
        typed=activity is None,
        local_date=day,
        name=name,
        distance_m=distance_m,
        time_s=time_s,
        time_source=time_source,
        state=state,
        probability=probability,
        age=athlete.age_on(day),
        age_grade=age_grade,
        **{**graded, **fields},
    )
    if activity is not None:
        leader = activity.recordings.get(leads=True)
        RaceRecording.objects.create(race=race, recording=leader, start_s=0, end_s=time_s)
    if decided_by is not None and state in {Race.State.CONFIRMED, Race.State.REJECTED}:
        RaceDecision.objects.create(race=race, what=state, by=decided_by)
    return race


def make_batch(*, athlete: Athlete, outcomes: list[str], kind: str = ImportBatch.Kind.UPLOAD) -> ImportBatch:
    """An import with one file for every outcome named."""
    batch = ImportBatch.objects.create(athlete=athlete, kind=kind)
    for position, outcome in enumerate(outcomes):
        waiting = outcome == ImportFile.Outcome.WAITING
        ImportFile.objects.create(
            batch=batch,
            name=f"file{position:03}.fit",
            position=position,
            size_bytes=1000,
            outcome=outcome,
            reason="" if outcome in {"waiting", "new"} else "It says why.",
            done_at=None if waiting else batch.created_at,
        )
    return batch
