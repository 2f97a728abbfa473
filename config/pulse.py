"""Signs of life of the processes that no one can ask over HTTP: the worker's and the scheduler's.

Where ALIVE_FILE names a file (docker-compose.yml does), it is touched while the process does what it is for: the worker's
event loop listens to the queue, the scheduler's comes round. A container's health check needs no more than its age. The
scheduler also leaves the time in the cache, for the operators' page; a lost Redis costs that page a line.
"""

import os
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler

ALIVE_FILE = os.environ.get("ALIVE_FILE", "")
#: when the scheduler last came round, in seconds since 1970
BEAT_KEY = "beat:came-round"


def of_a_worker(**kwargs: Any) -> None:
    """Celery sends this every few seconds, and no longer once the connection to the queue is lost."""
    _touch()


class Scheduler(PersistentScheduler):
    def tick(self, *args: Any, **kwargs: Any) -> float:
        from django.core.cache import cache
        from django.utils import timezone

        wait_s: float = super().tick(*args, **kwargs)
        _touch()
        cache.set(BEAT_KEY, timezone.now().timestamp(), timeout=7 * 24 * 3600)
        return wait_s


def _touch() -> None:
    if ALIVE_FILE:
        Path(ALIVE_FILE).touch()
