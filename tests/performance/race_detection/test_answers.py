"""What an athlete's own answers teach about that athlete's other runs."""

from statistics import mean

import pytest

from bench.made_up_athletes import made_up_athlete
from bench.race_answers import learning
from performance.race_detection import assess, describe


def test_every_few_answers_find_more_of_the_other_races() -> None:
    """F1 on the same runs after 0, 5, 10 and 20 answers about those that were most in doubt."""
    none, five, ten, twenty = (mean(scores) for scores in zip(*(learning(seed) for seed in range(6)), strict=True))
    assert none + 0.1 < five < ten < twenty
    assert twenty > 0.85


def test_no_answers_change_nothing() -> None:
    runs, _races = made_up_athlete(1, years=2)
    assert assess(runs, answers={}) == assess(runs)


def test_an_event_confirmed_once_is_known_the_next_year_and_says_why() -> None:
    runs, races = made_up_athlete(2)
    first = next(run for run in runs if run.id in races)
    again = [run.id for run in runs if run.name[:-5] == first.name[:-5] and run.id != first.id]
    before, after = assess(runs), assess(runs, answers={first.id: True})
    for was, now in zip(before, after, strict=True):
        if now.id in again:
            assert now.probability > was.probability
            reason = next(one for one in now.reasons if one.code == "own_name")
            assert "before" in describe(reason)


def test_a_weekly_run_rejected_once_is_less_of_a_race_every_week() -> None:
    runs, _races = made_up_athlete(3)
    club = [run.id for run in runs if run.name.endswith("Circuit")]
    before = {one.id: one.log_odds for one in assess(runs)}
    after = {one.id: one.log_odds for one in assess(runs, answers={club[0]: False})}
    assert all(after[one] < before[one] - 1 for one in club[1:])


def test_an_answer_does_not_explain_itself() -> None:
    """The evidence of an answered run leaves its own answer out, and a lone title taught nothing else."""
    runs, races = made_up_athlete(4)
    one = next(run for run in runs if run.id in races)
    alone = next(found for found in assess([*runs[:5], one], answers={one.id: True}) if found.id == one.id)
    assert "own_name" not in {reason.code for reason in alone.reasons}


@pytest.mark.parametrize("race", [True, False])
def test_answers_that_all_say_the_same_keep_every_probability_a_probability(race: bool) -> None:
    runs, _races = made_up_athlete(5, years=2)
    assessed = assess(runs, answers={run.id: race for run in runs})
    assert all(0 <= one.probability <= 1 for one in assessed)


def test_a_race_typed_in_without_a_run_teaches_its_name() -> None:
    runs, races = made_up_athlete(6)
    one = next(run for run in runs if run.id in races)
    before = next(found for found in assess(runs) if found.id == one.id)
    after = next(found for found in assess(runs, events=[one.name]) if found.id == one.id)
    assert after.log_odds > before.log_odds + 1
