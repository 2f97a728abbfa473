"""`manage.py check_strava`: is Strava set up, and what is wrong, in words."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activities.strava import check

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


class Command(BaseCommand):
    help = "Look at everything Strava needs: keys, credentials, callback address, scopes, webhook, limits, clock."

    def handle(self, *args: Any, **options: Any) -> None:
        found = check.without_asking() + check.by_asking()
        for finding in found:
            self.stdout.write(f"{MARKS[finding.verdict]}  {finding.about}: {finding.said}")
        wrong = sum(finding.verdict == "wrong" for finding in found)
        if wrong:
            raise CommandError(f"{wrong} of these are wrong.")
