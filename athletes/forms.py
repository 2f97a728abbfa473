"""What an athlete says about themselves, a short form at a time."""

from datetime import date
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from athletes.models import Athlete

OLDEST = 120


class DateParts(forms.MultiWidget):
    """A date known by heart, as three numbers: quicker than a calendar that opens in this year."""

    template_name = "athletes/date_parts.html"
    use_fieldset = True

    def __init__(self) -> None:
        number = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "4"}
        super().__init__(
            {
                "day": forms.TextInput(attrs=number | {"autocomplete": "bday-day", "maxlength": "2"}),
                "month": forms.TextInput(attrs=number | {"autocomplete": "bday-month", "maxlength": "2"}),
                "year": forms.TextInput(attrs=number | {"autocomplete": "bday-year"}),
            }
        )

    def decompress(self, value: date | None) -> list[int | None]:
        return [value.day, value.month, value.year] if value else [None, None, None]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        parts = context["widget"]["subwidgets"]
        for part, label in zip(parts, (_("Day"), _("Month"), _("Year")), strict=True):
            part["label"] = label
        return context


class BornField(forms.MultiValueField):
    """A birth date from three numbers, with an error that says which of them is wrong."""

    widget = DateParts

    def __init__(self, **kwargs: Any) -> None:
        parts = (forms.CharField(required=False), forms.CharField(required=False), forms.CharField(required=False))
        super().__init__(fields=parts, require_all_fields=False, **kwargs)

    def compress(self, parts: list[str]) -> date | None:
        if not any(part.strip() for part in parts):
            return None
        numbers = [int(part) if part.strip().isdecimal() else None for part in parts]
        for number, complaint in zip(
            numbers,
            (
                _("Give the day you were born on as a number."),
                _("Give the month you were born in as a number, 1 to 12."),
                _("Give the year you were born in with four digits."),
            ),
            strict=True,
        ):
            if number is None:
                raise forms.ValidationError(complaint, code="incomplete")
        day, month, year = numbers
        if year is None or not 1000 <= year <= 9999:
            raise forms.ValidationError(_("Give the year you were born in with four digits."), code="year")
        try:
            born = date(year, month or 0, day or 0)
        except ValueError:
            raise forms.ValidationError(_("There is no such day."), code="no_such_day") from None
        today = timezone.localdate()
        if born >= today:
            raise forms.ValidationError(_("A birth date lies in the past."), code="in_the_future")
        if today.year - born.year > OLDEST:
            raise forms.ValidationError(_("That is more than 120 years ago."), code="too_long_ago")
        return born


class ProfileForm(forms.ModelForm):
    """What grading needs. Both may stay empty: then nothing is graded, and nothing is guessed."""

    name = forms.CharField(
        label=_("Name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    born = BornField(
        label=_("Birth date"), required=False, help_text=_("For example 17 5 1968. Age on race day decides.")
    )

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["born", "table"]
        labels: ClassVar[dict[str, Any]] = {"table": _("Which tables grade you")}
        help_texts: ClassVar[dict[str, Any]] = {
            "table": _("There are tables for men and for women. Nothing is assumed; you can have both, side by side.")
        }
        widgets: ClassVar[dict[str, Any]] = {"table": forms.RadioSelect}

    field_order = ["name", "born", "table"]
    all_optional = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["table"].choices = [  # type: ignore[attr-defined]
            ("", _("not said, so no grades")),
            *Athlete.Table.choices,
        ]
        self.fields["name"].initial = self.instance.user.name

    @property
    def changes_results(self) -> bool:
        return bool({"born", "table"} & set(self.changed_data))


def _zones() -> list[tuple[str, Any]]:
    places = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [("", _("not said")), ("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places)]


class PlaceForm(forms.ModelForm):
    all_optional = True
    zone = forms.ChoiceField(
        label=_("Home time zone"),
        required=False,
        choices=_zones,
        help_text=_("Used where a file says neither a time zone nor a place."),
    )

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["units", "zone"]
        labels: ClassVar[dict[str, Any]] = {"units": _("Distances and paces in")}
        widgets: ClassVar[dict[str, Any]] = {"units": forms.RadioSelect}


class DisplayForm(forms.ModelForm):
    all_optional = True

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["theme", "text_size"]
        labels: ClassVar[dict[str, Any]] = {"theme": _("Colours"), "text_size": _("Text size")}
        widgets: ClassVar[dict[str, Any]] = {"theme": forms.RadioSelect, "text_size": forms.RadioSelect}
