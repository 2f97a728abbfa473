"""The way in, the settings, and the page behind "More"."""

from copy import copy
from typing import Final

from django.conf import settings as conf
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from athletes.forms import DisplayForm, HeartForm, PlaceForm, ProfileForm
from athletes.http import HtmxHttpRequest
from athletes.invitations import may_invite
from athletes.models import Athlete
from athletes.signals import athlete_changed

SECTIONS: Final[dict[str, type[ModelForm]]] = {
    "profile": ProfileForm,
    "place": PlaceForm,
    "heart": HeartForm,
    "display": DisplayForm,
}


@login_not_required
@never_cache
@require_safe
def home(request: HtmxHttpRequest) -> HttpResponse:
    """Signed out: what this is."""
    if request.user.is_authenticated:
        return redirect("performance:race-list")
    return render(request, "athletes/home.html", {"is_open": conf.SIGN_UP == "open"})


@never_cache
@require_safe
def more(request: HtmxHttpRequest) -> HttpResponse:
    athlete = request.athlete or None
    page = {
        "athlete": athlete,
        "is_unfinished": request.user.welcomed_at is None
        or (athlete is not None and not (athlete.born and athlete.table)),
        "may_invite": may_invite(request.user),
    }
    return render(request, "athletes/more.html", page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HtmxHttpRequest) -> HttpResponse:
    """One short form a section; a user who has no athlete yet becomes one by saving any of them."""
    asked = request.POST.get("section", "") if request.method == "POST" else ""
    forms = {
        name: form(request.POST if name == asked else None, instance=own_athlete(request), prefix=name)
        for name, form in SECTIONS.items()
    }
    if asked in forms and forms[asked].is_valid():
        save(request, forms[asked])
        return redirect("athletes:settings")
    page = {
        "is_new": not request.athlete,
        "standards_url": address_of("performance:standards"),
        **{f"{name}_form": form for name, form in forms.items()},
    }
    return render(request, "athletes/settings.html", page, status=422 if request.method == "POST" else 200)


def address_of(name: str) -> str:
    """Where a page of another app is, or nothing while it does not exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def own_athlete(request: HtmxHttpRequest) -> Athlete:
    """A copy of the reader's athlete, one a form: what a form leaves half done must show in no other."""
    return copy(request.athlete) if request.athlete else Athlete(user=request.user)


def save(request: HtmxHttpRequest, form: ModelForm, *, says: bool = True) -> None:
    """Store what one form shows. says: whether the reader is told on the next page."""
    with transaction.atomic():
        athlete: Athlete = form.save(commit=False)
        regrade = isinstance(form, ProfileForm | HeartForm) and form.changes_results and athlete.pk is not None
        if regrade:
            athlete.changed_at = timezone.now()
        # Only what this form shows: another section may have been saved since the page was read.
        shown = [name for name in form._meta.fields or [] if name in form.fields]
        columns = [*shown, *(["changed_at"] if regrade else [])]
        athlete.save(update_fields=columns if athlete.pk else None)
        if isinstance(form, ProfileForm) and "name" in form.changed_data:
            athlete.user.name = form.cleaned_data["name"]
            athlete.user.save(update_fields=["name"])
        if regrade:
            athlete_changed.send(sender=Athlete, athlete_id=athlete.pk)
    if says:
        again = _("Saved. Your training load is being worked out again.")
        if not isinstance(form, HeartForm):
            again = _("Saved. Your races are being graded again.")
        messages.success(request, again if regrade else _("Saved."))
