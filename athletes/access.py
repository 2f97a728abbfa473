"""Who may see what of whom: the one place that knows.

An athlete sees everything of their own. A coach sees what a grant in force names: level 1 races and grades, 2 also
activities, 3 also streams, heart rate and routes. What came from Strava needs the operator's switch besides. An operator
runs the machine and sees nobody's runs. A stranger is answered as if the thing did not exist (404).

Every QuerySet of personal rows has `visible_to(user)` and builds it from the conditions here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from athletes.models import CoachGrant

RACES, ACTIVITIES, STREAMS = 1, 2, 3

Viewer = Any  # athletes.models.User | AnonymousUser; the model imports this module


def grants_to(coach: Viewer) -> QuerySet[CoachGrant]:
    """The grants in force at this moment that let somebody look."""
    from athletes.models import CoachGrant

    return CoachGrant.objects.in_force().filter(coach=coach)


def athletes_q(user: Viewer, *, level: int, prefix: str = "") -> Q:
    """The condition "this row's athlete may be seen by user, at that level"; prefix leads to the athlete ("athlete__").

    Costs a sub-select on grants, no extra query.
    """
    if isinstance(user, AnonymousUser) or not user.is_active:
        return Q(pk__in=[])
    in_force = grants_to(user).filter(level__gte=level)
    key = f"{prefix}pk__in" if not prefix else f"{prefix.removesuffix('__')}__in"
    return Q(**{f"{prefix}user": user}) | Q(**{key: in_force.values("athlete")})
