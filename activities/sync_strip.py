"""What is coming in right now, for the strip at the head of the dashboard: figures may still change meanwhile."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.models import ImportBatch, ImportFile
from athletes.models import Athlete


@dataclass(frozen=True)
class SyncStrip:
    """title: what goes on.  done, total: how far it is, or 0 of 0 where nobody can say.  href: the page that tells more."""

    title: str
    done: int
    total: int
    href: str


def sync_strip(athlete: Athlete) -> SyncStrip | None:
    """The latest import that still has files to read; None where nothing comes in. One query."""
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
        return None
    return SyncStrip(
        title=_("Reading your files"),
        done=batch.total - batch.waiting,
        total=batch.total,
        href=reverse("activities:import", args=[batch.pk]),
    )
