"""The keys to an account: read fresh, refreshed by one worker at a time, stored before they are used.

A refresh may kill the token it was made with. So whoever refreshes holds an advisory lock across all workers, reads the row
again inside it (somebody may have done the work), and commits what came before anybody can call with it. It refuses to
run inside a transaction, whose end might take the new token back. If the answer is lost on its way, the next try
finds the old token dead and the account says "reconnect needed"; there is no loop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone
from pydantic import SecretStr

from activities import locks
from activities.strava import oauth, revoking, state
from activities.strava.errors import ReconnectNeeded, Unavailable
from activities.strava.models import StravaAccount
from activities.strava.sealing import Sealed
from activities.strava.state import Connection

log = structlog.get_logger("agegrade.strava")

REFRESH_BEFORE: Final = timedelta(minutes=5)
#: longer than a refresh can take with its second try
TURN_S: Final = 150


@dataclass(frozen=True)
class Access:
    """What a call needs to know of the account at this moment."""

    token: SecretStr
    connection: Connection


def access(account: StravaAccount) -> Access:
    """A token that is good for some minutes, refreshed where it has to be. One query where it need not be.

    Raises ReconnectNeeded, AppMisconfigured, AppInactive, Unavailable.
    """
    now = _connection(account)
    if _is_fresh(now):
        return Access(_opened(now.access_token), now)
    return _refresh(account, done=_is_fresh)


def access_after_refusal(account: StravaAccount, refused: SecretStr) -> Access:
    """Another token than the one Strava did not accept: what another worker got meanwhile, else by a refresh."""

    def is_another(now: Connection) -> bool:
        return _opened(now.access_token).get_secret_value() != refused.get_secret_value()

    return _refresh(account, done=is_another)


def _refresh(account: StravaAccount, *, done: Callable[[Connection], bool]) -> Access:
    with locks.in_turn(locks.STRAVA_TOKEN, account.pk, within_s=TURN_S) as ours:
        if not ours:
            raise Unavailable("another worker is getting new tokens, and takes long")
        with transaction.atomic(durable=True):  # refuses to be part of a transaction
            now = _connection(account)
        if done(now):
            return Access(_opened(now.access_token), now)
        assert now.refresh_token is not None
        try:
            token = oauth.refresh(account.application, _opened(now.refresh_token))
        except ReconnectNeeded:
            state.drop_tokens(account.pk, StravaAccount.State.RECONNECT_NEEDED)
            log.info("strava reconnect needed", account_id=account.pk)
            raise
        new_access, new_refresh = Sealed.of(token.access_token), Sealed.of(token.refresh_token)
        with transaction.atomic(durable=True):
            kept = state.keep_tokens(
                account.pk,
                access=new_access,
                refresh=new_refresh,
                expires_at=token.expires_at,
                spent=now.refresh_token,
            )
            if not kept:
                revoking.moved_on(now.refresh_token, access=new_access, refresh=new_refresh)
        log.info("strava tokens refreshed", account_id=account.pk, kept=kept)
        now = _connection(account)
        return Access(_opened(now.access_token), now)


def _connection(account: StravaAccount) -> Connection:
    now = state.connection_of(account.pk)
    if now is None or now.access_token is None or now.refresh_token is None or now.state in StravaAccount.ENDED:
        raise ReconnectNeeded("the account is not connected")
    return now


def _is_fresh(now: Connection) -> bool:
    return now.expires_at is not None and now.expires_at > timezone.now() + REFRESH_BEFORE


def _opened(sealed: Sealed | None) -> SecretStr:
    if sealed is None:
        raise ReconnectNeeded("the account is not connected")
    return sealed.reveal()
