"""The demo in this installation: its invented people and runs, who may look at them, and having all of it gone again.

The runner and her history come from `activities.demo`. Her runs go in by the ordinary import, newest first, and she lets
those who want to look do so the way any athlete does: by a grant. So nothing of hers is ever among anybody's own runs,
and removing her is deleting accounts (athletes/erasing.py), with rows, samples, files and sessions.
"""

import io
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction

from activities import demo, ingest
from activities.models import ImportBatch
from athletes import erasing
from athletes.models import Athlete, CoachGrant, User
from athletes.people import grant, make_person, withdraw

DOMAIN = "@demo.invalid"
ADA, CARL, OLGA = f"ada{DOMAIN}", f"carl{DOMAIN}", f"olga{DOMAIN}"
SEED, YEARS = 7, 3.0


class StillGoing(Exception):
    """The last demo is being removed: its addresses are taken until that is done."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What of the demo is here for one reader. is_here: there are demo people.  looks: they were let look at her runs.
    may_remove: the operator may, and so may whoever had it made."""

    is_here: bool
    looks: bool
    may_remove: bool


def people() -> models.QuerySet[User]:
    return User.objects.filter(email__iendswith=DOMAIN, erase_asked_at__isnull=True)


def is_going() -> bool:
    """Whether a demo is being removed just now; another one can come when it is gone."""
    return User.objects.filter(email__iendswith=DOMAIN, erase_asked_at__isnull=False).exists()


def demo_for(user: User) -> Demo:
    """Three queries at most, one where there is no demo."""
    ada = Athlete.objects.filter(user__in=people(), is_demo=True).first()
    if ada is None:
        return Demo(is_here=False, looks=False, may_remove=False)
    looks = (
        CoachGrant.objects.in_force().filter(athlete=ada, coach=user).exclude(coach__email__iendswith=DOMAIN).exists()
    )
    asked = ImportBatch.objects.filter(athlete=ada, kind=ImportBatch.Kind.DEMO, about__asked_by=user.pk).exists()
    return Demo(is_here=True, looks=looks, may_remove=user.is_superuser or asked)


def look(user: User) -> Athlete:
    """Let somebody look at the invented runner, whom this makes where she is not here yet; her runs are then to be
    brought in by `bring_in`. Raises StillGoing while the last demo is being removed."""
    if is_going():
        raise StillGoing
    ada = Athlete.objects.filter(user__in=people(), is_demo=True).first()
    if ada is None:
        ada, _password = make_people()
        batch_of(ada, seed=SEED, years=YEARS, until=date.today() - timedelta(days=1), asked_by=user.pk)
    if user.pk != ada.user_id and not CoachGrant.objects.in_force().filter(athlete=ada, coach=user).exists():
        grant(athlete=ada, coach=user, level=CoachGrant.Level.STREAMS, by=ada.user)
    return ada


def look_away(user: User) -> None:
    """End one person's look at the demo, and leave it to the others."""
    for held in CoachGrant.objects.filter(coach=user, athlete__is_demo=True, withdrawn_at__isnull=True):
        withdraw(athlete=held.athlete, coach=user, by=user)


@transaction.atomic
def ask_removal() -> int:
    """Close the demo's accounts at once and have the rest removed in the background; gives how many people that were."""
    going = list(people().select_for_update())
    for person in going:
        erasing.ask(person)
    return len(going)


def remove_now() -> int:
    """Remove the demo here and now, for the command line; gives how many people that were."""
    going = [person.pk for person in User.objects.filter(email__iendswith=DOMAIN)]
    ask_removal()
    for user_id in going:
        erasing.erase(user_id)
    return len(going)


def make_people() -> tuple[Athlete, str]:
    """Ada, Carl, who coaches her, and, outside production, Olga, who operates; and their password."""
    password = settings.DEMO_PASSWORD or secrets.token_urlsafe(9)
    ada = make_person(
        email=ADA, password=password, role="athlete", name="Ada Marsh", born=demo.BORN, table="F", is_demo=True
    ).athlete
    if not ada.zone:
        Athlete.objects.filter(pk=ada.pk).update(zone="Europe/London")
    carl = make_person(email=CARL, password=password, role="coach", name="Carl Berg", is_demo=True)
    if settings.ENVIRONMENT != "production":  # an operator with a demo password has no place there
        make_person(email=OLGA, password=password, role="operator", name="Olga Lind", is_demo=True)
    if not ada.grants.filter(coach=carl).exists():
        grant(athlete=ada, coach=carl, level=CoachGrant.Level.STREAMS, by=ada.user)
    return ada, password


def batch_of(ada: Athlete, *, seed: int, years: float, until: date, asked_by: int | None = None) -> ImportBatch:
    """Ada's import: the one that is there, or a new one that remembers what it is to hold."""
    batch = ImportBatch.objects.filter(athlete=ada, kind=ImportBatch.Kind.DEMO).order_by("pk").first()
    if batch is None:
        about = {"seed": seed, "years": years, "until": until.isoformat(), "asked_by": asked_by}
        batch = ImportBatch.objects.create(athlete=ada, kind=ImportBatch.Kind.DEMO, about=about)
    return batch


def bring_in(batch: ImportBatch) -> None:
    """Write her files into storage and have them read. Run again, it goes on where it was stopped; a demo that is
    removed meanwhile ends it."""
    told = batch.about
    if told.get("complete"):
        return
    here = set(batch.files.values_list("position", flat=True))
    files = demo.generate(seed=told["seed"], years=told["years"], until=date.fromisoformat(told["until"]))
    for position, file in enumerate(files):
        if position in here:
            continue
        if position % 20 == 0 and not people().filter(athlete=batch.athlete_id).exists():
            return
        try:
            ingest.receive(batch, name=file.name, source=io.BytesIO(file.content), position=position)
        except IntegrityError:  # removed between two looks
            return
    ImportBatch.objects.filter(pk=batch.pk).update(about={**told, "complete": True})
