"""Invitations: a link by e-mail that lets one person in, once, and perhaps brings a look at an athlete's runs.

Only the hash of a link's secret is stored, so neither the database nor a backup of it opens anything. Whether somebody
has an account already is told to nobody: an athlete who lets a coach look gives an address, and what they see
afterwards is the same whoever has it.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from athletes import mail
from athletes.models import Athlete, CoachGrant, CoachGrantEvent, Invitation, User
from athletes.people import grant

LASTS: Final = timedelta(days=14)
#: messages one person may have sent within A_DAY; more would make a mailing list of us
MOST_A_DAY: Final = 20
A_DAY: Final = timedelta(days=1)
IN_HAND: Final = "invitation"


def may_invite(user: User) -> bool:
    """The operator, and members where MEMBERS_INVITE says so; nobody where accounts are closed to all."""
    return settings.SIGN_UP != "closed" and (user.is_superuser or settings.MEMBERS_INVITE)


@transaction.atomic
def invite(
    *, email: str, by: User | None, lasts: timedelta = LASTS, athlete: Athlete | None = None, level: int | None = None
) -> str:
    """Make an invitation and send it; gives its link. An open one for the same address from the same person is replaced."""
    email = email.strip().lower()
    revoke(Invitation.objects.filter(email__iexact=email, invited_by=by, athlete=athlete))
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        token_hash=hash_of(token),
        invited_by=by,
        lets_in=by is None or may_invite(by),
        athlete=athlete,
        level=level,
        expires_at=timezone.now() + lasts,
    )
    link = settings.SITE_URL + reverse("athletes:join", args=[token])
    mail.write("athletes/email/invitation", to=email, invitation=invitation, link=link)
    return link


def revoke(invitations: models.QuerySet[Invitation]) -> int:
    """Take back what is still open among these; gives how many."""
    still_open = invitations.filter(accepted_at__isnull=True, revoked_at__isnull=True)
    return still_open.update(revoked_at=timezone.now())


def find(token: str) -> Invitation | None:
    """The open invitation a link belongs to; None for what expired, was used, revoked or never was."""
    return (
        Invitation.objects.open()
        .select_related("invited_by", "athlete__user")
        .filter(token_hash=hash_of(token))
        .first()
    )


def opens(invitation: Invitation) -> bool:
    """Whether an account can be made with it here and now."""
    return settings.SIGN_UP == "open" or (settings.SIGN_UP == "invite" and invitation.lets_in)


def in_hand(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link this visitor followed."""
    token = request.session.get(IN_HAND, "")
    return find(token) if token else None


def let_coach_look(*, athlete: Athlete, email: str, level: int) -> None:
    """An athlete's consent for whoever signs in with that address: in force at once, or as soon as somebody does."""
    coach = _holder(email)
    if coach is None:
        withdraw_offer(athlete=athlete, email=email, by=athlete.user)
        invite(email=email, by=athlete.user, athlete=athlete, level=level)
        CoachGrantEvent.objects.create(
            athlete=athlete,
            coach_email=email.lower(),
            what=CoachGrantEvent.What.GRANTED,
            level=level,
            by=athlete.user,
        )
        return
    grant(athlete=athlete, coach=coach, level=level, by=athlete.user)
    mail.write("athletes/email/granted", to=email, athlete=athlete, level=CoachGrant.Level(level).label)


@transaction.atomic
def withdraw_offer(*, athlete: Athlete, email: str, by: User) -> None:
    """Take back a consent that waits for somebody. Nothing where there is none."""
    for offer in Invitation.objects.open().filter(athlete=athlete, email__iexact=email):
        revoke(Invitation.objects.filter(pk=offer.pk))
        CoachGrantEvent.objects.create(
            athlete=athlete,
            coach_email=offer.email,
            what=CoachGrantEvent.What.WITHDRAWN,
            level=offer.level or 1,
            by=by,
        )


@transaction.atomic
def take_up(user: User) -> None:
    """What waited for this person's confirmed addresses: their invitations are used, and athletes' consents hold."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    mine = Invitation.objects.open().filter(email__in=[address.lower() for address in addresses])
    for invitation in mine.select_for_update(of=("self",)).select_related("athlete__user", "invited_by"):
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        athlete = invitation.athlete
        if athlete is not None and invitation.level is not None and athlete.user_id != user.pk:
            grant(athlete=athlete, coach=user, level=invitation.level, by=athlete.user)


def _holder(email: str) -> User | None:
    """Whose main address that is, shown to be theirs. A second address of somebody waits for their next sign-in instead:
    else the list of coaches would tell which addresses belong together."""
    held = EmailAddress.objects.filter(
        email__iexact=email, user__email__iexact=email, verified=True, user__is_active=True
    ).select_related("user")
    found = held.first()
    return found.user if found else None


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
