"""Whose pages are being looked at, and how much of them may be shown.

A reader looks at their own runs unless they ask for another athlete (`?athlete=<id>`) who granted them a look. A coach
who does not run sees the first of their athletes. Nobody to see is an ordinary answer; somebody unknown, or without a
grant, is a 404.
"""

from dataclasses import dataclass
from typing import Literal

from django.http import Http404

from athletes.http import HtmxHttpRequest
from athletes.models import Athlete
from athletes.people import note_look


@dataclass(frozen=True, kw_only=True)
class Whose:
    """athlete: whose runs; None where the reader neither runs nor coaches.  others: whom the reader may turn to instead."""

    athlete: Athlete | None
    is_self: bool
    others: tuple[Athlete, ...] = ()


def whose(request: HtmxHttpRequest, *, level: int) -> Whose:
    """Choose the athlete of a page that shows what the level names. One query; a coach's look is written down by another.

    Looking at somebody else is written down for them.
    Raises Http404 for an athlete asked for who may not be seen at that level.
    """
    visible = list(Athlete.objects.visible_to(request.user, level=level).select_related("user").order_by("pk"))
    asked = request.GET.get("athlete", "")
    if asked:
        chosen = next((athlete for athlete in visible if str(athlete.pk) == asked), None)
        if chosen is None:
            raise Http404
    else:
        own = (athlete for athlete in visible if athlete.user_id == request.user.pk)
        chosen = next(own, visible[0] if visible else None)
    others = tuple(athlete for athlete in visible if athlete != chosen)
    is_self = chosen is not None and chosen.user_id == request.user.pk
    if chosen is not None and not is_self:
        note_look([chosen.pk], coach=request.user)
    return Whose(athlete=chosen, is_self=is_self, others=others)


def sees(request: HtmxHttpRequest, athlete: Athlete, *, level: int) -> bool:
    """Whether the reader may see what the level names of this athlete. No query for oneself, else one."""
    if athlete.user_id == request.user.pk:
        return True
    return Athlete.objects.visible_to(request.user, level=level).filter(pk=athlete.pk).exists()


def units_of(request: HtmxHttpRequest) -> Literal["km", "mi"]:
    """The reader's own units, whoever's runs they look at; kilometres for who has not said."""
    return "mi" if request.athlete and request.athlete.units == Athlete.Units.MILES else "km"
