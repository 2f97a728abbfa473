"""`manage.py rotate_field_keys`: seal every secret with the newest of FIELD_KEYS, so that an older key can go."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model

from activities.strava.sealing import CannotOpen, NoFieldKeys, SealedField
from athletes import accounts


class Command(BaseCommand):
    help = (
        "Seal every stored secret anew with the first of FIELD_KEYS. Put a new key first, run this, then drop the old."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, 0
        try:
            for model in apps.get_models():
                for field in model._meta.get_fields():
                    if isinstance(field, SealedField):
                        found = _rotate(model, field.name)
                        done, lost = done + found[0], lost + found[1]
            two_step = accounts.reseal()
            done, lost = done + two_step[0], lost + two_step[1]
        except NoFieldKeys as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done} secrets are sealed with the newest key.")
        if lost:
            raise CommandError(f"{lost} secrets could not be opened with any of FIELD_KEYS: is one missing?")


def _rotate(model: type[Model], name: str) -> tuple[int, int]:
    """How many are under the newest key now, and how many no key opens.

    A row is changed only where it still holds what was read: a worker may be refreshing that very token.
    """
    done, lost = 0, 0
    rows = model._default_manager.filter(**{f"{name}__isnull": False})
    for pk in list(rows.values_list("pk", flat=True)):
        while sealed := rows.filter(pk=pk).values_list(name, flat=True).first():
            try:
                changed = rows.filter(pk=pk, **{name: sealed}).update(**{name: sealed.resealed()})
            except CannotOpen:
                lost += 1
                break
            if changed:
                done += 1
                break
    return done, lost
