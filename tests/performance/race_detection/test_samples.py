"""What samples add: races inside session files come before the athlete, workouts like them do not."""

import random
from dataclasses import replace
from functools import cache

import pytest

from bench.made_up_sessions import Recorded, made_up_career
from bench.race_streams import ASKED_AT, sampled
from performance.race_detection import Refined, RunSummary, Sampled, assess, describe, refine
from performance.race_detection.samples import FROM_SAMPLES, priors
from performance.race_detection.words import REASONS

SEEDS = (100, 101)
MAY_PASS_FOR_RACES = {"time trial"}  # alone, as even and nearly as fast: the athlete is asked


@cache
def career(seed: int) -> tuple[list[Recorded], dict[str, Sampled]]:
    runs = made_up_career(seed)
    return runs, {run.summary.id: sampled(run) for run in runs}


def refined(seed: int, **changes) -> list[Refined]:
    runs, samples = career(seed)
    history = [run.summary for run in runs]
    return refine(history, assess(history), **{"sampled": samples, **changes})


@pytest.fixture(scope="module")
def judged() -> list[tuple[Recorded, Refined]]:
    return [pair for seed in SEEDS for pair in zip(career(seed)[0], refined(seed), strict=True)]


def test_most_races_inside_session_files_are_asked_about_and_the_summary_alone_misses_them(judged) -> None:
    inside = [(run, one) for run, one in judged if run.inside]
    asked = [(run, one) for run, one in inside if one.assessment.probability >= ASKED_AT]
    assert len(asked) >= 0.55 * len(inside)
    assert sum(one.by_summary >= ASKED_AT for _run, one in inside) <= 0.2 * len(inside)
    for run, one in asked:
        assert one.assessment.official_distance_m == pytest.approx(
            run.race_m, rel=0.006
        )  # 8 km measured long is 5 miles
        assert one.inside is None or one.inside.time_s == pytest.approx(run.race_s, rel=0.03)


def test_workouts_that_look_like_races_stay_runs(judged) -> None:
    asked = [run.kind for run, one in judged if run.race_m is None and one.assessment.probability >= ASKED_AT]
    assert len([kind for kind in asked if kind not in MAY_PASS_FOR_RACES]) <= 1


def test_a_race_in_a_file_of_its_own_is_hardly_moved(judged) -> None:
    for run, one in judged:
        if run.kind == "race" and one.inside is None:
            known = assess([run.summary])[0]
            assert one.assessment.official_distance_m == known.official_distance_m
            assert one.assessment.probability >= ASKED_AT


def test_every_reason_can_be_said(judged) -> None:
    said = {reason.code: describe(reason) for _run, one in judged for reason in one.assessment.reasons}
    assert all(text and "{" not in text and "nan" not in text for text in said.values())
    assert {"inside_level", "inside_rank", "inside_rest", "inside_even"} <= set(said)
    assert set(REASONS) >= FROM_SAMPLES


def test_without_samples_nothing_changes() -> None:
    runs, _samples = career(SEEDS[0])
    history = [run.summary for run in runs]
    known = assess(history)
    assert [one.assessment for one in refine(history, known, {})] == known
    assert refine([], [], {}) == []


def test_the_order_of_the_history_does_not_matter() -> None:
    runs, samples = career(SEEDS[0])
    history = [run.summary for run in runs]
    shuffled = random.Random(3).sample(history, len(history))
    straight = {one.assessment.id: one.assessment.probability for one in refine(history, assess(history), samples)}
    other = {one.assessment.id: one.assessment.probability for one in refine(shuffled, assess(shuffled), samples)}
    assert other == pytest.approx(straight)


def found_inside(seed: int) -> tuple[RunSummary, Refined]:
    runs, _ = career(seed)
    return max(
        ((run.summary, one) for run, one in zip(runs, refined(seed), strict=True) if one.inside is not None),
        key=lambda pair: pair[1].assessment.probability,
    )


def test_a_recording_that_its_title_says_was_the_race_is_not_read_as_a_longer_one() -> None:
    run, found = found_inside(100)
    assert found.inside is not None
    runs, samples = career(100)
    for name, read_as_part in (("Afternoon Run", True), ("Easy 10k", False)):
        told = replace(run, name=name, name_tokens=None, distance_m=10_020.0)
        history = [told if one.summary.id == run.id else one.summary for one in runs]
        again = next(one for one in refine(history, assess(history), samples) if one.assessment.id == run.id)
        assert (again.inside is not None) == read_as_part


def without(samples: dict[str, Sampled], run_id: str, **figures) -> dict[str, Sampled]:
    """The same with some figures of one run's stretches changed."""
    one = samples[run_id]
    return samples | {run_id: replace(one, stretches=[replace(part, **figures) for part in one.stretches])}


@pytest.mark.parametrize(
    ("figures", "against"),
    [
        ({"hr": None, "before_s": None, "after_s": None}, None),
        ({"pieces": 3}, "inside_pieces"),
        ({"stopped_s": 60.0}, "inside_stopped"),
        ({"slowest": 0.5}, "inside_slowest"),
        ({"uneven": 0.4}, "inside_even"),
    ],
)
def test_what_speaks_against_it_does_and_what_is_missing_says_nothing(figures, against) -> None:
    seed = SEEDS[0]
    run, one = found_inside(seed)
    samples = career(seed)[1]
    at = [other.summary.id for other in career(seed)[0]].index(run.id)
    changed = refined(seed, sampled=without(samples, run.id, **figures))[at]
    weights = {reason.code: reason.weight for reason in changed.assessment.reasons}
    assert changed.assessment.log_odds <= one.assessment.log_odds
    if against is None:
        assert weights.keys().isdisjoint({"inside_heart", "inside_before", "inside_after"})
    else:
        assert weights.get(against, 0) < 0 or changed.inside is None
        assert changed.assessment.log_odds < one.assessment.log_odds - 0.5


def test_rejected_stretches_make_the_next_one_less_likely_and_confirmed_ones_likelier() -> None:
    seed = SEEDS[0]
    run, one = found_inside(seed)
    runs, _ = career(seed)
    at = [other.summary.id for other in runs].index(run.id)
    others = [other.summary.id for other in runs if other.inside and other.summary.id != run.id][:6]

    def after(race: bool) -> float:
        return refined(seed, answers=dict.fromkeys(others, race))[at].assessment.log_odds

    assert after(False) < one.assessment.log_odds < after(True)
    own = refined(seed, answers={run.id: False})[at].assessment.log_odds
    assert own == pytest.approx(one.assessment.log_odds)


def test_few_runs_to_compare_with_are_no_evidence() -> None:
    runs, samples = career(SEEDS[0])
    run, _ = found_inside(SEEDS[0])
    alone = refine([run], assess([run]), {run.id: samples[run.id]})[0]
    codes = {reason.code for reason in alone.assessment.reasons}
    assert not codes & {"inside_level", "inside_rank", "inside_heart"}


def test_the_priors_are_read_with_a_reason_each() -> None:
    for curve in [*priors().whole.values(), *priors().inside.values()]:
        assert list(curve.figures) == sorted(curve.figures)
