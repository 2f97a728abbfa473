"""A pytest plugin for tests that run side by side: each process has a queue and a cache of its own.

pytest-django gives each its own database. Loaded by `-p`, before Django's settings read the environment.
"""

import os
from urllib.parse import urlsplit, urlunsplit

#: set by pytest-xdist in each of its processes: gw0, gw1, …; absent where there is only one
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
REDIS_DATABASES = 16  # as a server has them unless told otherwise; 0 belongs to a run that is alone


def redis_url_of(worker: str, url: str) -> str:
    number = 1 + int(worker.removeprefix("gw")) % (REDIS_DATABASES - 1)
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


if WORKER and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = redis_url_of(WORKER, os.environ["REDIS_URL"])
