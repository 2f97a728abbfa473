"""The shared budget of calls: asked before each call to Strava, told of each answer. One Lua script in Redis.

Promises: no call over a limit Strava told us of, whatever the number of workers and hosts; a 429 closes the window for
all of them; Redis lost means no calls; Redis empty means one probe call across all workers, and then on from its headers
(without headers, from what PostgreSQL remembers). About a fifth of each window is kept for calls a person waits for.

When the budget is used up nobody sleeps: `reserve` raises RateLimited with the exact moment. It does sleep for the small gap
that keeps calls from coming in a burst, a few seconds at most.

Why Redis's clock and not ours, and what happens where one window ends and the next begins: limiter.lua.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import redis
import structlog
from django.conf import settings
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from activities.strava import state
from activities.strava.errors import LimiterAway, RateLimited
from activities.strava.http import NoAnswer, Reply
from activities.strava.state import Budget

log = structlog.get_logger("agegrade.strava")

#: what a new API application may do, until an answer says otherwise
FIRST_LIMITS: Final = {
    "read_limit_short": 100,
    "read_limit_day": 1_000,
    "all_limit_short": 200,
    "all_limit_day": 2_000,
}
SHARE_OF_WAITING: Final = 0.2
GUARD_MS: Final = 1_500
GAP_LEAST_MS, GAP_MOST_MS = 20, 200
#: longer than any call can take (see http.py), so that a flight that old was lost with its worker
FLIGHT_LASTS_MS: Final = 100_000
#: when a probe is given up, so that a worker killed in it does not stop the others for long; and the pause to the next
PROBE_LASTS_MS, PROBE_PAUSE_MS = 40_000, 3_000
PATIENCE_S: Final = 4.0
REDIS_BACK_S: Final = 60
FIELDS = (
    "quarter", "day", "read_limit_short", "read_limit_day", "all_limit_short", "all_limit_day",
    "read_used_short", "read_used_day", "all_used_short", "all_used_day",
)  # fmt: skip
COUNTED = FIELDS[2:]
SCRIPT = (Path(__file__).parent / "limiter.lua").read_text()


class Application(Protocol):
    """All that is asked of an API application here."""

    @property
    def budget_key(self) -> str: ...


@dataclass(frozen=True)
class Ticket:
    """The right to one call, to be handed back with its answer."""

    flight: str


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much is used, for a page. `closed_until`: nothing may be called before, since a 429."""

    budget: Budget
    quarter_ends_at: datetime
    day_ends_at: datetime
    closed_until: datetime | None
    #: how far Strava's clock is ahead of Redis's, by the Date of its answers
    offset_s: float
    is_known: bool


@dataclass(frozen=True, kw_only=True)
class _Answer:
    word: str
    wait_s: float
    usage: Usage


def reserve(application: Application, *, waiting: bool = False, patience_s: float = PATIENCE_S) -> Ticket:
    """Take the right to one call now. waiting: a person waits, so the reserved share may be used.

    Raises RateLimited(retry_at) where the budget is used up, LimiterAway where Redis does not answer.
    """
    ticket = Ticket(uuid.uuid4().hex)
    ends = time.monotonic() + patience_s
    while True:
        left_s = max(0.0, ends - time.monotonic())
        said = _ask(
            application,
            "reserve",
            flight=ticket.flight,
            waiting=int(waiting),
            share=SHARE_OF_WAITING,
            patience=round(left_s * 1000),
            gap_least=GAP_LEAST_MS,
            gap_most=GAP_MOST_MS,
            probe_lasts=PROBE_LASTS_MS,
        )
        if said.word == "go":
            time.sleep(said.wait_s)
            return ticket
        if said.word == "probing" and said.wait_s < left_s:
            time.sleep(said.wait_s)
            continue
        why = {"full": "the limit of calls is reached", "probing": "the first call is under way"}
        wait_s = PATIENCE_S if said.word == "probing" else said.wait_s
        raise RateLimited(_in(wait_s), why.get(said.word, "others are before us"))


def observe(
    application: Application, headers: Mapping[str, str], *, ticket: Ticket, took_s: float, sure: bool = True
) -> None:
    """Tell of an answer. sure: it was Strava's own, not a gateway's, so a probe is over even without headers."""
    _tell(application, headers, ticket=ticket, took_s=took_s, sure=sure, closed=False)


def close(application: Application, headers: Mapping[str, str], *, ticket: Ticket, took_s: float) -> datetime:
    """Tell of a 429: the window is closed for everybody. Gives the moment it opens again."""
    said = _tell(application, headers, ticket=ticket, took_s=took_s, sure=True, closed=True)
    usage = said.usage
    retry_at = usage.closed_until or usage.quarter_ends_at
    log.warning("strava limit reached", application=application.budget_key[:6], retry_at=retry_at.isoformat())
    return retry_at


def lost(application: Application, *, ticket: Ticket, took_s: float) -> None:
    """Tell that no answer came. The call stays counted: it may have reached Strava."""
    _tell(application, {}, ticket=ticket, took_s=took_s, sure=False, closed=False)


def within(application: Application, send: Callable[[], Reply], *, waiting: bool, sure: bool = True) -> Reply:
    """One request in its place in the budget, and the limiter told of what came. sure: an answer without figures, too,
    says that the budget is known.

    Raises RateLimited, and what `send` raises.
    """
    ticket = reserve(application, waiting=waiting)
    try:
        reply = send()
    except NoAnswer:
        with suppress(LimiterAway):
            lost(application, ticket=ticket, took_s=0)
        raise
    if reply.status == 429:
        raise RateLimited(close(application, reply.headers, ticket=ticket, took_s=reply.took_s))
    with suppress(LimiterAway):  # an answer that is here is not thrown away; the next call will find Redis missing
        observe(application, reply.headers, ticket=ticket, took_s=reply.took_s, sure=sure and reply.status < 500)
    return reply


def usage(application: Application) -> Usage:
    """What is used at the moment; changes nothing. Raises LimiterAway."""
    return _ask(application, "look").usage


def _tell(
    application: Application, headers: Mapping[str, str], *, ticket: Ticket, took_s: float, sure: bool, closed: bool
) -> _Answer:
    told = _told(headers)
    date = _date(headers)
    said = _ask(
        application,
        "observe",
        flight=ticket.flight,
        took=round(took_s * 1000),
        date="" if date is None else round(date.timestamp() * 1000),
        sure=int(sure or bool(told)),
        closed=int(closed),
        probe_pause=PROBE_PAUSE_MS,
        **told,
    )
    state.remember_budget(application.budget_key, said.usage.budget, closed_until=said.usage.closed_until)
    return said


def _told(headers: Mapping[str, str]) -> dict[str, int]:
    """Limits and use as the headers tell them, in any case; nothing where they are absent or odd."""
    lower = {name.lower(): value for name, value in headers.items()}
    told: dict[str, int] = {}
    for header, kind in (("ratelimit", "all"), ("readratelimit", "read")):
        for what, ours in (("limit", "limit"), ("usage", "used")):
            parts = [part.strip() for part in lower.get(f"x-{header}-{what}", "").split(",")]
            if len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
                told[f"{kind}_{ours}_short"], told[f"{kind}_{ours}_day"] = int(parts[0]), int(parts[1])
    return told


def _date(headers: Mapping[str, str]) -> datetime | None:
    text = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


@cache
def _connection(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1))


@cache
def _script(url: str) -> Script:
    return _connection(url).register_script(SCRIPT)


def _ask(application: Application, act: str, **given: Any) -> _Answer:
    """Run the script; where Redis knows nothing, once more with what PostgreSQL remembers."""
    key = application.budget_key
    keys = [f"strava:{{{key}}}:book", f"strava:{{{key}}}:flights"]
    given |= {"guard": GUARD_MS, "flight_lasts": FLIGHT_LASTS_MS}
    try:
        said = _run(keys, act, given)
        if said[0] == b"empty":
            said = _run(keys, act, given | _seed(key))
    except (redis.RedisError, OSError) as error:
        log.warning("limiter away", error=type(error).__name__)
        raise LimiterAway(_in(REDIS_BACK_S), "Redis does not answer") from None
    return _read(said)


def _run(keys: list[str], act: str, given: Mapping[str, Any]) -> list[Any]:
    arguments = [act, *(part for pair in given.items() for part in pair)]
    found = _script(settings.REDIS_URL)(keys=keys, args=arguments)
    assert isinstance(found, list)
    return found


def _seed(key: str) -> dict[str, int]:
    """The last known use, or the limits of a new application with nothing used."""
    now = timezone.now().timestamp()
    quarter, day = int(now // 900), int(now // 86_400)
    values = {**FIRST_LIMITS, **dict.fromkeys(COUNTED[4:], 0), "quarter": quarter, "day": day}
    found = state.last_budget(key)
    if found is not None:
        budget, closed_until = found
        values |= {name: getattr(budget, name) for name in FIELDS}
        if closed_until is not None:
            values["closed"] = round(closed_until.timestamp() * 1000)
    return {f"seed_{name}": value for name, value in values.items()}


def _read(said: list[Any]) -> _Answer:
    word, wait_ms, *rest = said
    closed_ms, quarter_ms, day_ms, offset_ms, known = rest[len(FIELDS) :]
    usage = Usage(
        budget=Budget(**dict(zip(FIELDS, (int(value) for value in rest[: len(FIELDS)]), strict=True))),
        quarter_ends_at=_in(quarter_ms / 1000),
        day_ends_at=_in(day_ms / 1000),
        closed_until=_in(closed_ms / 1000) if closed_ms else None,
        offset_s=offset_ms / 1000,
        is_known=bool(known),
    )
    return _Answer(word=word.decode(), wait_s=wait_ms / 1000, usage=usage)
