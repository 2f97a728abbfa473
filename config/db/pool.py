"""Web processes share one PostgreSQL; together their pools must leave room for workers and for a person with psql."""

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

log = structlog.get_logger("agegrade.pool")

KEPT_FREE = 10


def refuse_a_pool_the_server_cannot_hold() -> None:
    """Raise ImproperlyConfigured where the pools and the workers are over max_connections − 10. One query at start.

    WEB_CONCURRENCY and WORKER_CONCURRENCY are this host's; what other hosts take is DATABASE_ELSEWHERE. The ten left are
    the scheduler's, a command's and a person's.

    A database that does not answer yet is no reason to refuse: /health/ready tells of that.
    """
    pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
    if not pool:
        return
    processes, beside = settings.WEB_CONCURRENCY, settings.CONNECTIONS_BESIDE_WEB
    try:
        with connection.cursor() as cursor:
            cursor.execute("show max_connections")
            allowed = int(cursor.fetchone()[0]) - KEPT_FREE
    except DatabaseError as error:
        log.warning("pool not checked", error=type(error).__name__)
        return
    finally:
        connection.close()
    wanted = pool["max_size"] * processes + beside
    if wanted > allowed:
        raise ImproperlyConfigured(
            f"{processes} web processes with DATABASE_POOL_MAX={pool['max_size']} and {beside} connections beside them "
            f"(workers, other hosts) are {wanted}; PostgreSQL can give {allowed} (max_connections − {KEPT_FREE}). "
            "Lower DATABASE_POOL_MAX, WEB_CONCURRENCY or WORKER_CONCURRENCY, or raise max_connections."
        )
