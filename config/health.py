"""Two questions a supervisor asks: is the process alive, and can it do its work.

Ready is 503 only where no page could be served: the database is away, or its migrations are pending. A lost Redis or
no worker is told as "degraded": pages still answer, uploads wait.
"""

import time
from typing import Any

import redis
import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.celery import app

log = structlog.get_logger("agegrade.health")

WORKERS_ASKED_EVERY_S = 10
_migrated = False
_workers: tuple[float, str] = (0.0, "unknown")


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    parts = {"database": _database(), "redis": redis_state()}
    parts["worker"] = worker_state() if parts["redis"] == "ok" else "unknown"
    failed = parts["database"] != "ok"
    degraded = [name for name in ("redis", "worker") if parts[name] != "ok"]
    answer: dict[str, Any] = {"status": "failed" if failed else "degraded" if degraded else "ok", "parts": parts}
    if degraded and not failed:
        answer["degraded"] = degraded
    return JsonResponse(answer, status=503 if failed else 200)


def _database() -> str:
    global _migrated  # noqa: PLW0603 - migrations, once applied, stay applied for the life of the process
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.warning("database away", error=type(error).__name__)
        return "away"
    return "ok" if _migrated else "migrations pending"


def redis_state() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        log.warning("redis away", error=type(error).__name__)
        return "away"
    return "ok"


def worker_state() -> str:
    """Ask at most every ten seconds: the answer takes a broadcast and a short wait."""
    global _workers  # noqa: PLW0603 - a memory of the last answer, not state: losing it costs one question
    asked_at, answer = _workers
    if time.monotonic() - asked_at < WORKERS_ASKED_EVERY_S:
        return answer
    try:
        answer = "ok" if app.control.ping(timeout=0.5) else "none answers"
    except Exception as error:
        log.warning("worker not asked", error=type(error).__name__)
        answer = "unknown"
    _workers = (time.monotonic(), answer)
    return answer
