"""What samples add to finding races, on made-up careers: python -m bench.race_streams [--athletes 12]

Half of the races lie inside session files, between workouts that look like them; no title tells anything. Shown is who
is asked about or counted (probability from 0.3 on) by the summary alone and with samples, and of which kind the others
are. The generator and the weights are by one hand, so the figures are kind; they show that the machinery works and what
it mistakes, not how many races of real runners it finds.
"""

import argparse
import time
from collections import Counter, defaultdict

from bench.made_up_sessions import Recorded, made_up_career
from performance.best_efforts import clean, efforts_within
from performance.race_detection import STANDARD_DISTANCES, Refined, Sampled, assess, refine, stretches_of

ASKED_AT = 0.3
DISTANCES_M = tuple(one.metres for one in STANDARD_DISTANCES)


def sampled(run: Recorded) -> Sampled:
    efforts = efforts_within(clean(run.time_s, run.distance_m), DISTANCES_M)
    shown = stretches_of(run.time_s, run.distance_m, run.heart_rate_bpm, efforts)
    return Sampled(efforts={one.distance_m: one.time_s for one in efforts}, stretches=tuple(shown))


def judged(runs: list[Recorded]) -> list[Refined]:
    history = [run.summary for run in runs]
    return refine(history, assess(history), {run.summary.id: sampled(run) for run in runs})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--athletes", type=int, default=12)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    all_of: Counter[str] = Counter()
    asked: dict[str, Counter[str]] = {"summary": Counter(), "samples": Counter()}
    right: defaultdict[str, int] = defaultdict(int)
    began = time.perf_counter()
    for seed in range(options.first, options.first + options.athletes):
        runs = made_up_career(seed)
        for run, one in zip(runs, judged(runs), strict=True):
            all_of[run.kind] += 1
            asked["summary"][run.kind] += one.by_summary >= ASKED_AT
            is_asked = one.assessment.probability >= ASKED_AT
            asked["samples"][run.kind] += is_asked
            if run.inside and is_asked:
                right["distance"] += one.assessment.official_distance_m == run.race_m
                if one.inside is not None and run.race_m and run.race_s:
                    right["time"] += abs(one.inside.time_s / run.race_s - 1) <= 0.015
    print(f"{'kind':30} {'runs':>6} {'asked by summary':>17} {'with samples':>13}")
    for kind, count in all_of.most_common():
        print(f"{kind:30} {count:6} {asked['summary'][kind]:17} {asked['samples'][kind]:13}")
    races = all_of["race"] + all_of["race inside"]
    for by, of in asked.items():
        hits = of["race"] + of["race inside"]
        print(f"\n{by}: precision {hits / max(of.total(), 1):.2f}, recall {hits / races:.2f}", end="")
        print(f", of races inside {of['race inside'] / all_of['race inside']:.2f}", end="")
    print(f"\nof the races inside asked about: distance right {right['distance']}, time within 1.5 % {right['time']}")
    print(f"{all_of.total()} runs made and judged in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
