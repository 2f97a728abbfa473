"""The files of the made-up runner, one by one and newest first, and what is true of each."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from activities.demo import season
from activities.demo.files import as_gpx, as_tcx, gzipped
from activities.demo.season import Outing, Years
from activities.demo.sessions import session
from activities.demo.watch import record

FINE_DAYS = 60  # so long runs are kept second by second, or every other
COARSE_S = 8
GZIPPED = 0.85  # of the files
SPORTS = {"ride": "cycling", "walk": "walking", "hike": "hiking"}


@dataclass(frozen=True, kw_only=True)
class DemoTruth:
    """What ought to be found in a file. started_at: in UTC.  distance_m, elapsed_s: as recorded, from start to stop.

    race_name, official_distance_m, chip_time_s: of a race, which for a race inside a longer file is shorter than the
    file.
    """

    started_at: datetime
    sport: str
    title: str
    distance_m: float
    elapsed_s: int
    is_race: bool
    race_name: str | None = None
    official_distance_m: float | None = None
    chip_time_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class DemoFile:
    name: str
    content: bytes
    truth: DemoTruth


def generate(*, seed: int, years: float, until: date) -> Iterator[DemoFile]:
    """Some 133 files a year, newest first, of which some 20 are races; until: the last day that may hold one."""
    for outing in season.outings(seed=seed, years=Years.until(until, years)):
        yield _file(outing, seed=seed, until=until)


def write_truth(path: Path, files: Iterable[DemoFile]) -> None:
    """One row a file: its name, then what is true of it; empty where there is nothing to say."""
    names = [field.name for field in fields(DemoTruth)]
    with path.open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["file", *names])
        for file in files:
            rows.writerow([file.name, *(_cell(value) for value in astuple(file.truth))])


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return round(value, 2) if isinstance(value, float) else value


def _file(outing: Outing, *, seed: int, until: date) -> DemoFile:
    start = outing.start.astimezone(UTC)
    random = np.random.default_rng((seed, int(start.timestamp())))
    plan = session(outing, random)
    recent = outing.start.date() > until - timedelta(days=FINE_DAYS)
    recording = record(
        plan, random, ten_km_s=outing.ten_km_s, every_s=int(random.integers(1, 3)) if recent else COARSE_S
    )
    sport = SPORTS.get(outing.kind, "running")
    watch = sport in {"running", "cycling"} and random.random() < 0.55
    write, suffix = (as_tcx, ".tcx") if watch or not plan.has_positions else (as_gpx, ".gpx")
    strap = bool(random.random() > 0.04)
    content = write(recording, start=start, sport=sport, title=plan.title, has_heart_rate=strap)
    if random.random() < GZIPPED:
        content, suffix = gzipped(content), suffix + ".gz"
    raced = outing.chip_s is not None
    return DemoFile(
        name=f"{outing.start:%Y-%m-%d-%H%M}-{sport}{suffix}",
        content=content,
        truth=DemoTruth(
            started_at=start,
            sport=sport,
            title=plan.title,
            distance_m=float(recording.distance_m[-1]),
            elapsed_s=int(recording.time_s[-1]),
            is_race=raced,
            race_name=outing.event.name if raced and outing.event else None,
            official_distance_m=outing.event.distance_m if raced and outing.event else None,
            chip_time_s=outing.chip_s,
        ),
    )
