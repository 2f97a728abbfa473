"""What must be fresh across workers: tokens, states, the last known use of the limits. Raw SQL, for no identity map,
no cached instance and no half-loaded row may stand between a worker and what another has just committed.

Every statement here is one short transaction of its own where the caller has none.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from activities.strava.errors import StravaError
from activities.strava.models import StravaAccount, StravaApplication
from activities.strava.sealing import CannotOpen, NoFieldKeys, Sealed

log = structlog.get_logger("agegrade.strava")

TOKENS = """
    select account.state,
           account.scopes,
           account.access_token,
           account.refresh_token,
           account.expires_at,
           application.fault,
           application.fault_retry_at
    from activities_stravaaccount account
    join activities_stravaapplication application on application.id = account.application_id
    where account.id = %(account)s
"""
KEEP_TOKENS = """
    update activities_stravaaccount
    set access_token = %(access)s,
        refresh_token = %(refresh)s,
        expires_at = %(expires)s
    where id = %(account)s
      and refresh_token = %(spent)s
      and state <> 'disconnected'
"""
SET_STATE = """
    update activities_stravaaccount
    set state = %(state)s,
        state_at = %(now)s
    where id = %(account)s
      and state <> %(state)s
      and state <> 'disconnected'
"""
DROP_TOKENS = """
    update activities_stravaaccount
    set access_token = null,
        refresh_token = null,
        expires_at = null,
        state = %(state)s,
        state_at = %(now)s
    where id = %(account)s
      and state <> 'disconnected'
"""
#: the same fault told again, by whoever was under way, changes nothing
SET_FAULT = """
    update activities_stravaapplication
    set fault = %(fault)s,
        fault_at = %(now)s,
        fault_probes = 0,
        fault_retry_at = %(now)s + %(pause)s
    where id = %(application)s
      and fault <> %(fault)s
"""
#: of all that come at that moment one may ask, and has moved the moment before it does
TAKE_THE_PROBE = """
    update activities_stravaapplication
    set fault_probes = least(fault_probes + 1, 1000),
        fault_retry_at = %(now)s + case when fault_probes = 0 then %(second)s else %(further)s end
    where id = %(application)s
      and fault <> ''
      and coalesce(fault_retry_at, %(now)s) <= %(now)s
"""
FAULT_RETRY_AT = """
    select fault_retry_at
    from activities_stravaapplication
    where id = %(application)s
      and fault <> ''
"""
CLEAR_FAULT = """
    update activities_stravaapplication
    set fault = '',
        fault_at = null,
        fault_probes = 0,
        fault_retry_at = null
    where id = %(application)s
      and fault = any(%(faults)s)
"""
FREE_ACCOUNTS = """
    update activities_stravaaccount
    set state = case
            when scopes && array['activity:read', 'activity:read_all']::varchar[] then 'connected'
            else 'scope_missing'
        end,
        state_at = %(now)s
    where application_id = %(application)s
      and state = any(%(faults)s)
"""
FREE_SYNCS = """
    update activities_stravasync sync
    set due_at = %(now)s,
        error = '',
        error_at = null
    from activities_stravaaccount account
    where account.id = sync.account_id
      and account.application_id = %(application)s
      and sync.error = any(%(faults)s)
"""
MAY_SYNC = """
    select account.state,
           account.erase_asked_at,
           account.application_id
    from activities_stravaaccount account
    where account.id = %(account)s
"""
STANDING = """
    select sync.due_at, sync.head_due_at, sync.head_at, sync.asked_at,
           sync.page, sync.listed_at, sync.walk_before, sync.walked_at,
           sync.paused_at, sync."order", sync.held_at, sync.believed_at, sync.failures
    from activities_stravasync sync
    where sync.account_id = %(account)s
"""
STANDING_TO_CHANGE = f"{STANDING} for update"
LAST_BUDGET = """
    select quarter, day,
           read_limit_short, read_limit_day, all_limit_short, all_limit_day,
           read_used_short, read_used_day, all_used_short, all_used_day,
           closed_until
    from activities_stravabudget
    where key = %(key)s
"""
#: answers may be told of in another order than they came: within a window the use only grows, and an old window stays old
REMEMBER_BUDGET = """
    insert into activities_stravabudget as kept (
        key, quarter, day,
        read_limit_short, read_limit_day, all_limit_short, all_limit_day,
        read_used_short, read_used_day, all_used_short, all_used_day,
        closed_until, seen_at
    )
    values (
        %(key)s, %(quarter)s, %(day)s,
        %(read_limit_short)s, %(read_limit_day)s, %(all_limit_short)s, %(all_limit_day)s,
        %(read_used_short)s, %(read_used_day)s, %(all_used_short)s, %(all_used_day)s,
        %(closed_until)s, %(now)s
    )
    on conflict (key) do update
    set read_limit_short = excluded.read_limit_short,
        read_limit_day = excluded.read_limit_day,
        all_limit_short = excluded.all_limit_short,
        all_limit_day = excluded.all_limit_day,
        read_used_short = case when excluded.quarter = kept.quarter
            then greatest(kept.read_used_short, excluded.read_used_short) else excluded.read_used_short end,
        all_used_short = case when excluded.quarter = kept.quarter
            then greatest(kept.all_used_short, excluded.all_used_short) else excluded.all_used_short end,
        read_used_day = case when excluded.day = kept.day
            then greatest(kept.read_used_day, excluded.read_used_day) else excluded.read_used_day end,
        all_used_day = case when excluded.day = kept.day
            then greatest(kept.all_used_day, excluded.all_used_day) else excluded.all_used_day end,
        quarter = excluded.quarter,
        day = excluded.day,
        closed_until = excluded.closed_until,
        seen_at = excluded.seen_at
    where excluded.quarter >= kept.quarter
"""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits and use in the windows named: quarters of an hour and days since 1970, by Strava's clock."""

    quarter: int
    day: int
    read_limit_short: int
    read_limit_day: int
    all_limit_short: int
    all_limit_day: int
    read_used_short: int
    read_used_day: int
    all_used_short: int
    all_used_day: int


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An account as it is at this moment."""

    state: str
    scopes: tuple[str, ...]
    access_token: Sealed | None
    refresh_token: Sealed | None
    expires_at: datetime | None
    fault: str
    fault_retry_at: datetime | None


@dataclass(kw_only=True)
class Standing:
    """Where the sync of an account stands; the fields are told in sync_models.py. A step keeps it up with what it stores."""

    due_at: datetime | None
    head_due_at: datetime | None
    head_at: datetime | None
    asked_at: datetime | None
    page: int | None
    listed_at: datetime | None
    walk_before: datetime | None
    walked_at: datetime | None
    paused_at: datetime | None
    order: str
    held_at: datetime | None
    believed_at: datetime | None
    failures: int


#: errors that say something lasting about the connection, and the state they leave it in
STATES = {
    "reconnect_needed": StravaAccount.State.RECONNECT_NEEDED,
    "app_inactive": StravaAccount.State.APP_INACTIVE,
    "app_misconfigured": StravaAccount.State.APP_MISCONFIGURED,
    "unavailable": StravaAccount.State.UNAVAILABLE,
}
FAULTS = frozenset(StravaApplication.Fault.values) - {""}
#: how long the background leaves an application alone that Strava refuses: at first, then, and from then on
FAULT_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


def connection_of(account_id: int) -> Connection | None:
    """The account as another worker may have left it a moment ago; None where it is gone. One query."""
    rows = _run(TOKENS, account=account_id)
    if not rows:
        return None
    state, scopes, access, refresh, expires_at, fault, fault_retry_at = rows[0]
    return Connection(
        state=state,
        scopes=tuple(scopes),
        access_token=Sealed(access) if access else None,
        refresh_token=Sealed(refresh) if refresh else None,
        expires_at=expires_at,
        fault=fault,
        fault_retry_at=fault_retry_at,
    )


def keep_tokens(account_id: int, *, access: Sealed, refresh: Sealed, expires_at: datetime, spent: Sealed) -> bool:
    """Store what a refresh brought; False where the spent token is not the account's any more (reconnected meanwhile)."""
    return bool(
        _run(
            KEEP_TOKENS,
            account=account_id,
            access=access.ciphertext,
            refresh=refresh.ciphertext,
            expires=expires_at,
            spent=spent.ciphertext,
        )
    )


def drop_tokens(account_id: int, state: str) -> None:
    _run(DROP_TOKENS, account=account_id, state=state, now=timezone.now())


def remember_error(account_id: int, application_id: int, error: StravaError) -> None:
    """Let the pages say what keeps us from Strava; what passes by itself leaves the state alone."""
    if error.code in STATES:
        _run(SET_STATE, account=account_id, state=STATES[error.code], now=timezone.now())
    if error.code in FAULTS and not isinstance(
        error, CannotOpen | NoFieldKeys
    ):  # a key of ours is no fault of Strava's
        remember_fault(application_id, error.code)


def remember_fault(application_id: int, fault: str) -> None:
    """Nobody's calls work: the background leaves it alone for a while, and one of it asks when that is over."""
    _run(SET_FAULT, application=application_id, fault=fault, now=timezone.now(), pause=FAULT_PAUSES[0])


def take_the_probe(application_id: int) -> bool:
    """True for the one that may find out now whether the fault is over."""
    _first, second, further = FAULT_PAUSES
    return bool(_run(TAKE_THE_PROBE, application=application_id, now=timezone.now(), second=second, further=further))


def fault_retry_at(application_id: int) -> datetime | None:
    """When the background looks again; None where no fault is known."""
    rows = _run(FAULT_RETRY_AT, application=application_id)
    return rows[0][0] if rows else None


def remember_success(account_id: int | None, application_id: int, *, reads_activities: bool = True) -> None:
    """A call worked: whatever was said before is over."""
    application_works(application_id)
    if account_id is not None:
        states = StravaAccount.State
        _run(
            SET_STATE,
            account=account_id,
            state=states.CONNECTED if reads_activities else states.SCOPE_MISSING,
            now=timezone.now(),
        )


def application_works(application_id: int, faults: Iterable[str] = FAULTS) -> None:
    """These faults are over, whoever found out: all of its accounts that waited for it go on at once."""
    from activities.queue import ask_for
    from activities.tasks import pull_due

    named = {"application": application_id, "faults": list(faults)}
    with transaction.atomic():
        if not _run(CLEAR_FAULT, **named):
            return
        _run(FREE_ACCOUNTS, now=timezone.now(), **named)
        if _run(FREE_SYNCS, now=timezone.now(), **named):
            ask_for(pull_due)
    log.info("strava application works again", application=application_id)


def may_sync(account_id: int) -> bool:
    """Whether Strava may be asked for this account at all. One query."""
    rows = _run(MAY_SYNC, account=account_id)
    return bool(rows) and rows[0][0] not in StravaAccount.ENDED and rows[0][1] is None


def application_of(account_id: int) -> int:
    application_id: int = _run(MAY_SYNC, account=account_id)[0][2]
    return application_id


def standing_of(account_id: int, *, to_change: bool = False) -> Standing | None:
    """What decides about the next step; None where nothing was ever asked for. to_change: kept until the end of the
    transaction, so that whoever asks for something comes before or after. One query."""
    rows = _run(STANDING_TO_CHANGE if to_change else STANDING, account=account_id)
    names = (field.name for field in fields(Standing))
    return Standing(**dict(zip(names, rows[0], strict=True))) if rows else None


def last_budget(key: str) -> tuple[Budget, datetime | None] | None:
    rows = _run(LAST_BUDGET, key=key)
    if not rows:
        return None
    *counts, closed_until = rows[0]
    names = (
        "quarter", "day", "read_limit_short", "read_limit_day", "all_limit_short", "all_limit_day",
        "read_used_short", "read_used_day", "all_used_short", "all_used_day",
    )  # fmt: skip
    return Budget(**dict(zip(names, counts, strict=True))), closed_until


def remember_budget(key: str, budget: Budget, *, closed_until: datetime | None) -> None:
    values = dict(zip((field.name for field in fields(budget)), astuple(budget), strict=True))
    _run(REMEMBER_BUDGET, key=key, closed_until=closed_until, now=timezone.now(), **values)


def _run(statement: str, **values: Any) -> list[Any]:
    """The rows of a query; for a change, as many Nones as rows changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else [None] * cursor.rowcount
