"""What is coming in right now, for the strip at the head of the dashboard: figures may still change meanwhile.

Also what keeps it from coming in, where the athlete would not know: nobody opens the sync page to find out that Strava was
disconnected. What is done, or was never asked for, is no news.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.models import ImportBatch, ImportFile, StravaAccount, StravaActivity, StravaSync
from activities.strava.words import words_for
from athletes.models import Athlete

#: seconds between two looks: while figures move, and while a moment is waited for
OFTEN, SELDOM = 5, 60


@dataclass(frozen=True, kw_only=True)
class SyncStrip:
    """state, title: what goes on.  done, total: how far it is, or 0 of 0 where nobody can say; then `count` may.

    kind: as of a notice.  href: the page that tells more.  polls_s: 0 where nothing will change without the reader.
    """

    state: str
    title: str | Promise
    href: str
    done: int = 0
    total: int = 0
    count: str = ""
    kind: str = ""
    act: str = ""
    polls_s: int = OFTEN

    @property
    def told(self) -> str:
        """For who only listens."""
        return f"{self.title} {self.figures}".strip()

    @property
    def is_coming(self) -> bool:
        """Whether figures may still change because of it."""
        return self.polls_s == OFTEN

    @property
    def key(self) -> str:
        """Another one is worth telling to who only listens; within one, nothing but the figures moves."""
        quarter = 4 * self.done // self.total if self.total else 0
        return f"{self.state}-{quarter}"

    @property
    def figures(self) -> str:
        if not self.total:
            return self.count
        return _("%(done)d of %(total)d") % {"done": self.done, "total": self.total}


def sync_strip(athlete: Athlete) -> SyncStrip | None:
    """The latest import that still has files to read; else Strava's sync; None where nothing comes in. Three queries at most."""
    waiting = Q(files__outcome=ImportFile.Outcome.WAITING)
    batch: Any = (
        ImportBatch.objects.filter(
            pk__in=ImportFile.objects.filter(
                outcome=ImportFile.Outcome.WAITING, batch__athlete=athlete, batch__undone_at=None
            ).values("batch")
        )
        .annotate(total=Count("files"), waiting=Count("files", filter=waiting))
        .order_by("-pk")
        .first()
    )
    if batch is None:
        return _strava_strip(athlete)
    return SyncStrip(
        state="reading",
        title=_("Reading your files"),
        done=batch.total - batch.waiting,
        total=batch.total,
        href=reverse("activities:import", args=[batch.pk]),
    )


def _strava_strip(athlete: Athlete) -> SyncStrip | None:
    """What keeps Strava away; else how far it is."""
    account = StravaAccount.objects.select_related("sync").filter(athlete=athlete).first()
    if account is None or account.state == StravaAccount.State.DISCONNECTED or account.erase_asked_at:
        return None
    sync: StravaSync | None = getattr(account, "sync", None)
    trouble = (sync.error if sync else "") or ("" if account.state == "connected" else account.state)
    if trouble and trouble != "rate_limited":
        return _stopped(trouble, goes_on=sync is not None and sync.due_at is not None)
    return _going_on(sync) if sync is not None else None


def _stopped(trouble: str, *, goes_on: bool) -> SyncStrip:
    """By a fault, until the athlete does something about it or it is over."""
    words = words_for(trouble)
    if words.reconnect:
        there, act = reverse("activities:strava-connect"), _("Connect again")
        return SyncStrip(state=trouble, title=words.title, kind=words.kind, href=there, act=act, polls_s=0)
    return SyncStrip(
        state=trouble,
        title=words.title,
        kind=words.kind,
        href=reverse("activities:sync"),
        polls_s=SELDOM if goes_on else 0,
    )


def _going_on(sync: StravaSync) -> SyncStrip | None:  # noqa: PLR0911 - one line a state
    """Its list while that is read, then its streams as long as they come, or what they wait for."""
    page = reverse("activities:sync")
    counts = StravaActivity.objects.filter(account=sync.pk, recording__isnull=False).aggregate(
        total=Count("pk"),
        due=Count("pk", filter=Q(streams="due")),
        missing=Count("pk", filter=Q(missing_since__isnull=False)),
    )
    far = {"done": counts["total"] - counts["due"], "total": counts["total"], "href": page}
    if sync.held_at is not None:
        title = ngettext(
            "%d activity is no longer in Strava's list. Was it deleted?",
            "%d activities are no longer in Strava's list. Were they deleted?",
            counts["missing"],
        )
        title %= counts["missing"]
        return SyncStrip(state="held", title=title, kind="warning", href=page, act=_("Answer"), polls_s=0)
    if sync.page is None and not counts["due"]:
        return None
    if sync.error and sync.due_at:
        title = _("Strava asks us to wait until %s UTC") % date_format(sync.due_at, "H:i")
        return SyncStrip(state="waits", title=title, polls_s=SELDOM, **far)
    if sync.page is None and sync.paused_at:
        return SyncStrip(state="paused", title=_("Fetching from Strava is paused by you"), polls_s=0, **far)
    if sync.due_at is None or sync.due_at > timezone.now() + timedelta(minutes=3):
        return None
    if sync.page is not None:
        title = _("Reading the list of your activities at Strava")
        so_far = _("%d so far") % counts["total"] if counts["total"] else ""
        return SyncStrip(state="listing", title=title, count=so_far, href=page)
    return SyncStrip(state="fetching", title=_("Fetching from Strava"), **far)
