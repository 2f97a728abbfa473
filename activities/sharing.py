"""What somebody else may read of a run that a watch's file tells of and Strava completed.

Such a run is shown by the grant alone, for its leading recording is not Strava's. Its merged columns may still hold what
only Strava told: a name, an average heart rate. To a coach, while the operator does not share Strava's data, the run is
what its other recordings say, with what a person corrected. Each value is so decided by its own source.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from activities import joining
from activities.models import Activity, Recording
from athletes import access


def keep_from(runs: Iterable[Activity], reader: access.Viewer) -> dict[int, frozenset[str]]:
    """Make other people's runs what is told without Strava, in place; gives which columns of which run that changed.

    One query, and nothing else where no run of theirs was completed by Strava.
    """
    by_pk: dict[int, list[Activity]] = {}
    for run in runs:
        by_pk.setdefault(run.pk, []).append(run)
    if not by_pk:
        return {}
    strava = Recording.objects.filter(activity=OuterRef("activity"), source=Recording.Source.STRAVA)
    others = Recording.objects.filter(activity__in=by_pk).exclude(athlete__user=reader)
    told: dict[int, list[Recording]] = {}
    for recording in others.filter(Exists(strava)).exclude(source=Recording.Source.STRAVA):
        told.setdefault(recording.activity_id, []).append(recording)
    return {pk: _tell(by_pk[pk], recordings) for pk, recordings in told.items()}


def _tell(runs: Iterable[Activity], recordings: Iterable[Recording]) -> frozenset[str]:
    sources = joining.sources_of(list(recordings))
    changed: set[str] = set()
    for run in runs:
        for name in set(sources) - run.get_deferred_fields() - set(run.corrected):
            value = getattr(sources[name], name)
            if value != getattr(run, name):
                setattr(run, name, value)
                changed.add(name)
    return frozenset(changed)


def tells_the_name(text: str, *, run: str) -> Q:
    """The condition that somebody else may be told that a run's name holds this text.  run: the column of the run."""
    recordings = Recording.objects.filter(activity=OuterRef(run))
    strava = recordings.filter(source=Recording.Source.STRAVA)
    return ~Exists(strava) | Exists(recordings.exclude(source=Recording.Source.STRAVA).filter(name__icontains=text))
