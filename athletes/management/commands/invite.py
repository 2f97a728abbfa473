"""`manage.py invite E-MAIL`: a link that lets one person in, by mail and on the terminal."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from athletes import invitations
from athletes.models import User


class Command(BaseCommand):
    help = "Invite somebody by e-mail: a link that works once. It is printed too, where mail cannot be sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("--days", type=int, default=invitations.LASTS.days, help="how long the link works")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if settings.SIGN_UP == "closed":
            raise CommandError("SIGN_UP is closed: set it to invite, or make the account with create_user.")
        if not 1 <= options["days"] <= 365:
            raise CommandError("--days must lie between 1 and 365.")
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(f"{email} is a user already.")
        link = invitations.invite(email=email, by=None, lasts=timedelta(days=options["days"]))
        self.stdout.write(f"{email} can come in within {options['days']} days, once:\n{link}")
