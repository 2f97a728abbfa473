"""Which part of a run the charts show: `?from_km= &to_km=`, or the same in miles for who reads miles."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _

from activities import measures
from activities.measures import Units
from activities.templatetags.measures import numerals

UNIT_M: Final[dict[Units, float]] = {"km": 1000.0, "mi": measures.MILE_M}
FARTHEST: Final = 10_000.0


class ZoomForm(forms.Form):
    """Two ends in the reader's unit; one that was left empty is the run's own. An address in the other unit works too."""

    def __init__(self, data: Any, *, units: Units) -> None:
        names = {"from": f"from_{units}", "to": f"to_{units}"}
        self.units, self.names = units, names
        other: Units = "mi" if units == "km" else "km"
        said = {name: data.get(name, "") for name in names.values()}
        for end in ("from", "to"):
            if not said[names[end]] and (elsewhere := _number(data.get(f"{end}_{other}", ""))) is not None:
                said[names[end]] = f"{elsewhere * UNIT_M[other] / UNIT_M[units]:.2f}"
        super().__init__(said if any(said.values()) else None, auto_id="zoom-%s")
        for end, label in (("from", _("From %(unit)s")), ("to", _("To %(unit)s"))):
            widget = forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"})
            self.fields[names[end]] = forms.FloatField(
                label=label % {"unit": units}, min_value=0, max_value=FARTHEST, required=False, widget=widget
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begin, end = (cleaned.get(self.names[name]) for name in ("from", "to"))
        if begin is not None and end is not None and end <= begin:
            raise forms.ValidationError(_("The end has to lie after the start; all of the run is shown."))
        return cleaned

    @property
    def part_m(self) -> tuple[float, float] | None:
        """From and to in metres; None where the whole run is asked for, or what was asked cannot be read."""
        if not self.is_valid():
            return None
        begin, end = (self.cleaned_data.get(self.names[name]) for name in ("from", "to"))
        unit_m = UNIT_M[self.units]
        return (begin or 0.0) * unit_m, (FARTHEST if end is None else end) * unit_m

    @property
    def said(self) -> str:
        """The part in words, as far as it was said."""
        part = self.part_m
        if part is None:
            return ""
        begin, end = (self._words(metres) for metres in part)
        if part[1] >= FARTHEST * UNIT_M[self.units]:
            return _("From %(begin)s on") % {"begin": begin}
        return _("From %(begin)s to %(end)s") % {"begin": begin, "end": end}

    def _words(self, metres: float) -> str:
        return measures.format_distance(metres, self.units, decimals=2, numerals=numerals())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
