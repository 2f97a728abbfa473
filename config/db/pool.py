"""Web processes share one PostgreSQL; together their pools must leave room for workers and for a person with psql."""

import os

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

log = structlog.get_logger("agegrade.pool")

KEPT_FREE = 10


def refuse_a_pool_the_server_cannot_hold() -> None:
    """Raise ImproperlyConfigured where the pools' sum is over max_connections − 10. One query at start.

    A database that does not answer yet is no reason to refuse: /health/ready tells of that.
    """
    pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
    if not pool:
        return
    processes = int(os.environ.get("WEB_CONCURRENCY") or 1)
    try:
        with connection.cursor() as cursor:
            cursor.execute("show max_connections")
            allowed = int(cursor.fetchone()[0]) - KEPT_FREE
    except DatabaseError as error:
        log.warning("pool not checked", error=type(error).__name__)
        return
    finally:
        connection.close()
    wanted = pool["max_size"] * processes
    if wanted > allowed:
        raise ImproperlyConfigured(
            f"{processes} web processes with DATABASE_POOL_MAX={pool['max_size']} want {wanted} connections; "
            f"PostgreSQL can give {allowed} (max_connections − {KEPT_FREE}). Lower the pool or raise max_connections."
        )
