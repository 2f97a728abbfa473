"""A race book as it is read: which races, in which order, how far down a page goes, and what stands out among them.

One light query brings a line for every race of the athlete (a thousand are a few milliseconds); counts, years,
distances and bests are made from those lines. The rows of a page are read in full, by keyset.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import Final, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import OrderBy

from activities.measures import OFFICIAL_NAMES
from performance.models import Race, RaceDecision

#: rows of a page; a row is some twenty nodes of a page that should not exceed 1,500
ROWS: Final = 30
CARDS: Final = 12
#: rows of the page that is asked for as a whole, to be printed: a lifetime of races
ALL_ROWS: Final = 2_000
#: candidates that stand above the races when nothing is filtered
FIRST_CARDS: Final = 4

NEWEST, OLDEST, BEST, LOWEST = "-date", "date", "-grade", "grade"
SORTS: Final = (NEWEST, OLDEST, BEST, LOWEST)
BY_DATE: Final = frozenset({NEWEST, OLDEST})

COUNTED: Final = frozenset({Race.State.FOUND, Race.State.CONFIRMED})


class Line(NamedTuple):
    """What the book needs to know of every race."""

    pk: int
    local_date: date
    distance_m: float | None
    time_s: float | None
    age_grade: float | None
    state: str
    surface: str = Race.Surface.ROAD
    refusal: str = ""

    @property
    def counts(self) -> bool:
        return self.state in COUNTED


@dataclass(frozen=True)
class Year:
    """count: races that count; best: their best grade, None where none is graded."""

    count: int
    best: float | None


@dataclass(frozen=True)
class RaceBook:
    """All races of one athlete that the reader may see."""

    lines: tuple[Line, ...]

    @classmethod
    def of(cls, races: QuerySet[Race]) -> "RaceBook":
        """One query."""
        return cls(tuple(Line(*row) for row in races.values_list(*Line._fields)))

    @cached_property
    def by_pk(self) -> dict[int, Line]:
        return {line.pk: line for line in self.lines}

    @cached_property
    def counted(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.counts)

    @cached_property
    def by_state(self) -> Counter[str]:
        return Counter(line.state for line in self.lines)

    @cached_property
    def years(self) -> dict[int, Year]:
        """Years with races that count, the latest first."""
        grades: dict[int, list[float | None]] = {}
        for line in self.counted:
            grades.setdefault(line.local_date.year, []).append(line.age_grade)
        return {
            year: Year(len(found), max((grade for grade in found if grade is not None), default=None))
            for year, found in sorted(grades.items(), reverse=True)
        }

    @cached_property
    def every_year(self) -> tuple[int, ...]:
        """Years with anything in the book, the latest first."""
        return tuple(sorted({line.local_date.year for line in self.lines}, reverse=True))

    @cached_property
    def distances_m(self) -> tuple[float, ...]:
        """Every distance raced, ascending."""
        return tuple(sorted({line.distance_m for line in self.lines if line.distance_m is not None}))

    @cached_property
    def official_distances_m(self) -> tuple[float, ...]:
        """The official distances among them."""
        return tuple(sorted({official for metres in self.distances_m if (official := official_m(metres))}))

    @property
    def odd_distances_m(self) -> tuple[float, ...]:
        return tuple(metres for metres in self.distances_m if official_m(metres) is None)

    @cached_property
    def best_grades(self) -> frozenset[int]:
        """The races with the best grade over each official distance raced more than once; the latest of equal ones."""
        by_distance: dict[float, list[Line]] = {}
        for line in self.counted:
            official = official_m(line.distance_m)
            if official is not None and line.age_grade is not None:
                by_distance.setdefault(official, []).append(line)
        raced_again = (lines for lines in by_distance.values() if len(lines) > 1)
        return frozenset(max(lines, key=lambda line: (line.age_grade, line.local_date)).pk for lines in raced_again)

    def fastest(self, *, since: date) -> dict[float, float]:
        """The best time over each official distance from that day on, of races that were graded."""
        best: dict[float, float] = {}
        for line in self.counted:
            official = official_m(line.distance_m)
            if official is None or line.time_s is None or line.age_grade is None or line.local_date < since:
                continue
            best[official] = min(best.get(official, line.time_s), line.time_s)
        return best


def official_m(distance_m: float | None) -> float | None:
    """The official distance that goes by a name, or None: 4.99 km is not 5 km, 21.1 km is the half marathon."""
    if distance_m is None:
        return None
    nearest = min(OFFICIAL_NAMES, key=lambda official: abs(official - distance_m))
    return nearest if is_official(distance_m, nearest) else None


def is_official(distance_m: float, official: float) -> bool:
    return abs(official - distance_m) <= max(1.0, 0.0002 * official)


def a_year_before(day: date) -> date:
    return day - timedelta(days=365)


# -- the rows of a page -------------------------------------------------------------------------------------------------


def for_pages(races: QuerySet[Race]) -> QuerySet[Race]:
    """Races with everything a row or a card shows: the recorded activity, and `last_decision`, the id the page has seen."""
    latest = RaceDecision.objects.filter(race=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return races.select_related("found_in").annotate(last_decision=Subquery(latest))


@dataclass(frozen=True)
class Page:
    """races: what is shown, in order.  more: the id after which the next page begins, None at the end."""

    races: tuple[Race, ...]
    more: int | None

    def by_year(self) -> list[tuple[int, list[Race]]]:
        return [(year, list(races)) for year, races in groupby(self.races, key=lambda race: race.local_date.year)]


def read_page(races: QuerySet[Race], *, sort: str, after: Line | None, size: int) -> Page:
    """At most `size` races that come after a line, in that order. One query."""
    if after is not None:
        races = races.filter(_beyond(after, sort))
    found = list(in_order(for_pages(races), sort)[: size + 1])
    return Page(races=tuple(found[:size]), more=found[size - 1].pk if len(found) > size else None)


def in_order(races: QuerySet[Race], sort: str) -> QuerySet[Race]:
    return races.order_by(*_order(sort))


def _order(sort: str) -> Sequence[OrderBy]:
    dates = [F("local_date"), F("pk")]
    if sort == OLDEST:
        return [column.asc() for column in dates]
    by_date = [column.desc() for column in dates]
    if sort == BEST:
        return [F("age_grade").desc(nulls_last=True), *by_date]
    if sort == LOWEST:
        return [F("age_grade").asc(nulls_last=True), *by_date]
    return by_date


def _beyond(line: Line, sort: str) -> Q:
    """The condition "comes after that line in this order"; a race without a grade comes after those with one."""
    if sort == OLDEST:
        return Q(local_date__gt=line.local_date) | Q(local_date=line.local_date, pk__gt=line.pk)
    earlier = Q(local_date__lt=line.local_date) | Q(local_date=line.local_date, pk__lt=line.pk)
    if sort not in {BEST, LOWEST}:
        return earlier
    if line.age_grade is None:
        return Q(age_grade__isnull=True) & earlier
    further = Q(age_grade__lt=line.age_grade) if sort == BEST else Q(age_grade__gt=line.age_grade)
    return further | Q(age_grade__isnull=True) | (Q(age_grade=line.age_grade) & earlier)


def near(distances_m: Iterable[float], wanted_m: float) -> list[float]:
    """Those that are the wanted distance by name, or to the metre."""
    return [metres for metres in distances_m if is_official(metres, wanted_m)]
