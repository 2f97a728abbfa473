"""Connecting Strava and letting it go, an own API application, and the operators' check."""

import secrets
from datetime import timedelta
from typing import Any, Final, TypeGuard

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from pydantic import SecretStr

from activities.strava import artwork, check, connecting, erasing, oauth, revoking
from activities.strava.connecting import CannotConnect
from activities.strava.forms import OwnApplicationForm
from activities.strava.models import SCOPES, StravaAccount, StravaApplication
from activities.strava.sealing import CannotOpen
from activities.strava.words import SCOPES as SCOPE_WORDS
from activities.strava.words import words_for
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete

#: where the session keeps what a callback must bring back
STARTED: Final = "strava_started"
STARTED_LASTS: Final = timedelta(minutes=20)
#: Strava's words for scopes are short; anything else in the address is not kept
LONGEST_SCOPE: Final = 40

#: the rest is a fault of Strava's: our page works, and a 502 would be some proxy's page instead
REFUSED_WITH: Final = {"taken": 409, "another": 409, "erasing": 409, "code_spent": 400}

REFUSALS: Final = {
    "denied": gettext_lazy("You said no at Strava, so nothing was connected and nothing has changed."),
    "stale": gettext_lazy(
        "This answer does not belong to a connection you started here, or it was used already. Start again from this page."
    ),
    "code_spent": gettext_lazy("Strava's code was used already or has expired. Start again from this page."),
    "taken": gettext_lazy(
        "That Strava account is connected to somebody else here, and one Strava account belongs to one athlete. "
        "If it is yours, sign in as that athlete and disconnect it there first."
    ),
    "another": gettext_lazy(
        "That is another Strava account than the one your activities came from. Disconnect that one first, and have "
        "what came from it deleted: two histories must not be mixed."
    ),
    "erasing": gettext_lazy("What came from Strava is still being deleted. Connect again in a minute or two."),
    "nobody": gettext_lazy("Strava did not say whose account this is, so it was not connected. Try again."),
    "no_field_keys": gettext_lazy("The operator has not set the key that protects tokens, so nothing was connected."),
}


@never_cache
@require_safe
@vary_on_headers("HX-Request")
def connect(request: HtmxHttpRequest) -> HttpResponse:
    """What is asked and why; who is connected, what was allowed; the way out, and how far it is."""
    if request.athlete and wants_part(request):
        part = {"revocation": revoking.latest_of(request.athlete), "polls": True}
        return render(request, "activities/strava_connect.html#revocation", part)
    return _page(request)


def _page(request: HtmxHttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    athlete = request.athlete
    page: dict[str, Any] = {
        "athlete": athlete,
        "refused": REFUSALS.get(refused) or (refused and words_for(refused).title),
    }
    if athlete:
        account = connecting.account_of(athlete)
        application = account.application if _is_living(account) else connecting.application_for(athlete)
        page |= {
            "account": account,
            "revocation": revoking.latest_of(athlete),
            "connected": _is_living(account),
            "configured": application.is_configured and bool(settings.FIELD_KEYS),
            "own_application": application.owner_id is not None,
            "scopes": [(scope, scope.name in (account.scopes if account else ())) for scope in SCOPE_WORDS],
        }
        if account is not None:
            page["words"] = words_for(erasing.state_in_words(account))
            page["missing"] = _is_living(account) and bool(account.missing_scopes)
            if not _is_living(account) and not account.erase_asked_at:
                page["left"] = erasing.consequences(athlete)
    return render(request, "activities/strava_connect.html", page, status=status)


def _is_living(account: StravaAccount | None) -> TypeGuard[StravaAccount]:
    return account is not None and account.state != StravaAccount.State.DISCONNECTED


@never_cache
@require_safe
def start(request: HtmxHttpRequest) -> HttpResponse:
    """Off to Strava, with a word that only this session knows. A GET, for the policy on forms stops redirects elsewhere."""
    athlete = _athlete(request)
    application = connecting.application_for(athlete)
    if not (application.is_configured and settings.FIELD_KEYS):
        return redirect("activities:strava-connect")
    word = secrets.token_urlsafe(32)
    request.session[STARTED] = {"word": word, "at": timezone.now().timestamp(), "application": application.pk}
    try:
        there = oauth.authorize_url(
            application,
            redirect_uri=check.callback_url(),
            state=word,
            scopes=SCOPES,
            again=StravaAccount.objects.filter(athlete=athlete).exists(),
        )
    except CannotOpen:
        messages.error(
            request, _("Your own API application cannot be opened with this machine's keys. Enter it again.")
        )
        return redirect("activities:strava-application")
    revoking.hold(athlete)
    return redirect(there)


@never_cache
@require_safe
def callback(request: HtmxHttpRequest) -> HttpResponse:
    """Back from Strava. Whatever came, the word is spent."""
    athlete = _athlete(request)
    started = request.session.pop(STARTED, None)
    given = request.GET.get("state", "")
    if request.GET.get("error") or not request.GET.get("code"):
        revoking.go_on(athlete)
    if not started or not constant_time_compare(given, started["word"]) or _is_old(started["at"]):
        return _page(request, refused="stale", status=400)
    if request.GET.get("error") or not request.GET.get("code"):
        return _page(request, refused="denied")
    application = StravaApplication.objects.filter(pk=started["application"]).first()
    if application is None or application.owner_id not in (None, athlete.pk):
        return _page(request, refused="stale", status=400)
    told = request.GET.get("scope")
    scopes = list(SCOPES) if told is None else [scope for scope in told.split(",") if 0 < len(scope) <= LONGEST_SCOPE]
    try:
        account = connecting.connect(
            athlete, application, code=SecretStr(request.GET["code"]), scopes=sorted(set(scopes[:20]))
        )
    except CannotConnect as error:
        return _page(request, refused=error.code, status=REFUSED_WITH.get(error.code, 200))
    if account.reads_activities:
        messages.success(request, _("Strava is connected. Your runs are on their way, the newest first."))
    return redirect("activities:strava-connect")


def _is_old(started_at: float) -> bool:
    return timezone.now().timestamp() - started_at > STARTED_LASTS.total_seconds()


def _athlete(request: HtmxHttpRequest) -> Athlete:
    """The reader's own athlete; who does not run has nothing to connect."""
    if not request.athlete:
        raise Http404
    return request.athlete


@never_cache
@require_POST
def disconnect(request: HtmxHttpRequest) -> HttpResponse:
    account = connecting.account_of(_athlete(request))
    if not _is_living(account):
        return redirect("activities:strava-connect")
    connecting.disconnect(account)
    messages.success(request, _("Disconnected: nothing is fetched from Strava any more."))
    return redirect("activities:strava-connect")


@never_cache
@require_POST
def keep_or_delete(request: HtmxHttpRequest) -> HttpResponse:
    """What becomes of what came from Strava, asked after disconnecting."""
    account = connecting.account_of(_athlete(request))
    if account is None or _is_living(account):
        return redirect("activities:strava-connect")
    if request.POST.get("choice") == "delete":
        erasing.ask(account)
        messages.success(request, _("What came from Strava is being deleted. Results you typed in stay."))
    elif request.POST.get("choice") == "keep":
        StravaAccount.objects.filter(pk=account.pk, erase_asked_at__isnull=True).update(kept_at=timezone.now())
        messages.success(request, _("Kept. You can still have it deleted here."))
    return redirect("activities:strava-connect")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HtmxHttpRequest) -> HttpResponse:
    """An athlete's own API application: with limits of its own. The secret is never shown again."""
    athlete = _athlete(request)
    own = StravaApplication.objects.filter(owner=athlete).first()
    if request.method == "POST" and request.POST.get("remove"):
        return _remove(request, own)
    form = OwnApplicationForm(request.POST if request.method == "POST" else None, own=own)
    if form.is_bound and form.is_valid():
        _keep(request, athlete, own, form)
        return redirect("activities:strava-connect")
    in_use = own is not None and own.accounts.exclude(state=StravaAccount.State.DISCONNECTED).exists()
    page = {
        "form": form,
        "own": own,
        "in_use": in_use,
        "site": settings.SITE_URL,
        "host": check.callback_host(),
        "can_keep": bool(settings.FIELD_KEYS),
    }
    return render(request, "activities/strava_application.html", page, status=422 if form.is_bound else 200)


def _keep(request: HtmxHttpRequest, athlete: Athlete, own: StravaApplication | None, form: OwnApplicationForm) -> None:
    application = own or StravaApplication(owner=athlete)
    connecting.change_keys(application, client_id=form.cleaned_data["client_id"], client_secret=form.secret)
    account = connecting.account_of(athlete)
    if _is_living(account) and (account.refresh_token is None or account.application_id != application.pk):
        messages.warning(request, _("Saved. Connect again, so that your own application is used."))
    else:
        messages.success(request, _("Saved. Your own application is used from now on."))


def _remove(request: HtmxHttpRequest, own: StravaApplication | None) -> HttpResponse:
    if own is not None:
        if own.accounts.exclude(state=StravaAccount.State.DISCONNECTED).exists():
            messages.error(request, _("It is in use. Disconnect Strava first."))
            return redirect("activities:strava-application")
        own.accounts.update(application=StravaApplication.of_installation())
        own.delete()
        messages.success(request, _("Your own application was removed here."))
    return redirect("activities:strava-connect")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def operators_check(request: HtmxHttpRequest) -> HttpResponse:
    """How Strava is set up, for whoever runs the machine: states and figures, nobody's runs. POST asks Strava too."""
    if not request.user.is_superuser:
        raise Http404
    asked = request.method == "POST"
    found = check.without_asking() + (check.by_asking() if asked else [])
    return render(request, "activities/strava_check.html", {"findings": found, "asked": asked})


@login_not_required
@require_safe
@cache_control(public=True, max_age=86_400)
def strava_artwork(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """A mark of Strava's as the operator supplied it, the same for everybody."""
    mark = artwork.MARKS.get(name)
    found = artwork.shown(mark) if mark else None
    if found is None:
        raise Http404
    return HttpResponse(found.body, content_type=found.content_type)
