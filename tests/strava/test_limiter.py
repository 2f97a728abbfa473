"""The shared budget of calls, on a real Redis."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest
import redis
from django.db import connections

from activities.strava import http, limiter
from activities.strava.errors import LimiterAway, RateLimited
from tests.strava.conftest import wait_for_a_quiet_quarter

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Application:
    budget_key: str


@pytest.fixture
def application() -> Application:
    return Application(uuid4().hex[:24])


@pytest.fixture
def redis_client(settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_turn_in_the_middle() -> None:
    wait_for_a_quiet_quarter(seconds=6)


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


def test_headers_may_lower_a_limit_and_raise_it(application):
    call(application, headers=answer(1, 1, limits="10,1000"))
    assert limiter.usage(application).budget.read_limit_short == 10
    call(application, headers=answer(8, 8, limits="10,1000"))
    with pytest.raises(RateLimited):
        limiter.reserve(application)
    call(application, headers=answer(9, 9, limits="600,6000"), waiting=True)
    assert limiter.usage(application).budget.read_limit_day == 6000
    call(application)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-RateLimit-Limit": "odd", "X-RateLimit-Usage": "1"},
        {"X-ReadRateLimit-Limit": "0,0", "X-ReadRateLimit-Usage": "-1,²", "Date": "yesterday"},
        {"X-RateLimit-Limit": "200, 2000"},
    ],
)
def test_without_readable_headers_our_own_count_goes_on(application, headers):
    for _ in range(3):
        call(application, headers=headers)
    budget = limiter.usage(application).budget
    assert (budget.read_used_short, budget.read_limit_short, budget.all_limit_day) == (3, 100, 2000)


def test_use_is_never_corrected_downwards_within_a_window(application):
    call(application, headers=answer(50, 500))
    call(application, headers=answer(20, 200))
    assert limiter.usage(application).budget.read_used_short == 51


def test_calls_under_way_are_counted_on_top_of_what_an_answer_tells(application):
    call(application)
    under_way = [limiter.reserve(application) for _ in range(3)]
    call(application, headers=answer(10, 10))
    assert limiter.usage(application).budget.read_used_short == 13
    for ticket in under_way:
        limiter.lost(application, ticket=ticket, took_s=0)
    assert limiter.usage(application).budget.read_used_short == 13, "lost ones may have counted"


def test_an_answer_of_the_last_window_says_nothing_about_this_one(application):
    call(application, headers=answer(1, 1))
    late = answer(99, 99) | {"Date": format_datetime(datetime.now(UTC) - timedelta(minutes=15), usegmt=True)}
    limiter.observe(application, late, ticket=limiter.reserve(application), took_s=5)
    budget = limiter.usage(application).budget
    assert budget.read_used_short == 2 and budget.read_used_day in (2, 99)


def test_windows_follow_stravas_clock_not_ours(application):
    ahead = datetime.now(UTC) + timedelta(minutes=20)
    call(application, headers=answer(90, 90) | {"Date": format_datetime(ahead, usegmt=True)})
    found = limiter.usage(application)
    assert found.offset_s == pytest.approx(1200, abs=1.5)
    with pytest.raises(RateLimited) as told:
        limiter.reserve(application)
    strava_opens = told.value.retry_at + timedelta(seconds=found.offset_s)
    assert 1 < strava_opens.timestamp() % 900 < 2.5


def test_a_date_that_is_far_out_is_not_believed(application):
    call(application, headers=answer(1, 1) | {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert limiter.usage(application).offset_s == 0


def test_a_second_429_without_any_success_between_closes_for_longer(application, redis_client):
    call(application)
    book = f"strava:{{{application.budget_key}}}:book"
    waits = []
    for _ in range(3):
        limiter.close(application, {}, ticket=limiter.reserve(application), took_s=0.01)
        waits.append(int(redis_client.hget(book, "closed")) // 900_000)
        redis_client.hset(book, mapping={"closed": 1, "read_used_short": 0})
    midnight = (int(time.time()) // 86_400 + 1) * 96
    assert waits == [min(waits[0] + more, midnight) for more in (0, 1, 3)]


def test_redis_lost_means_no_calls(application, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(LimiterAway):
        limiter.reserve(application)


def test_what_was_used_survives_an_emptied_redis(application, redis_client):
    call(application, headers=answer(79, 79))
    call(application)
    redis_client.delete(f"strava:{{{application.budget_key}}}:book")
    with pytest.raises(RateLimited):
        limiter.reserve(application)
    limiter.observe(application, {}, ticket=limiter.reserve(application, waiting=True), took_s=0.01)
    assert limiter.usage(application).budget.read_used_short == 81


def test_a_429_survives_an_emptied_redis(application, redis_client):
    call(application)
    limiter.close(application, {}, ticket=limiter.reserve(application), took_s=0.01)
    redis_client.delete(f"strava:{{{application.budget_key}}}:book")
    with pytest.raises(RateLimited):
        limiter.reserve(application, waiting=True)


def test_a_gateways_error_without_headers_ends_no_probe(application):
    limiter.observe(application, {}, ticket=limiter.reserve(application), took_s=0.01, sure=False)
    with pytest.raises(RateLimited):
        limiter.reserve(application, patience_s=0.2)


# -- a turn of the window, by moving the book's clock -----------------------------------------------------------------


def at_the_turn(application, redis_client, *, before_ms: int) -> None:
    """Let Strava's clock, as the book knows it, stand so long before a quarter ends."""
    book = f"strava:{{{application.budget_key}}}:book"
    seconds, micros = redis_client.time()
    now = seconds * 1000 + micros // 1000
    offset = 900_000 - before_ms - now % 900_000
    redis_client.hset(
        book, mapping={"offset": offset, "quarter": (now + offset) // 900_000, "day": (now + offset) // 86_400_000}
    )


def test_no_call_starts_where_nobody_can_say_which_window_counts_it(application, redis_client):
    call(application)
    at_the_turn(application, redis_client, before_ms=500)
    began = time.monotonic()
    limiter.reserve(application)
    assert 1.9 < time.monotonic() - began < 2.5, "half a second to the turn, and the guard"
    assert limiter.usage(application).budget.read_used_short == 1


def test_what_is_under_way_at_a_turn_counts_in_the_new_window_too(application, redis_client):
    call(application)
    for _ in range(3):
        limiter.reserve(application)
    at_the_turn(application, redis_client, before_ms=100)
    limiter.reserve(application)
    assert limiter.usage(application).budget.read_used_short == 4


# -- many processes ---------------------------------------------------------------------------------------------------


def work(pipe, application, url: str, seconds: float, waiting: bool) -> None:
    """One worker: calls as fast as the budget lets it, and tells what it did."""
    told, ends = {"calls": 0, "refused": 0, "closed": 0}, time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            ticket = limiter.reserve(application, waiting=waiting)
        except RateLimited:
            told["refused"] += 1
            time.sleep(0.2)
            continue
        told["calls"] += 1
        reply = http.send("GET", url)
        if reply.status == 429:
            told["closed"] += 1
            limiter.close(application, reply.headers, ticket=ticket, took_s=reply.took_s)
        else:
            limiter.observe(application, reply.headers, ticket=ticket, took_s=reply.took_s)
    pipe.send(told)
    os._exit(0)


def workers(strava, application, *, count: int, seconds: float, waiting: bool) -> list[dict]:
    """So many processes at once, each with connections of its own."""
    connections.close_all()
    limiter._connection.cache_clear()
    limiter._script.cache_clear()
    processes = multiprocessing.get_context("fork")
    pipes, running = [], []
    for _ in range(count):
        here, there = processes.Pipe(duplex=False)
        arguments = (there, application, f"{strava.api_url}/athlete", seconds, waiting)
        running.append(processes.Process(target=work, args=arguments, daemon=True))
        running[-1].start()
        pipes.append(here)
    told = [pipe.recv() for pipe in pipes if pipe.poll(seconds + 60)]
    for process in running:
        process.join(10)
    assert len(told) == count
    return told


@pytest.mark.django_db(transaction=True)
def test_four_processes_use_all_of_a_limit_and_never_more(strava, application):
    wait_for_a_quiet_quarter()
    strava.limits(read=[25, 1000])
    told = workers(strava, application, count=4, seconds=8, waiting=True)
    calls = strava.calls()
    assert len(calls) == 25 and not any(one["over"] for one in calls)
    assert sum(one["calls"] for one in told) == 25 and all(one["refused"] for one in told)
    moments = [one["at"] for one in calls]
    assert max(moments) - min(moments) > 24 * 0.1, "not in a burst"


@pytest.mark.django_db(transaction=True)
def test_an_emptied_redis_under_four_processes_costs_one_probe_and_nothing_over_the_limit(
    strava, application, redis_client
):
    wait_for_a_quiet_quarter()
    strava.limits(read=[45, 1000], used=[20, 20])
    book = f"strava:{{{application.budget_key}}}:book"

    def empty() -> None:
        time.sleep(1.5)
        for _ in range(4):
            redis_client.delete(book)
            time.sleep(0.4)

    emptying = threading.Thread(target=empty)
    emptying.start()
    workers(strava, application, count=4, seconds=9, waiting=True)
    emptying.join()
    calls = strava.calls()
    assert 20 <= len(calls) <= 25 and not any(one["over"] for one in calls)


@pytest.mark.django_db(transaction=True)
def test_somebody_else_using_the_application_up_costs_one_429_in_all(strava, application):
    wait_for_a_quiet_quarter()
    strava.headers("none")
    strava.limits(read=[12, 1000])
    told = workers(strava, application, count=3, seconds=5, waiting=False)
    assert 1 <= sum(one["closed"] for one in told) <= 3, "those that were under way"
    assert len(strava.calls()) <= 12 + 3
