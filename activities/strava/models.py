"""Who is connected to Strava, through which API application, and how much of its budget of calls is used."""

import hashlib
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import SecretStr

from activities.strava.sealing import Sealed, SealedField
from athletes import access
from athletes.models import Athlete

SCOPES = ("read", "activity:read", "activity:read_all", "profile:read_all")


class StravaKeys(models.Model):
    """By which id and secret Strava is asked: sealed in the row, or where there are none those of the environment."""

    sealed_client_id = SealedField(null=True, blank=True, editable=False)
    sealed_client_secret = SealedField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def client_id(self) -> str:
        """Raises CannotOpen where an own application was sealed with a key that is lost."""
        if self.sealed_client_id is not None:
            return self.sealed_client_id.reveal().get_secret_value()
        return settings.STRAVA_CLIENT_ID

    @property
    def client_secret(self) -> SecretStr:
        if self.sealed_client_secret is not None:
            return self.sealed_client_secret.reveal()
        return settings.STRAVA_CLIENT_SECRET

    @property
    def budget_key(self) -> str:
        """Names the budget of calls. Two rows with one client id share it, as they do at Strava."""
        return hashlib.sha256(f"strava:{self.client_id}".encode()).hexdigest()[:24]


class StravaApplication(StravaKeys):
    """An API application at Strava: the installation's own (no owner, id and secret from the environment), or one that an
    athlete brings. Limits count for an application, whoever of its athletes is asked about."""

    class Fault(models.TextChoices):
        NONE = "", _("none known")
        INACTIVE = "app_inactive", _("switched off by Strava")
        MISCONFIGURED = "app_misconfigured", _("id or secret not accepted")

    owner = models.OneToOneField(
        Athlete, on_delete=models.CASCADE, null=True, blank=True, related_name="strava_application"
    )
    #: what keeps every call of this application from working, and since when; empty once a call worked
    fault = models.CharField(max_length=20, choices=Fault.choices, blank=True, default="")
    fault_at = models.DateTimeField(null=True, blank=True)
    #: the background asks nothing before, and then only one of it; how often that was in vain. See state.py
    fault_retry_at = models.DateTimeField(null=True, blank=True)
    fault_probes = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: the webhook subscription Strava gave it, one an application
    subscription_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner"], nulls_distinct=False, name="strava_application_one_per_owner"),
            models.CheckConstraint(
                condition=Q(fault__in=["", "app_inactive", "app_misconfigured"]), name="strava_application_fault_known"
            ),
            models.CheckConstraint(
                condition=Q(fault="", fault_at__isnull=True) | (~Q(fault="") & Q(fault_at__isnull=False)),
                name="strava_application_fault_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=True, sealed_client_id__isnull=True, sealed_client_secret__isnull=True)
                | Q(owner__isnull=False, sealed_client_id__isnull=False, sealed_client_secret__isnull=False),
                name="strava_application_keys_with_its_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"API application {self.pk}"

    @classmethod
    def of_installation(cls) -> "StravaApplication":
        return cls.objects.get_or_create(owner=None)[0]

    @property
    def is_configured(self) -> bool:
        return self.owner_id is not None or bool(settings.STRAVA_CLIENT_ID and settings.STRAVA_CLIENT_SECRET)

    def keep(self, *, client_id: str, client_secret: SecretStr) -> None:
        """Seal an athlete's own id and secret; not saved."""
        self.sealed_client_id = Sealed.of(SecretStr(client_id))
        self.sealed_client_secret = Sealed.of(client_secret)


class StravaAccountQuerySet(models.QuerySet["StravaAccount"]):
    def visible_to(self, user: access.Viewer) -> "StravaAccountQuerySet":
        """A connection is the athlete's own: no grant shows it."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()

    def connected(self) -> "StravaAccountQuerySet":
        """Those that can be asked about; what is wrong at the moment may be over at the next call."""
        return self.exclude(state__in=StravaAccount.ENDED).filter(refresh_token__isnull=False)


class StravaAccount(models.Model):
    """An athlete's account at Strava. Strava's words for it are the scopes really granted; ours are the state."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("connected")
        RECONNECT_NEEDED = "reconnect_needed", _("has to be connected again")
        SCOPE_MISSING = "scope_missing", _("connected, but not allowed to read activities")
        APP_INACTIVE = "app_inactive", _("switched off at Strava")
        APP_MISCONFIGURED = "app_misconfigured", _("not set up correctly")
        UNAVAILABLE = "unavailable", _("Strava does not answer")
        DISCONNECTED = "disconnected", _("disconnected")

    #: no call is made any more until the athlete connects again
    ENDED: ClassVar[tuple[str, ...]] = (State.RECONNECT_NEEDED, State.DISCONNECTED)

    athlete = models.OneToOneField(Athlete, on_delete=models.CASCADE, related_name="strava")
    application = models.ForeignKey(StravaApplication, on_delete=models.RESTRICT, related_name="accounts")
    strava_athlete_id = models.BigIntegerField()
    strava_name = models.CharField(max_length=200, blank=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    access_token = SealedField(null=True, blank=True, editable=False)
    refresh_token = SealedField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.CONNECTED)
    state_at = models.DateTimeField(default=timezone.now)
    connected_at = models.DateTimeField(default=timezone.now)
    #: after disconnecting: the athlete's word on what came from Strava, to keep it or to have it removed
    kept_at = models.DateTimeField(null=True, blank=True)
    erase_asked_at = models.DateTimeField(null=True, blank=True)

    objects = StravaAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["strava_athlete_id"],
                condition=~Q(state="disconnected"),
                name="strava_account_of_one_athlete",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "connected",
                        "reconnect_needed",
                        "scope_missing",
                        "app_inactive",
                        "app_misconfigured",
                        "unavailable",
                        "disconnected",
                    ]
                ),
                name="strava_account_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="disconnected") | Q(access_token__isnull=True, refresh_token__isnull=True),
                name="strava_account_disconnected_without_tokens",
            ),
            models.CheckConstraint(
                condition=Q(refresh_token__isnull=True) | Q(access_token__isnull=False, expires_at__isnull=False),
                name="strava_account_tokens_together",
            ),
        ]

    def __str__(self) -> str:
        return f"Strava account {self.strava_athlete_id}"

    @property
    def reads_activities(self) -> bool:
        return bool({"activity:read", "activity:read_all"} & set(self.scopes))

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        return tuple(scope for scope in SCOPES if scope not in self.scopes)


class StravaRevocationQuerySet(models.QuerySet["StravaRevocation"]):
    def visible_to(self, user: access.Viewer) -> "StravaRevocationQuerySet":
        """As the connection it ends: the athlete's own."""
        return self.filter(athlete__user=user) if user.is_authenticated else self.none()

    def pending(self) -> "StravaRevocationQuerySet":
        return self.filter(ended_at__isnull=True)


class StravaRevocation(StravaKeys):
    """Access that is to be taken back at Strava. It outlives the account it was given to, and the person who deletes
    theirs here; tokens are in it until it ends, however it ends. See revoking.py."""

    class Outcome(models.TextChoices):
        DONE = "done", _("withdrawn")
        FAILED = "failed", _("Strava did not confirm")

    athlete = models.ForeignKey(
        Athlete, on_delete=models.SET_NULL, null=True, blank=True, related_name="strava_revocations"
    )
    strava_athlete_id = models.BigIntegerField()
    #: the account's number, by which whoever refreshes its tokens is waited for; the account itself may be gone
    account_number = models.BigIntegerField(null=True, blank=True)
    access_token = SealedField(null=True, blank=True, editable=False)
    refresh_token = SealedField(null=True, blank=True, editable=False)
    asked_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True, default="")

    objects = StravaRevocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, access_token__isnull=False, refresh_token__isnull=False, outcome="")
                | Q(
                    ended_at__isnull=False,
                    access_token__isnull=True,
                    refresh_token__isnull=True,
                    sealed_client_id__isnull=True,
                    sealed_client_secret__isnull=True,
                    outcome__in=["done", "failed"],
                ),
                name="strava_revocation_ends_without_tokens",
            ),
        ]
        indexes = [
            models.Index(fields=["retry_at"], condition=Q(ended_at__isnull=True), name="strava_revocation_pending")
        ]

    def __str__(self) -> str:
        return f"revocation {self.pk}"


class StravaBudget(models.Model):
    """The last known use of an application's limits, kept for when Redis is lost or empty. Written only by state.py."""

    key = models.CharField(max_length=24, primary_key=True)
    read_limit_short = models.IntegerField()
    read_limit_day = models.IntegerField()
    all_limit_short = models.IntegerField()
    all_limit_day = models.IntegerField()
    #: which quarter of an hour and which day, counted from 1970 in UTC by Strava's clock
    quarter = models.BigIntegerField()
    day = models.BigIntegerField()
    read_used_short = models.IntegerField()
    read_used_day = models.IntegerField()
    all_used_short = models.IntegerField()
    all_used_day = models.IntegerField()
    closed_until = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"budget {self.key}"
