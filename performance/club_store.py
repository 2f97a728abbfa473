"""Lists of results that people without an account bring: kept for a day under an address nobody can guess, bounded.

Three bounds: a file's bytes and rows; how much one address on the net may bring, and have graded, in an hour; how much is
kept in all, with what grading made of it. The first two turn a person away with a word, the last one asks to come back
later. What is older than a day is deleted. Whoever has a list's address may read it, have it graded otherwise and delete
it, as its page says: nobody else knows that it is there.
"""

import json
import zlib
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce, Length
from django.utils import timezone

from activities import locks
from activities.columns import NotATable, Table, read_table
from activities.queue import ask_for
from performance.club_results import Asked, GradedRow, grade_table
from performance.models import ClubResults

log = structlog.get_logger("agegrade.results")

MOST_BYTES: Final = 2 * 2**20
MOST_ROWS: Final = 20_000
KEPT: Final = timedelta(hours=24)
BYTES_AN_HOUR: Final = 20 * 2**20
FILES_AN_HOUR: Final = 30
GRADINGS_AN_HOUR: Final = 200
KEPT_BYTES: Final = 256 * 2**20
#: a list as long as this is graded while its reader waits, in well under a second; a longer one in the background
AT_ONCE_ROWS: Final = 1000


class TurnedAway(Exception):
    """code: too_often (this address brought enough for now), graded_often (it had enough graded) or full (no room)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def receive(content: bytes, *, name: str, sender: str) -> ClubResults:
    """Keep a file. sender: the address on the net it comes from. Raises NotATable, TurnedAway."""
    if len(content) > MOST_BYTES:
        raise NotATable("too_large", f"The file is larger than {MOST_BYTES // 2**20} MB.")
    _count(sender, len(content))
    if _kept_bytes() > KEPT_BYTES:
        raise TurnedAway("full")
    table = read_table(content)
    if len(table.rows) > MOST_ROWS:
        raise NotATable("too_many_rows", f"A list of more than {MOST_ROWS:,} rows is not graded at once.")
    if not table.rows or len(table.header) < 2:
        raise NotATable("no_rows", "There is no table of results in it: it takes a row for each runner, and columns.")
    return ClubResults.objects.create(
        name=name[:200], content=zlib.compress(content), total=len(table.rows), expires_at=timezone.now() + KEPT
    )


def _kept_bytes() -> int:
    """What all lists take, the graded rows too."""
    size = Length("content") + Coalesce(Length("graded"), 0)
    return ClubResults.objects.aggregate(sum=Sum(size))["sum"] or 0


def _count(sender: str, size: int) -> None:
    """Count a file against what its sender may bring in an hour. Where the cache is lost the stock alone is the bound."""
    for what, amount, most in (("bytes", size, BYTES_AN_HOUR), ("files", 1, FILES_AN_HOUR)):
        if _so_far(f"results:{what}:{sender}", amount) > most:
            raise TurnedAway("too_often")


def _so_far(key: str, amount: int) -> int:
    """Add to what was counted within the hour."""
    cache.add(key, 0, timeout=3600)
    try:
        return cache.incr(key, amount) or 0
    except ValueError:  # expired in between
        return 0


def table_of(kept: ClubResults) -> Table:
    return read_table(zlib.decompress(bytes(kept.content)))


def grade(kept: ClubResults, asked: Asked, *, sender: str) -> None:
    """Remember how the list is to be read, and grade it: at once if it is short, else in the background.

    What is graded so already is left as it is.  Raises TurnedAway.
    """
    from performance.tasks import grade_club_results as task

    if kept.finished_at is not None and kept.asked == asked.model_dump(mode="json"):
        return
    if _so_far(f"results:gradings:{sender}", 1) > GRADINGS_AN_HOUR:
        raise TurnedAway("graded_often")

    kept.asked, kept.graded, kept.done, kept.finished_at = asked.model_dump(mode="json"), None, 0, None
    kept.save(update_fields=["asked", "graded", "done", "finished_at"])
    if kept.total <= AT_ONCE_ROWS:
        work_off(kept.pk)
    else:
        ask_for(task, str(kept.pk))


def work_off(list_id: UUID | str) -> None:
    """Grade a list as it was last asked; can be run twice."""
    kept = ClubResults.objects.filter(pk=list_id, finished_at=None, asked__isnull=False).first()
    if kept is None or kept.asked is None:
        return
    with locks.alone(locks.CLUB_RESULTS, kept.pk.int) as ours:
        if not ours:
            return
        mine = ClubResults.objects.filter(pk=kept.pk, asked=kept.asked)
        rows = grade_table(
            table_of(kept), Asked.model_validate(kept.asked), progress=lambda done: _tell(mine, kept.total, done)
        )
        graded = zlib.compress(json.dumps([row.packed() for row in rows]).encode())
        mine.update(graded=graded, done=kept.total, finished_at=timezone.now())
    log.info("results graded", rows=kept.total)


def _tell(mine: Any, total: int, done: int) -> None:
    if total > AT_ONCE_ROWS:
        mine.update(done=done)


def graded_rows(kept: ClubResults) -> list[GradedRow]:
    """Best age grade first; empty where it is not graded."""
    if kept.graded is None:
        return []
    return [GradedRow.unpacked(values) for values in json.loads(zlib.decompress(bytes(kept.graded)))]


def waiting() -> QuerySet[ClubResults]:
    """Lists that were to be graded and are not."""
    return ClubResults.objects.filter(asked__isnull=False, finished_at=None, expires_at__gt=timezone.now())


def delete_expired() -> int:
    deleted, _each = ClubResults.objects.filter(expires_at__lte=timezone.now()).delete()
    return deleted
