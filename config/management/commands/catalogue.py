"""`manage.py catalogue extract LANGUAGE…` and `manage.py catalogue compile`: translations without GNU gettext.

What is to be translated is read from our Python files and templates by Babel, which knows Python; Django itself turns a
template into something that looks like it.
"""

import io
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

SOURCES = ("athletes", "activities", "performance", "config", "templates")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


class Command(BaseCommand):
    help = "Extract what is to be translated into locale/, or compile what was translated."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["extract", "compile"])
        parser.add_argument(
            "languages", nargs="*", metavar="LANGUAGE", help="such as de or pt_BR; all there are if none"
        )
        parser.add_argument("--locale", type=Path, default=Path(settings.LOCALE_PATHS[0]), help="where catalogues lie")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import babel.messages  # noqa: F401  # it comes with the development tools
        except ImportError:
            raise CommandError("Babel is missing: run `python3 dev.py setup`.") from None
        locale: Path = options["locale"]
        languages = options["languages"] or sorted(
            path.parents[1].name for path in locale.glob("*/LC_MESSAGES/django.po")
        )
        if not languages:
            raise CommandError("Name a language: there is no catalogue yet.")
        for language in languages:
            folder = locale / language / "LC_MESSAGES"
            told = self._extract(folder, language) if options["act"] == "extract" else self._compile(folder)
            self.stdout.write(f"{language}: {told}")

    def _extract(self, folder: Path, language: str) -> str:
        from babel.core import Locale, UnknownLocaleError
        from babel.messages.catalog import Catalog
        from babel.messages.pofile import read_po, write_po

        try:
            Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            raise CommandError(f"{language} is no language that Babel knows.") from None
        template = Catalog(project="Agegrade", charset="utf-8")
        for place, line, message, comments, context in _messages():
            template.add(message, locations=[(place, line)], auto_comments=comments, context=context)
        path = folder / "django.po"
        catalog = Catalog(project="Agegrade", locale=language, charset="utf-8")
        if path.exists():
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
        catalog.update(template)
        catalog.fuzzy = False
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=120, include_lineno=False, sort_by_file=True)
        return f"{len(catalog)} texts, {len(catalog) - _translated(catalog)} to translate"

    def _compile(self, folder: Path) -> str:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        path = folder / "django.po"
        if not path.exists():
            raise CommandError(f"{path} is not there: extract it first.")
        with path.open("rb") as file:
            catalog = read_po(file, locale=folder.parent.name)
        wrong = [str(error) for message, errors in catalog.check() for error in errors if any(message.string or ())]
        if wrong:
            raise CommandError(f"{path}: {wrong[0]}")
        with (folder / "django.mo").open("wb") as file:
            write_mo(file, catalog)
        return f"{_translated(catalog)} of {len(catalog)} texts compiled"


def _translated(catalog: Any) -> int:
    """How many texts have all of their forms, and were not merely guessed from a similar one."""
    forms = (
        (message.string if isinstance(message.string, list | tuple) else [message.string], message)
        for message in catalog
    )
    return sum(1 for strings, message in forms if message.id and all(strings) and not message.fuzzy)


def _messages() -> Iterator[tuple[str, int, Any, list[str], str | None]]:
    """Every text in our own files: where it stands, the text (or singular and plural), comments, context."""
    from babel.messages.extract import extract

    project = Path(settings.BASE_DIR)
    for folder in SOURCES:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts:
                source = path.read_bytes()
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                looks_like_python = templatize(path.read_text(encoding="utf-8"), origin=str(path))
                source = "\n".join(line.strip() for line in looks_like_python.splitlines()).encode()
            else:
                continue
            for line, message, comments, context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
                yield path.relative_to(project).as_posix(), line, message, comments, context
