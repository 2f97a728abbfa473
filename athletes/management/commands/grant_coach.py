"""`manage.py grant_coach`: what an athlete asked the operator to set up."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand, CommandError

from athletes.models import Athlete, User
from athletes.people import grant


class Command(BaseCommand):
    help = "Let a coach see an athlete: 1 races and grades, 2 plus activities, 3 plus streams, heart rate and routes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--athlete", required=True, metavar="E-MAIL")
        parser.add_argument("--coach", required=True, metavar="E-MAIL")
        parser.add_argument("--level", required=True, type=int, choices=[1, 2, 3])

    def handle(self, *args: Any, **options: Any) -> None:
        athlete = Athlete.objects.filter(user__email__iexact=options["athlete"]).first()
        coach = User.objects.filter(email__iexact=options["coach"]).first()
        if athlete is None:
            raise CommandError(f"There is no athlete with the e-mail {options['athlete']}.")
        if coach is None or not coach.is_active:
            raise CommandError(f"There is no user with the e-mail {options['coach']}.")
        if not EmailAddress.objects.filter(user=coach, email__iexact=coach.email, verified=True).exists():
            raise CommandError(f"{coach.email} was never confirmed, so it may be somebody else who signs in with it.")
        if coach == athlete.user:
            raise CommandError("Nobody is their own coach.")
        grant(athlete=athlete, coach=coach, level=options["level"])
        self.stdout.write(f"{coach.email} now sees {athlete.user.email} at level {options['level']}.")
