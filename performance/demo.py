"""What Ada, the invented runner, has answered by the time somebody looks at the demo: everything but the latest."""

from datetime import timedelta

from athletes.models import Athlete
from performance import decisions
from performance.models import Race, RaceDecision

LATELY = timedelta(days=120)


def answer_as_ada(ada: Athlete) -> None:
    """Confirm the candidates she had time to look at; the latest wait for whoever tries the demo. Twice is once."""
    races = Race.objects.of(ada).newest_first()
    newest = races.first()
    if newest is None:
        return
    waiting = races.to_decide().filter(local_date__lt=newest.local_date - LATELY, decisions__isnull=True)
    for race_id in waiting.values_list("pk", flat=True):
        decisions.decide(race_id, what=RaceDecision.What.CONFIRMED, by=ada.user)
