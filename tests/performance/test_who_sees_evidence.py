"""Heart rate, and what else samples tell, is told at level 3 only, also where it is a reason for a race."""

import pytest

from performance.models import Race
from tests.conftest import Cast, signed_in
from tests.factories import grant, make_activity, make_race

REASONS = (
    {"code": "heart_rate", "weight": 0.8, "params": {"value": 0.95, "among": 40}},
    {"code": "inside_heart", "weight": 0.7, "params": {"value": 0.95, "distance_m": 5_000.0, "over": 0.0}},
    {"code": "inside_before", "weight": 0.6, "params": {"value": 60.0, "distance_m": 5_000.0, "over": 0.0}},
)
SAID = ("Average heart rate", "Heart rate in the fast part", "Standing just before the fast part")


@pytest.mark.parametrize(("level", "told"), [(1, False), (2, False), (3, True)])
def test_a_coach_is_told_of_heart_rate_and_samples_at_level_three_only(cast: Cast, level: int, told: bool) -> None:
    run = make_activity(athlete=cast.ada)
    evidence = {"reasons": list(REASONS), "missing": []}
    make_race(athlete=cast.ada, activity=run, state=Race.State.TO_DECIDE, evidence=evidence)
    mine = signed_in(cast.ada.user).get("/races/").content.decode()
    assert all(words in mine for words in SAID)
    grant(athlete=cast.ada, coach=cast.carl, level=level)
    page = signed_in(cast.carl).get("/races/").content.decode()
    assert [words in page for words in SAID] == [told] * len(SAID)
