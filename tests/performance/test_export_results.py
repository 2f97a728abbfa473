"""`manage.py export_results`: what the pages' faces say, from a terminal."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_activity, make_race


def written(athlete, what: str, form: str) -> str:
    out = io.StringIO()
    call_command("export_results", "--athlete", athlete.user.email, "--what", what, "--format", form, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("what", ["races", "activities", "efforts"])
def test_it_says_what_the_face_of_the_page_says(ada, as_ada, what):
    run = make_activity(athlete=ada, name="=Ely", analysed=True)
    make_race(athlete=ada, activity=run, name="=Ely 10K")
    face = as_ada.get(f"/{what}.json")
    told = json.loads(written(ada, what, "json"))
    assert told == json.loads(face.getvalue()) and told
    table = list(csv.DictReader(io.StringIO(written(ada, what, "csv"))))
    assert len(table) == len(told) and set(table[0]) == set(told[0])
    assert table[0]["name"].startswith("'=")


def test_only_that_athletes_and_nobody_is_an_error(cast):
    make_race(athlete=cast.eve, name="Hers")
    assert json.loads(written(cast.ada, "races", "json")) == []
    with pytest.raises(CommandError, match="no athlete"):
        call_command("export_results", "--athlete", "nobody@example.invalid", "--what", "races")
