"""Our best efforts beside those that Strava tells: theirs go from sample to sample in whole seconds, ours between samples.

Strava's are compared with and never kept: they rest on Strava's own smoothing, and only Strava can say how.
"""

import json
import urllib.request

import numpy as np
import pytest

from activities.models import Recording
from performance import analysis
from performance.models import BestEffort
from tests.strava.stand_in import BEST_EFFORTS
from tests.strava.test_sync import pull

pytestmark = pytest.mark.django_db(transaction=True)

OURS_M = {
    "1/2 mile": 804.672, "1 mile": 1609.344, "2 mile": 3218.688, "10 mile": 16_093.44, "Half-Marathon": 21_097.5,
}  # fmt: skip
SLOWEST_S_PER_M = 0.6  # of the runs below: a metre more at the end of a window costs no more


def every_second(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An hour at one sample a second, wavering."""
    speed = 3.4 + 0.5 * np.sin(np.arange(3_900) / 250) + rng.normal(0, 0.2, 3_900)
    return np.arange(3_901), np.concatenate(([0.0], np.cumsum(np.maximum(speed, 1.8))))


def now_and_then(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An ultra, as a watch records it that saves memory: a sample every one to nine seconds."""
    steps = rng.integers(1, 10, 3_500)
    speed = np.maximum(3.1 + 0.4 * np.sin(np.arange(3_500) / 90), 1.8)
    return np.concatenate(([0], np.cumsum(steps))), np.concatenate(([0.0], np.cumsum(steps * speed)))


def with_pauses(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Intervals, with pauses that left no samples: the clock goes on."""
    time_s, metres = every_second(rng)
    for at in (700, 1_500, 2_900):
        time_s = time_s + np.where(np.arange(len(time_s)) > at, 75, 0)
    return time_s, metres


@pytest.mark.parametrize("recorded", [every_second, now_and_then, with_pauses])
def test_ours_agree_with_stravas_within_a_sample_and_their_rounding(strava, account, recorded):
    time_s, metres = recorded(np.random.default_rng(11))
    metres = np.round(metres, 1)
    run = strava.activity(7, distance=float(metres[-1]), elapsed_time=int(time_s[-1]), moving_time=int(time_s[-1]))
    data = {"time": time_s.tolist(), "distance": metres.tolist()}
    strava.streams(run, {name: {"data": one, "series_type": "distance"} for name, one in data.items()})
    pull(account)
    recording = Recording.objects.get(external_id=str(run))
    analysis.analyse(recording.activity_id)
    ours = {one.distance_m: one for one in BestEffort.objects.filter(activity=recording.activity_id)}
    theirs = {one["name"]: one for one in _detail(strava, account, run)["best_efforts"]}
    assert set(theirs) == {name for name, length in BEST_EFFORTS if length <= metres[-1]}
    assert len(theirs) >= 6
    for name, their in theirs.items():
        our = ours[round(OURS_M.get(name, their["distance"]), 3)]
        other_length_s = abs(our.distance_m - their["distance"]) * SLOWEST_S_PER_M
        assert our.time_s <= their["elapsed_time"] + other_length_s
        assert their["elapsed_time"] <= our.time_s + _steps_s(time_s, our) + other_length_s


def _steps_s(time_s: np.ndarray, effort: BestEffort) -> float:
    """The time between the samples that the two ends of an effort lie between: so much longer is it from sample to sample."""
    ends = (effort.start_s, effort.start_s + effort.time_s)
    after = np.minimum(np.searchsorted(time_s, ends, side="right"), len(time_s) - 1)
    return float((time_s[after] - time_s[after - 1]).sum())


def _detail(strava, account, run: int) -> dict:
    """The whole answer, as nothing of ours keeps it."""
    token = account.access_token.reveal().get_secret_value()
    request = urllib.request.Request(  # noqa: S310 - the stand-in's own address
        f"{strava.api_url}/activities/{run}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)
