"""Making people and grants: what the commands, the demo and the pages do."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from athletes.models import Athlete, CoachGrant, CoachGrantEvent, User

ROLES = ("athlete", "coach", "operator")

#: a coach who reads for an hour has looked once
ONE_LOOK: Final = timedelta(hours=1)


@transaction.atomic
def make_person(
    *,
    email: str,
    password: str,
    role: str,
    name: str = "",
    born: date | None = None,
    table: str = "",
    is_demo: bool = False,
) -> User:
    """A user with a verified e-mail; role "athlete" brings an Athlete, "coach" the admin, "operator" all of the machine.

    Somebody who is there already keeps what they have, and gets the role and the password.
    """
    user = User.objects.filter(email__iexact=email).first() or User.objects.create_user(email, password, name=name)
    if not user.check_password(password):  # the same one set anew would sign them out
        user.set_password(password)
    user.name = user.name or name
    user.is_staff = user.is_staff or role in {"coach", "operator"}
    user.is_superuser = user.is_superuser or role == "operator"
    if is_demo:
        user.welcomed_at = user.welcomed_at or timezone.now()
    user.save()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    if role == "athlete":
        Athlete.objects.update_or_create(
            user=user, defaults={}, create_defaults={"born": born, "table": table, "is_demo": is_demo}
        )
    return user


@transaction.atomic
def grant(*, athlete: Athlete, coach: User, level: int, by: User | None = None) -> CoachGrant:
    """Let a coach see an athlete at a level; a grant in force is replaced. Both are written to the audit.

    The admin is a coach's workplace, so whoever was let in may enter it; what it shows is what grants show.
    """
    withdraw(athlete=athlete, coach=coach, by=by)
    User.objects.filter(pk=coach.pk, is_staff=False).update(is_staff=True)
    granted = CoachGrant.objects.create(athlete=athlete, coach=coach, level=level)
    CoachGrantEvent.objects.create(
        athlete=athlete, coach_email=coach.email, what=CoachGrantEvent.What.GRANTED, level=level, by=by
    )
    return granted


@transaction.atomic
def withdraw(*, athlete: Athlete, coach: User, by: User | None = None) -> None:
    """Take a coach's grant back, at once. Nothing where there is none."""
    for held in CoachGrant.objects.select_for_update().filter(athlete=athlete, coach=coach, withdrawn_at__isnull=True):
        held.withdrawn_at = timezone.now()
        held.save(update_fields=["withdrawn_at"])
        CoachGrantEvent.objects.create(
            athlete=athlete, coach_email=coach.email, what=CoachGrantEvent.What.WITHDRAWN, level=held.level, by=by
        )


def note_look(athlete_ids: Iterable[int], *, coach: User) -> None:
    """Write down that a coach opened something of these athletes', once an hour at most. One query, two more a new look."""
    held = CoachGrant.objects.in_force().filter(coach=coach, athlete__in=list(athlete_ids))
    now = timezone.now()
    fresh = held.exclude(looked_at__gt=now - ONE_LOOK)
    for grant in list(fresh):
        if fresh.filter(pk=grant.pk).update(looked_at=now):  # else another page of theirs was first
            CoachGrantEvent.objects.create(
                athlete_id=grant.athlete_id,
                coach_email=coach.email,
                what=CoachGrantEvent.What.LOOKED,
                level=grant.level,
                by=coach,
            )
