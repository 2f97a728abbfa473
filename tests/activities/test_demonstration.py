"""The demo: looked at by a grant, never among one's own runs, and gone entirely with one press."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from activities import demonstration
from activities.models import Activity, ImportBatch
from athletes import erasing
from athletes.models import Athlete, CoachGrant, User
from tests.athletes.test_erasing import files, leftovers
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db


def finish_removal(capture) -> None:
    with capture(execute=True):
        for user_id in erasing.waiting():
            erasing.erase(user_id)


@pytest.fixture
def small(monkeypatch) -> None:
    monkeypatch.setattr(demonstration, "YEARS", 0.1)


def bring_in() -> ImportBatch:
    batch = ImportBatch.objects.get(kind="demo")
    demonstration.bring_in(batch)
    for file in batch.files.all()[:2]:
        from activities import ingest

        ingest.work_off(file.pk)
    return batch


def test_looking_shows_the_invented_runner_and_nothing_of_hers_is_ones_own(cast: Cast, as_eve, small):
    answer = as_eve.post("/demo/look/")
    bring_in()
    ada = Athlete.objects.get(is_demo=True)
    assert answer["Location"] == f"/races/?athlete={ada.pk}"
    html = as_eve.get(f"/activities/?athlete={ada.pk}").content.decode()
    assert html.count("/activities/") > 2
    assert not Activity.objects.of(cast.eve).exists()


def test_one_press_removes_all_of_it(cast: Cast, as_eve, small, django_capture_on_commit_callbacks):
    as_eve.post("/demo/look/")
    bring_in()
    assert files() and leftovers(("@demo.invalid",))
    assert "Remove the demo" in as_eve.get("/more/").content.decode()
    as_eve.post("/demo/remove/")
    assert not Athlete.objects.visible_to(cast.eve.user).exclude(pk=cast.eve.pk).exists(), "at once"
    finish_removal(django_capture_on_commit_callbacks)
    assert leftovers(("@demo.invalid", "ada marsh's", "carl berg", "olga lind")) == []
    assert files() == [] and not Activity.objects.exists() and not ImportBatch.objects.exists()
    assert User.objects.count() == 4, "nobody else is gone"
    assert "h-demo" not in as_eve.get("/more/").content.decode()


def test_who_only_looks_puts_it_away_for_themselves(cast: Cast, as_ada, as_eve, small):
    as_eve.post("/demo/look/")
    as_ada.post("/demo/look/")
    assert "Put the demo away" in as_ada.get("/more/").content.decode()
    as_ada.post("/demo/remove/")
    demo = Athlete.objects.get(is_demo=True)
    assert not Athlete.objects.visible_to(cast.ada.user).filter(pk=demo.pk).exists()
    assert Athlete.objects.visible_to(cast.eve.user).filter(pk=demo.pk).exists()


def test_a_stranger_removes_nothing(cast: Cast, as_eve, as_ada, small):
    as_eve.post("/demo/look/")
    as_ada.post("/demo/remove/")
    assert erasing.waiting() == [] and CoachGrant.objects.in_force().filter(coach=cast.eve.user).exists()


def test_the_operator_removes_it_and_the_demos_own_operator_goes_with_it(cast: Cast, as_olga):
    demonstration.make_people()
    olga = User.objects.get(email=demonstration.OLGA)
    client = signed_in(olga)
    assert client.post("/demo/remove/")["Location"] == "/"
    assert client.get("/more/").status_code == 302
    assert len(erasing.waiting()) == 3


def test_looking_while_the_last_demo_goes_waits(cast: Cast, as_eve):
    demonstration.make_people()
    demonstration.ask_removal()
    assert as_eve.post("/demo/look/")["Location"].startswith("/welcome/")
    assert not CoachGrant.objects.in_force().exists()


def test_bringing_in_goes_on_where_it_was_and_ends_when_the_demo_is_removed(cast: Cast):
    ada, _password = demonstration.make_people()
    batch = demonstration.batch_of(ada, seed=7, years=0.1, until=date(2026, 10, 1))
    demonstration.bring_in(batch)
    n = batch.files.count()
    batch.files.last().delete()
    batch.about["complete"] = False
    demonstration.bring_in(batch)
    assert batch.files.count() == n > 3
    other = ImportBatch.objects.create(athlete=ada, kind="demo", about={**batch.about, "complete": False})
    demonstration.ask_removal()
    demonstration.bring_in(other)
    assert other.files.count() == 0


def test_the_command_line_makes_and_removes_it(cast: Cast, settings):
    settings.DEMO_PASSWORD = "a fair long phrase"
    call_command("generate_demo", years=0.05, no_wait=True)
    assert Athlete.objects.filter(is_demo=True).exists()
    olga = User.objects.get(email="olga@demo.invalid")
    call_command("generate_demo", people=True, if_there=True)
    assert User.objects.get(pk=olga.pk).password == olga.password, "the same password again signs nobody out"
    call_command("remove_demo")
    with pytest.raises(CommandError, match="removed"):
        call_command("generate_demo", people=True, if_there=True)
    assert not User.objects.filter(email__endswith="@demo.invalid").exists()
