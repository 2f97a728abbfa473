"""Best efforts: samples a second, against a plain Python loop with two pointers that gives the same answers.

    python -m bench.best_efforts [--samples 1000 10000] [--runs 20]

The stream is a made-up run at one sample a second with wavering pace, three pauses and a receiver that jumps once. The
loop is handed the cleaned columns: `ratio` compares it with the same work of ours on the same columns, `with cleaning`
adds to ours the cleaning that the loop is spared.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from performance.best_efforts import DISTANCES, best_efforts, clean, efforts_within


def made_up_run(samples: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    speed = 3.2 + 0.5 * np.sin(np.arange(samples) / 300) + random.normal(0, 0.25, samples)
    distance = np.cumsum(np.maximum(speed, 0.1))
    seconds = np.arange(samples, dtype=float)
    for pause in (samples // 5, samples // 3, samples // 2):
        seconds[pause:] += 90
    distance[samples // 4 :] += 80
    return seconds, distance


def two_pointers(
    time_s: Sequence[float], distance_m: Sequence[float], distances_m: Sequence[float]
) -> dict[float, float]:
    """The textbook way: every sample is the end of a window, and then the start of one; the other end follows."""
    best = {}
    last = len(time_s) - 1
    for length in distances_m:
        fastest = float("inf")
        behind = 0
        for ahead in range(len(time_s)):
            start_m = distance_m[ahead] - length
            if start_m < distance_m[0]:
                continue
            while behind < last and distance_m[behind + 1] <= start_m:
                behind += 1
            step_m = distance_m[behind + 1] - distance_m[behind]
            left = time_s[behind] + (start_m - distance_m[behind]) / step_m * (time_s[behind + 1] - time_s[behind])
            if time_s[ahead] - left < fastest:
                fastest = time_s[ahead] - left
        ahead = 0
        for behind in range(len(time_s)):
            end_m = distance_m[behind] + length
            if end_m > distance_m[last]:
                break
            while distance_m[ahead] < end_m:
                ahead += 1
            step_m = distance_m[ahead] - distance_m[ahead - 1]
            arrived = time_s[ahead] - (distance_m[ahead] - end_m) / step_m * (time_s[ahead] - time_s[ahead - 1])
            if arrived - time_s[behind] < fastest:
                fastest = arrived - time_s[behind]
        if fastest < float("inf"):
            best[length] = fastest
    return best


def seconds_of(act: Callable[[], object], runs: int) -> float:
    """The best of several runs: what the machine can do when nothing else disturbs it."""
    took = []
    for _ in range(runs):
        before = time.perf_counter()
        act()
        took.append(time.perf_counter() - before)
    return min(took)


def measure(samples: int, runs: int) -> str:
    time_s, distance_m = made_up_run(samples)
    cleaned = clean(time_s, distance_m)
    (section,) = cleaned.sections
    plain = section.time_s.tolist(), section.distance_m.tolist(), DISTANCES
    ours = {effort.distance_m: effort.time_s for effort in best_efforts(time_s, distance_m)}
    theirs = two_pointers(*plain)
    assert ours.keys() == theirs.keys()
    difference = max(abs(ours[length] - theirs[length]) for length in theirs)
    fast = seconds_of(lambda: efforts_within(cleaned), runs)
    whole = seconds_of(lambda: best_efforts(time_s, distance_m), runs)
    slow = seconds_of(lambda: two_pointers(*plain), max(3, runs // 5))
    return (
        f"{samples:8,} {len(ours):9} {fast * 1000:9.2f} {samples / fast:12,.0f}"
        f" {slow * 1000:9.2f} {samples / slow:12,.0f} {slow / fast:7.1f} {slow / whole:13.1f} {difference:10.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, nargs="+", default=[500, 1_000, 4_000, 20_000])
    parser.add_argument("--runs", type=int, default=60)
    options = parser.parse_args()
    print(" samples distances   ours ms    samples/s   loop ms    samples/s   ratio with cleaning difference")
    for samples in options.samples:
        print(measure(samples, options.runs))


if __name__ == "__main__":
    main()
