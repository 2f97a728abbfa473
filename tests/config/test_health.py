import pytest
from django.db import connection
from django.test import Client

from config import health


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(health, "_workers", (0.0, "unknown"))
    monkeypatch.setattr(health, "_migrated", False)


def test_live_asks_nothing(client: Client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_without_a_worker_is_degraded_and_still_200(client):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["degraded"] == ["worker"]


@pytest.mark.django_db
def test_a_lost_redis_is_degraded_and_still_200(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert "redis" in answer.json()["degraded"]


@pytest.mark.django_db(transaction=True)
def test_pending_migrations_are_503(client):
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from django_migrations where app = 'activities' and name = "
            "(select max(name) from django_migrations where app = 'activities') returning name, applied"
        )
        name, applied = cursor.fetchone()
    try:
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["database"] == "migrations pending"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into django_migrations (app, name, applied) values ('activities', %s, %s)", [name, applied]
            )
