"""Drawings that stand in rows; a page's own charts are drawn by templates/components/panel.html."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from performance import charts
from performance.charts import Bar

register = template.Library()


@register.simple_tag
def grade_dot(grade: float | None) -> SafeString | str:
    """A grade as a dot on a scale from 50 to 90 % with a tick at 70; silent, the figure stands beside it."""
    if grade is None:
        return ""
    return format_html(
        '<svg class="dotline" aria-hidden="true"><line class="track" x1="0" x2="100%" y1="50%" y2="50%"/>'
        '<line class="ref" x1="50%" x2="50%" y1="15%" y2="85%"/><circle class="pt" cx="{}" cy="50%" r="5.5"/></svg>',
        charts.grade_position(grade),
    )


@register.simple_tag
def difference_bar(bar: Bar) -> SafeString:
    """Slower to the left, faster to the right of the middle; silent, the words stand beside it."""
    return format_html(
        '<svg class="dev" aria-hidden="true"><line class="ref" x1="50%" x2="50%" y1="0" y2="100%"/>'
        '<rect class="{}" x="{}" width="{}" y="20%" height="60%"/></svg>',
        "fast" if bar.faster else "slow",
        bar.x,
        bar.width,
    )
