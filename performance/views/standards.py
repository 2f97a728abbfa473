"""An athlete's standard: choosing it, and what another one did to every race. Taking it back is choosing the former."""

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Avg, Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from performance import standards as rules
from performance.models import RegradedRace, Regrading
from performance.standards import Standard
from performance.standards_form import StandardsForm

RACES_A_PAGE: Final = 100
LATEST: Final = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def standards(request: HtmxHttpRequest) -> HttpResponse:
    """The form, and the last times the races were graded again."""
    athlete = request.athlete
    standard = Standard.of(athlete) if athlete else Standard()
    form = StandardsForm(request.POST if request.method == "POST" else None, standard=standard)
    if form.is_bound and form.is_valid():
        regrading = rules.choose(athlete or Athlete.objects.create(user=request.user), form.standard)
        if regrading is None:
            messages.info(request, _("That is the standard already in force. Nothing changed."))
            return redirect("performance:standards")
        return redirect("performance:regrading", regrading.pk)
    page = {"form": form, "latest": Regrading.objects.visible_to(request.user).order_by("-pk")[:LATEST]}
    return render(request, "performance/standards.html", page, status=422 if form.is_bound else 200)


@never_cache
@require_safe
@vary_on_headers("HX-Request")
def regrading(request: HtmxHttpRequest, regrading_id: int) -> HttpResponse:
    """How far the grading is, then what it changed; `#regrading` polls until it is done."""
    found = get_object_or_404(Regrading.objects.visible_to(request.user).select_related("athlete"), pk=regrading_id)
    races = _changes(found)
    shown = Paginator(races, RACES_A_PAGE).get_page(request.GET.get("page"))
    latest = Regrading.objects.visible_to(request.user).order_by("-pk").values_list("pk", flat=True).first()
    page: dict[str, Any] = {
        "regrading": found,
        "finished": found.finished_at is not None,
        "races": shown,
        "can_take_back": found.why != Regrading.Why.SHIPPED and latest == found.pk and found.finished_at is not None,
        **_sums(races),
    }
    template = "performance/regrading.html"
    return render(request, template + "#regrading" if wants_part(request) else template, page)


@never_cache
@require_POST
def regrading_undo(request: HtmxHttpRequest, regrading_id: int) -> HttpResponse:
    """Choose the former standard again; that grades again too, and has a report of its own."""
    found = get_object_or_404(Regrading.objects.visible_to(request.user).select_related("athlete"), pk=regrading_id)
    again = rules.take_back(found)
    if again is None:
        messages.info(request, _("The former standard is in force already."))
    return redirect("performance:regrading", (again or found).pk)


def _changes(found: Regrading) -> QuerySet[RegradedRace]:
    return found.races.select_related("race").order_by("-race__local_date", "-race_id")


def _sums(races: QuerySet[RegradedRace]) -> dict[str, Any]:
    both = Q(grade_before__isnull=False, grade_after__isnull=False)
    return races.aggregate(
        n_changed=Count("pk"),
        n_higher=Count("pk", both & Q(grade_after__gt=F("grade_before"))),
        n_lower=Count("pk", both & Q(grade_after__lt=F("grade_before"))),
        n_lost=Count("pk", Q(grade_before__isnull=False, grade_after__isnull=True)),
        n_gained=Count("pk", Q(grade_before__isnull=True, grade_after__isnull=False)),
        mean_change=100 * Avg(F("grade_after") - F("grade_before"), filter=both),
    )
