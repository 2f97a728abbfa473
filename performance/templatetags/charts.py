"""The drawing that stands in a row of splits; a page's own charts are drawn by templates/components/panel.html."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from performance.charts import Bar

register = template.Library()


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
