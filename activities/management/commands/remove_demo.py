"""`manage.py remove_demo`: the demo people and everything of theirs, gone."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from athletes.models import User


class Command(BaseCommand):
    help = "Remove the demo: its people, runs, races and files."

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(email__iendswith="@demo.invalid")
        with transaction.atomic():
            count = people.count()
            people.delete()
        self.stdout.write(f"{count} demo people removed." if count else "There is no demo.")
