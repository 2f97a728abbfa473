"""What a person knows better than every recording of a run."""

from datetime import UTC, date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from activities import measures
from activities.models import Activity
from activities.templatetags.measures import numerals
from performance.figures import SPORTS, sport_words
from performance.forms import EARLIEST, DistanceField
from performance.soundness import AHEAD


class CorrectionForm(forms.Form):
    """Name, sport and distance; what is left empty is taken from the recordings (again)."""

    name = forms.CharField(required=False, max_length=300, label=_("Name"))
    sport = forms.ChoiceField(required=False, label=_("Sport"))
    distance_m = DistanceField(
        required=False, label=_("Distance"), help_text=_("As on the treadmill or the course, for example 10 km.")
    )

    day = forms.DateField(
        required=False,
        label=_("Date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("For a device whose clock was not set."),
    )

    def __init__(self, *args: Any, activity: Activity, units: measures.Units, **kwargs: Any) -> None:
        initial = {name: getattr(activity, name) for name in ("name", "sport") if name in activity.corrected}
        if "distance_m" in activity.corrected:
            initial["distance_m"] = measures.format_distance(
                activity.distance_m, units, decimals=3, numerals=numerals()
            )
        if "local_date" in activity.corrected:
            initial["day"] = activity.local_date
        self.activity = activity
        super().__init__(*args, **{**kwargs, "initial": initial})
        known = dict.fromkeys([*SPORTS, activity.sport])
        choices = [(sport, sport_words(sport)) for sport in known if sport]
        sport_field = self.fields["sport"]
        assert isinstance(sport_field, forms.ChoiceField)
        sport_field.choices = [("", _("As recorded")), *choices]

    def said(self) -> dict[str, Any]:
        """Corrections as joining.correct takes them: None where the recordings are to speak."""
        said = {name: self.cleaned_data.get(name) or None for name in ("name", "sport", "distance_m")}
        if "distance_m" in self.initial and self.data.get("distance_m") == self.initial["distance_m"]:
            del said["distance_m"]  # as shown, so not typed again: the exact value stays
        return said | self._moment()

    def _moment(self) -> dict[str, Any]:
        """The day moves the start, which keeps its time on the clock."""
        day = self.cleaned_data.get("day")
        if day is None:
            return {"started_at": None, "local_date": None}
        started = self.activity.started_local.replace(year=day.year, month=day.month, day=day.day)
        return {"started_at": started.astimezone(UTC), "local_date": day}

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day is not None and not EARLIEST <= day <= timezone.now().date() + AHEAD:
            raise forms.ValidationError(_("That is no day on which you can have run."))
        return day
