"""What a person is told about their connection: what happened, what still works, what to do. One place for all pages."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Words:
    """title: what is the case.  detail: what it means, and who can do something about it.  kind: as of a notice."""

    title: str | Promise
    detail: str | Promise
    kind: str = "warning"
    #: connecting again helps
    reconnect: bool = False


@dataclass(frozen=True, kw_only=True)
class Scope:
    name: str
    gives: str | Promise
    without: str | Promise


SCOPES: Final = (
    Scope(
        name="read",
        gives=_("Your name, so that you see which Strava account this is."),
        without=_("The account is shown by its number."),
    ),
    Scope(
        name="activity:read",
        gives=_("Your activities: distance, times, heart rate, route, laps."),
        without=_("Nothing can be fetched from Strava."),
    ),
    Scope(
        name="activity:read_all",
        gives=_("Also activities only you can see, and the parts of routes inside your privacy zones."),
        without=_("Activities that only you can see stay away, and routes end at your privacy zones."),
    ),
    Scope(
        name="profile:read_all",
        gives=_("Your heart-rate zones and your shoes."),
        without=_("Heart-rate zones and shoes have to be entered by hand."),
    ),
)

#: by the state of an account, and by the code of an error
WORDS: Final[dict[str, Words]] = {
    "connected": Words(
        kind="success",
        title=_("Connected"),
        detail=_("New runs, edits and deletions at Strava are noticed by themselves."),
    ),
    "reconnect_needed": Words(
        kind="error",
        reconnect=True,
        title=_("Strava has to be connected again"),
        detail=_(
            "Strava no longer accepts our access: it was withdrawn there, or an answer was lost on its way. "
            "Everything fetched so far is still here. Nothing new comes until you connect again."
        ),
    ),
    "withdrawn": Words(
        kind="error",
        reconnect=True,
        title=_("Strava has to be connected again"),
        detail=_(
            "Strava no longer accepts our access, and nothing that came from Strava is kept here. "
            "Results you typed in stay. Connect again, and everything is fetched anew."
        ),
    ),
    "scope_missing": Words(
        reconnect=True,
        title=_("Activities may not be read"),
        detail=_("You are connected, but without the permission to see activities. Connect again and leave it ticked."),
    ),
    "app_inactive": Words(
        kind="error",
        title=_("Strava has switched off the API application"),
        detail=_(
            "This is not about your account: Strava wants the application's owner to have a subscription. "
            "Everything fetched so far is still here; the operator sees it too. We look again by ourselves, and go on "
            "once it works."
        ),
    ),
    "app_misconfigured": Words(
        kind="error",
        title=_("Strava does not accept the API application"),
        detail=_(
            "This is not about your account: the application's id or secret is wrong, Strava has moved, or the key that "
            "protects tokens was changed. "
            "Everything fetched so far is still here. Whoever set up the application has to look."
        ),
    ),
    "unavailable": Words(
        title=_("Strava does not answer at the moment"),
        detail=_("Everything fetched so far is still here. We try again by ourselves."),
    ),
    "disconnected": Words(
        kind="info",
        title=_("Not connected any more"),
        detail=_("Nothing is fetched from Strava."),
    ),
    "rate_limited": Words(
        kind="info",
        title=_("Strava asks us to wait"),
        detail=_("Only so many questions are allowed in a quarter of an hour and in a day. We go on by ourselves."),
    ),
    "limiter_away": Words(
        title=_("Waiting for our own queue"),
        detail=_("Redis does not answer, so nothing is asked of Strava. The operator has to look."),
    ),
    "subscription_needed": Words(
        kind="info",
        title=_("Only for Strava's subscribers"),
        detail=_("Strava does not give this to accounts without a subscription. What it gives comes."),
    ),
    "not_found": Words(
        kind="info",
        title=_("Not at Strava any more"),
        detail=_("It was deleted there, or may not be seen by us."),
    ),
    "refused": Words(
        title=_("Strava refused a question"),
        detail=_("Everything fetched so far is still here. We ask again later. If it stays, tell the operator."),
    ),
    "unreadable": Words(
        title=_("An answer could not be read"),
        detail=_("It is kept for a look, and the rest goes on."),
    ),
    "failed": Words(
        title=_("Something went wrong with Strava"),
        detail=_("Everything fetched so far is still here. We try again by ourselves."),
    ),
}


def words_for(code: str) -> Words:
    return WORDS.get(code, WORDS["failed"])


#: by why an activity was set aside
SET_ASIDE: Final = {
    "no_start": _("it does not say when it began"),
    "date_impossible": _("its date cannot be right"),
    "no_id": _("it has no number"),
    "not_an_object": _("it is not an activity"),
}


def why_set_aside(reason: str) -> str | Promise:
    return SET_ASIDE.get(reason, _("it could not be read"))
