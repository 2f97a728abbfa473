"""Translations: extracted, compiled and offered without GNU gettext."""

from io import StringIO

import pytest
from babel.messages.pofile import read_po, write_po
from django.core.management import CommandError, call_command
from django.utils import translation

from config.languages import languages_in
from tests.conftest import Cast


def run(*words: str, locale) -> str:
    out = StringIO()
    call_command("catalogue", *words, locale=locale, stdout=out)
    return out.getvalue()


def test_texts_of_code_and_templates_are_found_with_their_plurals(tmp_path):
    assert "to translate" in run("extract", "de", locale=tmp_path)
    with (tmp_path / "de/LC_MESSAGES/django.po").open("rb") as file:
        found = read_po(file)
    assert found.get("Which tables grade you") and found.get("Skip to content")
    assert found.get(("%d confirmed race", "%d confirmed races")).pluralizable
    assert found.num_plurals == 2 and len(found) > 500
    assert not [one.id for one in found if "XXX" in str(one.id)]


def test_a_translated_language_can_be_chosen_and_is_spoken(tmp_path, settings, cast: Cast, as_ada):
    assert [code for code, _name in languages_in(tmp_path)] == ["en-gb"], "only what has a catalogue"
    assert 'name="place-language"' not in as_ada.get("/settings/").content.decode()
    run("extract", "de", locale=tmp_path)
    path = tmp_path / "de/LC_MESSAGES/django.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale="de")
    catalog.get("Skip to content").string = "Zum Inhalt"
    with path.open("wb") as file:
        write_po(file, catalog)
    assert "1 of" in run("compile", locale=tmp_path)
    assert "Zum Inhalt" in path.read_text() and run("extract", locale=tmp_path), "extracting again keeps what is there"
    with path.open("rb") as file:
        assert read_po(file).get("Skip to content").string == "Zum Inhalt"
    settings.LANGUAGES, settings.LOCALE_PATHS = languages_in(tmp_path), [tmp_path]
    assert ("de", "Deutsch") in settings.LANGUAGES
    forget_catalogues()
    try:
        as_ada.post("/settings/", {"section": "place", "place-units": "km", "place-zone": "", "place-language": "de"})
        html = as_ada.get("/more/").content.decode()
        assert "Zum Inhalt" in html and '<html lang="de"' in html
    finally:
        translation.activate("en-gb")
        forget_catalogues()


def forget_catalogues() -> None:
    from django.utils.translation import trans_real

    trans_real._translations = {}


@pytest.mark.parametrize(
    ("words", "said"), [(("compile",), "no catalogue yet"), (("extract", "klingon"), "no language")]
)
def test_what_cannot_be_done_is_said(tmp_path, words, said):
    with pytest.raises(CommandError, match=said):
        run(*words, locale=tmp_path)
