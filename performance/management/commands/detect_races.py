"""detect_races INPUT.csv OUTPUT.csv: which runs of a table are races. Needs no database, queue or setting."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from performance.race_detection.summaries import detect


class Command(BaseCommand):
    help = "Read runs from a CSV file and write, for each, the probability that it was a race, and why."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "input", help="CSV with a header (row_id, athlete, start_date_local, distance, ...); - for stdin"
        )
        parser.add_argument("output", help="CSV to write; - for stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with _opened(options["input"], "r") as source:
                text = source.readlines()
            with _opened(options["output"], "w") as target:
                detect(text, target)
        except OSError as error:
            raise CommandError(str(error)) from error


@contextmanager
def _opened(name: str, mode: str) -> Iterator[IO[str]]:
    """The file, or this process's own stream for "-". What is no UTF-8 is read as far as it goes."""
    if name == "-":
        own = sys.stdin.fileno() if mode == "r" else sys.stdout.fileno()
        with open(own, mode, encoding="utf-8", errors="replace", newline="", closefd=False) as stream:
            yield stream
    else:
        with Path(name).open(mode, encoding="utf-8", errors="replace", newline="") as file:
            yield file
