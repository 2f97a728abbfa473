"""The request our views receive: a signed-in user, htmx, and the athlete behind the user (or none)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import SimpleLazyObject
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
