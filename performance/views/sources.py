"""Where an activity comes from: its recordings, which value is whose, and what a person can do about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities import joining, undo
from activities.models import Activity, Recording
from athletes.http import HtmxHttpRequest
from athletes.whose import units_of
from performance.figures import figures_of, sport_words
from performance.models import Analysis
from performance.sources_form import CorrectionForm

#: the merged columns a person can make sense of, in the order they are read
SHOWN: Final[dict[str, str | Promise]] = {
    "name": gettext_lazy("Name"),
    "sport": gettext_lazy("Sport"),
    "started_at": gettext_lazy("Start"),
    "distance_m": gettext_lazy("Distance"),
    "elapsed_s": gettext_lazy("Elapsed time"),
    "moving_s": gettext_lazy("Moving time"),
    "hr_avg": gettext_lazy("Average heart rate"),
    "ascent_m": gettext_lazy("Climb"),
    "device": gettext_lazy("Device"),
}


def _own_activity(request: HtmxHttpRequest, activity_id: int) -> Activity:
    """Only the athlete's own: a coach sees results, not the workshop."""
    own = Activity.objects.visible_to(request.user).filter(athlete__user=request.user)
    return get_object_or_404(own.select_related("athlete__user"), pk=activity_id)


def _own_recording(request: HtmxHttpRequest, recording_id: int) -> Recording:
    own = Recording.objects.filter(athlete__user=request.user)
    return get_object_or_404(own.select_related("activity", "athlete__user"), pk=recording_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sources(request: HtmxHttpRequest, activity_id: int) -> HttpResponse:
    """The recordings behind an activity and which value comes from which; posting corrects values."""
    activity = _own_activity(request, activity_id)
    units = units_of(request)
    form = CorrectionForm(request.POST if request.method == "POST" else None, activity=activity, units=units)
    if form.is_bound and form.is_valid():
        joining.correct(activity.pk, form.said())
        messages.success(request, _("Saved. Your word holds, whatever comes in later."))
        return redirect("performance:activity-sources", activity.pk)
    recordings = list(activity.recordings.order_by("-leads", "pk"))
    page = {
        "activity": activity,
        "title": figures_of(activity, shows_streams=True, units=units).title,
        "form": form,
        "units": units,
        "recordings": recordings,
        "origins": _origins(activity, recordings),
        "streams": _borrowed(activity, recordings),
        "alike": [_Side.of(other) for other in joining.offers_beside(recordings[0])] if recordings else [],
    }
    return render(request, "performance/activity_sources.html", page, status=422 if form.is_bound else 200)


@dataclass(frozen=True)
class _Side:
    """started: on the clock where it was run, without a zone, to be shown as it is."""

    activity: Activity
    started: datetime

    @classmethod
    def of(cls, activity: Activity) -> "_Side":
        return cls(activity, activity.started_local.replace(tzinfo=None))


def _origins(activity: Activity, recordings: list[Recording]) -> list[dict[str, Any]]:
    """Of every value that is known: what it is, and the number of the recording it comes from, or that a person said it."""
    if not recordings:
        return []
    sources = joining.sources_of(recordings)
    rows = []
    for name, label in SHOWN.items():
        value = getattr(activity, name)
        if value not in (None, ""):
            number = recordings.index(sources[name]) + 1
            words = sport_words(value) if name == "sport" else value
            if name == "started_at":
                words = _Side.of(activity).started
            rows.append(
                {"name": name, "label": label, "value": words, "said": name in activity.corrected, "from": number}
            )
    return rows


#: a series as it is called where it was borrowed
SERIES: Final[dict[str, str | Promise]] = {
    "distance_m": gettext_lazy("Distance along the run"),
    "latitude": gettext_lazy("Route"),
    "altitude_m": gettext_lazy("Altitude"),
    "heart_rate_bpm": gettext_lazy("Heart rate along the run"),
    "cadence_spm": gettext_lazy("Cadence"),
    "power_w": gettext_lazy("Power"),
    "temperature_c": gettext_lazy("Temperature"),
}


def _borrowed(activity: Activity, recordings: list[Recording]) -> list[dict[str, Any]]:
    """The charts' series that another recording than the leading one told."""
    analysis = Analysis.objects.filter(activity=activity).only("borrowed").first()
    numbers = {recording.pk: number for number, recording in enumerate(recordings, start=1)}
    borrowed = analysis.borrowed if analysis is not None else {}
    return [
        {"label": label, "from": numbers[borrowed[name]]}
        for name, label in SERIES.items()
        if borrowed.get(name) in numbers
    ]


@require_POST
@never_cache
def recording_split(request: HtmxHttpRequest, recording_id: int) -> HttpResponse:
    """This recording is another run than the rest of its activity."""
    recording = _own_recording(request, recording_id)
    try:
        activity = joining.split_off(recording, by=request.user)
    except Recording.DoesNotExist:  # taken back while the page was open
        raise Http404 from None
    messages.success(request, _("This is an activity of its own now."))
    return redirect("performance:activity-sources", activity.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def recording_remove(request: HtmxHttpRequest, recording_id: int) -> HttpResponse:
    """What taking one recording back would do, and doing it."""
    recording = _own_recording(request, recording_id)
    if request.method == "POST":
        undo.take_back_one(recording)
        messages.success(request, _("Taken back."))
        if Activity.objects.filter(pk=recording.activity_id).exists():
            return redirect("performance:activity-sources", recording.activity_id)
        return redirect("performance:activity-list")
    page = {
        "recording": recording,
        "activity": recording.activity,
        "consequences": undo.Consequences(recording.athlete, Recording.objects.filter(pk=recording.pk)),
    }
    return render(request, "performance/recording_remove.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def activity_remove(request: HtmxHttpRequest, activity_id: int) -> HttpResponse:
    """What deleting an activity with all of its recordings would do, and doing it."""
    activity = _own_activity(request, activity_id)
    if request.method == "POST":
        undo.take_back_all(activity)
        messages.success(request, _("The activity is deleted."))
        return redirect("performance:activity-list")
    recordings = Recording.objects.filter(activity=activity)
    page = {
        "activity": activity,
        "title": figures_of(activity, shows_streams=True, units=units_of(request)).title,
        "at_strava": recordings.filter(source=Recording.Source.STRAVA).exists(),
        "consequences": undo.Consequences(activity.athlete, recordings),
    }
    return render(request, "performance/activity_remove.html", page)


# -- the inbox of pairs ---------------------------------------------------------------------------------------------------

PAIRS_SHOWN: Final = 25


@require_safe
@never_cache
def same_run(request: HtmxHttpRequest) -> HttpResponse:
    """Pairs of activities that may be one run. A person says; nothing is joined in silence, and nothing asked twice."""
    athlete = request.athlete
    pairs = joining.offers(athlete) if athlete else []
    shown = [(_Side.of(one), _Side.of(other)) for one, other in pairs[:PAIRS_SHOWN]]
    page = {"athlete": athlete, "pairs": shown, "total": len(pairs), "units": units_of(request)}
    return render(request, "performance/same_run.html", page)


@require_POST
@never_cache
def same_run_say(request: HtmxHttpRequest, one_id: int, other_id: int) -> HttpResponse:
    one, other = _own_activity(request, one_id), _own_activity(request, other_id)
    if one == other:
        raise Http404
    if request.POST.get("what") == "together":
        try:
            joining.join(one, other, by=request.user)
            messages.success(request, _("One run now. Both recordings stay behind it."))
        except joining.CannotJoin:
            messages.error(request, _("They are two parts of one file, so they stay two activities."))
    elif request.POST.get("what") == "apart":
        joining.keep_apart(one, other, by=request.user)
        messages.success(request, _("Two runs. This will not be asked again."))
    return redirect("performance:same-run")
