"""How the machine is, for whoever runs it: ids, states and counts, and nothing of anybody's runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from activities.models import ImportFile
from activities.strava.models import StravaAccount
from config import health
from config.celery import app
from config.pulse import BEAT_KEY
from performance import analysis
from performance.models import Analysis

log = structlog.get_logger("agegrade.operations")

#: more ids than these help nobody
SHOWN: Final = 20
BEAT_LATE: Final = timedelta(minutes=3)
LATELY: Final = timedelta(days=30)
SERVER = """
    select pg_database_size(current_database()), current_setting('max_connections')::int,
        (select count(*) from pg_stat_activity where datname = current_database())
"""


@dataclass(frozen=True)
class Queue:
    """waiting: messages in it; None where Redis does not answer."""

    waiting: int | None
    used_mb: float | None


@require_safe
@never_cache
def operations(request: HttpRequest) -> HttpResponse:
    """For operators; to everybody else there is no such page. Asking the workers takes up to half a second."""
    if not (request.user.is_authenticated and request.user.is_superuser):
        raise Http404
    now = timezone.now()
    beat_at = _beat()
    failed = ImportFile.objects.filter(outcome=ImportFile.Outcome.REFUSED, done_at__gt=now - LATELY)
    waiting = ImportFile.objects.filter(outcome=ImportFile.Outcome.WAITING)
    broken = Analysis.objects.exclude(failed="")
    page: dict[str, Any] = {
        "now": now,
        "redis": health.redis_state(),
        "worker": health.worker_state(),
        "queue": _queue(),
        "beat_at": beat_at,
        "beat_late": beat_at is None or now - beat_at > BEAT_LATE,
        "server": _server(),
        "n_waiting": waiting.count(),
        "waiting_since": waiting.aggregate(since=Min("batch__created_at"))["since"],
        "n_stale": analysis.stale_activities().count(),
        "n_searches": analysis.stale_athletes().count(),
        "n_broken": broken.count(),
        "broken": broken.order_by("-analysed_at").values("activity_id", "failed", "analysed_at")[:SHOWN],
        "refused": failed.values("code").annotate(n=Count("pk")).order_by("-n", "code"),
        "latest_refused": failed.order_by("-done_at").values("pk", "batch_id", "code", "done_at")[:SHOWN],
        "accounts": StravaAccount.objects.values("state").annotate(n=Count("pk")).order_by("state"),
    }
    return render(request, "operations.html", page)


def _beat() -> datetime | None:
    came_round = cache.get(BEAT_KEY)
    return datetime.fromtimestamp(came_round, tz=UTC) if came_round else None


def _queue() -> Queue:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            waiting = sum(int(client.llen(queue.name)) for queue in app.conf.task_queues)
            return Queue(waiting=waiting, used_mb=client.info("memory")["used_memory"] / 2**20)
    except (redis.RedisError, OSError) as error:
        log.warning("queue not asked", error=type(error).__name__)
        return Queue(waiting=None, used_mb=None)


def _server() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(SERVER)
        size, allowed, used = cursor.fetchone()
    return {"size_mb": size / 2**20, "allowed": allowed, "used": used}
