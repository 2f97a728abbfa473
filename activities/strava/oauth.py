"""Strava's OAuth: the address to send a person to, and the four exchanges that follow. Knows no models.

Token calls are not counted among the calls of the API and carry no limits, so the limiter is not asked. Each opens a
connection of its own: on a kept one that has meanwhile been closed, nobody could tell whether a token was spent.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import requests
import structlog
from django.conf import settings
from pydantic import SecretStr, ValidationError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from activities.strava import http
from activities.strava.errors import NotFound, ReconnectNeeded, Refused, Unavailable, Unreadable
from activities.strava.http import NoAnswer, Reply, TokenRefused
from activities.strava.schemas import Token

log = structlog.get_logger("agegrade.strava")

#: a person waits behind a code; a worker behind a refresh
READ_S, TOTAL_S = 20, 40
#: for the short questions: leaving, and what the check asks
LEAVING_S: Final = 8
TRIES: Final = 2
#: what an installation of Strava without `revoke` answers there
NO_REVOKE: Final = (400, 404, 405, 410, 501)

Sending = Callable[[], Reply]


class Application(Protocol):
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> SecretStr: ...


def authorize_url(
    application: Application, *, redirect_uri: str, state: str, scopes: Iterable[str], again: bool
) -> str:
    """Where a person says yes. again: Strava asks even who said yes before, so that more can be allowed."""
    query = {
        "client_id": application.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "approval_prompt": "force" if again else "auto",
        "scope": ",".join(scopes),
        "state": state,
    }
    return f"{settings.STRAVA_OAUTH_URL}/authorize?{urlencode(query)}"


def exchange(application: Application, code: SecretStr) -> Token:
    """Turn the code of a callback into tokens. Never asked twice: a code works once.

    Raises ReconnectNeeded for a code that is spent or expired, AppMisconfigured, AppInactive, Unavailable.
    """
    try:
        reply = _post("token", _of(application) | {"code": code, "grant_type": "authorization_code"})
        return _token(reply)
    except NoAnswer as error:
        raise http.gave_up(error) from None


def refresh(application: Application, refresh_token: SecretStr) -> Token:
    """New tokens for old. The old refresh token may be dead as soon as this was sent: store the new one at once.

    Asked a second time, seconds later, where no answer came: if the first did arrive and spent the token, Strava says so
    and this raises ReconnectNeeded; it never goes round again.
    """
    form = _of(application) | {"refresh_token": refresh_token, "grant_type": "refresh_token"}
    tries = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential_jitter(multiplier=1, jitter=1, max=5),
        retry=retry_if_exception(lambda error: isinstance(error, NoAnswer)),
        reraise=True,
    )
    try:
        return tries(lambda: _token(_post("token", form)))
    except NoAnswer as error:
        raise http.gave_up(error) from None


def revoke(application: Application, token: SecretStr) -> Reply:
    """Ask that our access be taken back: either token ends both. The endpoint is new; see NO_REVOKE. Raises NoAnswer."""
    form: dict[str, str | SecretStr] = {"token": token, "token_type_hint": "refresh_token"}
    return _post("revoke", form, basic=(application.client_id, application.client_secret), read_s=LEAVING_S)


def deauthorize(access_token: SecretStr) -> Reply:
    """The same by the old endpoint, which wants an access token that has not expired. Raises NoAnswer."""
    return _post("deauthorize", {}, token=access_token, read_s=LEAVING_S)


def _of(application: Application) -> dict[str, str | SecretStr]:
    return {"client_id": application.client_id, "client_secret": application.client_secret}


def _post(
    path: str,
    form: dict[str, str | SecretStr],
    *,
    basic: tuple[str, SecretStr] | None = None,
    token: SecretStr | None = None,
    read_s: float = READ_S,
) -> Reply:
    url = f"{settings.STRAVA_OAUTH_URL}/{path}"
    with requests.Session() as session:
        session.headers["Accept"] = "application/json"
        return http.send(
            "POST", url, form=form, basic=basic, token=token, through=session, read_s=read_s, total_s=TOTAL_S
        )


def _token(reply: Reply) -> Token:
    """What a token answer means. Raises NoAnswer for what may pass, else one of our errors."""
    if reply.status == 429:
        raise Unavailable("Strava answers no token calls at the moment (429)")
    try:
        http.judge(reply)
    except TokenRefused:
        raise ReconnectNeeded("Strava does not accept the token any more") from None
    except Refused as error:
        if _is_spent(reply):
            raise ReconnectNeeded(str(error)) from None
        raise
    except NotFound:
        raise Unavailable("there is nothing at STRAVA_OAUTH_URL") from None
    told = _by_our_clock(reply.json())
    try:
        return Token.model_validate(told)
    except ValidationError:
        raise Unreadable("the answer holds no tokens") from None  # and never its payload


def accepts(application: Application) -> None:
    """Ask Strava whether it knows this id and secret, without anybody's tokens. Nothing where it does.

    Raises AppMisconfigured where it does not, Unavailable or Refused where it does not say.
    """
    form = _of(application) | {"refresh_token": "none", "grant_type": "refresh_token"}
    try:
        _token(_post("token", form))
    except ReconnectNeeded:
        return  # it looked at the token, so it knows the application
    except NoAnswer as error:
        raise http.gave_up(error) from None


def _is_spent(reply: Reply) -> bool:
    """A 400 that is about the token or code. Any other refusal must not cost somebody the connection."""
    if reply.status != 400 or reply.is_html:
        return False
    return not reply.errors or any(one["code"].lower() in {"invalid", "expired"} for one in reply.errors)


def _by_our_clock(told: Any) -> Any:
    """Where this machine's clock is ahead, a new token looks as if it had ended; how long it lasts is told as well."""
    if not isinstance(told, dict):
        return told
    now, ends, lasts = time.time(), told.get("expires_at"), told.get("expires_in")
    if isinstance(ends, int) and isinstance(lasts, int) and ends < now and lasts > 0:
        return told | {"expires_at": int(now + lasts)}
    return told
