"""Which standard an athlete's races are held to: an edition for road and for track, and a rounding."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from athletes.models import Athlete
from performance import agegrade
from performance.age_grade_form import edition_name
from performance.standards import Standard, choices


class StandardsForm(forms.Form):
    """Blank means the newest edition, whichever that will be."""

    all_optional = True

    road = forms.ChoiceField(required=False, label=gettext_lazy("Road races"))
    track = forms.ChoiceField(required=False, label=gettext_lazy("Track races"))
    convention = forms.ChoiceField(
        choices=Athlete.Convention.choices, widget=forms.RadioSelect, label=gettext_lazy("Rounding")
    )

    def __init__(self, data: Any = None, *, standard: Standard) -> None:
        initial = {"road": standard.road, "track": standard.track, "convention": standard.convention}
        super().__init__(data, initial=initial)
        for surface in (agegrade.ROAD, agegrade.TRACK):
            newest = _("the newest, now %(edition)s") % {"edition": agegrade.default_edition(surface).title}
            named = [(one.id, edition_name(one.id)) for one in choices(surface)]
            self.fields[surface].choices = [("", newest), *named]  # type: ignore[attr-defined]

    @property
    def standard(self) -> Standard:
        chosen = self.cleaned_data
        return Standard(road=chosen["road"], track=chosen["track"], convention=chosen["convention"])
