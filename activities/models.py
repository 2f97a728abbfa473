"""What was run: activities as one truth, the recordings behind them, and the imports that brought those.

An Activity is what a person sees: the merged view of its recordings plus what that person corrected. A Recording is one
source's version and never changes after it was stored. Samples are SampleBlock rows, written and read only by streams.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from datetime import timezone as fixed_zone
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from timescale.db.models.managers import TimescaleManager

from activities.reading import ReadByQuerySet
from athletes import access
from athletes.models import Athlete

FOOT_SPORTS = frozenset({"running", "walking", "hiking"})
SLOWEST_RUN_MPS, FASTEST_RUN_MPS = 1.5, 5.0  # average over the whole, where nothing else tells a run from a ride


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, user: access.Viewer) -> ImportBatchQuerySet:
        """Imports are the athlete's own: no grant shows them."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()


class ImportBatch(models.Model):
    """One upload, archive, command or sync run: what came together, and can be taken back together."""

    class Kind(models.TextChoices):
        UPLOAD = "upload", _("upload")
        COMMAND = "command", _("command line")
        DEMO = "demo", _("demo")
        ARCHIVE = "archive", _("archive")
        SYNC = "sync", _("sync")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now)
    #: undoing is work to be found: asked for and not done yet, a worker goes on with it
    undo_asked_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    #: facts of the kind: the demo's seed, later an archive's name or a sync's counts
    about = models.JSONField(default=dict, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["upload", "command", "demo", "archive", "sync"]), name="import_batch_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undo_asked_at__isnull=False),
                name="import_batch_undone_when_asked",
            ),
        ]
        indexes = [models.Index(fields=["athlete", "-created_at"], name="import_batch_by_athlete")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.created_at:%Y-%m-%d %H:%M}"


class ImportFile(models.Model):
    """One file of a batch and what became of it. Waiting files are work to be found: a lost message loses nothing."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting")
        NEW = "new", _("new")
        SAME = "same", _("already here")
        MERGED = "merged", _("joined to an activity")
        PARTIAL = "partial", _("partly readable")
        NOT_AN_ACTIVITY = "not_an_activity", _("not an activity")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("not read")

    #: outcomes that say a run is here because of the file
    BROUGHT: ClassVar[tuple[str, ...]] = ("new", "merged", "partial")
    #: a file whose reading has ended the process this often is refused, so that it cannot end it for ever
    MAX_ATTEMPTS = 3

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="files")
    #: the archive it was packed in, and its place in there, so that an archive is taken apart once, whatever stops
    within = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="entries")
    entry_no = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(max_length=1024)
    position = models.PositiveIntegerField()
    #: where the bytes wait, in storage; emptied once they are read and kept as an original
    stored_as = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.WAITING)
    code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["batch_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="import_file_position_once"),
            models.UniqueConstraint(fields=["within", "entry_no"], name="import_file_entry_once"),
            models.CheckConstraint(
                condition=Q(within__isnull=True, entry_no__isnull=True)
                | Q(within__isnull=False, entry_no__isnull=False),
                name="import_file_entry_of_an_archive",
            ),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "waiting",
                        "new",
                        "same",
                        "merged",
                        "partial",
                        "not_an_activity",
                        "refused",
                        "cancelled",
                    ]
                ),
                name="import_file_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome="waiting", done_at__isnull=True)
                | (~Q(outcome="waiting") & Q(done_at__isnull=False)),
                name="import_file_done_when_not_waiting",
            ),
        ]
        indexes = [models.Index(fields=["batch"], condition=Q(outcome="waiting"), name="import_file_waiting")]

    def __str__(self) -> str:
        return self.name


class ActivityQuerySet(ReadByQuerySet["Activity"]):
    def visible_to(self, user: access.Viewer, level: int = access.ACTIVITIES) -> ActivityQuerySet:
        """The activities this user may see; another person's only by grant, and what stands on Strava's data only if shared.

        What stands on it is what the leading recording is of: a line of the athlete's archive does not open to a coach
        the samples that only Strava's API gave.
        """
        visible = self.filter(access.athletes_q(user, level=level, prefix="athlete__"))
        if not settings.STRAVA_SHARE_WITH_COACHES and user.is_authenticated:
            leading = Recording.objects.filter(activity=models.OuterRef("pk"), leads=True)
            elsewhere = leading.exclude(source=Recording.Source.STRAVA)
            visible = visible.filter(Q(athlete__user=user) | models.Exists(elsewhere))
        return visible.read_by(user)

    def keep_from(self, rows: Sequence[Activity], reader: access.Viewer) -> None:
        from activities.sharing import keep_from

        keep_from(rows, reader)

    def of(self, athlete: Athlete) -> ActivityQuerySet:
        return self.filter(athlete=athlete).unless_own(athlete)

    def named(self, text: str) -> ActivityQuerySet:
        """Those whose name holds a text, as far as the reader may be told their names."""
        from activities.sharing import tells_the_name

        found = self.filter(name__icontains=text)
        if (reader := self.keeps_from) is None:
            return found
        ours = Q(athlete__user=reader) | Q(corrected__contains=["name"])
        return found.filter(ours | tells_the_name(text, run="pk"))

    def newest_first(self) -> ActivityQuerySet:
        return self.order_by("-started_at", "-pk")

    def on_foot(self) -> ActivityQuerySet:
        """Foot sports, and what names no sport but moved at a runner's speed (most GPX files name none)."""
        unnamed = Q(
            sport="", distance_m__gte=F("elapsed_s") * SLOWEST_RUN_MPS, distance_m__lte=F("elapsed_s") * FASTEST_RUN_MPS
        )
        return self.filter(Q(sport__in=FOOT_SPORTS) | unnamed)


class Activity(models.Model):
    """A run (or ride, swim, walk) as one truth. Columns named in `corrected` were set by a person and stay as set."""

    #: what merge() takes from recordings, unless a person corrected it
    MERGED: ClassVar[tuple[str, ...]] = (
        "sport", "sub_sport", "name", "started_at", "utc_offset_s", "zone", "local_date", "distance_m", "elapsed_s",
        "timer_s", "moving_s", "hr_avg", "hr_max", "cadence_avg", "power_avg", "ascent_m", "descent_m", "device",
    )  # fmt: skip

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="activities")
    sport = models.CharField(max_length=40, blank=True)
    sub_sport = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    utc_offset_s = models.IntegerField(null=True, blank=True)
    zone = models.CharField(max_length=64, null=True, blank=True)
    local_date = models.DateField()
    distance_m = models.FloatField(null=True, blank=True)
    elapsed_s = models.FloatField(null=True, blank=True)
    timer_s = models.FloatField(null=True, blank=True)
    moving_s = models.FloatField(null=True, blank=True)
    hr_avg = models.FloatField(null=True, blank=True)
    hr_max = models.FloatField(null=True, blank=True)
    cadence_avg = models.FloatField(null=True, blank=True)
    power_avg = models.FloatField(null=True, blank=True)
    ascent_m = models.FloatField(null=True, blank=True)
    descent_m = models.FloatField(null=True, blank=True)
    device = models.CharField(max_length=120, blank=True)
    corrected = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: moved whenever a recording or a correction changed it: an analysis older than this is stale
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.CheckConstraint(
                condition=Q(distance_m__isnull=True) | Q(distance_m__gte=0), name="activity_distance_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(elapsed_s__isnull=True) | Q(elapsed_s__gte=0), name="activity_elapsed_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(utc_offset_s__isnull=True) | Q(utc_offset_s__range=(-64800, 64800)),
                name="activity_utc_offset_plausible",
            ),
        ]
        indexes = [models.Index(fields=["athlete", "-started_at", "-id"], name="activity_by_athlete")]

    def __str__(self) -> str:
        return self.name or f"{self.sport or 'activity'} {self.local_date}"

    @property
    def started_local(self) -> datetime:
        """The wall clock where it was run."""
        return self.started_at.astimezone(fixed_zone(timedelta(seconds=self.utc_offset_s or 0)))

    @property
    def is_on_foot(self) -> bool:
        if self.sport or not self.elapsed_s or self.distance_m is None:
            return self.sport in FOOT_SPORTS
        return SLOWEST_RUN_MPS <= self.distance_m / self.elapsed_s <= FASTEST_RUN_MPS


def key_of(*, source: str, external_id: str | None, content_hash: str | None, session_no: int) -> str:
    """What a recording is wherever it is stored: the same content and the same source's id have the same key."""
    return f"{content_hash}:{session_no}" if content_hash else f"{source}:{external_id}"


class Recording(models.Model):
    """One source's version of an activity, as it was recorded. Exactly one leads: its samples are the ones analysed."""

    class Source(models.TextChoices):
        STRAVA = "strava", "Strava"
        FILE = "file", _("file")
        ARCHIVE = "archive", _("archive")
        TYPED = "typed", _("typed in")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="recordings")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="recordings")
    leads = models.BooleanField()
    source = models.CharField(max_length=10, choices=Source.choices)
    external_id = models.CharField(max_length=100, null=True, blank=True)
    #: sha256 of the uncompressed file, and which of its sessions this is
    content_hash = models.CharField(max_length=64, null=True, blank=True)
    session_no = models.PositiveSmallIntegerField(default=0)
    #: content of the file that the source itself names as a recording of this run (a row of an archive's table)
    companion_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    import_file = models.ForeignKey(ImportFile, on_delete=models.SET_NULL, null=True, related_name="recordings")
    original_name = models.CharField(max_length=1024, blank=True)
    original = models.CharField(_("original in storage"), max_length=200, blank=True)
    stored_at = models.DateTimeField(default=timezone.now, editable=False)

    sport = models.CharField(max_length=40, blank=True)
    sub_sport = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    utc_offset_s = models.IntegerField(null=True, blank=True)
    zone = models.CharField(max_length=64, null=True, blank=True)
    local_date = models.DateField()
    distance_m = models.FloatField(null=True, blank=True)
    elapsed_s = models.FloatField(null=True, blank=True)
    timer_s = models.FloatField(null=True, blank=True)
    moving_s = models.FloatField(null=True, blank=True)
    hr_avg = models.FloatField(null=True, blank=True)
    hr_max = models.FloatField(null=True, blank=True)
    cadence_avg = models.FloatField(null=True, blank=True)
    power_avg = models.FloatField(null=True, blank=True)
    ascent_m = models.FloatField(null=True, blank=True)
    descent_m = models.FloatField(null=True, blank=True)
    calories = models.FloatField(null=True, blank=True)
    device = models.CharField(max_length=120, blank=True)
    device_serial = models.CharField(max_length=60, blank=True)
    n_records = models.PositiveIntegerField(default=0)
    n_samples = models.PositiveIntegerField(default=0)
    n_positions = models.PositiveIntegerField(default=0)
    n_hr = models.PositiveIntegerField(default=0)
    #: seconds from the start to the last sample, which a stopped clock may put after the elapsed time
    samples_span_s = models.FloatField(default=0)
    incomplete = models.TextField(_("why only part was readable"), blank=True)
    notes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    #: what the source told beyond the columns: gear, whether it was private, its own word for the sport
    told = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["athlete", "source", "external_id"],
                condition=Q(external_id__isnull=False),
                name="recording_once_per_source_id",
            ),
            models.UniqueConstraint(
                fields=["athlete", "content_hash", "session_no"],
                condition=Q(content_hash__isnull=False),
                name="recording_once_per_content",
            ),
            models.UniqueConstraint(fields=["activity"], condition=Q(leads=True), name="recording_one_leads"),
            models.CheckConstraint(
                condition=Q(source__in=["strava", "file", "archive", "typed"]), name="recording_source_known"
            ),
            models.CheckConstraint(
                condition=Q(external_id__isnull=False) | Q(content_hash__isnull=False), name="recording_has_an_identity"
            ),
            models.CheckConstraint(
                condition=Q(distance_m__isnull=True) | Q(distance_m__gte=0), name="recording_distance_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(elapsed_s__isnull=True) | Q(elapsed_s__gte=0), name="recording_elapsed_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["athlete", "started_at"], name="recording_by_athlete"),
            models.Index(fields=["companion_hash"], condition=~Q(companion_hash=""), name="recording_companion"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.original_name or self.external_id or ''}".strip()

    @property
    def key(self) -> str:
        return key_of(
            source=self.source,
            external_id=self.external_id,
            content_hash=self.content_hash,
            session_no=self.session_no,
        )

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.elapsed_s or 0)

    @property
    def samples_end(self) -> datetime:
        return self.started_at + timedelta(seconds=self.samples_span_s)


class Pairing(models.Model):
    """A person's word about two recordings: the same run, or two. It names them by what they are (`Recording.key`), so it
    holds again when they come back after having been taken away."""

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="pairings")
    one = models.CharField(max_length=120, db_collation="C")
    other = models.CharField(max_length=120, db_collation="C")
    together = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["athlete", "one", "other"], name="pairing_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="pairing_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.one} {'with' if self.together else 'apart from'} {self.other}"


class KeptCorrection(models.Model):
    """What a person corrected about a run that was taken away, by what its recordings are: it holds again if they come
    back."""

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="kept_corrections")
    key = models.CharField(max_length=120, db_collation="C")
    values = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["athlete", "key"], name="kept_correction_once")]

    def __str__(self) -> str:
        return f"corrections of {self.key}"


class Lap(models.Model):
    """A section the runner, or the watch, marked."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="laps")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(null=True)
    elapsed_s = models.FloatField(null=True)
    timer_s = models.FloatField(null=True)
    distance_m = models.FloatField(null=True)
    hr_avg = models.FloatField(null=True)
    hr_max = models.FloatField(null=True)
    ascent_m = models.FloatField(null=True)
    trigger = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["recording_id", "number"]
        constraints = [models.UniqueConstraint(fields=["recording", "number"], name="lap_number_once")]

    def __str__(self) -> str:
        return f"lap {self.number}"


def _column(base: type[models.Field]) -> ArrayField:
    return ArrayField(base(), null=True)


class SampleBlock(models.Model):
    """Up to 4,096 samples of a recording as arrays, one element a sample; only streams.py reads and writes them.

    Why blocks and these units: bench/README.md. `time` is that of the block's first sample and `seq` the number of that
    sample in the recording, so a hypertable takes the table and two blocks may start at the same moment. A `…_step_…`
    column holds each value minus the last one known, the first as it is (the first time is 0), so a block is readable
    alone; the others hold values. NULL in an array is a value missing from one sample, a NULL
    array a series the block has nothing of.
    """

    pk = models.CompositePrimaryKey("recording_id", "time", "seq")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="+", db_index=False)
    time = models.DateTimeField()
    seq = models.IntegerField()
    time_step_ms = ArrayField(models.IntegerField())
    distance_step_cm = _column(models.IntegerField)
    latitude_step_e7 = _column(models.IntegerField)
    longitude_step_e7 = _column(models.IntegerField)
    altitude_step_dm = _column(models.IntegerField)
    heart_rate_bpm = _column(models.SmallIntegerField)
    cadence_spm = _column(models.SmallIntegerField)
    power_w = _column(models.SmallIntegerField)
    speed_mmps = _column(models.IntegerField)
    temperature_dc = _column(models.SmallIntegerField)

    objects = models.Manager()
    timescale = TimescaleManager()  # type: ignore[django-manager-missing]

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(seq__gte=0), name="sample_block_seq_not_negative")]

    def __str__(self) -> str:
        return f"samples from {self.seq} of recording {self.recording_id}"


# Django finds an app's models here; these have a module of their own beside the code that uses them.
from activities.strava.models import StravaAccount, StravaApplication, StravaBudget, StravaRevocation  # noqa: E402
from activities.strava.sync_models import (  # noqa: E402
    StravaActivity,
    StravaEvent,
    StravaRun,
    StravaSetAside,
    StravaStray,
    StravaSync,
)

__all__ = [
    "Activity", "ImportBatch", "ImportFile", "Lap", "Recording", "SampleBlock", "StravaAccount", "StravaActivity",
    "StravaApplication", "StravaBudget", "StravaEvent", "StravaRevocation", "StravaRun", "StravaSetAside", "StravaStray",
    "StravaSync",
]  # fmt: skip
