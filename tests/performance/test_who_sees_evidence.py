"""Heart rate is told at level 3 only, also where it is a reason for a race."""

import pytest

from performance.models import Race
from tests.conftest import Cast, signed_in
from tests.factories import grant, make_activity, make_race

EVIDENCE = {"reasons": [{"code": "heart_rate", "weight": 0.8, "params": {"value": 0.95, "among": 40}}], "missing": []}
SAID = "Average heart rate"


@pytest.mark.parametrize(("level", "told"), [(1, False), (2, False), (3, True)])
def test_a_coach_is_told_of_heart_rate_at_level_three_only(cast: Cast, level: int, told: bool) -> None:
    run = make_activity(athlete=cast.ada)
    make_race(athlete=cast.ada, activity=run, state=Race.State.TO_DECIDE, evidence=EVIDENCE)
    assert SAID in signed_in(cast.ada.user).get("/races/").content.decode()
    grant(athlete=cast.ada, coach=cast.carl, level=level)
    page = signed_in(cast.carl).get("/races/").content.decode()
    assert (SAID in page) is told
