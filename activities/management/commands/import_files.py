"""`manage.py import_files PATH… --athlete E-MAIL`: files and folders in, an outcome for each."""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activities import ingest
from activities.models import ImportBatch, ImportFile
from athletes.models import Athlete


def files_under(paths: list[str]) -> Iterator[tuple[str, Path]]:
    """Every file under the paths with the name it is reported by: as given, or below the folder given. Hidden ones not."""
    for given in map(Path, paths):
        if given.is_dir():
            for path in sorted(given.rglob("*")):
                hidden = any(part.startswith(".") for part in path.relative_to(given).parts)
                if path.is_file() and not hidden:
                    yield str(path.relative_to(given)), path
        elif given.is_file():
            yield given.name, given
        else:
            raise CommandError(f"{given} is neither a file nor a folder")


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
                with path.open("rb") as source:
                    ingest.receive(batch, name=name, source=source, position=position)
            except OSError as error:
                if isinstance(error, PermissionError | FileNotFoundError | IsADirectoryError):
                    ingest.unopened(batch, name=name, position=position, error=error)
                else:  # a full disk concerns every file
                    raise CommandError(f"Stopped at {name}: {error.strerror}. What came before is safe.") from error
        if not options["no_wait"]:
            ingest.work_off_all(batch)
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
