"""Advisory locks: who works on what, known to every process on every host, and gone with a process that dies.

Raw SQL, like all that must be fresh. The first number names the kind of work, the second the row.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

FILE = 1
ACTIVITY = 2
ATHLETE = 3
RACES = 4
STRAVA_TOKEN = 5
STRAVA_SYNC = 6
BATCH = 7
EXPORT = 8
RESULTS = 9
STRAVA_ERASE = 10
CLUB_RESULTS = 11
STRAVA_REVOKE = 12

TRY_LOCK = "select pg_try_advisory_lock(%(kind)s, %(row)s)"
UNLOCK = "select pg_advisory_unlock(%(kind)s, %(row)s)"
LOCK_UNTIL_COMMIT = "select pg_advisory_xact_lock(%(kind)s, %(row)s)"


@contextmanager
def alone(kind: int, row: int) -> Iterator[bool]:
    """True inside where nobody else holds the lock, which is then ours until the end; False where somebody does."""
    names = {"kind": kind, "row": row % 2**31}
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, names)
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK, names)


@contextmanager
def in_turn(kind: int, row: int, *, within_s: float) -> Iterator[bool]:
    """Wait for the lock at most that long; True inside where it came, and it is ours until the end."""
    ends = time.monotonic() + within_s
    while True:
        with alone(kind, row) as ours:
            if ours or time.monotonic() >= ends:
                yield ours
                return
        time.sleep(0.1)


def until_commit(kind: int, row: int) -> None:
    """Wait for the lock and keep it to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_UNTIL_COMMIT, {"kind": kind, "row": row % 2**31})
