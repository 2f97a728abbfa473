"""The race book for programs, spreadsheets and calendars: /races.csv, .json and .ics, filtered and sorted as the page is.

Without `state` all four states are there, the rejected ones too: the column tells them apart. Quantities are in SI units
and unrounded, grades and probabilities are fractions, dates ISO, and a missing value is empty or null. Rows are read
in one query besides the filter's, and before the first of them is sent (exports.py).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from activities.models import Recording
from activities.templatetags.measures import duration, grade, official_distance
from athletes import access
from athletes.http import HtmxHttpRequest
from athletes.whose import units_of, whose
from performance import exports
from performance.forms import RaceFilterForm
from performance.models import Race, RaceQuerySet, RaceRecording
from performance.race_book import RaceBook, in_order

FIELDS: Final = (
    "id", "date", "name", "state", "probability", "distance_m", "time_s", "time_source", "edition", "convention", "age",
    "age_grade", "source", "activity_ids",
)  # fmt: skip


class UnreadableFilter(Exception):
    """What was wrong with the query string, in words."""


@login_not_required  # a page to sign in on is no answer to a program
@require_safe
@never_cache
def race_csv(request: HtmxHttpRequest) -> HttpResponseBase:
    """`source` and `activity_ids` hold several values with blanks between. A name that a spreadsheet would take for a
    formula gets an apostrophe in front (exports.py); the JSON has it as it is."""
    if not request.user.is_authenticated:
        return _error(401, _("Please sign in"), _("This address answers only somebody who is signed in."))
    try:
        found = _asked_for(request)
    except UnreadableFilter as error:
        return _error(422, _("The filter could not be read"), str(error))
    joined = ({**row, **{name: " ".join(map(str, row[name])) for name in ("source", "activity_ids")}} for row in found)
    return exports.csv_response(FIELDS, joined, name="races.csv")


@login_not_required  # a page to sign in on is no answer to a program
@require_safe
@never_cache
def race_json(request: HtmxHttpRequest) -> HttpResponseBase:
    """A list of objects with the fields above; `source` and `activity_ids` are lists."""
    if not request.user.is_authenticated:
        return _error(401, _("Please sign in"), _("This address answers only somebody who is signed in."))
    try:
        return exports.json_response(_asked_for(request))
    except UnreadableFilter as error:
        return _error(422, _("The filter could not be read"), str(error))


@login_not_required
@require_safe
@never_cache
def race_ics(request: HtmxHttpRequest) -> HttpResponseBase:
    """The races that count (or those of the state asked for) as a calendar, one event a race, its result in the text.

    An event keeps its UID, so a calendar that reads the file again updates what it has.
    """
    if not request.user.is_authenticated:
        return _error(401, _("Please sign in"), _("This address answers only somebody who is signed in."))
    try:
        races, form = _meant(request)
    except UnreadableFilter as error:
        return _error(422, _("The filter could not be read"), str(error))
    counted = races if form.asked_state else races.counted()
    calendar = Calendar()
    calendar.add("prodid", "-//Agegrade//Race book//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _("Races"))
    for race in in_order(counted, form.order).select_related("found_in"):
        calendar.add_component(_event(request, race))
    response = HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="races.ics"'
    return response


def _event(request: HtmxHttpRequest, race: Race) -> Event:
    """A race that was recorded has the hours of its recording; one that was typed in has its day."""
    name, run = race.name or _("Race"), race.found_in
    told = [official_distance(race.distance_m, units_of(request)) if race.distance_m else ""]
    told += [duration(race.time_s) if race.time_s else "", grade(race.age_grade) if race.age_grade is not None else ""]
    result = ", ".join(fact for fact in told if fact)
    event = Event()
    event.add("uid", f"race-{race.pk}@{request.get_host()}")
    event.add("summary", f"{name}: {result}" if result else name)
    event.add("dtstamp", race.derived_at or timezone.now())
    if run is not None and run.elapsed_s:
        event.add("dtstart", run.started_at)
        event.add("dtend", run.started_at + timedelta(seconds=round(run.elapsed_s)))
    else:
        event.add("dtstart", race.local_date)
        event.add("dtend", race.local_date + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    return event


def _asked_for(request: HtmxHttpRequest) -> Iterator[dict[str, Any]]:
    """Raises UnreadableFilter before the first row is sent."""
    meant, form = _meant(request)
    return rows(meant, sort=form.order)


def _meant(request: HtmxHttpRequest) -> tuple[RaceQuerySet, RaceFilterForm]:
    """The races that the page would show with these filters, in every state unless one is asked for."""
    athlete = whose(request, level=access.RACES).athlete
    visible = Race.objects.visible_to(request.user)
    visible = visible.of(athlete) if athlete else visible.none()
    form = RaceFilterForm(request.GET, book=RaceBook.of(visible))
    if not form.is_valid():
        raise UnreadableFilter(
            "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        )
    meant = form.select(visible)
    if form.asked_state:
        meant = meant.filter(state=form.asked_state)
    return meant, form


def rows(races: RaceQuerySet, *, sort: str) -> Iterator[dict[str, Any]]:
    """The exported fields of every race. One query, whatever the number of recordings."""
    recorded: Any = {"distinct": True, "filter": Q(parts__role=RaceRecording.Role.RACE), "default": []}
    gathered = in_order(races, sort).annotate(
        sources=ArrayAgg("parts__recording__source", **recorded),
        runs=ArrayAgg("parts__recording__activity_id", **recorded),
    )
    for race in gathered.iterator(chunk_size=500):
        yield {
            "id": race.pk,
            "date": race.local_date.isoformat(),
            "name": race.name,
            "state": race.state,
            "probability": race.probability,
            "distance_m": race.distance_m,
            "time_s": race.time_s,
            "time_source": race.time_source or None,
            "edition": race.edition or None,
            "convention": race.convention or None,
            "age": race.age,
            "age_grade": race.age_grade,
            "source": race.sources or [Recording.Source.TYPED.value],
            "activity_ids": race.runs,
        }


def _error(status: int, title: str, detail: str) -> JsonResponse:
    return JsonResponse({"error": {"status": status, "title": title, "detail": detail}}, status=status)
