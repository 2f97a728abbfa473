"""Figures of training: points and distances of weeks, whole, because nobody trains by tenths."""

from django import template
from django.utils.translation import gettext as _

from activities import measures
from activities.templatetags.measures import numerals
from performance.predictions import Prediction

register = template.Library()


@register.filter
def whole(number: float | None) -> str:
    """1,964; −9."""
    if number is None:
        return measures.MISSING
    rounded = round(number)
    shown = measures.format_distance(abs(rounded) * 1000, "km", decimals=0, with_unit=False, numerals=numerals())
    return f"−{shown}" if rounded < 0 else shown


@register.filter
def ago(days: int) -> str:
    """How old a race is, as a runner would say it."""
    if days < 14:
        return _("yesterday") if days == 1 else _("today") if days == 0 else _("%d days ago") % days
    if days < 60:
        return _("%d weeks ago") % round(days / 7)
    return _("%d months ago") % round(days / 30.4)


@register.filter
def model_name(code: str) -> str:
    return {"riegel": "Riegel", "vdot": "VDOT", "cameron": "Cameron", "vickers": "Vickers"}[code]


@register.filter
def by_model(prediction: Prediction, model: str) -> float | None:
    """What one model alone says; None where it was not asked."""
    return prediction.by_model.get(model)
