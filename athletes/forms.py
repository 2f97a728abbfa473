"""What an athlete says about themselves, a short form at a time."""

from datetime import date
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from athletes import invitations
from athletes.models import Athlete, CoachGrant, Invitation, User

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


def _languages() -> list[tuple[str, Any]]:
    return [("", _("as the browser asks")), *settings.LANGUAGES]


class PlaceForm(forms.ModelForm):
    all_optional = True
    zone = forms.ChoiceField(
        label=_("Home time zone"),
        required=False,
        choices=_zones,
        help_text=_("Used where a file says neither a time zone nor a place."),
    )

    language = forms.ChoiceField(label=_("Language"), required=False, choices=_languages)

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["units", "zone", "language"]
        labels: ClassVar[dict[str, Any]] = {"units": _("Distances and paces in")}
        widgets: ClassVar[dict[str, Any]] = {"units": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]


class HeartForm(forms.ModelForm):
    """What load and zones go by. Left empty, the maximum is taken from the runs once five of them recorded it."""

    all_optional = True

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["hr_max", "hr_rest"]
        help_texts: ClassVar[dict[str, Any]] = {
            "hr_max": _("Beats a minute, 100 to 240. Left empty, it is taken from your runs; never from your age."),
            "hr_rest": _("Lying down, awake, 25 to 99. Left empty, 60 is taken."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, least, most in (("hr_max", 100, 240), ("hr_rest", 25, 99)):
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=False,
                min_value=least,
                max_value=most,
            )

    @property
    def changes_results(self) -> bool:
        return self.has_changed()


class DisplayForm(forms.ModelForm):
    all_optional = True
    shortcuts = forms.TypedChoiceField(
        label=_("The / key leads into the search"),
        choices=[("True", _("on")), ("False", _("off"))],
        coerce=lambda said: said == "True",
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Athlete
        fields: ClassVar[list[str]] = ["theme", "text_size", "shortcuts"]
        labels: ClassVar[dict[str, Any]] = {
            "theme": _("Colours"),
            "text_size": _("Text size"),
        }
        widgets: ClassVar[dict[str, Any]] = {"theme": forms.RadioSelect, "text_size": forms.RadioSelect}


def _address(**kwargs: Any) -> forms.EmailField:
    field = forms.EmailField(max_length=254, **kwargs)
    field.widget.attrs |= {"autocomplete": "off", "inputmode": "email"}
    return field


class _SendsMail(forms.Form):
    """An address to write to. How many may be open at a time is bounded, so that nobody floods others through us."""

    by: User

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if email == self.by.email.lower():
            raise forms.ValidationError(_("That is your own address."), code="own")
        return str(email)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        today = timezone.now() - invitations.A_DAY
        if Invitation.objects.filter(invited_by=self.by, created_at__gt=today).count() >= invitations.MOST_A_DAY:
            raise forms.ValidationError(
                _("That is enough for one day: %(most)d messages. Go on tomorrow."),
                params={"most": invitations.MOST_A_DAY},
                code="too_many",
            )
        return cleaned


class InvitationForm(_SendsMail):
    prefix = "invite"
    email = _address(label=_("E-mail address"), help_text=_("A link goes there that works once, for 14 days."))


class CoachForm(_SendsMail):
    """A coach by address, and how much they may see. The least comes first."""

    prefix = "coach"
    email = _address(label=_("The coach's e-mail address"))
    level = forms.TypedChoiceField(
        label=_("They may see"),
        coerce=int,
        choices=CoachGrant.Level.choices,
        initial=CoachGrant.Level.RACES,
        widget=forms.RadioSelect,
    )


class EraseForm(forms.Form):
    """No single press ends years of runs: the address is typed out."""

    prefix = "erase"
    address = forms.CharField(
        label=_("Type your e-mail address to confirm"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["address"].help_text = _("It is %s.") % user.email

    def clean_address(self) -> str:
        address = self.cleaned_data["address"].strip()
        if address.lower() != self.user.email.lower():
            raise forms.ValidationError(
                _("That is not the address of this account. Nothing was deleted."), code="other"
            )
        return str(address)


class OperatorForm(forms.Form):
    """The first operator's account."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    name = forms.CharField(
        label=_("Name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=password_validators_help_text_html,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(
                _("There is an account with that address: sign in to it first, then open this link again."),
                code="taken",
            )
        return str(email)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password, User(email=self.cleaned_data.get("email", "")))
        return str(password)
