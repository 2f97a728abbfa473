"""`manage.py verify [PATH]`: whether a backup is whole (no database needed), or whether this installation is."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import installation, keys, restoring
from config.backup.archive import Damaged
from config.management.progress import opened, progress_to


class Command(BaseCommand):
    help = "Check a backup file (- for stdin), or without one this installation: rows, originals, constraints, keys."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH", nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["path"]:
            self._backup(options["path"])
        else:
            self._installation()

    def _backup(self, path: str) -> None:
        try:
            with opened(path) as source:
                told = restoring.check(source, progress_to(self.stderr))
        except (Damaged, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The backup of {made_at} is whole: {rows} rows, {files} files.".format(**told))
        for key in told["field_keys"]:
            here = "is in FIELD_KEYS here" if key in keys.fingerprints() else "is not in FIELD_KEYS here"
            self.stdout.write(f"The key with the fingerprint {key} {here}.")

    def _installation(self) -> None:
        weights: Counter[str] = Counter()
        for finding in installation.look(progress_to(self.stderr)):
            weights[finding.weight] += 1
            self.stdout.write(f"{finding.weight}: {finding.words}")
        broken, odd = weights[installation.BROKEN], weights[installation.ODD]
        if broken:
            raise CommandError(f"{broken} things are broken, {odd} are odd.")
        self.stdout.write(
            f"Everything belongs together; {odd} things are odd." if odd else "Everything belongs together."
        )
