"""When she runs: the races of a year, the parkruns between them, and the training around both.

The plan is made as a whole, because a week knows what its Sunday holds; only then it is turned into files one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from activities.demo import runner
from activities.demo.places import Shape
from activities.measures import format_duration

Kind = Literal[
    "race", "track_race", "warm_up", "cool_down", "easy", "recovery", "long", "intervals", "tempo", "treadmill", "ride",
    "walk", "hike",
]  # fmt: skip

ZONE = ZoneInfo("Europe/London")
RACES_A_YEAR = 20
OUTINGS_A_YEAR = 133.5
WARMED_UP = 0.4  # of the shorter races

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


@dataclass(frozen=True)
class Event:
    """slower: how much longer it takes than on a flat road.  measures: what her watch makes of its length."""

    name: str
    distance_m: float
    at: time
    month: int = 0
    weekday: int = SUNDAY
    nth: int = 1
    shape: Shape = "loop"
    away_m: float = 9000.0
    hilliness: float = 1.0
    slower: float = 1.0
    measures: float = 1.006


EVENTS = (
    Event("Fenland League cross-country", 6200, time(11, 30), 1, SATURDAY, 2, slower=1.09, measures=1.0, away_m=14_000),
    Event("Thornlode 10 Mile", 16_093.44, time(9, 30), 2, SUNDAY, 3),
    Event("Ottersey Half Marathon", 21_097.5, time(9, 30), 3, SUNDAY, 2, away_m=17_000, measures=1.007),
    Event("Kingsholme Marathon", 42_195, time(10, 0), 4, SUNDAY, 4, away_m=31_000, measures=1.008),
    Event("Brackwater 10K", 10_000, time(10, 0), 5, SUNDAY, 3),
    Event("Midsummer 5 Mile", 8046.72, time(19, 15), 6, WEDNESDAY, 3, away_m=5000),
    Event("County Masters 1500 m", 1500, time(19, 40), 7, TUESDAY, 2, shape="track", away_m=3500, measures=1.004),
    Event("Warren Hills Trail Race", 14_300, time(10, 0), 8, SUNDAY, 2, hilliness=9, slower=1.14, away_m=26_000),
    Event("Wickmarsh 10K", 10_000, time(10, 30), 9, SUNDAY, 2, away_m=12_000),
    Event("Eldersea Half Marathon", 21_097.5, time(10, 0), 10, SUNDAY, 2, shape="out_and_back", away_m=38_000),
    Event("Harrowmere 10K", 10_000, time(10, 0), 11, SUNDAY, 1, away_m=2000),
    Event("Fenland League cross-country", 6200, time(11, 30), 11, SATURDAY, 4, slower=1.1, measures=1.0, away_m=14_000),
    Event("Stonebeck 10 Mile", 16_093.44, time(10, 0), 12, SUNDAY, 2, away_m=21_000),
    Event("Resolution 10K", 10_000, time(11, 0), 1, away_m=2000),  # on New Year's Day
)
PARKRUNS = (
    Event("Harrowmere parkrun", 5000, time(9, 0), measures=1.006, away_m=2000),
    Event("Wickmarsh Common parkrun", 5000, time(9, 0), measures=1.007, away_m=12_000),
)


@dataclass(frozen=True, kw_only=True)
class Outing:
    """One future file.  distance_m: wanted, for training.  chip_s: of a race.  ten_km_s: what she was good for that
    day.
    """

    start: datetime
    kind: Kind
    title: str
    ten_km_s: float
    distance_m: float
    event: Event | None = None
    chip_s: int | None = None


@dataclass(frozen=True)
class Years:
    """The time that is told, and where in it she was ill."""

    first: date
    last: date

    @classmethod
    def until(cls, last: date, years: float) -> "Years":
        return cls(last - timedelta(days=round(years * 365.25) - 1), last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def each(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))

    def ill(self, day: date, *, weak_for: int = 0) -> bool:
        """weak_for: so many days more, in which nobody races."""
        share, lasted = runner.ILLNESS
        since = (day - self.first).days - int(share * self.days)
        return self.days > 10 * lasted and 0 <= since < lasted + weak_for

    def ten_km_s(self, day: date) -> float:
        return runner.time_10_km_s(day, runner.form(day, first=self.first, last=self.last))


def outings(*, seed: int, years: Years) -> list[Outing]:
    """All of them, newest first."""
    random = np.random.default_rng((seed, years.last.toordinal(), years.days))
    raced = _races(random, years)
    around = [outing for race in raced for outing in _around(random, race)]
    trained = list(_training(random, years, {race.start.date(): race for race in raced}))
    wanted = round(OUTINGS_A_YEAR * years.days / 365.25) - len(raced) - len(around)
    if 0 <= wanted < len(trained):
        kept = sorted(random.choice(len(trained), size=wanted, replace=False))
        trained = [trained[n] for n in kept]
    return sorted([*raced, *around, *trained], key=lambda outing: outing.start, reverse=True)


# Races


def _races(random: np.random.Generator, years: Years) -> list[Outing]:
    fixtures = dict(_fixtures(years))
    fixtures |= _parkruns(random, years, set(fixtures))
    untold = set(random.permutation(len(fixtures))[: len(fixtures) // 2])
    return [_race(random, years, day, event, n in untold) for n, (day, event) in enumerate(sorted(fixtures.items()))]


def _fixtures(years: Years) -> Iterator[tuple[date, Event]]:
    for year in range(years.first.year, years.last.year + 1):
        for event in EVENTS:
            new_year = event.name == "Resolution 10K"
            day = date(year, 1, 1) if new_year else _nth_weekday(year, event.month, event.weekday, event.nth)
            if years.first <= day <= years.last and not years.ill(day, weak_for=12):
                yield day, event


def _parkruns(random: np.random.Generator, years: Years, taken: set[date]) -> dict[date, Event]:
    """As many as are missing to the races of a year; never the day before another race."""
    free = [
        day
        for day in years.each()
        if day.weekday() == SATURDAY
        and not years.ill(day, weak_for=12)
        and not taken & {day - timedelta(days=6), day, day + timedelta(days=1)}
    ]
    missing = max(0, round(RACES_A_YEAR * years.days / 365.25) - len(taken))
    chosen = random.choice(len(free), size=min(missing, len(free)), replace=False)
    return {free[n]: PARKRUNS[int(random.random() < 0.35)] for n in sorted(chosen)}


def _race(random: np.random.Generator, years: Years, day: date, event: Event, untold: bool) -> Outing:
    form = random.normal(1.0, 0.006) + (0.012 if event in PARKRUNS and random.random() < 0.35 else 0)
    ten_km_s = years.ten_km_s(day)
    chip_s = round(runner.race_time_s(event.distance_m, ten_km_s) * event.slower * form)
    start = datetime.combine(day, event.at, ZONE)
    kind: Kind = "race"
    if event.shape == "track":
        start, kind = start - timedelta(minutes=27), "track_race"
    title = _plain_title(start) if untold else _event_title(random, event, day, chip_s)
    return Outing(
        start=start,
        kind=kind,
        title=title,
        ten_km_s=ten_km_s,
        distance_m=event.distance_m,
        event=event,
        chip_s=chip_s,
    )


def _event_title(random: np.random.Generator, event: Event, day: date, chip_s: int) -> str:
    titles = [event.name, event.name, f"{event.name} {day.year}", f"{event.name}, {format_duration(chip_s)}"]
    if event in PARKRUNS:
        titles = [event.name, event.name, f"{event.name} #{100 + day.toordinal() // 7 % 300}"]
    return titles[int(random.integers(len(titles)))]


def _around(random: np.random.Generator, race: Outing) -> Iterator[Outing]:
    """Jogging before and after a race, in files of its own."""
    if race.kind != "race" or race.distance_m > 16_100 or random.random() > WARMED_UP:
        return
    told = random.random() < 0.5
    before = race.start - timedelta(minutes=int(random.integers(26, 36)))
    yield Outing(
        start=before,
        kind="warm_up",
        title="Warm-up" if told else _plain_title(before),
        ten_km_s=race.ten_km_s,
        distance_m=float(random.integers(1500, 2300)),
        event=race.event,
    )
    if random.random() < 0.7:
        after = race.start + timedelta(seconds=(race.chip_s or 0) + int(random.integers(500, 1000)))
        yield Outing(
            start=after,
            kind="cool_down",
            title="Cool-down" if told else _plain_title(after),
            ten_km_s=race.ten_km_s,
            distance_m=float(random.integers(1200, 2100)),
            event=race.event,
        )


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


# Training

# For each day of the week how often it is used, and for what.
WEEK: dict[int, tuple[float, tuple[Kind, ...]]] = {
    MONDAY: (0.15, ("recovery",)),
    TUESDAY: (0.65, ("intervals", "intervals", "intervals", "tempo", "tempo")),
    THURSDAY: (0.6, ("easy",)),
    SATURDAY: (0.3, ("ride", "ride", "easy", "easy", "easy", "walk", "hike")),
    SUNDAY: (0.8, ("long",)),
}

TITLES: dict[Kind, tuple[str, ...]] = {
    "easy": ("Easy", "Easy along the lode", "10k easy", "Steady with the club", "Round the fen"),
    "recovery": ("Recovery", "Recovery with the club", "Legs like lead"),
    "long": ("Long run", "Long run, reservoir and back", "Sunday long one", "Long and slow, marathon training"),
    "tempo": ("Tempo", "Tempo 20 minutes", "Threshold run", "Marathon pace practice"),
    "treadmill": ("Treadmill", "Treadmill, too icy outside"),
    "ride": ("Bike to the coast road", "Ride", "Gentle spin"),
    "walk": ("Walk", "Walk with the dog"),
    "hike": ("Hike over the Warren Hills", "Day out with the ramblers"),
}


def _training(random: np.random.Generator, years: Years, races: dict[date, Outing]) -> Iterator[Outing]:
    for day in years.each():
        if day in races or years.ill(day):
            continue
        kind = _kind_of_day(random, day, races)
        if kind is None:
            continue
        if kind in {"intervals", "tempo"} and years.ill(day, weak_for=20):
            kind = "easy"
        start = datetime.combine(day, _clock(random, kind, day), ZONE)
        yield Outing(
            start=start,
            kind=kind,
            title=_title(random, kind, start),
            ten_km_s=years.ten_km_s(day),
            distance_m=_distance_m(random, kind, day, races),
        )


def _kind_of_day(random: np.random.Generator, day: date, races: dict[date, Outing]) -> Kind | None:
    """What a day is used for, if for anything. Before a long race she rests, after one she jogs."""
    chance, kinds = WEEK.get(day.weekday(), (0.0, ()))
    ahead = max((races[soon].distance_m for n in (1, 2, 3) if (soon := day + timedelta(days=n)) in races), default=0)
    behind = max((races[past].distance_m for n in range(1, 6) if (past := day - timedelta(days=n)) in races), default=0)
    if ahead >= 8000 or behind >= 21_000:
        chance, kinds = min(chance, 0.25), ("recovery",)
    if random.random() >= chance:
        return None
    kind = kinds[int(random.integers(len(kinds)))]
    icy = day.month in (12, 1, 2) and random.random() < 0.3
    return "treadmill" if kind == "easy" and icy else kind


def _distance_m(random: np.random.Generator, kind: Kind, day: date, races: dict[date, Outing]) -> float:
    low, high = {
        "easy": (6200, 10_500),
        "recovery": (4800, 6800),
        "long": (13_500, 19_500),
        "tempo": (8800, 11_500),
        "treadmill": (6000, 9000),
        "ride": (24_000, 46_000),
        "walk": (3500, 7000),
        "hike": (9000, 16_000),
    }.get(kind, (9000, 11_000))
    wanted = float(random.uniform(low, high))
    if kind == "long":
        weeks_to_marathon = min(
            ((race - day).days / 7 for race, outing in races.items() if outing.distance_m > 42_000 and race > day),
            default=99,
        )
        if 3 <= weeks_to_marathon <= 14:
            wanted += (14 - weeks_to_marathon) * 1000
    return wanted


def _clock(random: np.random.Generator, kind: Kind, day: date) -> time:
    minute = int(random.integers(60))
    if kind in {"intervals", "tempo"}:
        return time(18, 30 + minute // 6)
    if kind in {"long", "hike"} or day.weekday() >= SATURDAY:
        return time(8 + minute % 3, minute)
    return time((7, 12, 17, 18)[int(random.integers(4))], minute)


def _title(random: np.random.Generator, kind: Kind, start: datetime) -> str:
    """Two in five keep what the watch calls them; a session's own title comes with the session."""
    if random.random() < 0.4:
        return _plain_title(start, {"ride": "Ride", "walk": "Walk", "hike": "Hike"}.get(kind, "Run"))
    titles = TITLES.get(kind, ("",))
    return titles[int(random.integers(len(titles)))]


def _plain_title(start: datetime, what: str = "Run") -> str:
    hour = start.hour
    part = "Morning" if hour < 12 else "Lunch" if hour < 14 else "Afternoon" if hour < 17 else "Evening"
    return f"{part} {what}"
