"""A coach's first page: the runners who granted a look, what it covers, and what waits for an answer."""

from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from athletes import access
from athletes.http import HtmxHttpRequest
from performance.models import Race


@require_safe
@never_cache
def coach(request: HtmxHttpRequest) -> HttpResponse:
    """One query, whatever the number of runners. Names and counts only: following a link is what counts as looking."""
    counts = Race.objects.visible_to(request.user).filter(athlete=OuterRef("athlete")).order_by().values("athlete")
    counted = Q(state__in=[Race.State.FOUND, Race.State.CONFIRMED])
    grants = (
        access.grants_to(request.user)
        .select_related("athlete__user")
        .annotate(
            n_races=Subquery(counts.annotate(n=Count("pk", filter=counted)).values("n")),
            n_waiting=Subquery(counts.annotate(n=Count("pk", filter=Q(state=Race.State.TO_DECIDE))).values("n")),
            raced_last=Subquery(counts.annotate(last=Max("local_date", filter=counted)).values("last")),
        )
        .order_by(F("athlete__user__name"), "pk")
    )
    page: dict[str, Any] = {"grants": grants, "ACTIVITIES": access.ACTIVITIES}
    return render(request, "performance/coach.html", page)
