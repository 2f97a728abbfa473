"""What of an athlete's recordings is stored, for the privacy page."""

from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.utils.translation import gettext as _

from activities.models import ImportFile, Recording
from athletes.models import Athlete
from athletes.stored import Stored


def stored_recordings(athlete: Athlete, **kwargs: Any) -> list[Stored]:
    """Receiver of `stored_about`. Two queries."""
    recordings = Recording.objects.filter(athlete=athlete).aggregate(
        n=Count("pk"),
        since=Min("stored_at"),
        n_originals=Count("pk", ~Q(original="")),
        n_positions=Sum("n_positions"),
        n_hr=Sum("n_hr"),
    )
    files = ImportFile.objects.filter(batch__athlete=athlete).aggregate(n=Count("pk"), since=Min("batch__created_at"))
    told = []
    if recordings["n"]:
        told.append(
            Stored(
                what=_("Activities: date, distance, times, climbing, device, name"),
                why=_("to find your races and best efforts"),
                who=_("you; a coach you let see activities"),
                since=recordings["since"],
                count=recordings["n"],
            )
        )
    if recordings["n_positions"] or recordings["n_hr"]:
        told.append(
            Stored(
                what=_("Where you ran and how your heart beat, second by second"),
                why=_("for charts, routes, splits and training load"),
                who=_("you; a coach you let see everything"),
                since=recordings["since"],
                count=max(recordings["n_positions"] or 0, recordings["n_hr"] or 0),
            )
        )
    if recordings["n_originals"]:
        told.append(
            Stored(
                what=_("The files you gave us, as they came"),
                why=_("so that anything can be worked out again, and given back to you"),
                who=_("you alone"),
                since=recordings["since"],
                count=recordings["n_originals"],
            )
        )
    if files["n"]:
        told.append(
            Stored(
                what=_("The list of your imports: file names and what became of each"),
                why=_("to show it and to take an import back"),
                who=_("you alone"),
                since=files["since"],
                count=files["n"],
            )
        )
    return told
