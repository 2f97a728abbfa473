"""`manage.py import_files PATH… --athlete E-MAIL`: files and folders in, an outcome for each."""

import errno
import json
import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from activities import ingest
from activities.models import ImportBatch, ImportFile
from athletes.models import Athlete


def files_under(paths: list[str]) -> Iterator[tuple[str, Path]]:
    """Everything under the paths with the name it is reported by: as given, or below the folder given.

    Hidden things are left out. What is no file (a pipe, a broken link, a folder that cannot be read, a link to a folder)
    comes too, so that it gets an outcome and is not passed over in silence.
    """
    for given in map(Path, paths):
        if given.is_dir():
            yield from ((str(path.relative_to(given)), path) for path in sorted(_below(given)))
        elif given.exists() or given.is_symlink():
            yield given.name, given
        else:
            raise CommandError(f"{given} is neither a file nor a folder")


def _below(folder: Path) -> Iterator[Path]:
    closed: list[Path] = []
    for where, folders, names in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(where)
        yield from (here / name for name in names if not name.startswith("."))
        yield from (here / name for name in folders if (here / name).is_symlink())
    yield from closed


def _opened(path: Path) -> IO[bytes]:
    """Raises OSError, also for what would be waited for or read without end."""
    if not path.is_dir() and path.exists() and not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "it is not a regular file", str(path))
    return path.open("rb")


class Command(BaseCommand):
    help = "Import activity files (FIT, GPX, TCX, each also .gz) and folders of them for one athlete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument("--athlete", required=True, metavar="E-MAIL")
        parser.add_argument("--report", metavar="FILE.json", help="write the outcome of every file there")
        parser.add_argument("--no-wait", action="store_true", help="leave the reading to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        athlete = Athlete.objects.filter(user__email__iexact=options["athlete"]).first()
        if athlete is None:
            raise CommandError(f"There is no athlete with the e-mail {options['athlete']}.")
        found = list(files_under(options["paths"]))
        if not found:
            raise CommandError("There are no files under what was given.")
        batch = ImportBatch.objects.create(athlete=athlete, kind=ImportBatch.Kind.COMMAND)
        for position, (name, path) in enumerate(found):
            try:
                with _opened(path) as source:
                    ingest.receive(batch, name=name, source=source, position=position)
            except OSError as error:
                if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
                    ingest.unopened(batch, name=name, position=position, error=error)
                else:  # a full disk concerns every file
                    raise CommandError(f"Stopped at {name}: {error.strerror}. What came before is safe.") from error
        if not options["no_wait"]:
            try:
                ingest.work_off_all(batch)
            except OSError as error:
                raise CommandError(f"Stopped: {error.strerror}. What is not read yet waits for the workers.") from error
        files = list(batch.files.select_related("batch"))
        if options["report"]:
            Path(options["report"]).write_text(json.dumps(ingest.report(files), indent=1, ensure_ascii=False) + "\n")
        for file in files:
            if file.outcome in {ImportFile.Outcome.REFUSED, ImportFile.Outcome.PARTIAL}:
                self.stderr.write(f"{file.name}: {file.outcome}: {file.reason}")
        counts = Counter(file.outcome for file in files)
        self.stdout.write(
            f"{len(files)} files: " + ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
        )
