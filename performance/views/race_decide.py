"""Saying that something is a race, is none, or taking that back: in place, and without script by going back and forth."""

from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from activities.models import Activity
from athletes.http import HtmxHttpRequest
from performance import decisions
from performance.models import Race, RaceDecision
from performance.race_book import BY_DATE, NEWEST, RaceBook, for_pages
from performance.templatetags.races import what_holds
from performance.views.races import address, chips, counts, facts_about, own_race

State = Race.State

#: where a decision can be made; the answer takes the place of what was there
CARD, ROW, HOME = "card", "row", "home"

MOST_AT_ONCE: Final = 200

ACTED: Final = "race-decided"  # what the list listens to


@require_POST
@never_cache
def race_decide(request: HtmxHttpRequest, race_id: int) -> HttpResponse:
    """`decision` is confirmed, rejected or undone; `seen` the last decision on the page that asked.

    Where another one was made since, nothing is changed and the answer (409) tells what holds.
    """
    race = own_race(request, race_id)
    what = request.POST.get("decision", "")
    if what not in decisions.ANSWERS:
        return HttpResponse(
            _("Say confirmed, rejected or undone."), status=422, content_type="text/plain; charset=utf-8"
        )
    seen = request.POST.get("seen", "")
    elsewhere = False
    try:
        race = decisions.decide(race.pk, what=what, by=request.user, seen=int(seen[:18]) if seen.isdecimal() else None)
    except Race.DoesNotExist:  # a search took it away while the page was open
        raise Http404 from None
    except decisions.DecidedElsewhere as error:
        race, elsewhere = error.race, True
    if not request.htmx:
        return _back(request, race, elsewhere=elsewhere)
    return _in_place(request, race, elsewhere=elsewhere, was_undone=what == RaceDecision.What.UNDONE)


def _in_place(request: HtmxHttpRequest, race: Race, *, elsewhere: bool, was_undone: bool) -> HttpResponse:
    """The card or row as it now is, with the counters and the spoken line out of band."""
    asked = request.POST.get("where", "")
    where = asked if asked in {ROW, HOME} else CARD
    book = RaceBook.of(Race.objects.visible_to(request.user).of(race.athlete))
    asks_again = was_undone and not elsewhere and (where == ROW or not _is_settled(race))
    here = came_from(request)
    query = QueryDict(here.partition("?")[2])
    facts = {
        **facts_about(request, race.athlete, book),
        "race": race,
        "where": where,
        "here": here,
        "counts": counts(book),
        "chips": chips(book, query, current=query.get("state", "")),
        "said": what_holds(race, elsewhere=elsewhere),
        "asks_again": asks_again,
        "by_date": query.get("sort", NEWEST) in BY_DATE,
        "focus": True,
    }
    response = render(request, "performance/_decided.html", facts, status=409 if elsewhere else 200)
    if where != ROW:
        response["HX-Trigger-After-Settle"] = ACTED
    return response


def _back(request: HtmxHttpRequest, race: Race, *, elsewhere: bool) -> HttpResponse:
    """Without script: back to where it was decided. On the race book the race's card says what holds, with its Undo."""
    here = came_from(request)
    path, _mark, query = here.partition("?")
    if path == reverse("performance:race-list"):
        if elsewhere:
            messages.warning(request, what_holds(race, elsewhere=True))
        elif not _is_settled(race):
            messages.success(request, what_holds(race))
        return redirect(address(QueryDict(query), decided=str(race.pk)) + f"#race-{race.pk}")
    tell = messages.warning if elsewhere else messages.success
    tell(request, what_holds(race, elsewhere=elsewhere))
    return redirect(here)


@require_POST
@never_cache
def races_decide(request: HtmxHttpRequest) -> HttpResponse:
    """One answer to every `race` named; the page it leads to says what came of it and takes it back."""
    athlete = request.athlete
    if not athlete:
        raise PermissionDenied
    what, ids = request.POST.get("decision", ""), _ids(request.POST)
    if what not in decisions.ANSWERS or not ids:
        return HttpResponse(
            _("Say confirmed, rejected or undone, and of which races."),
            status=422,
            content_type="text/plain; charset=utf-8",
        )
    decisions.decide_all(ids, athlete=athlete, what=what, by=request.user)
    query = QueryDict(mutable=True)
    query.setlist("race", [str(race_id) for race_id in ids])
    if what == RaceDecision.What.UNDONE:
        messages.success(request, _("Taken back: they are as they were before."))
        return redirect(address(QueryDict(), state=State.TO_DECIDE))
    return redirect(f"{reverse('performance:races-decided')}?{query.urlencode()}")


@require_safe
@never_cache
def races_decided(request: HtmxHttpRequest) -> HttpResponse:
    """What an answer to many races came to, with its Undo."""
    athlete = request.athlete
    if not athlete:
        raise PermissionDenied
    races = for_pages(Race.objects.of(athlete).filter(pk__in=_ids(request.GET))).order_by("-local_date", "-pk")
    facts = facts_about(request, athlete, RaceBook.of(Race.objects.of(athlete)))
    return render(request, "performance/races_decided.html", {**facts, "races": list(races)})


def _ids(said: QueryDict) -> list[int]:
    """The races named, at most as many as may be answered at once."""
    return [int(one[:18]) for one in said.getlist("race")[:MOST_AT_ONCE] if one.isdecimal()]


@require_POST
@never_cache
def activity_mark(request: HtmxHttpRequest, activity_id: int) -> HttpResponse:
    """The athlete calls one of their runs a race."""
    activity = get_object_or_404(Activity.objects.visible_to(request.user).select_related("athlete"), pk=activity_id)
    if activity.athlete.user_id != request.user.pk:
        raise PermissionDenied
    race = decisions.mark(activity, by=request.user)
    messages.success(request, what_holds(race))
    here = came_from(request) if request.POST.get("next") else reverse("performance:race-edit", args=[race.pk])
    return HttpResponse(status=204, headers={"HX-Redirect": here}) if request.htmx else redirect(here)


def came_from(request: HtmxHttpRequest) -> str:
    """The page of ours that asked (`next`), else the race book."""
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(asked)
        if parts.path.startswith("/") and not parts.path.startswith("//"):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return reverse("performance:race-list")


def _is_settled(race: Race) -> bool:
    """Whether a person's word holds; what is only found or waiting can be asked about."""
    return race.state in {State.CONFIRMED, State.REJECTED}
