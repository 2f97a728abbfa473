"""Adding a race from memory or a result list, and saying what one knows better than a recording."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from activities.models import Activity
from activities.templatetags.measures import duration, grade, official_distance
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from athletes.whose import units_of
from performance import agegrade, decisions
from performance.forms import RaceForm
from performance.models import Race
from performance.standards import UNGRADED_SURFACES, Standard
from performance.views.race_runs import runs_of
from performance.views.races import own_race


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def race_add(request: HtmxHttpRequest) -> HttpResponse:
    """A race without a recording, or one that is a part of one (`?activity=`: a leg of a relay, a race of a meeting).

    To HTMX a GET tells how what is typed so far is understood.
    """
    athlete = request.athlete
    if not athlete:
        raise PermissionDenied
    inside = _inside(request, athlete)
    if request.method != "POST":
        typed = RaceForm(request.GET, inside=inside) if wants_part(request) else None
        return _echo(request, typed, athlete) if typed else _page(request, RaceForm(inside=inside), athlete)
    form = RaceForm(request.POST, inside=inside)
    if not form.is_valid():
        return _page(request, form, athlete)
    if inside is None:
        return _saved(
            request, decisions.add(athlete, local_date=form.cleaned_data["date"], said=form.said, by=request.user)
        )
    begins = form.cleaned_data["begins"]
    begins_s = begins if isinstance(begins, float) else None
    time_s = form.said.chip_time_s or form.said.gun_time_s
    added = decisions.add(
        athlete,
        local_date=inside.local_date,
        said=form.said,
        by=request.user,
        inside=inside,
        start_s=begins_s,
        end_s=begins_s + time_s if begins_s is not None and time_s else None,
    )
    return _saved(request, added)


def _inside(request: HtmxHttpRequest, athlete: Athlete) -> Activity | None:
    wanted = request.GET.get("activity", "")
    if not wanted:
        return None
    return get_object_or_404(Activity.objects.of(athlete), pk=int(wanted[:18]) if wanted.isdecimal() else 0)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def race_edit(request: HtmxHttpRequest, race_id: int) -> HttpResponse:
    """What the athlete says about a race; empty fields leave it to the recording."""
    race = own_race(request, race_id)
    if request.method != "POST":
        typed = RaceForm(request.GET, race=race) if wants_part(request) else None
        return _echo(request, typed, race.athlete) if typed else _page(request, RaceForm(race=race), race.athlete)
    form = RaceForm(request.POST, race=race)
    if not form.is_valid():
        return _page(request, form, race.athlete)
    corrected = decisions.correct(
        race.pk,
        said=form.said,
        local_date=form.cleaned_data.get("date"),
        by=request.user,
        confirm="confirm" in request.POST,
    )
    return _saved(request, corrected)


def _page(request: HtmxHttpRequest, form: RaceForm, athlete: Athlete) -> HttpResponse:
    facts = {
        "form": form,
        "race": form.race,
        "athlete": athlete,
        "units": units_of(request),
        "understood": understand(form, athlete) if form.is_bound else None,
        "inside": form.inside,
        "runs": runs_of(form.race) if form.race else None,
    }
    return render(request, "performance/race_form.html", facts, status=422 if form.is_bound else 200)


def _echo(request: HtmxHttpRequest, form: RaceForm, athlete: Athlete) -> HttpResponse:
    facts = {"understood": understand(form, athlete), "units": units_of(request)}
    return render(request, "performance/race_form.html#race-echo", facts)


def _saved(request: HtmxHttpRequest, race: Race) -> HttpResponse:
    units = units_of(request)
    facts = [
        official_distance(race.distance_m, units) if race.distance_m else "",
        duration(race.time_s) if race.time_s else "",
        grade(race.age_grade) if race.age_grade is not None else _("no grade"),
    ]
    said = {"name": race.name or _("race"), "facts": ", ".join(fact for fact in facts if fact)}
    messages.success(request, _("Saved: %(name)s (%(facts)s).") % said)
    return redirect("performance:race", race_id=race.pk)


@dataclass(frozen=True, kw_only=True)
class Understood:
    """How what was typed is read.  times: label and seconds.  problems: what we would ask about it.  grade: a fraction."""

    distance_m: float | None
    times: tuple[tuple[str, float], ...]
    problems: tuple[str, ...]
    grade: float | None
    age: int | None


def understand(form: RaceForm, athlete: Athlete) -> Understood:
    """Read a form that may be half filled in; that something is still missing is no problem here."""
    form.is_valid()
    cleaned, race = form.cleaned_data, form.race
    times = tuple(
        (str(form.fields[name].label), cleaned[name]) for name in RaceForm.TIMES if isinstance(cleaned.get(name), float)
    )
    problems = [
        message
        for name in ("distance", *RaceForm.TIMES)
        for error in form.errors.as_data().get(name, [])
        if error.code != "required"
        for message in error.messages
    ]
    day: date | None = race.local_date if form.recorded and race else cleaned.get("date")
    if form.inside is not None:
        day = form.inside.local_date
    age = athlete.age_on(day) if day else None
    return Understood(
        distance_m=cleaned.get("distance"),
        times=times,
        problems=tuple(problems),
        grade=_grade(form, athlete, time_s=times[0][1] if times and not problems else None, age=age),
        age=age,
    )


def _grade(form: RaceForm, athlete: Athlete, *, time_s: float | None, age: int | None) -> float | None:
    """What the typed result would be worth, None where it cannot be said yet."""
    race = form.race
    distance_m = form.cleaned_data.get("distance") or (race.distance_m if race else None)
    surface = form.cleaned_data.get("surface") or (race.surface if race and form.recorded else Race.Surface.ROAD)
    if time_s is None or distance_m is None or not athlete.sexes or surface in UNGRADED_SURFACES:
        return None
    try:
        return agegrade.age_grade(
            time_s=time_s, age=age, sex=athlete.sexes[0], distance_m=distance_m, **Standard.of(athlete).on(surface)
        ).age_grade
    except agegrade.Refused:
        return None
