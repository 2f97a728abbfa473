"""What is stored about a connection to Strava, for the privacy page."""

from typing import Any

from django.utils.translation import gettext as _

from activities.models import StravaAccount, StravaApplication, StravaRevocation
from athletes.models import Athlete
from athletes.stored import Stored


def stored_connection(athlete: Athlete, **kwargs: Any) -> list[Stored]:
    """Receiver of `stored_about`. Three queries."""
    told = []
    account = StravaAccount.objects.filter(athlete=athlete).first()
    if account is not None:
        told.append(
            Stored(
                what=_(
                    "Your connection to Strava: number, name, what you allowed, and encrypted tokens while connected"
                ),
                why=_("to fetch your activities, and nothing else"),
                who=_("you; the operator sees the number and the state, never a token"),
                since=account.connected_at,
            )
        )
    pending = StravaRevocation.objects.pending().filter(athlete=athlete).order_by("asked_at").first()
    if pending is not None:
        told.append(
            Stored(
                what=_(
                    "The encrypted tokens of access to Strava that you ended, and the number of that Strava account"
                ),
                why=_("to have Strava revoke the access; erased when it has, or after a day"),
                who=_("nobody"),
                since=pending.asked_at,
            )
        )
    if StravaApplication.objects.filter(owner=athlete).exists():
        told.append(
            Stored(
                what=_("The id and secret of your own API application at Strava, encrypted"),
                why=_("to ask Strava in your application's name"),
                who=_("nobody; you can replace or remove them"),
            )
        )
    return told
