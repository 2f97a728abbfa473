"""Who runs, who may sign in, and who granted whom a look."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from athletes import access


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """Somebody who signs in, by e-mail: an athlete, a coach, an operator, or more than one of these."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    #: when the first steps were done with, or passed over; until then they are offered
    welcomed_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: asked to be gone: signs in no more, and a task removes the rest (athletes/erasing.py)
    erase_asked_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_whatever_the_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def end_first_steps(self) -> None:
        """They are done with, or passed over: signing in leads to them no more."""
        if self.welcomed_at is None:
            self.welcomed_at = timezone.now()
            self.save(update_fields=["welcomed_at"])

    @property
    def initials(self) -> str:
        words = (self.name or self.email.split("@")[0]).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class AthleteQuerySet(models.QuerySet["Athlete"]):
    def visible_to(self, user: access.Viewer, level: int = access.RACES) -> AthleteQuerySet:
        """The athletes of whom this user may see what the level names (see athletes/access.py)."""
        return self.filter(access.athletes_q(user, level=level))


def _is_a_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone such as Europe/London"), params={"name": name})


class Athlete(models.Model):
    """A person whose runs are stored. Nothing that grades is guessed: no birth date or table, no grade."""

    class Table(models.TextChoices):
        MEN = "M", _("men's tables")
        WOMEN = "F", _("women's tables")
        BOTH = "both", _("both, side by side")

    class Units(models.TextChoices):
        KM = "km", _("kilometres")
        MILES = "mi", _("miles")

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Convention(models.TextChoices):
        EXACT = "exact", _("exact: nothing is rounded")
        CALCULATOR = "calculator", _("as the reference calculator rounds")
        WHOLE_SECOND = "whole-second", _("whole seconds, as printed sheets and parkrun")

    class TextSize(models.TextChoices):
        NORMAL = "normal", _("normal")
        LARGE = "large", _("large")
        LARGER = "larger", _("larger")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="athlete")
    born = models.DateField(_("birth date"), null=True, blank=True)
    table = models.CharField(_("graded by"), max_length=4, choices=Table.choices, blank=True)
    units = models.CharField(max_length=2, choices=Units.choices, default=Units.KM)
    zone = models.CharField(_("home time zone"), max_length=64, blank=True, validators=[_is_a_zone])
    language = models.CharField(max_length=12, blank=True)
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    text_size = models.CharField(max_length=6, choices=TextSize.choices, default=TextSize.NORMAL)
    #: "/" puts the focus into a page's search field; who dictates or uses keys of their own switches it off
    shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True, db_default=True)
    #: what the athlete knows about their heart; where it is empty, zones and load go by what was recorded
    hr_max = models.PositiveSmallIntegerField(_("maximum heart rate"), null=True, blank=True)
    hr_rest = models.PositiveSmallIntegerField(_("resting heart rate"), null=True, blank=True)
    #: the standard that grades: an edition for each surface (blank: the newest, whichever that will be) and a rounding
    road_edition = models.CharField(_("edition for road races"), max_length=30, blank=True, default="", db_default="")
    track_edition = models.CharField(_("edition for track races"), max_length=30, blank=True, default="", db_default="")
    convention = models.CharField(
        _("rounding"), max_length=20, choices=Convention.choices, default=Convention.EXACT, db_default=Convention.EXACT
    )
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: moved when something that results depend on changed (birth date, table): what is older is stale
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AthleteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(table__in=["", "M", "F", "both"]), name="athlete_table_known"),
            models.CheckConstraint(condition=Q(units__in=["km", "mi"]), name="athlete_units_known"),
            models.CheckConstraint(
                condition=Q(convention__in=["exact", "calculator", "whole-second"]), name="athlete_convention_known"
            ),
            models.CheckConstraint(
                condition=Q(born__isnull=True) | Q(born__gte=date(1890, 1, 1)), name="athlete_born_plausible"
            ),
            models.CheckConstraint(
                condition=Q(hr_max__isnull=True) | Q(hr_max__range=(100, 240)), name="athlete_hr_max_plausible"
            ),
            models.CheckConstraint(
                condition=Q(hr_rest__isnull=True) | Q(hr_rest__range=(25, 99)), name="athlete_hr_rest_plausible"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)

    def age_on(self, day: date) -> int | None:
        """Completed years on that day; None without a birth date or before birth. 29 February turns on 1 March."""
        if self.born is None or day < self.born:
            return None
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))

    @property
    def today(self) -> date:
        """The date where the athlete lives."""
        return timezone.localdate(timezone=ZoneInfo(self.zone or "UTC"))

    @property
    def sexes(self) -> tuple[str, ...]:
        """The tables that grade this athlete, ("M",), ("F",), both, or none."""
        return {"M": ("M",), "F": ("F",), "both": ("F", "M")}.get(self.table, ())


class CoachGrantQuerySet(models.QuerySet["CoachGrant"]):
    def in_force(self) -> CoachGrantQuerySet:
        now = timezone.now()
        return self.filter(Q(until__isnull=True) | Q(until__gt=now), since__lte=now, withdrawn_at__isnull=True)


class CoachGrant(models.Model):
    """An athlete lets a coach look. Withdrawn or past `until` it gives nothing, from that moment."""

    class Level(models.IntegerChoices):
        RACES = access.RACES, _("races and grades")
        ACTIVITIES = access.ACTIVITIES, _("races, grades and activities")
        STREAMS = access.STREAMS, _("everything, with heart rate and routes")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="grants")
    coach = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants_received")
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    #: when the coach last opened something of the athlete's, to within an hour
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CoachGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=[1, 2, 3]), name="coach_grant_level_known"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="coach_grant_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["athlete", "coach"], condition=Q(withdrawn_at__isnull=True), name="coach_grant_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.athlete} → {self.coach}: {self.get_level_display()}"


class CoachGrantEvent(models.Model):
    """The audit beside a grant: only ever appended (a trigger in the database refuses to rewrite a row)."""

    class What(models.TextChoices):
        GRANTED = "granted", _("granted")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LOOKED = "looked", _("looked at")

    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, related_name="grant_events")
    coach_email = models.EmailField()
    what = models.CharField(max_length=10, choices=What.choices)
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["athlete", "-at"], name="grant_event_by_athlete")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.what} {self.coach_email}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: access.Viewer) -> InvitationQuerySet:
        """One's own; the operator, who answers for who comes in, sees those of all that bring no look at anybody."""
        if not user.is_authenticated:
            return self.none()
        own = Q(invited_by=user)
        return self.filter(own | Q(athlete__isnull=True) if user.is_superuser else own)

    def open(self) -> InvitationQuerySet:
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link by e-mail that lets one person in, once. With an athlete and a level it is also a coach's consent, which
    waits until somebody signs in with that address. Only the hash of the link's secret is kept."""

    email = models.EmailField(_("e-mail address"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    #: whether an account may be made with it where sign-up is by invitation
    lets_in = models.BooleanField(_("lets in"))
    athlete = models.ForeignKey(Athlete, on_delete=models.CASCADE, null=True, blank=True, related_name="offers")
    level = models.PositiveSmallIntegerField(choices=CoachGrant.Level.choices, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(athlete__isnull=True, level__isnull=True)
                | Q(athlete__isnull=False, level__in=[1, 2, 3], level__isnull=False),
                name="invitation_look_names_its_level",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="invitation_expires_after_it_was_made"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_taken_or_revoked_not_both",
            ),
        ]
        indexes = [models.Index(Lower("email"), name="invitation_by_email")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()
