"""The first page: how good am I for my age, is it changing, what needs me. And the two pages that say more of it."""

from datetime import date, timedelta
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from activities.models import Activity
from activities.sync_strip import SyncStrip, sync_strip
from athletes import access
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from athletes.views.account import home
from athletes.whose import Whose, units_of, whose
from performance import analysis, dashboard, forecasts, predictions, race_book, training
from performance.figures import figures_of
from performance.models import Analysis, Race, RaceQuerySet
from performance.race_book import RaceBook
from performance.views.races import facts_about, just_decided

TO_DECIDE: Final = 2
RECENT: Final = 5
#: mean weekly distance, for a marathon from shorter races, is taken over so many weeks
MILEAGE_WEEKS: Final = 8

#: what of the strip is swapped: it, or its figures
STRIP: Final = ("sync-strip", "strip-figures")

#: `?weeks=` of the training load
PERIODS: Final = (26, 52, 104)


@login_not_required
@require_safe
@never_cache
@vary_on_headers("HX-Request", "HX-Target")
def home_or_dashboard(request: HtmxHttpRequest) -> HttpResponse:
    """Signed out: what this is. Signed in: the dashboard of the reader, or of an athlete who granted a look."""
    if not request.user.is_authenticated:
        return home(request)
    reading = whose(request, level=access.RACES)
    athlete = reading.athlete
    if athlete is None:
        return render(request, "performance/dashboard.html", {"whose": reading, "athlete": None})
    if wants_part(request) and request.htmx.target in STRIP:
        return _strip(request, **_coming_in(reading, athlete))
    visible = Race.objects.visible_to(request.user).of(athlete)
    book = RaceBook.of(visible)
    today = athlete.today
    page = facts_about(request, athlete, book) | _coming_in(reading, athlete)
    page |= {"whose": reading, "athlete": athlete, "today": today, "age": athlete.age_on(today)}
    page |= {"group": dashboard.age_group(athlete, today), "here": request.get_full_path()}
    page |= _races(visible, book, today)
    if page["sees_activities"]:
        page |= _training(request, athlete, today, shows_streams=page["sees_streams"])
    page |= _forecast(book, athlete, today, weekly_m=page.get("weekly_m"), distances_m=forecasts.ON_THE_DASHBOARD)
    page["decided"] = just_decided(request, visible) if reading.is_self else None
    page["is_empty"] = not book.lines and not page.get("n_activities", 1)
    return render(request, "performance/dashboard.html", page)


def _coming_in(reading: Whose, athlete: Athlete) -> dict[str, Any]:
    """What comes in, and what is not analysed yet, told to the athlete alone. Two queries."""
    if not reading.is_self:
        return {}
    strip = sync_strip(athlete)
    if strip is None and (n := analysis.stale_activities().filter(athlete=athlete).count()):
        title, there = _("Your runs are being analysed"), reverse("performance:activity-list")
        strip = SyncStrip(state="analysing", title=title, count=_("%d to go") % n, href=there)
    return {"strip": strip}


def _strip(request: HtmxHttpRequest, strip: SyncStrip | None = None) -> HttpResponse:
    """To a reader who has seen it a moment ago: the new figures alone, or all of it where more than those changed.

    What was there is not taken away under their hands: at the end its link leads to the new figures.
    """
    template, seen = "components/sync_strip.html", request.GET.get("seen", "")
    if strip is not None and strip.key == seen:
        return render(request, f"{template}#strip-figures", {"strip": strip})
    if strip is None and seen:
        title, act = _("Everything is here and worked out."), _("Show the new figures")
        there = reverse("performance:dashboard")
        strip = SyncStrip(state="done", title=title, kind="success", href=there, act=act, polls_s=0)
    answer = render(request, template, {"strip": strip, "told": strip.told if strip and seen else ""})
    answer["HX-Retarget"], answer["HX-Reswap"] = "#sync-strip", "outerHTML"
    return answer


def _races(visible: RaceQuerySet, book: RaceBook, today: date) -> dict[str, Any]:
    block = dashboard.age_grade_block(book, today)
    rows = dashboard.distance_rows(book, today)
    waiting = (
        race_book.for_pages(visible.to_decide()).order_by("-local_date", "-pk")[:TO_DECIDE] if block.n_waiting else []
    )
    named = [*block.named, *(row.best.pk for row in rows)]
    return {
        "grade": block,
        "distances": rows,
        "candidates": list(waiting),
        "names": dashboard.names_of(visible, named) if named else {},
    }


def _training(request: HtmxHttpRequest, athlete: Athlete, today: date, *, shows_streams: bool) -> dict[str, Any]:
    """Weeks, load and the last activities, as far as the reader may see them. Three queries."""
    visible = Activity.objects.visible_to(request.user).of(athlete)
    units = units_of(request)
    days = training.training_days(visible)
    recent = visible.newest_first().select_related("race", "athlete")[:RECENT]
    page: dict[str, Any] = {
        "weeks": dashboard.weekly_distance(days, today=today, n=dashboard.WEEKS, units=units),
        "weekly_m": _weekly_m(days, today),
        "n_activities": visible.count(),
        "recent": [figures_of(run, shows_streams=shows_streams, units=units) for run in recent],
    }
    if shows_streams:
        page["load"] = dashboard.load_block(days, today=today, n_days=7 * dashboard.WEEKS)
    return page


def _weekly_m(days: list[training.TrainingDay], today: date) -> float | None:
    since = today - timedelta(weeks=MILEAGE_WEEKS)
    run = sum(day.distance_m for day in days if since < day.day <= today)
    return run / MILEAGE_WEEKS if run else None


def _forecast(
    book: RaceBook, athlete: Athlete, today: date, *, weekly_m: float | None, distances_m: tuple[float, ...]
) -> dict[str, Any]:
    forecast = forecasts.forecast_of(book, today=today, distances_m=distances_m, weekly_m=weekly_m)
    return {
        "forecast": forecast,
        "forecast_rows": forecasts.rows(forecast, athlete, today) if forecast is not None else [],
        "n_recent": forecasts.n_recent(book, today),
        "least_races": predictions.LEAST_RACES,
        "weekly_m": weekly_m,
    }


# -- predictions --------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
def prediction_list(request: HtmxHttpRequest) -> HttpResponse:
    """Times over every distance, the models they come from, and the races they rest on."""
    reading = whose(request, level=access.RACES)
    athlete = reading.athlete
    if athlete is None:
        return render(request, "performance/predictions.html", {"whose": reading, "athlete": None})
    visible = Race.objects.visible_to(request.user).of(athlete)
    book = RaceBook.of(visible)
    today = athlete.today
    page = facts_about(request, athlete, book) | {"whose": reading, "athlete": athlete, "today": today}
    weekly_m = None
    if page["sees_activities"]:
        since = today - timedelta(weeks=MILEAGE_WEEKS)
        runs = Activity.objects.visible_to(request.user).of(athlete)
        weekly_m = _weekly_m(training.training_days(runs, since=since), today)
    page |= _forecast(book, athlete, today, weekly_m=weekly_m, distances_m=forecasts.ON_THE_PAGE)
    forecast = page["forecast"]
    page["names"] = dashboard.names_of(visible, [b.result.key for b in forecast.bases]) if forecast else {}
    asked = {model for row in page["forecast_rows"] for model in row.prediction.by_model}
    page["models"] = [model for model in MODELS if model in asked]
    return render(request, "performance/predictions.html", page)


MODELS: Final = ("riegel", "vdot", "cameron", "vickers")


# -- training load ------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def training_load(request: HtmxHttpRequest) -> HttpResponse:
    """Weeks, fitness and fatigue, form; `?weeks=` says how far back. Only with the grant for heart rate."""
    reading = whose(request, level=access.STREAMS)
    athlete = reading.athlete
    if athlete is None:
        return render(request, "performance/load.html", {"whose": reading, "athlete": None})
    today, units = athlete.today, units_of(request)
    asked = request.GET.get("weeks", "")
    n = next((weeks for weeks in PERIODS if str(weeks) == asked), PERIODS[0])
    visible = Activity.objects.visible_to(request.user).of(athlete)
    days = training.training_days(visible)
    page = {
        "whose": reading,
        "athlete": athlete,
        "is_self": reading.is_self,
        "units": units,
        "today": today,
        "weeks": dashboard.weekly_distance(days, today=today, n=n, units=units),
        "load": dashboard.load_block(days, today=today, n_days=7 * n),
        "heart": training.heart_of(athlete),
        "bases": _bases(visible, since=today - timedelta(weeks=n)),
        "periods": [
            {"weeks": weeks, "name": name, "current": weeks == n, "href": _address(request, weeks)}
            for weeks, name in zip(PERIODS, (_("6 months"), _("12 months"), _("2 years")), strict=True)
        ],
        "table": dashboard.week_rows(days, today=today, n=n, units=units),
    }
    template = "performance/load.html"
    return render(request, template + "#load-charts" if wants_part(request) else template, page)


def _address(request: HtmxHttpRequest, weeks: int) -> str:
    query = request.GET.copy()
    query["weeks"] = str(weeks)
    return f"{request.path}?{query.urlencode()}"


def _bases(visible: Any, *, since: date) -> dict[str, int]:
    """How many loads come from what; "none" counts activities without one. One query."""
    counted = dict.fromkeys([*Analysis.LoadBasis.values, "none"], 0)
    for basis in visible.filter(local_date__gte=since).values_list("analysis__load_basis", flat=True):
        counted[basis or "none"] += 1
    return counted
