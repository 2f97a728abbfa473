"""What an athlete's own answers teach about that athlete's other runs; about nobody else's.

Two things move. Names: a title, or a word of one, that was confirmed as an event is one, and a rejected one is none
(evidence "own_name", by how often it was answered and how seldom it is otherwise used). Weights: the start and a factor
for each side of each piece of evidence are fitted to the answered runs, held near everybody's by a prior. The evidence of
an answered run leaves that run's own answer out, or every answer would explain itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from performance.race_detection.fitting import fit
from performance.race_detection.history import Floats
from performance.race_detection.names import NameReading
from performance.race_detection.vocabulary import vocabulary

SPREAD = 0.35  # one athlete's factors differ from everybody's by about a third
START_SPREAD = 1.0  # and how often they race by a factor of e
SHORTEST_WORD = 3
WORN_SHARE = 0.08  # a word on so many of the runs names no event


def own_names(
    names: Sequence[NameReading], answered: Mapping[int, bool], events: Sequence[NameReading]
) -> tuple[Floats, list[str]]:
    """For each run from -1 to 1 how surely its title is one the athlete rejected or confirmed, and the words of it.

    answered: row: whether it was a race. events: titles of races typed in without a run.
    """
    parts = [_parts(name) for name in names]
    used = Counter(part for of_run in parts for part in of_run)
    said: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row, race in answered.items():
        for part in parts[row]:
            said[part][race] += 1
    for event in events:
        for part in _parts(event):
            said[part][True] += 1
    found, words = np.zeros(len(names)), [""] * len(names)
    for row, of_run in enumerate(parts):
        own = answered.get(row)
        for part in sorted(of_run):
            against, favour = said.get(part, (0, 0))
            favour, against = favour - (own is True), against - (own is False)
            if favour <= 0 and against <= 0:
                continue
            worn = max(0.0, 1 - max(used[part] - favour - against, 0) / (WORN_SHARE * len(names) + 3))
            strength = (favour - against) / (favour + against + 1) * (worn if favour > against else 1.0)
            if abs(strength) > abs(found[row]):
                found[row], words[row] = strength, part
    return found, words


def _parts(name: NameReading) -> frozenset[str]:
    """The whole title without figures, and each of its words that any dictionary of running would not have."""
    if not name.known or name.automatic or not name.key:
        return frozenset()
    known = vocabulary()
    common = (known.training, known.event, known.automatic, known.result, known.distance_m, known.innocent, known.rough)
    words = [word for word in name.key.split() if len(word) >= SHORTEST_WORD and not any(word in one for one in common)]
    return frozenset([*words, name.key])


def own_weights(
    added: Mapping[str, Floats], answered: Mapping[int, bool], start: float
) -> tuple[dict[str, Floats], float]:
    """The same evidence by this athlete's factors, and by how much the start moved."""
    rows = sorted(answered)
    codes = list(added)
    both = np.stack([added[code] for code in codes], axis=1)
    sides = np.concatenate([np.maximum(both, 0), np.minimum(both, 0)], axis=1)
    race = np.array([float(answered[row]) for row in rows])
    found = fit(sides[rows], race, np.ones(len(rows)), start=start, spread=SPREAD, start_spread=START_SPREAD)
    favour, against = found[1 : 1 + len(codes)], found[1 + len(codes) :]
    moved = np.where(both > 0, favour, against) * both
    return {code: moved[:, at] for at, code in enumerate(codes)}, float(found[0] - start)
