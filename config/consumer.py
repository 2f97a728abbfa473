"""The part of a worker that listens to the queue, so that losing Redis is a pause and not the worker's end."""

from typing import Any

import structlog
from celery.worker.consumer import Consumer as CelerysConsumer

log = structlog.get_logger("agegrade.queue")


class Consumer(CelerysConsumer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # also what a task that outlived its connection meets when it is acknowledged there
        known: tuple[type[Exception], ...] = self.conninfo.connection_errors  # type: ignore[attr-defined]
        self.connection_errors = (*known, AttributeError)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """kombu 5.7 forgets where Redis is before it has put back what was not done yet, and its AttributeError would end
        the worker. What was not done is found by the nets that beat runs; the connection is given up by then either way.
        """
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            connection: Any = self.connection
            log.warning("broken connection left", error=str(error), given_up=connection is None)
            self.connection = None
