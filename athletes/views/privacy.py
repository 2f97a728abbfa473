"""What is stored about the reader and who sees it; letting a coach look, and taking that back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.db import models
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from athletes import invitations
from athletes.forms import CoachForm
from athletes.http import HtmxHttpRequest
from athletes.models import Athlete, CoachGrant, CoachGrantEvent, Invitation
from athletes.people import withdraw
from athletes.stored import stored
from athletes.views.account import address_of

LATEST: Final = 50


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One coach, by the address the athlete gave: whether they have an account already is not the athlete's to learn."""

    email: str
    level: str
    since: datetime
    looked_at: datetime | None


@never_cache
@require_safe
def privacy(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "athletes/privacy.html", _page(request, CoachForm(by=request.user)))


@never_cache
@require_POST
def coach_add(request: HtmxHttpRequest) -> HttpResponse:
    """Let somebody look, by their address. What this answers and shows does not depend on who has an account."""
    athlete = request.athlete
    form = CoachForm(request.POST, by=request.user)
    if not athlete:
        messages.error(request, _("You have no runs here yet, so there is nothing to let a coach look at."))
        return redirect("athletes:privacy")
    if not form.is_valid():
        return render(request, "athletes/privacy.html", _page(request, form), status=422)
    email = form.cleaned_data["email"]
    invitations.let_coach_look(athlete=athlete, email=email, level=form.cleaned_data["level"])
    messages.success(request, _("%(email)s may look from now on. A message has gone to them.") % {"email": email})
    return redirect(reverse("athletes:privacy") + "#coaches")


@never_cache
@require_POST
def coach_withdraw(request: HtmxHttpRequest) -> HttpResponse:
    """Take a look back, by the address; effective when this answers. Twice is once."""
    athlete, email = request.athlete, request.POST.get("email", "")
    if athlete:
        for grant in CoachGrant.objects.filter(
            athlete=athlete, coach__email__iexact=email, withdrawn_at__isnull=True
        ).select_related("coach"):
            withdraw(athlete=athlete, coach=grant.coach, by=request.user)
        invitations.withdraw_offer(athlete=athlete, email=email, by=request.user)
        messages.success(request, _("%(email)s sees nothing of yours any more.") % {"email": email})
    return redirect(reverse("athletes:privacy") + "#coaches")


def consents(athlete: Athlete) -> list[Consent]:
    """Who may look, newest first: grants in force, and addresses that nobody signs in with yet. Two queries."""
    looks = CoachGrantEvent.objects.filter(
        athlete=models.OuterRef("athlete"),
        coach_email=models.OuterRef("coach__email"),
        what=CoachGrantEvent.What.LOOKED,
        at__gte=models.OuterRef("since"),
    )
    last = models.Subquery(looks.order_by("-at").values("at")[:1])
    grants = CoachGrant.objects.in_force().filter(athlete=athlete).select_related("coach").annotate(last_look=last)
    held = [
        Consent(
            email=grant.coach.email,
            level=grant.get_level_display(),
            since=grant.since,
            looked_at=grant.last_look,  # type: ignore[attr-defined]
        )
        for grant in grants
    ]
    offered = [
        Consent(email=offer.email, level=offer.get_level_display(), since=offer.created_at, looked_at=None)
        for offer in Invitation.objects.open().filter(athlete=athlete)
    ]
    return sorted([*held, *offered], key=lambda consent: consent.since, reverse=True)


def _page(request: HtmxHttpRequest, form: CoachForm) -> dict[str, Any]:
    athlete = request.athlete
    return {
        "athlete": athlete,
        "coach_form": form,
        "consents": consents(athlete) if athlete else [],
        "looks_at": Athlete.objects.visible_to(request.user).exclude(user=request.user).select_related("user"),
        "events": _events(athlete) if athlete else [],
        "stored": stored(request.user, athlete or None),
        "export_url": address_of("performance:export"),
    }


def _events(athlete: Athlete) -> models.QuerySet[CoachGrantEvent]:
    return athlete.grant_events.order_by("-at", "-pk")[:LATEST]
