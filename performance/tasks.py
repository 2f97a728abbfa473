"""Celery's door, and what happens when `activities` says that something was stored."""

from typing import Any

from celery import shared_task

from activities.models import ImportBatch
from activities.queue import ask_for
from performance import analysis, demo

#: a search waits this long, so that a hundred files arriving together need one search and not a hundred
RACES_WAIT_S = 2


@shared_task
def analyse_activity(activity_id: int) -> None:
    analysis.analyse(activity_id)


@shared_task
def find_races(athlete_id: int) -> None:
    analysis.find_races(athlete_id)


@shared_task
def analyse_stale() -> None:
    """The safety net, every minute: whatever is not analysed, or was before something changed."""
    for activity_id in analysis.stale_activities().order_by("-started_at").values_list("pk", flat=True)[:500]:
        analyse_activity.delay(activity_id)
    for athlete_id in analysis.stale_athletes().values_list("pk", flat=True)[:500]:
        find_races.delay(athlete_id)


def when_a_recording_is_stored(*, activity_id: int, **kwargs: Any) -> None:
    ask_for(analyse_activity, activity_id)


def when_an_athlete_changed(*, athlete_id: int, **kwargs: Any) -> None:
    ask_for(find_races, athlete_id)


def when_an_import_is_waited_for(*, batch: ImportBatch, **kwargs: Any) -> None:
    """Work off what the import left to analyse, beside the workers, so that the race book is ready when the command ends."""
    for activity_id in analysis.stale_activities().filter(athlete=batch.athlete_id).values_list("pk", flat=True):
        analysis.analyse(activity_id)
    analysis.find_races(batch.athlete_id)
    if batch.kind == ImportBatch.Kind.DEMO:
        demo.answer_as_ada(batch.athlete)
