"""Age grading: grades a second, beside athlib 0.9.8 in the same run.

    uv run --with athlib==0.9.8 python -m bench.agegrade [--rows 500000] [--rounds 5] [--check]

The same made-up results go to both: 800 m to 10,000 m on the track, women and men of 35 to 90, which is where the two
hold the same tables (athlib "2023", ours wma-2023); the share of equal answers is printed. Ours are then also measured
where athlib has no counterpart: any road distance and fractional ages, and ten editions mixed, with words in arrays and
a hundredth of the rows bad. Every figure is the best of the rounds, which take turns, so that a busy machine is unfair
to all alike. Without athlib only our own figures are printed. --check fails where a target is missed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from performance import agegrade  # noqa: E402
from performance.agegrade import editions, grade_many  # noqa: E402

DISTANCES = {"800": 800.0, "1500": 1500.0, "3000": 3000.0, "5000": 5000.0, "10000": 10_000.0}
SCALAR_ROWS = 20_000
#: times as many grades a second as athlib
TARGETS = {"grade()": 4.0, "grade_many(), one edition": 100.0, "grade_many(), mixed editions": 50.0}
LOAD_TARGET_MS = 50.0

Results = dict[str, np.ndarray]


class _Absent(ModuleType):
    """Stands for jsonschema, which athlib imports and does not declare; grading never calls it."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> type:
        return type(name, (), {})


def athlib_grader() -> Callable[..., float] | None:
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        for name in ("jsonschema", "jsonschema.validators", "jsonschema.exceptions"):
            sys.modules[name] = _Absent(name)
    try:
        from athlib.wma.agegrader import AgeGrader
    except ImportError as missing:
        print(f"athlib is not here ({missing}): run with `uv run --with athlib==0.9.8`\n")
        return None
    grade: Callable[..., float] = AgeGrader("2023").calculate_age_grade
    return grade


# -- made-up results ---------------------------------------------------------------------------------------------------


def track_results(rows: int) -> Results:
    random = np.random.default_rng(1)
    distance_m = random.choice(list(DISTANCES.values()), rows)
    return {
        "sex": random.choice(["M", "F"], rows),
        "age": random.integers(35, 91, rows).astype(float),
        "distance_m": distance_m,
        "time_s": np.round(distance_m / random.uniform(2.5, 6.5, rows), 1),
    }


def road_results(rows: int) -> Results:
    """Any distance, half of the ages with a fraction."""
    random = np.random.default_rng(2)
    distance_m = np.round(random.uniform(1610, 200_000, rows), 1)
    age = random.uniform(18, 95, rows)
    return {
        "sex": random.choice(["M", "F"], rows),
        "age": np.where(random.random(rows) < 0.5, np.floor(age), age),
        "distance_m": distance_m,
        "time_s": np.round(distance_m / random.uniform(2.5, 5.5, rows)),
    }


def mixed_results(rows: int) -> Results:
    """Editions, surfaces and sexes as words in arrays, official and other distances, one row in a hundred bad."""
    random = np.random.default_rng(3)
    sheets = [(edition.id, *span) for edition in editions() for span in edition.distances]
    chosen = random.integers(0, len(sheets), rows)
    names, surfaces, shortest, longest = (np.array(column)[chosen] for column in zip(*sheets, strict=True))
    distance_m = np.round(random.uniform(shortest, longest))
    age = random.uniform(18, 95, rows)
    return {
        "edition": names,
        "surface": surfaces,
        "sex": random.choice(["M", "F"], rows),
        "age": np.where(random.random(rows) < 0.01, np.nan, np.where(random.random(rows) < 0.5, np.floor(age), age)),
        "distance_m": distance_m,
        "time_s": np.round(distance_m / random.uniform(2.5, 5.5, rows), 1),
    }


# -- what is measured --------------------------------------------------------------------------------------------------


def contests(rows: int, athlib: Callable[..., float] | None) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """A name, how many grades one call makes, and the call."""
    track, road, mixed = track_results(rows), road_results(rows), mixed_results(rows)
    few = [
        {"sex": str(sex), "age": int(age), "distance_m": float(metres), "time_s": float(seconds)}
        for sex, age, metres, seconds in zip(*(track[name][:SCALAR_ROWS].tolist() for name in track), strict=True)
    ]
    if athlib is not None:
        named = {metres: event for event, metres in DISTANCES.items()}
        theirs = [(row["sex"].lower(), row["age"], named[row["distance_m"]], row["time_s"]) for row in few]
        yield "athlib calculate_age_grade()", len(theirs), lambda: [athlib(*row) for row in theirs]
    single = {"edition": "wma-2023", "surface": "track"}
    yield "grade()", len(few), lambda: [agegrade.grade(**row, **single) for row in few]
    yield "age_grade(), with its proof", len(few), lambda: [agegrade.age_grade(**row, **single) for row in few]
    yield "grade_many(), one edition", rows, lambda: grade_many(**track, **single)
    yield (
        "grade_many(), any distance, fractional ages",
        rows,
        lambda: grade_many(**road, edition="road-2025"),
    )
    for convention in ("calculator", "whole-second"):
        yield (
            f"grade_many(), one edition, {convention}",
            rows,
            lambda convention=convention: grade_many(**track, **single, convention=convention),
        )
    yield "grade_many(), mixed editions", rows, lambda: grade_many(**mixed)


def agreement(athlib: Callable[..., float]) -> float:
    """The share of track results on which both say the same to 1e-9."""
    track = track_results(SCALAR_ROWS)
    ours = grade_many(**track, edition="wma-2023", surface="track").age_grade
    named = {metres: event for event, metres in DISTANCES.items()}
    theirs = [
        athlib(sex.lower(), age, named[metres], seconds)
        for sex, age, metres, seconds in zip(*(column.tolist() for column in track.values()), strict=True)
    ]
    return float(np.mean(np.abs(ours - np.array(theirs)) < 1e-9))


def best_rates(rows: int, rounds: int, athlib: Callable[..., float] | None) -> dict[str, float]:
    rates: dict[str, float] = {}
    entries = list(contests(rows, athlib))
    for _ in range(rounds):
        for name, grades, call in entries:
            start = time.perf_counter()
            call()
            rates[name] = max(rates.get(name, 0.0), grades / (time.perf_counter() - start))
    return rates


def load_ms(edition: str) -> float:
    """How long the first grade by an edition takes in a fresh process, the package being imported already."""
    code = (
        "import time; from performance.agegrade import age_standard, EDITIONS\n"
        f"surface = EDITIONS[{edition!r}].distances[0]\n"
        "start = time.perf_counter()\n"
        f"age_standard(age=50, sex='M', distance_m=surface[1], surface=surface[0], edition={edition!r})\n"
        "print(1000 * (time.perf_counter() - start))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=500_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--check", action="store_true", help="fail where a target is missed")
    options = arguments.parse_args()

    missed = []
    athlib = athlib_grader()
    rates = best_rates(options.rows, options.rounds, athlib)
    base = rates.get("athlib calculate_age_grade()")
    print(f"{'':44} {'grades/s':>12} {'x athlib':>9}")
    for name, rate in rates.items():
        times = "" if base is None else f"{rate / base:9.1f}"
        target = TARGETS.get(name)
        note = "" if target is None or base is None else f"  target {target:g}"
        print(f"{name:44} {rate:12,.0f} {times:>9}{note}")
        if target is not None and base is not None and rate / base < target:
            missed.append(name)
    if athlib is not None:
        print(f"\nequal to athlib on {100 * agreement(athlib):.2f} % of {SCALAR_ROWS:,} track results")
    print("\nfirst grade by an edition, reading its tables:")
    for edition in editions():
        if edition.has_open_standards:
            took = load_ms(edition.id)
            print(f"  {edition.id:14} {took:6.1f} ms")
            if took > LOAD_TARGET_MS:
                missed.append(f"loading {edition.id}")
    if missed:
        print(f"\nmissed: {', '.join(missed)}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
