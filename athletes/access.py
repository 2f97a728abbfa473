"""Who may see what of whom: the one place that knows.

An athlete sees everything of their own. A coach sees what a grant in force names: level 1 races and grades, 2 also
activities, 3 also streams, heart rate and routes. What came from Strava needs the operator's switch besides. An operator
runs the machine and sees nobody's runs. A stranger is answered as if the thing did not exist (404).

Every QuerySet of personal rows has `visible_to(user)` and builds it from the conditions here.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

RACES, ACTIVITIES, STREAMS = 1, 2, 3

Viewer = Any  # athletes.models.User | AnonymousUser; the model imports this module


def athletes_q(user: Viewer, *, level: int, prefix: str = "") -> Q:
    """The condition "this row's athlete may be seen by user, at that level"; prefix leads to the athlete ("athlete__").

    Costs a sub-select on grants, no extra query.
    """
    if isinstance(user, AnonymousUser) or not user.is_active:
        return Q(pk__in=[])
    from athletes.models import CoachGrant

    now = timezone.now()
    in_force = CoachGrant.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now),
        coach=user,
        level__gte=level,
        since__lte=now,
        withdrawn_at__isnull=True,
    )
    key = f"{prefix}pk__in" if not prefix else f"{prefix.removesuffix('__')}__in"
    return Q(**{f"{prefix}user": user}) | Q(**{key: in_force.values("athlete")})
