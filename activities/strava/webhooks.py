"""Strava's word that something has happened: taken in within milliseconds, believed never.

Nothing is signed, so whatever is said here only ever leads to a question with our own token, and how many of those a
flood of events can cause is bounded (sync.py). An event that is lost is made good by the night.
"""

from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from activities.queue import ask_for
from activities.strava import erasing
from activities.strava.models import StravaAccount, StravaAccountQuerySet
from activities.strava.schemas import WebhookEvent
from activities.strava.sync_models import StravaEvent, StravaStray, StravaSync

log = structlog.get_logger("agegrade.strava")

LARGEST_BODY = 16_384
MOST_PENDING = 500
REFUSAL_PROVES: Final = timedelta(minutes=15)


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest) -> HttpResponse:
    return _challenge(request) if request.method == "GET" else _event(request)


def _challenge(request: HttpRequest) -> HttpResponse:
    ours = settings.STRAVA_VERIFY_TOKEN.get_secret_value()
    told = request.GET.get("hub.verify_token", "")
    challenge = request.GET.get("hub.challenge", "")
    if not ours or not constant_time_compare(told, ours) or request.GET.get("hub.mode") != "subscribe":
        return JsonResponse({"error": "the verify token is not ours"}, status=403)
    return JsonResponse({"hub.challenge": challenge[:500]})


def _event(request: HttpRequest) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return JsonResponse({"error": "too large"}, status=413)
    try:
        event = WebhookEvent.model_validate_json(request.read(LARGEST_BODY + 1))
    except (ValidationError, ValueError):
        _stray("unreadable")
        return JsonResponse({"error": "not an event"}, status=400)
    account = StravaAccount.objects.select_related("application").filter(strava_athlete_id=event.owner_id)
    connected = account.connected().first()
    refused = _just_refused(account) if event.deauthorises else None
    found = connected or refused
    if found is None:
        _stray("unknown_owner")
        return HttpResponse(status=200)
    ours = found.application.subscription_id
    if ours is not None and ours != event.subscription_id:
        _stray("other_subscription")
        return HttpResponse(status=200)
    if connected is not None:
        _keep(connected, event)
    elif not settings.STRAVA_KEEP_WHEN_DEAUTHORISED:
        erasing.ask(found)
    return HttpResponse(status=200)


def _just_refused(accounts: StravaAccountQuerySet) -> StravaAccount | None:
    """Who withdraws while we are calling is found out by a refused token, before Strava tells of it.

    The refusal is the proof then that the event is asked for elsewhere; some time later it would prove nothing.
    """
    lately = timezone.now() - REFUSAL_PROVES
    return accounts.filter(state=StravaAccount.State.RECONNECT_NEEDED, state_at__gt=lately).first()


def _keep(account: StravaAccount, event: WebhookEvent) -> None:
    from activities.tasks import pull_account

    now = timezone.now()
    pending = StravaEvent.objects.filter(account=account, done_at=None)
    with transaction.atomic():
        StravaSync.objects.get_or_create(account=account)
        if pending.count() >= MOST_PENDING:
            StravaSync.objects.filter(pk=account.pk).update(head_due_at=now)
            _stray("too_many")
        else:
            again: dict[str, Any] = {
                "aspect": event.aspect_type,
                "received_at": now,
                "retry_at": now,
            }
            if event.deauthorises:  # what came after it does not take it back: it is asked
                again["deauthorises"] = True
            StravaEvent.objects.update_or_create(
                account=account, object_type=event.object_type, object_id=event.object_id, done_at=None, defaults=again
            )
        StravaSync.objects.filter(pk=account.pk).update(due_at=now)
        ask_for(pull_account, account.pk, waited_for=True)
    log.info("strava event", account_id=account.pk, kind=event.object_type, aspect=event.aspect_type)


def _stray(why: str) -> None:
    row, _created = StravaStray.objects.get_or_create(day=timezone.now().date(), why=why)
    StravaStray.objects.filter(pk=row.pk).update(n=F("n") + 1)
