"""The published tables: every edition, surface and sex, public, as a page and as a file."""

from typing import Any, Final

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from athletes.http import HtmxHttpRequest, wants_part
from athletes.models import Athlete
from performance import agegrade
from performance.age_grade_form import CONVENTION_NAMES, OLDEST, SURFACE_NAMES, edition_name
from performance.age_table import FACTORS, LEVELS, AgeTable, age_table
from performance.exports import csv_response

SEX_NAMES: Final = {"F": gettext_lazy("Women"), "M": gettext_lazy("Men")}


class TableForm(forms.Form):
    """The query string of a table. What is missing or wrong falls back to the ordinary: a table is always shown."""

    all_optional = True

    sex = forms.ChoiceField(choices=list(SEX_NAMES.items()), label=gettext_lazy("Tables"))
    standard = forms.ChoiceField(label=gettext_lazy("Edition"))
    surface = forms.ChoiceField(choices=list(SURFACE_NAMES.items()), label=gettext_lazy("Surface"))
    show = forms.ChoiceField(label=gettext_lazy("Show"))
    convention = forms.ChoiceField(choices=list(CONVENTION_NAMES.items()), label=gettext_lazy("Rounding"))
    age = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=OLDEST,
        label=gettext_lazy("Your age"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": "3"}),
    )
    first = forms.IntegerField(required=False, min_value=0, max_value=OLDEST, widget=forms.HiddenInput)

    def __init__(self, asked: QueryDict, *, athlete: Athlete | None) -> None:
        sex = athlete.sexes[0] if athlete and athlete.sexes else "F"
        age = athlete.age_on(timezone.localdate()) if athlete else None
        ordinary: dict[str, Any] = {
            "sex": sex, "standard": agegrade.DEFAULT_EDITION, "surface": "", "show": "100",
            "convention": agegrade.EXACT, "age": age if age is not None else "",
        }  # fmt: skip
        data = ordinary | {name: asked[name] for name in asked if name in self.base_fields}
        edition = agegrade.EDITIONS.get(str(data["standard"]))
        data["surface"] = self._surface(edition, str(data["surface"]))
        super().__init__(data)
        offered = [(one.id, edition_name(one.id)) for one in agegrade.editions()]
        if edition is not None and not edition.offered:  # withdrawn: for those who name it
            offered.append((edition.id, edition_name(edition.id)))
        shown = [(str(level), _("Times for %(level)d %%") % {"level": level}) for level in LEVELS]
        shown[0] = ("100", _("Age standards (100 %)"))
        self.fields["standard"].choices = offered  # type: ignore[attr-defined]
        self.fields["show"].choices = [*shown, (FACTORS, _("Age factors"))]  # type: ignore[attr-defined]
        self.ordinary = ordinary

    @staticmethod
    def _surface(edition: agegrade.Edition | None, asked: str) -> str:
        """A surface the edition has: the one asked for, else its first one."""
        if edition is None or asked in edition.surfaces:
            return asked or agegrade.ROAD
        return edition.surfaces[0]

    @property
    def asked(self) -> dict[str, Any]:
        """What is shown: the ordinary in the place of what was wrong."""
        self.full_clean()
        chosen = {name: self.cleaned_data.get(name) for name in self.fields}
        if "standard" in self.errors:
            chosen["standard"], chosen["surface"] = agegrade.DEFAULT_EDITION, agegrade.ROAD
        for name in ("sex", "show", "convention"):
            if name in self.errors:
                chosen[name] = self.ordinary[name]
        return chosen

    def table(self, asked: dict[str, Any]) -> AgeTable:
        return age_table(
            edition=asked["standard"],
            surface=asked["surface"],
            sex=asked["sex"],
            convention=asked["convention"],
            show=asked["show"],
        )


@login_not_required
@require_safe
@never_cache
@vary_on_headers("HX-Request")
def age_tables(request: HtmxHttpRequest) -> HttpResponse:
    """Ages down, events across, twenty years at a time; the reader's own age stands out."""
    form = TableForm(request.GET, athlete=request.athlete)
    asked = form.asked
    table = form.table(asked)
    band = table.band_of(asked["first"] if asked["first"] is not None else asked["age"])
    kept = {name: asked[name] for name in ("sex", "standard", "surface", "show", "convention", "age") if asked[name]}
    page = {
        "form": form,
        "table": table,
        "edition": agegrade.EDITIONS[table.published.edition],
        "rows": list(table.rows(band, age=asked["age"])),
        "factors": table.level is None,
        "hundredths": asked["surface"] == agegrade.TRACK,
        "asked": asked,
        "age": asked["age"],
        "has_mine": table.row_of(asked["age"]) is not None,
        "sex_name": SEX_NAMES[table.published.sex],
        "surface_name": SURFACE_NAMES[table.published.surface],
        "bands": [(one, _address(kept | {"first": one.first}), one == band) for one in table.bands],
        "csv": _address(kept, name="performance:age-grade-tables-csv"),
    }
    template = "performance/age_tables.html"
    return render(request, template + "#table" if wants_part(request) else template, page)


@login_not_required
@require_safe
def age_tables_csv(request: HtmxHttpRequest) -> HttpResponseBase:
    """The whole table; times in seconds, so that a spreadsheet can reckon with them."""
    form = TableForm(request.GET, athlete=None)
    asked = form.asked
    table = form.table(asked)
    events = [column.event for column in table.events]
    rows = ({"age": row.age, **dict(zip(events, map(_plain, row.cells), strict=True))} for row in table.rows())
    what = FACTORS if table.level is None else f"{table.level}"
    name = f"{asked['standard']}-{asked['surface']}-{'women' if asked['sex'] == 'F' else 'men'}-{what}.csv"
    return csv_response(["age", *events], rows, name=name)


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _address(asked: dict[str, Any], *, name: str = "performance:age-grade-tables") -> str:
    query = QueryDict(mutable=True)
    query.update({key: str(value) for key, value in asked.items()})
    return f"{reverse(name)}?{query.urlencode()}"
