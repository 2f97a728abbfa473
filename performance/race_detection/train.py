"""How much of each expert weight labelled runs bear out: python -m performance.race_detection.train CSV [--check]

The expert's scorecard (priors.toml) gives every piece of evidence a weight. Here each weight gets two factors, one for
where it speaks for a race and one for where it speaks against, and the start moves: a logistic regression with a normal
prior around the expert's word (factor 1, give or take SPREAD), solved for its most probable answer by Newton's method.
Factors below zero are not allowed, so evidence never changes sides. SPREAD is a judgement, made after a look at a few
values: five athletes are too few to tune it by, and a narrow prior keeps their habits out of everybody's weights.

Only rows whose `origin` is not `api_dump` are fitted: Strava's agreement keeps the others out of any training. They are
scored, by what was fitted without them. Every run is learned from twice, with its title and with the title hidden, so
that no weight comes to rely on titles being there. Scores of fitted athletes are those of a fit without that athlete.

Writes coefficients.toml beside this file, byte for byte the same from the same table; --check only prints.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from performance.race_detection.assessment import know
from performance.race_detection.evaluate import (
    Labelled,
    groups_of,
    read_labelled,
    reliability_lines,
    score_line,
    without_name,
)
from performance.race_detection.evidence import gather, rough
from performance.race_detection.fitting import fit
from performance.race_detection.history import Flags, Floats
from performance.race_detection.runs import Kind, RunSummary
from performance.race_detection.scorecard import FILE, expert_scorecard
from performance.race_detection.summaries import Row

NOT_FITTED = "api_dump"
SPREAD = 0.3  # a factor is 1 give or take so much: the expert's weights are right to about a third
START_SPREAD = 0.5  # races are 1.2 to 3.3 % of an athlete's runs, a factor of e to the half on either side of 2 %
MOST_RACES = 15  # of one athlete: who brings more is weighed down to it, lest one person's habits become everybody's
HIDDEN_COUNTS = 0.5  # a run without its title, beside the same run with it


@dataclass(frozen=True)
class Terms:
    """What the expert's evidence adds, a row for each run; a column for each code and side, named ("pace", "for")."""

    columns: tuple[tuple[str, str], ...]
    added: Floats
    start: float


def terms_of(rows: Sequence[Row]) -> Terms:
    """Every athlete's history weighed by itself."""
    card = expert_scorecard()
    codes = sorted(card.weights)
    added = np.zeros((len(rows), 2 * len(codes)))
    for at, runs in _histories(rows):
        known = know(runs)
        weighed = card.weigh(gather(known), rough(known))
        both = np.stack([weighed[code] for code in codes], axis=1)
        added[at, 0::2], added[at, 1::2] = np.maximum(both, 0), np.minimum(both, 0)
    return Terms(tuple((code, side) for code in codes for side in ("for", "against")), added, card.slope * card.start)


def _histories(rows: Sequence[Row]) -> Iterator[tuple[list[int], list[RunSummary]]]:
    of_athlete: dict[str, tuple[list[int], list[RunSummary]]] = defaultdict(lambda: ([], []))
    for at, row in enumerate(rows):
        if row.run is not None and row.run.kind is not Kind.OTHER:
            places, runs = of_athlete[row.athlete]
            places.append(at)
            runs.append(row.run)
    yield from of_athlete.values()


@dataclass(frozen=True)
class Trained:
    """found: start and factors, from every row that may be fitted. named, hidden: probabilities of runs whose athlete
    the fit had not seen, with titles and without.
    """

    terms: Terms
    found: Floats
    named: Floats
    hidden: Floats


def train(labelled: Labelled) -> Trained:
    named, hidden = terms_of(labelled.rows), terms_of([without_name(row) for row in labelled.rows])
    athlete = np.array([row.athlete for row in labelled.rows])
    fitted = np.array([origin != NOT_FITTED for origin in labelled.origin], dtype=bool)

    weight = _weight_of_athletes(athlete, labelled.race & labelled.counts)

    def from_rows(inside: Flags) -> Floats:
        return fit(
            np.vstack([named.added[inside], hidden.added[inside]]),
            np.tile(labelled.race[inside].astype(float), 2),
            np.concatenate([weight[inside], HIDDEN_COUNTS * weight[inside]]),
            start=named.start,
            spread=SPREAD,
            start_spread=START_SPREAD,
        )

    usable = fitted & labelled.counts
    found = from_rows(usable)
    probabilities = [_probability(terms.added, found) for terms in (named, hidden)]
    for one in np.unique(athlete[fitted]):
        without = from_rows(usable & (athlete != one))
        for probability, terms in zip(probabilities, (named, hidden), strict=True):
            probability[athlete == one] = _probability(terms.added[athlete == one], without)
    return Trained(named, found, *probabilities)


def _weight_of_athletes(athlete: np.ndarray[Any, Any], race: Flags) -> Floats:
    """For each row how much it counts, by how many races its athlete brings."""
    weight = np.ones(len(athlete))
    for one in np.unique(athlete):
        races = int(np.count_nonzero(race & (athlete == one)))
        weight[athlete == one] = MOST_RACES / max(races, MOST_RACES)
    return weight


def _probability(added: Floats, found: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(found[0] + added @ found[1:]))), dtype=float)


def written(trained: Trained, labelled: Labelled) -> str:
    """coefficients.toml. A factor says by how much of the expert's weight runs like these go."""
    fitted = np.array([origin != NOT_FITTED for origin in labelled.origin]) & labelled.counts
    athletes = {row.athlete for row, used in zip(labelled.rows, fitted, strict=True) if used}
    lines = [
        "# Written by `python -m performance.race_detection.train CSV`; not by hand.",
        "# start: log-odds before any evidence. Factors: the share of the expert's weight in priors.toml that labelled runs",
        "# bear out, where it speaks for a race and where it speaks against. 1 is the expert's word.",
        f"# Fitted to {fitted.sum()} runs of {len(athletes)} athletes, {labelled.race[fitted].sum()} of them races;",
        "# no row came from Strava's API.",
        "",
        f"start = {trained.found[0] / expert_scorecard().slope:.3f}",
        f"spread = {SPREAD}",
        "",
        "[factors]",
    ]
    factor = dict(zip(trained.terms.columns, trained.found[1:].tolist(), strict=True))
    for code in sorted({code for code, _side in trained.terms.columns}):
        lines.append(f"{code} = {{ for = {factor[code, 'for']:.2f}, against = {factor[code, 'against']:.2f} }}")
    return "\n".join(lines) + "\n"


def report(trained: Trained, labelled: Labelled) -> Iterator[str]:
    yield "Every run scored by a fit that had not seen its athlete."
    for title, probability in (("With names", trained.named), ("Names hidden", trained.hidden)):
        yield from ("", title)
        for group, inside in groups_of(labelled):
            yield score_line(group, labelled.race[inside], probability[inside])
        yield from reliability_lines(labelled.race[labelled.counts], probability[labelled.counts])
    yield from _moved(trained)


def _moved(trained: Trained) -> Iterator[str]:
    yield from ("", "Factors that moved by a tenth or more")
    factors: Mapping[tuple[str, str], float] = dict(zip(trained.terms.columns, trained.found[1:].tolist(), strict=True))
    for (code, side), factor in sorted(factors.items(), key=lambda item: item[1]):
        if abs(factor - 1) >= 0.1:
            yield f"{code}, {side}: {factor:.2f}"


def main(arguments: Sequence[str]) -> int:
    paths = [argument for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        print("usage: python -m performance.race_detection.train CSV [--check]", file=sys.stderr)
        return 2
    labelled = read_labelled(Path(paths[0]))
    trained = train(labelled)
    for line in report(trained, labelled):
        print(line)
    text = written(trained, labelled)
    if "--check" in arguments:
        same = FILE.read_text(encoding="utf-8") == text
        print("", "coefficients.toml is what this table gives" if same else "coefficients.toml differs", sep="\n")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
