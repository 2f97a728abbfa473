"""Mail goes through the queue, where nobody can read it, and at once where the queue is away."""

import json

import pytest
import redis
from django.conf import settings as given
from django.core import mail
from django.core.mail import send_mail

from athletes.mail import seal, unseal
from athletes.tasks import deliver_mail
from config.celery import app

pytestmark = pytest.mark.django_db(transaction=True)

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
FACTS = {
    "subject": "Hello",
    "body": "open https://x.invalid/secret",
    "sender": "a@x.invalid",
    "to": ["ada@example.invalid"],
}


@pytest.fixture
def queued(settings) -> None:
    settings.EMAIL_BACKEND = "athletes.mail.QueuedBackend"
    settings.MAIL_DELIVERED_BY = LOCMEM


def test_a_message_waits_in_the_queue_and_nobody_can_read_it_there(queued):
    queue = redis.from_url(given.REDIS_URL)
    before = queue.llen("now")
    send_mail(FACTS["subject"], FACTS["body"], FACTS["sender"], FACTS["to"])
    assert mail.outbox == [] and queue.llen("now") == before + 1
    waiting = queue.lpop("now").decode()
    assert json.loads(waiting)["headers"]["task"] == "athletes.tasks.deliver_mail"
    assert "ada@" not in waiting and "secret" not in json.loads(waiting)["headers"]["argsrepr"]


def test_the_task_delivers_it(queued):
    deliver_mail(seal(FACTS))
    (message,) = mail.outbox
    assert (message.subject, message.body, message.to) == (FACTS["subject"], FACTS["body"], FACTS["to"])
    assert unseal(seal(FACTS)) == FACTS and seal(FACTS) != seal(FACTS)


def test_without_the_queue_it_leaves_at_once(queued, monkeypatch):
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    send_mail(FACTS["subject"], FACTS["body"], FACTS["sender"], FACTS["to"])
    assert [message.subject for message in mail.outbox] == ["Hello"]
