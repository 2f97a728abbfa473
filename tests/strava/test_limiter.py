"""The shared budget of calls, on a real Redis."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from activities.strava import limiter
from activities.strava.errors import RateLimited

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Application:
    budget_key: str


@pytest.fixture
def application() -> Application:
    return Application(uuid4().hex[:24])


def answer(short: int, day: int, *, limits: str = "100,1000", case=str) -> dict[str, str]:
    return {
        case("X-RateLimit-Limit"): "200,2000",
        case("X-RateLimit-Usage"): f"{short},{day}",
        case("X-ReadRateLimit-Limit"): limits,
        case("X-ReadRateLimit-Usage"): f"{short},{day}",
    }


def call(application, *, headers=None, waiting=False):
    ticket = limiter.reserve(application, waiting=waiting)
    limiter.observe(application, headers or {}, ticket=ticket, took_s=0.01)


def test_an_empty_redis_allows_one_probe_and_then_goes_on_from_its_headers(application):
    probe = limiter.reserve(application)
    with pytest.raises(RateLimited):
        limiter.reserve(application, patience_s=0.3)
    limiter.observe(application, answer(40, 300, case=str.lower), ticket=probe, took_s=0.01)
    used = limiter.usage(application).budget
    assert (used.read_used_short, used.read_used_day, used.read_limit_short) == (40, 300, 100)
    limiter.reserve(application)


def test_the_last_fifth_is_for_people_who_wait(application):
    call(application, headers=answer(80, 80))
    with pytest.raises(RateLimited):
        limiter.reserve(application)
    call(application, headers=answer(99, 99), waiting=True)
    call(application, waiting=True)
    with pytest.raises(RateLimited):
        limiter.reserve(application, waiting=True)


def test_a_429_closes_the_window_for_everybody(application):
    call(application, headers=answer(3, 3))
    retry_at = limiter.close(application, {}, ticket=limiter.reserve(application), took_s=0.01)
    with pytest.raises(RateLimited) as told:
        limiter.reserve(application, waiting=True)
    assert abs((told.value.retry_at - retry_at).total_seconds()) < 0.1
