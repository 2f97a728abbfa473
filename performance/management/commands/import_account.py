"""`manage.py import_account IN.zip --athlete E-MAIL`: an export comes back into an empty account."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activities.models import Activity, ImportBatch
from activities.signals import import_finished
from athletes.models import Athlete
from performance.account_import import NotAnExport, read_export
from performance.models import Race


class Command(BaseCommand):
    help = "Read an export of an account back into an account that is empty."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="IN.zip", type=Path)
        parser.add_argument("--athlete", required=True, metavar="E-MAIL")
        parser.add_argument("--no-wait", action="store_true", help="leave the analysis to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        athlete = Athlete.objects.select_related("user").filter(user__email__iexact=options["athlete"]).first()
        if athlete is None:
            raise CommandError(f"There is no athlete with the e-mail {options['athlete']}.")
        try:
            batch = read_export(options["path"], athlete)
        except NotAnExport as error:
            raise CommandError(f"{options['path']}: {error}") from error
        except OSError as error:
            raise CommandError(f"{options['path']} cannot be read: {error.strerror}") from error
        if not options["no_wait"]:
            import_finished.send(sender=ImportBatch, batch=batch)
        n_activities, n_races = Activity.objects.of(athlete).count(), Race.objects.of(athlete).count()
        self.stdout.write(f"{n_activities} activities and {n_races} races are here now.")
