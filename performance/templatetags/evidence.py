"""Why we think that a run was a race, in words for a page, from what analysis stored with the race.

The sentences are the detector's own (race_detection/words.py), put through gettext here. What a stored reason cannot
say any more, because the detector that wrote it was another version, is left out rather than shown as a code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Any, Final

from django import template
from django.utils.translation import gettext as _

from activities.measures import NBSP
from performance import race_detection
from performance.models import Race
from performance.race_detection import Reason

register = template.Library()

#: how much of it a card tells; the rest adds little and takes the reader's time
FOR, AGAINST = 4, 2

#: pieces of evidence that say the same thing to a reader: the heaviest one speaks
SAME_THING: Final = (
    {"distance_over", "distance_near", "distance_exact"},
    {"effort", "effort_margin"},
    {"inside_level", "inside_rank"},
)

#: evidence that tells of heart rate or of samples, which a coach sees only at level 3
FROM_STREAMS: Final = {"heart_rate", *race_detection.FROM_SAMPLES}

VERY_LIKELY, LIKELY = 0.8, 0.5


@dataclass(frozen=True)
class Said:
    """One reason as a sentence."""

    text: str
    in_favour: bool


@register.filter
def reasons(race: Race, shows_streams: bool) -> list[Said]:
    """The heaviest reasons, those for a race first, then those against; of heart rate only to who may see it."""
    stored = [row for row in race.evidence.get("reasons", []) if shows_streams or row.get("code") not in FROM_STREAMS]
    said = list(_say(stored))
    return [one for one in said if one.in_favour][:FOR] + [one for one in said if not one.in_favour][:AGAINST]


@register.filter
def score(probability: float | None) -> int | None:
    """92 of 100; never rounded up."""
    return None if probability is None else floor(probability * 100)


@register.filter
def likelihood(probability: float | None) -> str:
    if probability is None:
        return ""
    if probability >= VERY_LIKELY:
        return _("Very likely")
    return _("Likely") if probability >= LIKELY else _("Possible")


@register.filter
def likelihood_tag(probability: float | None) -> str:
    """The class of the tag: good, warn or none."""
    if probability is None or probability < LIKELY:
        return ""
    return "good" if probability >= VERY_LIKELY else "warn"


def _say(stored: list[dict[str, Any]]) -> Iterator[Said]:
    told: set[str] = set()
    for row in stored:
        try:
            reason = Reason(row["code"], row["weight"], row.get("params") or {})
            text = race_detection.describe(reason, _).replace(" %", f"{NBSP}%")
        except (KeyError, TypeError, ValueError, IndexError):
            continue
        if reason.code in told:
            continue
        told.update(*(group for group in SAME_THING if reason.code in group))
        yield Said(text=text, in_favour=reason.weight > 0)
