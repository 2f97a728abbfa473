"""What is stored about a person, told app by app: each knows its own rows, and none those of the apps to its right."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from athletes.models import Athlete, User
from athletes.signals import stored_about

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A kind of data: how much of it (or nothing to count), why, since when, who may see it.  since: None where unknown."""

    what: Words
    why: Words
    who: Words
    since: datetime | None = None
    count: int | None = None


def stored(user: User, athlete: Athlete | None) -> list[Stored]:
    """Everything that is stored about somebody, account first. A few queries an app."""
    told = [
        Stored(
            what=_("Your account: e-mail address, name, when you signed in last; your password as a hash only"),
            why=_("to let you in, and nobody else"),
            who=_("you; the operator"),
            since=user.date_joined,
        )
    ]
    if athlete is not None:
        told.append(
            Stored(
                what=_("Birth date, which tables grade you, units, home time zone, display"),
                why=_("to grade your races and show them your way"),
                who=_("you; a coach sees how old you are and were in each race, never the birth date"),
                since=athlete.created_at,
            )
        )
        answers: list[tuple[Any, Any]] = stored_about.send(sender=Athlete, athlete=athlete)
        for _receiver, rows in answers:
            told.extend(rows)
    return told
