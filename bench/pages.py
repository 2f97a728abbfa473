"""How long pages take with 3,000 activities behind them, and what a cache of query results could save at the most.

    python bench/pages.py --database postgres://USER@HOST:PORT/NAME [--times 30]

A database `bench_pages` is made beside NAME and dropped at the end; its user must be allowed to. Every page is asked for in
this process, through all of the middleware, as its reader. The last column is the share of the time that was spent waiting
for the database: a cache that made every query free, and never had to be invalidated, would save that and no more.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

NAME = "bench_pages"
N_ACTIVITIES = 3_000
PATHS = (
    "/",
    "/races/",
    "/activities/",
    "/bests/",
    "/bests/?ledger=efforts&by=year",
    "/predictions/",
    "/load/",
    "/import/",
    "/privacy/",
)


class Stopwatch:
    """Seconds spent in queries, and how many there were."""

    def __init__(self) -> None:
        self.seconds, self.n = 0.0, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - started
            self.n += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True)
    parser.add_argument("--times", type=int, default=30)
    asked = parser.parse_args()
    parts = urlsplit(asked.database)
    ours = urlunsplit(parts._replace(path=f"/{NAME}"))
    with psycopg.connect(asked.database, autocommit=True) as server:
        server.execute(f"drop database if exists {NAME}")
        server.execute(f"create database {NAME}")
    try:
        measure(ours, asked.times)
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(asked.database, autocommit=True) as server:
            server.execute(f"drop database if exists {NAME} with (force)")


def measure(database: str, times: int) -> None:
    os.environ |= {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": "json"}
    import django

    django.setup()
    import logging
    from datetime import date

    from django.core.management import call_command
    from django.db import connection
    from structlog import configure, make_filtering_bound_logger

    logging.disable(logging.CRITICAL)
    configure(wrapper_class=make_filtering_bound_logger(50))
    call_command("migrate", verbosity=0)
    from celery import Task
    from django.conf import settings

    Task.apply_async = lambda *args, **options: None
    settings.ALLOWED_HOSTS.append("testserver")
    from activities.models import Activity
    from tests import factories
    from tests.conftest import Cast, signed_in
    from tests.page_registry import furnish
    from tests.test_budgets import _copy

    cast = Cast(
        ada=factories.make_athlete(email="ada@example.invalid", name="Ada Marsh", born=date(1968, 5, 17), table="F"),
        carl=factories.make_user(email="carl@example.invalid", name="Carl Fen"),
        eve=factories.make_athlete(email="eve@example.invalid", name="Eve Strange"),
        olga=factories.make_user(email="olga@example.invalid", name="Olga Watts", role="operator"),
    )
    house = furnish(cast, n_activities=60)
    run = Activity.objects.get(pk=house.run.pk)
    Activity.objects.bulk_create(
        [_copy(run, n) for n in range(N_ACTIVITIES - Activity.objects.count())], batch_size=500
    )
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    client = signed_in(cast.ada.user)
    print(f"{N_ACTIVITIES} activities, {times} times each\n")
    print(f"{'page':34}{'median ms':>10}{'p95 ms':>9}{'queries':>9}{'of it in the database':>23}")
    for path in (*PATHS, f"/activities/{run.pk}/"):
        client.get(path)
        taken, waited, n = [], [], 0
        for _time in range(times):
            watch = Stopwatch()
            with connection.execute_wrapper(watch):
                started = time.perf_counter()
                answer = client.get(path)
                taken.append(time.perf_counter() - started)
            assert answer.status_code == 200, (path, answer.status_code)
            waited.append(watch.seconds)
            n = watch.n
        taken.sort()
        p95 = taken[int(0.95 * (len(taken) - 1))]
        share = sum(waited) / sum(taken)
        shown = path if not path.startswith("/activities/") or path == "/activities/" else "/activities/<id>/"
        print(f"{shown:34}{statistics.median(taken) * 1000:>10.0f}{p95 * 1000:>9.0f}{n:>9}{share:>22.0%}")


if __name__ == "__main__":
    main()
