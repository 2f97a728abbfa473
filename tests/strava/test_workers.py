"""Real workers that are killed in the middle, two at once, with Redis cut off meanwhile: the end is as if nothing had been."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.utils import timezone

from activities.models import Activity, Recording, StravaAccount, StravaActivity, StravaRun, StravaSync
from activities.strava import sync
from activities.tasks import pull_due
from config.celery import app
from performance.models import Analysis, Race
from tests.config.test_celery import until
from tests.config.test_side_by_side import process, worker

pytestmark = pytest.mark.django_db(transaction=True)

RUNS, KILLS = 20, 4


class Wire:
    """A way to Redis that can be cut and mended: every connection through it breaks, and no new one is taken."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port = self._listening.getsockname()[1]
        who = f"{parts.username or ''}:{parts.password}@" if parts.password else ""
        self.url = urlunsplit(parts._replace(netloc=f"{who}127.0.0.1:{self._port}"))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._take, args=[self._listening], daemon=True).start()

    def _take(self, listening: socket.socket) -> None:
        while True:
            try:
                here, _address = listening.accept()
                there = socket.create_connection(self._to)
            except OSError:
                return
            self._open += [here, there]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=[one, other], daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            end.close()

    def cut(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def mend(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._take, args=[self._listening], daemon=True).start()


@contextmanager
def beat() -> Iterator[None]:
    """The net that beat casts every minute, cast as often as it takes; and a lease that lasts until its worker is dead."""

    def go() -> None:
        from django.db import connection

        from activities import locks

        while not ends.wait(0.3):
            for account_id in StravaSync.objects.exclude(due_at=None).values_list("pk", flat=True):
                with locks.alone(locks.STRAVA_SYNC, account_id) as ours:
                    if ours:
                        StravaSync.objects.filter(pk=account_id, due_at__isnull=False).update(due_at=timezone.now())
            pull_due()
        connection.close()

    ends = threading.Event()
    running = threading.Thread(target=go)
    running.start()
    try:
        yield
    finally:
        ends.set()
        running.join()


def history(strava: Any, strava_id: int) -> None:
    """The same for whoever asks: runs, what was typed in, and a race."""
    until_ = "2026-06-01T08:00:00+00:00"
    strava.activities(strava_id, RUNS, until=until_)
    strava.activities(strava_id, 6, until="2025-06-01T08:00:00+00:00", manual=True)
    strava.activity(
        strava_id, name="Ely 10K", workout_type=1, distance=10_040.0, elapsed_time=2840, moving_time=2838,
        start_date="2026-06-07T09:00:00Z", start_date_local="2026-06-07T10:00:00Z",
    )  # fmt: skip


def as_it_is(account: StravaAccount) -> list[tuple[Any, ...]]:
    told = ("name", "started_at", "local_date", "distance_m", "elapsed_s", "n_samples", "n_hr", "leads", "sub_sport")
    rows = Recording.objects.filter(athlete=account.athlete_id)
    return sorted(rows.values_list(*told, "activity__name", "at_strava__streams"), key=repr)


def children(parent: subprocess.Popen) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def n_here(account: StravaAccount) -> int:
    return StravaActivity.objects.filter(account=account, streams="here").count()


def test_killed_workers_and_a_lost_redis_leave_nothing_undone_and_nothing_double(
    strava, account, connect, cast, settings, tmp_path
):
    strava.limits(read=[90, 1000], everything=[180, 2000])
    strava.athlete(8)
    history(strava, 7)
    app.control.purge()
    wire = Wire(settings.REDIS_URL)
    told = {
        "REDIS_URL": wire.url,
        "STRAVA_API_URL": strava.api_url,
        "STRAVA_OAUTH_URL": strava.oauth_url,
        "STRAVA_CLIENT_ID": settings.STRAVA_CLIENT_ID,
        "STRAVA_CLIENT_SECRET": settings.STRAVA_CLIENT_SECRET.get_secret_value(),
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
    }
    StravaSync.objects.create(account=account, due_at=timezone.now(), paused_at=timezone.now())
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(process(tmp_path / f"{name}.log", *worker(name), **told))
            for name in ("first", "second")
        )
        stack.enter_context(beat())
        until(lambda: Race.objects.filter(athlete=account.athlete_id, age_grade__isnull=False).exists())
        until(lambda: Analysis.objects.count() == RUNS + 7)
        assert n_here(account) == 0, "found, graded and analysed from the list alone"

        StravaSync.objects.filter(pk=account.pk).update(paused_at=None, due_at=timezone.now())
        for _n in range(KILLS):
            so_far = n_here(account)
            until(lambda so_far=so_far: n_here(account) >= so_far + 2)
            for pid in [*children(first), *children(second)]:
                os.kill(pid, signal.SIGKILL)
        so_far = n_here(account)
        until(lambda: n_here(account) >= so_far + 2)
        wire.cut()
        asked = len(strava.calls())
        time.sleep(2)
        assert len(strava.calls()) <= asked + 1, "without Redis nobody knows what may be asked; one was on its way"
        os.killpg(second.pid, signal.SIGKILL)
        wire.mend()
        until(lambda: n_here(account) == RUNS + 1, seconds=150)
        until(lambda: not StravaRun.objects.filter(account=account, ended_at=None).exists())

    history(strava, 8)
    undisturbed = connect(cast.eve, strava_id=8)
    strava.limits(read=[100_000, 1_000_000], everything=[200_000, 2_000_000])
    StravaSync.objects.create(account=undisturbed)
    while sync.work(undisturbed.pk, steps=100):
        pass
    assert as_it_is(account) == as_it_is(undisturbed)
    assert Activity.objects.filter(athlete=account.athlete_id).count() == RUNS + 7
    assert not any(call["over"] or call["status"] == 429 for call in strava.calls())
    hers = StravaActivity.objects.filter(account=account).values_list("strava_id", flat=True)
    asked_for = [call["path"] for call in strava.calls() if call["path"].endswith("/streams")]
    again = sum(asked_for.count(f"/api/v3/activities/{one}/streams") for one in hers) - (RUNS + 1)
    assert again <= KILLS + 2, "an answer that came is never asked for again"
