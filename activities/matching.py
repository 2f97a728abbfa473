"""Which recordings are recordings of one run. Pure: identities, times and distances in, groups out.

The answer depends on the set of recordings alone and never on the order in which they came: links are weighed by what
the recordings say, ties are broken by what they are. A person's word stands above every measure. Two sessions of one
file are never the same run, and what does not overlap is never joined by itself: a warm-up stays a warm-up.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

#: of the longer of two intervals
OVERLAP_MERGED = 0.80
OVERLAP_OFFERED = 0.50
DISTANCE_AGREES = 0.03
STARTS_WITHIN_S = 300.0

Pair = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One recording, as far as matching goes.

    key: what it is, whenever and however it comes.  content: the file it came from, "" where there is none.
    companion: the content that its source itself calls a recording of this run, "" where it names none.
    """

    key: str
    content: str = ""
    companion: str = ""
    started_s: float
    ended_s: float
    distance_m: float | None = None
    sport: str = ""

    def names(self, other: "Run") -> bool:
        return bool(self.companion) and self.companion == other.content


class Likeness(IntEnum):
    NONE = 0
    OFFERED = 1
    SAME = 2


@dataclass(frozen=True)
class Said:
    """What a person said about pairs of recordings."""

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()


def overlap(one: Run, other: Run) -> float:
    """Shared time as a part of the longer recording; 0 where they do not touch or have no length."""
    shared = min(one.ended_s, other.ended_s) - max(one.started_s, other.started_s)
    longer = max(one.ended_s - one.started_s, other.ended_s - other.started_s)
    return max(0.0, shared / longer) if longer > 0 else 0.0


def likeness(one: Run, other: Run) -> Likeness:
    """What the recordings alone say about a pair."""
    if one.content and one.content == other.content:
        return Likeness.NONE
    if one.names(other) or other.names(one):
        return Likeness.SAME
    shared = overlap(one, other)
    if shared >= OVERLAP_MERGED and _agree(one, other):
        return Likeness.SAME
    if shared >= OVERLAP_OFFERED:
        return Likeness.OFFERED
    starts_together = abs(one.started_s - other.started_s) <= STARTS_WITHIN_S
    pointlike = one.ended_s <= one.started_s or other.ended_s <= other.started_s
    return Likeness.OFFERED if starts_together and (shared > 0 or pointlike) else Likeness.NONE


def _agree(one: Run, other: Run) -> bool:
    if one.sport and other.sport and one.sport != other.sport:
        return False
    if one.distance_m is None or other.distance_m is None:
        return one.distance_m == other.distance_m
    return abs(one.distance_m - other.distance_m) <= DISTANCE_AGREES * max(one.distance_m, other.distance_m)


def groups(runs: Collection[Run], said: Said) -> list[tuple[str, ...]]:
    """The runs by key, each group one activity; groups and keys in order of key.

    Links are taken from the strongest to the weakest, and a link that would bring together what a person keeps apart,
    or two sessions of one file, is left out.
    """
    ordered = sorted(runs, key=lambda run: run.key)
    members: dict[str, set[str]] = {run.key: {run.key} for run in ordered}
    contents = {run.key: run.content for run in ordered}
    for _strength, one, other in sorted(_links(ordered, said)):
        ours, theirs = members[one], members[other]
        if ours is theirs or _forbidden(ours, theirs, contents, said):
            continue
        ours |= theirs
        for key in theirs:
            members[key] = ours
    return sorted({tuple(sorted(group)) for group in members.values()})


def _links(ordered: Sequence[Run], said: Said) -> Iterable[tuple[tuple[float, ...], str, str]]:
    """(minus the strength, key, key) of every pair that is one run."""
    for one, other in _near_pairs(ordered, said):
        if frozenset((one.key, other.key)) in said.together:
            yield (-3.0, 0.0), *_in_order(one, other)
        elif likeness(one, other) is Likeness.SAME:
            named = one.names(other) or other.names(one)
            yield (-2.0 if named else -1.0, -overlap(one, other)), *_in_order(one, other)


def _in_order(one: Run, other: Run) -> tuple[str, str]:
    return (one.key, other.key) if one.key < other.key else (other.key, one.key)


def _near_pairs(runs: Sequence[Run], said: Said) -> Iterable[tuple[Run, Run]]:
    """Pairs that could be linked at all: near in time, named by each other, or spoken of. Not all pairs of a history."""
    by_start = sorted(runs, key=lambda run: (run.started_s, run.key))
    for number, one in enumerate(by_start):
        for other in by_start[number + 1 :]:
            if other.started_s > max(one.ended_s, one.started_s + STARTS_WITHIN_S):
                break
            yield one, other
    by_key = {run.key: run for run in runs}
    for pair in said.together:
        if len(pair) == 2 and pair <= by_key.keys():
            one, other = (by_key[key] for key in sorted(pair))
            yield one, other
    by_content: dict[str, list[Run]] = {}
    for run in runs:
        by_content.setdefault(run.content, []).append(run)
    for run in runs:
        if run.companion:
            yield from ((run, other) for other in by_content.get(run.companion, ()))


def _forbidden(ours: set[str], theirs: set[str], contents: dict[str, str], said: Said) -> bool:
    held = {contents[key] for key in ours if contents[key]}
    if any(contents[key] in held for key in theirs):
        return True
    return any(frozenset((one, other)) in said.apart for one in ours for other in theirs)


def offers(runs: Collection[Run], said: Said) -> list[tuple[str, str]]:
    """Pairs of keys that may be one run and are not in one group: a person is to say. Latest start first."""
    pairs = list(_near_pairs(sorted(runs, key=lambda run: run.key), said))
    near = {run.key: run for pair in pairs for run in pair}  # all others are alone, in a long history nearly all
    group_of = {key: group for group in groups(near.values(), said) for key in group}
    contents = {run.key: run.content for run in near.values()}
    asked: set[frozenset[tuple[str, ...]]] = set()
    found: list[tuple[float, str, str]] = []
    for one, other in pairs:
        ours, theirs = group_of[one.key], group_of[other.key]
        pair = frozenset((ours, theirs))
        if ours == theirs or pair in asked or likeness(one, other) is Likeness.NONE:
            continue
        if _forbidden(set(ours), set(theirs), contents, said):
            continue
        asked.add(pair)
        found.append((-max(one.started_s, other.started_s), *_in_order(one, other)))
    return [(one, other) for _start, one, other in sorted(found)]


def linked(run: Run, others: Iterable[Run], said: Said) -> bool:
    """Whether any of the others may stand in one group with the run, directly."""
    return any(
        frozenset((run.key, other.key)) in said.together or likeness(run, other) is Likeness.SAME for other in others
    )


def pairs_between(ours: Iterable[str], theirs: Iterable[str]) -> list[tuple[str, str]]:
    """Every pair across two groups, each in order."""
    return [(min(one, other), max(one, other)) for one in ours for other in theirs]
