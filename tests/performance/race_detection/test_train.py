"""The fit: what it must do with data, without data, and with data it may not learn from."""

import os
from pathlib import Path

import numpy as np
import pytest

from performance.race_detection.evaluate import Labelled, read_labelled, score
from performance.race_detection.fitting import fit
from performance.race_detection.scorecard import FILE, expert_scorecard, shipped_scorecard
from performance.race_detection.summaries import Row
from performance.race_detection.train import SPREAD, START_SPREAD, main, terms_of, train, written
from tests.performance.race_detection.runner import make_history

DEV = Path(os.environ.get("EXTRA_DATA") or ".") / "races" / "dev.csv"


def labelled_histories(origins: tuple[str, ...]) -> Labelled:
    rows, race, origin = [], [], []
    for seed, one in enumerate(origins):
        runs, races = make_history(seed)
        rows += [Row(run.id, str(seed), run) for run in runs]
        race += [run.id in races for run in runs]
        origin += [one] * len(runs)
    return Labelled(tuple(rows), np.array(race), np.ones(len(rows), dtype=bool), tuple(origin))


def test_without_data_the_experts_word_stands() -> None:
    found = fit(np.zeros((0, 3)), np.zeros(0), np.zeros(0), start=-5.0, spread=SPREAD, start_spread=START_SPREAD)
    assert found == pytest.approx([-5, 1, 1, 1])


def test_evidence_that_races_do_not_show_loses_weight_and_never_changes_sides() -> None:
    dice = np.random.default_rng(1)
    race = (dice.random(4_000) < 0.1).astype(float)
    telling = np.where(race == 1, dice.random(4_000) < 0.9, dice.random(4_000) < 0.02) * 2.0
    misleading = np.where(race == 1, dice.random(4_000) < 0.02, dice.random(4_000) < 0.6) * 2.0
    found = fit(
        np.column_stack([telling, misleading]),
        race,
        np.ones(4_000),
        start=-3.0,
        spread=SPREAD,
        start_spread=START_SPREAD,
    )
    assert found[1] > 1
    assert 0 <= found[2] < 0.5


def test_nothing_is_learned_from_rows_that_came_through_stravas_api() -> None:
    """Histories from the API change nothing in what is fitted, even with every label turned round; they are scored."""
    alone = labelled_histories(("bulk_export",))
    beside = labelled_histories(("bulk_export", "api_dump"))
    turned = Labelled(
        beside.rows,
        np.array(
            [not one if origin == "api_dump" else one for one, origin in zip(beside.race, beside.origin, strict=True)]
        ),
        beside.counts,
        beside.origin,
    )
    assert train(alone).found == pytest.approx(train(turned).found)
    assert written(train(alone), alone) == written(train(turned), turned)
    assert np.isfinite(train(turned).named).all()


def test_an_athlete_is_scored_by_a_fit_that_has_not_seen_that_athlete() -> None:
    """With one athlete left, taking that athlete out leaves the expert's word."""
    labelled = labelled_histories(("bulk_export",))
    terms = terms_of(labelled.rows)
    expected = 1 / (1 + np.exp(-(terms.start + terms.added.sum(axis=1))))
    assert train(labelled).named == pytest.approx(expected)


def test_every_weight_of_the_expert_has_its_factors() -> None:
    shipped, expert = shipped_scorecard(), expert_scorecard()
    assert shipped.weights.keys() == expert.weights.keys()
    assert all(w.speaks_for >= 0 and w.speaks_against >= 0 for w in shipped.weights.values())


@pytest.mark.skipif(not DEV.is_file(), reason="EXTRA_DATA is not set, or has no races/dev.csv")
def test_what_is_shipped_is_what_training_on_real_runs_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert FILE.is_file()
    assert main([str(DEV), "--check"]) == 0
    assert "With names" in capsys.readouterr().out


@pytest.mark.skipif(not DEV.is_file(), reason="EXTRA_DATA is not set, or has no races/dev.csv")
@pytest.mark.parametrize(
    ("names", "f1", "precision", "pr_auc", "brier"),
    [(True, 0.80, 0.86, 0.87, 0.0056), (False, 0.63, 0.78, 0.68, 0.0096)],
)
def test_on_athletes_it_was_not_fitted_to_it_keeps_what_it_reached(
    names: bool, f1: float, precision: float, pr_auc: float, brier: float
) -> None:
    labelled = read_labelled(DEV)
    trained = train(labelled)
    probability = (trained.named if names else trained.hidden)[labelled.counts]
    one = score(labelled.race[labelled.counts], probability)
    assert one.f1 >= f1
    assert one.precision >= precision
    assert one.pr_auc >= pr_auc
    assert one.brier <= brier
