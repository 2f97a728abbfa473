"""How much an athlete's own answers help: python -m bench.race_answers

Made-up athletes answer about the runs that the detector is most in doubt of, five at a time; F1 is that of all the runs
which nobody was asked about until the end.
"""

from collections.abc import Iterator
from statistics import mean

from bench.made_up_athletes import f1, made_up_athlete
from performance.race_detection import assess

ANSWERS = (0, 5, 10, 20)


def learning(seed: int) -> Iterator[float]:
    """F1 after each number of answers, on the same runs throughout."""
    runs, races = made_up_athlete(seed)
    answered: dict[str, bool] = {}
    after: list[dict[str, float]] = []
    while len(answered) <= ANSWERS[-1]:
        found = {one.id: one.probability for one in assess(runs, answers=answered)}
        if len(answered) in ANSWERS:
            after.append(found)
        open_ones = [run.id for run in runs if run.id not in answered]
        for asked in sorted(open_ones, key=lambda one: (abs(found[one] - 0.5), one))[:5]:
            answered[asked] = asked in races
    asked_in_the_end = set(list(answered)[: ANSWERS[-1]])
    left = [run.id for run in runs if run.id not in asked_in_the_end]
    for found in after:
        yield f1([found[one] for one in left], [one in races for one in left])


def main() -> None:
    print(f"{'answers':>8} {'F1':>6}")
    for answers, scores in zip(ANSWERS, zip(*(learning(seed) for seed in range(20)), strict=True), strict=True):
        print(f"{answers:>8} {mean(scores):>6.3f}")


if __name__ == "__main__":
    main()
