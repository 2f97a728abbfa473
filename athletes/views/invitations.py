"""Inviting by e-mail, and following an invitation's link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from athletes import invitations
from athletes.forms import InvitationForm
from athletes.http import HtmxHttpRequest
from athletes.models import Invitation

LATEST = 100


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_list(request: HtmxHttpRequest) -> HttpResponse:
    """The reader's invitations; the operator sees everybody's, except athletes' consents to their coaches."""
    if not invitations.may_invite(request.user):
        raise Http404
    form = InvitationForm(request.POST or None, by=request.user)
    if form.is_bound and form.is_valid():
        email = form.cleaned_data["email"]
        invitations.invite(email=email, by=request.user)
        messages.success(request, _("A message with a link has gone to %(email)s.") % {"email": email})
        return redirect("athletes:invitation-list")
    sent = Invitation.objects.visible_to(request.user).filter(athlete__isnull=True).select_related("invited_by")
    sent = sent.exclude(invited_by=None, lets_in=False)  # the first operator's own link, which nobody sent
    page: dict[str, Any] = {"form": form, "invitations": sent.order_by("-created_at", "-pk")[:LATEST]}
    return render(request, "athletes/invitations.html", page, status=422 if form.is_bound else 200)


@never_cache
@require_POST
def invitation_revoke(request: HtmxHttpRequest, invitation_id: int) -> HttpResponse:
    """The link opens nothing from now on. One that was used already stays used."""
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=invitation_id)
    if invitations.revoke(Invitation.objects.filter(pk=invitation.pk)):
        messages.success(request, _("The link sent to %(email)s opens nothing any more.") % {"email": invitation.email})
    return redirect("athletes:invitation-list")


@login_not_required
@never_cache
@require_safe
def join(request: HtmxHttpRequest, token: str) -> HttpResponse:
    """Where an invitation's link leads: to an account, or in. Looking uses nothing up; link checkers look too."""
    invitation = invitations.find(token)
    if invitation is None:
        return render(request, "athletes/join_closed.html", status=404)
    if request.user.is_authenticated:
        invitations.take_up(request.user)
        invitation.refresh_from_db()
        if invitation.accepted_at:
            return redirect("athletes:home")
        return render(request, "athletes/join.html", {"invitation": invitation, "is_somebody_else": True})
    request.session[invitations.IN_HAND] = token
    request.session["account_verified_email"] = invitation.email  # allauth's word for: this link proves the address
    page = {
        "invitation": invitation,
        "lets_in": invitations.opens(invitation),
        "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': reverse('athletes:join', args=[token])})}",
    }
    return render(request, "athletes/join.html", page)
