"""Mail leaves through the queue, so that no page waits for a mail server; where the queue is away, at once.

`QueuedBackend` is Django's EMAIL_BACKEND, so that whatever sends mail (django-allauth, a view, a command) is served.
A message holds links that open accounts, and Celery logs what tasks are called with: in the queue it is sealed.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import structlog
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.mail import EmailMessage, get_connection, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError

log = structlog.get_logger("agegrade.mail")


class QueuedBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            facts = {
                "subject": str(message.subject),
                "body": str(message.body),
                "sender": message.from_email,
                "to": list(message.to),
            }
            transaction.on_commit(lambda facts=facts: _ask(facts))  # type: ignore[misc]
        return len(email_messages)


def _ask(facts: dict[str, Any]) -> None:
    from athletes.tasks import deliver_mail

    try:
        deliver_mail.delay(seal(facts))
    except OperationalError:
        log.warning("queue away, mail sent at once")
        deliver(**facts)


def seal(facts: dict[str, Any]) -> str:
    return _key().encrypt(json.dumps(facts).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Raises InvalidToken where SECRET_KEY is another one by now."""
    facts: dict[str, Any] = json.loads(_key().decrypt(sealed.encode()))
    return facts


def _key() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"mail {settings.SECRET_KEY}".encode()).digest()))


def deliver(*, subject: str, body: str, sender: str, to: list[str]) -> None:
    """Hand one message to the mail server. Raises what its backend raises (OSError, SMTPException)."""
    connection = get_connection(settings.MAIL_DELIVERED_BY, timeout=20)
    EmailMessage(subject, body, sender, to, connection=connection).send()


def write(template: str, *, to: str, **facts: Any) -> None:
    """Send `<template>_subject.txt` and `<template>_message.txt` to one address."""
    facts = {**facts, "email": to, "site_url": settings.SITE_URL}
    subject = " ".join(render_to_string(f"{template}_subject.txt", facts).split())
    send_mail(subject, render_to_string(f"{template}_message.txt", facts).strip(), None, [to])
