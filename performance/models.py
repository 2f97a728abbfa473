"""What it was worth: races, what people decided about them, and what analysis derives and can always derive again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from activities import sharing
from activities.models import Activity, Recording
from activities.reading import ReadByQuerySet
from athletes import access
from athletes.models import Athlete


class RaceQuerySet(ReadByQuerySet["Race"]):
    def visible_to(self, user: access.Viewer) -> RaceQuerySet:
        """Races this user may see (grant level 1); what rests on Strava's data alone only by the operator's switch.

        A warm-up that a watch recorded opens no race that Strava alone told of.
        """
        visible = self.filter(access.athletes_q(user, level=access.RACES, prefix="athlete__"))
        if not settings.STRAVA_SHARE_WITH_COACHES and user.is_authenticated:
            raced = RaceRecording.objects.filter(race=models.OuterRef("pk"), role=RaceRecording.Role.RACE)
            from_strava = raced.filter(recording__source="strava")
            elsewhere = raced.exclude(recording__source="strava")
            told = Q(typed=True) | ~models.Exists(from_strava) | models.Exists(elsewhere)
            visible = visible.filter(Q(athlete__user=user) | told)
        return visible.read_by(user)

    def keep_from(self, rows: Sequence[Race], reader: access.Viewer) -> None:
        """What only Strava told of the run stands in the race's derived name too, and in the evidence. Two queries."""
        runs = {race.found_in_id: race.found_in for race in rows if "found_in" in race._state.fields_cache}
        ids = {race.found_in_id for race in rows if race.found_in_id is not None and race.athlete_id} - runs.keys()
        runs |= Activity.objects.filter(pk__in=ids).in_bulk() if ids else {}
        changed = sharing.keep_from([run for run in runs.values() if run is not None], reader)
        for race in rows:
            others, run = changed.get(race.found_in_id or 0), runs.get(race.found_in_id)
            if others is None or run is None:
                continue
            if "name" in others:
                race.name = race.said_name or run.name
            if "distance_m" in others and not race.said_distance_m:
                race.distance_m = race.age_grade = race.age_grade_other = None
                if "evidence" not in race.get_deferred_fields():
                    race.evidence = {**race.evidence, "official_distance_m": None, "run_m": None}
            if "evidence" not in race.get_deferred_fields():
                race.evidence = {**race.evidence, "reasons": _told_by(race.evidence.get("reasons", []), others)}

    def of(self, athlete: Athlete) -> RaceQuerySet:
        return self.filter(athlete=athlete).unless_own(athlete)

    def named(self, text: str) -> RaceQuerySet:
        """Those whose name holds a text, as far as the reader may be told their names."""
        found = self.filter(name__icontains=text)
        if (reader := self.keeps_from) is None:
            return found
        ours = Q(athlete__user=reader) | Q(said_name__icontains=text) | Q(found_in__corrected__contains=["name"])
        return found.filter(ours | sharing.tells_the_name(text, run="found_in"))

    def counted(self) -> RaceQuerySet:
        """What counts towards grades and bests: confirmed, and what we are very sure of."""
        return self.filter(state__in=[Race.State.FOUND, Race.State.CONFIRMED])

    def to_decide(self) -> RaceQuerySet:
        return self.filter(state=Race.State.TO_DECIDE)

    def newest_first(self) -> RaceQuerySet:
        return self.order_by("-local_date", "-pk")

    def best_first(self) -> RaceQuerySet:
        return self.order_by(F("age_grade").desc(nulls_last=True), "-local_date", "-pk")


_CLOCK = ("elapsed_s", "timer_s", "moving_s")
_PACE = ("distance_m", *_CLOCK)
_START = ("started_at", "utc_offset_s")
#: the columns of a run that each piece of evidence rests on; none at all: samples, which are the leading recording's own.
#: Evidence that is not listed here is not told where Strava completed the run, nor are applause and company, which only
#: Strava knows
EVIDENCE_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("flagged", "flagged_other", "flags_others"), ("sub_sport",)),
    **dict.fromkeys(
        (
            "name_event", "name_event_training", "name_training", "name_year", "name_ordinal", "name_medal", "name_result",
            "name_own", "name_automatic", "names_silent", "own_name", "name_repeated", "inside_named",
        ),
        ("name",),
    ),
    "name_distance": ("name", "distance_m"),
    "name_time": ("name", *_CLOCK),
    **dict.fromkeys(("distance_over", "distance_near", "distance_exact", "longest"), ("distance_m", "name")),
    **dict.fromkeys(("marathon_length", "ultra_length", "distance_short"), ("distance_m",)),
    "pace": _PACE,
    **dict.fromkeys(("effort", "effort_margin"), (*_PACE, "ascent_m")),
    "heart_rate": ("hr_avg",),
    **dict.fromkeys(("no_stops", "stops", "samples_no_stops"), _CLOCK),
    **dict.fromkeys(("start_slot", "on_the_half_hour"), _START),
    "parkrun_time": (*_START, "distance_m"),
    **dict.fromkeys(("warm_up", "cool_down", "faster_beside", "load", "rest"), (*_START, *_PACE)),
    **dict.fromkeys(("athletes", "kudos", "achievements", "records"), ("strava",)),
    **dict.fromkeys(("treadmill", "virtual", "walk"), ("sport", "sub_sport")),
    "too_fast": _PACE,
    **dict.fromkeys(("samples_heart", "inside_heart"), ("hr_max",)),
    **dict.fromkeys(
        (
            "samples_even", "samples_pieces", "inside_level", "inside_rank", "inside_alike", "inside_rest", "inside_over",
            "inside_rare", "inside_even", "inside_slowest", "inside_stopped", "inside_pieces", "inside_before",
            "inside_after", "inside_answers",
        ),
        (),
    ),
}  # fmt: skip


def _told_by(reasons: list[dict[str, Any]], kept_back: frozenset[str]) -> list[dict[str, Any]]:
    """The reasons that rest on nothing of what is kept back."""
    hidden = kept_back | {"strava"}
    return [one for one in reasons if hidden.isdisjoint(EVIDENCE_OF.get(str(one.get("code", "")), ("strava",)))]


class Race(models.Model):
    """A result of an organised event, with or without recordings.

    Two kinds of columns: what a person said (`said_*`, `chip_time_s`, `gun_time_s`, places), which analysis reads and
    never writes; and what analysis derives, which is thrown away and made again.
    """

    class State(models.TextChoices):
        FOUND = "found", _("found by us")
        TO_DECIDE = "to_decide", _("to decide")
        CONFIRMED = "confirmed", _("confirmed")
        REJECTED = "rejected", _("rejected")

    class Surface(models.TextChoices):
        ROAD = "road", _("road")
        TRACK = "track", _("track")
        TRAIL = "trail", _("trail")
        CROSS_COUNTRY = "cross_country", _("cross-country")
        OTHER = "other", _("other")

    class TimeSource(models.TextChoices):
        CHIP = "chip", _("chip time")
        GUN = "gun", _("gun time")
        EFFORT = "effort", _("best effort inside the recording")
        ELAPSED = "elapsed", _("elapsed time")

    #: what a person says and analysis never writes
    SAID: ClassVar[tuple[str, ...]] = (
        "said_name",
        "said_distance_m",
        "said_surface",
        "chip_time_s",
        "gun_time_s",
        "place_overall",
        "place_sex",
        "place_age_group",
        "field_overall",
        "field_sex",
        "field_age_group",
        "age_group",
        "bib",
        "certified",
        "result_url",
        "notes",
        "cost",
        "currency",
    )

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="races")
    local_date = models.DateField()
    #: a person told of it before any recording did: it stays without one, and can be parted from one again
    typed = models.BooleanField(default=False, db_default=False)
    #: activities that a person said are not this race, so that they are not taken for it again
    not_in = ArrayField(models.BigIntegerField(), default=list, blank=True, db_default=[])
    #: the activity whose recording made us think of a race, or was found to be the typed one's; else empty
    found_in = models.OneToOneField(Activity, on_delete=models.SET_NULL, null=True, blank=True, related_name="race")
    recordings: models.ManyToManyField[Recording, RaceRecording] = models.ManyToManyField(
        Recording, through="RaceRecording", related_name="races"
    )

    # said by a person
    said_name = models.CharField(_("event"), max_length=300, blank=True)
    said_distance_m = models.FloatField(_("official distance"), null=True, blank=True)
    said_surface = models.CharField(_("surface"), max_length=14, choices=Surface.choices, blank=True)
    chip_time_s = models.FloatField(_("chip time"), null=True, blank=True)
    gun_time_s = models.FloatField(_("gun time"), null=True, blank=True)
    place_overall = models.PositiveIntegerField(null=True, blank=True)
    place_sex = models.PositiveIntegerField(null=True, blank=True)
    place_age_group = models.PositiveIntegerField(null=True, blank=True)
    #: how many finished, overall, among that sex, in that age group
    field_overall = models.PositiveIntegerField(null=True, blank=True)
    field_sex = models.PositiveIntegerField(null=True, blank=True)
    field_age_group = models.PositiveIntegerField(null=True, blank=True)
    age_group = models.CharField(_("age group"), max_length=30, blank=True, db_default="")
    bib = models.CharField(_("bib number"), max_length=20, blank=True, db_default="")
    certified = models.BooleanField(_("certified course"), null=True, blank=True)
    result_url = models.URLField(_("result on the web"), max_length=500, blank=True, db_default="")
    notes = models.TextField(_("notes"), blank=True, db_default="")
    cost = models.DecimalField(_("cost"), max_digits=8, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, db_default="")

    # derived
    state = models.CharField(max_length=10, choices=State.choices)
    name = models.CharField(max_length=300, blank=True)
    distance_m = models.FloatField(null=True, blank=True)
    surface = models.CharField(max_length=14, choices=Surface.choices, default=Surface.ROAD)
    time_s = models.FloatField(null=True, blank=True)
    time_source = models.CharField(max_length=8, choices=TimeSource.choices, blank=True)
    probability = models.FloatField(null=True, blank=True)
    #: [{"code", "weight", "params"}], heaviest first, and what there was no evidence of
    evidence = models.JSONField(default=dict, blank=True)
    age = models.PositiveSmallIntegerField(null=True, blank=True)
    edition = models.CharField(max_length=30, blank=True)
    convention = models.CharField(max_length=20, blank=True)
    graded_by = models.CharField(max_length=1, blank=True)
    age_grade = models.FloatField(null=True, blank=True)
    #: the grade by the other table, for those who asked for both
    age_grade_other = models.FloatField(null=True, blank=True)
    refusal = models.CharField(max_length=30, blank=True)
    #: the GRADING_VERSION that graded it (performance/standards.py)
    grading_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    derived_at = models.DateTimeField(null=True, blank=True)

    objects = RaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(distance_m__isnull=True) | Q(distance_m__gt=0), name="race_distance_positive"
            ),
            models.CheckConstraint(
                condition=Q(said_distance_m__isnull=True) | Q(said_distance_m__gt=0), name="race_said_distance_positive"
            ),
            models.CheckConstraint(condition=Q(time_s__isnull=True) | Q(time_s__gt=0), name="race_time_positive"),
            models.CheckConstraint(
                condition=Q(chip_time_s__isnull=True) | Q(chip_time_s__gt=0), name="race_chip_time_positive"
            ),
            models.CheckConstraint(
                condition=Q(gun_time_s__isnull=True) | Q(gun_time_s__gt=0), name="race_gun_time_positive"
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__range=(0, 1)), name="race_probability_is_one"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["found", "to_decide", "confirmed", "rejected"]), name="race_state_known"
            ),
            models.CheckConstraint(
                condition=Q(age_grade__isnull=True) | (~Q(edition="") & ~Q(convention="") & Q(age_grade__gt=0)),
                name="race_grade_names_its_edition",
            ),
            models.CheckConstraint(
                condition=Q(time_s__isnull=True, time_source="") | (Q(time_s__isnull=False) & ~Q(time_source="")),
                name="race_time_names_its_source",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"field_{among}__isnull": True})
                    | Q(**{f"place_{among}__isnull": True})
                    | Q(**{f"place_{among}__lte": F(f"field_{among}")}),
                    name=f"race_place_{among}_within_field",
                )
                for among in ("overall", "sex", "age_group")
            ),
            models.CheckConstraint(
                condition=Q(cost__isnull=True, currency="")
                | (Q(cost__isnull=False) & Q(cost__gte=0) & ~Q(currency="")),
                name="race_cost_names_its_currency",
            ),
        ]
        indexes = [models.Index(fields=["athlete", "-local_date", "-id"], name="race_by_athlete")]

    def __str__(self) -> str:
        return f"{self.name or _('Race')} {self.local_date}"

    @property
    def counts(self) -> bool:
        return self.state in {self.State.FOUND, self.State.CONFIRMED}

    @property
    def has_a_result(self) -> bool:
        """Whether anything is known of the result beyond its time."""
        known = (self.place_overall, self.place_sex, self.place_age_group, self.age_group, self.bib, self.result_url)
        return any(known) or self.certified is not None

    @property
    def pace_s_per_km(self) -> float | None:
        return self.time_s / self.distance_m * 1000 if self.time_s and self.distance_m else None


class RaceRecording(models.Model):
    """Which part of which recording is the race: a race may lie in several files, a file may hold several races.

    What analysis finds is thrown away and made again; what a person `said` stays, with what it was: the race or a part
    of it, the warm-up, the cool-down.
    """

    class Role(models.TextChoices):
        RACE = "race", _("the race, or a part of it")
        WARM_UP = "warm_up", _("warm-up")
        COOL_DOWN = "cool_down", _("cool-down")

    race = models.ForeignKey(Race, on_delete=models.CASCADE, related_name="parts")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="race_parts")
    start_s = models.FloatField(null=True)
    end_s = models.FloatField(null=True)
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.RACE, db_default=Role.RACE)
    said = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["race", "recording"], name="race_part_once"),
            models.CheckConstraint(condition=Q(role__in=["race", "warm_up", "cool_down"]), name="race_part_role_known"),
            models.CheckConstraint(
                condition=Q(start_s__isnull=True, end_s__isnull=True) | Q(end_s__gt=F("start_s")),
                name="race_part_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.race} in {self.recording}"


class RaceDecision(models.Model):
    """What a person said about a race. Rows are only ever appended (a trigger refuses to rewrite one); the last one holds.

    A race without a recording is decided the day it is typed in: `marked`.
    """

    class What(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        REJECTED = "rejected", _("rejected")
        MARKED = "marked", _("marked as a race")
        UNDONE = "undone", _("undone")

    race = models.ForeignKey(Race, on_delete=models.CASCADE, related_name="decisions")
    what = models.CharField(max_length=10, choices=What.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    why = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(what__in=["confirmed", "rejected", "marked", "undone"]), name="race_decision_known"
            )
        ]
        indexes = [models.Index(fields=["race", "-id"], name="race_decision_latest")]

    def __str__(self) -> str:
        return f"{self.race}: {self.get_what_display()}"


class Analysis(models.Model):
    """What one pass over an activity's leading recording gave: chart columns, splits, route. Always derivable again."""

    class LoadBasis(models.TextChoices):
        SAMPLES = "samples", _("heart rate, every beat recorded")
        AVERAGE = "average", _("average heart rate")
        PACE = "pace", _("pace")

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, related_name="analysis", primary_key=True)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, null=True, related_name="+")
    version = models.PositiveSmallIntegerField()
    #: the activity's changed_at that was analysed; another one now means stale
    seen_change = models.DateTimeField()
    analysed_at = models.DateTimeField(default=timezone.now)
    charts = models.JSONField(default=dict)
    splits = models.JSONField(default=dict)
    route = models.JSONField(default=list)
    #: climbing by the recorded altitude, for sources that do not give it themselves
    ascent_m = models.FloatField(null=True)
    #: for how long the heart beat at each rate: {"from_bpm": 92, "seconds": [4.0, …]}; None without heart
    #: rate. Zones and load come from it
    heart = models.JSONField(null=True)
    #: training load in points (performance/load.py), what it was worked out from, and by which of the athlete's figures
    load = models.FloatField(null=True)
    load_basis = models.CharField(max_length=7, choices=LoadBasis.choices, blank=True, default="", db_default="")
    load_by = models.CharField(max_length=40, blank=True, default="", db_default="")
    #: what samples showed of the run and of stretches that stand out of it (performance/race_detection/stretches.py)
    stretches = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    notes = models.JSONField(default=list)
    #: the recording that lent a series to the leading one, by series: {"heart_rate_bpm": 17}
    borrowed = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    failed = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "analyses"
        constraints = [
            models.CheckConstraint(
                condition=Q(load__isnull=True, load_basis="") | (Q(load__gte=0) & ~Q(load_basis="")),
                name="analysis_load_names_its_basis",
            )
        ]

    def __str__(self) -> str:
        return f"analysis of {self.activity_id}"


class BestEffort(models.Model):
    """The fastest stretch of a distance inside an activity, elapsed time, from the recording named."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="best_efforts")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="best_efforts")
    distance_m = models.FloatField()
    time_s = models.FloatField()
    start_s = models.FloatField()

    class Meta:
        ordering = ["distance_m"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "distance_m"], name="best_effort_once_per_distance"),
            models.CheckConstraint(
                condition=Q(distance_m__gt=0) & Q(time_s__gt=0) & Q(start_s__gte=0), name="best_effort_positive"
            ),
        ]
        indexes = [models.Index(fields=["distance_m", "time_s"], name="best_effort_fastest")]

    def __str__(self) -> str:
        return f"{self.distance_m:g} m in {self.time_s:.1f} s"


class RaceSearch(models.Model):
    """When an athlete's history last changed in a way that finding races depends on, and when it was last searched.

    Evidence is relative to the athlete's own history, so one new run may change what an old one looks like: races are
    found athlete by athlete, and a hundred new files need one search, not a hundred.
    """

    athlete = models.OneToOneField(Athlete, on_delete=models.CASCADE, related_name="race_search", primary_key=True)
    wanted_at = models.DateTimeField()
    searched_at = models.DateTimeField(null=True, blank=True)
    #: what the last search saw of the above, of the athlete's changed_at and of the limits in force; else it is stale
    seen_wanted_at = models.DateTimeField(null=True, blank=True)
    seen_change = models.DateTimeField(null=True, blank=True)
    limits = models.CharField(max_length=40, blank=True)
    version = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "race searches"

    def __str__(self) -> str:
        return f"race search of {self.athlete_id}"


class AccountExportQuerySet(models.QuerySet["AccountExport"]):
    def visible_to(self, user: access.Viewer) -> AccountExportQuerySet:
        """Exports are the athlete's own: no grant shows them."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()

    def expired(self) -> AccountExportQuerySet:
        return self.filter(expires_at__lte=timezone.now())


class AccountExport(models.Model):
    """A zip of everything an athlete has here, being made or ready to be fetched until it expires."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        MADE = "made", _("ready")
        FAILED = "failed", _("failed")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    stored_as = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField()

    objects = AccountExportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "made", "failed"]), name="account_export_state_known"
            ),
            models.CheckConstraint(condition=~Q(state="made") | ~Q(stored_as=""), name="account_export_made_is_stored"),
            models.UniqueConstraint(
                fields=["athlete"], condition=Q(state="waiting"), name="account_export_one_in_the_making"
            ),
        ]

    def __str__(self) -> str:
        return f"export of {self.athlete_id}, {self.state}"


class ResultsFileQuerySet(models.QuerySet["ResultsFile"]):
    def visible_to(self, user: access.Viewer) -> ResultsFileQuerySet:
        """What a person brings is their own: no grant shows it."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()


class ResultsFile(models.Model):
    """A table of results: looked at first, taken in when its owner says so, taken back as a whole."""

    class State(models.TextChoices):
        PREVIEW = "preview", _("not taken in yet")
        TAKING = "taking", _("being taken in")
        TAKEN = "taken", _("taken in")
        UNDOING = "undoing", _("being taken back")
        UNDONE = "undone", _("taken back")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="results_files")
    name = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=200, blank=True)
    came_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=7, choices=State.choices, default=State.PREVIEW)
    #: field to column, how dates are written, what a bare distance is in
    reading = models.JSONField(default=dict)
    #: a row each: what became of it, of which race, and what that race said before
    outcomes = models.JSONField(default=list)

    objects = ResultsFileQuerySet.as_manager()

    class Meta:
        ordering = ["-came_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["preview", "taking", "taken", "undoing", "undone"]),
                name="results_file_state_known",
            )
        ]
        indexes = [models.Index(fields=["athlete", "-came_at"], name="results_file_by_athlete")]

    def __str__(self) -> str:
        return f"{self.name}, {self.state}"


class RegradingQuerySet(models.QuerySet["Regrading"]):
    def visible_to(self, user: access.Viewer) -> RegradingQuerySet:
        """One's own only: which standard grades is the athlete's affair, what comes of it shows in the races."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()


class Regrading(models.Model):
    """All of an athlete's races graded again: why, by which standard before and after, how far it is.

    An edition is blank where the newest was meant. What changed stands in RegradedRace, a row a race.
    """

    class Why(models.TextChoices):
        CHOSEN = "chosen", _("another standard was chosen")
        TAKEN_BACK = "taken_back", _("the former standard was chosen again")
        SHIPPED = "shipped", _("a new edition or a better calculation came with Agegrade")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="regradings")
    why = models.CharField(max_length=10, choices=Why.choices)
    road_before = models.CharField(max_length=30, blank=True)
    track_before = models.CharField(max_length=30, blank=True)
    convention_before = models.CharField(max_length=20)
    road_after = models.CharField(max_length=30, blank=True)
    track_after = models.CharField(max_length=30, blank=True)
    convention_after = models.CharField(max_length=20)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    #: how many races there are to grade, and how many are done
    total = models.PositiveIntegerField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)

    objects = RegradingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(why__in=["chosen", "taken_back", "shipped"]), name="regrading_reason_known"
            )
        ]
        indexes = [models.Index(fields=["athlete", "-id"], name="regrading_by_athlete")]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.get_why_display()}"

    @property
    def percent(self) -> int:
        if self.finished_at is not None:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0


class RegradedRace(models.Model):
    """What became of one race's grade: before and after, each with its edition, or with the reason why there is none."""

    regrading = models.ForeignKey(Regrading, on_delete=models.CASCADE, related_name="races")
    race = models.ForeignKey(Race, on_delete=models.CASCADE, related_name="+")
    edition_before = models.CharField(max_length=30, blank=True)
    edition_after = models.CharField(max_length=30, blank=True)
    grade_before = models.FloatField(null=True)
    grade_after = models.FloatField(null=True)
    refusal_after = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["regrading", "race"], name="regraded_race_once")]

    def __str__(self) -> str:
        return f"{self.race_id}: {self.grade_before} → {self.grade_after}"

    @property
    def change(self) -> float | None:
        """In points of a per cent; None where there was no grade, or is none now."""
        if self.grade_before is None or self.grade_after is None:
            return None
        return 100 * (self.grade_after - self.grade_before)


class ClubResults(models.Model):
    """A list of results that somebody brought to be graded: nobody's, found by its address alone, gone in a day."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    name = models.CharField(max_length=200, blank=True)
    #: the file as it came, compressed
    content = models.BinaryField()
    total = models.PositiveIntegerField()
    #: how it is to be read and graded (club_results.Asked); None until somebody said which column is which
    asked = models.JSONField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    #: the graded rows, compressed JSON
    graded = models.BinaryField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="club_results_expires")]

    def __str__(self) -> str:
        return f"{self.name}, {self.total} rows"

    @property
    def percent(self) -> int:
        return 100 if self.finished_at else min(99, 100 * self.done // self.total) if self.total else 0
