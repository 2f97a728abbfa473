"""Which runs a race was: its own, the warm-up, a second part after the watch was stopped. Said by hand, taken back by hand."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from activities.models import Activity, Recording
from athletes.http import HtmxHttpRequest
from athletes.whose import units_of
from performance import decisions
from performance.models import Race, RaceRecording
from performance.views.races import own_race

Role = RaceRecording.Role

#: how far from the race's day its runs are looked for, and how many are offered
DAYS: Final = 1
MOST: Final = 20


@dataclass(frozen=True)
class LinkedRun:
    """A run of a race.  role: what it was to it.  said: a person linked it, and can take that back."""

    activity: Activity
    role: str
    said: bool

    @property
    def role_name(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True)
class Runs:
    """linked: in the order they were run.  offered: the athlete's other runs of those days.  roles: what they may be."""

    linked: tuple[LinkedRun, ...]
    offered: tuple[Activity, ...]
    roles: tuple[tuple[str, str], ...]


def runs_of(race: Race) -> Runs:
    """The runs of a race and those that might be, for its owner. Two queries."""
    linked: dict[int, LinkedRun] = {}
    for part in race.parts.select_related("recording__activity").order_by("recording__started_at"):
        activity = part.recording.activity
        is_own = activity.pk == race.found_in_id
        linked[activity.pk] = LinkedRun(activity, part.role, said=part.said or (is_own and race.typed))
    around = (race.local_date - timedelta(days=DAYS), race.local_date + timedelta(days=DAYS))
    others = Activity.objects.of(race.athlete).filter(local_date__range=around).exclude(pk__in=linked)
    return Runs(
        linked=tuple(linked.values()),
        offered=tuple(sorted(others.order_by("started_at")[:MOST], key=lambda run: run.local_date != race.local_date)),
        roles=tuple((value, str(label)) for value, label in Role.choices),
    )


@require_POST
@never_cache
def race_runs(request: HtmxHttpRequest, race_id: int) -> HttpResponse:
    """`activity` becomes a run of the race in that `role`; with `part` it is parted from it again."""
    race = own_race(request, race_id)
    wanted = request.POST.get("part") or request.POST.get("activity") or ""
    activity = get_object_or_404(Activity.objects.of(race.athlete), pk=int(wanted[:18]) if wanted.isdecimal() else 0)
    role = request.POST.get("role", "")
    problem = ""
    try:
        if "part" in request.POST:
            race = decisions.unlink(race.pk, activity, by=request.user)
        elif role in Role.values:
            race = decisions.link(race.pk, activity, role=role, by=request.user)
        else:
            problem = _("Say what the run was to the race.")
    except (Race.DoesNotExist, Recording.DoesNotExist):  # taken away, by a search or an import, while the page was open
        raise Http404 from None
    except decisions.HeldByAnother as error:
        problem = _(
            "That run is the race “%(name)s” already, and you have said something about it. "
            "Edit that race, or say there that it is none."
        ) % {"name": error.race.name or _("race")}
    if not request.htmx:
        if problem:
            messages.error(request, problem)
        return redirect("performance:race-edit", race_id=race.pk)
    page = {"race": race, "runs": runs_of(race), "problem": problem, "units": units_of(request)}
    return render(request, "performance/race_form.html#race-runs", page, status=422 if problem else 200)
