"""What becomes of results when runs go, or become one: what a person said goes on, what only we derived goes.

A race with anything typed in (a time, a name, a place) stays as a race without a track: event, distance and surface as
they stood become part of what was said, because the times were said about them. Everything else that stood on the run
alone is gone with it and leaves no trace.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import ngettext

from activities.models import Activity
from performance import analysis
from performance.models import Race, RaceDecision, RaceRecording


def _said_something() -> Q:
    """Races that a person typed in, or typed anything about."""
    said = Q(typed=True)
    for column in Race.SAID:
        field: Any = Race._meta.get_field(column)
        said |= Q(**{f"{column}__isnull": False}) if field.null else ~Q(**{column: ""})
    return said


def when_activities_go(*, activity_ids: Collection[int], athlete_id: int, **kwargs: Any) -> None:
    races = Race.objects.select_for_update(of=("self",)).filter(found_in__in=activity_ids).order_by("pk")
    kept = list(races.filter(_said_something()).select_related("athlete"))
    races.exclude(pk__in=[race.pk for race in kept]).delete()
    for race in kept:
        _leave_its_run(race)
    if kept:
        analysis.derive_all(kept[0].athlete, kept)
    analysis.want_races(athlete_id)


def _leave_its_run(race: Race) -> None:
    race.said_name = race.said_name or race.name
    race.said_distance_m = race.said_distance_m or race.distance_m
    race.said_surface = race.said_surface or race.surface
    race.found_in, race.typed, race.probability, race.evidence = None, True, None, {}
    race.save()
    race.parts.filter(said=False).delete()


def when_activities_join(*, gone: Activity, kept: Activity, **kwargs: Any) -> None:
    """The race goes along. Where both have one, what was typed in is kept: beside the other, if that has its own."""
    for race in Race.objects.filter(athlete=gone.athlete_id, not_in__contains=[gone.pk]):
        race.not_in = sorted({*race.not_in, kept.pk} - {gone.pk})
        race.save(update_fields=["not_in"])
    theirs = Race.objects.select_for_update(of=("self",)).filter(found_in=gone).first()
    if theirs is None:
        return
    ours = Race.objects.select_for_update(of=("self",)).filter(found_in=kept).first()
    if ours is not None and not _is_said(ours) and _is_said(theirs):
        ours.delete()
        ours = None
    if ours is None:
        Race.objects.filter(pk=theirs.pk).update(found_in=kept)
    elif Race.objects.filter(_said_something(), pk=theirs.pk).exists():
        _leave_its_run(theirs)
    else:
        theirs.delete()


def _is_said(race: Race) -> bool:
    return (
        RaceDecision.objects.filter(race=race).exists() or Race.objects.filter(_said_something(), pk=race.pk).exists()
    )


def when_recordings_go(*, instead: Mapping[int, int], **kwargs: Any) -> None:
    """A run that a person linked to a race stays linked as long as it has another recording."""
    for part in RaceRecording.objects.filter(said=True, recording__in=instead).select_related("race"):
        other_id = instead[part.recording_id]
        if not RaceRecording.objects.filter(race=part.race_id, recording=other_id, said=True).exists():
            RaceRecording.objects.filter(race=part.race_id, recording=other_id).delete()
            RaceRecording.objects.filter(pk=part.pk).update(recording=other_id)


def what_goes(*, activity_ids: Collection[int], **kwargs: Any) -> list[str]:
    """The same, beforehand and in words."""
    races = Race.objects.filter(found_in__in=activity_ids)
    n_kept = races.filter(_said_something()).count()
    answered = RaceDecision.objects.filter(race__in=races.exclude(_said_something())).values("race")
    n_answered = answered.distinct().count()
    n_found = races.counted().exclude(_said_something()).exclude(pk__in=answered).count()
    sentences = []
    if n_kept:
        sentences.append(
            ngettext(
                "%d race that you typed something about stays, as a race without a recording.",
                "%d races that you typed something about stay, as races without a recording.",
                n_kept,
            )
            % n_kept
        )
    if n_answered:
        sentences.append(
            ngettext(
                "%d race that you decided about goes, and your answer with it.",
                "%d races that you decided about go, and your answers with them.",
                n_answered,
            )
            % n_answered
        )
    if n_found:
        sentences.append(ngettext("%d race found by us goes.", "%d races found by us go.", n_found) % n_found)
    return sentences
