"""A club's results list, graded: bring a file, say which column is which, see it sorted, take it away. No account needed.

The list lives for a day under an address that nobody can guess, and its page says so; whoever has the address can also
delete it at once.
"""

import csv
import io
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from activities import measures
from activities.columns import NotATable, Table
from activities.measures import NotADistance
from athletes.http import HtmxHttpRequest, wants_part
from performance import agegrade, club_store
from performance.age_grade_form import CONVENTION_NAMES, SURFACE_NAMES, edition_name
from performance.agegrade import Refused
from performance.club_results import PARTS, Asked, GradedRow, date_orders, first_rows, propose, unit_of
from performance.exports import file_response, harmless
from performance.forms import DISTANCE_ERRORS
from performance.models import ClubResults

ROWS_A_PAGE: Final = 100
ROWS_BEFOREHAND: Final = 5

PART_NAMES: Final = {
    "name": gettext_lazy("Name"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "sex": gettext_lazy("Sex"),
    "age_group": gettext_lazy("Age group (names the sex where no column does)"),
    "age": gettext_lazy("Age on race day"),
    "born": gettext_lazy("Birth date"),
    "date": gettext_lazy("Race date"),
    "distance": gettext_lazy("Distance"),
    "time": gettext_lazy("Time"),
}
#: why a row has no grade, in words that fit a cell of a table
REASONS: Final = {
    "age_missing": gettext_lazy("no age"),
    "age_out_of_range": gettext_lazy("age not between 0 and 120"),
    "sex_missing": gettext_lazy("sex not M or F"),
    "distance_out_of_range": gettext_lazy("no table for the distance"),
    "distance_conflict": gettext_lazy("not the distance of this age"),
    "event_unknown": gettext_lazy("distance not clear"),
    "surface_not_in_edition": gettext_lazy("no table for the surface"),
    "no_open_standard": gettext_lazy("no open standard"),
    "time_invalid": gettext_lazy("no time"),
    "not_finished": gettext_lazy("did not finish"),
    "time_unclear": gettext_lazy("time can be read in two ways"),
    "date_missing": gettext_lazy("race date missing"),
    "year_only": gettext_lazy("a year of birth is no age"),
}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Results list"),
        help_text=gettext_lazy("A CSV file, up to 2 MB and 20,000 rows. Any order of columns, any language."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        error_messages={
            "required": gettext_lazy("Choose the file first."),
            "empty": gettext_lazy("There is nothing in it."),
        },
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > club_store.MOST_BYTES:
            raise ValidationError(_("The file is larger than 2 MB."), code="too_large")
        return file


class MappingForm(forms.Form):
    """Which column is which, and what holds for every row alike."""

    all_optional = True

    for_all_sex = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("no")), ("F", gettext_lazy("women’s")), ("M", gettext_lazy("men’s"))],
        label=gettext_lazy("All by one table, where a row names no sex"),
    )
    for_all_distance = forms.CharField(
        required=False,
        max_length=measures.LONGEST_TEXT,
        label=gettext_lazy("One distance for all"),
        help_text=gettext_lazy("Where no column says it: 10 km, half, 5 mi, 3000mSC."),
    )
    unit = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("not said: refuse them")), ("km", gettext_lazy("kilometres")),
            ("mi", gettext_lazy("miles")), ("m", gettext_lazy("metres")),
        ],
        label=gettext_lazy("Distances that are bare numbers are in"),
    )  # fmt: skip
    day = forms.DateField(
        required=False,
        label=gettext_lazy("One race date for all"),
        help_text=gettext_lazy("Birth dates need it, where no column has it."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    day_order = forms.ChoiceField(
        required=False,
        choices=[
            ("dmy", gettext_lazy("day first: 3/4 is 3 April")),
            ("mdy", gettext_lazy("month first: 3/4 is 4 March")),
        ],
        label=gettext_lazy("Dates are written"),
    )
    surface = forms.ChoiceField(choices=list(SURFACE_NAMES.items()), label=gettext_lazy("Surface"))
    edition = forms.ChoiceField(required=False, label=gettext_lazy("Edition"))
    convention = forms.ChoiceField(choices=list(CONVENTION_NAMES.items()), label=gettext_lazy("Rounding"))

    def __init__(self, data: Any = None, *, table: Table, asked: Asked | None = None) -> None:
        columns = dict(asked.columns) if asked else propose(table)
        orders = date_orders(table, columns)
        #: whether the dates of the file can be read both ways, so that somebody has to say
        self.asks_for_order = len(orders) != 1
        initial: dict[str, Any] = {f"column_{part}": str(columns.get(part, "")) for part in PARTS}
        if asked:
            initial |= {
                "for_all_sex": asked.sex, "for_all_distance": asked.distance, "unit": asked.distance_unit or "",
                "day": asked.day, "day_order": asked.day_order, "surface": asked.surface, "edition": asked.edition,
                "convention": asked.convention,
            }  # fmt: skip
        else:
            initial["day_order"] = orders[0] if len(orders) == 1 else ""
            initial["unit"] = (unit_of(table.header[columns["distance"]]) or "") if "distance" in columns else ""
        super().__init__(data, initial=initial)
        heads = [("", _("none")), *((str(place), name[:60]) for place, name in enumerate(table.header))]
        for part in PARTS:
            self.fields[f"column_{part}"] = forms.ChoiceField(required=False, choices=heads, label=PART_NAMES[part])
        self.fields["edition"].choices = [  # type: ignore[attr-defined]
            ("", _("Newest for the surface")),
            *((one.id, edition_name(one.id)) for one in agegrade.editions() if one.has_open_standards),
        ]
        if self.asks_for_order:
            order = self.fields["day_order"]
            order.choices = [("", _("choose")), *order.choices]  # type: ignore[attr-defined]

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"column_{part}"] for part in PARTS]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.startswith("column_")]

    def clean_for_all_distance(self) -> str:
        text: str = self.cleaned_data["for_all_distance"].strip()
        if text:
            try:
                measures.parse_distance(text)
            except NotADistance as error:
                try:
                    agegrade.parse_event(text)
                except Refused:
                    raise ValidationError(DISTANCE_ERRORS[error.reason], code=error.reason) from None
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        columns = {part: cleaned.get(f"column_{part}") for part in PARTS}
        if not columns["time"]:
            self.add_error("column_time", ValidationError(_("Say which column holds the time."), code="required"))
        if not columns["age"] and not columns["born"]:
            self.add_error(
                "column_age", ValidationError(_("Say which column holds the age, or the birth date."), code="required")
            )
        if not columns["distance"] and not cleaned.get("for_all_distance") and "for_all_distance" not in self.errors:
            self.add_error(
                "for_all_distance",
                ValidationError(_("Say which column holds the distance, or give one for all."), code="required"),
            )
        if not (columns["sex"] or columns["age_group"] or cleaned.get("for_all_sex")):
            self.add_error(
                "column_sex",
                ValidationError(
                    _("Say which column tells women from men, or choose one table for all."), code="required"
                ),
            )
        if columns["born"] and not columns["age"] and not columns["date"] and not cleaned.get("day"):
            self.add_error(
                "day", ValidationError(_("Give the date of the race: ages follow from it."), code="required")
            )
        if (columns["born"] or columns["date"]) and self.asks_for_order and not cleaned.get("day_order"):
            self.add_error(
                "day_order",
                ValidationError(_("These dates can be read in two ways. Say how they are written."), code="required"),
            )
        self._edition_has_surface(cleaned)
        return cleaned

    def _edition_has_surface(self, cleaned: dict[str, Any]) -> None:
        edition = agegrade.EDITIONS.get(cleaned.get("edition") or "")
        if edition is not None and cleaned.get("surface") and cleaned["surface"] not in edition.surfaces:
            self.add_error(
                "edition", ValidationError(_("This edition has no tables for that surface."), code="no_surface")
            )

    @property
    def asked(self) -> Asked:
        chosen = self.cleaned_data
        columns = {part: int(place) for part in PARTS if (place := chosen[f"column_{part}"])}
        return Asked(
            columns=columns,
            sex=chosen["for_all_sex"],
            distance=chosen["for_all_distance"],
            distance_unit=chosen["unit"] or None,
            day=chosen["day"],
            day_order=chosen["day_order"] or "dmy",
            surface=chosen["surface"],
            edition=chosen["edition"],
            convention=chosen["convention"],
        )


# -- the pages ---------------------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def results_new(request: HtmxHttpRequest) -> HttpResponse:
    """What it does, what is kept and for how long, and the file."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            sender = get_adapter(request).get_client_ip(request)
            kept = club_store.receive(file.read(), name=file.name or "", sender=sender)
        except NotATable as error:
            form.add_error("file", ValidationError(_table_words(error), code=error.code))
        except club_store.TurnedAway as away:
            form.add_error("file", ValidationError(_AWAY[away.code], code=away.code))
            status = 429 if away.code == "too_often" else 503
        else:
            return redirect("performance:age-grade-results", kept.pk)
    return render(request, "performance/club_results_new.html", {"form": form}, status=status)


_AWAY: Final = {
    "too_often": gettext_lazy("That was a lot of files from you within an hour. Please wait an hour before the next."),
    "graded_often": gettext_lazy(
        "You had lists graded very often within an hour. Please wait an hour before the next."
    ),
    "full": gettext_lazy("There is no room for another list at the moment. Please try again in an hour."),
}


def _table_words(error: NotATable) -> str:
    return {
        "empty": _("There is nothing in it."),
        "too_large": _("The file is larger than 2 MB."),
        "too_many_rows": _("The list has more than 20,000 rows. Cut it into several files."),
        "too_many_columns": _("A table of more than 200 columns is not read."),
        "binary": _("This is not a table of text. Save the sheet as CSV first."),
        "no_rows": _("There is no table of results in it: it takes a row for each runner, and columns."),
    }.get(error.code, str(error))


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def results(request: HtmxHttpRequest, list_id: UUID) -> HttpResponse:
    """Which column is which, until somebody said so; then how far it is, then the graded list."""
    kept = _kept(list_id)
    if request.method == "POST" or kept.asked is None or "columns" in request.GET:
        return _mapping(request, kept)
    page: dict[str, Any] = {"kept": kept, "finished": kept.finished_at is not None, "asked": _as_asked(kept)}
    if page["asked"] is not None:
        page["edition"] = page["asked"].edition or agegrade.default_edition(page["asked"].surface).id
    if kept.finished_at is not None:
        page |= _listed(request, club_store.graded_rows(kept))
    template = "performance/club_results.html"
    return render(request, template + "#results" if wants_part(request) else template, page)


def _kept(list_id: UUID) -> ClubResults:
    return get_object_or_404(ClubResults.objects.filter(expires_at__gt=timezone.now()), pk=list_id)


def _as_asked(kept: ClubResults) -> Asked | None:
    return Asked.model_validate(kept.asked) if kept.asked else None


def _mapping(request: HtmxHttpRequest, kept: ClubResults) -> HttpResponse:
    """The mapping with a look at the first rows. HTMX asks for that look alone after every change."""
    table = club_store.table_of(kept)
    form = MappingForm(request.POST if request.method == "POST" else None, table=table, asked=_as_asked(kept))
    looks = wants_part(request) or "look" in request.POST
    status = 422
    if form.is_bound and form.is_valid() and not looks:
        try:
            club_store.grade(kept, form.asked, sender=get_adapter(request).get_client_ip(request))
            return redirect("performance:age-grade-results", kept.pk)
        except club_store.TurnedAway as away:
            form.add_error(None, ValidationError(_AWAY[away.code], code=away.code))
            status = 429
    page = {
        "kept": kept,
        "form": form,
        "header": table.header,
        "first": table.rows[:ROWS_BEFOREHAND],
        "looked": _beforehand(form, table),
    }
    template = "performance/club_results_mapping.html"
    if wants_part(request):
        return render(request, template + "#look", page)
    return render(request, template, page, status=status if form.is_bound and form.errors and not looks else 200)


def _beforehand(form: MappingForm, table: Table) -> list[tuple[GradedRow, str]]:
    """The first rows as they would be graded; none while the form is not complete."""
    if not form.is_bound:
        form = MappingForm({name: form.get_initial_for_field(form.fields[name], name) or "" for name in form.fields}
                           | {"surface": agegrade.ROAD, "convention": agegrade.EXACT}, table=table)  # fmt: skip
    if not form.is_valid():
        return []
    return _with_reasons(first_rows(table, form.asked, most=ROWS_BEFOREHAND))


def _with_reasons(rows: list[GradedRow]) -> list[tuple[GradedRow, str]]:
    return [(row, str(REASONS.get(row.refusal, row.refusal))) for row in rows]


#: how the list may be sorted: key, and whether those without one stand at the end
_SORTS: Final = {
    "grade": lambda row: (row.age_grade is None, -(row.age_grade or 0), row.line),
    "time": lambda row: (row.time_s is None, row.distance_m or 0, row.time_s or 0, row.line),
    "name": lambda row: (row.name.casefold(), row.line),
    "file": lambda row: row.line,
}


def _listed(request: HtmxHttpRequest, rows: list[GradedRow]) -> dict[str, Any]:
    sort = request.GET.get("sort", "grade")
    sort = sort if sort in _SORTS else "grade"
    places = {row.line: place for place, row in enumerate(rows, start=1) if row.age_grade is not None}
    shown = Paginator(sorted(rows, key=_SORTS[sort]), ROWS_A_PAGE).get_page(request.GET.get("page"))
    refused = [row for row in rows if row.refusal]
    return {
        "sort": sort,
        "shown": shown,
        "rows": [(places.get(row.line), row, reason) for row, reason in _with_reasons(list(shown))],
        "n_graded": len(rows) - len(refused),
        "n_refused": len(refused),
    }


@login_not_required
@never_cache
@require_safe
def results_csv(request: HtmxHttpRequest, list_id: UUID) -> HttpResponseBase:
    """The file as it came, best age grade first, with the grade behind every row. No cell of it is a formula."""
    kept = get_object_or_404(
        ClubResults.objects.filter(expires_at__gt=timezone.now(), finished_at__isnull=False), pk=list_id
    )
    table, asked = club_store.table_of(kept), _as_asked(kept)
    assert asked is not None
    edition = asked.edition or agegrade.default_edition(asked.surface).id
    rows = club_store.graded_rows(kept)

    def lines() -> Any:
        yield "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells a spreadsheet that this is UTF-8
        yield _line([*table.header, *_BEHIND], table.delimiter)
        for row in rows:
            yield _line([*table.rows[row.line], *_behind(row, edition, asked.convention)], table.delimiter)

    response = file_response(lines(), content_type="text/csv; charset=utf-8")
    stem = (kept.name.rsplit(".", 1)[0] or "results")[:80]
    response["Content-Disposition"] = (
        f"attachment; filename=\"age-graded.csv\"; filename*=UTF-8''{quote(stem)}-age-graded.csv"
    )
    return response


_BEHIND: Final = ("age used", "age grade %", "age-graded time", "class", "edition", "rounding", "why no grade")


def _behind(row: GradedRow, edition: str, convention: str) -> list[str]:
    graded = row.age_grade is not None
    return [
        "" if row.age is None else f"{row.age:g}",
        f"{100 * row.age_grade:.2f}" if row.age_grade is not None else "",
        "" if row.age_graded_time_s is None else measures.format_duration(row.age_graded_time_s),
        agegrade.class_word(row.age_grade) if row.age_grade is not None else "",
        edition if graded else "",
        convention if graded else "",
        row.refusal,
    ]


def _line(cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return out.getvalue()


@login_not_required
@never_cache
@require_POST
def results_delete(request: HtmxHttpRequest, list_id: UUID) -> HttpResponse:
    """Delete a list before its day is over."""
    _kept(list_id).delete()
    return redirect("performance:age-grade-results-new")
