"""Deleting an account so that nothing of the person is left: rows, samples, files, sessions, addresses, log entries.

In two steps. `ask` is the request's: from that moment nobody signs in with the account and no coach sees anything.
`erase` is a task's: it may take minutes for decades of runs, can be run again after a crash and ends with nothing to do.
What other apps keep beside the database they drop on `person_leaving` (before) and on the rows' own `post_delete`.
"""

import json
from collections.abc import Iterable

import structlog
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils import timezone

from athletes.models import Athlete, CoachGrant, CoachGrantEvent, Invitation, User
from athletes.people import withdraw
from athletes.signals import person_leaving

log = structlog.get_logger("agegrade.people")


@transaction.atomic
def ask(user: User) -> None:
    """Close the account for good and have the rest removed in the background."""
    user.is_active = False
    user.erase_asked_at = timezone.now()
    user.set_unusable_password()
    user.save(update_fields=["is_active", "erase_asked_at", "password"])
    for grant in CoachGrant.objects.filter(Q(athlete__user=user) | Q(coach=user), withdrawn_at__isnull=True):
        withdraw(athlete=grant.athlete, coach=grant.coach)
    transaction.on_commit(lambda: _ask_for(user.pk))


def _ask_for(user_id: int) -> None:
    from kombu.exceptions import OperationalError

    from athletes.tasks import erase_user

    try:
        erase_user.delay(user_id)
    except OperationalError:
        log.warning("queue away", task="erase_user")  # erase_waiting finds it


def waiting() -> list[int]:
    return list(User.objects.filter(erase_asked_at__isnull=False).values_list("pk", flat=True))


def erase(user_id: int) -> None:
    """Remove everything of somebody who asked for it. Nothing where nobody has that id, or nobody asked."""
    user = User.objects.filter(pk=user_id, erase_asked_at__isnull=False).first()
    if user is None:
        return
    athlete = Athlete.objects.filter(user=user).first()
    person_leaving.send(sender=User, user_id=user.pk, athlete_id=athlete.pk if athlete else None)
    addresses = {user.email.lower(), *_addresses(user)}
    _end_sessions(user, addresses)
    with transaction.atomic():
        _drop_log_entries(user, athlete, addresses)
        for address in addresses:
            Invitation.objects.filter(email__iexact=address).delete()
            CoachGrantEvent.objects.filter(coach_email__iexact=address).update(coach_email="")
        user.delete()
    log.info("account erased", user_id=user_id)


def _addresses(user: User) -> Iterable[str]:
    return {email.lower() for email in EmailAddress.objects.filter(user=user).values_list("email", flat=True)}


def _end_sessions(user: User, addresses: set[str]) -> None:
    """A session names its user only inside, and a visitor's may hold an address: a club has few enough to look into each."""
    for session in Session.objects.iterator():
        held = session.get_decoded()
        told = json.dumps(held, default=str).lower()
        if str(held.get("_auth_user_id")) == str(user.pk) or any(address in told for address in addresses):
            session.delete()


def _drop_log_entries(user: User, athlete: Athlete | None, addresses: set[str]) -> None:
    """The admin's history repeats what things were called: entries about whatever is theirs go with it."""
    entries = Q(pk__in=[])
    for owner in (user, athlete):
        if owner is None:
            continue
        for model in apps.get_models():
            if isinstance(model._meta.pk, models.CompositePrimaryKey) or not model._meta.managed:
                continue
            own = [field.name for field in model._meta.fields if field.related_model is type(owner)]
            if not own and model is not type(owner):
                continue
            mine = Q(pk=owner.pk) if model is type(owner) else Q()
            for name in own:
                mine |= Q(**{name: owner})
            ids = model._base_manager.filter(mine).annotate(as_text=Cast("pk", models.TextField())).values("as_text")
            entries |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=ids)
    for address in addresses:
        entries |= Q(object_repr__icontains=address) | Q(change_message__icontains=address)
    LogEntry.objects.filter(entries).delete()
