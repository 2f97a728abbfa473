"""`manage.py strava_webhook create|view|delete`: the one subscription of the installation's API application."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from activities.models import StravaApplication
from activities.strava import client
from activities.strava.check import webhook_url
from activities.strava.errors import StravaError


class Command(BaseCommand):
    help = "Have Strava tell us of changes at once, see whether it does, or stop it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["create", "view", "delete"])

    def handle(self, *args: Any, **options: Any) -> None:
        application = StravaApplication.of_installation()
        if not application.is_configured:
            raise CommandError("STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET are not set.")
        try:
            getattr(self, f"_{options['act']}")(application)
        except StravaError as error:
            raise CommandError(f"Strava: {error}. `manage.py check_strava` tells more.") from None

    def _create(self, application: StravaApplication) -> None:
        if not settings.STRAVA_VERIFY_TOKEN.get_secret_value():
            raise CommandError("STRAVA_VERIFY_TOKEN is not set: any word of your own, which Strava repeats to us.")
        for one in client.subscriptions(application):
            if one.get("callback_url") == webhook_url():
                self._keep(application, one.get("id"))
                self.stdout.write(f"There is one already: {one.get('id')} to {webhook_url()}.")
                return
            raise CommandError(f"There is one to {one.get('callback_url')}. Delete it first.")
        made = client.subscribe(application, callback_url=webhook_url(), verify_token=settings.STRAVA_VERIFY_TOKEN)
        self._keep(application, made)
        self.stdout.write(f"Subscribed: {made} to {webhook_url()}.")

    def _view(self, application: StravaApplication) -> None:
        found = client.subscriptions(application)
        for one in found:
            self._keep(application, one.get("id"))
            self.stdout.write(f"{one.get('id')} to {one.get('callback_url')}")
        if not found:
            self._keep(application, None)
            self.stdout.write("There is no subscription. Changes are noticed every night.")

    def _delete(self, application: StravaApplication) -> None:
        found = client.subscriptions(application)
        for one in found:
            client.unsubscribe(application, int(one["id"]))
            self.stdout.write(f"Deleted: {one['id']}.")
        self._keep(application, None)
        if not found:
            self.stdout.write("There is no subscription.")

    def _keep(self, application: StravaApplication, subscription_id: Any) -> None:
        kept = subscription_id if isinstance(subscription_id, int) else None
        StravaApplication.objects.filter(pk=application.pk).update(subscription_id=kept)
