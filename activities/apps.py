from typing import Any

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "activities"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from activities.stored import stored_recordings
        from athletes.models import Athlete
        from athletes.signals import stored_about

        stored_about.connect(stored_recordings, dispatch_uid="recordings are stored")
        post_delete.connect(_drop_the_files, sender=Athlete, dispatch_uid="the files go with the athlete")


def _drop_the_files(instance: Any, **kwargs: Any) -> None:
    """Whatever deletes an athlete deletes the originals too, once that is committed."""
    from django.db import transaction

    from activities import originals

    athlete_id = instance.pk
    transaction.on_commit(lambda: originals.drop_all(athlete_id))
