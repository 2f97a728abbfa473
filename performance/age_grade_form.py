"""What the calculator is asked: a table, an age or a birth date, a distance, a time, and the standards to hold it to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import measures
from activities.measures import NotADistance, ParsedDuration
from activities.templatetags.measures import official_distance
from athletes.forms import BornField
from athletes.models import Athlete
from performance import agegrade
from performance.agegrade import Refused
from performance.forms import DISTANCE_ERRORS, EARLIEST, TIME_INPUT, read_time, unmistakable, value_of

OTHER: Final = "other"
OLDEST: Final = 120

EDITION_NAMES: Final = {
    "road-2025": gettext_lazy("Road 2025 (newest)"),
    "road-2025-01": gettext_lazy("Road 2025, first release"),
    "road-2025-04-withdrawn": gettext_lazy("Road 2025 with 1 km and 3 km (withdrawn, never approved)"),
    "road-2020": gettext_lazy("Road 2020"),
    "road-2020-06": gettext_lazy("Road 2020, first release"),
    "road-2015": gettext_lazy("Road 2015"),
    "road-2010": gettext_lazy("Road 2010 (used by parkrun)"),
    "wma-2023": gettext_lazy("WMA 2023 (track and walk)"),
    "wma-2014-5yr": gettext_lazy("WMA 2014, five-year factors (no grade)"),
    "wma-2006": gettext_lazy("WMA 2006 (track and walk)"),
    "wava-1994": gettext_lazy("WAVA 1994 (road)"),
}

CONVENTION_NAMES: Final = {
    agegrade.EXACT: gettext_lazy("Exact, nothing is rounded"),
    agegrade.CALCULATOR: gettext_lazy("As the reference calculator rounds"),
    agegrade.WHOLE_SECOND: gettext_lazy("Whole seconds, as printed sheets and parkrun"),
}


def edition_name(edition_id: str) -> str:
    """An edition as people call it; an id we have no name for, as it is."""
    return str(EDITION_NAMES.get(edition_id, edition_id))


SURFACE_NAMES: Final = {
    agegrade.ROAD: gettext_lazy("Road"),
    agegrade.TRACK: gettext_lazy("Track"),
    agegrade.WALK: gettext_lazy("Race walk"),
}


@dataclass(frozen=True)
class Question:
    """A time that can be read in more than one way: seconds, and a way to write it that means only them."""

    readings: tuple[tuple[float, str], ...]

    @classmethod
    def about(cls, parsed: ParsedDuration) -> "Question":
        assert parsed.other_s is not None
        return cls(tuple((seconds, unmistakable(seconds)) for seconds in (parsed.seconds, parsed.other_s)))


class AgeGradeForm(forms.Form):
    """The calculator's query string. A birth date stands above an age; a distance of one's own only where "other" is chosen."""

    all_optional = True  # for the labels: what is needed depends on what else was given, and is asked for in words

    table = forms.ChoiceField(
        choices=[
            (Athlete.Table.WOMEN, gettext_lazy("Women’s")),
            (Athlete.Table.MEN, gettext_lazy("Men’s")),
            (Athlete.Table.BOTH, gettext_lazy("Both")),
        ],
        widget=forms.RadioSelect,
        label=gettext_lazy("Tables"),
        error_messages={"required": gettext_lazy("Choose women’s tables, men’s, or both.")},
    )
    age = forms.FloatField(
        required=False,
        label=gettext_lazy("Age on race day"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Write the age as a number, for example 58.")},
    )
    born = BornField(required=False, label=gettext_lazy("Birth date"))
    on = forms.DateField(
        required=False,
        label=gettext_lazy("Race date"),
        help_text=gettext_lazy("Empty means today."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("Write the race date as year-month-day, for example 2026-10-18.")},
    )
    distance = forms.ChoiceField(
        label=gettext_lazy("Distance"), error_messages={"required": gettext_lazy("Choose a distance.")}
    )
    own = forms.CharField(
        required=False,
        max_length=measures.LONGEST_TEXT,
        label=gettext_lazy("Your own distance"),
        help_text=gettext_lazy("Such as 17.3 km, 1500 m, 3000mSC or 20 km walk."),
        widget=forms.TextInput(attrs=TIME_INPUT),
    )
    time = forms.CharField(
        max_length=measures.LONGEST_TEXT,
        label=gettext_lazy("Time"),
        help_text=gettext_lazy("Such as 45:42 or 1:43:58."),
        widget=forms.TextInput(attrs={**TIME_INPUT, "inputmode": "text"}),
        error_messages={"required": gettext_lazy("Enter the time.")},
    )
    surface = forms.ChoiceField(required=False, choices=list(SURFACE_NAMES.items()), label=gettext_lazy("Surface"))
    edition = forms.ChoiceField(required=False, label=gettext_lazy("Edition"))
    convention = forms.ChoiceField(
        required=False, choices=list(CONVENTION_NAMES.items()), label=gettext_lazy("Rounding")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offered = [edition.id for edition in agegrade.editions()]
        asked = (data or {}).get("edition", "")
        if asked in agegrade.EDITIONS and asked not in offered:  # withdrawn: for those who name it
            offered.append(asked)
        editions = [("", _("Newest for the surface")), *((name, EDITION_NAMES.get(name, name)) for name in offered)]
        self.fields["edition"].choices = editions  # type: ignore[attr-defined]
        distances = [(value_of(metres), official_distance(metres)) for metres in _road_distances()]
        self.fields["distance"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")), *distances, (OTHER, _("Another distance…")), *_unlisted(data, dict(distances)),
        ]  # fmt: skip
        self.question: Question | None = None

    @property
    def shows_standards(self) -> bool:
        """Whether something other than the ordinary standards was asked for."""
        return any(self[name].data for name in ("edition", "convention")) or self["surface"].data not in {
            None,
            "",
            agegrade.ROAD,
        }

    @property
    def shows_birth_date(self) -> bool:
        return bool(self.is_bound and (any(self["born"].data or ()) or self["on"].data))

    def clean_age(self) -> float | None:
        age: float | None = self.cleaned_data["age"]
        if age is not None and not 0 < age <= OLDEST:
            raise ValidationError(
                _("An age is above 0 and at most %(oldest)d years."), code="range", params={"oldest": OLDEST}
            )
        return age

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day is not None and not EARLIEST <= day <= timezone.localdate() + timedelta(days=3660):
            raise ValidationError(_("Write the year of the race with four digits."), code="range")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_age(cleaned)
        self._clean_distance(cleaned)
        self._clean_time(cleaned)
        return cleaned

    def _clean_age(self, cleaned: dict[str, Any]) -> None:
        if "born" in self.errors or "on" in self.errors or "age" in self.errors:
            return
        born: date | None = cleaned.get("born")
        if born is None:
            if cleaned.get("age") is None:
                self.add_error(
                    "age", ValidationError(_("Give the age on race day, or the birth date."), code="required")
                )
            return
        self.race_day = cleaned.get("on") or timezone.localdate()
        age = Athlete(born=born).age_on(self.race_day)
        if age is None or age < 1:
            self.add_error(
                "born", ValidationError(_("By this birth date the race was before the first birthday."), code="range")
            )
        elif age > OLDEST:
            self.add_error(
                "born",
                ValidationError(
                    _("By this birth date the age is over %(oldest)d."), code="range", params={"oldest": OLDEST}
                ),
            )
        else:
            cleaned["age"] = float(age)

    def _clean_distance(self, cleaned: dict[str, Any]) -> None:
        """`metres` or `event` from the list or from one's own words."""
        chosen, own = cleaned.get("distance"), cleaned.get("own", "").strip()
        if not chosen:
            return
        if chosen != OTHER:
            cleaned["metres"] = float(chosen)
        elif not own:
            self.add_error("own", ValidationError(_("Enter your distance, for example 17.3 km."), code="required"))
        else:
            try:
                cleaned["metres"] = measures.parse_distance(own)
            except NotADistance as error:
                try:
                    cleaned["event"], cleaned["metres"] = own, agegrade.parse_event(own).distance_m
                except Refused:
                    self.add_error("own", ValidationError(DISTANCE_ERRORS[error.reason], code=error.reason))

    def _clean_time(self, cleaned: dict[str, Any]) -> None:
        text = cleaned.get("time")
        if not text:
            return
        try:
            parsed = read_time(text, cleaned.get("metres"))
        except ValidationError as error:
            self.add_error("time", error)
            return
        if parsed.ambiguous and "metres" in cleaned:
            self.question = Question.about(parsed)
        cleaned["seconds"] = parsed.seconds

    # what a valid form asks

    @property
    def sexes(self) -> tuple[str, ...]:
        return Athlete(table=self.cleaned_data["table"]).sexes

    @property
    def time_s(self) -> float:
        return float(self.cleaned_data["seconds"])

    @property
    def performance(self) -> dict[str, Any]:
        """Age, distance and standards in agegrade's words."""
        asked = self.cleaned_data
        by_name = {"event": asked["event"]} if "event" in asked else {"distance_m": asked["metres"]}
        return {
            "age": asked["age"],
            **by_name,
            "edition": asked["edition"] or None,
            "surface": asked["surface"] or agegrade.ROAD,
            "convention": asked["convention"] or agegrade.EXACT,
        }

    @property
    def typed(self) -> dict[str, str]:
        """The query string as it came, without what was empty."""
        return {name: value for name, value in self.data.items() if value}

    @property
    def shareable(self) -> dict[str, str]:
        """A query string for the same result, with the age in the place of a birth date."""
        asked = self.cleaned_data
        shared = {"table": asked["table"], "age": f"{asked['age']:g}", "distance": asked["distance"]}
        if asked["distance"] == OTHER:
            shared["own"] = asked["own"]
        shared["time"] = asked["time"]
        optional = {name: asked[name] for name in ("surface", "edition", "convention")}
        ordinary = {"surface": agegrade.ROAD, "convention": agegrade.EXACT}
        return shared | {name: value for name, value in optional.items() if value and value != ordinary.get(name)}


def _road_distances() -> tuple[float, ...]:
    """The distances that the newest road tables print."""
    return tuple(column.distance_m for column in agegrade.events(sex="F"))


def _unlisted(data: Mapping[str, Any] | None, listed: Mapping[str, str]) -> list[tuple[str, str]]:
    """A distance in metres that an address names, such as the proof of a race over 17.3 km, as a choice of its own."""
    asked = (data or {}).get("distance", "")
    if not asked or asked in listed or asked == OTHER:
        return []
    try:
        metres = measures.parse_distance(asked, default_unit="m")
    except NotADistance:
        return []
    return [(asked, official_distance(metres))] if value_of(metres) == asked else []
