"""`manage.py sync (--athlete E-MAIL | --all)`: compare with Strava now, beside the workers or without any."""

import json
import time
from argparse import ArgumentParser
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum
from django.utils import timezone

from activities import locks
from activities.models import StravaAccount, StravaRun, StravaSync
from activities.queue import ask_for
from activities.signals import sync_finished
from activities.strava import sync
from activities.tasks import pull_account
from athletes.models import Athlete

COUNTS = ("n_new", "n_changed", "n_removed", "n_set_aside", "n_streams", "n_calls")
#: a limit that opens within this is waited for; what lies further ahead is told
PATIENCE = timedelta(seconds=65)
MOST_TRIES = 3


class Command(BaseCommand):
    help = "Compare with Strava: new, changed and removed activities, then what is still missing of their streams."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--athlete", metavar="E-MAIL")
        who.add_argument("--all", action="store_true", help="everybody who is connected")
        parser.add_argument("--nightly", action="store_true", help="as the night does it, for tonight and now")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="come back when everything that can be done now is done; works with and without a worker",
        )
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = StravaAccount.objects.connected().select_related("athlete__user").order_by("pk")
        if options["athlete"]:
            athlete = Athlete.objects.filter(user__email__iexact=options["athlete"]).first()
            if athlete is None:
                raise CommandError(f"There is no athlete with the e-mail {options['athlete']}.")
            accounts = accounts.filter(athlete=athlete)
            if not accounts.exists():
                raise CommandError(f"{options['athlete']} is not connected to Strava.")
        chosen = list(accounts)
        began = timezone.now()
        before = {account.pk: _counts(account) for account in chosen}
        for account in chosen:
            self._ask(account, nightly=options["nightly"], send=not options["wait"])
        if options["wait"]:
            self._work_off(chosen)
            for account in chosen:
                sync_finished.send(sender=StravaAccount, athlete=account.athlete)
        told = [_told(account, before[account.pk]) for account in chosen]
        if options["json"]:
            took_s = round((timezone.now() - began).total_seconds(), 1)
            self.stdout.write(json.dumps({"waited": options["wait"], "took_s": took_s, "athletes": told}, indent=2))
        elif told:
            for one in told:
                self.stdout.write(_in_words(one))
        else:
            self.stdout.write("Nobody is connected to Strava.")
        stuck = [one["athlete"] for one in told if one["state"] not in ("done", "waiting", "rate_limited")]
        if options["wait"] and stuck:
            raise CommandError(f"Not done for {', '.join(stuck)}. `manage.py check_strava` tells more.")

    def _ask(self, account: StravaAccount, *, nightly: bool, send: bool) -> None:
        now = timezone.now()
        StravaSync.objects.get_or_create(account=account)
        change: dict[str, Any] = {"head_due_at": now, "due_at": now, "failures": 0}
        change |= {"night": sync.night_of(now)[0]} if nightly else {"asked_at": now}
        StravaSync.objects.filter(pk=account.pk).update(**change)
        if send:
            ask_for(pull_account, account.pk, waited_for=not nightly)

    def _work_off(self, accounts: list[StravaAccount]) -> None:
        """Some steps of each in turn, until none has anything to do soon. A worker's steps are waited for."""
        open_ids = [account.pk for account in accounts]
        tries: Counter[int] = Counter()
        while open_ids:
            for account_id in list(open_ids):
                due_at = _due_at(account_id)
                if due_at is not None and due_at <= timezone.now():
                    sync.work(account_id)
                    due_at = _due_at(account_id)
                    tries[account_id] += due_at is not None and due_at > timezone.now() + timedelta(seconds=5)
                far = due_at is not None and due_at > timezone.now() + PATIENCE
                if due_at is None or tries[account_id] > MOST_TRIES or (far and not _is_worked_on(account_id)):
                    open_ids.remove(account_id)
            waits = [due_at for due_at in map(_due_at, open_ids) if due_at is not None]
            if waits:
                time.sleep(min(max((min(waits) - timezone.now()).total_seconds(), 0.05), 1.0))


def _due_at(account_id: int) -> datetime | None:
    return StravaSync.objects.values_list("due_at", flat=True).get(pk=account_id)


def _is_worked_on(account_id: int) -> bool:
    """Whether another process is at work on it."""
    with locks.alone(locks.STRAVA_SYNC, account_id) as ours:
        return not ours


def _counts(account: StravaAccount) -> dict[str, int]:
    sums = StravaRun.objects.filter(account=account).aggregate(**{name: Sum(name) for name in COUNTS})
    return {name: sums[name] or 0 for name in COUNTS}


def _told(account: StravaAccount, before: dict[str, int]) -> dict[str, Any]:
    account.refresh_from_db()
    now, state = _counts(account), StravaSync.objects.get(pk=account.pk)
    known = sync.known_of(account.pk)
    return {
        "athlete": account.athlete.user.email,
        **{name.removeprefix("n_"): now[name] - before[name] for name in COUNTS},
        "activities": known.count(),
        "streams_due": known.filter(streams="due").count(),
        "held": sync.missing_of(account.pk).count() if state.held_at else 0,
        "state": state.error or ("done" if state.due_at is None else "waiting"),
        "connection": account.state,
        "next_try": state.due_at.isoformat(timespec="seconds") if state.due_at else None,
    }


def _in_words(told: dict[str, Any]) -> str:
    waits = f", next try {told['next_try']}" if told["next_try"] else ""
    held = f"; {told['held']} seem to be gone, which the athlete is asked about on /sync/" if told["held"] else ""
    return (
        f"{told['athlete']}: {told['new']} new, {told['changed']} changed, {told['removed']} removed, "
        f"{told['set_aside']} set aside, streams of {told['streams']} ({told['streams_due']} to come); "
        f"{told['calls']} calls; {told['state']}{waits}{held}"
    )
