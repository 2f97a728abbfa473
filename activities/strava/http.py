"""One HTTP exchange with Strava, bounded in time and size, and what its answer means.

Nothing here asks again: who may is decided above (client.py, oauth.py). Secrets travel as SecretStr up to the moment of
sending; no exception of requests or urllib3 leaves this module, for their texts hold URLs and their frames hold headers.
"""

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr
from requests.auth import AuthBase, HTTPBasicAuth

from activities.strava.errors import (
    AppInactive,
    AppMisconfigured,
    NotFound,
    Refused,
    ScopeMissing,
    StravaError,
    SubscriptionNeeded,
    Unavailable,
)

CONNECT_S, READ_S = 5, 30
#: an answer that drips is given up after this long, whatever comes
TOTAL_S: Final = 60
#: the streams of a day-long run are about 10 MB
LARGEST_BODY: Final = 64 * 2**20
CHUNK: Final = 2**16
LONGEST_TOLD: Final = 120

#: a proxy of the environment is for the world outside
OWN_MACHINE: Final = {"no_proxy": "127.0.0.1,localhost,::1"}

_own = threading.local()


class NoAnswer(Exception):
    """Nothing usable came: not connected, reset, stalled, cut off, too large, 5xx, or not JSON. Perhaps the next time."""


class TokenRefused(Exception):
    """401 for the access token: expired or revoked."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float

    def json(self) -> Any:
        """Raises NoAnswer for what is not JSON, HTML with status 200 for example."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise NoAnswer(f"{self.status} with a body that is not JSON") from None

    @property
    def errors(self) -> list[dict[str, str]]:
        """Strava's own words on what was wrong; empty where the answer is not of its shape."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return []
        listed = told.get("errors") if isinstance(told, dict) else None
        return [
            {key: str(one.get(key, ""))[:LONGEST_TOLD] for key in ("resource", "field", "code")}
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict)
        ]

    @property
    def is_html(self) -> bool:
        kind = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        return "html" in kind.lower() or self.body.lstrip()[:1] == b"<"


class _Bearer(AuthBase):
    """The token in the header only. As `auth`, so that a .netrc on the machine does not replace it."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


class _Nobody(AuthBase):
    """No authorization at all, for requests that name the application in the form."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def session() -> requests.Session:
    """One a thread and process: its connections are kept, and a forked worker never talks into its parent's."""
    if getattr(_own, "process", None) != os.getpid():
        _own.process, _own.session = os.getpid(), requests.Session()
        _own.session.headers["Accept"] = "application/json"
        _own.session.headers["User-Agent"] = "Agegrade (self-hosted)"
    found: requests.Session = _own.session
    return found


def send(
    method: str,
    url: str,
    *,
    token: SecretStr | None = None,
    basic: tuple[str, SecretStr] | None = None,
    params: Mapping[str, Any] | None = None,
    form: Mapping[str, str | SecretStr] | None = None,
    through: requests.Session | None = None,
    read_s: float | None = None,
    total_s: float | None = None,
) -> Reply:
    """One request, one answer, whatever its status. Redirects are not followed: the token is for this host alone.

    Raises NoAnswer.
    """
    auth: AuthBase = _Bearer(token) if token is not None else _Nobody()
    if basic is not None:
        auth = HTTPBasicAuth(basic[0], basic[1].get_secret_value())
    began = time.monotonic()
    try:
        with (through or session()).request(
            method,
            url,
            params=_plain(params),
            data=_plain(form),
            auth=auth,
            timeout=(CONNECT_S, read_s or READ_S),
            allow_redirects=False,
            stream=True,
            proxies=OWN_MACHINE if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1") else None,
        ) as response:
            took_s = time.monotonic() - began
            body = _body(response, ends=began + (total_s or TOTAL_S))
            return Reply(response.status_code, dict(response.headers), body, took_s)
    except requests.ConnectTimeout:
        raise NoAnswer("no connection within the time") from None
    except requests.ReadTimeout:
        raise NoAnswer("no answer within the time") from None
    except requests.ConnectionError:
        raise NoAnswer("the connection failed") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise NoAnswer(f"the answer broke off ({type(error).__name__})") from None


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}


def _body(response: requests.Response, *, ends: float) -> bytes:
    """The body as far as it is bounded; read as it comes, so that a dripping one is noticed."""
    parts, size = [], 0
    while part := response.raw.read1(CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise NoAnswer("the answer is larger than any activity")
        if time.monotonic() > ends:
            raise NoAnswer("the answer took too long")
    expected = response.headers.get("Content-Length", "")
    if expected.isdigit() and not response.headers.get("Content-Encoding") and size < int(expected):
        raise NoAnswer("the answer was cut off")
    return b"".join(parts)


def judge(reply: Reply) -> None:
    """Nothing for a 2xx; else raises what the status means. 429 is the limiter's and never comes here."""
    status = reply.status
    if 200 <= status < 300:
        return
    if status >= 500:
        raise NoAnswer(f"answered {status}")
    raise _refusal(reply)


def _refusal(reply: Reply) -> StravaError | TokenRefused:  # noqa: PLR0911 - one line a status
    status, errors = reply.status, reply.errors
    told = "; ".join(f"{one['resource']} {one['field']} {one['code']}" for one in errors)[:LONGEST_TOLD]
    scope = next((one["field"].removesuffix("_permission") for one in errors if one["code"] == "missing"), "")
    if status in (301, 308):
        return AppMisconfigured("Strava answers from another address: set STRAVA_API_URL and STRAVA_OAUTH_URL")
    if scope and status in (401, 403):
        return ScopeMissing(scope)
    if _says(errors, "application", "status", "inactive"):
        return AppInactive("Strava has switched the API application off")
    if status in (400, 401, 403) and _says(errors, "application", "", "invalid"):
        return AppMisconfigured(f"Strava does not accept the API application ({told})")
    if status == 401:
        return TokenRefused()
    if status == 402:
        return SubscriptionNeeded("only for Strava's subscribers")
    if status == 404 and not reply.is_html:
        return NotFound("there is no such thing at Strava, or no longer, or not for us")
    return Refused(status, told)


def _says(errors: list[dict[str, str]], resource: str, field: str, code: str) -> bool:
    """Whether one of them says this; an empty field stands for client_id, client_secret or none."""
    fields = {field} if field else {"", "client_id", "client_secret"}
    return any(
        one["resource"].lower() == resource and one["field"].lower() in fields and one["code"].lower() == code
        for one in errors
    )


def gave_up(error: NoAnswer) -> Unavailable:
    return Unavailable(f"no usable answer from Strava: {error}")
