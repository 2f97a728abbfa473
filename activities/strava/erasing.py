"""Removing what came from Strava's API: asked for with a mark, done by a worker in steps that survive a crash.

What another source recorded stays, and so does what a person typed in. Streams, laps, routes and everything derived go with
their recordings; the account's row goes last, when nothing it could be about is left.
"""

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activities import joining, locks
from activities.models import (
    Recording,
    StravaAccount,
    StravaActivity,
    StravaEvent,
    StravaSetAside,
    StravaSync,
)
from activities.queue import ask_for
from activities.undo import STEP, Consequences
from athletes.models import Athlete

log = structlog.get_logger("agegrade.strava")


def recordings_of(athlete: Athlete) -> QuerySet[Recording]:
    return Recording.objects.filter(athlete=athlete, source=Recording.Source.STRAVA)


def consequences(athlete: Athlete) -> Consequences:
    return Consequences(athlete, recordings_of(athlete))


def state_in_words(account: StravaAccount) -> str:
    """The account's state, and "withdrawn" where Strava ended it and what came from it is gone or going. One query."""
    ended = account.state == StravaAccount.State.RECONNECT_NEEDED
    if ended and (account.erase_asked_at or not recordings_of(account.athlete).exists()):
        return "withdrawn"
    return account.state


def ask(account: StravaAccount) -> None:
    """Have a worker remove it all. Asking twice is asking once."""
    from activities.tasks import erase_strava

    with transaction.atomic():
        StravaAccount.objects.filter(pk=account.pk, erase_asked_at__isnull=True).update(
            erase_asked_at=timezone.now(), kept_at=None
        )
        ask_for(erase_strava, account.pk)


def unfinished() -> QuerySet[StravaAccount]:
    return StravaAccount.objects.filter(erase_asked_at__isnull=False)


def work_off(account_id: int) -> bool:
    """Remove what was asked for. False where nothing was, or another process is at it."""
    with locks.alone(locks.STRAVA_ERASE, account_id) as ours:
        account = unfinished().select_related("athlete").filter(pk=account_id).first()
        if not ours or account is None:
            return False
        removed = 0
        while step := _step(account.athlete):
            removed += step
        if account.state == StravaAccount.State.DISCONNECTED:
            account.delete()
        else:
            _forget(account_id)
        log.info("strava data erased", athlete_id=account.athlete_id, recordings=removed)
        return True


def _forget(account_id: int) -> None:
    """An account that Strava itself ended stays, to be connected again: then everything is fetched as the first time."""
    with transaction.atomic():
        for what in (StravaActivity, StravaSetAside, StravaEvent, StravaSync):
            what.objects.filter(account=account_id).delete()
        unfinished().filter(pk=account_id).update(erase_asked_at=None)


def _step(athlete: Athlete) -> int:
    """One transaction's worth; 0 where nothing is left."""
    with transaction.atomic():
        locks.until_commit(locks.ATHLETE, athlete.pk)
        recordings = list(recordings_of(athlete).select_related("activity").order_by("pk")[:STEP])
        joining.take_back(athlete.pk, recordings)
    return len(recordings)
