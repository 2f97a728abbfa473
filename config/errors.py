"""The one answer to an error: a page, an HTMX fragment or JSON, always with the id under which the log tells more."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token


def _wants_json(request: HttpRequest) -> bool:
    path = request.path
    return path.endswith(".json") or path.startswith("/health/") or request.accepts("text/html") is False


@requires_csrf_token
def error_response(request: HttpRequest, *, status: int, title: str, detail: str) -> HttpResponse:
    """title: what happened.  detail: what still works and what to do."""
    error_id = getattr(request, "request_id", "")
    if _wants_json(request):
        answer: HttpResponse = JsonResponse(
            {"error": {"status": status, "title": title, "detail": detail, "id": error_id}}, status=status
        )
    else:
        template = "_error.html" if "HX-Request" in request.headers else "error.html"
        facts = {"status": status, "title": title, "detail": detail, "error_id": error_id, "request": request}
        # The page of an error must not depend on what may have failed: no session, no user, no database.
        answer = HttpResponse(loader.render_to_string(template, facts), status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(
        request,
        status=HTTPStatus.BAD_REQUEST,
        title=_("That request could not be read"),
        detail=_("Go back and try again. Nothing was changed."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(
        request,
        status=HTTPStatus.FORBIDDEN,
        title=_("That is not allowed"),
        detail=_("You are signed in, but this is not yours to do."),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(
        request,
        status=HTTPStatus.NOT_FOUND,
        title=_("There is no such page"),
        detail=_("It may have been removed, or it belongs to somebody else."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return error_response(
        request,
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        title=_("Something went wrong on our side"),
        detail=_(
            "Nothing you entered before was lost. Try again in a minute; if it stays, give the operator this number."
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(
        request,
        status=HTTPStatus.FORBIDDEN,
        title=_("This form has expired"),
        detail=_("Open the page again and send the form once more. Cookies must be allowed for this site."),
    )


class NoPageMiddleware:
    """Django's 405 is empty, which a browser shows as a failure of its own: whoever typed or reloaded the address of a
    button is told instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED or answer.streaming or answer.content:
            return answer
        page = error_response(
            request,
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            title=_("There is no page at this address"),
            detail=_("It takes what a button or a form sends. Go back and press it there. Nothing was changed."),
        )
        page["Allow"] = answer["Allow"]
        return page
