"""What is stored and who sees it; letting a coach look, and taking that back."""

import re

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from athletes.models import CoachGrant, CoachGrantEvent, Invitation
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def let_look(client, email: str, level: int = 1):
    return client.post("/privacy/coaches/", {"coach-email": email, "coach-level": level})


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_page_tells_what_why_since_when_and_for_whom(cast: Cast, as_ada):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    factories.make_race(athlete=cast.ada, activity=run, decided_by=cast.ada.user)
    told = text(as_ada.get("/privacy/"))
    for words in ("Birth date", "Activities:", "Races:", "What you answered", "any coach you let look"):
        assert words in told
    assert f"{timezone.now():%b %Y}" in told


def test_a_coach_sees_from_the_moment_it_is_allowed_until_it_is_withdrawn(cast: Cast, as_ada, as_carl):
    run = factories.make_activity(athlete=cast.ada)
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 404
    let_look(as_ada, "Carl@example.invalid", level=2)
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 200
    assert "carl@example.invalid" in mail.outbox[0].to and f"?athlete={cast.ada.pk}" in mail.outbox[0].body
    as_ada.post("/privacy/coaches/withdraw/", {"email": "carl@example.invalid"})
    assert as_carl.get(f"/activities/{run.pk}/").status_code == 404


def test_the_level_can_be_changed_by_allowing_another(cast: Cast, as_ada):
    let_look(as_ada, "carl@example.invalid", level=3)
    let_look(as_ada, "carl@example.invalid", level=1)
    assert [grant.level for grant in CoachGrant.objects.in_force()] == [1]


def test_nobody_learns_who_has_an_account(cast: Cast, as_ada):
    """Carl has one and Cora has none; all that Ada is answered and shown differs by the address alone."""
    shown = {}
    for email in ("carl@example.invalid", "cora@example.invalid"):
        CoachGrant.objects.all().delete()
        Invitation.objects.all().delete()
        CoachGrantEvent.objects.all().delete()
        answer = let_look(as_ada, email)
        page = text(as_ada.get("/privacy/")).replace(email, "X")
        as_ada.post("/privacy/coaches/withdraw/", {"email": email})
        after = text(as_ada.get("/privacy/")).replace(email, "X")
        strip = lambda words: re.sub(r"\d\d:\d\d", "", words)  # noqa: E731
        shown[email] = (answer.status_code, answer["Location"], strip(page), strip(after))
    assert shown["carl@example.invalid"] == shown["cora@example.invalid"]


def test_when_a_coach_looked_is_written_down_once_an_hour(cast: Cast, as_ada, as_carl):
    let_look(as_ada, "carl@example.invalid", level=1)
    assert "not yet" in text(as_ada.get("/privacy/"))
    for _ in range(3):
        as_carl.get(f"/races/?athlete={cast.ada.pk}")
    assert [event.what for event in CoachGrantEvent.objects.order_by("pk")] == ["granted", "looked"]
    assert CoachGrant.objects.get().looked_at and "not yet" not in text(as_ada.get("/privacy/"))


def test_the_audit_is_appended_to_and_only_forgets_an_address(cast: Cast, as_ada):
    let_look(as_ada, "carl@example.invalid")
    events = CoachGrantEvent.objects.all()
    for change in ({"what": "looked"}, {"level": 3}, {"coach_email": "other@example.invalid"}, {"at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            events.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        events.update(by=cast.eve.user)
    events.update(coach_email="")
    assert "a deleted account" in text(as_ada.get("/privacy/"))


@pytest.mark.parametrize(
    ("email", "words"), [("ada@example.invalid", "your own address"), ("nonsense", "valid email"), ("", "required")]
)
def test_an_address_that_cannot_be_is_said(cast: Cast, as_ada, email, words):
    answer = let_look(as_ada, email)
    assert answer.status_code == 422 and words in answer.content.decode()


def test_a_stranger_changes_nothing_of_adas(cast: Cast, as_eve, as_carl):
    factories.grant(athlete=cast.ada, coach=cast.carl, level=1)
    as_eve.post("/privacy/coaches/withdraw/", {"email": "carl@example.invalid"})
    as_carl.post("/privacy/coaches/withdraw/", {"email": "carl@example.invalid"})
    let_look(as_carl, "eve@example.invalid")
    assert CoachGrant.objects.in_force().count() == 1
    for client in (as_eve, as_carl):
        assert "ada@example.invalid" not in client.get("/privacy/").content.decode()


def test_the_page_costs_the_same_however_many_coaches(cast: Cast, as_ada, django_assert_num_queries):
    for number in range(12):
        factories.grant(athlete=cast.ada, coach=factories.make_user(email=f"c{number}@example.invalid"), level=1)
    with django_assert_num_queries(14):
        as_ada.get("/privacy/")
