"""Filters over activities/measures.py: the same figures, in the reader's units and the language's numerals.

Units come from the view as `units` ("km" or "mi"): {{ race.distance_m|distance:units }}. A missing value is "–"; where a
reader could take the dash for a nothing, `|spoken` says "not recorded" to those who listen.
"""

from datetime import datetime
from typing import Final, get_args

from django import template
from django.utils.formats import get_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from activities import measures
from activities.measures import Numerals, Units

register = template.Library()


def numerals() -> Numerals:
    """How the reader's language writes numbers."""
    return Numerals(point=get_format("DECIMAL_SEPARATOR"), group=get_format("THOUSAND_SEPARATOR"))


def _units(asked: object) -> Units:
    return asked if asked in get_args(Units) else "km"  # type: ignore[return-value]


@register.filter
def duration(seconds: float | None, precision: str = "") -> str:
    """1:43:58; with "tenths" 0:58.3."""
    return measures.format_duration(seconds, tenths=precision == "tenths", numerals=numerals())


@register.filter
def duration_in_words(seconds: float | None) -> str:
    return measures.duration_words(seconds)


@register.filter
def target(seconds: float | None) -> str:
    """A time to aim for, floored, so that running it reaches the level."""
    return measures.format_target(seconds)


@register.filter
def iso_duration(seconds: float | None) -> str:
    """For <time datetime>: PT45M42S; nothing where there is no time."""
    if seconds is None:
        return ""
    return f"PT{round(seconds)}S"


@register.filter
def distance(distance_m: float | None, units: object = "km") -> str:
    """8.2 km"""
    return measures.format_distance(distance_m, _units(units), numerals=numerals())


@register.filter
def distance_number(distance_m: float | None, units: object = "km") -> str:
    """10.03, where the unit stands beside it or in the header."""
    return measures.format_distance(distance_m, _units(units), decimals=2, with_unit=False, numerals=numerals())


@register.filter
def official_distance(distance_m: float | None, units: object = "km") -> str:
    """What runners call it: 10 mi, Half marathon."""
    return measures.official_distance_name(distance_m, units=_units(units), numerals=numerals())


@register.filter
def pace(s_per_km: float | None, units: object = "km") -> str:
    """4:34; the unit is `units|pace_unit`."""
    return measures.format_pace(s_per_km, _units(units))


@register.filter
def pace_unit(units: object) -> str:
    return measures.pace_unit(_units(units))


@register.filter
def speed(speed_mps: float | None, units: object = "km") -> str:
    return measures.format_speed(speed_mps, _units(units), numerals=numerals())


@register.filter
def climb(climb_m: float | None, units: object = "km") -> str:
    """34 m, 112 ft"""
    return measures.format_climb(climb_m, _units(units), numerals=numerals())


@register.filter
def climb_number(climb_m: float | None, units: object = "km") -> str:
    return measures.format_climb(climb_m, _units(units), with_unit=False, numerals=numerals())


@register.filter
def climb_change(climb_m: float | None, units: object = "km") -> str:
    """+4 m, −12 m: up or down from one end of a split to the other."""
    if climb_m is None:
        return measures.MISSING
    in_units = climb_m if _units(units) == "km" else climb_m / measures.FOOT_M
    changed = measures.format_delta(in_units, decimals=0, numerals=numerals())
    return f"{changed}{measures.NBSP}{measures.climb_unit(_units(units))}"


@register.filter
def climb_unit(units: object) -> str:
    return measures.climb_unit(_units(units))


@register.filter
def grade(fraction: float | None, decimals: int = 1) -> str:
    """0.7842 as 78.4 %; never rounded up across a class limit."""
    return measures.format_grade(fraction, decimals, numerals=numerals())


@register.filter
def delta(difference: float | None, decimals: int = 1) -> str:
    """+1.3, −0.4"""
    return measures.format_delta(difference, decimals, numerals=numerals())


@register.filter
def time_delta(difference_s: float | None) -> str:
    """+0:12, −1:05"""
    return measures.format_time_delta(difference_s, numerals=numerals())


@register.filter
def beats(bpm: float | None) -> str:
    """162: beats a minute are whole."""
    return measures.MISSING if bpm is None else f"{round(bpm)}"


@register.filter
def spoken(shown: str) -> str | SafeString:
    """A dash for the eye says "not recorded" to the ear."""
    if shown != measures.MISSING:
        return shown
    return format_html('<span aria-hidden="true">{}</span><span class="vh">{}</span>', shown, _("not recorded"))


@register.filter
def wall_clock(moment: datetime | None) -> datetime | None:
    """A local time as it stood on the clock there: Django's `date` filter leaves it alone without a zone."""
    return moment.replace(tzinfo=None) if moment is not None else None


#: our own drawings on a 24 x 24 ground; lines only, so that they take the colour of the words beside them
ICONS: Final[dict[str, str]] = {
    "home": '<path d="M3.5 11L12 4l8.5 7M6 9.5V20h12V9.5"/>',
    "flag": '<path d="M5 21V4h13l-3 4.5L18 13H5"/>',
    "list": '<path d="M4 6h16M4 12h16M4 18h16"/>',
    "bars": '<path d="M4 20V13M10 20V9M16 20V4M3 20h18"/>',
    "more": '<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3.4"/>',
    "check": '<path d="M4.5 12.5l5 5L19.5 7"/>',
    "cross": '<path d="M6 6l12 12M18 6L6 18"/>',
    "against": '<path d="M12 4v10M12 19v.5"/>',
    "import": '<path d="M12 3v12M7 10.5l5 5 5-5M4 20.5h16"/>',
    "print": '<path d="M7 8V3.5h10V8M7 17H4V8h16v9h-3M7 14h10v6.5H7z"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An inline drawing, silent: the words beside it speak."""
    return mark_safe(  # noqa: S308 - built from the constants above; an unknown name is a KeyError
        '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" '
        f'stroke-linejoin="round" aria-hidden="true">{ICONS[name]}</svg>'
    )
