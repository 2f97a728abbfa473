"""Bringing files in: choosing them, and what became of each."""

from collections import Counter
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from activities import importers, ingest, joining, undo
from activities.forms import MOST_FILES, ImportForm
from activities.models import Activity, ImportBatch, ImportFile, Recording
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete

Outcome = ImportFile.Outcome

FILES_A_PAGE: Final = 100
LATEST: Final = 10
#: how often progress is told to those who listen: at every quarter
STEP_PERCENT: Final = 25
MEGABYTE: Final = 2**20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def import_new(request: HtmxHttpRequest) -> HttpResponse:
    """Choose files; they are taken in here and read in the background, so the answer is the page of the import."""
    athlete = request.athlete
    if not athlete:
        return render(request, "activities/import.html", {"athlete": None})
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        batch = ImportBatch.objects.create(athlete=athlete, kind=ImportBatch.Kind.UPLOAD)
        request.user.end_first_steps()  # their last one is to bring in runs
        for position, upload in enumerate(form.cleaned_data["uploads"]):
            ingest.receive(batch, name=upload.name, source=upload.file, position=position)
        there = reverse("activities:import", args=[batch.pk])
        return HttpResponseClientRedirect(there) if request.htmx else redirect(there)
    page = {
        "athlete": athlete,
        "form": form,
        "most_files": MOST_FILES,
        "largest_mb": importers.MAX_FILE_BYTES // MEGABYTE,
        "largest_archive_gb": importers.MAX_ARCHIVE_BYTES // 2**30,
        "n_alike": len(joining.offers(athlete)),
        "latest": [(batch, _on_clock(batch.created_at, athlete)) for batch in _latest(request)],
    }
    template = "activities/import.html#upload" if wants_part(request) and form.is_bound else "activities/import.html"
    return render(request, template, page, status=422 if form.is_bound else 200)


def _on_clock(moment: datetime, athlete: Athlete) -> datetime:
    """The time on the clock at the athlete's home, UTC where that is not known; without a zone, to be shown as it is."""
    return moment.astimezone(ZoneInfo(athlete.zone or "UTC")).replace(tzinfo=None)


def _latest(request: HtmxHttpRequest) -> QuerySet[ImportBatch]:
    waiting, failed = Q(files__outcome=Outcome.WAITING), Q(files__outcome=Outcome.REFUSED)
    return (
        ImportBatch.objects.visible_to(request.user)
        .annotate(n_files=Count("files"), n_waiting=Count("files", waiting), n_refused=Count("files", failed))
        .order_by("-created_at")[:LATEST]
    )


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def import_batch(request: HtmxHttpRequest, batch_id: int) -> HttpResponse:
    """How far an import is and what became of every file; `#import-state` polls until nothing waits.

    A poll brings the list of files along only where an outcome came since (`done`), so that nobody loses their place.
    """
    batch = _own(request, batch_id)
    counts = Counter(dict(batch.files.values_list("outcome").order_by().annotate(n=Count("pk"))))
    total, waiting = sum(counts.values()), counts[Outcome.WAITING]
    percent = 100 if not waiting else (total - waiting) * 100 // total
    asked = request.GET.get("outcome", "")
    files = batch.files.filter(outcome=asked) if asked in Outcome.values else batch.files.all()
    shown = Paginator(files, FILES_A_PAGE).get_page(request.GET.get("page"))
    undoing = batch.undo_asked_at is not None and batch.undone_at is None
    page = {
        "batch": batch,
        "came_at": _on_clock(batch.created_at, batch.athlete),
        "total": total,
        "done": total - waiting,
        "percent": percent,
        "finished": not waiting and not undoing,
        "undoing": undoing,
        "n_left": undo.recordings_of(batch).count() if undoing else 0,
        "n_retriable": undo.retriable(batch).count() if counts[Outcome.REFUSED] else 0,
        "step": percent // STEP_PERCENT * STEP_PERCENT,
        "says": _passed_a_step(request, percent) or (not waiting and not undoing),
        "brings_files": request.GET.get("done") != str(total - waiting) or batch.undo_asked_at is not None,
        "outcomes": _outcomes(counts),
        "outcome": asked if asked in Outcome.values else "",
        "files": shown,
        "rows": _with_activities(batch, list(shown)),
        "brought": ImportFile.BROUGHT,
        "n_brought": sum(counts[outcome] for outcome in ImportFile.BROUGHT),
    }
    template = "activities/import_batch.html"
    return render(request, template + "#import-state" if wants_part(request) else template, page)


def _own(request: HtmxHttpRequest, batch_id: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.visible_to(request.user).select_related("athlete"), pk=batch_id)


@require_POST
@never_cache
def import_cancel(request: HtmxHttpRequest, batch_id: int) -> HttpResponse:
    """Stop reading; what is read stays."""
    batch = _own(request, batch_id)
    undo.cancel(batch)
    return redirect("activities:import", batch.pk)


@require_POST
@never_cache
def import_retry(request: HtmxHttpRequest, batch_id: int) -> HttpResponse:
    """Read refused files again: all, or the one named."""
    batch = _own(request, batch_id)
    asked = request.POST.get("file", "")
    undo.retry(batch, file_id=int(asked[:18]) if asked.isdecimal() and asked.isascii() else None)
    return redirect("activities:import", batch.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_undo(request: HtmxHttpRequest, batch_id: int) -> HttpResponse:
    """What taking the whole import back would do, and doing it. A worker does; the page of the import says how far it is."""
    batch = _own(request, batch_id)
    if request.method == "POST":
        undo.ask(batch)
    if batch.undo_asked_at or request.method == "POST":
        return redirect("activities:import", batch.pk)
    page = {
        "batch": batch,
        "came_at": _on_clock(batch.created_at, batch.athlete),
        "consequences": undo.consequences(batch),
        "n_waiting": batch.files.filter(outcome=Outcome.WAITING).count(),
    }
    return render(request, "activities/import_undo.html", page)


def _with_activities(batch: ImportBatch, files: list[ImportFile]) -> list[tuple[ImportFile, list[Activity]]]:
    """Each file with the activities that its content stands for, whichever file brought it first. One query."""
    found: dict[str | None, dict[int, Activity]] = {}
    hashes = {file.sha256 for file in files if file.sha256}
    recordings = Recording.objects.filter(athlete=batch.athlete_id, content_hash__in=hashes).select_related("activity")
    for recording in recordings.order_by("session_no"):
        found.setdefault(recording.content_hash, {})[recording.activity_id] = recording.activity
    return [(file, list(found.get(file.sha256, {}).values())) for file in files]


def _outcomes(counts: Counter[str]) -> list[dict[str, Any]]:
    return [
        {"value": value, "label": Outcome(value).label, "n": counts[value]} for value in Outcome.values if counts[value]
    ]


def _passed_a_step(request: HtmxHttpRequest, percent: int) -> bool:
    """Whether progress went past a quarter that the page has not told yet (`seen`)."""
    seen = request.GET.get("seen", "")
    return seen.isdecimal() and percent // STEP_PERCENT > int(seen[:3]) // STEP_PERCENT
