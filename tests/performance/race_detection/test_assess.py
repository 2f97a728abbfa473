"""assess(): each piece of evidence by itself, a whole made-up career, and everything that can be missing."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from performance.race_detection import Assessment, RunSummary, assess, shipped_scorecard
from tests.performance.race_detection.runner import make_history, make_run


def weights(assessment: Assessment) -> dict[str, float]:
    return {reason.code: reason.weight for reason in assessment.reasons}


def last_of(*runs: RunSummary) -> Assessment:
    return assess(runs)[-1]


def among_others(**changes: object) -> Assessment:
    """A run of Tuesday 12 March 2024 among sixty unremarkable ones on the Tuesdays and Thursdays around it."""
    run = make_run("it", **changes)
    usual = make_run()
    assert usual.started_local
    others = [
        replace(
            usual,
            id=f"other {n}",
            started_local=usual.started_local + timedelta(days=3.5 * n, minutes=n % 29),
            distance_m=8_000.0 + 70 * n % 3_000,
            moving_s=(8_000.0 + 70 * n % 3_000) * (0.35 + 0.001 * (n % 20)),
            elapsed_s=(8_000.0 + 70 * n % 3_000) * (0.35 + 0.001 * (n % 20)) * 1.03,
            hr_avg=136.0 + n % 9,
            kudos_count=3 + n % 5,
            athlete_count=1,
            achievement_count=n % 2,
            pr_count=n % 2,
        )
        for n in range(-30, 31)
        if n
    ]
    return assess([*others[:30], run, *others[30:]])[30]


def test_the_races_of_a_made_up_career_are_found() -> None:
    runs, races = make_history()
    found = {one.id for one in assess(runs) if one.probability >= 0.5}
    assert len(found & races) / len(races) >= 0.9
    assert len(found & races) / len(found) >= 0.9


def test_they_are_found_without_names_too() -> None:
    runs, races = make_history(seed=2, named=False)
    bare = [replace(run, name="", name_is_default=True) for run in runs]
    found = {one.id for one in assess(bare) if one.probability >= 0.5}
    assert len(found & races) / len(races) >= 0.85
    assert len(found & races) / len(found) >= 0.85


def test_a_race_bears_its_official_distance_and_reasons_for_it_come_first() -> None:
    runs, _ = make_history()
    race = next(one for one in assess(runs) if one.id == "12-race")
    assert race.official_distance_m == 10_000
    assert race.reasons[0].weight == max(abs(reason.weight) for reason in race.reasons)
    assert {"pace", "effort", "name_distance", "no_stops"} <= {reason.code for reason in race.reasons_for}


def test_an_unremarkable_run_is_none_and_says_why() -> None:
    run = among_others()
    assert run.probability < 0.01
    assert run.reasons_against


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("flagged", {"race_flag": True}),
        ("name_event", {"name": "Fen Relays"}),
        ("name_distance", {"name": "Ely 10K", "distance_m": 10_050.0}),
        ("name_year", {"name": "Fen Road 2024"}),
        ("name_time", {"name": "Fen Road 56:10"}),
        ("name_ordinal", {"name": "3rd in Ely"}),
        ("name_medal", {"name": "Ely 🏅"}),
        ("name_result", {"name": "PB in Ely"}),
        ("name_own", {"name": "Ely"}),
        ("distance_over", {"distance_m": 10_060.0}),
        ("distance_near", {"distance_m": 10_060.0}),
        ("distance_exact", {"distance_m": 8_046.7}),
        ("marathon_length", {"distance_m": 42_400.0, "moving_s": 15_000.0, "elapsed_s": 15_000.0}),
        ("ultra_length", {"distance_m": 60_000.0, "moving_s": 30_000.0, "elapsed_s": 30_000.0}),
        ("longest", {"distance_m": 15_050.0, "moving_s": 5_000.0, "elapsed_s": 5_400.0}),
        ("pace", {"moving_s": 2_500.0, "elapsed_s": 2_600.0}),
        ("effort", {"moving_s": 2_500.0, "elapsed_s": 2_600.0}),
        ("effort_margin", {"moving_s": 2_500.0, "elapsed_s": 2_600.0}),
        ("heart_rate", {"hr_avg": 172.0}),
        ("no_stops", {"elapsed_s": 3_241.0}),
        ("start_slot", {"started_local": datetime(2024, 3, 10, 10, 0, 20)}),
        ("on_the_half_hour", {"started_local": datetime(2024, 3, 10, 10, 0, 20)}),
        ("parkrun_time", {"started_local": datetime(2024, 3, 9, 9, 0, 20), "distance_m": 5_020.0}),
        ("kudos", {"kudos_count": 60}),
        ("athletes", {"athlete_count": 80}),
        ("achievements", {"achievement_count": 12}),
        ("records", {"pr_count": 9}),
    ],
)
def test_evidence_for_a_race_raises_the_probability(code: str, changes: dict[str, object]) -> None:
    plain, changed = among_others(), among_others(**changes)
    assert weights(changed).get(code, 0) > 0
    assert weights(changed)[code] > weights(plain).get(code, 0)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("flagged_other", {"race_flag": False}),
        ("name_training", {"name": "Tempo"}),
        ("distance_short", {"distance_m": 900.0, "moving_s": 330.0, "elapsed_s": 340.0}),
        ("pace", {"moving_s": 4_500.0, "elapsed_s": 4_600.0}),
        ("effort", {"moving_s": 4_500.0, "elapsed_s": 4_600.0}),
        ("heart_rate", {"hr_avg": 120.0}),
        ("stops", {"elapsed_s": 3_900.0}),
        ("treadmill", {"sport": "treadmill_running"}),
        ("treadmill", {"trainer": True}),
        ("virtual", {"sport": "virtual_running"}),
        ("walk", {"sport": "hiking"}),
        ("too_fast", {"moving_s": 900.0, "elapsed_s": 900.0}),
    ],
)
def test_evidence_against_a_race_lowers_it(code: str, changes: dict[str, object]) -> None:
    assert weights(among_others(**changes)).get(code, 0) < 0


def test_a_short_slow_run_before_and_after_speaks_for_a_race_and_against_itself() -> None:
    start = datetime(2024, 3, 10, 10, 0, 20)
    before = make_run(
        "before", started_local=start - timedelta(minutes=30), distance_m=2_000.0, moving_s=760.0, elapsed_s=770.0
    )
    race = make_run("race", started_local=start, distance_m=10_050.0, moving_s=2_600.0, elapsed_s=2_600.0)
    after = make_run(
        "after", started_local=start + timedelta(hours=1), distance_m=2_000.0, moving_s=800.0, elapsed_s=800.0
    )
    first, middle, last = (weights(one) for one in assess([before, race, after]))
    assert middle["warm_up"] > 0
    assert middle["cool_down"] > 0
    assert first["faster_beside"] < 0
    assert last["faster_beside"] < 0


def test_easy_days_before_and_after_speak_for_a_race() -> None:
    start = datetime(2024, 1, 1, 7, 3, 20)
    days = [n for n in range(90) if n not in (58, 59, 61, 62)]
    runs = [make_run(str(n), started_local=start + timedelta(days=n)) for n in days]
    tested = next(one for one in assess(runs) if one.id == "60")
    assert weights(tested)["load"] > 0
    assert weights(tested)["rest"] > 0


def test_an_athletes_own_flag_is_nearly_certain_whatever_else_speaks_against_it() -> None:
    assert among_others(race_flag=True, name="easy jog", hr_avg=110.0, elapsed_s=4_500.0).probability > 0.95
    assert among_others(race_flag=True, sport="treadmill_running").probability > 0.95


def test_no_flag_speaks_against_a_race_only_for_athletes_who_use_flags() -> None:
    flagged = [make_run(str(n), race_flag=True, started_local=datetime(2024, 1, n, 9, 1)) for n in (1, 2, 3)]
    assert weights(last_of(*flagged, make_run())).get("flags_others", 0) < 0
    assert "flags_others" not in weights(last_of(*flagged[:1], make_run()))


def test_a_word_on_every_other_ordinary_run_names_no_event() -> None:
    runs, _ = make_history(years=1, named=False)
    once = assess([replace(run, name="Marathon day") if run.id == "20-1" else run for run in runs])
    often = assess([replace(run, name="Marathon day") if run.id.endswith("-1") else run for run in runs])
    chosen = next(at for at, run in enumerate(runs) if run.id == "20-1")
    assert weights(once[chosen])["name_event"] > 0
    assert "name_event" not in weights(often[chosen])
    assert weights(often[chosen])["name_repeated"] < 0


def test_a_weekly_parkrun_stays_an_event() -> None:
    start = datetime(2024, 1, 6, 9, 0, 15)
    runs = [
        make_run(str(n), started_local=start + timedelta(weeks=n), distance_m=5_020.0, moving_s=1_500.0 + n, elapsed_s=1_502.0 + n,
                 name=f"Milton parkrun {n}")
        for n in range(30)
    ]  # fmt: skip
    assert min(one.probability for one in assess(runs)) > 0.5


def test_a_default_name_says_nothing_about_an_athlete_who_never_names_runs() -> None:
    runs, _ = make_history(named=False)
    assert all("name_automatic" not in weights(one) for one in assess(runs))


def test_an_event_run_slowly_is_still_an_event() -> None:
    slow = {"moving_s": 4_500.0, "elapsed_s": 4_600.0}
    assert weights(among_others(name="Fen Relays", **slow))["pace"] > weights(among_others(**slow))["pace"]


@pytest.mark.parametrize("sport", ["cycling", "swimming", "rowing", "something_new"])
def test_what_is_not_on_foot_is_no_candidate(sport: str) -> None:
    ride = last_of(make_run(sport=sport, name="Race", race_flag=True))
    assert ride.probability == 0
    assert weights(ride) == {"not_on_foot": ride.log_odds}
    assert ride.official_distance_m is None


def test_an_empty_history_has_no_assessments() -> None:
    assert assess([]) == []


def test_one_run_is_judged_on_what_it_shows_by_itself() -> None:
    plain, named = last_of(make_run()), last_of(make_run(name="Ely 10K race", distance_m=10_050.0))
    assert plain.probability < 0.1 < 0.5 < named.probability
    assert "history" in plain.missing


def test_identical_runs_are_judged_alike() -> None:
    first, *others = assess([make_run() for _ in range(30)])
    assert first.probability < 0.1
    assert all(one == first for one in others)


@pytest.mark.parametrize(
    ("missing", "changes"),
    [
        ("name", {"name": ""}),
        ("start", {"started_local": None}),
        ("distance", {"distance_m": None}),
        ("time", {"elapsed_s": None, "moving_s": None}),
        ("elapsed", {"elapsed_s": None}),
        ("moving", {"moving_s": None}),
        ("heart_rate", {"hr_avg": None}),
        ("offset", {"has_offset": False}),
    ],
)
def test_what_is_missing_is_named_and_hardly_moves_the_verdict(missing: str, changes: dict[str, object]) -> None:
    whole, partial = among_others(), among_others(**changes)
    assert missing not in whole.missing
    assert missing in partial.missing
    assert partial.probability < 0.2


def test_a_run_with_nothing_but_an_id_is_a_run_at_the_base_rate() -> None:
    nothing = last_of(RunSummary(id="x", started_local=None, sport="", distance_m=None))
    assert 0.005 < nothing.probability < 0.04
    assert nothing.reasons == ()


@cache
def usual_verdicts() -> list[Assessment]:
    return assess(make_history(years=1)[0])


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 1e300])
@pytest.mark.parametrize(
    "column", ["distance_m", "elapsed_s", "moving_s", "ascent_m", "hr_avg", "kudos_count", "athlete_count", "pr_count"]
)
def test_a_value_that_cannot_be_disturbs_nothing(column: str, value: float) -> None:
    runs, _ = make_history(years=1)
    usual = usual_verdicts()
    broken = replace(runs[50], **{column: value})
    found = assess([*runs[:50], broken, *runs[51:]])
    assert all(math.isfinite(one.log_odds) and 0 <= one.probability <= 1 for one in found)
    others = [
        abs(a.probability - b.probability) for at, (a, b) in enumerate(zip(usual, found, strict=True)) if at != 50
    ]
    assert max(others) < 0.2


def test_the_order_of_the_history_does_not_matter() -> None:
    runs, _ = make_history(years=1)
    forwards = {one.id: one for one in assess(runs)}
    backwards = {one.id: one for one in assess(runs[::-1])}
    assert [run.id for run in runs] == list(forwards)
    for run_id, one in forwards.items():
        assert one.log_odds == pytest.approx(backwards[run_id].log_odds)


def test_asking_twice_answers_the_same() -> None:
    runs, _ = make_history(years=1)
    assert assess(runs) == assess(runs)


def test_log_odds_and_probability_and_reasons_agree() -> None:
    runs, _ = make_history(years=1)
    for one in assess(runs):
        assert one.probability == pytest.approx(min(1 / (1 + math.exp(-one.log_odds)), 0.9995))
        assert one.reasons_for + one.reasons_against == tuple(sorted(one.reasons, key=lambda r: r.weight < 0))


def test_reasons_can_be_stored_as_strict_json() -> None:
    runs, _ = make_history(years=1)
    for one in assess([*runs, make_run(distance_m=None), make_run(started_local=None), make_run(elapsed_s=None)]):
        json.dumps([dict(reason.params) for reason in one.reasons], allow_nan=False)


def test_a_scorecard_of_ones_own_can_be_used() -> None:
    card = replace(shipped_scorecard(), start=-100.0)
    assert assess([make_run(name="race")], scorecard=card)[0].probability < 1e-6


def test_the_limits_shipped_are_apart() -> None:
    card = shipped_scorecard()
    assert 0 < card.to_decide < 0.5 < card.found < 1


@pytest.mark.parametrize(("days", "limit_s"), [(3_650, 1.5), (0.2, 3.0)], ids=["in ten years", "in one afternoon"])
def test_three_thousand_runs_take_less_than_a_second_and_a_half(days: float, limit_s: float) -> None:
    start = datetime(2014, 1, 1)
    runs = [
        make_run(str(n), started_local=start + timedelta(days=days * n / 3_000), distance_m=5_000 + n, name=f"Run {n}")
        for n in range(3_000)
    ]
    assess(runs[:10])
    assert _seconds(lambda: assess(runs)) < limit_s


def _seconds(act: Callable[[], object]) -> float:
    """Processor time, so that a busy machine does not fail the test."""
    start = time.process_time()
    act()
    return time.process_time() - start
