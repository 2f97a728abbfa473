"""Celery's door, and what happens when `activities` says that something was stored."""

import time
from typing import Any

from celery import shared_task
from django.db import DatabaseError
from django.utils import timezone

from activities.models import ImportBatch, StravaActivity
from activities.queue import ask_for
from athletes.models import Athlete, User
from performance import account_exports, analysis, club_store, decisions, demo, results_import, standards
from performance.models import AccountExport, Race, ResultsFile

#: a search waits this long, so that a hundred files arriving together need one search and not a hundred
RACES_WAIT_S = 2
WAITED_FOR_S = 900
HOURLY_EXPIRES_S = 3500
NET_EXPIRES_S = 55  # the net is cast every minute; what it asked for last time must not pile up


@shared_task
def analyse_activity(activity_id: int) -> None:
    analysis.analyse(activity_id)


@shared_task
def find_races(athlete_id: int) -> None:
    analysis.find_races(athlete_id)
    # What may be a race has its streams fetched first.
    likely = Race.objects.filter(athlete=athlete_id).exclude(state=Race.State.REJECTED).values("found_in")
    StravaActivity.objects.filter(streams="due", recording__activity__in=likely).exclude(rank=0).update(rank=0)


@shared_task
def analyse_stale() -> None:
    """The safety net, every minute: whatever is not analysed, or was before something changed."""
    for activity_id in analysis.stale_activities().order_by("-started_at").values_list("pk", flat=True)[:500]:
        analyse_activity.apply_async((activity_id,), expires=NET_EXPIRES_S)
    for athlete_id in analysis.stale_athletes().values_list("pk", flat=True)[:500]:
        find_races.apply_async((athlete_id,), expires=NET_EXPIRES_S)


@shared_task
def regrade(regrading_id: int) -> None:
    standards.regrade(regrading_id)


@shared_task
def regrade_what_is_stale() -> None:
    """Every hour: who is graded by an edition or a calculation that is no longer the one in force; and lost messages."""
    standards.order_what_is_stale()
    for regrading_id in standards.unfinished().order_by("pk").values_list("pk", flat=True)[:500]:
        regrade.apply_async((regrading_id,), expires=HOURLY_EXPIRES_S)


@shared_task
def grade_club_results(list_id: str) -> None:
    club_store.work_off(list_id)


@shared_task
def tend_club_results() -> None:
    """Every ten minutes: lists of results that were promised to be gone; and those whose message was lost."""
    club_store.delete_expired()
    for list_id in club_store.waiting().values_list("pk", flat=True)[:100]:
        grade_club_results.apply_async((str(list_id),), expires=NET_EXPIRES_S)


@shared_task(soft_time_limit=3600, time_limit=3660)  # a lifetime of originals, on a slow disk
def make_export(export_id: int) -> None:
    account_exports.make(export_id)


@shared_task
def take_results(file_id: int) -> None:
    results_import.take(file_id)


@shared_task
def undo_results(file_id: int) -> None:
    file = ResultsFile.objects.filter(pk=file_id, state=ResultsFile.State.UNDOING).first()
    if file is not None:
        results_import.undo(file)


@shared_task(autoretry_for=(DatabaseError,), retry_backoff=True, max_retries=3)
def decide_races(seen: list[tuple[int, int]], what: str, by_id: int) -> None:
    """A coach's answer to more races than a request should wait for. What was decided since is left as it is."""
    by = User.objects.filter(pk=by_id, is_active=True).first()
    if by is not None:
        decisions.decide_for(dict(seen), what=what, by=by)


@shared_task
def tend_results() -> None:
    """Tables that nobody took in go after a week; what was asked for and not done is asked for again."""
    results_import.drop_forgotten()
    for file_id in ResultsFile.objects.filter(state=ResultsFile.State.TAKING).values_list("pk", flat=True)[:100]:
        take_results.apply_async((file_id,), expires=NET_EXPIRES_S)
    for file_id in ResultsFile.objects.filter(state=ResultsFile.State.UNDOING).values_list("pk", flat=True)[:100]:
        undo_results.apply_async((file_id,), expires=NET_EXPIRES_S)


@shared_task
def tend_exports() -> None:
    """What expired goes; what is still waiting, its message lost or its worker dead, is asked for again."""
    account_exports.drop_expired()
    for export_id in AccountExport.objects.filter(state=AccountExport.State.WAITING).values_list("pk", flat=True)[:100]:
        make_export.apply_async((export_id,), expires=NET_EXPIRES_S)


def when_a_recording_is_stored(*, activity_id: int, **kwargs: Any) -> None:
    ask_for(analyse_activity, activity_id)


def when_an_athlete_changed(*, athlete_id: int, **kwargs: Any) -> None:
    ask_for(find_races, athlete_id)


def when_an_import_is_waited_for(*, batch: ImportBatch, **kwargs: Any) -> None:
    """Work off what the import left to analyse, beside the workers, so that the race book is ready when the command ends."""
    work_off_what_is_left(batch.athlete)
    if batch.kind == ImportBatch.Kind.DEMO:
        demo.answer_as_ada(batch.athlete)


def work_off_what_is_left(athlete: Athlete, **kwargs: Any) -> None:
    """Analyse here what is not analysed, until all is; also the receiver of `sync_finished`."""
    since, ends = timezone.now(), time.monotonic() + WAITED_FOR_S
    while not analysis.is_current(athlete, since=since) and time.monotonic() < ends:
        for activity_id in analysis.stale_activities().filter(athlete=athlete).values_list("pk", flat=True):
            analysis.analyse(activity_id)
        if not analysis.find_races(athlete.pk):
            time.sleep(0.2)  # a worker is at it
