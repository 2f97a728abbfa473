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
from activities.strava import oauth, revoking, state
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
    with locks.in_turn(locks.STRAVA_REVOKE, athlete.pk, within_s=TURN_S) as ours:
        try:
            if not ours:  # a revocation under way, which would end what is given now
                raise CannotConnect(Unavailable.code)
            return _connect(athlete, application, code=code, scopes=scopes)
        except CannotConnect:
            revoking.go_on(athlete)
            raise


def _connect(athlete: Athlete, application: StravaApplication, *, code: SecretStr, scopes: list[str]) -> StravaAccount:
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
    try:
        if before is None:
            account = _store(athlete, application, token=token, scopes=scopes)
        else:
            # nobody is refreshing the old ones
            with locks.in_turn(locks.STRAVA_TOKEN, before.pk, within_s=TURN_S) as ours:
                if not ours:
                    raise CannotConnect(Unavailable.code)
                account = _store(athlete, application, token=token, scopes=scopes)
    except CannotConnect as refusal:
        if refusal.code in ("taken", "another", "erasing"):
            _hand_back(athlete, application, token, scopes)
        raise
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
            if account.refresh_token is not None and not _is_same_client(account.application, application):
                _let_go(account)
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
            revoking.take_back(account)
            # tokens are given to applications that are switched off, too; that fault ends with a call
            state.application_works(application.pk, {StravaApplication.Fault.MISCONFIGURED})
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


def _hand_back(athlete: Athlete, application: StravaApplication, token: Token, scopes: list[str]) -> None:
    """Have the access revoked that came with a refused account, unless that would end somebody else's.

    Strava gives one grant to an athlete and an application. Where the account is somebody's here through this application,
    these tokens are of that very grant: revoking them would disconnect who is rightly connected. A worker looks once more
    before it asks.
    """
    assert token.athlete is not None
    strava_id = token.athlete.strava_id
    living = StravaAccount.objects.connected().filter(strava_athlete_id=strava_id).select_related("application")
    holder = next((account for account in living if _is_same_client(account.application, application)), None)
    if holder is not None:
        _pass_on(holder, token, scopes)
        return
    with transaction.atomic():
        revoking.ask(
            application,
            strava_athlete_id=strava_id,
            access=Sealed.of(token.access_token),
            refresh=Sealed.of(token.refresh_token),
            athlete=athlete,
        )


def _pass_on(holder: StravaAccount, token: Token, scopes: list[str]) -> None:
    """The grant's newest tokens, to whom the grant serves here: those they had may have died when these were given.

    Not where these allow less: what they do not show would seem to be gone.
    """
    if not set(holder.scopes) <= set(scopes):
        return
    with locks.in_turn(locks.STRAVA_TOKEN, holder.pk, within_s=TURN_S):
        now = state.connection_of(holder.pk)
        if now is not None and now.refresh_token is not None:
            state.keep_tokens(
                holder.pk,
                access=Sealed.of(token.access_token),
                refresh=Sealed.of(token.refresh_token),
                expires_at=token.expires_at,
                spent=now.refresh_token,
            )


def _is_same_client(one: StravaApplication, other: StravaApplication) -> bool:
    try:
        return one.pk == other.pk or one.client_id == other.client_id
    except CannotOpen:
        return False


def disconnect(account: StravaAccount) -> None:
    """Let go: no call is made any more from here on, and a worker has our access taken back at Strava."""
    with transaction.atomic():
        now = StravaAccount.objects.select_for_update(of=("self",)).select_related("application", "athlete")
        _let_go(now.get(pk=account.pk))
        state.drop_tokens(account.pk, StravaAccount.State.DISCONNECTED)
    log.info("strava disconnected", account_id=account.pk)


def _let_go(account: StravaAccount) -> None:
    """What the account was given by Strava is to be taken back; the caller drops or replaces it in the same transaction."""
    if account.access_token is not None and account.refresh_token is not None:
        revoking.ask(
            account.application,
            strava_athlete_id=account.strava_athlete_id,
            access=account.access_token,
            refresh=account.refresh_token,
            athlete=account.athlete,
            account_number=account.pk,
        )


def change_keys(application: StravaApplication, *, client_id: str, client_secret: SecretStr) -> bool:
    """Give an athlete's own application another id or secret. True where who is connected has to connect again.

    Tokens belong to the id that got them; under another one they could neither be refreshed nor revoked.
    """
    with transaction.atomic():
        known = StravaApplication.objects.select_for_update().filter(pk=application.pk).first()
        ends = known is not None and not _has_client_id(known, client_id)
        held = StravaAccount.objects.select_for_update(of=("self",)).select_related("application", "athlete")
        for account in held.filter(application=application, refresh_token__isnull=False) if ends else ():
            _let_go(account)
            state.drop_tokens(account.pk, StravaAccount.State.RECONNECT_NEEDED)
        application.keep(client_id=client_id, client_secret=client_secret)
        application.save()
        state.application_works(application.pk)  # by what Strava has told so far of the new ones
    return ends


def _has_client_id(application: StravaApplication, client_id: str) -> bool:
    try:
        return application.client_id == client_id
    except CannotOpen:
        return False
