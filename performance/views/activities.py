"""The list of activities, the page of one, and both as CSV and JSON."""

from collections.abc import Callable, Iterator
from functools import wraps
from itertools import groupby, islice
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from activities import streams
from activities.models import Activity, Recording
from athletes import access
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from athletes.people import note_look
from athletes.whose import sees, units_of, whose
from performance import activity_charts, activity_rows, exports, profile, quality, training
from performance.activity_filter import ActivityFilterForm, Cursor, page_after
from performance.figures import Figures, effort_fields, figures_of, tempo_of, with_ascent
from performance.key_figures import key_figures
from performance.models import Analysis, BestEffort, Race
from performance.views.races import just_decided
from performance.zones import zone_rows
from performance.zoom import ZoomForm

#: an analysis that takes longer than this waits for a worker, and is asked about less often
SOON_S: Final = 60

# -- the list -----------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def activity_list(request: HtmxHttpRequest) -> HttpResponse:
    """The reader's activities, or those of an athlete (`?athlete=`) who granted a look; a fixed number of queries."""
    reading = whose(request, level=access.ACTIVITIES)
    if reading.athlete is None:
        return render(request, "performance/activity_list.html", {"whose": reading, "athlete": None})
    form, found = _filtered(request, reading.athlete)
    before = Cursor.read(request.GET.get("before", ""))
    activities, after = page_after(found.select_related("race"), before)
    shows_streams = sees(request, reading.athlete, level=access.STREAMS)
    units = units_of(request)
    rows = [figures_of(activity, shows_streams=shows_streams, units=units) for activity in activities]
    page = {
        "whose": reading,
        "athlete": reading.athlete,
        "form": form,
        "units": units,
        "shows_streams": shows_streams,
        "years": [(str(year), list(group)) for year, group in groupby(rows, lambda row: row.activity.local_date.year)],
        "n_rows": len(rows),
        "total": found.count(),
        "before": before,
        "more": _asked(request, before=str(after)) if after else "",
        "first": _asked(request),
        "query": _asked(request).partition("?")[2],
    }
    template = "performance/activity_list.html"
    if wants_part(request):
        template += "#more-activities" if before is not None else "#activity-list"
    return render(request, template, page)


def _filtered(request: HtmxHttpRequest, athlete: Athlete) -> tuple[ActivityFilterForm, QuerySet[Activity]]:
    visible = Activity.objects.visible_to(request.user).of(athlete)
    sports = sorted({sport for sport in visible.order_by().values_list("sport", flat=True).distinct() if sport})
    form = ActivityFilterForm(request.GET, sports=sports, units=units_of(request))
    return form, form.apply(visible)


def _asked(request: HtmxHttpRequest, **changed: str) -> str:
    """The address of this list with the filters in use, without what is empty."""
    query = request.GET.copy()
    query.pop("before", None)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    for name, value in changed.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


# -- one activity -------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@vary_on_headers("HX-Request", "HX-Target")
def activity(request: HtmxHttpRequest, activity_id: int) -> HttpResponse:
    """One activity as the reader may see it; 404 for anybody else's. `#activity` polls while there is no analysis yet.

    `?from_km= &to_km=` (or `_mi`) draws the charts of that part from the samples, to HTMX as `#charts` alone.
    """
    run = _visible(request, activity_id)
    athlete = run.athlete
    is_self = athlete.user_id == request.user.pk
    shows_streams = sees(request, athlete, level=access.STREAMS)
    units = units_of(request)
    figures = figures_of(run, shows_streams=shows_streams, units=units)
    analysis = _analysis(run)
    zoom = ZoomForm(request.GET, units=units)
    page = {
        "athlete": athlete,
        "zoom": zoom,
        "is_self": is_self,
        "other_races": _other_races(request, run),
        "decided": just_decided(request, Race.objects.of(athlete)) if is_self else None,
        "units": units,
        "figures": figures,
        "activity": run,
        "key_figures": key_figures(figures),
        "rejected": _rejected(run),
        "shows_streams": shows_streams,
        "analysis": analysis,
        "waits_soon": (timezone.now() - run.changed_at).total_seconds() < SOON_S,
        "stale": analysis is not None and analysis.seen_change != run.changed_at,
        **_recorded(run, figures, is_self=is_self, analysis=analysis),
    }
    if analysis is not None and not analysis.failed:
        page |= _analysed(run, figures, analysis, is_self=is_self)
        if shows_streams:
            page |= _drawn(run, figures, analysis, zoom, is_self=is_self)
    template = "performance/activity.html"
    if not wants_part(request):
        return render(request, template, page)
    if request.htmx.target == "charts" and page.get("charts") is not None:
        return render(request, template + "#charts", page, status=422 if zoom.errors else 200)
    return render(request, template + "#activity", page)


def _visible(request: HtmxHttpRequest, activity_id: int) -> Activity:
    recordings = Recording.objects.order_by("-leads", "stored_at").prefetch_related("laps")
    visible = with_ascent(Activity.objects.visible_to(request.user)).select_related("athlete__user", "race", "analysis")
    run = get_object_or_404(visible.prefetch_related(Prefetch("recordings", recordings)), pk=activity_id)
    if run.athlete.user_id != request.user.pk:
        note_look([run.athlete_id], coach=request.user)
    return run


def _analysis(run: Activity) -> Analysis | None:
    try:
        return run.analysis
    except ObjectDoesNotExist:
        return None


def _rejected(run: Activity) -> Race | None:
    race: Race | None = getattr(run, "race", None)
    return race if race is not None and race.state == Race.State.REJECTED else None


def _other_races(request: HtmxHttpRequest, run: Activity) -> list[Race]:
    """Races that a person linked to this run besides its own: a leg, another race of the meeting, one it warmed up for."""
    linked = Race.objects.visible_to(request.user).filter(parts__said=True, parts__recording__activity=run)
    return list(linked.exclude(found_in=run).annotate(role=F("parts__role")).order_by("parts__start_s", "pk"))


def _recorded(run: Activity, figures: Figures, *, is_self: bool, analysis: Analysis | None) -> dict[str, Any]:
    """Laps, sources and what there is to know about their quality. What only Strava told is the athlete's own."""
    recordings = [
        recording for recording in run.recordings.all() if is_self or recording.source != Recording.Source.STRAVA
    ]
    leading = next((recording for recording in recordings if recording.leads), None)
    codes = [*(leading.notes if leading else []), *(analysis.notes if analysis else [])]
    laps = activity_rows.lap_rows(
        list(leading.laps.all()) if leading else [],
        tempo=tempo_of(run.sport),
        units=figures.units,
        shows_heart_rate=figures.shows_streams,
    )
    return {
        "leading": leading,
        "others": [recording for recording in recordings if recording != leading],
        "notes": quality.sentences(codes, shows_streams=figures.shows_streams),
        "laps": laps if len(laps) > 1 else [],
        "laps_have_hr": any(lap.hr_avg is not None for lap in laps),
        "folded_from": activity_rows.UNFOLDED_ROWS,
    }


def _analysed(run: Activity, figures: Figures, analysis: Analysis, *, is_self: bool) -> dict[str, Any]:
    """What was derived, as far as the reader may see it: charts and route only with the grant for streams."""
    tempo, units = tempo_of(run.sport), figures.units
    splits = activity_rows.split_rows(analysis, tempo=tempo, units=units, shows_heart_rate=figures.shows_streams)
    page: dict[str, Any] = {
        "splits": splits,
        "splits_have_hr": any(split.hr_avg is not None for split in splits),
        "splits_have_climb": any(split.climb_m is not None for split in splits),
        "efforts": activity_rows.effort_rows(
            run.best_efforts.all(),
            race_m=figures.race.distance_m if figures.race is not None else None,
            athlete=run.athlete,
            day=run.local_date,
            graded=run.sub_sport != "trail",
        ),
        "efforts_graded": run.athlete.born is not None and bool(run.athlete.sexes),
    }
    return page


def _drawn(run: Activity, figures: Figures, analysis: Analysis, zoom: ZoomForm, *, is_self: bool) -> dict[str, Any]:
    """Charts, route and zones, for who may see them. Samples are read only for a part of the run; two queries at most."""
    tempo, units = tempo_of(run.sport), figures.units
    part = _part(analysis, zoom.part_m) if zoom.part_m is not None else None
    route = activity_charts.route_drawing(analysis, units=units, hides_ends=not is_self, part=part or None)
    known = training.heart_of(run.athlete) if analysis.heart else None
    return {
        "route": route,
        "ends_hidden": not is_self,
        "has_positions": bool(analysis.route),
        "charts": activity_charts.chart_stack(part or analysis.charts, tempo=tempo, units=units, route=route),
        "can_zoom": analysis.charts.get("axis") == "distance",
        "is_part": bool(part),
        "no_such_part": zoom.part_m is not None and not part,
        "zones": zone_rows(analysis, known),
        "heart": known,
        "has_heart": bool(analysis.heart),
    }


def _part(analysis: Analysis, part_m: tuple[float, float]) -> dict[str, Any]:
    """From the samples where they are still kept, else from the stored columns; empty where the run does not reach it."""
    samples = streams.read(analysis.recording) if analysis.recording is not None else None
    if samples is not None and len(samples):
        return profile.zoomed(samples, *part_m)
    return activity_charts.part_of(analysis.charts, *part_m)


# -- as CSV and JSON ----------------------------------------------------------------------------------------------------

FIELDS: Final = (
    "id", "date", "start_time_utc", "utc_offset_s", "name", "sport", "sub_sport", "distance_m", "time_s", "elapsed_s",
    "timer_s", "moving_s", "pace_s_per_km", "hr_avg", "hr_max", "cadence_avg", "power_avg", "ascent_m", "descent_m",
    "device", "race_id", "race_state", "age_grade",
)  # fmt: skip


class UnreadableFilter(Exception):
    """What was wrong with the query string, in words."""


Face = Callable[..., HttpResponseBase]


def for_programs(view: Face) -> Face:
    """Who is signed out gets 401 and a filter that cannot be read 422, both as JSON: a page helps no program."""

    @login_not_required
    @require_safe
    @never_cache
    @wraps(view)
    def answer(request: HtmxHttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return exports.json_error(
                401, _("Please sign in"), _("This address answers only somebody who is signed in.")
            )
        try:
            return view(request, *args, **kwargs)
        except UnreadableFilter as error:
            return exports.json_error(422, _("The filter could not be read"), str(error))

    return answer


@for_programs
def activities_csv(request: HtmxHttpRequest) -> HttpResponseBase:
    return exports.csv_response(FIELDS, _exported(request), name="activities.csv")


@for_programs
def activities_json(request: HtmxHttpRequest) -> HttpResponseBase:
    return exports.json_response(_exported(request))


def _asked_for(request: HtmxHttpRequest) -> tuple[Athlete | None, QuerySet[Activity]]:
    """All that the list would show with these filters. Raises UnreadableFilter before the first row is sent."""
    athlete = whose(request, level=access.ACTIVITIES).athlete
    if athlete is None:
        return None, Activity.objects.none()
    form, found = _filtered(request, athlete)
    if not form.is_valid():
        raise UnreadableFilter(
            "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        )
    return athlete, found


def _exported(request: HtmxHttpRequest) -> Iterator[dict[str, Any]]:
    athlete, found = _asked_for(request)
    shows_streams = athlete is not None and sees(request, athlete, level=access.STREAMS)
    return rows(found, shows_streams=shows_streams)


def rows(activities: QuerySet[Activity], *, shows_streams: bool) -> Iterator[dict[str, Any]]:
    """The exported fields of every activity, newest first. One query."""
    for run in with_ascent(activities).order_by("-started_at", "-pk").select_related("race").iterator(chunk_size=500):
        yield figures_of(run, shows_streams=shows_streams, units="km").as_dict()


@for_programs
def activity_json(request: HtmxHttpRequest, activity_id: int) -> JsonResponse:
    """One activity with its splits, laps and best efforts; with the grant for streams also chart columns and route."""
    run = _visible(request, activity_id)
    is_self = run.athlete.user_id == request.user.pk
    shows_streams = sees(request, run.athlete, level=access.STREAMS)
    analysis = _analysis(run)
    answer = figures_of(run, shows_streams=shows_streams, units="km").as_dict()
    answer["analysed"] = analysis is not None and not analysis.failed
    recordings = [one for one in run.recordings.all() if is_self or one.source != Recording.Source.STRAVA]
    leading = next((one for one in recordings if one.leads), None)
    answer["recordings"] = [
        {
            "id": one.pk,
            "leads": one.leads,
            "source": one.source,
            "device": one.device,
            "n_records": one.n_records,
            **({"n_positions": one.n_positions, "n_hr": one.n_hr} if shows_streams else {}),
        }
        for one in recordings
    ]
    answer["laps"] = [
        {
            "number": number,
            "distance_m": lap.distance_m,
            "elapsed_s": lap.elapsed_s,
            "timer_s": lap.timer_s,
            "hr_avg": lap.hr_avg if shows_streams else None,
            "hr_max": lap.hr_max if shows_streams else None,
        }
        for number, lap in enumerate(leading.laps.all() if leading else [], start=1)
    ]
    splits = analysis.splits if analysis is not None and isinstance(analysis.splits, dict) else {}
    answer["splits"] = {
        unit: parts if shows_streams else [{**part, "hr_avg": None} for part in parts] for unit, parts in splits.items()
    }
    answer["best_efforts"] = [
        {"distance_m": effort.distance_m, "time_s": effort.time_s, "start_s": effort.start_s}
        for effort in run.best_efforts.all()
    ]
    if shows_streams and analysis is not None:
        answer["charts"] = activity_charts.shown_columns(analysis, hides_ends=not is_self)
        points = [(lat, lon) for lat, lon in analysis.route]
        answer["route"] = activity_charts.shown_route(points, hides_ends=not is_self)
    return JsonResponse(answer)


@for_programs
def efforts_json(request: HtmxHttpRequest) -> HttpResponseBase:
    """Every best effort of the activities that the list would show with these filters."""
    _athlete, found = _asked_for(request)
    return exports.json_response(effort_fields(efforts_of(found)))


def efforts_of(activities: QuerySet[Activity]) -> Iterator[BestEffort]:
    """With their activities, which tell only what the reader may be told. Two queries, and one for every thousand."""
    efforts = BestEffort.objects.filter(activity__in=activities.order_by().values("pk"))
    ordered = efforts.order_by("-activity__started_at", "activity_id", "distance_m").iterator(chunk_size=1000)
    while some := list(islice(ordered, 1000)):
        runs = {run.pk: run for run in activities.order_by().filter(pk__in={effort.activity_id for effort in some})}
        for effort in some:
            if effort.activity_id in runs:  # else it went, or moved, while this was being sent
                effort.activity = runs[effort.activity_id]
                yield effort
