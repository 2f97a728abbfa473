"""Two web processes and two workers on one database and one Redis: it does not matter who answers. And without Redis."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test import Client

import dev
from activities.models import Activity, ImportFile
from config.celery import app
from config.environment import PROJECT
from performance.models import Analysis, Race
from tests.activities.files import tcx
from tests.config.test_celery import database_url, until
from tests.conftest import signed_in
from tests.factories import make_athlete, make_race

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def process(log: Path, *arguments: str, **env: str) -> Iterator[subprocess.Popen]:
    told = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": settings.STORAGES["default"]["OPTIONS"]["location"],
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": "http://127.0.0.1",
        "DATABASE_POOL_MIN": "1",
        "DATABASE_POOL_MAX": "5",
        "LOG_FORMAT": "json",
        **env,
    }
    with log.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=PROJECT, env=told, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()


def gunicorn(port: int) -> list[str]:
    return [
        "gunicorn",
        "config.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
        "--no-control-socket",
    ]


def worker(name: str) -> list[str]:
    alone = ["--concurrency", "1", "--without-mingle", "--without-gossip"]
    return ["celery", "-A", "config", "worker", "--hostname", f"{name}@test", "--loglevel", "INFO", *alone]


class Browser(requests.Session):
    """One person's session, whichever web process is asked."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        for name, morsel in client.cookies.items():
            self.cookies.set(name, morsel.value)

    def fill(self, url: str, to: str, fields: dict | None = None, files: list | None = None) -> requests.Response:
        """Read a form's token at one address and send it to another."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(url).text)
        assert token, url
        return self.post(to, {"csrfmiddlewaretoken": token[1], **(fields or {})}, files=files)


def answering(url: str) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            return requests.get(f"{url}/health/live", timeout=2).ok
        except requests.RequestException:  # it listens before it has loaded
            return False

    return asked


def test_uploads_progress_sessions_locks_and_undo_work_whoever_answers(tmp_path: Path) -> None:
    athlete = make_athlete(email="ada@example.invalid")
    app.control.purge()
    ports = dev.free_port(), dev.free_port()
    one, two = (f"http://127.0.0.1:{port}" for port in ports)
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(process(tmp_path / f"web-{port}.log", *gunicorn(port)))
        workers = [
            stack.enter_context(process(tmp_path / f"{name}.log", *worker(name))) for name in ("first", "second")
        ]
        until(answering(one))
        until(answering(two))
        until(lambda: all("ready." in (tmp_path / f"{name}.log").read_text() for name in ("first", "second")))
        ada = Browser(signed_in(athlete.user))
        files = [("uploads", (f"{n}.tcx", tcx(started_at=started(n)))) for n in range(8)]
        arrived = ada.fill(f"{one}/import/", f"{two}/import/", files=files)
        assert arrived.status_code == 200, "the form of one web process is taken by the other"
        progress = arrived.url.removeprefix(two)
        for web in (one, two):
            assert "7.tcx" in ada.get(web + progress).text
        until(lambda: not ImportFile.objects.filter(outcome="waiting").exists())
        until(lambda: Analysis.objects.count() == 8)
        assert Activity.objects.filter(athlete=athlete).count() == 8
        assert set(ImportFile.objects.values_list("outcome", flat=True)) == {"new"}
        assert all(running.poll() is None for running in workers)
        done = [(tmp_path / f"{name}.log").read_text().count("file imported") for name in ("first", "second")]
        assert sum(done) == 8 and min(done) > 0, f"both had their share, and no file was read twice: {done}"

        race = make_race(athlete=athlete, state=Race.State.TO_DECIDE)
        for web, other, decision, state in ((one, two, "rejected", "rejected"), (two, one, "undone", "confirmed")):
            answer = ada.fill(f"{web}/more/", f"{other}/races/{race.pk}/decide/", {"decision": decision})
            assert answer.status_code == 200
            race.refresh_from_db()
            assert race.state == state
        undo = f"{progress}undo/"
        assert ada.fill(one + undo, two + undo, {"confirm": "on"}).status_code == 200
        until(lambda: not Activity.objects.filter(athlete=athlete).exists())

        out = ada.fill(f"{one}/more/", f"{one}/accounts/logout/")
        assert out.status_code == 200
        assert "/accounts/login/" in ada.get(f"{two}/races/").url, "signed out here is signed out there"


def started(n: int):
    from datetime import timedelta

    return tcx.__kwdefaults__["started_at"] + timedelta(days=n)


def test_pages_work_and_uploads_wait_while_redis_is_away(tmp_path: Path) -> None:
    athlete = make_athlete(email="ada@example.invalid")
    make_race(athlete=athlete, name="Ely 10K")
    port = dev.free_port()
    web = f"http://127.0.0.1:{port}"
    nowhere = f"redis://127.0.0.1:{dev.free_port()}/0"
    with process(tmp_path / "web.log", *gunicorn(port), REDIS_URL=nowhere):
        until(answering(web))
        ready = requests.get(f"{web}/health/ready", timeout=10)
        assert ready.status_code == 200 and "redis" in ready.json()["degraded"]
        ada = Browser(signed_in(athlete.user))
        for path in (
            "/",
            "/races/",
            "/activities/",
            "/import/",
            "/more/",
            "/settings/",
            "/privacy/",
            "/age-grade/",
            "/coach/",
        ):
            began = time.monotonic()
            answer = ada.get(web + path)
            assert answer.status_code == 200 and time.monotonic() - began < 5, path
        assert "Ely 10K" in ada.get(f"{web}/races/").text
        sent = ada.fill(f"{web}/import/", f"{web}/import/", files=[("uploads", ("run.tcx", tcx()))])
        assert sent.status_code == 200 and "run.tcx" in sent.text
    file = ImportFile.objects.get()
    assert file.outcome == "waiting" and file.stored_as, "it waits, and is found when Redis is back"
    assert connection.vendor == "postgresql"
