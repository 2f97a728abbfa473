"""Which languages there are to choose from: English, and every one with a compiled catalogue under locale/.

locale/<language>/LC_MESSAGES/django.po   what translators write; `manage.py catalogue extract de` makes or updates it
locale/<language>/LC_MESSAGES/django.mo   what Django reads; `manage.py catalogue compile` makes it
"""

from pathlib import Path
from typing import Final

from django.conf.locale import LANG_INFO

ENGLISH: Final = ("en-gb", "English")


def languages_in(locale: Path) -> list[tuple[str, str]]:
    """Code and own name of each language, English first. A catalogue of an unknown language is called by its code."""
    found = sorted(path.parents[1].name for path in locale.glob("*/LC_MESSAGES/django.mo"))
    codes = [name.replace("_", "-").lower() for name in found]
    return [ENGLISH, *((code, str(LANG_INFO.get(code, {}).get("name_local", code))) for code in codes)]
