"""Asking for a task: after the commit, and without failing where the queue does not answer.

Celery's `delay_on_commit` would raise into a request whose work is stored already. Here a lost Redis is a line in the log:
everything a task does is found again by the nets that beat runs every minute.
"""

from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger("agegrade.queue")


def ask_for(task: Task, *args: Any, wait_s: float = 0) -> None:
    """Put the task into the queue once the transaction is committed, to start in wait_s seconds or at once."""

    def send() -> None:
        try:
            task.apply_async(args, countdown=wait_s or None)  # type: ignore[arg-type]  # the stubs forget None
        except OperationalError as error:
            log.warning("queue away", task=task.name, error=type(error.__cause__ or error).__name__)

    transaction.on_commit(send)
