"""The template filters over measures.py: a reader's units, a language's numerals, and nothing where nothing is known."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.template import Context, Template
from django.utils import translation

from activities.templatetags import measures as filters


def shown(text: str, **context) -> str:
    return Template("{% load measures %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("text", "value", "units", "expected"),
    [
        ("{{ value|distance:units }}", 8200, "km", "8.2\xa0km"),
        ("{{ value|distance:units }}", 8200, "mi", "5.1\xa0mi"),
        ("{{ value|distance_number:units }}", 10_030, "km", "10.03"),
        ("{{ value|official_distance:units }}", 21_097.5, "mi", "Half marathon"),
        ("{{ value|pace:units }}", 274.2, "km", "4:34"),
        ("{{ value|pace:units }}", 274.2, "mi", "7:21"),
        ("{{ value|speed:units }}", 8.0, "km", "28.8\xa0km/h"),
        ("{{ value|climb:units }}", 34, "mi", "112\xa0ft"),
        ("{{ value|climb_number:units }}", 34, "km", "34"),
        ("{{ value|climb_change:units }}", -12.4, "km", "−12\xa0m"),
        ("{{ value|climb_change:units }}", 3.6, "mi", "+12\xa0ft"),
        ("{{ value|climb_change:units }}", 0.2, "km", "0\xa0m"),
        ("{{ value|duration }}", 6238, "km", "1:43:58"),
        ('{{ value|duration:"tenths" }}', 58.25, "km", "0:58.3"),
        ("{{ value|duration_in_words }}", 2742, "km", "45 minutes 42 seconds"),
        ("{{ value|iso_duration }}", 2742.4, "km", "PT2742S"),
        ("{{ value|target }}", 2551.9, "km", "42:31"),
        ("{{ value|grade }}", 0.78421, "km", "78.4\xa0%"),
        ("{{ value|grade:2 }}", 0.78421, "km", "78.42\xa0%"),
        ("{{ value|grade }}", 0.6996, "km", "69.9\xa0%"),
        ("{{ value|delta }}", 1.34, "km", "+1.3"),
        ("{{ value|time_delta }}", -65, "km", "−1:05"),
        ("{{ value|beats }}", 161.6, "km", "162"),
    ],
)
def test_figures_as_people_read_them(text, value, units, expected):
    assert shown(text, value=value, units=units) == expected


@pytest.mark.parametrize(
    "name",
    [
        "duration",
        "distance",
        "distance_number",
        "official_distance",
        "pace",
        "speed",
        "climb",
        "climb_change",
        "grade",
        "delta",
        "beats",
    ],
)
def test_what_is_missing_is_a_dash_that_speaks(name):
    assert shown("{{ value|" + name + " }}", value=None) == "–"
    spoken = shown("{{ value|" + name + "|spoken }}", value=None)
    assert '<span aria-hidden="true">–</span>' in spoken and "not recorded" in spoken


def test_what_is_known_is_spoken_as_it_is():
    assert shown("{{ value|duration|spoken }}", value=2742) == "45:42"


def test_unknown_units_are_kilometres():
    assert shown("{{ value|distance:units }}", value=8200, units="furlongs") == "8.2\xa0km"


def test_german_readers_get_their_comma():
    with translation.override("de"):
        assert shown("{{ value|grade }}", value=0.784) == "78,4\xa0%"
        assert shown("{{ value|distance:units }}", value=1_234_560, units="km") == "1.234,6\xa0km"


def test_a_wall_clock_is_shown_as_it_stood():
    there = datetime(2026, 10, 18, 9, tzinfo=UTC).astimezone(timezone(timedelta(hours=13)))
    assert shown('{{ at|wall_clock|date:"j M H:i" }}', at=there) == "18 Oct 22:00"


@pytest.mark.parametrize("name", sorted(filters.ICONS))
def test_icons_are_silent_and_take_the_colour_beside_them(name):
    drawing = shown("{% icon name %}", name=name)
    assert drawing.startswith("<svg") and 'aria-hidden="true"' in drawing and "currentColor" in drawing
    assert "style" not in drawing


def test_an_icon_nobody_drew_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        filters.icon("unicorn")
