"""The first real operator: while there is none, the log of the web process holds a link that makes one, once.

The link is a signature with a date, so nothing is stored and every web process may write its own. It works for a day,
and not after somebody used one: then there is an operator. Who reads the log runs the machine.
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from athletes.invitations import hash_of
from athletes.models import Invitation, User
from athletes.people import make_person

log = structlog.get_logger("agegrade.people")

LASTS = timedelta(days=1)
SALT = "athletes.first_operator"
DEMO = "@demo.invalid"


def is_wanted() -> bool:
    """Whether nobody operates this installation yet; the demo's operator is nobody."""
    return not User.objects.filter(is_superuser=True, is_active=True).exclude(email__iendswith=DEMO).exists()


def link() -> str:
    token = TimestampSigner(salt=SALT).sign("operator").replace(":", "~")
    return settings.SITE_URL + reverse("athletes:first-operator", args=[token])


def is_good(token: str) -> bool:
    try:
        return TimestampSigner(salt=SALT).unsign(token.replace("~", ":"), max_age=LASTS) == "operator"
    except BadSignature:
        return False


@transaction.atomic
def make(token: str, *, email: str, name: str, password: str) -> User:
    """Raises IntegrityError for a link that was used."""
    _use_up(token, email)
    return make_person(email=email, password=password, role="operator", name=name)


@transaction.atomic
def promote(token: str, user: User) -> None:
    """Raises IntegrityError for a link that was used."""
    _use_up(token, user.email)
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])


def _use_up(token: str, email: str) -> None:
    """Two who press at the same moment meet at the unique hash; what is left is the record of who it was."""
    now = timezone.now()
    Invitation.objects.create(
        email=email, token_hash=hash_of(token), lets_in=False, accepted_at=now, expires_at=now + LASTS
    )


def tell() -> None:
    """Write the link to the log where it is wanted. A database that is away is told of elsewhere."""
    try:
        if is_wanted():
            log.warning("no operator yet: open this link within a day to become it", link=link())
    except DatabaseError:
        log.warning("database away, so whether there is an operator is not known")
