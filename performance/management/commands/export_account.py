"""`manage.py export_account E-MAIL OUT.zip`: everything an athlete has here, as one zip (docs/export.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from athletes.models import Athlete
from performance.account_export import write_export


class Command(BaseCommand):
    help = "Write everything an athlete has here into one zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("out", metavar="OUT.zip", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        athlete = Athlete.objects.select_related("user").filter(user__email__iexact=options["email"]).first()
        if athlete is None:
            raise CommandError(f"There is no athlete with the e-mail {options['email']}.")
        out: Path = options["out"]
        part = out.with_name(out.name + ".part")
        try:
            with part.open("wb") as local:
                counts = write_export(athlete, local, told=self._told)
            part.replace(out)  # there is either a whole export under that name, or none
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(
            f"{out}: {counts.activities} activities in {counts.recordings} recordings, {counts.originals} original files, "
            f"{counts.races} races"
        )

    def _told(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total}", ending="\n" if done == total else "")
