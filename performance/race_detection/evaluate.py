"""How well the detector does on labelled runs: python -m performance.race_detection.evaluate CSV

The file has the columns the detector reads and `label` (1 a race), `ambiguous` (1: not counted) and `origin`. Prints
precision, recall and F1 at probability 0.5, the area under the precision-recall curve, Brier scores and a table of
reliability, with names and with names hidden, for all rows and for each origin. Ambiguous runs stay in their athlete's
history and out of the figures.
"""

import csv
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from performance.race_detection.distances import LONG_BY, SHORT_BY
from performance.race_detection.evidence import RACED_M
from performance.race_detection.history import Flags, Floats
from performance.race_detection.scorecard import shipped_scorecard
from performance.race_detection.summaries import Row, assess_rows, read_rows

HEADINGS = f"{'origin':<16}{'runs':>6}{'races':>7}{'prec':>7}{'recall':>8}{'F1':>7}{'PR-AUC':>8}{'Brier':>9}{'base':>9}"
BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Labelled:
    """Labelled runs as columns: whether each was a race, whether it counts in figures, and where it comes from."""

    rows: tuple[Row, ...]
    race: Flags
    counts: Flags
    origin: tuple[str, ...]

    def probabilities(self, *, names: bool) -> Floats:
        rows = self.rows if names else [without_name(row) for row in self.rows]
        return np.array([assessment.probability for assessment in assess_rows(rows)], dtype=float)


@dataclass(frozen=True)
class Score:
    """precision, recall, f1 at one limit; pr_auc: average precision; base_brier: of always saying the base rate."""

    runs: int
    races: int
    found: int
    precision: float
    recall: float
    f1: float
    pr_auc: float
    brier: float
    base_brier: float


def read_labelled(path: Path) -> Labelled:
    with path.open(encoding="utf-8", newline="") as file:
        rows = tuple(read_rows(file))
    with path.open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    return Labelled(
        rows=rows,
        race=np.array([line["label"] == "1" for line in labels], dtype=bool),
        counts=np.array([line.get("ambiguous") != "1" for line in labels], dtype=bool),
        origin=tuple(line.get("origin", "") for line in labels),
    )


def without_name(row: Row) -> Row:
    """The row as if the watch had named the run."""
    run = row.run and dataclasses.replace(row.run, name="", name_tokens="", name_is_default=True)
    return dataclasses.replace(row, run=run)


def score(race: Flags, probability: Floats, *, limit: float = 0.5) -> Score:
    said = probability >= limit
    hits = int(np.count_nonzero(said & race))
    found, races = int(np.count_nonzero(said)), int(np.count_nonzero(race))
    base = races / max(len(race), 1)
    return Score(
        runs=len(race),
        races=races,
        found=found,
        precision=hits / max(found, 1),
        recall=hits / max(races, 1),
        f1=2 * hits / max(found + races, 1),
        pr_auc=average_precision(race, probability),
        brier=float(np.mean((probability - race) ** 2)),
        base_brier=base * (1 - base),
    )


def average_precision(race: Flags, probability: Floats) -> float:
    """Area under the precision-recall curve by steps; runs of equal probability enter together."""
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(race[order])
    last_of_tie = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    gained = np.diff(hits[last_of_tie], prepend=0)
    return float(np.sum(gained * hits[last_of_tie] / (last_of_tie + 1)) / max(hits[-1], 1))


def reliability(race: Flags, probability: Floats) -> Iterator[tuple[float, float, int, float, float]]:
    """For each bin that holds runs: from, to, how many, mean probability, share that were races."""
    place = np.clip(np.digitize(probability, BINS) - 1, 0, len(BINS) - 2)
    for at in np.unique(place).tolist():
        inside = place == at
        yield BINS[at], BINS[at + 1], int(inside.sum()), float(probability[inside].mean()), float(race[inside].mean())


def report(labelled: Labelled) -> Iterator[str]:
    for title, names in (("With names", True), ("Names hidden", False)):
        probability = labelled.probabilities(names=names)
        yield title
        yield HEADINGS
        for group, inside in groups_of(labelled):
            yield score_line(group, labelled.race[inside], probability[inside])
        yield from _limits(labelled, probability)
        yield from reliability_lines(labelled.race[labelled.counts], probability[labelled.counts])
        yield ""


def groups_of(labelled: Labelled) -> Iterator[tuple[str, Flags]]:
    """All runs that count, those near a raced distance, and each origin's."""
    yield "all", labelled.counts
    metres = np.array([(row.run and row.run.distance_m) or np.nan for row in labelled.rows], dtype=float)
    with np.errstate(invalid="ignore"):
        near = [(metres / m >= 1 - SHORT_BY) & (metres / m <= 1 + LONG_BY) for m in sorted(RACED_M)]
    yield "near a standard", labelled.counts & np.any(near, axis=0)
    for origin in sorted(set(labelled.origin)):
        yield origin, labelled.counts & np.array([one == origin for one in labelled.origin], dtype=bool)


def score_line(group: str, race: Flags, probability: Floats) -> str:
    one = score(race, probability)
    return (
        f"{group:<16}{one.runs:>6}{one.races:>7}{one.precision:>7.3f}{one.recall:>8.3f}{one.f1:>7.3f}"
        f"{one.pr_auc:>8.3f}{one.brier:>9.5f}{one.base_brier:>9.5f}"
    )


def _limits(labelled: Labelled, probability: Floats) -> Iterator[str]:
    card = shipped_scorecard()
    for name, limit in (("found", card.found), ("to decide", card.to_decide)):
        for group, inside in groups_of(labelled):
            one = score(labelled.race[inside], probability[inside], limit=limit)
            figures = f"{one.found} runs, precision {one.precision:.3f}, recall {one.recall:.3f}"
            yield f"limit {name} {limit}, {group}: {figures}"


def reliability_lines(race: Flags, probability: Floats) -> Iterator[str]:
    """The picture of reliability: what was said, and how long the bar of what was true is."""
    yield f"{'probability':<15}{'runs':>7}{'mean':>8}{'races':>8}"
    for low, high, runs, mean, share in reliability(race, probability):
        yield f"{low:.2f} to {high:.2f}   {runs:>7}{mean:>8.3f}{share:>8.3f}  {'#' * round(20 * share):<20}|"


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m performance.race_detection.evaluate CSV", file=sys.stderr)
        return 2
    for line in report(read_labelled(Path(arguments[0]))):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
