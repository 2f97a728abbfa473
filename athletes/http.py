"""The request our views receive: a signed-in user, htmx, and the athlete behind the user (or none)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from athletes.models import Athlete, User


class HtmxHttpRequest(HttpRequest):
    user: User
    htmx: HtmxDetails
    request_id: str
    athlete: Athlete | None


def wants_part(request: HtmxHttpRequest) -> bool:
    """HTMX asks for a part of the page; going back through the history asks for the whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def _athlete_of(request: HttpRequest) -> Athlete | None:
    if not request.user.is_authenticated:
        return None
    return Athlete.objects.select_related("user").filter(user=request.user).first()


class SignInMiddleware(LoginRequiredMiddleware):
    """Who is not signed in any more comes back to the page they were on: what HTMX asks for is a part of one, and where a
    form goes is none at all. HTMX is told to leave the page, or it would put the sign-in page into the middle of it."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        is_page = request.method in ("GET", "HEAD") and not request.htmx  # type: ignore[attr-defined]
        back = request.get_full_path() if is_page else _page_before(request)
        sign_in = redirect_to_login(back, self.get_login_url(view_func), self.get_redirect_field_name(view_func))
        return HttpResponseClientRedirect(sign_in.url) if request.htmx else sign_in  # type: ignore[attr-defined]


def _page_before(request: HttpRequest) -> str:
    """Path and query of the page of ours that asked, else of the first page."""
    before = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}):
        return str(settings.LOGIN_REDIRECT_URL)
    return urlsplit(before)._replace(scheme="", netloc="", fragment="").geturl() or str(settings.LOGIN_REDIRECT_URL)


class AthleteMiddleware:
    """`request.athlete`: the signed-in user's own athlete, asked for once and only when used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.athlete = SimpleLazyObject(lambda: _athlete_of(request))  # type: ignore[attr-defined]
        if len(settings.LANGUAGES) > 1:
            _speak_the_language_of(request)
        return self.get_response(request)


def _speak_the_language_of(request: HttpRequest) -> None:
    """What an athlete chose comes before what the browser asks for."""
    athlete: Athlete | None = request.athlete  # type: ignore[attr-defined]
    if athlete and athlete.language in dict(settings.LANGUAGES):
        translation.activate(athlete.language)
        request.LANGUAGE_CODE = athlete.language
