"""How far Strava is fetched: for the athlete, with everything they can do about it; for operators, without a value of anybody."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from activities.strava import erasing, limiter, sync
from activities.strava.errors import LimiterAway
from activities.strava.limiter import SHARE_OF_WAITING, Usage
from activities.strava.models import StravaAccount, StravaApplication
from activities.strava.sealing import CannotOpen
from activities.strava.sync_models import StravaActivity, StravaRun, StravaSetAside, StravaStray, StravaSync
from activities.strava.words import why_set_aside, words_for
from athletes.http import HtmxHttpRequest, wants_part

LATEST = 10
TEMPLATE = "activities/sync.html"
#: seconds between two looks: while figures move, and while a moment is waited for
OFTEN, SELDOM = 4, 60


@never_cache
@require_http_methods(["GET", "HEAD"])
@vary_on_headers("HX-Request")
def sync_page(request: HtmxHttpRequest) -> HttpResponse:
    page = _page(request)
    return _part(request, page) if wants_part(request) else render(request, TEMPLATE, page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def sync_now(request: HtmxHttpRequest) -> HttpResponse:
    """Ask for the newest; the answer is the strip, or the page where there is no script."""
    account = _account(request)
    said = ""
    if request.method == "POST" and account is not None:
        asked = sync.ask_now(account.pk)
        said = (
            _("Asked for.") if asked else _("That was asked for within the last minute. It can be asked once a minute.")
        )
    if not wants_part(request):
        if said:
            messages.info(request, said)
        return redirect("activities:sync")
    return _part(request, _page(request) | {"said": said})


def _part(request: HtmxHttpRequest, page: dict[str, Any]) -> HttpResponse:
    """The figures alone for a reader before whom nothing else has changed, so that what they have focused stays."""
    seen = request.GET.get("seen", "")
    if seen and seen == page.get("key"):
        return render(request, f"{TEMPLATE}#sync-figures", page)
    answer = render(
        request, f"{TEMPLATE}#sync-state", page | {"told": page.get("said") or (seen and page.get("short"))}
    )
    answer["HX-Retarget"], answer["HX-Reswap"] = "#sync-state", "outerHTML"
    return answer


@never_cache
@require_POST
def sync_change(request: HtmxHttpRequest) -> HttpResponse:
    """Pause, go on, another order, try the failed ones again, or say that what seems to be gone really is."""
    account = _account(request)
    if account is None:
        raise Http404
    state, now = StravaSync.objects.get_or_create(account=account)[0], timezone.now()
    rows = StravaSync.objects.filter(pk=account.pk)
    act = request.POST.get("act", "")
    if act == "pause":
        rows.update(paused_at=now)
    elif act == "resume":
        rows.update(paused_at=None, due_at=now)
    elif act == "order" and request.POST.get("order") in StravaSync.Order.values:
        rows.update(order=request.POST["order"])
    elif act == "retry":
        StravaActivity.objects.filter(account=account, streams="failed").update(
            streams="due", attempts=0, retry_at=None
        )
        rows.update(due_at=now)
    elif act == "believe" and (state.held_at or sync.kept_of(account.pk).exists()):
        sync.check_missing(account.pk)
    elif act == "doubt" and state.held_at:
        sync.keep_missing(account.pk)
    else:
        messages.error(request, _("That is nothing that can be done here. Nothing was changed."))
        return redirect("activities:sync")
    if act != "pause":
        sync._wake(account.pk)
    return redirect("activities:sync")


def _account(request: HtmxHttpRequest) -> StravaAccount | None:
    return StravaAccount.objects.visible_to(request.user).select_related("application", "athlete").first()


def usage_of(application: StravaApplication) -> Usage | None:
    try:
        return limiter.usage(application) if application.is_configured else None
    except (LimiterAway, CannotOpen):
        return None


def _page(request: HtmxHttpRequest) -> dict[str, Any]:
    account = _account(request)
    page: dict[str, Any] = {"athlete": request.athlete, "account": account}
    if account is None:
        return page
    state = StravaSync.objects.get_or_create(account=account)[0]
    counts = sync.known_of(account.pk).aggregate(
        total=Count("pk"),
        due=Count("pk", filter=Q(streams="due")),
        failed=Count("pk", filter=Q(streams="failed")),
        missing=Count("pk", filter=Q(missing_since__isnull=False)),
        kept=Count("pk", filter=Q(kept_at__isnull=False)),
    )
    usage = usage_of(account.application)
    now = timezone.now()
    busy = state.due_at is not None and state.due_at < now + sync.LEASE + timedelta(seconds=5)
    trouble = state.error or ("" if account.state == "connected" else account.state)
    if trouble == account.state == StravaAccount.State.RECONNECT_NEEDED:
        trouble = erasing.state_in_words(account)
    waits = bool(trouble) and state.due_at is not None
    short = _short(state, busy=busy and not trouble, trouble=trouble, is_all=not counts["due"])
    page |= {
        "state": state,
        "counts": counts,
        "short": short,
        "is_stopped": bool(trouble) and trouble != "rate_limited",
        #: another one is worth telling to who only listens, and needs more than the figures
        "key": hashlib.sha256(f"{short} {counts['missing']} {counts['kept']}".encode()).hexdigest()[:12],
        "polls_s": OFTEN if busy and not trouble else SELDOM if waits else 0,
        "done": counts["total"] - counts["due"],
        "usage": usage,
        "busy": busy and not trouble,
        "trouble": words_for(trouble) if trouble else None,
        "days_left": _days_left(account, usage),
        "weekly": sync.compares_every(account) > sync.COMPARE_OFTEN,
        "runs": [
            (run, words_for(run.error).title if run.error else "")
            for run in StravaRun.objects.filter(account=account).order_by("-pk")[:LATEST]
        ],
        "aside": [
            (one, why_set_aside(one.reason))
            for one in StravaSetAside.objects.visible_to(request.user).order_by("-seen_at")[:LATEST]
        ],
        "orders": StravaSync.Order.choices,
        "retention_days": settings.STRAVA_RETENTION_DAYS,
        "is_operator": request.user.is_superuser,
    }
    return page


def _short(state: StravaSync, *, busy: bool, trouble: str, is_all: bool) -> str:  # noqa: PLR0911 - one line a state
    """What goes on, in one line."""
    if trouble:
        return str(words_for(trouble).title)
    if state.held_at:
        return _("Activities are no longer in Strava's list: please answer.")
    if state.page is not None:
        return _("The list of your activities is being read.")
    if state.paused_at and not is_all:
        return _("Fetching streams is paused by you.")
    if busy and not is_all:
        return _("The streams are being fetched.")
    if busy:
        return _("Strava is being compared.")
    return _("Everything that could be fetched is here.") if is_all else _("The rest is fetched later.")


def _days_left(account: StravaAccount, usage: Usage | None) -> int | None:
    """Days until all streams are here, by what Strava allows in a day to all athletes of the application together."""
    due = StravaActivity.objects.filter(
        account__application=account.application_id, streams="due", recording__isnull=False
    ).count()
    if usage is None or not due:
        return None
    a_day = max(1, int(usage.budget.read_limit_day * (1 - SHARE_OF_WAITING)))
    left_today = max(0, a_day - usage.budget.read_used_day)
    return 0 if due <= left_today else -(-(due - left_today) // a_day)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def everybody(request: HtmxHttpRequest) -> HttpResponse:
    """For operators: numbers, states, counts and classes of errors. Nobody's name, run or payload."""
    if not request.user.is_superuser:
        raise Http404
    if request.method == "POST":
        account = StravaAccount.objects.connected().filter(pk=_number(request.POST.get("account"))).first()
        if account is None:
            raise Http404
        asked = sync.ask_now(account.pk)
        messages.info(request, _("Asked for.") if asked else _("That was asked for within the last minute."))
        return redirect("activities:sync-everybody")
    accounts = (
        StravaAccount.objects.select_related("sync")
        .annotate(
            n=Count("known", filter=Q(known__recording__isnull=False)),
            n_due=Count("known", filter=Q(known__streams="due", known__recording__isnull=False)),
            n_failed=Count("known", filter=Q(known__streams="failed")),
        )
        .order_by("pk")[:200]
    )
    day = timezone.now() - timedelta(days=1)
    sums = StravaRun.objects.filter(started_at__gt=day).aggregate(
        new=Sum("n_new"),
        changed=Sum("n_changed"),
        removed=Sum("n_removed"),
        aside=Sum("n_set_aside"),
        calls=Sum("n_calls"),
    )
    rows = []
    for account in accounts:
        state = getattr(account, "sync", None)
        trouble = (state.error if state else "") or ("" if account.state == "connected" else account.state)
        rows.append((account, state, words_for(trouble) if trouble else None))
    installation = StravaApplication.of_installation()
    page = {
        "rows": rows,
        "sums": {name: n or 0 for name, n in sums.items()},
        "usage": usage_of(installation),
        "application": installation,
        "strays": list(StravaStray.objects.order_by("-day", "why")[:LATEST]),
        "retention_days": settings.STRAVA_RETENTION_DAYS,
    }
    return render(request, "activities/sync_everybody.html", page)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else 0
