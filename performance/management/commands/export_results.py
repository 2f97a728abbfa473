"""`manage.py export_results --athlete E-MAIL --what races|activities|efforts --format csv|json`: the faces of the pages, to
standard output. All of it, unfiltered, newest first; fields and units are those of /races.csv and its like."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from activities.models import Activity
from athletes.models import Athlete
from performance import exports
from performance.figures import effort_fields
from performance.models import Race
from performance.race_book import NEWEST
from performance.views import activities, race_faces

EFFORTS: Final = ("activity_id", "date", "name", "distance_m", "time_s", "start_s", "recording_id")


class Command(BaseCommand):
    help = "Write an athlete's races, activities or best efforts to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--athlete", required=True, metavar="E-MAIL")
        parser.add_argument("--what", required=True, choices=["races", "activities", "efforts"])
        parser.add_argument("--format", choices=["csv", "json"], default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        athlete = Athlete.objects.filter(user__email__iexact=options["athlete"]).first()
        if athlete is None:
            raise CommandError(f"There is no athlete with the e-mail {options['athlete']}.")
        fields, rows = _rows(athlete, options["what"])
        lines = exports.json_lines(rows) if options["format"] == "json" else exports.csv_lines(fields, map(_flat, rows))
        for line in lines:
            self.stdout.write(line, ending="")


def _rows(athlete: Athlete, what: str) -> tuple[tuple[str, ...], Iterator[dict[str, Any]]]:
    if what == "races":
        return race_faces.FIELDS, race_faces.rows(Race.objects.of(athlete), sort=NEWEST)
    runs = Activity.objects.of(athlete)
    if what == "activities":
        return activities.FIELDS, activities.rows(runs, shows_streams=True)
    return EFFORTS, effort_fields(activities.efforts_of(runs))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Lists with blanks between, as /races.csv has them."""
    return {name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}
