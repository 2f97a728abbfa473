"""Saying that something is a race, is none, or taking that back: in place, and without script by going back and forth."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
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

MOST_AT_ONCE: Final = decisions.AT_ONCE

#: pages that show a race as decided just now (`?decided=`), with its Undo
SHOW_CARDS: Final = frozenset(
    {"performance:race-list", "performance:dashboard", "performance:activity", "performance:race"}
)

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
    """Without script: back to where it was decided, where the race's card says what holds, with its Undo."""
    here = came_from(request)
    if elsewhere:
        messages.warning(request, what_holds(race, elsewhere=True))
    elif not (_is_settled(race) and _shows_cards(here)):
        messages.success(request, what_holds(race))
    return redirect(_with_its_card(here, race) if _shows_cards(here) else here)


def _shows_cards(here: str) -> bool:
    try:
        return resolve(here.partition("?")[0]).view_name in SHOW_CARDS
    except Resolver404:
        return False


def _with_its_card(here: str, race: Race) -> str:
    """The page that asked, told to show what was decided."""
    path, _mark, query = here.partition("?")
    if path == reverse("performance:race-list"):
        return address(QueryDict(query), decided=str(race.pk)) + f"#race-{race.pk}"
    asked = QueryDict(query, mutable=True)
    asked["decided"] = str(race.pk)
    return f"{path}?{asked.urlencode()}#race-{race.pk}"


@require_POST
@never_cache
def races_decide(request: HtmxHttpRequest) -> HttpResponse:
    """One answer to every `race` named; the page it leads to says what came of it and takes it back."""
    athlete = request.athlete
    if not athlete:
        raise PermissionDenied
    what, seen = request.POST.get("decision", ""), _named(request.POST)
    if what not in decisions.ANSWERS or not seen:
        return HttpResponse(
            _("Say confirmed, rejected or undone, and of which races."),
            status=422,
            content_type="text/plain; charset=utf-8",
        )
    changed, n_elsewhere = decisions.decide_all(seen, athlete=athlete, what=what, by=request.user)
    if n_elsewhere:
        words = ngettext(
            "%d race was decided on another page or device in the meantime, and is left as it is.",
            "%d races were decided on another page or device in the meantime, and are left as they are.",
            n_elsewhere,
        )
        messages.warning(request, words % n_elsewhere)
    stand: Any = for_pages(Race.objects.of(athlete).filter(pk__in=[race.pk for race in changed] or list(seen)))
    query = QueryDict(mutable=True)
    query.setlist("race", [f"{race.pk}.{race.last_decision or 0}" for race in stand.order_by("pk")])
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
    named = _named(request.GET)
    races = list(for_pages(Race.objects.of(athlete).filter(pk__in=named)).order_by("-local_date", "-pk"))
    facts = facts_about(request, athlete, RaceBook.of(Race.objects.of(athlete)))
    return render(request, "performance/races_decided.html", {**facts, "races": races, "named": said_again(named)})


def _named(said: QueryDict) -> dict[int, int | None]:
    """The races named, at most as many as may be answered at once, each with the last decision seen of it: 12.345."""
    named: dict[int, int | None] = {}
    for one in said.getlist("race")[:MOST_AT_ONCE]:
        race, _point, seen = one.partition(".")
        if race.isdecimal():
            named[int(race[:18])] = int(seen[:18]) if seen.isdecimal() else None
    return named


def said_again(named: Mapping[int, int | None]) -> list[str]:
    return [f"{race}.{seen}" if seen is not None else str(race) for race, seen in named.items()]


@require_POST
@never_cache
def activity_mark(request: HtmxHttpRequest, activity_id: int) -> HttpResponse:
    """The athlete calls one of their runs a race."""
    activity = get_object_or_404(Activity.objects.visible_to(request.user).select_related("athlete"), pk=activity_id)
    if activity.athlete.user_id != request.user.pk:
        raise PermissionDenied
    try:
        race = decisions.mark(activity, by=request.user)
    except Activity.DoesNotExist:
        raise Http404 from None
    here = came_from(request) if request.POST.get("next") else reverse("performance:race-edit", args=[race.pk])
    if _shows_cards(here):
        here = _with_its_card(here, race)
    else:
        messages.success(request, what_holds(race))
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
