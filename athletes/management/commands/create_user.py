"""`manage.py create_user E-MAIL --role …`: the first people of an installation."""

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from athletes.models import User
from athletes.people import ROLES, make_person


class Command(BaseCommand):
    help = "Make a user who can sign in: an athlete, a coach or an operator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("--role", choices=ROLES, required=True)
        parser.add_argument("--born", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--table", choices=["M", "F", "both"], default="", help="which age-grade table grades them")
        parser.add_argument("--password-stdin", action="store_true", required=True, help="read the password from stdin")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            validate_email(email)
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(f"{email} is a user already.")
        born = options["born"]
        if born is not None and not date(1890, 1, 1) <= born <= date.today():
            raise CommandError("--born must lie between 1890 and today.")
        if options["role"] != "athlete" and (born or options["table"]):
            raise CommandError("--born and --table belong to an athlete.")
        make_person(email=email, password=password, role=options["role"], born=born, table=options["table"])
        self.stdout.write(f"{email} can sign in as {options['role']}.")
