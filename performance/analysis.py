"""The one place that turns recordings into results.

Two passes, because their inputs differ. `analyse(activity)` reads one recording's samples: best efforts, chart columns,
splits. `find_races(athlete)` reads all of an athlete's summaries: evidence for a race is relative to the athlete's own
history, so a new run can change what an old one looks like. Both replace what they derived before, in one transaction,
and neither touches what a person said. Everything is found again by `analyse_stale` where a message was lost.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from activities import combining, joining, locks, streams
from activities.models import Activity, Recording
from activities.queue import ask_for
from activities.recorded import Streams
from athletes.models import Athlete
from performance import race_detection, soundness, standards, training
from performance.best_efforts import DISTANCES, Effort, Excluded, best_efforts, clean, efforts_within
from performance.load import heart_time
from performance.models import Analysis, BestEffort, Race, RaceDecision, RaceRecording, RaceSearch
from performance.profile import profile
from performance.race_detection.distances import within_window

log = structlog.get_logger("agegrade.analysis")

#: raise it when a change of ours makes stored results wrong; everything older is analysed again by itself
ANALYSIS_VERSION = 5
RACE_SEARCH_VERSION = 7
SEARCHES_AT_ONCE = 5

#: over each of these, to the millimetre, every run on foot has its best effort stored
EFFORT_DISTANCES = sorted(
    {round(m, 3) for m in (*DISTANCES, *(one.metres for one in race_detection.STANDARD_DISTANCES))}
)


# -- one activity -------------------------------------------------------------------------------------------------------


def stale_activities() -> QuerySet[Activity]:
    """Activities never analysed, changed since, or analysed by an older version."""
    fresh = Analysis.objects.filter(
        activity=OuterRef("pk"), version=ANALYSIS_VERSION, seen_change=OuterRef("changed_at")
    )
    return Activity.objects.filter(~Exists(fresh))


def analyse(activity_id: int) -> bool:
    """Derive what one activity's leading recording holds. False where that is done, being done, or the activity is gone."""
    with locks.alone(locks.ACTIVITY, activity_id) as ours:
        if not ours:
            return False
        activity = stale_activities().filter(pk=activity_id).first()
        if activity is None:
            return False
        recordings = list(activity.recordings.order_by("-leads", "pk"))
        recording = next((one for one in recordings if one.leads), None)
        try:
            derived, efforts = _read(activity, recording, [one for one in recordings if one is not recording])
        except (
            Exception
        ) as error:  # a recording we cannot analyse must not keep the others waiting, nor return for ever
            log.exception("analysis failed", activity_id=activity_id, error=type(error).__name__)
            derived, efforts = Analysis(failed=type(error).__name__), []
        derived.activity, derived.recording = activity, recording
        derived.version, derived.seen_change = ANALYSIS_VERSION, activity.changed_at
        with transaction.atomic():
            if not Activity.objects.select_for_update().filter(pk=activity_id).exists():
                return False
            Analysis.objects.filter(activity=activity).delete()
            derived.save(force_insert=True)
            BestEffort.objects.filter(activity=activity).delete()
            BestEffort.objects.bulk_create(efforts)
            want_races(activity.athlete_id)
        return True


def _read(
    activity: Activity, recording: Recording | None, others: Sequence[Recording]
) -> tuple[Analysis, list[BestEffort]]:
    recorded = streams.read(recording) if recording is not None else None
    if recording is None or recorded is None or not len(recorded):
        return Analysis(notes=_doubts(activity, Streams.empty(), ["no_samples"])), []
    samples, borrowed = _completed(recording, recorded, others)
    shape = profile(samples)
    cleaned = clean(samples.time_s, samples.distance_m) if samples.distance_m is not None else None
    notes = _doubts(activity, samples, shape.notes, excluded=cleaned.excluded if cleaned else ())
    found: list[Effort] = []
    stretches: list[race_detection.Stretch] = []
    if activity.is_on_foot and cleaned is not None and not soundness.KEPT_FROM_BESTS & set(notes):
        found = efforts_within(cleaned, EFFORT_DISTANCES)
        if samples.distance_m is not None and not cleaned.excluded:
            stretches = race_detection.stretches_of(samples.time_s, samples.distance_m, samples.heart_rate_bpm, found)
    efforts = [
        BestEffort(
            activity=activity,
            recording=recording,
            distance_m=effort.distance_m,
            time_s=effort.time_s,
            start_s=effort.start_s,
        )
        for effort in found
    ]
    splits = {unit: [asdict(split) for split in parts] for unit, parts in shape.splits.items()}
    beats = heart_time(samples.time_s, samples.heart_rate_bpm)
    return Analysis(
        charts=shape.charts,
        splits=splits,
        route=shape.route,
        ascent_m=shape.ascent_m,
        heart=beats.stored() if beats is not None else None,
        stretches=[stretch.stored() for stretch in stretches],
        notes=notes,
        borrowed=borrowed,
    ), efforts


def _completed(recording: Recording, recorded: Streams, others: Sequence[Recording]) -> tuple[Streams, dict[str, int]]:
    """The leading series with what they lack from the activity's other recordings; and whose that is, by series.

    What Strava told is only shown where Strava's own recording leads, so it completes no other's.
    """
    from_strava = recording.source == Recording.Source.STRAVA
    lending = sorted(
        (one for one in others if one.n_samples and (from_strava or one.source != Recording.Source.STRAVA)),
        key=joining.worth,
        reverse=True,
    )
    read = [((one.started_at - recording.started_at).total_seconds(), streams.read(one)) for one in lending]
    samples, taken = combining.combine(recorded, read)
    return samples, {name: lending[number].pk for name, number in taken.items()}


def _doubts(activity: Activity, samples: Streams, notes: Iterable[str], excluded: Iterable[Excluded] = ()) -> list[str]:
    found = soundness.doubts(
        started_at=activity.started_at,
        sub_sport=activity.sub_sport,
        elapsed_s=activity.elapsed_s,
        timer_s=activity.timer_s,
        samples=samples,
        excluded=excluded,
        now=timezone.now(),
        on_foot=activity.is_on_foot,
    )
    return [*notes, *found]


# -- all of an athlete's races ------------------------------------------------------------------------------------------


def want_races(athlete_id: int) -> None:
    """Note that this athlete's races should be looked for; ask for it unless a search is already on its way."""
    from performance.tasks import RACES_WAIT_S
    from performance.tasks import find_races as task

    search, created = RaceSearch.objects.select_for_update().get_or_create(
        athlete_id=athlete_id, defaults={"wanted_at": timezone.now()}
    )
    waiting = not created and search.seen_wanted_at != search.wanted_at
    if not created:
        RaceSearch.objects.filter(pk=athlete_id).update(wanted_at=timezone.now())
    if not waiting:
        ask_for(task, athlete_id, wait_s=RACES_WAIT_S)


def want_again(race_ids: Sequence[int]) -> None:
    """The runs behind these races count as changed, and their athletes' histories are searched again."""
    races = Race.objects.filter(pk__in=race_ids)
    runs = Activity.objects.filter(pk__in=races.exclude(found_in=None).values("found_in"))
    runs.update(changed_at=timezone.now())
    for athlete_id in races.order_by().values_list("athlete", flat=True).distinct():
        with transaction.atomic():
            want_races(athlete_id)


def limits() -> str:
    """The limits in force, as a search notes them."""
    return f"{settings.RACE_FOUND_AT} {settings.RACE_ASK_AT}"


def stale_athletes() -> QuerySet[Athlete]:
    """Athletes with activities or races whose last search saw something else than what is there now."""
    fresh = RaceSearch.objects.filter(
        athlete=OuterRef("pk"),
        version=RACE_SEARCH_VERSION,
        limits=limits(),
        seen_wanted_at=F("wanted_at"),
        seen_change=OuterRef("changed_at"),
    )
    known = RaceSearch.objects.filter(athlete=OuterRef("pk"))
    races = Race.objects.filter(athlete=OuterRef("pk"))
    return Athlete.objects.filter(~Exists(fresh)).filter(Exists(races) | Exists(known))


def find_races(athlete_id: int) -> bool:
    """Look at the whole history and bring the race book up to date. False where another process is at it.

    Costs some ten queries, whatever the number of runs, and two a race that has to be timed from its samples.
    """
    with locks.alone(locks.RACES, athlete_id) as ours:
        if not ours:
            return False
        for _again in range(SEARCHES_AT_ONCE):  # what came in meanwhile found the lock taken
            try:
                _look(athlete_id)
            except (
                IntegrityError
            ):  # a run went, or became part of another, while we looked: nothing of this look is kept
                log.info("the history changed under a search", athlete_id=athlete_id)
            if not stale_athletes().filter(pk=athlete_id).exists():
                break
        return True


def _look(athlete_id: int) -> None:
    """One search. What it saw is read before anything else, so that a change it may have missed shows as stale."""
    athlete = Athlete.objects.filter(pk=athlete_id).first()
    if athlete is None:
        return
    now = timezone.now()
    search, _created = RaceSearch.objects.get_or_create(athlete=athlete, defaults={"wanted_at": now})
    with transaction.atomic():
        _search(athlete)
        training.derive_loads(athlete)  # races tell what pace is hard, runs what heart rate is
        RaceSearch.objects.filter(pk=athlete_id).update(
            searched_at=now,
            seen_wanted_at=search.wanted_at,
            seen_change=athlete.changed_at,
            limits=limits(),
            version=RACE_SEARCH_VERSION,
        )


def _search(athlete: Athlete) -> None:
    dated = Activity.objects.of(athlete).exclude(analysis__notes__contains=["date_doubtful"])
    runs = list(dated.on_foot().order_by("started_at", "pk"))
    answers, events = _taught(athlete)
    summaries = [summary(run) for run in runs]
    refined = race_detection.refine(
        summaries,
        race_detection.assess(summaries, answers=answers, events=events),
        _sampled(athlete),
        answers=answers,
        asked_at=settings.RACE_ASK_AT,
    )
    known = list(Race.objects.of(athlete).select_for_update().order_by("pk"))  # the order of all who lock several
    decided = set(RaceDecision.objects.filter(race__athlete=athlete).values_list("race_id", flat=True))
    linked = RaceRecording.objects.filter(race__athlete=athlete, said=True)
    part_of_another = set(linked.values_list("recording__activity_id", flat=True))
    known = _adopt(known, runs, decided=decided, busy=set(linked.values_list("race_id", flat=True)))
    races = {race.found_in_id: race for race in known if race.found_in_id is not None}
    noted = Analysis.objects.filter(activity__athlete=athlete, notes__contains=["downhill"])
    downhill = set(noted.values_list("activity_id", flat=True))
    new: list[Race] = []
    for run, seen, one in zip(runs, summaries, refined, strict=True):
        race, found = races.get(run.pk), one.assessment
        if race is None:
            if found.probability < settings.RACE_ASK_AT or run.pk in part_of_another:
                continue
            race = Race(athlete=athlete, found_in=run, local_date=run.local_date)
            new.append(race)
        agreed = _agreed(race, run) if race.pk in decided else {}
        race.found_in = run
        race.probability = found.probability
        race.evidence = {
            "reasons": [asdict(reason) for reason in found.reasons],
            "missing": list(found.missing),
            "official_distance_m": found.official_distance_m,
            "no_course": seen.kind in _NO_COURSE,
            "downhill": run.pk in downhill,
            "by_summary": one.by_summary,
            "inside": one.inside and {"start_s": one.inside.start_s, "time_s": one.inside.time_s},
            "run_m": run.distance_m,
            "agreed": one.agreed,
        } | agreed
    _look_inside([race for race in [*known, *new] if race.found_in_id is not None and race.evidence])
    kept: list[Race] = []
    for race in [*known, *new]:
        undecided = race.pk is None or (race.pk not in decided and not _said(race))
        unlikely = (race.probability or 0) < settings.RACE_ASK_AT or race.found_in_id in part_of_another
        if race.pk is not None and undecided and unlikely:
            race.delete()
            continue
        kept.append(race)
    derive_all(athlete, kept)


def _agreed(race: Race, run: Activity) -> dict[str, Any]:
    """The distance, and the part of the recording, that somebody saw when they answered: no search changes it. Where the
    run itself was changed since (cropped, say), it is looked for again.
    """
    metres, run_m = race.evidence.get("official_distance_m"), race.evidence.get("run_m", run.distance_m)
    if not metres or race.found_in_id != run.pk or not run_m or not run.distance_m:
        return {}
    inside = race.evidence.get("inside")
    still_fits = not inside and within_window(run.distance_m, metres)  # another watch measures a little more or less
    if abs(run.distance_m / run_m - 1) > SAME_LENGTH and not still_fits:
        return {}
    return {"official_distance_m": metres, "inside": inside}


SAME_LENGTH = 0.001
#: run on no course that anybody could have measured
_NO_COURSE = frozenset({race_detection.Kind.TREADMILL, race_detection.Kind.VIRTUAL})


def _sampled(athlete: Athlete) -> dict[str, race_detection.Sampled]:
    """What samples showed of this athlete's runs when they were analysed, by run. Two queries."""
    efforts: dict[int, dict[float, float]] = {}
    kept = BestEffort.objects.filter(activity__athlete=athlete, distance_m__gte=race_detection.SHORTEST_M)
    for run_id, metres, seconds in kept.order_by().values_list("activity_id", "distance_m", "time_s"):
        efforts.setdefault(run_id, {})[metres] = seconds
    rows = Analysis.objects.filter(activity__athlete=athlete).exclude(stretches=[])
    shown = dict(rows.values_list("activity_id", "stretches"))
    return {
        str(run_id): race_detection.Sampled(
            efforts=of_run, stretches=[race_detection.Stretch(**row) for row in shown.get(run_id, [])]
        )
        for run_id, of_run in efforts.items()
    }


def _look_inside(races: Sequence[Race]) -> None:
    """Where a whole recording has no official distance, that of a race which stands out inside it. One query."""
    odd = {race.found_in_id: race for race in races if not race.evidence.get("official_distance_m")}
    efforts: dict[int, dict[float, tuple[float, float]]] = {}
    for effort in BestEffort.objects.filter(activity__in=odd):
        efforts.setdefault(effort.activity_id, {})[effort.distance_m] = (effort.time_s, effort.start_s)
    for run_id, of_run in efforts.items():
        race = odd[run_id]
        run = race.found_in
        inside = run and race_detection.race_inside(
            distance_m=run.distance_m,
            elapsed_s=run.elapsed_s,
            efforts=of_run,
            named_m=race_detection.distances_named(run.name),
        )
        if inside:
            race.evidence["official_distance_m"] = inside.distance_m
            race.evidence["inside"] = {"start_s": inside.start_s, "time_s": inside.time_s}


def _taught(athlete: Athlete) -> tuple[dict[str, bool], list[str]]:
    """What this athlete's answers may teach: whether a run was a race, by its id, and titles of races without a run.

    An answer about a run that is known from Strava's API alone settles that run and, unless the operator allows it,
    teaches nothing: Strava's agreement forbids learning from its data. Two queries.
    """
    latest = RaceDecision.objects.filter(race=OuterRef("pk")).order_by("-pk").values("what")[:1]
    races = Race.objects.of(athlete).annotate(answer=Subquery(latest)).exclude(answer=None)
    if not settings.STRAVA_ALLOW_LEARNING:
        elsewhere = Recording.objects.filter(activity=OuterRef("found_in")).exclude(source=Recording.Source.STRAVA)
        races = races.filter(Q(found_in=None) | Exists(elsewhere))
    race_by_answer = {
        RaceDecision.What.CONFIRMED: True,
        RaceDecision.What.MARKED: True,
        RaceDecision.What.REJECTED: False,
    }
    answers: dict[str, bool] = {}
    events: list[str] = []
    for found_in, answer, name in races.order_by("pk").values_list("found_in_id", "answer", "said_name"):
        race = race_by_answer.get(RaceDecision.What(answer))
        if race is not None and found_in is not None:
            answers[str(found_in)] = race
        elif race and name:
            events.append(name)
    return answers, events


#: a typed time and a recording's elapsed time may be this far apart, as a share of the longer, and still be of one race
SAME_TIME = 0.10


def _adopt(known: list[Race], runs: Sequence[Activity], *, decided: set[int], busy: set[int]) -> list[Race]:
    """Let a typed race have the run it was, where exactly that run turned up: same day, distance within the snapping
    window, time within a tenth. A race that was only found in the run, and said nothing of, gives way.

    busy: races that a person linked to runs already. Gives the races that remain.
    """
    by_run = {race.found_in_id: race for race in known if race.found_in_id is not None}
    by_day: dict[date, list[Activity]] = {}
    for run in runs:
        by_day.setdefault(run.local_date, []).append(run)
    kept = list(known)
    for race in known:
        if not race.typed or race.found_in_id is not None or race.pk in busy:
            continue
        fitting = [run for run in by_day.get(race.local_date, []) if _is_run_of(race, run)]
        if len(fitting) != 1:
            continue
        run = fitting[0]
        holder = by_run.get(run.pk)
        if holder is not None:
            if holder.typed or holder.pk in decided or holder.pk in busy or _said(holder):
                continue
            kept.remove(holder)
            holder.delete()
        race.found_in = by_run[run.pk] = run  # type: ignore[assignment]
        race.save(update_fields=["found_in"])
    return kept


def _is_run_of(race: Race, run: Activity) -> bool:
    time_s = race.chip_time_s or race.gun_time_s
    if run.pk in race.not_in or not (race.said_distance_m and run.distance_m and run.elapsed_s and time_s):
        return False
    if not within_window(run.distance_m, race.said_distance_m):
        return False
    return abs(run.elapsed_s - time_s) <= SAME_TIME * max(run.elapsed_s, time_s)


def _said(race: Race) -> bool:
    """Whether a person put anything into this race; then it is theirs and stays."""
    return race.typed or any(getattr(race, column) not in (None, "") for column in Race.SAID)


def summary(run: Activity) -> race_detection.RunSummary:
    """An activity as the detector wants it."""
    return race_detection.RunSummary(
        id=str(run.pk),
        started_local=run.started_local.replace(tzinfo=None),
        has_offset=run.utc_offset_s is not None,
        sport=_SPORT_BY_SUB_SPORT.get((run.sport, run.sub_sport), run.sport),
        distance_m=run.distance_m or 0.0,
        elapsed_s=run.elapsed_s,
        moving_s=run.moving_s or run.timer_s,
        ascent_m=run.ascent_m,
        hr_avg=run.hr_avg,
        hr_max=run.hr_max,
        name=run.name,
        race_flag=True if run.sub_sport == "race" else None,
    )


_SPORT_BY_SUB_SPORT = {
    ("running", "trail"): "trail_running",
    ("running", "treadmill"): "treadmill_running",
    ("running", "indoor_running"): "treadmill_running",
    ("running", "track"): "track_running",
    ("running", "virtual_activity"): "virtual_running",
    ("running", "virtual_run"): "virtual_running",
}


# -- what a race is worth -----------------------------------------------------------------------------------------------

_DERIVED = (
    "found_in", "local_date", "state", "name", "distance_m", "surface", "time_s", "time_source", "probability", "evidence",
    *standards.GRADED, "derived_at",
)  # fmt: skip


def derive(race: Race) -> None:
    """Make a race's derived columns again from what was said, decided, recorded and found; saves."""
    with transaction.atomic():
        derive_all(race.athlete, [race])


def derive_all(athlete: Athlete, races: Sequence[Race]) -> None:
    """The same for many races of one athlete, in a handful of queries."""
    run_ids = [race.found_in_id for race in races if race.found_in_id]
    leaders = {
        recording.activity_id: recording
        for recording in Recording.objects.filter(activity__in=run_ids, leads=True).select_related("activity")
    }
    efforts: dict[int, dict[float, BestEffort]] = {}
    for effort in BestEffort.objects.filter(activity__in=run_ids):
        efforts.setdefault(effort.activity_id, {})[effort.distance_m] = effort
    latest: dict[int, str] = dict(
        RaceDecision.objects.filter(race__in=[race.pk for race in races if race.pk])
        .order_by("pk")
        .values_list("race_id", "what")
    )
    said: dict[int, list[RaceRecording]] = {}
    for one in RaceRecording.objects.filter(race__in=[race.pk for race in races if race.pk], said=True).select_related(
        "recording"
    ):
        said.setdefault(one.race_id, []).append(one)
    parts: list[RaceRecording] = []
    now = timezone.now()
    for race in races:
        leader = leaders.get(race.found_in_id or 0)
        linked = said.get(race.pk or 0, [])
        pieces = _pieces(leader, linked)
        _describe(race, leader, pieces)
        part = _time(race, leader, efforts.get(race.found_in_id or 0, {}), linked, pieces)
        race.state = _state(latest.get(race.pk or 0, ""), race)
        race.derived_at = now
        if part is not None:
            parts.append(part)
    standards.grade_races(races, athlete)
    fresh = [race for race in races if race.pk is None]
    Race.objects.bulk_update([race for race in races if race.pk is not None], _DERIVED, batch_size=500)
    Race.objects.bulk_create(fresh)
    RaceRecording.objects.filter(race__in=[race.pk for race in races], said=False).delete()
    for part in parts:
        part.race_id = part.race.pk
    RaceRecording.objects.bulk_create(parts)


def _pieces(leader: Recording | None, said: Sequence[RaceRecording]) -> list[RaceRecording]:
    """The parts of a race that lies in several recordings, in order of time; none where it lies in one."""
    linked = [one for one in said if one.role == RaceRecording.Role.RACE]
    if linked and leader is not None and all(one.recording_id != leader.pk for one in linked):
        linked.append(RaceRecording(recording=leader))
    return sorted(linked, key=_began)


def _describe(race: Race, leader: Recording | None, pieces: Sequence[RaceRecording]) -> None:
    run = leader.activity if leader else None
    race.name = race.said_name or (run.name if run else "")  # not what a run was called that is gone or says it no more
    if run is not None:
        race.local_date = run.local_date
    official = race.said_distance_m or (_distance_m(race, pieces) or race.evidence.get("official_distance_m"))
    race.distance_m = official or (run.distance_m if run and run.distance_m else None)
    race.surface = race.said_surface or _surface(race.name, run.sub_sport if run else "", official)


#: words in a title that name a surface; without one, and without the device's word, it was a road
_SURFACE_WORDS = (
    (Race.Surface.CROSS_COUNTRY, re.compile(r"\bcross[- ]?country\b|\bxc\b|\bcross(lauf|loop)\b|\bcampestre\b", re.I)),
    (Race.Surface.TRAIL, re.compile(r"\btrails?\b|\bfell race\b|\bmountain race\b|\bberglauf\b|\bskyrace\b", re.I)),
)


#: raced round a track and nowhere else, so that no table of road standards holds them
_TRACK_ONLY_M = frozenset({400.0, 800.0, 1_500.0})


def _surface(name: str, sub_sport: str, official_m: float | None) -> Race.Surface:
    for surface, words in _SURFACE_WORDS:
        if words.search(name):
            return surface
    if official_m in _TRACK_ONLY_M:
        return Race.Surface.TRACK
    return {"trail": Race.Surface.TRAIL, "track": Race.Surface.TRACK}.get(sub_sport, Race.Surface.ROAD)


def _time(
    race: Race,
    leader: Recording | None,
    efforts: dict[float, BestEffort],
    said: Sequence[RaceRecording],
    pieces: Sequence[RaceRecording],
) -> RaceRecording | None:
    """Chip > gun > best effort over the official distance > elapsed; never moving time. Gives the part of the recording.

    said: what a person linked. A race in several recordings (the watch was stopped) is timed from the first start to the
    last end, since a race clock does not stop either; the legs of a relay are added up, since others ran between.
    """
    part = RaceRecording(race=race, recording=leader) if leader else None
    if leader is not None and any(linked.recording_id == leader.pk for linked in said):
        part = None
    effort = _effort(race, leader, efforts) if not pieces else None
    if part is not None and effort is not None:
        part.start_s, part.end_s = effort[0], effort[0] + effort[1]
    if race.chip_time_s:
        race.time_s, race.time_source = race.chip_time_s, Race.TimeSource.CHIP
    elif race.gun_time_s:
        race.time_s, race.time_source = race.gun_time_s, Race.TimeSource.GUN
    elif pieces:
        race.time_s = (_run_s(pieces) if standards.is_relay(race.name) else _span_s(pieces)) or None
        race.time_source = Race.TimeSource.ELAPSED if race.time_s else ""
    elif effort is not None:
        race.time_s, race.time_source = effort[1], Race.TimeSource.EFFORT
    elif leader is not None and leader.activity.elapsed_s:
        race.time_s, race.time_source = leader.activity.elapsed_s, Race.TimeSource.ELAPSED
    else:
        race.time_s, race.time_source = None, ""
    return part


def _began(piece: RaceRecording) -> datetime:
    return piece.recording.started_at + timedelta(seconds=piece.start_s or 0)


def _lasted_s(piece: RaceRecording) -> float:
    ended_s = piece.end_s if piece.end_s is not None else piece.recording.elapsed_s or 0
    return max(ended_s - (piece.start_s or 0), 0.0)


def _run_s(pieces: Sequence[RaceRecording]) -> float:
    return sum(_lasted_s(piece) for piece in pieces)


def _span_s(pieces: Sequence[RaceRecording]) -> float:
    """Seconds from the first start of these parts of recordings to the last end, pauses between them included."""
    ends = [_began(piece) + timedelta(seconds=_lasted_s(piece)) for piece in pieces]
    return max((max(ends) - _began(pieces[0])).total_seconds(), 0.0)


#: a watch that stood still for longer was stopped for a reason
MOST_MISSED = 1.1


def _distance_m(race: Race, pieces: Sequence[RaceRecording]) -> float | None:
    """What the parts of a race in several recordings come to: the official distance of their sum, else the sum.

    Where the sum is none, the runner may have run on while the watch stood: then the gaps count at the pace of the rest.
    """
    recorded = [piece.recording.distance_m for piece in pieces if piece.start_s is None and piece.end_s is None]
    if len(pieces) < 2 or len(recorded) < len(pieces) or not all(recorded):
        return None
    run_m, run_s, span_s = sum(metres or 0.0 for metres in recorded), _run_s(pieces), _span_s(pieces)
    official = race_detection.snap(run_m, race.name)
    if official is None and run_s < span_s <= MOST_MISSED * run_s:
        official = race_detection.snap(run_m * span_s / run_s, race.name)
    return official or run_m


def _effort(race: Race, leader: Recording | None, efforts: dict[float, BestEffort]) -> tuple[float, float] | None:
    """(start, time) of the best effort over the official distance inside the recording, in seconds."""
    official = race.said_distance_m or race.evidence.get("official_distance_m")
    if leader is None or not official:
        return None
    inside = race.evidence.get("inside")
    if isinstance(inside, dict) and official == race.evidence.get("official_distance_m"):
        return inside["start_s"], inside["time_s"]
    known = efforts.get(round(official, 3))
    if known is not None:
        return known.start_s, known.time_s
    if round(official, 3) in EFFORT_DISTANCES or (leader.distance_m or 0) < official:
        return None
    samples = streams.read(leader)
    if samples.distance_m is None:
        return None
    found: Iterable = best_efforts(samples.time_s, samples.distance_m, [official])
    return next(((effort.start_s, effort.time_s) for effort in found), None)


def _state(decided: str, race: Race) -> str:
    if decided in {RaceDecision.What.CONFIRMED, RaceDecision.What.MARKED}:
        return Race.State.CONFIRMED
    if decided == RaceDecision.What.REJECTED:
        return Race.State.REJECTED
    if race.typed:
        return Race.State.CONFIRMED  # a person said so
    probability = race.probability or 0.0
    by_summary = race.evidence.get("by_summary", probability)  # samples alone make nothing count at once
    if min(probability, by_summary) >= settings.RACE_FOUND_AT and race.evidence.get("agreed", True):
        return Race.State.FOUND
    return (
        Race.State.TO_DECIDE
        if probability >= settings.RACE_ASK_AT or _unanswered(race, decided)
        else Race.State.REJECTED
    )


def _unanswered(race: Race, decided: str) -> bool:
    """Something was typed about it, and nobody said that it is no race: it waits rather than vanish."""
    return not decided and _said(race)


def is_current(athlete: Athlete, *, since: datetime) -> bool:
    """Whether every activity is analysed and the races were looked for at or after `since`."""
    if stale_activities().filter(athlete=athlete).exists():
        return False
    return RaceSearch.objects.filter(athlete=athlete, searched_at__gte=since).exists()
