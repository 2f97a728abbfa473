"""`manage.py restore PATH`: a backup into an empty database and empty storage, wholly or not at all."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import restoring
from config.backup.archive import Damaged
from config.backup.database import CannotRestore
from config.management.progress import opened, progress_to


class Command(BaseCommand):
    help = "Restore a backup from a file, or with - from stdin, into an empty installation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH")
        parser.add_argument(
            "--without-keys", action="store_true", help="restore although FIELD_KEYS lacks a key: what it seals is lost"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with opened(options["path"]) as source:
                told = restoring.restore(source, progress_to(self.stderr), without_keys=options["without_keys"])
        except (Damaged, CannotRestore, OSError) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        self.stderr.write("Restored: {rows} rows, {files} files.".format(**told))
