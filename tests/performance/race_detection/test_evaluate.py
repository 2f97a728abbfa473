"""The figures of the evaluation program, against worked examples; and what the detector reaches on real runs."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from performance.race_detection.evaluate import (
    Labelled,
    average_precision,
    main,
    read_labelled,
    reliability,
    score,
    without_name,
)
from performance.race_detection.scorecard import shipped_scorecard
from performance.race_detection.summaries import Row
from tests.performance.race_detection.runner import make_run

EXTRA_DATA = os.environ.get("EXTRA_DATA", "")
DEV = Path(EXTRA_DATA or ".") / "races" / "dev.csv"
needs_runs = pytest.mark.skipif(
    not (EXTRA_DATA and DEV.is_file()),
    reason="EXTRA_DATA is not set, or has no races/dev.csv: real labelled runs are not part of the project",
)


def test_scores_of_a_worked_example() -> None:
    race = np.array([True, True, False, False, True])
    probability = np.array([0.9, 0.4, 0.8, 0.1, 0.6])
    one = score(race, probability)
    assert (one.runs, one.races, one.found) == (5, 3, 3)
    assert one.precision == one.recall == one.f1 == pytest.approx(2 / 3)
    assert one.pr_auc == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert one.brier == pytest.approx((0.01 + 0.36 + 0.64 + 0.01 + 0.16) / 5)
    assert one.base_brier == pytest.approx(0.24)


def test_runs_of_equal_probability_enter_the_curve_together() -> None:
    assert average_precision(np.array([True, False]), np.array([0.5, 0.5])) == pytest.approx(0.5)
    assert average_precision(np.array([False, True]), np.array([0.5, 0.5])) == pytest.approx(0.5)


def test_nothing_found_scores_zero_and_divides_by_nothing() -> None:
    one = score(np.array([False, False]), np.array([0.1, 0.2]))
    assert (one.precision, one.recall, one.f1, one.pr_auc) == (0, 0, 0, 0)


def test_reliability_counts_every_run_once() -> None:
    probability = np.array([0.0, 0.01, 0.5, 0.95, 1.0])
    rows = list(reliability(np.array([False, False, True, True, True]), probability))
    assert sum(runs for _, _, runs, _, _ in rows) == 5
    assert rows[-1][2:] == (2, pytest.approx(0.975), 1.0)


def test_the_program_reports_every_origin_and_leaves_ambiguous_runs_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "runs.csv"
    table.write_text(
        "row_id,athlete,distance,name,label,ambiguous,origin\n"
        "1,a,10000,Ely 10K race,1,0,mine\n2,a,9000,easy,0,0,mine\n3,b,9000,Tempo,0,0,yours\n4,b,9000,Race?,0,1,yours\n"
    )
    assert main([str(table)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "With names"
    assert [line.split()[:4] for line in lines[2:6]] == [
        ["all", "3", "1", "1.000"],
        ["near", "a", "standard", "1"],
        ["mine", "2", "1", "1.000"],
        ["yours", "1", "0", "0.000"],
    ]
    assert "Names hidden" in lines


def test_the_program_asks_for_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@cache
def real_runs() -> Labelled:
    return read_labelled(DEV)


@cache
def probabilities(*, names: bool) -> np.ndarray:
    return real_runs().probabilities(names=names)


# Floors a little under what was reached. Rows that came through Strava's API are looked at here and shaped no weight.
@needs_runs
@pytest.mark.parametrize(
    ("names", "own_exports_only", "f1", "pr_auc", "brier"),
    [
        (True, False, 0.80, 0.87, 0.0056),
        (True, True, 0.88, 0.94, 0.0040),
        (False, False, 0.64, 0.65, 0.0103),
        (False, True, 0.74, 0.77, 0.0096),
    ],
)
def test_on_real_runs_the_detector_keeps_what_it_reached(
    names: bool, own_exports_only: bool, f1: float, pr_auc: float, brier: float
) -> None:
    runs = real_runs()
    api = np.array([origin == "api_dump" for origin in runs.origin])
    inside = runs.counts & ~api if own_exports_only else runs.counts
    one = score(runs.race[inside], probabilities(names=names)[inside])
    assert one.f1 >= f1
    assert one.pr_auc >= pr_auc
    assert one.brier <= brier < one.base_brier


@needs_runs
def test_on_real_runs_what_counts_at_once_is_nearly_always_a_race() -> None:
    runs = real_runs()
    sure = runs.counts & (probabilities(names=True) >= shipped_scorecard().found)
    assert sure.sum() >= 30
    assert runs.race[sure].mean() >= 0.97


@needs_runs
@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (0.1, 0.4), (0.4, 0.7), (0.7, 0.9), (0.9, 1.0)])
def test_on_real_runs_probabilities_are_honest(low: float, high: float) -> None:
    """Within what chance allows: three standard errors of the share of races among the runs of that probability."""
    runs, probability = real_runs(), probabilities(names=True)
    inside = runs.counts & (probability >= low) & (probability < high)
    said, count = probability[inside].mean(), np.count_nonzero(inside)
    error = np.sqrt(np.sum(probability[inside] * (1 - probability[inside]))) / count
    assert runs.race[inside].mean() == pytest.approx(said, abs=max(3 * error, 0.05))


def test_hiding_a_name_leaves_the_rest() -> None:
    row = Row("1", "a", make_run(name="Ely race"))
    hidden = without_name(row).run
    assert hidden
    assert row.run
    assert (hidden.name, hidden.name_is_default, hidden.distance_m) == ("", True, row.run.distance_m)
