"""What of the demo is here for the reader, on pages of `athletes`, which knows nothing of runs."""

from django import template

from activities.demonstration import Demo, demo_for
from athletes.models import User

register = template.Library()


@register.simple_tag
def demo_of(user: User) -> Demo:
    return demo_for(user)
