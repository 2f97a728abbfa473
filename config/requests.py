"""Every request is logged once, when it is answered: who, what, how long, with an id that errors and tasks carry too.

Written here rather than taken from django-structlog, whose request events hold the whole query string (an OAuth code,
a searched name) and no duration; its Celery half, which carries the id on into tasks, is used.
"""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

log = structlog.get_logger("agegrade.request")

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestLogMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _PLAIN_ID.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            self._log(request, response, time.perf_counter() - started)
            return response
        finally:
            structlog.contextvars.clear_contextvars()

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """The traceback, under the id that the error page shows; a plain "no" is an answer and not an error."""
        if isinstance(exception, Http404 | PermissionDenied | BadRequest | SuspiciousOperation):
            return
        structlog.contextvars.bind_contextvars(user_id=_user_id(request))
        log.error("request failed", path=_path(request), error=type(exception).__name__, exc_info=exception)

    @staticmethod
    def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        if request.path.startswith(("/health/", "/static/")) and response.status_code < 400:
            write = log.debug
        else:
            write = log.warning if response.status_code >= 500 else log.info
        match = request.resolver_match
        write(
            "request",
            method=request.method,
            path=_path(request),
            view=match.view_name if match else None,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
            user_id=_user_id(request),
            htmx="HX-Request" in request.headers or None,
        )


class PersonalPagesMiddleware:
    """What a signed-in person was shown is stored nowhere: not by a proxy, nor by a browser that others use too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _user_id(request) is not None:
            response["Cache-Control"] = "private, no-store"
        return response


def _path(request: HttpRequest) -> str:
    """The path, without the keys in links that came by mail (password reset, confirming an address, invitations)."""
    match = request.resolver_match
    if match is not None and match.kwargs and (request.path.startswith("/accounts/") or "token" in match.kwargs):
        return f"/{request.path.split('/')[1]}/… ({match.url_name})"
    return request.path


def _user_id(request: HttpRequest) -> int | None:
    """The signed-in user's id, without a query where nobody asked for the user."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user is not None else None
