"""One answer to many races, and taking it back."""

import re

import pytest
from django.urls import reverse

from performance.models import Race
from tests.factories import grant, make_activity, make_race

DECIDE = reverse("performance:races-decide")


@pytest.fixture
def waiting(cast) -> list[Race]:
    races = []
    for day in range(3):
        run = make_activity(athlete=cast.ada, name=f"Run {day}")
        races.append(make_race(athlete=cast.ada, activity=run, state="to_decide", probability=0.7))
    return races


def states() -> list[str]:
    return list(Race.objects.order_by("pk").values_list("state", flat=True))


def test_all_that_is_shown_is_confirmed_with_one_answer_and_undone_with_one(
    cast, as_ada, waiting, django_assert_max_num_queries
):
    page = as_ada.get("/races/").content.decode()
    assert "Confirm all 3 shown here" in page
    ids = [race.pk for race in waiting]
    with django_assert_max_num_queries(30):  # not a dozen for every race
        response = as_ada.post(DECIDE, {"decision": "confirmed", "race": ids})
    assert response.status_code == 302
    assert states() == ["confirmed"] * 3
    told = as_ada.get(response["Location"]).content.decode()
    assert "3 races decided" in told and "Undo all of it" in told
    as_ada.post(DECIDE, {"decision": "confirmed", "race": ids})  # sent twice
    assert [race.decisions.count() for race in waiting] == [1, 1, 1]
    as_ada.post(DECIDE, {"decision": "undone", "race": ids})
    assert states() == ["to_decide"] * 3
    assert [race.decisions.last().by for race in waiting] == [cast.ada.user] * 3


def test_an_undo_brings_back_what_was_said_before(cast, as_ada, waiting):
    first = waiting[0].pk
    as_ada.post(reverse("performance:race-decide", args=[first]), {"decision": "rejected", "seen": 0})
    as_ada.post(DECIDE, {"decision": "confirmed", "race": [race.pk for race in waiting]})
    as_ada.post(DECIDE, {"decision": "undone", "race": [race.pk for race in waiting]})
    assert states() == ["rejected", "to_decide", "to_decide"]


def test_what_was_decided_elsewhere_since_is_left_and_told(cast, as_ada, waiting):
    """Another page rejected one of the three; then somebody confirms all three, and undoes that twice."""
    html = as_ada.get("/races/").content.decode()
    named = re.findall(r'name="race" value="(\d+\.\d+)"', html)
    assert len(named) == 3
    as_ada.post(reverse("performance:race-decide", args=[waiting[0].pk]), {"decision": "rejected", "seen": 0})
    response = as_ada.post(DECIDE, {"decision": "confirmed", "race": named})
    assert states() == ["rejected", "confirmed", "confirmed"]
    told = as_ada.get(response["Location"]).content.decode()
    assert "2 races decided" in told
    assert "1 race was decided on another page or device in the meantime" in told
    decided = re.findall(r'name="race" value="(\d+\.\d+)"', told)
    as_ada.post(reverse("performance:race-decide", args=[waiting[2].pk]), {"decision": "rejected"})
    for _again in range(2):
        as_ada.post(DECIDE, {"decision": "undone", "race": decided})
        assert states() == ["rejected", "to_decide", "rejected"]


def test_only_ones_own_races_are_decided(cast, as_ada, as_eve, as_carl, client, waiting):
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    ids = [race.pk for race in waiting]
    as_eve.post(DECIDE, {"decision": "confirmed", "race": ids})
    assert as_carl.post(DECIDE, {"decision": "confirmed", "race": ids}).status_code == 403
    assert client.post(DECIDE, {"decision": "confirmed", "race": ids}).status_code == 302
    assert states() == ["to_decide"] * 3
    seen = as_eve.get(reverse("performance:races-decided"), {"race": ids}).content.decode()
    assert "Run 0" not in seen and "None of these races is here" in seen
    assert "Confirm all" not in as_carl.get(f"/races/?athlete={cast.ada.pk}").content.decode()


@pytest.mark.parametrize(
    "said", [{}, {"decision": "maybe", "race": [1]}, {"decision": "confirmed", "race": ["x", "-1"]}]
)
def test_an_answer_that_says_nothing_is_refused(as_ada, waiting, said):
    assert as_ada.post(DECIDE, said).status_code == 422
    assert states() == ["to_decide"] * 3
