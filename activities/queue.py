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


#: the queues: what a person waits for, and the rest, which is taken when the first is empty; see CELERY_TASK_QUEUES
NOW, LATER = "now", "celery"


def ask_for(task: Task, *args: Any, wait_s: float = 0, waited_for: bool = False) -> None:
    """Put the task into the queue once the transaction is committed, to start in wait_s seconds or at once.

    waited_for: a person waits, so it is put before what can wait.
    """

    def send() -> None:
        try:
            task.apply_async(args, countdown=wait_s or None, queue=NOW if waited_for else None)  # type: ignore[arg-type]  # the stubs forget None
        except OperationalError as error:
            log.warning("queue away", task=task.name, error=type(error.__cause__ or error).__name__)

    transaction.on_commit(send)


def ask_at_once(task: Task, *args: Any) -> bool:
    """The same for what no net would find again and somebody waits for: at once, and whether the queue took it."""
    try:
        task.apply_async(args, queue=NOW)
    except OperationalError as error:
        log.warning("queue away", task=task.name, error=type(error.__cause__ or error).__name__)
        return False
    return True
