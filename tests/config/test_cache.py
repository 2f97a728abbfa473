"""Redis away: nobody waits long, everybody can sign in, and nobody can try passwords without end."""

import pytest
from django.core.cache import cache, caches
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_away(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    caches["default"]._memory.clear()
    yield
    caches["default"]._memory.clear()


def test_signing_in_works_without_redis(redis_away):
    factories.make_athlete(email="ada@example.invalid")
    answer = Client().post("/accounts/login/", {"login": "ada@example.invalid", "password": factories.PASSWORD})
    assert answer.status_code == 302


def test_attempts_are_counted_without_redis(redis_away):
    factories.make_athlete(email="ada@example.invalid")
    client = Client()
    for _ in range(12):
        client.post("/accounts/login/", {"login": "ada@example.invalid", "password": "wrong"})
    client.post("/accounts/login/", {"login": "ada@example.invalid", "password": factories.PASSWORD})
    assert client.get("/more/").status_code == 302, "not even the right one, for a while"


def test_what_is_not_counted_is_not_kept_in_one_process(redis_away):
    cache.set("figures", 1)
    assert cache.get("figures") is None and cache.get("figures", 2) == 2


def test_attempts_are_counted_in_redis_for_all_processes():
    cache.set("allauth:rl:test", [1.0], 60)
    assert caches["default"].client.get("allauth:rl:test") == [1.0]
    cache.delete("allauth:rl:test")
    assert cache.get("allauth:rl:test") is None
