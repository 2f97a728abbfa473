"""What is coming in right now, for the strip at the head of the dashboard: figures may still change meanwhile."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from activities.models import ImportBatch, ImportFile, StravaActivity, StravaSync
from athletes.models import Athlete


@dataclass(frozen=True)
class SyncStrip:
    """title: what goes on.  done, total: how far it is, or 0 of 0 where nobody can say.  href: the page that tells more."""

    title: str
    done: int
    total: int
    href: str


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
        title=_("Reading your files"),
        done=batch.total - batch.waiting,
        total=batch.total,
        href=reverse("activities:import", args=[batch.pk]),
    )


def _strava_strip(athlete: Athlete) -> SyncStrip | None:
    """Strava's list while it is being read, then its streams as long as they come; what is paused or waits is no news."""
    sync = StravaSync.objects.filter(account__athlete=athlete, due_at__isnull=False, error="").first()
    if sync is None or (sync.due_at and sync.due_at > timezone.now() + timedelta(minutes=3)):
        return None
    known = StravaActivity.objects.filter(account=sync.pk, recording__isnull=False)
    counts = known.aggregate(total=Count("pk"), due=Count("pk", filter=Q(streams="due")))
    listing = sync.page is not None
    return SyncStrip(
        title=_("Reading the list of your activities at Strava") if listing else _("Fetching from Strava"),
        done=0 if listing else counts["total"] - counts["due"],
        total=0 if listing else counts["total"],
        href=reverse("activities:sync"),
    )
