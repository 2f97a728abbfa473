"""How far an account is fetched: what is known of each activity, what is to be done next, and what the last runs did.

Everything a sync has to remember is in these rows and changes in the transaction that stores what was fetched, so a worker
may die at any line and the next one goes on from here.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from activities.strava.models import StravaAccount
from athletes import access


class StravaSync(models.Model):
    """Where the sync of one account stands. `due_at` is when there is something to do; empty where there is nothing."""

    class Order(models.TextChoices):
        RACES = "races", _("likely races first, then the newest")
        NEWEST = "newest", _("the newest first")
        OLDEST = "oldest", _("the oldest first")

    account = models.OneToOneField(StravaAccount, on_delete=models.CASCADE, primary_key=True, related_name="sync")
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    #: the newest activities are to be compared from then on; empty where that is done
    head_due_at = models.DateTimeField(null=True, blank=True)
    head_at = models.DateTimeField(null=True, blank=True)
    #: a person waits for it, so that the reserved share of the limits may be used
    asked_at = models.DateTimeField(null=True, blank=True)
    #: the night this account was last taken up for, whoever asked twice
    night = models.DateField(null=True, blank=True)
    #: the next page of the list of everything; empty once its end was reached
    page = models.PositiveIntegerField(null=True, blank=True, default=1)
    listed_at = models.DateTimeField(null=True, blank=True)
    #: comparing what is older than the newest page: how far that is, and when it last reached the end
    walk_before = models.DateTimeField(null=True, blank=True)
    walked_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    order = models.CharField(max_length=6, choices=Order.choices, default=Order.RACES)
    #: more seem to be gone at once than we believe: a person has to say so
    held_at = models.DateTimeField(null=True, blank=True)
    believed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=30, blank=True, default="")
    error_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"sync of account {self.account_id}"


class StravaActivity(models.Model):
    """One activity of the account at Strava: what was told of it last, and whether its streams are here."""

    class Streams(models.TextChoices):
        DUE = "due", _("to be fetched")
        HERE = "here", _("here")
        NONE = "none", _("there are none")
        FAILED = "failed", _("could not be read")

    account = models.ForeignKey(StravaAccount, on_delete=models.CASCADE, related_name="known")
    strava_id = models.BigIntegerField()
    #: empty where it was removed after the time the operator set: it is not fetched again unless it changes
    recording = models.OneToOneField(
        "activities.Recording", on_delete=models.CASCADE, null=True, blank=True, related_name="at_strava"
    )
    started_at = models.DateTimeField()
    digest = models.CharField(max_length=32)
    track = models.CharField(max_length=32)
    streams = models.CharField(max_length=6, choices=Streams.choices, default=Streams.DUE)
    #: lower is fetched earlier
    rank = models.PositiveSmallIntegerField(default=2)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    #: not in a list it belonged in; verified before anything is removed
    missing_since = models.DateTimeField(null=True, blank=True)
    #: kept though the list lacks it, by the athlete's word or because it was there when asked for by its id: not asked about
    #: again until the list holds it once more
    kept_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "strava_id"], name="strava_activity_once"),
            models.CheckConstraint(
                condition=Q(streams__in=["due", "here", "none", "failed"]), name="strava_activity_streams_known"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-started_at"], name="strava_activity_by_start"),
            models.Index(fields=["account", "rank"], condition=Q(streams="due"), name="strava_activity_due"),
        ]

    def __str__(self) -> str:
        return f"Strava activity {self.strava_id}"


class StravaSetAsideQuerySet(models.QuerySet["StravaSetAside"]):
    def visible_to(self, user: access.Viewer) -> "StravaSetAsideQuerySet":
        """Payloads are personal: no grant and no role shows them."""
        return self.filter(account__athlete__user=user) if user.is_authenticated else self.none()


class StravaSetAside(models.Model):
    """What could not be read, with its payload; gone again once a later answer can be."""

    account = models.ForeignKey(StravaAccount, on_delete=models.CASCADE, related_name="set_aside")
    #: its id at Strava, else what its content hashes to
    key = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    payload = models.JSONField()
    seen_at = models.DateTimeField(default=timezone.now)

    objects = StravaSetAsideQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="strava_set_aside_once")]

    def __str__(self) -> str:
        return f"set aside: {self.key}"


class StravaRun(models.Model):
    """One stretch of work on an account, from the first step to the moment when nothing is left to do."""

    class Kind(models.TextChoices):
        BACKFILL = "backfill", _("everything")
        NIGHTLY = "nightly", _("nightly")
        ASKED = "asked", _("asked for")
        EVENT = "event", _("told by Strava")

    account = models.ForeignKey(StravaAccount, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    n_new = models.PositiveIntegerField(default=0)
    n_changed = models.PositiveIntegerField(default=0)
    n_removed = models.PositiveIntegerField(default=0)
    n_set_aside = models.PositiveIntegerField(default=0)
    n_streams = models.PositiveIntegerField(default=0)
    #: every request to the API that was sent, tries that came to nothing and refusals too: so the application pays for them
    n_calls = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at__isnull=True), name="strava_run_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["backfill", "nightly", "asked", "event"]), name="strava_run_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="strava_run_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"


class StravaEvent(models.Model):
    """What Strava says has happened. Not signed, so it is only ever a reason to ask; pending ones about one thing are one."""

    account = models.ForeignKey(StravaAccount, on_delete=models.CASCADE, related_name="events")
    object_type = models.CharField(max_length=10)
    object_id = models.BigIntegerField()
    aspect = models.CharField(max_length=10)
    deauthorises = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "object_type", "object_id"],
                condition=Q(done_at__isnull=True),
                name="strava_event_pending_once",
            )
        ]
        indexes = [models.Index(fields=["account", "retry_at"], condition=Q(done_at=None), name="strava_event_pending")]

    def __str__(self) -> str:
        return f"{self.aspect} of {self.object_type} {self.object_id}"


class StravaStray(models.Model):
    """Events about nobody here, counted by day and why; nothing of them is kept."""

    day = models.DateField()
    why = models.CharField(max_length=20)
    n = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "why"], name="strava_stray_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.why}: {self.n}"
