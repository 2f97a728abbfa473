"""`manage.py backup PATH`: the database and the stored files in one file, while everything goes on."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from config.backup import keys, making
from config.backup.archive import Damaged
from config.management.progress import progress_to


class Command(BaseCommand):
    help = "Write a backup to a file, or with - to stdout. FIELD_KEYS are not in it: keep them elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH", help="a file that does not exist yet, or - for stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = progress_to(self.stderr)
        try:
            if options["path"] == "-":
                if sys.stdout.isatty():
                    raise CommandError("stdout is a terminal: send it to a file, as in `backup - > agegrade.tar`")
                told = making.make(sys.stdout.buffer, progress)
                sys.stdout.buffer.flush()
            else:
                told = self._into(Path(options["path"]), progress)
        except (Damaged, OSError) as error:
            raise CommandError(f"There is no backup: {error}") from error
        self.stderr.write("Backup made: {rows} rows, {files} files.".format(**told))
        held = ", ".join(keys.fingerprints()) or "none"
        self.stderr.write(f"Keep FIELD_KEYS elsewhere; their fingerprints are: {held}")

    def _into(self, path: Path, progress: Any) -> dict[str, int]:
        """Under its name only once it is whole, and readable by its owner alone."""
        if path.exists():
            raise CommandError(f"{path} exists already, and a backup replaces nothing.")
        draft = path.with_name(path.name + ".partial")
        try:
            with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                told = making.make(cast("IO[bytes]", file), progress)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except FileExistsError:
            raise CommandError(f"{draft} exists: another backup is being written, or one was broken off.") from None
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return told
