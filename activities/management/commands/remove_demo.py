"""`manage.py remove_demo`: the demo people and everything of theirs, gone."""

from typing import Any

from django.core.management.base import BaseCommand

from activities import demonstration


class Command(BaseCommand):
    help = "Remove the demo: its people, runs, races and files."

    def handle(self, *args: Any, **options: Any) -> None:
        count = demonstration.remove_now()
        self.stdout.write(f"{count} demo people removed." if count else "There is no demo.")
