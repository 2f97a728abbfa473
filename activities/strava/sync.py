"""Keeping an account's activities here as they are at Strava: everything once, then what is new, changed or gone.

`work` takes bounded steps, one account in one process at a time (an advisory lock). A step asks Strava one thing outside any
transaction and stores the answer, and how far we are now, in one. So a worker may die at any line: the next goes on from
what is stored, and storing twice changes nothing. Nobody sleeps: where the limiter says no, `due_at` is the moment it named.

Nothing is removed because a list says so. What a list lacks is asked for by its id, and only a 404 removes it; where many
seem to be gone at once, a person has to say so first.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, JSONField, Min, Q, Value
from django.utils import timezone

from activities import ingest, joining, locks, streams
from activities.models import Lap, Recording
from activities.recorded import Streams
from activities.signals import recording_stored
from activities.strava import state
from activities.strava.client import Client
from activities.strava.errors import (
    AppInactive,
    AppMisconfigured,
    NotFound,
    RateLimited,
    ReconnectNeeded,
    Refused,
    ScopeMissing,
    StravaError,
    SubscriptionNeeded,
    Unavailable,
    Unreadable,
)
from activities.strava.models import StravaAccount
from activities.strava.schemas import Detail, SetAside, Summary
from activities.strava.sealing import CannotOpen, NoFieldKeys
from activities.strava.sync_models import StravaActivity, StravaEvent, StravaRun, StravaSetAside, StravaSync

log = structlog.get_logger("agegrade.strava")

STEPS, SECONDS = 10, 20.0
#: a worker that died is missed after this long
LEASE: Final = timedelta(minutes=2)
A_PAGE: Final = 200
FIRST_PAGE: Final = 1
MOST_GONE, MOST_GONE_SHARE = 20, 0.05
RECENT: Final = timedelta(days=90)
MOST_ATTEMPTS: Final = 5
#: a fresh activity may not be there yet when Strava tells of it, and one that Strava stumbles over may be well later
EVENT_RETRIES: Final = tuple(timedelta(minutes=n) for n in (1, 3, 8, 18, 30))
EVENTS_AT_ONCE, EVENTS_AN_HOUR = 30, 100
#: how often events that anybody could have sent may make us look at the list, and whether we are still connected
FLOOD_LOOKS_EVERY, WITHDRAWALS_AN_HOUR = timedelta(minutes=5), 6
#: with so many failing alone, it is Strava that is away and not one activity that is broken
FAILING_ALONE: Final = 3
LOOKS_AGAIN_LEAST, LOOKS_AGAIN_MOST = timedelta(minutes=15), timedelta(hours=12)
COMPARE_OFTEN, COMPARE_SELDOM = timedelta(hours=48), timedelta(days=7)
#: a night comes at the same minute as the one before, and what it compared ended a little after that minute
SAME_MINUTE: Final = timedelta(hours=12)
#: calls a day that comparing everything may cost an application before it is done weekly
COMPARE_CALLS_A_DAY: Final = 150
EARLIEST: Final = datetime(1995, 1, 1, tzinfo=UTC)


# -- asking for it ------------------------------------------------------------------------------------------------------


def begin(account_id: int) -> None:
    """An account was connected, perhaps again: fetch what there is, and compare the newest."""
    now = timezone.now()
    _state, created = StravaSync.objects.get_or_create(
        account_id=account_id, defaults={"due_at": now, "asked_at": now, "night": now.date()}
    )
    if not created:
        StravaSync.objects.filter(pk=account_id).update(
            due_at=now, head_due_at=now, asked_at=now, error="", error_at=None, failures=0
        )
    _wake(account_id)


def ask_now(account_id: int) -> bool:
    """A person wants the newest now; False where that was asked within the last minute."""
    now = timezone.now()
    StravaSync.objects.get_or_create(account_id=account_id)
    fresh = Q(asked_at__isnull=True) | Q(asked_at__lt=now - timedelta(minutes=1))
    asked = StravaSync.objects.filter(fresh, pk=account_id).update(
        asked_at=now, head_due_at=now, due_at=now, failures=0
    )
    if asked:
        _wake(account_id)
    return bool(asked)


def _wake(account_id: int) -> None:
    from activities.queue import ask_for
    from activities.tasks import pull_account

    ask_for(pull_account, account_id, waited_for=True)


def is_waited_for(account_id: int) -> bool:
    """Whether lists or events are next, which few calls finish and a person looks for; streams take days and can wait."""
    now = timezone.now()
    lists = Q(page__isnull=False) | Q(walk_before__isnull=False) | Q(head_due_at__lte=now)
    told = StravaEvent.objects.filter(account=account_id, done_at=None, retry_at__lte=now)
    return StravaSync.objects.filter(lists, pk=account_id).exists() or told.exists()


def night_of(now: datetime) -> tuple[Any, datetime]:
    """The night that has begun last, and when it began."""
    begins = datetime.combine(now.date(), settings.NIGHTLY_AT, tzinfo=UTC)
    if begins > now:
        begins -= timedelta(days=1)
    return begins.date(), begins


def take_up_the_night(account_id: int, *, at: datetime, night: Any) -> bool:
    """Mark this account for the night; False where that was done, whoever does it twice."""
    due = Q(night__isnull=True) | Q(night__lt=night)
    with transaction.atomic():
        took = StravaSync.objects.filter(due, pk=account_id).update(night=night, head_due_at=at)
        StravaSync.objects.filter(Q(due_at__isnull=True) | Q(due_at__gt=at), pk=account_id).exclude(
            error__in=["rate_limited", "app_inactive", "app_misconfigured"], due_at__isnull=False
        ).update(due_at=at)
    return bool(took)


def spread(account_id: int) -> timedelta:
    """This account's place in the night, the same every night."""
    minutes = settings.NIGHTLY_SPREAD_MINUTES
    digest = hashlib.sha256(f"night {account_id}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4], "big") % (minutes * 60 + 1))


# -- working ------------------------------------------------------------------------------------------------------------


def work(account_id: int, *, steps: int = STEPS, seconds: float = SECONDS) -> datetime | None:
    """Take some steps and give when there is more to do: now, later, or None for nothing. Another's work is None too."""
    with locks.alone(locks.STRAVA_SYNC, account_id) as ours:
        if not ours:
            return None
        ends = time.monotonic() + seconds
        for _n in range(steps):
            if not _may_work(account_id):
                return None
            StravaSync.objects.filter(pk=account_id).update(due_at=timezone.now() + LEASE)
            try:
                if not _Step(account_id).take():
                    return _rest(account_id)
            except StravaError as error:
                return _answer(account_id, error)
            except Exception as error:  # a fault of ours must not come back every second, nor be lost
                log.exception("strava sync failed", account_id=account_id, error=type(error).__name__)
                return _later(account_id, "failed", _growing(account_id), failed=True)
            if time.monotonic() > ends:
                break
        now = timezone.now()
        StravaSync.objects.filter(pk=account_id).update(due_at=now)
        return now


def _may_work(account_id: int) -> bool:
    if not state.may_sync(account_id):
        StravaSync.objects.filter(pk=account_id).update(due_at=None)
        StravaRun.objects.filter(account=account_id, ended_at=None).update(ended_at=timezone.now())
        return False
    StravaSync.objects.get_or_create(account_id=account_id)
    return True


def _answer(account_id: int, error: StravaError) -> datetime | None:
    """What a fault means for this account: when to come back, and what its page says."""
    now = timezone.now()
    log.info("strava sync waits", account_id=account_id, why=error.code)
    if isinstance(error, RateLimited):
        return _later(account_id, error.code, error.retry_at)
    if isinstance(error, ReconnectNeeded | ScopeMissing):
        StravaRun.objects.filter(account=account_id, ended_at=None).update(ended_at=now, error=error.code)
        return _later(account_id, error.code, None)
    if isinstance(error, AppInactive | AppMisconfigured):
        return _wait_for_the_application(account_id, error)
    return _later(account_id, error.code, _growing(account_id), failed=True)


def _wait_for_the_application(account_id: int, error: AppInactive | AppMisconfigured) -> datetime | None:
    """Until the background looks again; at once where the fault ended while we were on the way here."""
    application_id, now = state.application_of(account_id), timezone.now()
    if isinstance(error, CannotOpen | NoFieldKeys):  # a key of ours: nothing at Strava ends that
        return _later(account_id, error.code, now + timedelta(hours=1))
    at = _later(account_id, error.code, state.fault_retry_at(application_id) or now)
    if state.fault_retry_at(application_id) is None:
        StravaSync.objects.filter(pk=account_id).update(due_at=now)
        return now
    return at


def _growing(account_id: int) -> datetime:
    where = state.standing_of(account_id)
    failures = where.failures if where is not None else 0
    return timezone.now() + timedelta(minutes=min(2**failures, 60))


def _later(account_id: int, code: str, at: datetime | None, *, failed: bool = False) -> datetime | None:
    StravaSync.objects.filter(pk=account_id).update(
        due_at=at, error=code, error_at=timezone.now(), failures=F("failures") + 1 if failed else 0
    )
    StravaRun.objects.filter(account=account_id, ended_at=None).update(error=code)
    return at


def _rest(account_id: int) -> datetime | None:
    """Nothing to do now: the run is over, and the next thing has its time."""
    with transaction.atomic():  # who asks for something changes this row too: before us, or after us
        where = state.standing_of(account_id, to_change=True)
        if where is None:  # the athlete had it all deleted meanwhile
            return None
        now = timezone.now()
        streams_at = missing_at = None
        if where.paused_at is None:
            due = known_of(account_id).filter(streams="due", missing_since=None)
            streams_at = due.aggregate(at=Min("retry_at"))["at"]
        if where.held_at is None:
            missing_at = missing_of(account_id).aggregate(at=Min("retry_at"))["at"]
        event_at = StravaEvent.objects.filter(account=account_id, done_at=None).aggregate(at=Min("retry_at"))["at"]
        moments = (where.head_due_at, streams_at, missing_at, event_at)
        at = min((moment for moment in moments if moment), default=None)
        if at is not None and at < now:  # came in while we looked
            at = now
        StravaSync.objects.filter(pk=account_id).update(due_at=at, error="", error_at=None, failures=0)
        StravaRun.objects.filter(account=account_id, ended_at=None).update(ended_at=now, error="")
        # Only one thing was not answered, and it has its next try; had it been Strava, we would not rest.
        states = StravaAccount.State
        StravaAccount.objects.filter(pk=account_id, state=states.UNAVAILABLE).update(
            state=states.CONNECTED, state_at=now
        )
    return at


def known_of(account_id: int) -> Any:
    return StravaActivity.objects.filter(account=account_id, recording__isnull=False)


def missing_of(account_id: int) -> Any:
    return known_of(account_id).filter(missing_since__isnull=False)


def kept_of(account_id: int) -> Any:
    """What stays here though Strava's list lacks it, because somebody said so."""
    return known_of(account_id).filter(kept_at__isnull=False)


def keep_missing(account_id: int) -> None:
    """The athlete says that what the list lacks is still theirs. Looked at again at once; the same list does not ask again."""
    now = timezone.now()
    with transaction.atomic():
        missing_of(account_id).update(missing_since=None, kept_at=now)
        StravaSync.objects.filter(pk=account_id).update(held_at=None, head_due_at=now, due_at=now)


def check_missing(account_id: int) -> None:
    """The athlete says that they are gone: each is asked for by its id, also what was kept before."""
    now = timezone.now()
    with transaction.atomic():
        kept_of(account_id).update(missing_since=now, kept_at=None)
        StravaSync.objects.filter(pk=account_id).update(believed_at=now, held_at=None, due_at=now)


def compares_every(account: StravaAccount) -> timedelta:
    """How often all that is older than the newest page is compared: by what that costs the application."""
    pages = StravaActivity.objects.filter(account__application=account.application_id).count() / A_PAGE
    return COMPARE_OFTEN if pages / 2 <= COMPARE_CALLS_A_DAY else COMPARE_SELDOM


def _standing(account_id: int) -> state.Standing:
    where = state.standing_of(account_id)
    if where is None:
        raise ReconnectNeeded("what was known of the account was deleted meanwhile")
    return where


class _Step:
    """The one thing that is to be done next, done. Reads everything fresh."""

    def __init__(self, account_id: int) -> None:
        self.account = StravaAccount.objects.select_related("application", "athlete").get(pk=account_id)
        self.state = _standing(account_id)
        self.now = timezone.now()
        asked_at, head_at = self.state.asked_at, self.state.head_at
        #: a person asked, and has not got the newest yet
        self.is_asked = asked_at is not None and (head_at is None or head_at < asked_at)
        lately = asked_at is not None and asked_at > self.now - timedelta(minutes=30)
        self.waiting_client = Client(self.account, waiting=self.is_asked and lately)
        self.client = Client(self.account)
        self.counts: dict[str, int] = {}

    def take(self) -> bool:
        """False where nothing is to be done."""
        where = self.state
        event = self._event()
        if event is not None:
            self._look_at(event)
        elif where.head_due_at is not None and where.head_due_at <= self.now:
            self._head()
        elif where.page is not None:
            self._page(where.page)
        elif (row := self._missing()) is not None:
            self._verify(row)
        elif where.walk_before is not None:
            self._walk(where.walk_before)
        elif (row := self._due_streams()) is not None:
            self._fetch_streams(row)
        else:
            return False
        return True

    # -- lists --

    def _page(self, page: int) -> None:
        items = self._ask(self.waiting_client.activities, page=page, per_page=A_PAGE)
        with self._storing("backfill" if self.state.listed_at is None else ""):
            new = self._store(items)
            if items:
                was_gap = self.state.listed_at is not None
                done = was_gap and not new
                self._move(page=None if done else page + 1)
                if done:
                    return
            else:
                self._move(
                    page=None, listed_at=self.now, head_at=self.now, walk_before=self._unsure(page), walked_at=self.now
                )

    def _unsure(self, page: int) -> datetime | None:
        """What has to be walked over once more after the list ended with this empty page.

        Pages are counted from the newest, so what is deleted or uploaded while they come moves the others: some would be
        on no page we saw. Where there were several, all is compared once more, by dates, which nothing moves. Where there
        was one, only the end is asked for again: an empty page is the end, unless it is a bad answer.
        """
        if page > FIRST_PAGE + 1:
            return self.now + timedelta(days=2)
        oldest: datetime | None = known_of(self.account.pk).aggregate(at=Min("started_at"))["at"]
        return oldest

    def _head(self) -> None:
        items = self._ask(self.waiting_client.activities, page=FIRST_PAGE, per_page=A_PAGE)
        with self._storing("asked" if self.is_asked else "nightly"):
            new = self._store(items)
            seen, starts = _seen(items), _starts(items)
            known = known_of(self.account.pk)
            oldest = min(starts, default=None)
            gone = known.exclude(strava_id__in=seen)
            if oldest is not None:
                gone = gone.filter(started_at__gt=oldest)
            if self.state.listed_at is not None and items:
                gone.filter(missing_since=None, kept_at=None).update(missing_since=self.now)
            change: dict[str, Any] = {"head_due_at": None, "head_at": self.now}
            if self.state.listed_at is not None and items and new >= len(items):
                change["page"] = 2  # everything is new: what comes after this page may be too
            older = known.filter(started_at__lte=oldest).exclude(strava_id__in=seen) if oldest else known.none()
            if self.state.page is None and self.state.walk_before is None:
                due = (self.state.walked_at or EARLIEST) < self.now - compares_every(self.account) + SAME_MINUTE
                if oldest is None and known.exists():  # everything gone, or a bad answer: asked once more, by dates
                    change["walk_before"] = self.now + timedelta(days=2)
                elif oldest is not None and older.exists():
                    doubtful = older.filter(missing_since__isnull=False).exists()
                    if due or doubtful or len(items) < A_PAGE / 2:
                        change["walk_before"] = oldest + timedelta(seconds=1)
                elif due:
                    change["walked_at"] = self.now
            self._move(**change)

    def _walk(self, before: datetime) -> None:
        items = self._ask(self.client.activities, page=1, per_page=A_PAGE, before=before)
        with self._storing(""):
            self._store(items)
            starts = [start for start in _starts(items) if start < before]
            oldest = min(starts, default=None)
            full = len(items) >= A_PAGE
            gone = known_of(self.account.pk).filter(started_at__lt=before).exclude(strava_id__in=_seen(items))
            if oldest is not None:
                gone = gone.filter(**{"started_at__gt" if full else "started_at__gte": oldest})
            gone.filter(missing_since=None, kept_at=None).update(missing_since=self.now)
            if oldest is None:
                self._move(walk_before=None, walked_at=self.now)
            else:
                further = oldest + timedelta(seconds=1)
                self._move(walk_before=further if full and further < before else oldest)

    # -- what seems to be gone --

    def _missing(self) -> StravaActivity | None:
        missing = missing_of(self.account.pk)
        row = missing.order_by("pk").first()
        if row is None:
            if self.state.held_at or self.state.believed_at:
                self._move(held_at=None, believed_at=None)
            return None
        if self.state.believed_at is None and row is not None:
            # counted together with what was kept, so that a list that goes on shrinking a little at a time is noticed
            n = missing.count() + kept_of(self.account.pk).count()
            if n > MOST_GONE and n > MOST_GONE_SHARE * known_of(self.account.pk).count():
                if self.state.held_at is None:
                    log.warning("strava removals held", account_id=self.account.pk, n=n)
                    self._move(held_at=self.now)
                return None
        found: StravaActivity | None = missing.filter(self._has_its_time).order_by("pk").first()
        return found

    def _verify(self, row: StravaActivity) -> None:
        try:
            detail = self._detail(row.strava_id)
        except Unreadable:
            return  # it is there, set aside, and so not missing
        except (Unavailable, Refused, SubscriptionNeeded) as error:
            assert row.missing_since is not None
            pause = min(max(self.now - row.missing_since, LOOKS_AGAIN_LEAST), LOOKS_AGAIN_MOST)
            log.info("strava activity not verified", strava_id=row.strava_id, why=error.code)
            StravaActivity.objects.filter(pk=row.pk).update(retry_at=self.now + pause)
            self._go_on_unless_away(error, missing_of(self.account.pk).filter(retry_at__gt=self.now))
            return
        with self._storing(""):
            if detail is None:
                self._remove(row.strava_id)
            else:
                StravaActivity.objects.filter(pk=row.pk).update(missing_since=None, retry_at=None)
                self._store([detail])
                if self.state.believed_at is not None:  # it is there, whatever the list says of these many
                    StravaActivity.objects.filter(pk=row.pk).update(kept_at=self.now)

    @property
    def _has_its_time(self) -> Q:
        return Q(retry_at=None) | Q(retry_at__lte=self.now)

    def _go_on_unless_away(self, error: StravaError, failing: Any) -> None:
        """One that Strava stumbles over stops nothing; where several fail it is Strava, and all of the account waits."""
        if isinstance(error, Unavailable) and failing.count() >= FAILING_ALONE:
            raise error

    def _remove(self, strava_id: int) -> None:
        rows = StravaActivity.objects.filter(account=self.account, strava_id=strava_id).select_related(
            "recording__activity"
        )
        for row in rows:
            if row.recording is not None:
                joining.take_back(self.account.athlete_id, [row.recording])
                self._count(n_removed=1)
            row.delete()
        StravaSetAside.objects.filter(account=self.account, key=str(strava_id)).delete()

    # -- events --

    def _event(self) -> StravaEvent | None:
        pending = StravaEvent.objects.filter(account=self.account, done_at=None)
        hour = timezone.now() - timedelta(hours=1)
        about_runs = pending.filter(object_type="activity")
        many = about_runs.count() > EVENTS_AT_ONCE
        many = many or StravaEvent.objects.filter(account=self.account, done_at__gt=hour).count() > EVENTS_AN_HOUR
        # one look at the list instead of a call for each
        if many and about_runs.update(done_at=self.now, outcome="together"):
            looks_at = max(self.now, (self.state.head_at or EARLIEST) + FLOOD_LOOKS_EVERY)
            self._move(head_due_at=min(self.state.head_due_at or looks_at, looks_at))
        return pending.filter(retry_at__lte=self.now).order_by("received_at").first()

    def _look_at(self, event: StravaEvent) -> None:  # noqa: PLR0911 - one line an outcome
        if event.object_type == "athlete":
            return self._look_at_the_athlete(event)
        known = StravaActivity.objects.filter(account=self.account, strava_id=event.object_id).first()
        if known is None and event.aspect == "delete":
            return self._done(event, "unknown")
        try:
            detail = self._detail(event.object_id)
        except Unreadable:
            return None  # set aside, and so is the event
        except (Refused, SubscriptionNeeded) as error:
            return self._done(event, error.code)
        except Unavailable as error:
            if not self._again(event):
                return self._done(event, error.code)  # the night compares it
            failing = StravaEvent.objects.filter(
                account=self.account, done_at=None, attempts__gt=0, retry_at__gt=self.now
            )
            return self._go_on_unless_away(error, failing)
        with self._storing("event"):
            if detail is not None and detail.athlete_id not in (self.account.strava_athlete_id, None if known else -1):
                return self._done(event, "foreign")
            if detail is not None:
                self._store([detail])
                return self._done(event, "stored")
            if known is not None:
                self._remove(event.object_id)
                return self._done(event, "removed")
            if self._again(event):  # an edit right after the upload may be told of before the activity can be read
                return None
            return self._done(event, "not_found")

    def _again(self, event: StravaEvent) -> bool:
        """Have it looked at once more, later; False where that was done for an hour."""
        if event.attempts >= len(EVENT_RETRIES):
            return False
        StravaEvent.objects.filter(pk=event.pk, done_at=None).update(
            attempts=F("attempts") + 1, retry_at=self.now + EVENT_RETRIES[event.attempts]
        )
        return True

    def _look_at_the_athlete(self, event: StravaEvent) -> None:
        """Whether we really lost access is asked, never believed."""
        if not event.deauthorises:
            return self._done(event, "ignored")
        hour = timedelta(hours=1)
        untrue = StravaEvent.objects.filter(account=self.account, outcome="still_connected")
        untrue = untrue.filter(done_at__gt=self.now - hour)
        if untrue.count() >= WITHDRAWALS_AN_HOUR:
            first = untrue.aggregate(at=Min("done_at"))["at"]
            StravaEvent.objects.filter(pk=event.pk).update(retry_at=first + hour)
            return None
        try:
            self._ask(self.client.athlete)
        except ReconnectNeeded:
            from activities.strava import erasing

            state.drop_tokens(self.account.pk, StravaAccount.State.RECONNECT_NEEDED)
            self._done(event, "withdrawn")
            if not settings.STRAVA_KEEP_WHEN_DEAUTHORISED:
                erasing.ask(self.account)
            raise
        return self._done(event, "still_connected")

    def _done(self, event: StravaEvent, outcome: str) -> None:
        # an event about the same thing that came meanwhile has moved received_at, and is looked at too
        StravaEvent.objects.filter(pk=event.pk, received_at=event.received_at).update(
            done_at=timezone.now(), outcome=outcome
        )

    def _detail(self, strava_id: int) -> Detail | None:
        """The activity; None for a 404. Raises Unreadable once it is set aside."""
        try:
            found: Detail = self._ask(self.client.activity, strava_id)
        except NotFound:
            return None
        return found

    # -- streams --

    def _due_streams(self) -> StravaActivity | None:
        if self.state.paused_at is not None:
            return None
        due = StravaActivity.objects.filter(account=self.account, streams="due", recording__isnull=False)
        due = due.filter(self._has_its_time).filter(missing_since=None)
        order = {"races": ("rank", "-started_at"), "newest": ("-started_at",), "oldest": ("started_at",)}
        return due.select_related("recording").order_by(*order[self.state.order], "pk").first()

    def _fetch_streams(self, row: StravaActivity) -> None:
        assert row.recording is not None
        on_foot = row.recording.sport in {"running", "walking", "hiking"}
        try:
            found = self._ask(self.client.streams, row.strava_id, on_foot=on_foot)
        except (Unreadable, Refused, SubscriptionNeeded) as error:
            log.info("strava streams left out", strava_id=row.strava_id, why=error.code)
            with self._storing(""):
                StravaActivity.objects.filter(pk=row.pk, track=row.track).update(streams="failed", retry_at=None)
                note = "streams_unreadable" if isinstance(error, Unreadable) else "streams_refused"
                Recording.objects.filter(pk=row.recording.pk).exclude(notes__contains=[note]).update(
                    notes=[*row.recording.notes, note]
                )
            return
        except Unavailable as error:
            failed = row.attempts + 1 >= MOST_ATTEMPTS
            with self._storing(""):
                StravaActivity.objects.filter(pk=row.pk).update(
                    attempts=F("attempts") + 1,
                    streams="failed" if failed else "due",
                    retry_at=None if failed else self.now + timedelta(minutes=5 * 2**row.attempts),
                )
            lately = StravaActivity.objects.filter(
                account=self.account, streams="due", retry_at__gt=self.now, attempts__gt=0
            )
            self._go_on_unless_away(error, lately)
            return
        with self._storing(""):
            now = StravaActivity.objects.select_for_update(of=("self",)).filter(pk=row.pk, track=row.track).first()
            recording = Recording.objects.select_related("activity", "athlete").filter(pk=row.recording.pk).first()
            if now is None or recording is None:  # changed or gone while we asked
                return
            if found is None or not len(found):
                now.streams = "none"
            else:
                _keep_streams(recording, found)
                now.streams = "here"
                self._count(n_streams=1)
            now.attempts, now.retry_at = 0, None
            now.save(update_fields=["streams", "attempts", "retry_at"])

    # -- storing --

    def _store(self, items: Sequence[Summary | SetAside]) -> int:  # noqa: PLR0912, PLR0915 - the cases of one page, in order
        """Everything of a page, known or not; gives how many activities were new. In the caller's transaction."""
        summaries: dict[int, Summary] = {}
        for item in items:
            if isinstance(item, Summary) and item.athlete_id not in (None, self.account.strava_athlete_id):
                continue
            if isinstance(item, Summary) and not EARLIEST <= item.start_date <= self.now + timedelta(days=2):
                self._set_aside(
                    str(item.strava_id), "date_impossible", item.model_dump(mode="json"), strava_id=item.strava_id
                )
            elif isinstance(item, Summary):
                summaries[item.strava_id] = item
            else:
                told = json.dumps(item.payload, sort_keys=True, default=str)
                key = str(item.strava_id) if item.strava_id else hashlib.sha256(told.encode()).hexdigest()
                self._set_aside(key, item.reason, item.payload, strava_id=item.strava_id)
        StravaSetAside.objects.filter(account=self.account, key__in=[str(key) for key in summaries]).delete()
        rows = {
            row.strava_id: row
            for row in StravaActivity.objects.filter(account=self.account, strava_id__in=summaries).select_related(
                "recording__activity"
            )
        }
        there = {
            one.external_id: one
            for one in Recording.objects.filter(
                athlete=self.account.athlete_id, source="strava", external_id__in=[str(key) for key in summaries]
            ).select_related("activity")
        }
        here_again = StravaActivity.objects.filter(pk__in=[row.pk for row in rows.values()])
        here_again.filter(missing_since__isnull=False).update(retry_at=None)
        here_again.exclude(missing_since=None, kept_at=None).update(missing_since=None, kept_at=None)
        touched: list[Recording] = []
        pairs: list[tuple[Summary, Recording, StravaActivity]] = []
        new = 0
        for strava_id, summary in summaries.items():
            row = rows.get(strava_id)
            digest = _digest(summary)
            if row is not None and row.digest == digest and not isinstance(summary, Detail):
                continue
            recording = (row.recording if row else None) or there.get(str(strava_id))
            track = summary.track_fingerprint
            if row is not None and recording is None and row.digest == digest:
                continue  # removed after its time
            if recording is None:
                recording = Recording(
                    athlete=self.account.athlete,
                    source=Recording.Source.STRAVA,
                    external_id=str(strava_id),
                    leads=False,
                )
                new += row is None
            elif row is not None and row.digest == digest:
                self._laps(recording, summary)
                continue
            elif row is not None:
                self._count(n_changed=1)
            if row is None:
                row = StravaActivity(account=self.account, strava_id=strava_id, started_at=summary.start_date)
            if recording.pk and (row.track != track or recording.started_at != summary.start_date):
                streams.replace(recording, Streams.empty())
                recording.n_samples = recording.n_records = recording.n_positions = recording.n_hr = 0
            if row.track != track:
                row.streams, row.attempts, row.retry_at = ("none" if summary.manual else "due"), 0, None
            _describe(recording, summary)
            row.digest, row.track, row.started_at, row.fetched_at = digest, track, summary.start_date, self.now
            row.rank = _rank(summary, self.now)
            touched.append(recording)
            pairs.append((summary, recording, row))
        for recording in touched:
            if recording.pk:
                recording.save()
        if touched:
            joining.settle(self.account.athlete_id, touched)
        for summary, recording, row in pairs:
            row.recording = recording
            row.save()
            self._laps(recording, summary)
        self._count(n_new=new)
        return new

    def _laps(self, recording: Recording, summary: Summary) -> None:
        if not isinstance(summary, Detail) or not summary.laps:
            return
        Lap.objects.filter(recording=recording).delete()
        Lap.objects.bulk_create([ingest._lap(recording, lap) for lap in summary.laps])

    def _set_aside(self, key: str, reason: str, payload: Any, *, strava_id: int | None) -> None:
        _row, created = StravaSetAside.objects.update_or_create(
            account=self.account,
            key=key,
            # None by itself would be SQL's null, and a list may hold JSON's
            defaults={"reason": reason, "payload": Value(_storable(payload), JSONField()), "seen_at": self.now},
        )
        if strava_id is not None:
            StravaActivity.objects.filter(account=self.account, strava_id=strava_id).update(
                missing_since=None, kept_at=None
            )
        self._count(n_set_aside=int(created))

    # -- bookkeeping --

    def _ask(self, question: Any, *args: Any, **kwargs: Any) -> Any:
        """One question; every request that was sent for it is counted, whatever came of it."""
        client = question.__self__
        before = client.n_sent
        try:
            answer = question(*args, **kwargs)
        except Unreadable as error:
            self._note(calls=client.n_sent - before)
            if question == self.client.activity:
                with transaction.atomic():
                    self._set_aside(str(args[0]), str(error)[:40], error.payload, strava_id=args[0])
                    StravaEvent.objects.filter(account=self.account, object_id=args[0], done_at=None).update(
                        done_at=self.now, outcome="set_aside"
                    )
            raise
        except StravaError:
            self._note(calls=client.n_sent - before)
            raise
        self._count(n_calls=client.n_sent - before)
        return answer

    def _note(self, *, calls: int) -> None:
        """Count what brought nothing to store; a run that begins with a fault begins there."""
        runs = StravaRun.objects.filter(account=self.account, ended_at=None)
        if calls and not runs.update(n_calls=F("n_calls") + calls):
            StravaRun.objects.create(account=self.account, kind=self._kind(), n_calls=calls)

    def _kind(self) -> str:
        if self.state.listed_at is None:
            return StravaRun.Kind.BACKFILL
        return StravaRun.Kind.ASKED if self.is_asked else StravaRun.Kind.NIGHTLY

    def _count(self, **counts: int) -> None:
        for name, n in counts.items():
            self.counts[name] = self.counts.get(name, 0) + n

    def _storing(self, kind: str) -> "_Storing":
        return _Storing(self, kind)

    def _move(self, **change: Any) -> None:
        StravaSync.objects.filter(pk=self.account.pk).update(**change)
        for name, value in change.items():
            setattr(self.state, name, value)


class _Storing:
    """The transaction of a step: under the athlete's lock, and with the run's counts in it."""

    def __init__(self, step: _Step, kind: str) -> None:
        self.step, self.kind, self.atomic = step, kind, transaction.atomic()

    def __enter__(self) -> None:
        self.atomic.__enter__()
        locks.until_commit(locks.ATHLETE, self.step.account.athlete_id)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is None:
            account = self.step.account
            open_run = StravaRun.objects.filter(account=account, ended_at=None)
            if not open_run.exists():
                StravaRun.objects.create(account=account, kind=self.kind or StravaRun.Kind.BACKFILL)
            open_run.update(**{name: F(name) + n for name, n in self.step.counts.items()})
            StravaSync.objects.filter(pk=account.pk).exclude(error="", failures=0).update(
                error="", error_at=None, failures=0
            )
            self.step.counts.clear()
        self.atomic.__exit__(kind, error, traceback)


def _seen(items: Sequence[Summary | SetAside]) -> list[int]:
    return [item.strava_id for item in items if item.strava_id is not None]


def _starts(items: Sequence[Summary | SetAside]) -> list[datetime]:
    return [item.start_date for item in items if isinstance(item, Summary)]


def _digest(summary: Summary) -> str:
    """The same for a list's item and a detail: only what both tell and we keep."""
    told = {name: getattr(summary, name) for name in _KEPT}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:32]


_KEPT: Final = (
    "name", "start_date", "utc_offset_s", "zone", "local_date", "sport", "sub_sport", "workout_type", "distance_m",
    "elapsed_s", "moving_s", "ascent_m", "hr_avg", "hr_max", "cadence_avg", "power_avg", "device_name", "gear_id", "private",
    "manual", "flagged",
)  # fmt: skip


def _describe(recording: Recording, summary: Summary) -> None:
    recording.sport, recording.sub_sport = summary.sport[:40], summary.sub_sport[:40]
    if summary.workout_type == 1 and summary.sport == "running" and not summary.sub_sport:
        recording.sub_sport = "race"
    recording.name, recording.device = summary.name[:300], summary.device_name[:120]
    recording.started_at, recording.utc_offset_s = summary.start_date, summary.utc_offset_s
    recording.zone, recording.local_date = summary.zone, summary.local_date
    for name in ("distance_m", "elapsed_s", "moving_s", "hr_avg", "hr_max", "cadence_avg", "power_avg", "ascent_m"):
        setattr(recording, name, ingest.believed(name, getattr(summary, name)))
    recording.timer_s = recording.moving_s
    if isinstance(summary, Detail):
        recording.calories = ingest.believed("calories", summary.calories)
    recording.notes = ["start_hidden"] if summary.start_is_hidden else []
    recording.told = {
        "sport_type": summary.sport_type or summary.type,
        "workout_type": summary.workout_type,
        "gear_id": summary.gear_id,
        "private": summary.private,
        "manual": summary.manual,
    }


def _rank(summary: Summary, now: datetime) -> int:
    """By worth: likely races, then what was run lately, then the rest. The detector moves what it finds to the front."""
    if summary.workout_type == 1:
        return 0
    if not summary.is_on_foot:
        return 3
    return 1 if summary.start_date > now - RECENT else 2


def _keep_streams(recording: Recording, found: Streams) -> None:
    streams.replace(recording, found)
    recording.n_samples = recording.n_records = len(found)
    recording.n_positions, recording.n_hr = found.n_positions, found.n_hr
    recording.save(update_fields=["n_samples", "n_records", "n_positions", "n_hr"])
    joining.settle(recording.athlete_id, [recording])
    recording_stored.send(sender=Recording, activity_id=recording.activity_id, athlete_id=recording.athlete_id)


def _storable(payload: Any) -> Any:
    """What PostgreSQL takes as JSON: no NUL, no lone surrogate, no NaN; bounded."""
    text = json.dumps(payload, default=str).replace("\\u0000", "")
    text = text.encode("utf-8", "replace").decode()
    if len(text) > 50_000:
        return {"too_long": text[:2000].replace("\\", "")}
    try:
        return json.loads(text.encode().decode("utf-8"), parse_constant=lambda _word: None)
    except ValueError:
        return {"unreadable": True}


# -- what the operator's setting removes ---------------------------------------------------------------------------------


def drop_expired() -> int:
    """Remove what was fetched longer ago than STRAVA_RETENTION_DAYS; what is left is that it was here. Gives how many."""
    days = settings.STRAVA_RETENTION_DAYS
    if days is None:
        return 0
    removed = 0
    while True:
        old = StravaActivity.objects.filter(
            recording__isnull=False, fetched_at__lt=timezone.now() - timedelta(days=days)
        )
        row = old.select_related("account", "recording__activity").order_by("pk").first()
        if row is None or row.recording is None:
            return removed
        with transaction.atomic():
            locks.until_commit(locks.ATHLETE, row.account.athlete_id)
            recording = row.recording
            StravaActivity.objects.filter(pk=row.pk).update(recording=None, streams="none", missing_since=None)
            joining.take_back(row.account.athlete_id, [recording])
        removed += 1
