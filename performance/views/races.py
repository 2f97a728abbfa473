"""The race book as a page: what waits for the athlete, the races that count, and the times to aim for."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from activities.models import Activity
from athletes import access
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from athletes.whose import sees, units_of, whose
from performance import agegrade, race_book
from performance.forms import RaceFilterForm
from performance.models import Race, RaceQuerySet
from performance.race_book import RaceBook
from performance.standards import Standard
from performance.targets import on_a_phone, target_rows

State = Race.State

#: the element that "Show earlier races" fills
MORE: Final = "more-races"


@require_safe
@never_cache
@vary_on_headers("HX-Request", "HX-Target")
def race_list(request: HtmxHttpRequest) -> HttpResponse:
    """The race book of the reader, or of an athlete (`?athlete=`) who granted a look."""
    reading = whose(request, level=access.RACES)
    if reading.athlete is None:
        return render(request, "performance/race_list.html", {"athlete": None, "whose": reading})
    athlete = reading.athlete
    visible = Race.objects.visible_to(request.user).of(athlete)
    book = RaceBook.of(visible)
    form = RaceFilterForm(request.GET, book=book)
    page: dict[str, Any] = {
        **facts_about(request, athlete, book),
        "whose": reading,
        "athlete": athlete,
        "form": form,
        "has_runs": bool(book.lines) or Activity.objects.of(athlete).exists(),
    }
    status = 200 if form.is_valid() else 422
    if status == 200:
        continued = form.after if wants_part(request) and request.htmx.target == MORE else None
        page |= _list(form, visible, continued_year=continued.local_date.year if continued else None)
    page["chips"] = chips(book, request.GET, current=form.asked_state)
    if wants_part(request):
        if request.htmx.target == MORE:
            return render(request, f"performance/race_list.html#{MORE}", page, status=status)
        response = render(request, "performance/race_list.html#race-list", page, status=status)
        response["HX-Replace-Url"] = address(request.GET)
        return response
    page |= _targets(athlete, book) | {"decided": just_decided(request, visible)}
    return render(request, "performance/race_list.html", page, status=status)


def own_race(request: HtmxHttpRequest, race_id: int) -> Race:
    """A race the reader may change: 404 where it cannot be seen, 403 for a coach, who reads only."""
    race = get_object_or_404(
        race_book.for_pages(Race.objects.visible_to(request.user)).select_related("found_in", "athlete"), pk=race_id
    )
    if race.athlete.user_id != request.user.pk:
        raise PermissionDenied
    return race


# -- what the page and its parts share ----------------------------------------------------------------------------------


def facts_about(request: HtmxHttpRequest, athlete: Athlete, book: RaceBook) -> dict[str, Any]:
    """What a card or a row needs besides its race."""
    return {
        "mine": athlete.user_id == request.user.pk,
        "sees_activities": sees(request, athlete, level=access.ACTIVITIES),
        "sees_streams": sees(request, athlete, level=access.STREAMS),
        "units": units_of(request),
        "book": book,
        "counts": counts(book),
        "here": address(request.GET),
    }


def counts(book: RaceBook) -> str:
    """ "41 confirmed races, 14 found by us, 2 waiting for you, 9 rejected"; what there is none of is left out."""
    number = book.by_state
    said = [
        (number[State.CONFIRMED], ngettext("%d confirmed race", "%d confirmed races", number[State.CONFIRMED])),
        (number[State.FOUND], ngettext("%d found by us", "%d found by us", number[State.FOUND])),
        (
            number[State.TO_DECIDE],
            ngettext("%d waiting for a decision", "%d waiting for a decision", number[State.TO_DECIDE]),
        ),
        (number[State.REJECTED], ngettext("%d rejected", "%d rejected", number[State.REJECTED])),
    ]
    return ", ".join(words % n for n, words in said if n)


def chips(book: RaceBook, asked: Mapping[str, str], *, current: str) -> list[dict[str, Any]]:
    """The states one can narrow the book to; those nothing is in are left out."""
    names = {
        "": _("All"),
        State.TO_DECIDE: _("To decide"),
        State.CONFIRMED: _("Confirmed"),
        State.FOUND: _("Found by us"),
        State.REJECTED: _("Rejected"),
    }
    return [
        {
            "name": name,
            "count": book.by_state[state] if state else None,
            "href": address(asked, state=state, before=""),
            "current": state == current,
        }
        for state, name in names.items()
        if not state or book.by_state[state] or state == current
    ]


def address(asked: Mapping[str, str], *, page: str = "performance:race-list", **changed: str) -> str:
    """A page of the race book with what was asked, changed as said, in one order and without what is empty.

    `decided` is there only where it is said: it belongs to the one answer after a decision.
    """
    query = QueryDict(mutable=True)
    asked = {name: asked[name] for name in asked if name != "decided"}
    for name in ("athlete", "state", "q", "distance", "year", "sort", "before", "rows", "decided"):
        value = changed.get(name, asked.get(name, ""))
        if value and (name, value) != ("sort", race_book.NEWEST):
            query[name] = value
    path = reverse(page)
    return f"{path}?{query.urlencode()}" if query else path


# -- the list -----------------------------------------------------------------------------------------------------------


def _list(form: RaceFilterForm, visible: RaceQuerySet, *, continued_year: int | None) -> dict[str, Any]:
    """The cards to decide on and the rows of the table that the form asks for. Two queries at most."""
    meant, state, sort = form.select(visible), form.asked_state, form.order
    cards = table = more = None
    if state in {State.TO_DECIDE, State.FOUND}:
        cards = race_book.read_page(meant.filter(state=state), sort=sort, after=form.after, size=race_book.CARDS)
        more = cards.more
    else:
        shown = [state] if state else race_book.COUNTED
        size = race_book.ALL_ROWS if form.whole else race_book.ROWS
        table = race_book.read_page(meant.filter(state__in=shown), sort=sort, after=form.after, size=size)
        more = table.more
        if not state and form.after is None and not form.whole:
            waiting = meant.to_decide()
            cards = race_book.read_page(waiting, sort=race_book.NEWEST, after=None, size=race_book.FIRST_CARDS)
    column = "date" if sort in race_book.BY_DATE else "grade"
    return {
        "state": state,
        "cards": cards,
        "table": table,
        "groups": _groups(table, form, continued_year) if table else [],
        "by_date": sort in race_book.BY_DATE,
        "sorted": {column: _ARIA_SORT[sort]},
        "addresses": _addresses(form, more),
        "n_shown": sum(len(part.races) for part in (cards, table) if part),
        "whole": form.whole,
        "has_more": bool(more or (cards and cards.more)),
    }


def _addresses(form: RaceFilterForm, more: int | None) -> dict[str, str]:
    """Where the links of the list lead; a column's head turns the order round where it is the one in use."""
    asked, sort = form.data, form.order
    return {
        "date": address(asked, sort=race_book.OLDEST if sort == race_book.NEWEST else race_book.NEWEST, before=""),
        "grade": address(asked, sort=race_book.LOWEST if sort == race_book.BEST else race_book.BEST, before=""),
        "more": address(asked, before=str(more)) if more else "",
        "first": address(asked, before="") if form.after else "",
        "waiting": address(asked, state=State.TO_DECIDE, before=""),
        "cleared": address(asked, q="", distance="", year="", before=""),
        "whole": address(asked, rows="all", before=""),
        "pages": address(asked, rows="", before=""),
        "csv": address(asked, page="performance:race-csv", before=""),
        "json": address(asked, page="performance:race-json", before=""),
        "ics": address(asked, page="performance:race-ics", before=""),
    }


_ARIA_SORT: Final = {
    race_book.NEWEST: "descending",
    race_book.OLDEST: "ascending",
    race_book.BEST: "descending",
    race_book.LOWEST: "ascending",
}


def _groups(table: race_book.Page, form: RaceFilterForm, continued_year: int | None) -> list[dict[str, Any]]:
    """Rows under their years, or all of them under nothing where they are sorted by grade.

    A year that the page before began is not headed again where its rows are added below. The year's figures stand there
    only where all of the year is meant.
    """
    if form.order not in race_book.BY_DATE:
        return [{"year": "", "races": table.races}]
    whole = not (form.narrows or form.asked_state)
    return [
        {
            "year": "" if year == continued_year else str(year),
            "total": form.book.years.get(year) if whole else None,
            "races": races,
        }
        for year, races in table.by_year()
    ]


def just_decided(request: HtmxHttpRequest, visible: RaceQuerySet) -> Race | None:
    """The race that was decided about without script just now: its card says so and offers to undo it."""
    asked = request.GET.get("decided", "")
    if not asked.isdecimal():
        return None
    return race_book.for_pages(visible).filter(pk=int(asked[:18]), state__in=[State.CONFIRMED, State.REJECTED]).first()


# -- times to aim for ---------------------------------------------------------------------------------------------------


def _targets(athlete: Athlete, book: RaceBook) -> dict[str, Any]:
    """By every table that grades the athlete, at today's age; none where something about the athlete is missing."""
    today = athlete.today
    age = athlete.age_on(today)
    if age is None:
        return {"targets": []}
    tables = []
    best = book.fastest(since=race_book.a_year_before(today))
    standard = Standard.of(athlete)
    for sex in athlete.sexes:
        try:
            rows = target_rows(
                age=age, sex=sex, best=best, edition=standard.edition("road"), convention=standard.convention
            )
        except agegrade.Refused:
            continue
        tables.append({"sex": sex, "rows": rows, "on_a_phone": on_a_phone(rows)})
    return {"targets": tables, "target_age": age}
