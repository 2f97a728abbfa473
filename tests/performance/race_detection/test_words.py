"""Reasons in plain words."""

import pytest

from performance.race_detection import Reason, assess, describe, describe_missing, shipped_scorecard
from performance.race_detection.words import MISSING, REASONS, percent
from tests.performance.race_detection.runner import make_history, make_run


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason("name_distance", 1.6, {"value": 1.0, "word": "10K"}), "Name contains “10K”, and it is about that long"),
        (Reason("name_event", 4.0, {"value": 1.0, "word": "Race"}), "Name contains “Race”"),
        (Reason("distance_near", 0.5, {"value": 1.0, "distance_m": 10_000.0, "over": 0.002}), "Distance is within 0.2 % of 10 km"),
        (Reason("distance_near", 0.5, {"value": 1.0, "distance_m": 42_195.0, "over": -0.0011}), "Distance is within 0.2 % of a marathon"),
        (Reason("distance_near", 0.5, {"value": 1.0, "distance_m": 5_000.0, "over": 0.0}), "Distance is within 0.1 % of 5 km"),
        (Reason("pace", 2.0, {"value": 0.97, "among": 60.0}), "Faster than 97 % of your runs of this length"),
        (Reason("pace", -1.0, {"value": 0.2, "among": 60.0}), "Slower than 80 % of your runs of this length"),
        (Reason("parkrun_time", 0.7, {"value": 1.0, "weekday": 5, "hour": 9.0}), "Saturday at about nine, 5 km"),
        (Reason("start_slot", 0.7, {"value": 1.0, "weekday": 6, "hour": 9.99}), "Sunday at 09:59, a time for races"),
        (Reason("stops", -1.0, {"value": 1.0, "stopped_s": 130.0}), "Stopped for 2 min"),
        (Reason("stops", -1.0, {"value": 1.0, "stopped_s": 4_000.0}), "Stopped for 1 h 07 min"),
        (Reason("name_time", 1.4, {"value": 2.0}), "Name states the time it took"),
        (Reason("inside_rank", 1.2, {"value": 0.97, "distance_m": 5_000.0, "over": 0.0}), "Faster over 5 km than in 97 % of your runs of those months"),
        (Reason("inside_rank", 1.2, {"value": 1.0, "distance_m": 5_000.0, "over": 0.0}), "Your fastest 5 km of those months"),
        (Reason("inside_level", -1.2, {"value": 0.95, "distance_m": 5_000.0, "over": -0.05}), "Inside it 5 km, 5.0 % slower than your best of those months"),
        (Reason("inside_rest", 1.2, {"value": 1.3, "rest": 1.3}), "The rest of the recording is slower by 30 %"),
        (Reason("unreadable", -20.0, {"what": "distance “x” is no number"}), "Could not be read: distance “x” is no number"),
    ],
)  # fmt: skip
def test_a_reason_reads_as_a_sentence(reason: Reason, sentence: str) -> None:
    assert describe(reason) == sentence


def test_every_piece_of_evidence_has_words() -> None:
    assert set(shipped_scorecard().weights) <= set(REASONS)


def test_every_reason_and_every_gap_of_a_career_can_be_said() -> None:
    runs, _ = make_history(years=1)
    for one in assess([*runs, make_run(name=""), make_run(started_local=None), make_run(sport="cycling")]):
        sentences = [describe(reason) for reason in one.reasons] + [describe_missing(code) for code in one.missing]
        assert all(sentence and "{" not in sentence and "nan" not in sentence for sentence in sentences)


def test_a_translation_replaces_the_template_and_keeps_the_figures() -> None:
    german = {"Name contains “{word}”": "Name enthält „{word}“"}
    assert describe(Reason("name_event", 4.0, {"value": 1.0, "word": "Lauf"}), lambda text: german.get(text, text)) == (
        "Name enthält „Lauf“"
    )


@pytest.mark.parametrize(
    ("share", "text"), [(0.9999, "99 %"), (1.0, "100 %"), (0.001, "1 %"), (0.0, "0 %"), (0.97, "97 %")]
)
def test_nearly_all_is_not_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_gaps_have_words() -> None:
    assert describe_missing("heart_rate") == "No heart rate"
    assert all(MISSING.values())
