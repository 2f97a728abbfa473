"""A worker of its own for test_budget_of_many: calls the stand-in as fast as the budget lets it, and tells what it did.

python -m tests.strava.budget_worker CLIENT_ID SECONDS WAITING URL
"""

import json
import os
import sys
import time
from dataclasses import dataclass

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from activities.strava import http, limiter  # noqa: E402
from activities.strava.errors import RateLimited  # noqa: E402


@dataclass(frozen=True)
class Application:
    budget_key: str


def main() -> None:
    key, seconds, waiting, url = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "1", sys.argv[4]
    application, told = Application(key), {"calls": 0, "refused": 0, "closed": 0}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            ticket = limiter.reserve(application, waiting=waiting)
        except RateLimited as error:
            told["refused"] += 1
            told["retry_at"] = error.retry_at.timestamp()
            time.sleep(0.2)
            continue
        told["calls"] += 1
        try:
            reply = http.send("GET", url)
        except http.NoAnswer:
            limiter.lost(application, ticket=ticket, took_s=0)
            continue
        if reply.status == 429:
            told["closed"] += 1
            limiter.close(application, reply.headers, ticket=ticket, took_s=reply.took_s)
        else:
            limiter.observe(application, reply.headers, ticket=ticket, took_s=reply.took_s, sure=reply.status < 500)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
