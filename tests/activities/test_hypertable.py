"""The same code on a real TimescaleDB: samples are a hypertable, and nothing else notices."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from config.environment import PROJECT

pytestmark = pytest.mark.timescale

JOURNEY = """
import django; django.setup()
from datetime import UTC, datetime, timedelta
import numpy as np
from django.db import connection
from activities import streams
from activities.models import Recording, SampleBlock
from activities.recorded import Streams
from tests.factories import make_activity, make_athlete

athlete = make_athlete()
for years in range(4):
    start = datetime(2020 + years, 3, 1, tzinfo=UTC)
    recording = make_activity(athlete=athlete, started_at=start).recordings.get()
    given = Streams(time_s=np.arange(9000.0), distance_m=np.arange(9000.0) * 3)
    for _ in range(2):
        streams.replace(recording, given)
    assert np.allclose(streams.read(recording).distance_m, given.distance_m, atol=0.006)
with connection.cursor() as cursor:
    cursor.execute("select count(*) from timescaledb_information.chunks where hypertable_name = 'activities_sampleblock'")
    chunks = cursor.fetchone()[0]
assert chunks >= 4, chunks
assert SampleBlock.objects.count() == 12
per_year = SampleBlock.timescale.time_bucket("time", "364 days")
assert len(per_year.values("bucket").distinct()) >= 4
recording.activity.delete()
assert SampleBlock.objects.count() == 9
print("chunks", chunks)
"""


@pytest.fixture
def timescale_url() -> Iterator[str]:
    given = os.environ.get("TIMESCALE_URL")
    if not given:
        pytest.skip("TIMESCALE_URL names no PostgreSQL with TimescaleDB")
    name = f"agegrade_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(given.replace("postgres://", "postgresql://"), autocommit=True) as server:
        server.execute(f'create database "{name}"')
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
        server.execute(f'drop database "{name}" with (force)')


def run(url: str, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return ran.stdout


def test_samples_are_a_hypertable_that_streams_read_replace_and_delete(timescale_url):
    run(timescale_url, "manage.py", "migrate")
    assert "chunks 4" in run(timescale_url, "-c", JOURNEY)


def test_migrations_go_back_and_forth(timescale_url):
    run(timescale_url, "manage.py", "migrate")
    run(timescale_url, "manage.py", "migrate", "performance", "zero")
    run(timescale_url, "manage.py", "migrate", "activities", "zero")
    run(timescale_url, "manage.py", "migrate")
