"""Bests: official races, age grades, and the fastest stretches inside recordings; for all time, by age, by year."""

from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from activities.models import Activity
from activities.templatetags.measures import official_distance
from athletes import access
from athletes.http import HtmxHttpRequest, wants_part
from athletes.whose import sees, units_of, whose
from performance import bests
from performance.models import BestEffort, Race

LEDGERS: Final = (
    ("races", gettext_lazy("Official races")),
    ("grades", gettext_lazy("Age-graded")),
    ("efforts", gettext_lazy("GPS efforts")),
)
PERIODS: Final = (
    ("all", gettext_lazy("All time")),
    ("age", gettext_lazy("By age band")),
    ("year", gettext_lazy("By year")),
)


class LedgerForm(forms.Form):
    """What is asked for in the address; what cannot be read is the first of its kind."""

    ledger = forms.ChoiceField(required=False, choices=LEDGERS)
    by = forms.ChoiceField(required=False, choices=PERIODS)

    @property
    def chosen(self) -> tuple[bests.Ledger, bests.Period]:
        self.is_valid()
        return self.cleaned_data.get("ledger") or "races", self.cleaned_data.get("by") or "all"


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def best_list(request: HtmxHttpRequest) -> HttpResponse:
    """The reader's bests, or those of an athlete (`?athlete=`) who granted a look; efforts from level 2 on."""
    reading = whose(request, level=access.RACES)
    form = LedgerForm(request.GET)
    ledger, period = form.chosen
    page: dict[str, Any] = {"whose": reading, "athlete": reading.athlete, "ledger": ledger, "period": period}
    if reading.athlete is not None:
        sees_activities = sees(request, reading.athlete, level=access.ACTIVITIES)
        if ledger == "efforts" and not sees_activities:
            ledger = "races"
        if ledger == "efforts":
            runs = Activity.objects.visible_to(request.user).of(reading.athlete).on_foot()
            efforts = BestEffort.objects.filter(activity__in=runs.order_by().values("pk"))
            marks, left_out = bests.effort_marks(efforts, runs)
        else:
            races = Race.objects.visible_to(request.user).of(reading.athlete)
            marks, left_out = bests.race_marks(races, ledger)
        found = bests.sections(marks, ledger=ledger, period=period, athlete=reading.athlete)
        page |= {
            "ledger": ledger,
            "mine": reading.is_self,
            "units": units_of(request),
            "sees_activities": sees_activities,
            "sections": [(_heading(section.key, period), section) for section in found],
            "n_bests": sum(len(section.bests) for section in found),
            "left_out": [_in_words(left, units_of(request)) for left in left_out],
            "ledgers": [
                _choice(request, "ledger", name, str(label), current=name == ledger)
                for name, label in LEDGERS
                if name != "efforts" or sees_activities
            ],
            "periods": [
                _choice(request, "by", name, str(label), current=name == period)
                for name, label in PERIODS
                if name != "age" or reading.athlete.born is not None
            ],
        }
    template = "performance/best_list.html"
    return render(request, template + "#bests" if wants_part(request) else template, page)


def _heading(key: str, period: bests.Period) -> str:
    if period == "age":
        return _("Aged %(first)s to %(last)d") % {"first": key, "last": int(key) + bests.BAND_YEARS - 1}
    return key


def _choice(request: HtmxHttpRequest, name: str, value: str, label: str, *, current: bool) -> dict[str, Any]:
    query = request.GET.copy()
    query[name] = value
    return {"label": label, "href": f"{request.path}?{query.urlencode()}", "current": current}


def _in_words(left: bests.LeftOut, units: str) -> str:
    """What is left out of the ledger, how often, with an example."""
    words = {
        "odd_distance": _("Left out, as the distance is no official one: %(n)d, such as %(name)s, %(distance)s."),
        "no_time": _("Left out for want of a time or a distance: %(n)d, such as %(name)s."),
        "no_grade": _("Left out for want of a grade: %(n)d, such as %(name)s."),
        "elapsed_time": _("In here by the whole time of the recording, for want of a better one: %(n)d, such as %(name)s."),
        "to_confirm": _("Left out until confirmed, as it is not sure that the course was a fair one: %(n)d, such as %(name)s."),
        "treadmill": _("%(n)d on a treadmill or in a virtual world, whose distance is an estimate."),
        "date_doubtful": _("%(n)d from a watch whose date cannot be right."),
        "gps_spikes": _("%(n)d with leaps of the GPS: no stretch across a leap counts."),
        "vehicle": _("%(n)d partly faster than anybody runs, such as a ride home: that part does not count."),
        "distance_jumps": _("%(n)d whose distance jumps or starts again: no stretch across the jump counts."),
    }  # fmt: skip
    return words[left.code] % {
        "n": left.n,
        "name": left.example or _("a race without a name"),
        "distance": official_distance(left.example_m, units) if left.example_m else "",
    }
