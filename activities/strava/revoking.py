"""Taking our access back at Strava, whoever left and however: never in a request, and as often as it takes within a day.

Whoever lets an account go moves its tokens into a row of their own, in the transaction that ends the account. A worker asks
Strava, with growing pauses while it does not answer; a lost queue or worker only costs time, for the row is found every
minute. When it ends, well or not, the tokens go; what is left for the page is how it ended, and that goes in time too.

Strava's grant belongs to an athlete and an application, not to a pair of tokens: revoking any of them ends all. So nothing
is revoked while somebody here is connected through that very grant, and whoever connects again takes the revoking back.
"""

from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from pydantic import SecretStr

from activities import locks
from activities.queue import ask_for
from activities.strava import http, limiter, oauth
from activities.strava.errors import (
    AppInactive,
    AppMisconfigured,
    RateLimited,
    ReconnectNeeded,
    StravaError,
    Unavailable,
)
from activities.strava.http import NoAnswer, Reply, TokenRefused
from activities.strava.models import StravaAccount, StravaApplication, StravaRevocation
from activities.strava.sealing import CannotOpen, NoFieldKeys, Sealed
from athletes.models import Athlete

log = structlog.get_logger("agegrade.strava")

#: how long Strava is asked again before a person has to do it there
GIVEN_UP_AFTER: Final = timedelta(hours=24)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: how long the page tells how it ended
TOLD_FOR: Final = timedelta(days=30)
#: somebody is on the way to Strava to connect again, and either comes back within this or does not
ON_THE_WAY: Final = timedelta(minutes=20)
#: another worker is at work with these tokens
IN_A_MOMENT: Final = timedelta(seconds=10)
#: a worker that died is missed after this long; longer than all the questions of one try
LEASE: Final = timedelta(minutes=6)
PASSES: Final = (NoAnswer, Unavailable, RateLimited, AppInactive, AppMisconfigured)


# -- asking for it ------------------------------------------------------------------------------------------------------


def ask(
    application: StravaApplication,
    *,
    strava_athlete_id: int,
    access: Sealed,
    refresh: Sealed,
    athlete: Athlete | None,
    account_number: int | None = None,
) -> None:
    """Have a worker take these tokens back, once the transaction is committed."""
    from activities.tasks import revoke_access

    row = StravaRevocation(athlete=athlete, strava_athlete_id=strava_athlete_id, account_number=account_number)
    row.access_token, row.refresh_token = access, refresh
    row.sealed_client_id, row.sealed_client_secret = application.sealed_client_id, application.sealed_client_secret
    row.save()
    ask_for(revoke_access, row.pk)


def moved_on(spent: Sealed, *, access: Sealed, refresh: Sealed) -> None:
    """The account was let go while its tokens were being refreshed: the new ones are what has to be taken back."""
    StravaRevocation.objects.pending().filter(refresh_token=spent).update(access_token=access, refresh_token=refresh)


def hold(athlete: Athlete) -> None:
    """The athlete is off to Strava to connect again: what they are about to be given must not be revoked there."""
    StravaRevocation.objects.pending().filter(athlete=athlete).update(retry_at=timezone.now() + ON_THE_WAY)


def go_on(athlete: Athlete) -> None:
    """They came back without a connection."""
    from activities.tasks import revoke_access

    waiting = StravaRevocation.objects.pending().filter(athlete=athlete)
    waiting.update(retry_at=timezone.now())
    for number in waiting.values_list("pk", flat=True):
        ask_for(revoke_access, number)


def take_back(account: StravaAccount) -> None:
    """The account is connected (again): its grant is not revoked any more, and nobody is told of an end that is over."""
    for row in StravaRevocation.objects.pending().filter(strava_athlete_id=account.strava_athlete_id):
        if _is_of(row, account.application):
            row.delete()
    StravaRevocation.objects.filter(athlete=account.athlete, ended_at__isnull=False).delete()


def forget(athlete_id: int) -> None:
    """The athlete leaves: what is still to be revoked stays without them, what is over goes."""
    StravaRevocation.objects.filter(athlete=athlete_id, ended_at__isnull=False).delete()
    StravaRevocation.objects.filter(athlete=athlete_id).update(athlete=None)


def latest_of(athlete: Athlete) -> StravaRevocation | None:
    return StravaRevocation.objects.filter(athlete=athlete).order_by("-pk").first()


# -- doing it -----------------------------------------------------------------------------------------------------------


def due() -> list[int]:
    """What is to be asked now. Also throws away what was told long enough, and what nobody is left to be told of."""
    now = timezone.now()
    over = StravaRevocation.objects.filter(ended_at__isnull=False)
    over.filter(ended_at__lt=now - TOLD_FOR).delete()
    over.filter(athlete=None).delete()
    return list(StravaRevocation.objects.pending().filter(retry_at__lte=now).values_list("pk", flat=True)[:100])


def work_off(number: int) -> None:
    """One try. Nothing where it is not its time, or another process is at it."""
    row = StravaRevocation.objects.pending().filter(pk=number).first()
    if row is None:
        return
    # Whoever connects waits for the first lock; whoever refreshes the tokens that are revoked here holds the second.
    with locks.alone(locks.STRAVA_REVOKE, row.athlete_id or -row.pk) as ours:
        if not ours:
            return
        with locks.alone(locks.STRAVA_TOKEN, row.account_number or -row.pk) as quiet:
            if quiet:
                _work_off(number)
            else:
                _later(number, IN_A_MOMENT)


def _work_off(number: int) -> None:
    row = StravaRevocation.objects.pending().filter(pk=number, retry_at__lte=timezone.now()).first()
    if row is None:
        return
    _later(number, LEASE)
    try:
        if _is_in_use(row):
            row.delete()
            log.info("strava grant in use again", revocation=number)
            return
        _take_back_at_strava(row)
    except ReconnectNeeded:
        _end(row, StravaRevocation.Outcome.DONE)  # both tokens are dead already
    except PASSES as error:
        _again(row, error)
    except (StravaError, TokenRefused) as error:
        log.warning("strava refuses to withdraw access", revocation=number, error=type(error).__name__)
        _end(row, StravaRevocation.Outcome.FAILED)
    else:
        _end(row, StravaRevocation.Outcome.DONE)


def _again(row: StravaRevocation, error: Exception) -> None:
    now = timezone.now()
    log.info("strava not told of the end yet", revocation=row.pk, attempt=row.attempts + 1, error=type(error).__name__)
    if now >= row.asked_at + GIVEN_UP_AFTER:
        log.warning("strava not told of the end", revocation=row.pk, attempts=row.attempts + 1)
        _end(row, StravaRevocation.Outcome.FAILED)
        return
    at = min(now + min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE), row.asked_at + GIVEN_UP_AFTER)
    if isinstance(error, RateLimited):
        at = max(error.retry_at, now)
    waits = StravaRevocation.objects.pending().filter(pk=row.pk)
    # Somebody who went to Strava to connect again meanwhile has set a later moment, and that holds.
    waits.update(attempts=F("attempts") + 1)
    waits.filter(retry_at__lte=now + LEASE).update(retry_at=at)


def _later(number: int, pause: timedelta) -> None:
    at = timezone.now() + pause
    StravaRevocation.objects.pending().filter(pk=number).update(retry_at=Greatest(F("retry_at"), at))


def _end(row: StravaRevocation, outcome: str) -> None:
    """The tokens go in any case; the row stays only where somebody can be told."""
    with transaction.atomic():
        if row.athlete_id is None or not Athlete.objects.filter(pk=row.athlete_id).exists():
            row.delete()
        else:
            StravaRevocation.objects.pending().filter(pk=row.pk).update(
                ended_at=timezone.now(),
                outcome=outcome,
                access_token=None,
                refresh_token=None,
                sealed_client_id=None,
                sealed_client_secret=None,
            )
    log.info("strava access revoked", revocation=row.pk, outcome=outcome)


def _take_back_at_strava(row: StravaRevocation) -> None:
    """The endpoint is new; where it is missing the old one is asked, which wants an access token that has not expired."""
    assert row.access_token is not None and row.refresh_token is not None
    refresh, access = row.refresh_token.reveal(), row.access_token.reveal()
    reply = _ask(row, lambda: oauth.revoke(row, refresh))
    if reply.status in oauth.NO_REVOKE:
        reply = _ask(row, lambda: oauth.deauthorize(access))
        if reply.status == 401:
            fresh = _refreshed(row, refresh)
            reply = _ask(row, lambda: oauth.deauthorize(fresh))
    http.judge(reply)


def _refreshed(row: StravaRevocation, refresh: SecretStr) -> SecretStr:
    """A token that has not expired; what came is stored before it is used, for the old one may be dead."""
    token = oauth.refresh(row, refresh)
    with transaction.atomic(durable=True):
        StravaRevocation.objects.pending().filter(pk=row.pk).update(
            access_token=Sealed.of(token.access_token), refresh_token=Sealed.of(token.refresh_token)
        )
    return token.access_token


def _ask(row: StravaRevocation, send: oauth.Sending) -> Reply:
    """Within the limits, though Strava is not known to count it; an answer without figures tells the limiter nothing."""
    return limiter.within(row, send, waiting=True, sure=False)


def _is_in_use(row: StravaRevocation) -> bool:
    """Somebody here is connected through the same grant: revoking these tokens would end that connection."""
    living = StravaAccount.objects.connected().filter(strava_athlete_id=row.strava_athlete_id)
    return any(_is_of(row, account.application) for account in living.select_related("application"))


def _is_of(row: StravaRevocation, application: StravaApplication) -> bool:
    try:
        return row.budget_key == application.budget_key
    except (CannotOpen, NoFieldKeys):
        return row.sealed_client_id is None and application.owner_id is None
