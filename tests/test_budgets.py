"""What a page may weigh (with brotli, as it is sent) and cost, with 3,000 activities and 200 races behind it."""

import re
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import html as lxml_html

from activities.models import Activity
from performance.models import Analysis
from tests.conftest import Cast, signed_in
from tests.page_registry import PAGES, furnish

HTML_BYTES, CSS_BYTES, OWN_JS_BYTES = 20_000, 12_000, 6_000
NODES, QUERIES = 1_500, 15
N_ACTIVITIES = 3_000


def sent(content: bytes) -> int:
    return len(brotli.compress(content, quality=4))


def linked(page: bytes, kind: str) -> int:
    """The bytes of all our own files of that kind that the page links to."""
    names = set(re.findall(rf'/static/((?:css|js)/[\w./-]+\.{kind})"', page.decode()))
    return sum(sent(Path(finders.find(name)).read_bytes()) for name in names)


@pytest.mark.django_db
def test_every_page_is_light_and_cheap_with_a_long_history(cast: Cast, settings):
    settings.SIGN_UP = "open"
    house = furnish(cast, n_activities=60)
    run = Activity.objects.get(pk=house.run.pk)
    Activity.objects.bulk_create(
        [_copy(run, number) for number in range(N_ACTIVITIES - Activity.objects.count())], batch_size=500
    )
    assert Activity.objects.count() == N_ACTIVITIES and Analysis.objects.count() > 20
    clients = {"ada": signed_in(cast.ada.user), "olga": signed_in(cast.olga), "": Client()}
    told, found = [], {}
    for name, pages in PAGES.items():
        for page in pages:
            path = page.path(house)
            with CaptureQueriesContext(connection) as queries:
                answer = clients[page.user].get(path)
            if answer.status_code != page.status:
                told.append(f"{path}: {answer.status_code} instead of {page.status}")
                continue
            nodes = len(lxml_html.fromstring(answer.content).xpath("//*"))
            figures = {
                "HTML": (sent(answer.content), HTML_BYTES),
                "CSS": (linked(answer.content, "css"), CSS_BYTES),
                "JS": (linked(answer.content, "js"), OWN_JS_BYTES),
                "nodes": (nodes, NODES),
                "queries": (len(queries), QUERIES),
            }
            found[f"{name} {path} {page.user}"] = {what: got for what, (got, _most) in figures.items()}
            told += [f"{path}: {what} {got}, at most {most}" for what, (got, most) in figures.items() if got > most]
    print(*(f"{name}: {figures}" for name, figures in found.items()), sep="\n")
    assert told == []


def _copy(run: Activity, number: int) -> Activity:
    started_at = run.started_at - timedelta(days=number % 3600, minutes=number)
    return Activity(
        athlete_id=run.athlete_id, sport="running", name=f"Run {number}", started_at=started_at,
        local_date=started_at.date(), distance_m=9_000, elapsed_s=3_000, timer_s=2_990, hr_avg=140,
    )  # fmt: skip
