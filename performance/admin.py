"""The coaches' workplace: the stock admin, over what was granted to whoever is signed in, and nothing else.

Every list, page, filter, search and action starts from `visible_to`; an operator, who may do everything to accounts, sees
nobody's runs here either. Nothing can be typed over: what analysis derives is read-only, and what a coach thinks of a run
is a decision, appended in the coach's name. Looking is written down for the athlete.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities import measures
from activities.models import Activity
from activities.queue import ask_at_once
from athletes import access
from athletes.models import Athlete, CoachGrant, User
from athletes.people import note_look
from performance import analysis, decisions, exports, tasks
from performance.dashboard import age_grade_block
from performance.models import Race, RaceDecision
from performance.race_book import NEWEST, RaceBook
from performance.templatetags.evidence import reasons
from performance.views import race_faces

LATEST_RACES = 30
ROWS = 50


class Granted(admin.ModelAdmin):
    """Read-only, and over visible rows alone. `level` is what a grant must name; `searched_by` what a query may ask about."""

    level = access.RACES
    searched_by: frozenset[str] = frozenset()
    list_per_page = ROWS
    show_full_result_count = False
    actions_selection_counter = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.visible_to(request.user)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def whose(self, row: Any) -> Athlete:
        raise NotImplementedError

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of ours asks: a column that is not shown must not be found out by asking about it."""
        return lookup in self.searched_by or lookup == RunnerFilter.parameter_name

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """Each word in the name of the row, as far as that may be told, or in its runner's."""
        if not hasattr(queryset, "named"):
            return super().get_search_results(request, queryset, search_term)
        for word in search_term.split():
            of_that_name = queryset.named(word).order_by().values("pk")
            queryset = queryset.filter(Q(pk__in=of_that_name) | Q(athlete__user__name__icontains=word))
        return queryset, False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            note_look([self.whose(row).pk], coach=request.user)  # type: ignore[arg-type]
        return row

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            shown_of = {self.whose(row).pk for row in shown["cl"].result_list}
            note_look(shown_of, coach=request.user)  # type: ignore[arg-type]
        return response


class RunnerFilter(admin.SimpleListFilter):
    """The runners whom the reader may see, and no other name."""

    title = gettext_lazy("athlete")
    parameter_name = "runner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = Athlete.objects.visible_to(request.user, level=model_admin.level).select_related("user")
        return [(str(athlete.pk), str(athlete)) for athlete in seen.order_by("user__name", "pk")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        if not asked:
            return queryset
        return queryset.filter(athlete=int(asked[:18])) if asked.isdecimal() else queryset.none()


# -- runners -----------------------------------------------------------------------------------------------------------


class RaceInline(admin.TabularInline):
    """The latest races of a runner, to be read."""

    model = Race
    template = "admin/performance/latest_races.html"
    fields = readonly_fields = ("race", "state", "official", "time", "grade")
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("latest races")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Race]:
        match = request.resolver_match
        runner = match.kwargs.get("object_id", "") if match else ""
        visible = Race.objects.visible_to(request.user).filter(athlete_id=int(runner[:18]) if runner.isdecimal() else 0)
        latest = list(visible.newest_first().values_list("pk", flat=True)[:LATEST_RACES])
        return Race.objects.filter(pk__in=latest).newest_first().read_by(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Athlete | None = None) -> bool:
        return True  # of a runner who may be seen

    def has_add_permission(self, request: HttpRequest, obj: Athlete | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Athlete | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("race"))
    def race(self, race: Race) -> str:
        there = reverse("admin:performance_race_change", args=[race.pk])
        return format_html('<a href="{}">{} {}</a>', there, _when(race), race.name or _("Race"))

    @admin.display(description=gettext_lazy("distance"))
    def official(self, race: Race) -> str:
        return _distance(race)

    @admin.display(description=gettext_lazy("time"))
    def time(self, race: Race) -> str:
        return measures.format_duration(race.time_s)

    @admin.display(description=gettext_lazy("age grade"))
    def grade(self, race: Race) -> str:
        return _grade(race)


@admin.register(Athlete)
class RunnerAdmin(Granted):
    list_display = ("name", "age", "graded_by", "n_races", "n_waiting", "last_race", "level_granted")
    list_display_links = ("name",)
    list_select_related = ("user",)
    search_fields = ("user__name", "=user__email")  # whole: else an address could be found out letter by letter
    search_help_text = gettext_lazy("A name, or a whole e-mail address")
    ordering = ("user__name", "pk")
    fields = readonly_fields = ("name", "age", "graded_by", "level_granted", "n_waiting", "trend", "pages")
    inlines = (RaceInline,)

    def whose(self, row: Athlete) -> Athlete:
        return row

    def get_queryset(self, request: HttpRequest) -> QuerySet[Athlete]:
        races = Race.objects.visible_to(request.user).filter(athlete=OuterRef("pk")).order_by().values("athlete")
        counted, waiting = races.filter(state__in=["found", "confirmed"]), races.filter(state="to_decide")
        granted = access.grants_to(request.user).filter(athlete=OuterRef("pk")).values("level")[:1]
        return (
            super()
            .get_queryset(request)
            .select_related("user")
            .annotate(
                races_counted=Subquery(counted.annotate(n=Count("pk")).values("n")),
                races_waiting=Subquery(waiting.annotate(n=Count("pk")).values("n")),
                raced_last=Subquery(counted.annotate(last=Max("local_date")).values("last")),
                granted_level=Subquery(granted),
                viewer=Value(request.user.pk),
            )
        )

    @admin.display(description=gettext_lazy("athlete"), ordering="user__name")
    def name(self, runner: Athlete) -> str:
        return str(runner)

    @admin.display(description=gettext_lazy("age"))
    def age(self, runner: Athlete) -> int | str:
        age = runner.age_on(timezone.localdate())
        return "–" if age is None else age

    @admin.display(description=gettext_lazy("graded by"))
    def graded_by(self, runner: Athlete) -> str:
        return runner.get_table_display() if runner.table else "–"

    @admin.display(description=gettext_lazy("races"), ordering="races_counted")
    def n_races(self, runner: Any) -> int:
        return runner.races_counted or 0

    @admin.display(description=gettext_lazy("waiting for a decision"), ordering="races_waiting")
    def n_waiting(self, runner: Any) -> int:
        return runner.races_waiting or 0

    @admin.display(description=gettext_lazy("last race"), ordering="raced_last")
    def last_race(self, runner: Any) -> str:
        return f"{runner.raced_last:%Y-%m-%d}" if runner.raced_last else "–"

    @admin.display(description=gettext_lazy("you may see"))
    def level_granted(self, runner: Any) -> str:
        if runner.user_id == runner.viewer:
            return _("everything, it is yours")
        return str(CoachGrant.Level(runner.granted_level).label) if runner.granted_level else "–"

    @admin.display(description=gettext_lazy("age grade over the years"))
    def trend(self, runner: Any) -> str:
        viewer = User(pk=runner.viewer, is_active=True)
        book = RaceBook.of(Race.objects.visible_to(viewer).of(runner))
        block = age_grade_block(book, timezone.localdate())
        if block.trend is None:
            return _("No graded race yet.")
        return render_to_string("admin/performance/trend.html", {"trend": block.trend, "grade": block})

    @admin.display(description=gettext_lazy("pages"))
    def pages(self, runner: Any) -> str:
        return format_html(
            '<a href="{}?athlete={}">{}</a>', reverse("performance:race-list"), str(runner.pk), _("Race book")
        )


# -- races -------------------------------------------------------------------------------------------------------------


@admin.register(Race)
class RaceAdmin(Granted):
    list_display = ("day", "event", "runner", "official", "time", "grade", "state", "likely")
    list_display_links = ("event",)
    list_filter = ("state", RunnerFilter)
    list_select_related = ("athlete__user",)
    searched_by = frozenset(
        {"state", "state__exact", "local_date__year", "local_date__month", "local_date__day", "local_date__gte", "local_date__lt"}
    )  # fmt: skip
    search_fields = ("name", "athlete__user__name")
    search_help_text = gettext_lazy("An event or an athlete")
    date_hierarchy = "local_date"
    ordering = ("-local_date", "-pk")
    actions = ("confirm", "reject", "undo", "export_csv", "analyse_again")
    fields = readonly_fields = (
        "day", "event", "runner", "state", "official", "time", "time_source", "grade", "edition", "likely", "why", "decided",
        "run",
    )  # fmt: skip

    def whose(self, row: Race) -> Athlete:
        return row.athlete

    def get_queryset(self, request: HttpRequest) -> QuerySet[Race]:
        detailed = Athlete.objects.visible_to(request.user, level=access.STREAMS).filter(pk=OuterRef("athlete"))
        run = Activity.objects.visible_to(request.user).filter(pk=OuterRef("found_in")).values("pk")
        return (
            super()
            .get_queryset(request)
            .select_related("athlete__user")
            .annotate(shows_streams=Exists(detailed), run_seen=Subquery(run))
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only our own: the site's "delete" is not a coach's to press."""
        return {name: action for name, action in super().get_actions(request).items() if name in self.actions}

    # what a coach decides, in the coach's name

    @admin.action(description=gettext_lazy("This is a race: confirm"))
    def confirm(self, request: HttpRequest, queryset: QuerySet[Race]) -> None:
        self._decide(request, queryset, RaceDecision.What.CONFIRMED)

    @admin.action(description=gettext_lazy("This is not a race: reject"))
    def reject(self, request: HttpRequest, queryset: QuerySet[Race]) -> None:
        self._decide(request, queryset, RaceDecision.What.REJECTED)

    @admin.action(description=gettext_lazy("Undo the last answer"))
    def undo(self, request: HttpRequest, queryset: QuerySet[Race]) -> None:
        self._decide(request, queryset, RaceDecision.What.UNDONE)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Race], what: RaceDecision.What) -> None:
        """What was decided elsewhere between the page and the answer is told and left as it is."""
        latest = RaceDecision.objects.filter(race=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        seen = {pk: last or 0 for pk, last in queryset.annotate(last=Subquery(latest)).values_list("pk", "last")}
        if len(seen) > decisions.AT_ONCE:
            if ask_at_once(tasks.decide_races, list(seen.items()), what, request.user.pk):
                self._in_the_background(request, len(seen))
            else:
                words = _("The queue does not answer just now, so nothing was changed. Try again in a minute.")
                self.message_user(request, words, messages.ERROR)
            return
        done = decisions.decide_for(seen, what=what, by=request.user)  # type: ignore[arg-type]
        words = ngettext("%(n)d race: %(what)s.", "%(n)d races: %(what)s.", done) % {"n": done, "what": what.label}
        self.message_user(request, words, messages.SUCCESS if done else messages.WARNING)
        if skipped := len(seen) - done:
            left = ngettext("%d race was left as it is.", "%d races were left as they are.", skipped) % skipped
            self.message_user(request, left, messages.WARNING)

    def _in_the_background(self, request: HttpRequest, n: int) -> None:
        words = ngettext(
            "%d race is too many to wait for: it goes on in the background. Load this list again to see how far it is.",
            "%d races are too many to wait for: it goes on in the background. Load this list again to see how far it is.",
            n,
        )
        self.message_user(request, words % n, messages.INFO)

    @admin.action(description=gettext_lazy("Export as CSV"))
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Race]) -> HttpResponseBase:
        visible = Race.objects.visible_to(request.user).filter(pk__in=list(queryset.values_list("pk", flat=True)))
        found = race_faces.rows(visible, sort=NEWEST)
        joined = (
            {**row, **{name: " ".join(map(str, row[name])) for name in ("source", "activity_ids")}} for row in found
        )
        return exports.csv_response(race_faces.FIELDS, joined, name="races.csv")

    @admin.action(description=gettext_lazy("Analyse again"))
    def analyse_again(self, request: HttpRequest, queryset: QuerySet[Race]) -> None:
        """In the background: the runs behind them count as changed, and their runners' histories are searched again."""
        ids = list(queryset.values_list("pk", flat=True))
        analysis.want_again(ids)
        words = ngettext("%d race is being analysed again.", "%d races are being analysed again.", len(ids)) % len(ids)
        self.message_user(request, words, messages.SUCCESS)

    # columns and fields

    @admin.display(description=gettext_lazy("date"), ordering="local_date")
    def day(self, race: Race) -> str:
        return _when(race)

    @admin.display(description=gettext_lazy("event"), ordering="name")
    def event(self, race: Race) -> str:
        return race.name or _("Race")

    @admin.display(description=gettext_lazy("athlete"), ordering="athlete__user__name")
    def runner(self, race: Race) -> str:
        return str(race.athlete)

    @admin.display(description=gettext_lazy("distance"), ordering="distance_m")
    def official(self, race: Race) -> str:
        return _distance(race)

    @admin.display(description=gettext_lazy("time"), ordering="time_s")
    def time(self, race: Race) -> str:
        return measures.format_duration(race.time_s)

    @admin.display(description=gettext_lazy("age grade"), ordering="age_grade")
    def grade(self, race: Race) -> str:
        return _grade(race)

    @admin.display(description=gettext_lazy("how likely a race"), ordering="probability")
    def likely(self, race: Race) -> str:
        return "–" if race.probability is None else f"{race.probability:.0%}"

    @admin.display(description=gettext_lazy("reasons"))
    def why(self, race: Any) -> str:
        said = reasons(race, race.shows_streams)
        against = _("Against: ")
        lines = [(one.text if one.in_favour else against + one.text,) for one in said]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines)) if lines else "–"

    @admin.display(description=gettext_lazy("decisions"))
    def decided(self, race: Race) -> str:
        every = race.decisions.select_related("by")
        lines = [(f"{made.at:%Y-%m-%d %H:%M}", made.get_what_display(), self._by(race, made)) for made in every]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {}, {}</li>", lines)) if lines else "–"

    @staticmethod
    def _by(race: Race, made: RaceDecision) -> str:
        """The runner by name; of anybody else no more than that it was a coach."""
        if made.by is None:
            return _("somebody who is gone")
        return str(race.athlete) if made.by_id == race.athlete.user_id else _("a coach")

    @admin.display(description=gettext_lazy("run"))
    def run(self, race: Any) -> str:
        if race.run_seen is None:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse("performance:activity", args=[race.run_seen]), _("the run"))


# -- activities --------------------------------------------------------------------------------------------------------


@admin.register(Activity)
class ActivityAdmin(Granted):
    """Level 2, without anything of heart rate or of the way, which the run's own page shows where it may."""

    level = access.ACTIVITIES
    list_display = ("day", "title", "runner", "sport", "distance", "elapsed")
    list_display_links = ("title",)
    list_filter = (RunnerFilter,)
    list_select_related = ("athlete__user",)
    searched_by = frozenset(
        {"local_date__year", "local_date__month", "local_date__day", "local_date__gte", "local_date__lt"}
    )
    search_fields = ("name", "athlete__user__name")
    search_help_text = gettext_lazy("A run or an athlete")
    date_hierarchy = "local_date"
    ordering = ("-started_at", "-pk")
    actions = None
    fields = readonly_fields = ("day", "title", "runner", "sport", "distance", "elapsed", "moving", "device", "page")

    def whose(self, row: Activity) -> Athlete:
        return row.athlete

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return super().get_queryset(request).select_related("athlete__user")

    @admin.display(description=gettext_lazy("date"), ordering="local_date")
    def day(self, run: Activity) -> str:
        return _when(run)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def title(self, run: Activity) -> str:
        return str(run)

    @admin.display(description=gettext_lazy("athlete"), ordering="athlete__user__name")
    def runner(self, run: Activity) -> str:
        return str(run.athlete)

    @admin.display(description=gettext_lazy("distance"), ordering="distance_m")
    def distance(self, run: Activity) -> str:
        return measures.format_distance(run.distance_m, "km")

    @admin.display(description=gettext_lazy("elapsed time"), ordering="elapsed_s")
    def elapsed(self, run: Activity) -> str:
        return measures.format_duration(run.elapsed_s)

    @admin.display(description=gettext_lazy("moving time"))
    def moving(self, run: Activity) -> str:
        return measures.format_duration(run.moving_s)

    @admin.display(description=gettext_lazy("page"))
    def page(self, run: Activity) -> str:
        return format_html('<a href="{}">{}</a>', reverse("performance:activity", args=[run.pk]), _("the run"))


def _when(row: Race | Activity) -> str:
    return f"{row.local_date:%Y-%m-%d}"


def _distance(race: Race) -> str:
    return measures.official_distance_name(race.distance_m, units="km") if race.distance_m else "–"


def _grade(race: Race) -> str:
    return "–" if race.age_grade is None else f"{race.age_grade:.1%}"
