"""Recordings into activities, as matching.py groups them: joined, taken apart, taken back, corrected.

`settle` is the one place that decides under which activity a recording stands. It looks at every recording that could
have to do with those given and makes the activities what their whole set says, so the history never depends on the order
in which files came, and taking one away leaves what the others say. Everything here needs the athlete's lock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from activities import locks, matching, originals
from activities.matching import Run, Said
from activities.models import Activity, KeptCorrection, Pairing, Recording, key_of
from activities.signals import activities_go, activities_join, recording_stored, recordings_go
from athletes.models import Athlete, User

#: no recording that could overlap another begins longer before it
LONGEST = timedelta(days=3)


# -- joining ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Attached:
    """joined: that run was there before.  alike: activities that may be the same run, which a person is to say."""

    joined: bool
    alike: tuple[Activity, ...]


def attach(recording: Recording) -> Attached:
    """Save a new recording under the activity it belongs to."""
    around = settle(recording.athlete_id, [recording])
    by_key = {one.key: one.activity for one in around}
    found = matching.offers([as_run(one) for one in around], said_by(recording.athlete_id)) if len(around) > 1 else []
    return Attached(
        joined=any(one.activity_id == recording.activity_id and one.pk != recording.pk for one in around),
        alike=tuple(_beside(recording, [(by_key[one], by_key[other]) for one, other in found])),
    )


def _beside(recording: Recording, pairs: Iterable[tuple[Activity, Activity]]) -> list[Activity]:
    """Of pairs of activities those that stand beside this recording's."""
    here = recording.activity_id
    return [b if a.pk == here else a for a, b in pairs if here in (a.pk, b.pk)]


def settle(athlete_id: int, recordings: Collection[Recording]) -> list[Recording]:
    """Put these recordings, and all that are linked with them, under the activities they belong to.

    Recordings not saved yet are saved. Two queries where nothing is near. Gives all that was near in time or linked.
    """
    near, around, said = _neighbourhood(athlete_id, list(recordings))
    by_key = {recording.key: recording for recording in near}
    groups = [[by_key[key] for key in keys] for keys in matching.groups([as_run(one) for one in near], said)]
    before = _before(groups)
    settled = [
        _gather(group, _home(number, before), athlete_id=athlete_id, before=before, asked=recordings)
        for number, group in enumerate(groups)
    ]
    for past in before.values():
        if past.activity.pk != settled[past.goes_on_in].pk:
            _go_up(past.activity, settled[past.goes_on_in])
    return list({one.key: one for one in [*around, *near]}.values())


@dataclass(frozen=True, kw_only=True)
class _Before:
    """An activity as it stood, and the number of the group that holds the best of its recordings."""

    activity: Activity
    keys: frozenset[str]
    goes_on_in: int


def _before(groups: Sequence[Sequence[Recording]]) -> dict[int, _Before]:
    members: dict[int, list[tuple[Recording, int]]] = {}
    for number, group in enumerate(groups):
        for recording in group:
            if recording.activity_id:
                members.setdefault(recording.activity_id, []).append((recording, number))
    return {
        activity_id: _Before(
            activity=theirs[0][0].activity,
            keys=frozenset(recording.key for recording, _number in theirs),
            goes_on_in=max(theirs, key=lambda member: worth(member[0]))[1],
        )
        for activity_id, theirs in members.items()
    }


def _home(number: int, before: dict[int, _Before]) -> Activity | None:
    """The activity that goes on as this group: the one that a person corrected, else the oldest; None where it is new."""
    candidates = [past.activity for past in before.values() if past.goes_on_in == number]
    return min(candidates, key=lambda activity: (not activity.corrected, activity.pk), default=None)


def _gather(
    group: Sequence[Recording],
    activity: Activity | None,
    *,
    athlete_id: int,
    before: dict[int, _Before],
    asked: Collection[Recording],
) -> Activity:
    """Make these recordings the activity's, and no others; where nothing changes, nothing is written."""
    if activity is None:
        activity = Activity(athlete_id=athlete_id)
        _correct_again(activity, group)
        _take(activity, group)
        activity.save()
        if len(group) == 1 and group[0].pk is None:  # a run that nobody knew: nearly all of an import
            group[0].activity, group[0].leads = activity, True
            group[0].save()
            recording_stored.send(sender=Recording, activity_id=activity.pk, athlete_id=athlete_id)
            return activity
    elif before[activity.pk].keys == {one.key for one in group} and not any(one in asked for one in group):
        return activity
    Recording.objects.filter(pk__in=[one.pk for one in group if one.pk]).update(activity=activity, leads=False)
    for recording in group:
        recording.activity, recording.leads = activity, False
        if recording.pk is None:
            recording.save()
    _lead(activity, group)
    recording_stored.send(sender=Recording, activity_id=activity.pk, athlete_id=athlete_id)
    return activity


def _correct_again(activity: Activity, group: Sequence[Recording]) -> None:
    """What was corrected before these recordings were taken away holds again. One query."""
    kept = KeptCorrection.objects.filter(athlete=activity.athlete_id, key__in=[one.key for one in group])
    for name, value in [pair for one in kept.order_by("key") for pair in one.values.items()]:
        field: Any = Activity._meta.get_field(name)
        setattr(activity, name, field.to_python(value))
        activity.corrected = sorted({*activity.corrected, name})


def _keep_corrections(activity_ids: Collection[int]) -> None:
    """Write down what a person corrected about activities that go."""
    going = Activity.objects.filter(pk__in=activity_ids).exclude(corrected=[]).prefetch_related("recordings")
    for activity in going:
        values = {name: getattr(activity, name) for name in activity.corrected}
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        for recording in activity.recordings.all():
            KeptCorrection.objects.update_or_create(
                athlete_id=activity.athlete_id, key=recording.key, defaults={"values": plain}
            )


def _go_up(gone: Activity, kept: Activity) -> None:
    """One activity becomes part of another; what a person said about it goes along, unless the other has its own."""
    for name in gone.corrected:
        if name not in kept.corrected:
            setattr(kept, name, getattr(gone, name))
            kept.corrected = [*kept.corrected, name]
    kept.save()
    activities_join.send(sender=Activity, gone=gone, kept=kept)
    _hold([gone.pk])
    gone.delete()


def _hold(activity_ids: Collection[int]) -> None:
    """Have these rows for ourselves before they are deleted, so that no analysis writes for them what nobody collected."""
    list(Activity.objects.select_for_update().filter(pk__in=activity_ids).order_by("pk").values_list("pk"))


def merge(activity: Activity) -> None:
    """Let the best recording lead, fill its gaps from the others, and leave alone what a person corrected."""
    _lead(activity, list(activity.recordings.all()))


def _lead(activity: Activity, recordings: Sequence[Recording]) -> None:
    best = max(recordings, key=worth)
    if not best.leads:
        Recording.objects.filter(activity=activity, leads=True).exclude(pk=best.pk).update(leads=False)
        Recording.objects.filter(pk=best.pk).update(leads=True)
        best.leads = True
    _take(activity, recordings)
    activity.changed_at = timezone.now()
    activity.save()


def _take(activity: Activity, recordings: Sequence[Recording]) -> None:
    """Every merged column from the best recording that has it, unless a person corrected it."""
    for name, source in sources_of(recordings).items():
        if name not in activity.corrected:
            setattr(activity, name, getattr(source, name))
    offset = timedelta(seconds=activity.utc_offset_s or 0)
    if "local_date" not in activity.corrected:
        activity.local_date = (activity.started_at + offset).date()


#: what a person can change where the archive comes from, so that its table knows better than the file from the watch
_TOLD_BY_ARCHIVE = frozenset({"name", "sport", "sub_sport"})


def sources_of(recordings: Collection[Recording]) -> dict[str, Recording]:
    """Which recording each merged column comes from: the best one that has a value, else the best one."""
    ordered = sorted(recordings, key=worth, reverse=True)
    told = sorted(ordered, key=lambda one: one.source != Recording.Source.ARCHIVE)
    return {
        name: next(
            (one for one in (told if name in _TOLD_BY_ARCHIVE else ordered) if getattr(one, name) not in (None, "")),
            ordered[0],
        )
        for name in Activity.MERGED
    }


def worth(recording: Recording) -> tuple[Any, ...]:
    """What makes a recording lead: it has samples, is not Strava's own copy, whole, with positions and heart rate, fine.

    The last word has what the recording is, never when it came.
    """
    return (
        recording.n_samples > 0,
        recording.source != Recording.Source.STRAVA,
        not recording.incomplete,
        recording.n_positions > 0,
        recording.n_hr > 0,
        recording.n_samples,
        recording.key,
    )


def as_run(recording: Recording) -> Run:
    begins = recording.started_at.timestamp()
    return Run(
        key=recording.key,
        content=recording.content_hash or "",
        companion=recording.companion_hash,
        started_s=begins,
        ended_s=begins + (recording.elapsed_s or 0),
        distance_m=recording.distance_m,
        sport=recording.sport,
    )


def said_by(athlete_id: int) -> Said:
    """Everything this athlete said about pairs. One query."""
    together: set[matching.Pair] = set()
    apart: set[matching.Pair] = set()
    for one, other, is_together in Pairing.objects.filter(athlete=athlete_id).values_list("one", "other", "together"):
        (together if is_together else apart).add(frozenset((one, other)))
    return Said(together=frozenset(together), apart=frozenset(apart))


def _neighbourhood(athlete_id: int, recordings: list[Recording]) -> tuple[list[Recording], list[Recording], Said]:
    """The recordings given and all that are linked with them, directly or through others; all that were looked at; and
    what was said."""
    said = said_by(athlete_id)
    known = {recording.key: recording for recording in recordings}
    fresh = list(known.values())
    activity_ids = {recording.activity_id for recording in recordings if recording.activity_id}
    looked_at: list[Recording] = []
    while fresh:
        around = list(_around(athlete_id, fresh, activity_ids, said))
        looked_at += around
        runs = [as_run(recording) for recording in known.values()]
        fresh = []
        for other in around:
            beside = other.activity_id in activity_ids
            if other.key not in known and (beside or matching.linked(as_run(other), runs, said)):
                known[other.key] = other
                activity_ids.add(other.activity_id)
                fresh.append(other)
    return list(known.values()), looked_at, said


def _around(
    athlete_id: int, recordings: Sequence[Recording], activity_ids: set[int], said: Said
) -> Iterable[Recording]:
    begins = min(recording.started_at for recording in recordings) - LONGEST
    ends = max(max(recording.ended_at, recording.started_at) for recording in recordings)
    near = Q(started_at__gt=begins, started_at__lte=ends + timedelta(seconds=matching.STARTS_WITHIN_S))
    near |= Q(activity__in=activity_ids)
    contents = [recording.content_hash for recording in recordings if recording.content_hash]
    near |= Q(companion_hash__in=contents) if contents else Q()
    companions = [recording.companion_hash for recording in recordings if recording.companion_hash]
    near |= Q(content_hash__in=companions) if companions else Q()
    keys = {recording.key for recording in recordings}
    spoken_of = {key for pair in said.together if pair & keys for key in pair} - keys
    near |= _with_keys(spoken_of) if spoken_of else Q()
    return Recording.objects.filter(near, athlete=athlete_id).select_related("activity").order_by("pk")


def _with_keys(keys: Iterable[str]) -> Q:
    """The recordings of these keys."""
    wanted = Q(pk__in=[])
    sources = set(Recording.Source.values)
    for key in keys:
        first, _colon, last = key.partition(":")
        if first in sources:
            wanted |= Q(source=first, external_id=last)
        elif last.isdecimal():
            wanted |= Q(content_hash=first, session_no=int(last))
    return wanted


# -- by hand ------------------------------------------------------------------------------------------------------------


def _say(athlete: Athlete, pairs: Iterable[tuple[str, str]], *, together: bool, by: User) -> None:
    now = timezone.now()
    Pairing.objects.bulk_create(
        [Pairing(athlete=athlete, one=one, other=other, together=together, by=by, at=now) for one, other in pairs],
        update_conflicts=True,
        unique_fields=["athlete", "one", "other"],
        update_fields=["together", "by", "at"],
    )


class CannotJoin(Exception):
    """Two parts of one file are two runs, whatever else they look like."""


def join(one: Activity, other: Activity, *, by: User) -> Activity:
    """A person says that two activities are one run; gives the activity that it is now. Saying it twice changes nothing."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, one.athlete_id)
        ours, theirs = list(one.recordings.all()), list(other.recordings.all())
        if not ours or not theirs or one.pk == other.pk:
            return one
        if {a.content_hash for a in ours if a.content_hash} & {b.content_hash for b in theirs}:
            raise CannotJoin
        pairs = matching.pairs_between([a.key for a in ours], [b.key for b in theirs])
        _say(one.athlete, pairs, together=True, by=by)
        settle(one.athlete_id, [*ours, *theirs])
        return Activity.objects.get(recordings=ours[0])


def keep_apart(one: Activity, other: Activity, *, by: User) -> None:
    """A person says that two activities are two runs: they are not asked about again, and never joined by themselves."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, one.athlete_id)
        ours, theirs = ([recording.key for recording in run.recordings.all()] for run in (one, other))
        _say(one.athlete, matching.pairs_between(ours, theirs), together=False, by=by)


def split_off(recording: Recording, *, by: User) -> Activity:
    """A person says that this recording is another run than the rest of its activity; gives the activity it is now.

    What it is the rest of is read under the lock: it may have been moved since the page was made. Raises
    Recording.DoesNotExist where it was taken back meanwhile.
    """
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, recording.athlete_id)
        recording = Recording.objects.select_related("athlete").get(pk=recording.pk)
        group = list(Recording.objects.filter(activity=recording.activity_id))
        rest = [one.key for one in group if one.pk != recording.pk]
        _say(recording.athlete, matching.pairs_between([recording.key], rest), together=False, by=by)
        settle(recording.athlete_id, group)
        return Activity.objects.get(recordings=recording)


def correct(activity_id: int, values: dict[str, Any]) -> Activity:
    """What a person says about an activity wins for good; None takes the correction back."""
    with transaction.atomic():
        # The athlete's lock before the row's, as everywhere: the other way round an import would wait for us and we for it.
        locks.until_commit(locks.ATHLETE, Activity.objects.values_list("athlete_id", flat=True).get(pk=activity_id))
        activity = Activity.objects.select_for_update().get(pk=activity_id)
        taken_back = {name for name, value in values.items() if value is None}
        corrected = {name for name, value in values.items() if value is not None}
        for name in corrected:
            setattr(activity, name, values[name])
        activity.corrected = sorted((set(activity.corrected) - taken_back) | corrected)
        keys = [recording.key for recording in activity.recordings.all()]
        KeptCorrection.objects.filter(athlete=activity.athlete_id, key__in=keys).delete()  # this is the word now
        merge(activity)
        recording_stored.send(sender=Recording, activity_id=activity.pk, athlete_id=activity.athlete_id)
        return activity


def offers(athlete: Athlete) -> list[tuple[Activity, Activity]]:
    """Activities that may be one run: a person is to say. Three queries and a sweep over all recordings' times."""
    rows = Recording.objects.filter(athlete=athlete).values_list(
        "activity", "source", "external_id", "content_hash", "session_no", "companion_hash", "started_at", "elapsed_s",
        "distance_m", "sport",
    )  # fmt: skip
    activity_of: dict[str, int] = {}
    runs = []
    for (
        activity_id,
        source,
        external_id,
        content,
        session_no,
        companion,
        started_at,
        elapsed_s,
        distance_m,
        sport,
    ) in rows:
        key = key_of(source=source, external_id=external_id, content_hash=content, session_no=session_no)
        begins = started_at.timestamp()
        activity_of[key] = activity_id
        runs.append(
            Run(
                key=key,
                content=content or "",
                companion=companion,
                started_s=begins,
                ended_s=begins + (elapsed_s or 0),
                distance_m=distance_m,
                sport=sport,
            )
        )
    pairs = [(activity_of[one], activity_of[other]) for one, other in matching.offers(runs, said_by(athlete.pk))]
    activities = Activity.objects.in_bulk({activity_id for pair in pairs for activity_id in pair})
    return [(activities[one], activities[other]) for one, other in pairs]


def offers_beside(recording: Recording) -> list[Activity]:
    """The activities that may be the same run as this recording's, by what is near in time."""
    near = list(_around(recording.athlete_id, [recording], set(), Said()))
    by_key = {one.key: one.activity for one in near}
    found = matching.offers([as_run(one) for one in near], said_by(recording.athlete_id))
    return _beside(recording, [(by_key[one], by_key[other]) for one, other in found])


# -- taking back --------------------------------------------------------------------------------------------------------


def take_back(athlete_id: int, recordings: Collection[Recording]) -> None:
    """Remove recordings as if they had never come: what still has another recording stays with what that one says."""
    if not recordings:
        return
    going = {recording.pk for recording in recordings}
    touched = {recording.activity_id for recording in recordings}
    staying = list(Recording.objects.filter(activity__in=touched).exclude(pk__in=going).select_related("activity"))
    empty = touched - {recording.activity_id for recording in staying}
    if empty:
        _keep_corrections(empty)
        activities_go.send(sender=Activity, activity_ids=empty, athlete_id=athlete_id)
    beside = {one.activity_id: one.pk for one in staying}
    instead = {one.pk: beside[one.activity_id] for one in recordings if one.activity_id in beside}
    if instead:
        recordings_go.send(sender=Recording, instead=instead)
    named = {recording.original for recording in recordings if recording.original}
    _hold(touched)
    Recording.objects.filter(pk__in=going).delete()
    Activity.objects.filter(pk__in=empty).delete()
    if staying:
        settle(athlete_id, staying)
    transaction.on_commit(lambda: drop_unneeded(athlete_id, named), robust=True)


def drop_unneeded(athlete_id: int, names: Collection[str]) -> None:
    """Delete the originals that no recording stands on any more; under the lock, so that none comes in meanwhile."""
    if not names:
        return
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, athlete_id)
        needed = set(
            Recording.objects.filter(athlete=athlete_id, original__in=names).values_list("original", flat=True)
        )
        for name in sorted(set(names) - needed):
            originals.drop(name)
