"""`manage.py generate_demo`: a masters runner, her coach and an operator, to look at Agegrade with.

Her runs are written as files and come in by the ordinary import, newest first, so that the race book fills while one
watches. Run again, it goes on where it was stopped, or does nothing.
"""

import io
import secrets
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from activities import demo, ingest
from activities.models import ImportBatch
from athletes.models import Athlete
from athletes.people import grant, make_person

ADA, CARL, OLGA = "ada@demo.invalid", "carl@demo.invalid", "olga@demo.invalid"


class Command(BaseCommand):
    help = "Make the demo people and import an invented runner's history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--years", type=float, default=3)
        parser.add_argument("--until", type=date.fromisoformat, default=date.today(), metavar="DATE")
        parser.add_argument("--truth", metavar="FILE.csv", help="write what every run really was")
        parser.add_argument("--no-wait", action="store_true", help="leave the reading to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        ada = self._people()
        batch = ImportBatch.objects.filter(athlete=ada, kind=ImportBatch.Kind.DEMO).order_by("pk").first()
        if batch is None:
            about = {"seed": options["seed"], "years": options["years"], "until": options["until"].isoformat()}
            batch = ImportBatch.objects.create(athlete=ada, kind=ImportBatch.Kind.DEMO, about=about)
        told = batch.about
        if not told.get("complete"):
            here = set(batch.files.values_list("position", flat=True))
            files = demo.generate(seed=told["seed"], years=told["years"], until=date.fromisoformat(told["until"]))
            for position, file in enumerate(files):
                if position not in here:
                    ingest.receive(batch, name=file.name, source=io.BytesIO(file.content), position=position)
            ImportBatch.objects.filter(pk=batch.pk).update(about={**told, "complete": True})
        if options["truth"]:
            files = demo.generate(seed=told["seed"], years=told["years"], until=date.fromisoformat(told["until"]))
            demo.write_truth(Path(options["truth"]), files)
        if not options["no_wait"]:
            ingest.work_off_all(batch)
        self.stdout.write(f"The demo has {batch.files.count()} files for {ADA}.")

    def _people(self) -> Athlete:
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(9)
        ada = make_person(
            email=ADA, password=password, role="athlete", name="Ada Marsh", born=demo.BORN, table="F", is_demo=True
        ).athlete
        if not ada.zone:
            Athlete.objects.filter(pk=ada.pk).update(zone="Europe/London")
        carl = make_person(email=CARL, password=password, role="coach", name="Carl Berg")
        if settings.ENVIRONMENT != "production":  # an operator with a demo password has no place there
            make_person(email=OLGA, password=password, role="operator", name="Olga Lind")
        if not ada.grants.filter(coach=carl).exists():
            grant(athlete=ada, coach=carl, level=3, by=ada.user)
        if not settings.DEMO_PASSWORD:
            self.stdout.write(f"Sign in as {ADA}, {CARL} or {OLGA} with the password {password}")
        return ada
