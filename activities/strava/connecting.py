"""Connecting an athlete's Strava account, and letting it go. Views call this; nothing here knows a request.

One Strava account belongs to one athlete of this installation, and one athlete has one Strava account at a time.
"""

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import SecretStr

from activities import locks
from activities.models import Recording
from activities.signals import strava_connected
from activities.strava import oauth, state
from activities.strava.errors import StravaError, Unavailable
from activities.strava.models import StravaAccount, StravaApplication
from activities.strava.schemas import Token
from activities.strava.sealing import CannotOpen, NoFieldKeys, Sealed
from athletes.models import Athlete

log = structlog.get_logger("agegrade.strava")

TURN_S = 20


class CannotConnect(Exception):
    """Why this account cannot be connected; `code` is what the page chooses its words by."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def application_for(athlete: Athlete) -> StravaApplication:
    """The application this athlete brings, else the installation's; `is_configured` says whether it can be used."""
    own = StravaApplication.objects.filter(owner=athlete).first()
    return own or StravaApplication.of_installation()


def account_of(athlete: Athlete) -> StravaAccount | None:
    return StravaAccount.objects.select_related("application", "athlete").filter(athlete=athlete).first()


def connect(athlete: Athlete, application: StravaApplication, *, code: SecretStr, scopes: list[str]) -> StravaAccount:
    """Turn a callback's code into a connected account. Raises CannotConnect, and nothing is changed then."""
    try:
        token = oauth.exchange(application, code)
    except StravaError as error:
        log.info("strava not connected", athlete_id=athlete.pk, why=error.code)
        if error.code in state.FAULTS:
            state.remember_fault(application.pk, error.code)
        raise CannotConnect("code_spent" if error.code == "reconnect_needed" else error.code) from None
    if token.athlete is None:
        raise CannotConnect("nobody")
    before = account_of(athlete)
    if before is None:
        account = _store(athlete, application, token=token, scopes=scopes)
    else:
        with locks.in_turn(locks.STRAVA_TOKEN, before.pk, within_s=TURN_S) as ours:  # nobody is refreshing the old ones
            if not ours:
                raise CannotConnect(Unavailable.code)
            account = _store(athlete, application, token=token, scopes=scopes)
    log.info("strava connected", athlete_id=athlete.pk, account_id=account.pk, scopes=scopes)
    return account


def _store(athlete: Athlete, application: StravaApplication, *, token: Token, scopes: list[str]) -> StravaAccount:
    assert token.athlete is not None
    strava_id = token.athlete.strava_id
    try:
        with transaction.atomic():
            account = StravaAccount.objects.select_for_update().filter(athlete=athlete).first()
            _refuse_another(athlete, account, strava_id)
            account = account or StravaAccount(athlete=athlete)
            account.application = application
            account.strava_athlete_id = strava_id
            account.strava_name = token.athlete.name[:200]
            account.scopes = scopes
            account.access_token = Sealed.of(token.access_token)
            account.refresh_token = Sealed.of(token.refresh_token)
            account.expires_at = token.expires_at
            states = StravaAccount.State
            account.state = states.CONNECTED if account.reads_activities else states.SCOPE_MISSING
            account.state_at = account.connected_at = timezone.now()
            account.kept_at = None
            account.save()
            state.remember_success(None, application.pk)
            strava_connected.send(sender=StravaAccount, account_id=account.pk)
    except IntegrityError:  # two athletes connected the same account in the same moment
        raise CannotConnect("taken") from None
    except NoFieldKeys:
        raise CannotConnect("no_field_keys") from None
    return account


def _refuse_another(athlete: Athlete, account: StravaAccount | None, strava_id: int) -> None:
    disconnected = StravaAccount.State.DISCONNECTED
    held = StravaAccount.objects.filter(strava_athlete_id=strava_id).exclude(state=disconnected)
    if held.exclude(athlete=athlete).exists():
        raise CannotConnect("taken")
    if account is not None and account.erase_asked_at is not None:
        raise CannotConnect("erasing")
    if account is None or account.strava_athlete_id == strava_id:
        return
    # Two histories must not become one: the first is let go, and with what came from it, before the second comes.
    if account.state != disconnected or Recording.objects.filter(athlete=athlete, source="strava").exists():
        raise CannotConnect("another")


def disconnect(account: StravaAccount) -> bool:
    """Let go: no call is made any more from here on. Gives whether Strava confirmed that our access is gone."""
    with locks.in_turn(locks.STRAVA_TOKEN, account.pk, within_s=TURN_S):  # a refresh under way ends first
        now = state.connection_of(account.pk)
        state.drop_tokens(account.pk, StravaAccount.State.DISCONNECTED)
    confirmed = True
    if now is not None and now.access_token is not None and now.refresh_token is not None:
        try:
            access, refresh = now.access_token.reveal(), now.refresh_token.reveal()
            confirmed = oauth.revoke(account.application, access_token=access, refresh_token=refresh)
        except (CannotOpen, NoFieldKeys):
            confirmed = False
    log.info("strava disconnected", account_id=account.pk, confirmed=confirmed)
    return confirmed
