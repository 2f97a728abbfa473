"""What the bars at the top and, on a phone, at the bottom lead to. Only what exists stands here."""

from dataclasses import dataclass, replace
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()


@dataclass(frozen=True)
class Place:
    """view: where the link leads.  within: what the names of all its pages begin with.  icon: for the phone's bar."""

    label: str | Promise
    view: str
    within: str
    icon: str


HOME = Place(_("Home"), "performance:dashboard", "performance:dashboard", "home")
RUNS = (
    Place(_("Races"), "performance:race-list", "performance:race", "flag"),
    Place(_("Activities"), "performance:activity-list", "performance:activity", "list"),
    Place(_("Age grade"), "performance:age-grade", "performance:age-grade", "bars"),
)
TOP = (
    replace(HOME, label=_("Dashboard")),
    *RUNS,
    Place(_("Predictions"), "performance:predictions", "performance:predictions", "more"),
    Place(_("Training load"), "performance:load", "performance:load", "bars"),
)
MORE = Place(_("More"), "athletes:more", "athletes:", "more")
PUBLIC = (
    Place(_("Age grade"), "performance:age-grade", "performance:age-grade", "bars"),
    Place(_("Sign in"), "account_login", "account_login", "more"),
)


@register.simple_tag(takes_context=True)
def places(context: template.Context, bar: str) -> list[dict[str, Any]]:
    """The links of one bar, "top", "bottom" or "public", each with whether the page belongs to it."""
    match = context["request"].resolver_match
    here = match.view_name if match is not None else ""
    chosen = {"top": TOP, "bottom": (HOME, *RUNS, MORE), "public": PUBLIC}[bar]
    return [
        {
            "label": place.label,
            "href": reverse(place.view),
            "icon": place.icon,
            "current": here.startswith(place.within),
        }
        for place in chosen
    ]
