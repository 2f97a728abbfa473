"""How much of the readers' speed is left when files are really imported, on both cores, and in how much memory?

    python bench/imports.py --database postgres://USER@HOST:PORT/NAME [--files 200]

A database `bench_imports` is made beside NAME and dropped at the end; its user must be allowed to. Files are made up: runs
of forty minutes at a sample a second, a third each FIT, TCX and GPX, half of them gzipped. First two processes read them
and keep nothing; then two processes import them as workers do (bytes waiting in storage, original kept, activity found or
made, laps and samples stored), committed and synced; then the same files come again and are recognised. Analysis is not
part of it: it follows in tasks of its own. Memory is the peak of the larger process.
"""

import argparse
import gzip
import io
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

NAME = "bench_imports"
CORES = 2
SECONDS = 2400
DAYS = 4000
TURNS = 5


def start(database: str, media: str) -> None:
    """What a worker's process does before its first file. Nothing is queued: this program hands out the work."""
    os.environ |= {"DATABASE_URL": database, "MEDIA_ROOT": media, "DJANGO_SETTINGS_MODULE": "config.settings"}
    import django

    django.setup()
    from celery import Task
    from structlog import configure, make_filtering_bound_logger

    Task.apply_async = lambda *args, **options: None
    configure(wrapper_class=make_filtering_bound_logger(50))


def make_files(folder: Path, n: int) -> list[Path]:
    import importers as made_up

    rng = random.Random(1)
    paths = []
    for number in range(n):
        made_up.START = 1_400_000_000 + number * (DAYS * 86_400 // n) + rng.randrange(3600)
        kind = ("fit", "tcx", "gpx")[number % 3]
        path = folder / f"{number:05}.{kind}"
        getattr(made_up, f"write_{kind}")(path, iter(range(SECONDS)))
        if number % 2:
            packed = path.with_name(path.name + ".gz")
            packed.write_bytes(gzip.compress(path.read_bytes(), 6))
            path.unlink()
            path = packed
        paths.append(path)
    rng.shuffle(paths)
    return paths


def read_all(paths: list[Path]) -> int:
    from activities.importers import read_file

    for path in paths:
        assert read_file(path, name=path.name).activities, path
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def import_all(file_ids: list[int]) -> int:
    from activities import ingest

    for file_id in file_ids:
        assert ingest.work_off(file_id)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def timed(pool: ProcessPoolExecutor, act: Callable[[list], int], work: list) -> tuple[float, float]:
    """(seconds, peak in MB)"""
    began = time.perf_counter()
    peaks = list(pool.map(act, [work[core::CORES] for core in range(CORES)]))
    return time.perf_counter() - began, max(peaks) / 1024


def pool(database: str, media: str) -> ProcessPoolExecutor:
    made = ProcessPoolExecutor(CORES, mp_context=get_context("spawn"), initializer=start, initargs=(database, media))
    list(made.map(time.sleep, [1.0] * CORES))  # both are up
    return made


def receive(paths: list[Path], athlete_id: int) -> list[int]:
    from activities import ingest
    from activities.models import ImportBatch

    batch = ImportBatch.objects.create(athlete_id=athlete_id, kind="command")
    return [
        ingest.receive(batch, name=path.name, source=io.BytesIO(path.read_bytes()), position=position).pk
        for position, path in enumerate(paths)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True)
    parser.add_argument("--files", type=int, default=200)
    asked = parser.parse_args()
    database = urlunsplit(urlsplit(asked.database)._replace(path=f"/{NAME}"))
    with psycopg.connect(asked.database, autocommit=True) as server:
        server.execute(f"drop database if exists {NAME}")
        server.execute(f"create database {NAME}")
        try:
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as media:
                measure(database, Path(folder), media, asked.files)
        finally:
            server.execute(f"drop database if exists {NAME} with (force)")


def measure(database: str, folder: Path, media: str, n: int) -> None:
    start(database, media)
    from django.core.management import call_command
    from django.db import connection

    from activities.models import Activity
    from athletes.people import make_person

    call_command("migrate", verbosity=0)
    athlete = make_person(email="bench@example.invalid", password="-", role="athlete").athlete
    paths = make_files(folder, n)
    first, again = receive(paths, athlete.pk), receive(paths, athlete.pk)
    connection.close()
    print(f"{n} files, {sum(path.stat().st_size for path in paths) / 2**20:.0f} MB, {SECONDS:,} samples each")
    print("| what | files/s | of the readers alone | peak MB |\n|---|---:|---:|---:|")
    work = {
        "read and keep nothing": (read_all, paths),
        "import": (import_all, first),
        "the same again": (import_all, again),
    }
    seconds, peaks = dict.fromkeys(work, 0.0), dict.fromkeys(work, 0.0)
    pools = {what: pool(database, media) for what in work}
    for turn in range(TURNS):  # in turns, because the machine may have other work
        for what, (act, items) in work.items():
            took, peak = timed(pools[what], act, items[turn::TURNS])
            seconds[what] += took
            peaks[what] = max(peaks[what], peak)
    for one in pools.values():
        one.shutdown()
    for what in work:
        ratio = seconds["read and keep nothing"] / seconds[what]
        print(f"| {what} | {n / seconds[what]:.1f} | {ratio:.2f} | {peaks[what]:.0f} |")
    assert Activity.objects.count() == n, Activity.objects.count()
    connection.close()


if __name__ == "__main__":
    main()
