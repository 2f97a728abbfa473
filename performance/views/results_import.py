"""Bringing a whole career: a table of results, which column is what, what it would do to the book, and taking it back."""

from collections import Counter
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from activities import columns
from activities.columns import Table
from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from athletes.whose import units_of
from performance import results_import
from performance.models import Race, ResultsFile
from performance.results_import import Judged, Reading

State = ResultsFile.State

PREVIEW_ROWS: Final = 50

NAMES: Final[dict[str, str | Promise]] = {
    "date": gettext_lazy("Date"),
    "event": gettext_lazy("Event"),
    "distance": gettext_lazy("Distance"),
    "chip_time": gettext_lazy("Chip time"),
    "gun_time": gettext_lazy("Gun time"),
    "time": gettext_lazy("Time (chip or only one)"),
    "surface": gettext_lazy("Surface"),
    "place_overall": gettext_lazy("Place overall"),
    "field_overall": gettext_lazy("Number of finishers"),
    "place_sex": gettext_lazy("Place among women or men"),
    "place_age_group": gettext_lazy("Place in the age group"),
    "age_group": gettext_lazy("Age group"),
    "bib": gettext_lazy("Bib number"),
    "result_url": gettext_lazy("Result on the web"),
    "notes": gettext_lazy("Notes"),
}
OUTCOMES: Final[dict[str, str | Promise]] = {
    "new": gettext_lazy("new"),
    "adds": gettext_lazy("adds to a race in the book"),
    "same": gettext_lazy("in the book already"),
    "differs": gettext_lazy("the book says otherwise"),
    "unreadable": gettext_lazy("not readable"),
}


class TableForm(forms.Form):
    table = forms.FileField(
        label=gettext_lazy("A table of results"),
        help_text=gettext_lazy(
            "A CSV file from any spreadsheet or results page, columns in any order. You see what it would do before any "
            "of it is stored."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={"required": gettext_lazy("Choose a file first."), "empty": gettext_lazy("The file is empty.")},
    )

    def clean_table(self) -> Any:
        given = self.cleaned_data["table"]
        if given.size > columns.MAX_BYTES:
            raise forms.ValidationError(_("The table is larger than %d MB.") % (columns.MAX_BYTES // 2**20))
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def results_new(request: HtmxHttpRequest) -> HttpResponse:
    """Choose a table; it is kept to be looked at, and nothing else happens."""
    athlete = _runner(request)
    form = TableForm(request.POST, request.FILES) if request.method == "POST" else TableForm()
    if form.is_bound and form.is_valid():
        given = form.cleaned_data["table"]
        try:
            file = results_import.receive(athlete, name=given.name, data=given.read())
            return redirect("performance:race-results", file_id=file.pk)
        except columns.NotATable as error:
            form.add_error("table", str(error))
    page = {"form": form, "files": ResultsFile.objects.visible_to(request.user).defer("outcomes")[:10]}
    return render(request, "performance/results_new.html", page, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def results(request: HtmxHttpRequest, file_id: int) -> HttpResponse:
    """One table: before it is taken in, its columns and a preview, which posting changes; afterwards what became of it."""
    athlete = _runner(request)
    file = _own(request, file_id)
    if request.method == "POST":
        if file.state == State.PREVIEW:
            file.reading = _reading(request.POST, results_import.table_of(file)).as_dict()
            file.save(update_fields=["reading"])
        if not wants_part(request):
            return redirect("performance:race-results", file_id=file.pk)
    page: dict[str, Any] = {"file": file, "units": units_of(request)}
    page |= _preview(file, athlete) if file.state == State.PREVIEW else _taken(file)
    template = "performance/results.html"
    return render(request, template + "#results-state" if wants_part(request) else template, page)


@require_POST
@never_cache
def results_take(request: HtmxHttpRequest, file_id: int) -> HttpResponse:
    """Take the rows in, as they are read now."""
    file = _own(request, file_id)
    if Reading.of(file.reading).missing:
        messages.error(request, _("Say first which columns hold the date, the time and the distance."))
    else:
        results_import.ask_to_take(file)
    return redirect("performance:race-results", file_id=file.pk)


@require_POST
@never_cache
def results_undo(request: HtmxHttpRequest, file_id: int) -> HttpResponse:
    """Take back what the table brought, or drop it where it was only looked at."""
    file = _own(request, file_id)
    if file.state == State.PREVIEW:
        results_import.drop(file)
        messages.success(request, _("The table is gone. Nothing of it was taken in."))
        return redirect("performance:race-results-new")
    results_import.ask_to_undo(file)
    return redirect("performance:race-results", file_id=file.pk)


def _runner(request: HtmxHttpRequest) -> Athlete:
    if not request.athlete:
        raise PermissionDenied
    return request.athlete


def _own(request: HtmxHttpRequest, file_id: int) -> ResultsFile:
    return get_object_or_404(ResultsFile.objects.visible_to(request.user).select_related("athlete__user"), pk=file_id)


def _reading(said: QueryDict, table: Table) -> Reading:
    """`column-3=date` and so on; of two columns for one field the first counts."""
    chosen: dict[str, int] = {}
    for place in range(len(table.header)):
        field = said.get(f"column-{place}", "")
        if field in results_import.FIELDS and field not in chosen:
            chosen[field] = place
    orders: dict[str | None, columns.DayOrder] = {"dmy": "dmy", "mdy": "mdy"}
    unit = said.get("default_unit", "")
    return Reading(chosen, orders.get(said.get("day_order")), unit if unit in ("km", "mi", "m") else "")


def _preview(file: ResultsFile, athlete: Athlete) -> dict[str, Any]:
    table = results_import.table_of(file)
    reading = Reading.of(file.reading)
    field_of = {place: field for field, place in reading.columns.items()}
    judged = [] if reading.missing else results_import.judge(athlete, results_import.read_rows(table, reading))
    counts: Counter[str] = Counter(one.outcome for one in judged)
    dates = table.column(reading.columns["date"]) if "date" in reading.columns else []
    return {
        "columns": [
            {"place": place, "name": name, "field": field_of.get(place, ""), "examples": table.column(place)[:3]}
            for place, name in enumerate(table.header)
        ],
        "choices": list(NAMES.items()),
        "reading": reading,
        "asks_order": len(columns.day_orders(dates)) > 1,
        "missing": [str(NAMES[name]) for name in reading.missing],
        "n_rows": len(table.rows),
        "counts": [(OUTCOMES[name], counts[name]) for name in OUTCOMES if counts[name]],
        "n_taken": counts["new"] + counts["adds"],
        "rows": [_shown(one) for one in _telling_first(judged)[:PREVIEW_ROWS]],
    }


def _telling_first(judged: list[Judged]) -> list[Judged]:
    """What needs a look stands on top, the rest in the order of the table."""
    rank = {"unreadable": 0, "differs": 0}
    return sorted(judged, key=lambda one: (rank.get(one.outcome, 1), one.row.number))


def _shown(one: Judged) -> dict[str, Any]:
    return {
        "row": one.row,
        "said": one.row.said,
        "race": one.race,
        "outcome": one.outcome,
        "words": OUTCOMES[one.outcome],
    }


def _taken(file: ResultsFile) -> dict[str, Any]:
    counts = Counter(told["outcome"] for told in file.outcomes)
    races = Race.objects.of(file.athlete).in_bulk([told["race"] for told in file.outcomes if told.get("race")])
    return {
        "counts": [(OUTCOMES[name], counts[name]) for name in OUTCOMES if counts[name]],
        "n_taken": counts["new"] + counts["adds"],
        "n_kept": sum(bool(told.get("kept")) for told in file.outcomes),
        "told": [
            {
                "row": told["row"],
                "words": OUTCOMES[told["outcome"]],
                "problems": told["problems"],
                "race": races.get(told.get("race")),
            }
            for told in file.outcomes
            if told["outcome"] in {"unreadable", "differs", "adds"}
        ][: PREVIEW_ROWS * 2],
    }
