from typing import Any

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "activities"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from activities.stored import stored_recordings
        from activities.strava.stored import stored_connection
        from athletes.models import Athlete
        from athletes.signals import person_leaving, stored_about

        person_leaving.connect(_let_strava_go, dispatch_uid="Strava is told of the end")
        stored_about.connect(stored_recordings, dispatch_uid="recordings are stored")
        stored_about.connect(stored_connection, dispatch_uid="a connection to Strava is stored")
        from activities.signals import strava_connected

        strava_connected.connect(_fetch_what_there_is, dispatch_uid="fetch what there is")
        post_delete.connect(_drop_the_files, sender=Athlete, dispatch_uid="the files go with the athlete")


def _drop_the_files(instance: Any, **kwargs: Any) -> None:
    """Whatever deletes an athlete deletes the originals too, once that is committed."""
    from django.db import transaction

    from activities import originals

    athlete_id = instance.pk
    transaction.on_commit(lambda: originals.drop_all(athlete_id))


def _let_strava_go(athlete_id: int | None, **kwargs: Any) -> None:
    """What we may do at Strava is revoked there by a worker, whose row outlives the person's. Strava holds nobody here."""
    from activities.models import StravaAccount
    from activities.strava import connecting, revoking

    if athlete_id is None:
        return

    account = StravaAccount.objects.select_related("application").filter(athlete=athlete_id).first()
    if account is not None and account.state != StravaAccount.State.DISCONNECTED:
        connecting.disconnect(account)
    revoking.forget(athlete_id)


def _fetch_what_there_is(account_id: int, **kwargs: Any) -> None:
    from activities.strava import sync

    sync.begin(account_id)
