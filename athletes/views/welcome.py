"""The first steps: what grading needs, then somewhere to get runs from. Each can be passed over, and come back to."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from athletes.forms import ProfileForm
from athletes.http import HtmxHttpRequest
from athletes.views.account import own_athlete, save

STRAVA = "/connect/strava/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HtmxHttpRequest) -> HttpResponse:
    """Step one asks, step two (`?step=runs`) offers. Where the reader stands follows from what is known of them, so
    closing the window loses nothing."""
    if request.method == "POST" and "done" in request.POST:
        return _done(request)
    if request.method == "POST":
        form = ProfileForm(request.POST, instance=own_athlete(request), prefix="profile")
        if not form.is_valid():
            return render(request, "athletes/welcome.html", {"form": form, "step": "about"}, status=422)
        save(request, form, says=False)
        return redirect(reverse("athletes:welcome") + "?step=runs")
    asked = request.GET.get("step", "")
    known = request.athlete and request.athlete.born and request.athlete.table
    if asked == "runs" or (known and asked != "about"):
        return render(request, "athletes/welcome.html", _offers(request) | {"step": "runs"})
    form = ProfileForm(instance=own_athlete(request), prefix="profile")
    return render(request, "athletes/welcome.html", {"form": form, "step": "about"})


def _done(request: HtmxHttpRequest) -> HttpResponse:
    """Done with, or passed over: not asked again, and found under More while something is missing."""
    request.user.end_first_steps()
    if not request.athlete:
        messages.info(request, _("Should you run yourself, say so in the settings at any time."))
    elif not request.athlete.born or not request.athlete.table:
        messages.info(request, _("You can go on with the first steps at any time, under More."))
    return redirect("athletes:home")


def _offers(request: HtmxHttpRequest) -> dict[str, Any]:
    try:
        resolve(STRAVA)
        strava = STRAVA
    except Resolver404:
        strava = ""
    return {"athlete": request.athlete, "strava_url": strava}
