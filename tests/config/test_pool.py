"""The web refuses to start where it would take more connections than PostgreSQL can give."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from config.db.pool import KEPT_FREE
from config.environment import PROJECT
from tests.config.test_celery import database_url


def start_web(**variables: object) -> subprocess.CompletedProcess[str]:
    """Load the application as a web process does: 2 × 10 connections, and three for the worker."""
    told = {"DATABASE_POOL_MIN": 0, "DATABASE_POOL_MAX": 10, "WEB_CONCURRENCY": 2, "WORKER_CONCURRENCY": 2, **variables}
    env = {**os.environ, "DATABASE_URL": database_url(), **{name: str(value) for name, value in told.items()}}
    return subprocess.run(
        [sys.executable, "-c", "import config.wsgi"], cwd=PROJECT, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.django_db
def test_as_many_as_fit_are_taken_and_one_more_is_refused_with_every_figure() -> None:
    with connection.cursor() as cursor:
        cursor.execute("show max_connections")
        allowed = int(cursor.fetchone()[0]) - KEPT_FREE
    fits = start_web(DATABASE_ELSEWHERE=allowed - 23)
    assert fits.returncode == 0, fits.stderr
    refused = start_web(DATABASE_ELSEWHERE=allowed - 22)
    assert refused.returncode != 0
    assert "2 web processes with DATABASE_POOL_MAX=10" in refused.stderr
    assert f"are {allowed + 1}; PostgreSQL can give {allowed}" in refused.stderr
