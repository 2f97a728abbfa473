"""One race as a record: its result, what that is worth, the runs it was, and what was said about it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from activities.measures import format_duration
from activities.models import Activity
from athletes import access
from athletes.http import HtmxHttpRequest
from athletes.people import note_look
from athletes.whose import sees, units_of
from performance.models import Race, RaceDecision, RaceRecording
from performance.race_book import for_pages
from performance.standards import is_relay
from performance.views.race_runs import LinkedRun, runs_of
from performance.views.races import just_decided


@require_safe
@never_cache
def race(request: HtmxHttpRequest, race_id: int) -> HttpResponse:
    """For whoever may see the race; the runs behind it only for whoever may see those."""
    visible = for_pages(Race.objects.visible_to(request.user)).select_related("found_in", "athlete__user")
    shown = get_object_or_404(visible, pk=race_id)
    athlete = shown.athlete
    is_self = athlete.user_id == request.user.pk
    if not is_self:
        note_look([athlete.pk], coach=request.user)
    runs = _runs(request, shown)
    page: dict[str, Any] = {
        "race": shown,
        "timed": _timed(shown, runs),
        "athlete": athlete,
        "is_self": is_self,
        "mine": is_self,
        "units": units_of(request),
        "sees_streams": sees(request, athlete, level=access.STREAMS),
        "runs": runs,
        "decisions": [(said, _by(shown, said)) for said in shown.decisions.select_related("by")],
        "decided": just_decided(request, Race.objects.of(athlete)) if is_self else None,
        "here": request.path,
    }
    return render(request, "performance/race.html", page)


def _timed(race: Race, runs: Sequence[LinkedRun]) -> str:
    """How the time of a race in several recordings came about, "" of one in one."""
    pieces = sorted(
        (run.activity for run in runs if run.role == RaceRecording.Role.RACE), key=lambda one: one.started_at
    )
    if len(pieces) < 2 or race.time_source != Race.TimeSource.ELAPSED or not race.time_s:
        return ""
    if is_relay(race.name):
        return _("the legs added up, without those that others ran")
    missed_s = race.time_s - sum(run.elapsed_s or 0 for run in pieces)
    if missed_s < 1:
        return _("from the first start to the last end")
    return _("from the first start to the last end, with %(time)s between the recordings") % {
        "time": format_duration(missed_s)
    }


def _runs(request: HtmxHttpRequest, race: Race) -> list[LinkedRun]:
    linked = runs_of(race).linked
    seen = Activity.objects.visible_to(request.user).of(race.athlete).filter(pk__in=[run.activity.pk for run in linked])
    shown = {run.pk: run for run in seen}
    return [replace(run, activity=shown[run.activity.pk]) for run in linked if run.activity.pk in shown]


def _by(race: Race, said: RaceDecision) -> str:
    """Who said it, as far as a page tells: the athlete, a coach, or somebody who is gone."""
    if said.by_id is None:
        return "gone"
    return "athlete" if said.by_id == race.athlete.user_id else "coach"
