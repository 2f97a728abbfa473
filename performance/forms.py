"""What readers ask of the race book and the calculator, and what athletes type in about a race."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import measures
from activities.measures import NotADistance, NotATime, ParsedDuration
from activities.models import Activity
from activities.templatetags.measures import duration_in_words, official_distance
from performance.decisions import Said, said_of
from performance.models import Race, RaceQuerySet
from performance.race_book import SORTS, Line, RaceBook, near

EARLIEST = date(1890, 1, 1)
OTHER_DISTANCE = "other"
CURRENCY_SIGNS = {"£": "GBP", "€": "EUR", "$": "USD", "¥": "JPY"}

Day = date  # inside a form that has a field of that name

#: attributes of a field for a time or a distance
TIME_INPUT = {"autocomplete": "off", "spellcheck": "false"}


# -- distances and times as typed ---------------------------------------------------------------------------------------


def value_of(distance_m: float) -> str:
    """A distance as the value of an option and in an address: 10000, 21097.5."""
    return f"{distance_m:.10g}"


class DistanceField(forms.CharField):
    """10k, half, 5 mi, 21.0975 km: metres, or None where it is left empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))
        super().__init__(max_length=measures.LONGEST_TEXT, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return measures.parse_distance(text)
        except NotADistance as error:
            raise ValidationError(DISTANCE_ERRORS[error.reason], code=error.reason) from error


DISTANCE_ERRORS = {
    "empty": gettext_lazy("Enter a distance, for example 10 km."),
    "unreadable": gettext_lazy("We cannot read this distance. Write it as 10 km, 5 mi, half or 5000 m."),
    "unit_missing": gettext_lazy("Add the unit: km, mi or m."),
    "unit_unclear": gettext_lazy("Does m mean metres or miles? Write 10 mi for miles, 10 km for kilometres."),
    "half_or_whole": gettext_lazy(
        "Is that the half or full marathon, or whole kilometres? Write half, marathon, or 21.0 km."
    ),
    "zero": gettext_lazy("A distance is longer than nothing."),
}

TIME_ERRORS = {
    "empty": gettext_lazy("Enter a time, for example 45:42 or 1:43:58."),
    "unreadable": gettext_lazy("We cannot read this time. Write it as 45:42 or 1:43:58."),
    "over_59": gettext_lazy("Minutes and seconds go up to 59. Write it as 45:42 or 1:43:58."),
    "seconds_need_two_digits": gettext_lazy("Write seconds with two digits, as in 45:08."),
    "zero": gettext_lazy("A time is longer than nothing."),
    "too_long": gettext_lazy("That is more than a thousand hours."),
}


def read_time(text: str, distance_m: float | None) -> ParsedDuration:
    """A time as typed, by the rules for its distance. Raises ValidationError in the words of the page."""
    try:
        return measures.parse_duration(text, distance_m)
    except NotATime as error:
        raise ValidationError(TIME_ERRORS[error.reason], code=error.reason) from error


def unmistakable(seconds: float) -> str:
    """A time that can be read in one way only: 3h45m00s, 3m45s, 45.42s."""
    hours, minutes, rest = measures.split_duration(seconds)
    fraction = f"{rest:05.2f}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h{minutes:02}m{fraction}s"
    return f"{minutes}m{fraction}s" if minutes else f"{rest:g}s"


def ask_which(parsed: ParsedDuration) -> ValidationError:
    """The question that a time with two readings raises."""
    assert parsed.other_s is not None
    return ValidationError(
        _("This can be read in two ways. Write %(one)s for %(one_words)s, or %(other)s for %(other_words)s."),
        code="ambiguous",
        params={
            "one": unmistakable(parsed.seconds),
            "one_words": duration_in_words(parsed.seconds),
            "other": unmistakable(parsed.other_s),
            "other_words": duration_in_words(parsed.other_s),
        },
    )


# -- the race book ------------------------------------------------------------------------------------------------------


class RaceFilterForm(forms.Form):
    """The query string of the race book, and of its CSV and JSON faces: every part may be left out."""

    state = forms.ChoiceField(
        required=False, choices=[("", gettext_lazy("All")), *Race.State.choices], widget=forms.HiddenInput
    )
    q = forms.CharField(
        required=False, max_length=100, label=gettext_lazy("Search by name"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    distance = forms.CharField(required=False, max_length=40, label=gettext_lazy("Distance"), widget=forms.Select)
    year = forms.IntegerField(
        required=False, min_value=1890, max_value=2200, label=gettext_lazy("Year"), widget=forms.Select
    )
    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in SORTS], widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, widget=forms.HiddenInput)
    rows = forms.ChoiceField(required=False, choices=[("", ""), ("all", "all")], widget=forms.HiddenInput)

    template_name = "performance/_race_filters.html"

    def __init__(self, data: Mapping[str, Any], *, book: RaceBook) -> None:
        super().__init__(data, auto_id="%s")
        self.book = book
        official = [(value_of(metres), official_distance(metres)) for metres in book.official_distances_m]
        other = [(OTHER_DISTANCE, _("Other distances"))] if book.odd_distances_m else []
        distances = [("", _("Every distance")), *official, *other]
        asked = data.get("distance", "")
        if asked and asked not in dict(distances):
            distances.append((asked, asked))
        years = [("", _("Every year")), *((str(year), str(year)) for year in book.every_year)]
        if data.get("year", "") not in dict(years):
            years.append((data["year"], data["year"]))
        self.fields["distance"].widget.choices = distances
        self.fields["year"].widget.choices = years

    def clean_distance(self) -> list[float] | None:
        """The distances of the book that are meant; None for every one."""
        text = self.cleaned_data["distance"]
        if not text:
            return None
        if text == OTHER_DISTANCE:
            return list(self.book.odd_distances_m)
        try:
            return near(self.book.distances_m, measures.parse_distance(text, default_unit="m"))
        except NotADistance as error:
            raise ValidationError(DISTANCE_ERRORS[error.reason], code=error.reason) from error

    @property
    def asked_state(self) -> str:
        return str(self.cleaned_data.get("state", "")) if self.is_valid() else ""

    @property
    def order(self) -> str:
        return self.cleaned_data.get("sort") or SORTS[0]

    @property
    def after(self) -> Line | None:
        return self.book.by_pk.get(self.cleaned_data.get("before") or 0)

    @property
    def whole(self) -> bool:
        """Whether all rows are asked for at once, to be printed."""
        return self.cleaned_data.get("rows") == "all"

    @property
    def narrows(self) -> bool:
        """Whether anything but the state is asked for."""
        return any(self.cleaned_data.get(name) not in (None, "") for name in ("q", "distance", "year"))

    def select(self, races: RaceQuerySet) -> RaceQuerySet:
        """The races meant, whatever their state."""
        asked = self.cleaned_data
        chosen = Q()
        if asked.get("q"):
            races = races.named(asked["q"])
        if asked.get("distance") is not None:
            chosen &= Q(distance_m__in=asked["distance"])
        if asked.get("year"):
            chosen &= Q(local_date__year=asked["year"])
        return races.filter(chosen)


class RaceForm(forms.Form):
    """What a person knows about a race. For a recorded race every field may stay empty: the recording speaks then."""

    all_optional = True  # for the labels: the page says what is needed

    name = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Event"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    date = forms.DateField(
        label=gettext_lazy("Date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    distance = DistanceField(
        required=False, label=gettext_lazy("Official distance"),
        help_text=gettext_lazy("As the event gives it: 10 km, 5 mi, half, marathon or 5000 m."),
    )  # fmt: skip
    chip_time = forms.CharField(
        required=False, max_length=measures.LONGEST_TEXT, label=gettext_lazy("Chip time"),
        help_text=gettext_lazy("From start line to finish line, such as 45:42 or 1:43:58. It counts before any other."),
        widget=forms.TextInput(attrs=TIME_INPUT),
    )  # fmt: skip
    gun_time = forms.CharField(
        required=False, max_length=measures.LONGEST_TEXT, label=gettext_lazy("Gun time"),
        help_text=gettext_lazy("From the gun to the finish line. Counts where there is no chip time."),
        widget=forms.TextInput(attrs=TIME_INPUT),
    )  # fmt: skip
    surface = forms.ChoiceField(required=False, label=gettext_lazy("Surface"))
    place_overall = forms.IntegerField(
        required=False, min_value=1, max_value=1_000_000, label=gettext_lazy("Place overall")
    )
    place_sex = forms.IntegerField(
        required=False, min_value=1, max_value=1_000_000, label=gettext_lazy("Place among women or men")
    )
    place_age_group = forms.IntegerField(
        required=False, min_value=1, max_value=1_000_000, label=gettext_lazy("Place in the age group")
    )
    field_overall = forms.IntegerField(
        required=False, min_value=1, max_value=10_000_000, label=gettext_lazy("of all finishers")
    )
    field_sex = forms.IntegerField(
        required=False, min_value=1, max_value=10_000_000, label=gettext_lazy("of women or men")
    )
    field_age_group = forms.IntegerField(
        required=False, min_value=1, max_value=10_000_000, label=gettext_lazy("of the age group")
    )
    age_group = forms.CharField(
        required=False, max_length=30, label=gettext_lazy("Age group"),
        help_text=gettext_lazy("As the event names it: W55, F55-59."),
    )  # fmt: skip
    bib = forms.CharField(required=False, max_length=20, label=gettext_lazy("Bib number"))
    certified = forms.NullBooleanField(
        required=False, label=gettext_lazy("Was the course certified?"),
        help_text=gettext_lazy("Measured to the standard of World Athletics and AIMS, or of the national federation."),
    )  # fmt: skip
    result_url = forms.URLField(
        required=False, max_length=500, assume_scheme="https", label=gettext_lazy("Result on the web"),
        error_messages={"invalid": gettext_lazy("Enter the address of a page, such as results.example.org/ely.")},
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    cost = forms.CharField(
        required=False, max_length=20, label=gettext_lazy("Entry fee"),
        help_text=gettext_lazy("Amount and currency: 28 GBP."), widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    notes = forms.CharField(
        required=False, max_length=5000, strip=True, label=gettext_lazy("Notes"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip

    PLACES = ("place_overall", "place_sex", "place_age_group")
    FIELDS_OF = ("field_overall", "field_sex", "field_age_group")
    PLAIN = (*PLACES, *FIELDS_OF, "age_group", "bib", "certified", "result_url", "notes")
    #: what stands folded up until it is wanted
    MORE = (*PLACES, *FIELDS_OF, "age_group", "bib", "certified", "result_url", "cost", "notes")
    TIMES = ("chip_time", "gun_time")

    begins = forms.CharField(
        required=False, max_length=measures.LONGEST_TEXT, label=gettext_lazy("It began after"),
        help_text=gettext_lazy("Time on the recording when this race began, such as 12:30."),
        widget=forms.TextInput(attrs=TIME_INPUT),
    )  # fmt: skip

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        race: Race | None = None,
        inside: Activity | None = None,
        **kwargs: Any,
    ) -> None:
        """inside: the activity that this race, which is to be added, is a part of; its day is the race's."""
        if race is not None:
            kwargs.setdefault("initial", _initial(race))
        super().__init__(data, **kwargs)
        self.race = race
        self.inside = inside
        self.recorded = race is not None and race.found_in_id is not None
        if inside is None:
            del self.fields["begins"]
        else:
            del self.fields["date"]
        unsaid = [("", _("As recorded"))] if self.recorded else []
        self.fields["surface"].choices = [*unsaid, *Race.Surface.choices]  # type: ignore[attr-defined]
        for name in (*self.PLACES, *self.FIELDS_OF):
            self.fields[name].widget.attrs.update(inputmode="numeric")
        if self.recorded:
            del self.fields["date"]
            return
        self.fields["name"].required = self.fields["distance"].required = True
        self.fields["name"].error_messages["required"] = _("Enter the name of the event.")
        self.fields["distance"].error_messages["required"] = _("Enter the distance, for example 10 km.")
        if "date" in self.fields:
            self.fields["date"].error_messages["required"] = _("Enter the day of the race.")

    def clean_date(self) -> Day:
        day: Day = self.cleaned_data["date"]
        if day < EARLIEST:
            raise ValidationError(_("Enter the year with four digits."), code="too_early")
        if day > timezone.localdate() + timedelta(days=1):
            raise ValidationError(_("A race is added after it was run. This day is in the future."), code="future")
        return day

    def clean_cost(self) -> tuple[Decimal, str] | None:
        """28 GBP, 12,50 EUR, £28: an amount with its currency, or None."""
        text: str = self.cleaned_data["cost"].strip()
        if not text:
            return None
        for sign, code in CURRENCY_SIGNS.items():
            text = text.replace(sign, f" {code} ")
        amounts, codes = re.findall(r"\d+(?:[.,]\d{1,2})?", text), re.findall(r"[A-Za-z]+", text)
        if len(amounts) != 1 or len(codes) != 1 or len(codes[0]) != 3 or len(amounts[0]) > 8:
            raise ValidationError(_("Write the amount and the three letters of its currency, such as 28 GBP."))
        return Decimal(amounts[0].replace(",", ".")), codes[0].upper()

    @property
    def more_is_said(self) -> bool:
        """Whether the folded part has anything in it, or anything wrong with it."""
        return any(name in self.errors or self[name].value() not in (None, "", "unknown") for name in self.MORE)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for place, field in zip(self.PLACES, self.FIELDS_OF, strict=True):
            if cleaned.get(place) and cleaned.get(field) and cleaned[place] > cleaned[field]:
                self.add_error(
                    field,
                    ValidationError(
                        _("Your place is further back than that: fewer finished than came before you."), code="too_few"
                    ),
                )
        distance_m = cleaned.get("distance") or (self.race.distance_m if self.race else None)
        for name in self.TIMES:
            if cleaned.get(name):
                try:
                    parsed = read_time(cleaned[name], distance_m)
                    if parsed.ambiguous:
                        raise ask_which(parsed)
                    cleaned[name] = parsed.seconds
                except ValidationError as error:
                    self.add_error(name, error)
        if cleaned.get("begins"):
            self._read_begins(cleaned)
        if not self.recorded and not any(cleaned.get(name) or name in self.errors for name in self.TIMES):
            self.add_error("chip_time", ValidationError(_("Enter a chip time or a gun time."), code="required"))
        chip_s, gun_s = cleaned.get("chip_time"), cleaned.get("gun_time")
        if isinstance(chip_s, float) and isinstance(gun_s, float) and chip_s > gun_s:
            self.add_error(
                "chip_time",
                ValidationError(_("A chip time is never longer than the gun time. Are they swapped?"), code="swapped"),
            )
        return cleaned

    def _read_begins(self, cleaned: dict[str, Any]) -> None:
        """The first race of a meeting begins at nought, and none after the recording ends."""
        text: str = cleaned["begins"].strip()
        if re.fullmatch(r"0+(:0+){0,2}", text):
            cleaned["begins"] = 0.0
            return
        try:
            cleaned["begins"] = read_time(text, None).seconds
        except ValidationError as error:
            self.add_error("begins", error)
            return
        lasted_s = self.inside.elapsed_s if self.inside else None
        if lasted_s and cleaned["begins"] >= lasted_s:
            said = _("The recording ends after %s.") % measures.format_duration(lasted_s)
            self.add_error("begins", ValidationError(said, code="too_late"))

    @property
    def said(self) -> Said:
        cleaned = self.cleaned_data
        return Said(
            name=cleaned["name"],
            distance_m=cleaned["distance"],
            surface=cleaned["surface"] or ("" if self.recorded else Race.Surface.ROAD),
            chip_time_s=cleaned["chip_time"] or None,
            gun_time_s=cleaned["gun_time"] or None,
            cost=cleaned["cost"][0] if cleaned["cost"] else None,
            currency=cleaned["cost"][1] if cleaned["cost"] else "",
            **{name: cleaned[name] for name in self.PLAIN},
        )


def _initial(race: Race) -> dict[str, Any]:
    said = said_of(race)
    return {
        "name": said.name,
        "date": race.local_date,
        "distance": distance_text(said.distance_m),
        "chip_time": time_text(said.chip_time_s, race.distance_m),
        "gun_time": time_text(said.gun_time_s, race.distance_m),
        "surface": said.surface,
        "cost": f"{said.cost:f} {said.currency}" if said.cost is not None else "",
        **{name: getattr(said, name) for name in RaceForm.PLAIN},
    }


def distance_text(distance_m: float | None) -> str:
    """A distance as one may type it; read back it is the same to the millimetre."""
    if distance_m is None:
        return ""
    named = measures.official_distance_name(distance_m).replace(measures.NBSP, " ")
    try:
        if abs(measures.parse_distance(named) - distance_m) < 0.001:
            return named
    except NotADistance:
        pass
    return f"{distance_m / 1000:.9g} km"


def time_text(seconds: float | None, distance_m: float | None) -> str:
    """A time as one may type it: 45:42 where that is clear, else in a form that is."""
    if seconds is None:
        return ""
    whole = seconds == int(seconds)
    plain = measures.format_duration(seconds) if whole else measures.format_duration(seconds, tenths=True)
    try:
        parsed = measures.parse_duration(plain, distance_m)
        if not parsed.ambiguous and parsed.seconds == seconds:
            return plain
    except NotATime:
        pass
    return unmistakable(seconds)
