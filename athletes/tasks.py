"""Celery's door: ids in, one call."""

from smtplib import SMTPException

from celery import Task, shared_task

from athletes import erasing, mail


@shared_task(bind=True, max_retries=5)
def deliver_mail(self: Task, sealed: str) -> None:
    """A mail server that is away for a quarter of an hour loses nothing."""
    try:
        mail.deliver(**mail.unseal(sealed))
    except (OSError, SMTPException) as error:
        raise self.retry(exc=error, countdown=30 * 2**self.request.retries) from error


@shared_task(soft_time_limit=1800, time_limit=1860)  # decades of runs on the smallest machine
def erase_user(user_id: int) -> None:
    erasing.erase(user_id)


@shared_task
def erase_waiting() -> None:
    """The safety net: accounts whose message was lost, or whose worker died, are asked for again."""
    for user_id in erasing.waiting():
        erase_user.apply_async((user_id,), expires=55)
