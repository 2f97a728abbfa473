"""The operators' page: ids, states and counts of what waits and what failed, and not a word of anybody's runs."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from activities.models import ImportFile
from config.pulse import BEAT_KEY
from tests.conftest import Cast
from tests.factories import make_activity, make_analysis, make_batch


@pytest.fixture
def shown(as_olga: Client):
    def get() -> str:
        answer = as_olga.get("/operations/")
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return get


def test_what_waits_and_what_failed(cast: Cast, shown, django_assert_max_num_queries) -> None:
    batch = make_batch(athlete=cast.ada, outcomes=["waiting", "refused", "new"])
    batch.files.filter(outcome="refused").update(code="fit_damaged", name="my secret run.fit", reason="of Ada Marsh")
    run = make_activity(athlete=cast.ada, name="Secret morning")
    make_analysis(activity=run, failed="ValueError", version=0)
    refused = ImportFile.objects.get(outcome="refused")
    with django_assert_max_num_queries(15):
        page = shown()
    assert "fit_damaged: 1" in page and f'<th scope="row">{refused.pk}</th><td class="wide">{batch.pk}</td>' in page
    assert f'<th scope="row">{run.pk}</th><td>ValueError</td>' in page
    assert "Files to read</th><td>1" in page and "Stale analyses</th><td>1" in page
    for word in ("secret", "Ada", "@example"):
        assert word not in page.replace("olga@example", "").replace("Account: Olga", ""), word


def test_the_scheduler_is_late_or_not_known(cast: Cast, shown) -> None:
    cache.delete(BEAT_KEY)
    assert "not known" in shown()
    cache.set(BEAT_KEY, (timezone.now() - timedelta(minutes=10)).timestamp())
    assert ", late" in shown()
    cache.set(BEAT_KEY, timezone.now().timestamp())
    assert ", late" not in shown()
    cache.delete(BEAT_KEY)


def test_it_answers_without_redis(cast: Cast, shown, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis</th><td>away" in shown()
