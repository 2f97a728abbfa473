"""What pages say about a race: what holds of it, why it has no grade, where its grade is proved."""

from collections.abc import Mapping
from math import floor
from typing import Final
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import measures
from activities.templatetags.measures import numerals, official_distance
from athletes.models import Athlete
from performance import age_grade_form, standards
from performance.agegrade import Refused, parse_event
from performance.forms import time_text, value_of
from performance.models import Race
from performance.standards import Standard

register = template.Library()

State = Race.State

#: the scale on which a grade stands as a dot
SCALE_FROM, SCALE_TO = 0.50, 0.90

#: why there is no grade, as short as a cell of a table needs it
REFUSALS: Final = {
    "age_missing": gettext_lazy("no birth date"),
    "age_out_of_range": gettext_lazy("age not in tables"),
    "sex_missing": gettext_lazy("no tables chosen"),
    "distance_out_of_range": gettext_lazy("no table"),
    "event_unknown": gettext_lazy("no distance"),
    "to_confirm": gettext_lazy("once confirmed"),
    "surface_not_in_edition": gettext_lazy("no table"),
    "no_open_standard": gettext_lazy("no standard"),
    "time_invalid": gettext_lazy("no time"),
}


@register.filter
def refusal(race: Race) -> str:
    """Why there is no grade, in a few words; empty where there is one, or nothing is known."""
    return str(REFUSALS.get(race.refusal, ""))


@register.filter
def refusal_words(code: str) -> str:
    """The same for a reason that stands alone."""
    return str(REFUSALS.get(code, _("no grade")))


@register.filter
def waits_because(race: Race) -> str:
    """Why it is graded only once it is confirmed; empty where that is not what it waits for."""
    if race.refusal != standards.TO_CONFIRM:
        return ""
    return {
        "no_course": _("It was run on a treadmill or in a virtual world, over no measured course."),
        "relay": _("By its name it was a leg of a relay, whose length is seldom measured."),
        "downhill": _("It ends further below its start than a course for records may."),
        "ultra": _("It is longer than a marathon, and few such courses are measured."),
    }.get(standards.waits_because(race), _("It is not sure that the course was a fair one."))


@register.filter
def on_scale(age_grade: float) -> str:
    """Where a grade stands on the scale, in per cent of its length; beyond the ends it stands at the end."""
    share = (age_grade - SCALE_FROM) / (SCALE_TO - SCALE_FROM)
    return f"{100 * min(max(share, 0.0), 1.0):.1f}"


@register.filter
def on_the_road(race: Race) -> str:
    """The calculator, asked what the same time and distance would be worth on the road; "" where it could not say."""
    if not race.time_s or not race.distance_m or race.age is None or not race.athlete.sexes:
        return ""
    asked = {
        "table": race.athlete.table,
        "age": race.age,
        "distance": value_of(race.distance_m),
        "time": time_text(race.time_s, race.distance_m),
        "surface": Race.Surface.ROAD.value,
    }
    return f"{reverse('performance:age-grade')}?{urlencode(asked)}"


@register.filter
def proof_address(race: Race) -> str:
    """The calculator, filled in with what this grade rests on."""
    asked = {
        "table": race.graded_by,
        "age": race.age,
        "distance": value_of(race.distance_m or 0),
        "time": time_text(race.time_s, race.distance_m),
        "surface": race.surface,
        "edition": race.edition,
        "convention": race.convention,
    }
    return f"{reverse('performance:age-grade')}?{urlencode(asked)}"


@register.filter
def to_the_hundredth(seconds: float) -> str:
    """35:49.12: a standard as a proof needs it."""
    hundredths = floor(seconds * 100 + 0.5)
    return f"{measures.format_duration(hundredths // 100)}{numerals().point}{hundredths % 100:02}"


@register.filter
def factor(age_factor: float) -> str:
    """0.8329, as the tables print it; more digits where it lies between two printed ones."""
    text = f"{age_factor:.6f}".rstrip("0")
    whole, _point, digits = text.partition(".")
    return f"{whole}{numerals().point}{digits:0<4}"


@register.filter
def column_name(event: str, units: str = "km") -> str:
    """The column of a table as people call it: 20 km, 10 mi; 3000mSC as it is."""
    try:
        return official_distance(parse_event(event).distance_m, units)
    except Refused:
        return event


@register.filter
def class_name(word: str) -> str:
    """The class a grade has reached, in words; empty below 60 %."""
    return {
        "local": _("Local class"),
        "regional": _("Regional class"),
        "national": _("National class"),
        "world": _("World class"),
    }.get(word, "")


@register.filter
def what_holds(race: Race, elsewhere: bool = False) -> str:
    """What is now true of a race, in words that name it; elsewhere: it was decided where this page could not know."""
    names = {"name": race.name or _("This run")}
    if elsewhere:
        return f"{_('%(name)s was decided on another page or device in the meantime.') % names} {_as_it_stands(race)}"
    if race.state == State.CONFIRMED and race.age_grade is None:
        return _("%(name)s is a race. It counts, without a grade.") % names
    return {
        State.CONFIRMED: _("%(name)s is a race. It counts towards your age grade."),
        State.REJECTED: _("%(name)s is not a race. It does not count towards your age grade."),
        State.FOUND: _("%(name)s counts again, as found by us."),
        State.TO_DECIDE: _("%(name)s is waiting for your decision again."),
    }[State(race.state)] % names


def _as_it_stands(race: Race) -> str:
    return {
        State.CONFIRMED: _("It is confirmed as a race."),
        State.REJECTED: _("It is not a race."),
        State.FOUND: _("It counts, as found by us."),
        State.TO_DECIDE: _("It is waiting for your decision."),
    }[State(race.state)]


@register.filter
def grade_number(age_grade: float | None) -> str:
    """78.4, where its sign stands beside it, smaller."""
    return measures.format_grade(age_grade, with_unit=False, numerals=numerals())


@register.filter
def points(difference: float) -> str:
    """1.3: how far apart two grades are, where an arrow says which way."""
    return measures.format_delta(abs(difference), numerals=numerals()).lstrip("+")


@register.filter
def named(names: Mapping[int, str], pk: int) -> str:
    """The name of a race that the page asked for."""
    return names.get(pk, "")


@register.filter
def distance_value(distance_m: float) -> str:
    """A distance as the race book's filter takes it."""
    return value_of(distance_m)


@register.filter
def edition_name(edition_id: str) -> str:
    """An edition as people call it; "" for none."""
    return age_grade_form.edition_name(edition_id)


@register.filter
def road_edition(athlete: Athlete) -> str:
    """The edition that grades this athlete's road races."""
    return age_grade_form.edition_name(Standard.of(athlete).edition(Race.Surface.ROAD))


@register.filter
def graded_by(athlete: Athlete) -> str:
    """What the grades of a page rest on: the editions in force for this athlete, and whose tables."""
    track = age_grade_form.edition_name(Standard.of(athlete).edition(Race.Surface.TRACK))
    tables: dict[str, str] = {
        Athlete.Table.WOMEN: _("Women’s tables"),
        Athlete.Table.MEN: _("Men’s tables"),
        Athlete.Table.BOTH: _("Women’s and men’s tables"),
    }
    said = _("Road races are graded by %(road)s, races on the track by %(track)s. %(tables)s, age on race day.")
    return said % {"road": road_edition(athlete), "track": track, "tables": tables.get(athlete.table, "")}


@register.filter
def table_time(seconds: float | None, hundredths: bool = False) -> str:
    """A cell of a table of times: 41:07; on the track 41:07.32."""
    if seconds is None:
        return measures.MISSING
    return to_the_hundredth(seconds) if hundredths else measures.format_duration(seconds)


@register.filter
def event_name(event: str) -> str:
    """The head of a column: 10 km, Half marathon, 3000mSC, Short hurdles."""
    if "hurdles" in event or event == "steeplechase":
        return {
            "short_hurdles": _("Short hurdles"),
            "long_hurdles": _("Long hurdles"),
            "steeplechase": _("Steeplechase"),
        }.get(event, event)
    try:
        found = parse_event(event)
    except Refused:
        return event
    if found.kind == "flat" and found.distance_m is not None:
        if event.endswith("m") and event[:-1].isdecimal():  # on the track 5000 m are no 5 km
            return f"{event[:-1]}{measures.NBSP}m"
        return official_distance(found.distance_m)
    return event


@register.filter
def surface_name(surface: str) -> str:
    return str(age_grade_form.SURFACE_NAMES.get(surface, surface))


@register.filter
def convention_name(convention: str) -> str:
    return str(age_grade_form.CONVENTION_NAMES.get(convention, convention))


@register.filter
def at(addresses: dict[str, str], name: str) -> str:
    """The address under a name; "" for none."""
    return addresses.get(name, "")


@register.filter
def race_time(seconds: float) -> str:
    """45:42, or 12.31 where the result was taken to the hundredth."""
    return to_the_hundredth(seconds) if seconds != int(seconds) else measures.format_duration(seconds)
