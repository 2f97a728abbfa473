"""What of an athlete's races is stored, for the privacy page."""

from typing import Any

from django.db.models import Count, Min
from django.utils.translation import gettext as _

from athletes.models import Athlete
from athletes.stored import Stored
from performance.models import Race, RaceDecision


def stored_races(athlete: Athlete, **kwargs: Any) -> list[Stored]:
    """Receiver of `stored_about`. Two queries."""
    races = Race.objects.of(athlete).count()
    said = RaceDecision.objects.filter(race__athlete=athlete).aggregate(n=Count("pk"), since=Min("at"))
    told = []
    if races:
        told.append(
            Stored(
                what=_("Races: event, distance, times, places, grade, and what you noted beside them"),
                why=_("for your race book, bests and predictions"),
                who=_("you; any coach you let look"),
                count=races,
            )
        )
    if said["n"]:
        told.append(
            Stored(
                what=_("What you answered about races: who, what and when"),
                why=_("so that your word stays when grades are worked out again"),
                who=_("you; any coach you let look"),
                since=said["since"],
                count=said["n"],
            )
        )
    return told
