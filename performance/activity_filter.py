"""Which activities a list shows: what was asked in the query string, and how far down the list.

Paging goes by keyset (`before` names the last row shown), so the thousandth page costs what the first does, and a run
that arrives meanwhile moves nothing.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from activities import measures
from activities.measures import Units
from activities.models import Activity, ActivityQuerySet
from performance.figures import sport_words
from performance.models import Race
from performance.race_book import COUNTED

PAGE: Final = 50

_CURSOR = re.compile(r"(?P<moment>-?\d{1,17})-(?P<pk>\d{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """The last activity of the page before: its start in microseconds since 1970, and its id."""

    moment_us: int
    pk: int

    @classmethod
    def of(cls, activity: Activity) -> "Cursor":
        return cls((activity.started_at - _EPOCH) // timedelta(microseconds=1), activity.pk)

    def __str__(self) -> str:
        return f"{self.moment_us}-{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        match = _CURSOR.fullmatch(text)
        return cls(int(match["moment"]), int(match["pk"])) if match else None

    @property
    def moment(self) -> datetime | None:
        try:
            return _EPOCH + timedelta(microseconds=self.moment_us)
        except OverflowError:
            return None


#: of races: those that count, those that wait, and all that is neither
KINDS: Final = (
    ("", _("Everything")),
    ("race", _("Races")),
    ("to_decide", _("Maybe a race")),
    ("other", _("Not a race")),
)


class ActivityFilterForm(forms.Form):
    """`?q= &from= &to= &min= &sport= &kind= &before=`; `min` in the reader's unit.

    What cannot be read is told beside its field and filters nothing.
    """

    q = forms.CharField(
        label=_("Search by name"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )

    def __init__(self, data: Any, *, sports: list[str], units: Units = "km") -> None:
        super().__init__(data, auto_id="f-%s")
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.fields["from"] = forms.DateField(label=_("From"), required=False, widget=day, input_formats=["%Y-%m-%d"])
        self.fields["to"] = forms.DateField(label=_("To"), required=False, widget=day, input_formats=["%Y-%m-%d"])
        self.unit_m = 1000.0 if units == "km" else measures.MILE_M
        self.fields["min"] = forms.FloatField(
            label=_("At least %(unit)s") % {"unit": units},
            required=False,
            min_value=0,
            max_value=10_000,
            widget=forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"}),
        )
        choices = [("", _("Every sport")), *((sport, sport_words(sport)) for sport in sports)]
        self.fields["sport"] = forms.ChoiceField(label=_("Sport"), required=False, choices=choices)
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), required=False, choices=KINDS)

    @property
    def asks(self) -> bool:
        """Whether anything is filtered."""
        self.is_valid()
        return any(self.cleaned_data.values())

    def apply(self, activities: ActivityQuerySet) -> ActivityQuerySet:
        self.is_valid()
        asked = self.cleaned_data
        if asked.get("q"):
            activities = activities.named(asked["q"])
        if asked.get("from"):
            activities = activities.filter(local_date__gte=asked["from"])
        if asked.get("to"):
            activities = activities.filter(local_date__lte=asked["to"])
        if asked.get("min"):
            activities = activities.filter(distance_m__gte=asked["min"] * self.unit_m)
        if asked.get("sport"):
            activities = activities.filter(sport=asked["sport"])
        if asked.get("kind") == "race":
            activities = activities.filter(race__state__in=COUNTED)
        elif asked.get("kind") == "to_decide":
            activities = activities.filter(race__state=Race.State.TO_DECIDE)
        elif asked.get("kind") == "other":
            activities = activities.exclude(race__state__in=[*COUNTED, Race.State.TO_DECIDE])
        return activities


def page_after(activities: QuerySet[Activity], before: Cursor | None) -> tuple[list[Activity], Cursor | None]:
    """One page, newest first, and the cursor of the next one where there is more."""
    if before is not None and before.moment is not None:
        earlier = Q(started_at__lt=before.moment) | Q(started_at=before.moment, pk__lt=before.pk)
        activities = activities.filter(earlier, started_at__lte=before.moment)
    rows = list(activities.order_by("-started_at", "-pk")[: PAGE + 1])
    return rows[:PAGE], Cursor.of(rows[PAGE - 1]) if len(rows) > PAGE else None
