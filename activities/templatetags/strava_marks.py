"""{% strava_mark "powered-by" %}: the operator's artwork where there is one, else the words."""

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from activities.strava import artwork

register = template.Library()


@register.simple_tag
def strava_mark(name: str, words: str = "") -> SafeString:
    """words: what the image says here, where it is not the mark's own."""
    mark = artwork.MARKS[name]
    said = words or mark.words
    found = artwork.shown(mark)
    if found is None:
        return escape(said)
    return format_html(
        '<img class="strava-mark {}" src="{}?{}" width="{}" height="{}" alt="{}">',
        name, reverse("activities:strava-artwork", args=[name]), found.digest,
        round(mark.height_px * found.ratio), mark.height_px, said,
    )  # fmt: skip


@register.simple_tag
def has_strava_mark(name: str) -> bool:
    return artwork.shown(artwork.MARKS[name]) is not None
