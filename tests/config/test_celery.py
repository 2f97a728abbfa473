"""A real worker process, a real queue: what an upload starts is done, told of, and survives a worker's death."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from celery.schedules import crontab, schedule
from django.conf import settings
from django.db import connection
from django.test import Client

from activities.models import Activity, ImportBatch, ImportFile
from config.celery import app
from config.environment import PROJECT
from performance.models import Analysis
from tests.activities.files import tcx
from tests.factories import make_athlete


def database_url() -> str:
    """The test database, for another process."""
    facts = connection.settings_dict
    host, port = facts["HOST"], facts["PORT"]
    who = f"{facts['USER']}:{quote(facts['PASSWORD'], safe='')}" if facts["PASSWORD"] else facts["USER"]
    where = quote(host, safe="") if host.startswith("/") else f"{host}:{port}" if port else host
    return f"postgres://{who}@{where}/{facts['NAME']}"


@contextmanager
def worker(tmp_path: Path) -> Iterator[tuple[subprocess.Popen, Path]]:
    log = tmp_path / f"worker-{time.monotonic_ns()}.log"
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": settings.STORAGES["default"]["OPTIONS"]["location"],
        "LOG_FORMAT": "json",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "1", "--without-mingle", "--without-gossip"],
            cwd=PROJECT, env=environment, stderr=out, stdout=out, start_new_session=True,
        )  # fmt: skip
        try:
            yield process, log
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


def until(true: Callable[[], bool], *, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def empty_queue() -> Iterator[None]:
    """What other tests asked for is not this one's to do."""
    app.control.purge()
    yield
    app.control.purge()


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_read_and_analysed_by_a_worker_and_its_log_names_the_request(tmp_path, empty_queue):
    athlete = make_athlete()
    client = Client()
    client.force_login(athlete.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    run = tmp_path / "run.tcx"
    run.write_bytes(tcx())
    with worker(tmp_path) as (_, log):
        with run.open("rb") as file:
            answer = client.post("/import/", {"uploads": file}, headers={"X-Request-ID": "upload-of-this-test"})
        assert answer.status_code == 302
        until(lambda: ImportFile.objects.filter(outcome="new").exists())
        until(lambda: Analysis.objects.filter(activity=Activity.objects.first()).exists())

        def told() -> list[dict]:
            entries = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            return [entry for entry in entries if entry.get("request_id") == "upload-of-this-test"]

        until(lambda: sum(entry["event"] == "task_succeeded" for entry in told()) >= 2)
        assert {"file imported", "task_succeeded"} <= {entry["event"] for entry in told()}
        assert all("duration_ms" in entry for entry in told() if entry["event"] == "task_succeeded")


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing(tmp_path, empty_queue):
    athlete = make_athlete()
    batch = ImportBatch.objects.create(athlete=athlete, kind="upload")
    from activities import ingest

    for n in range(12):
        content = tcx(step_s=0.5, started_at=tcx.__kwdefaults__["started_at"].replace(day=n + 1))
        with (tmp_path / "one").open("w+b") as source:
            source.write(content)
            source.seek(0)
            ingest.receive(batch, name=f"{n}.tcx", source=source, position=n)
    with worker(tmp_path) as (process, _):
        until(lambda: batch.files.exclude(outcome="waiting").count() >= 2)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    left = batch.files.filter(outcome="waiting").count()
    assert left > 0
    batch.files.filter(outcome="waiting").update(attempted_at="2020-01-01T00:00Z")  # long ago, so the net takes them
    ImportBatch.objects.update(created_at="2020-01-01T00:00Z")
    app.control.purge()
    with worker(tmp_path):
        from activities.tasks import import_waiting

        import_waiting.delay()
        until(lambda: not batch.files.filter(outcome="waiting").exists())
    assert set(batch.files.values_list("outcome", flat=True)) == {"new"}
    assert Activity.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_what_a_person_waits_for_is_not_behind_an_import(tmp_path, empty_queue):
    from activities.tasks import import_file
    from athletes.tasks import deliver_mail

    for number in range(30):
        import_file.delay(-number)  # of nothing, which is quickly found out
    deliver_mail.delay("sealed with another key, which is told and goes no further")
    with worker(tmp_path) as (_, log):
        until(lambda: log.read_text().count("activities.tasks.import_file[") >= 30)
        received = re.findall(r"Task (activities\.tasks\.import_file|athletes\.tasks\.deliver_mail)", log.read_text())
    assert "athletes.tasks.deliver_mail" in received[:4]


def test_every_scheduled_task_exists_and_acknowledges_late():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        task = app.tasks[entry["task"]]
        assert task.acks_late, name
        assert isinstance(entry["schedule"], (float, crontab, schedule))


def test_no_task_may_run_longer_than_its_message_stays_invisible():
    app.loader.import_default_modules()
    invisible = app.conf.broker_transport_options["visibility_timeout"]
    for task in app.tasks.values():
        assert (task.time_limit or app.conf.task_time_limit) < invisible
