"""`manage.py generate_demo`: a masters runner, her coach and an operator, to look at Agegrade with.

Her runs are written as files and come in by the ordinary import, newest first, so that the race book fills while one
watches. Run again, it goes on where it was stopped, or does nothing.
"""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from activities import demo, demonstration, ingest
from activities.demonstration import ADA, CARL, OLGA


class Command(BaseCommand):
    help = "Make the demo people and import an invented runner's history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--years", type=float, default=3)
        parser.add_argument("--until", type=date.fromisoformat, default=date.today(), metavar="DATE")
        parser.add_argument("--truth", metavar="FILE.csv", help="write what every run really was")
        parser.add_argument("--people", action="store_true", help="make the people alone, who can sign in then")
        parser.add_argument("--if-there", action="store_true", help="fail where its people were removed")
        parser.add_argument("--no-wait", action="store_true", help="leave the reading to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_there"] and not demonstration.people().exists():
            raise CommandError("The demo was removed.")
        if demonstration.is_going():
            demonstration.remove_now()
        ada, password = demonstration.make_people()
        if not settings.DEMO_PASSWORD:
            self.stdout.write(f"Sign in as {ADA}, {CARL} or {OLGA} with the password {password}")
        if options["people"]:
            return
        batch = demonstration.batch_of(ada, seed=options["seed"], years=options["years"], until=options["until"])
        demonstration.bring_in(batch)
        if options["truth"]:
            told = batch.about
            files = demo.generate(seed=told["seed"], years=told["years"], until=date.fromisoformat(told["until"]))
            demo.write_truth(Path(options["truth"]), files)
        if not options["no_wait"]:
            ingest.work_off_all(batch)
        self.stdout.write(f"The demo has {batch.files.count()} files for {ADA}.")
