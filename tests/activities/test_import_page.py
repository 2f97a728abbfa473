"""/import/: files over the web, and what is told about each of them."""

import gzip
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from activities import importers, ingest
from activities.forms import MOST_FILES
from activities.models import Activity, ImportBatch, ImportFile
from activities.views import FILES_A_PAGE
from athletes.models import User
from tests import factories
from tests.conftest import Cast
from tests.pages import assert_page_and_partial

pytestmark = pytest.mark.django_db

URL = "/import/"


def gpx(*, day: int = 4, name: str = "Round the fen") -> bytes:
    """A small run, written by hand: 40 points, 10 s and some 30 m apart."""
    points = "".join(
        f'<trkpt lat="{52.4 + number * 0.00027:.5f}" lon="0.26000"><ele>4</ele>'
        f"<time>2026-05-{day:02}T08:{number // 6:02}:{number % 6 * 10:02}Z</time></trkpt>"
        for number in range(40)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="Hand" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>{name}</name><type>running</type><trkseg>{points}</trkseg></trk></gpx>"
    ).encode()


def upload(client, *files: tuple[str, bytes], **headers):
    return client.post(
        URL, {"uploads": [SimpleUploadedFile(name, content) for name, content in files]}, headers=headers or None
    )


def read_all() -> None:
    """What the workers do."""
    for file in ImportFile.objects.filter(outcome="waiting"):
        assert ingest.work_off(file.pk)


# Sending


def test_files_are_taken_in_and_the_answer_is_the_page_of_the_import(as_ada, ada):
    response = upload(as_ada, ("run.gpx", gpx()), ("run2.gpx.gz", gzip.compress(gpx(day=5))))
    batch = ImportBatch.objects.get(athlete=ada)
    assert response.status_code == 302 and response["Location"] == f"/import/{batch.pk}/"
    assert [file.name for file in batch.files.all()] == ["run.gpx", "run2.gpx.gz"]
    assert {file.outcome for file in batch.files.all()} == {"waiting"}, "nothing is read while the browser waits"
    read_all()
    assert [run.name for run in Activity.objects.of(ada)] == ["Round the fen", "Round the fen"]


def test_htmx_is_led_there_too(as_ada, ada):
    response = upload(as_ada, ("run.gpx", gpx()), **{"HX-Request": "true"})
    assert response["HX-Redirect"] == f"/import/{ImportBatch.objects.get().pk}/"


def test_nothing_chosen_is_said_beside_the_field(as_ada):
    response = as_ada.post(URL, {})
    html = response.content.decode()
    assert response.status_code == 422
    assert "Choose one or more files first." in html and 'aria-invalid="true"' in html
    assert ImportBatch.objects.count() == 0


def test_nothing_chosen_swaps_the_form_alone(as_ada):
    response = as_ada.post(URL, {}, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 422 and 'id="upload"' in html and "<!doctype html>" not in html
    assert "csrfmiddlewaretoken" in html


def test_a_hostile_name_is_only_a_name(as_ada, ada):
    upload(as_ada, ("../../etc/passwd<script>.gpx", gpx()))
    file = ImportFile.objects.get()
    assert "/" not in file.name
    read_all()
    assert "<script>." not in as_ada.get(f"/import/{file.batch_id}/").content.decode()


def test_a_file_too_large_is_refused_in_words_and_the_others_go_on(as_ada, monkeypatch):
    monkeypatch.setattr(importers, "MAX_FILE_BYTES", 6000)
    upload(as_ada, ("large.gpx", b"x" * 6001), ("small.gpx", gpx()))
    read_all()
    assert {file.name: file.outcome for file in ImportFile.objects.all()} == {
        "large.gpx": "refused",
        "small.gpx": "new",
    }


def test_limits_are_stated_before_a_file_is_chosen(as_ada):
    html = as_ada.get(URL).content.decode()
    assert f"{MOST_FILES:,} files" in html and f"{importers.MAX_FILE_BYTES // 2**20} MB" in html
    assert 'accept=".fit,.gpx,.tcx,.gz,.zip"' in html and "multiple" in html


def test_who_does_not_run_is_asked_to_say_so_first(as_carl):
    html = as_carl.get(URL).content.decode()
    assert 'href="/settings/"' in html and 'type="file"' not in html
    assert upload(as_carl, ("run.gpx", gpx())).status_code == 200
    assert ImportBatch.objects.count() == 0


def test_a_post_without_its_token_is_refused(cast: Cast):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert upload(client, ("run.gpx", gpx())).status_code == 403
    assert ImportBatch.objects.count() == 0


def test_the_latest_imports_are_listed_with_what_waits_and_failed(as_ada, ada):
    factories.make_batch(athlete=ada, outcomes=["new", "refused", "refused"])
    factories.make_batch(athlete=ada, outcomes=["new", "waiting"])
    html = as_ada.get(URL).content.decode()
    assert "3 files" in html and "2 refused" in html and "1 waiting" in html


# Progress


def test_progress_polls_until_nothing_waits(as_ada, ada):
    batch = factories.make_batch(athlete=ada, outcomes=["new", "refused", "waiting", "waiting"])
    url = f"/import/{batch.pk}/"
    part = assert_page_and_partial(as_ada, url, "import-state")
    assert 'hx-trigger="every 2s"' in part and "2 of 4 read" in part
    assert 'max="4" value="2"' in part
    batch.files.filter(outcome="waiting").update(outcome="new", done_at=batch.created_at)
    part = assert_page_and_partial(as_ada, url, "import-state")
    assert "hx-trigger" not in part and "Every file is read." in part
    assert 'id="import-files" hx-swap-oob="outerHTML"' in part, "the list fills in once, at the end"


def test_progress_is_told_aloud_at_quarters_only(as_ada, ada):
    batch = factories.make_batch(athlete=ada, outcomes=["new"] * 6 + ["waiting"] * 4)

    def told(seen):
        html = as_ada.get(f"/import/{batch.pk}/?seen={seen}", headers={"HX-Request": "true"}).content.decode()
        return 'id="live"' in html

    assert told(25) and not told(50), "60 % are read"


def test_every_file_has_its_outcome_its_reason_and_its_run(as_ada, ada):
    upload(as_ada, ("run.gpx", gpx()), ("again.gpx", gpx()), ("note.txt", b"milk, eggs"), ("broken.gpx", gpx()[:-40]))
    read_all()
    batch = ImportBatch.objects.get()
    html = as_ada.get(f"/import/{batch.pk}/").content.decode()
    run = Activity.objects.get(recordings__original_name="run.gpx")
    rows = dict(re.findall(r'<th scope="row" class="names">([^<]+)(.*?)</tr>', html, re.S))
    assert ">New<" in rows["run.gpx"] and f'href="/activities/{run.pk}/"' in rows["run.gpx"]
    assert ">Already here<" in rows["again.gpx"] and f'href="/activities/{run.pk}/"' in rows["again.gpx"]
    assert ">Refused<" in rows["note.txt"] and 'class="sub names"' in rows["note.txt"]
    assert ">Partly readable<" in rows["broken.gpx"] or ">Refused<" in rows["broken.gpx"]


def test_one_outcome_can_be_looked_at_alone(as_ada, ada):
    batch = factories.make_batch(athlete=ada, outcomes=["new", "new", "refused"])
    html = as_ada.get(f"/import/{batch.pk}/?outcome=refused").content.decode()
    assert "file002.fit" in html and "file000.fit" not in html
    assert as_ada.get(f"/import/{batch.pk}/?outcome=quidditch").content.decode().count('scope="row"') == 3


def test_many_files_come_in_pages(as_ada, ada, django_assert_max_num_queries):
    batch = factories.make_batch(athlete=ada, outcomes=["new"] * (FILES_A_PAGE + 5))
    with django_assert_max_num_queries(10):
        first = as_ada.get(f"/import/{batch.pk}/").content.decode()
    assert first.count('scope="row"') == FILES_A_PAGE and "Page 1 of 2" in first
    second = as_ada.get(f"/import/{batch.pk}/?page=2").content.decode()
    assert second.count('scope="row"') == 5
    assert as_ada.get(f"/import/{batch.pk}/?page=99").status_code == 200


def test_an_import_without_files_is_no_error(as_ada, ada):
    batch = factories.make_batch(athlete=ada, outcomes=[])
    assert "Every file is read." in as_ada.get(f"/import/{batch.pk}/").content.decode()


# Who sees it


def test_imports_are_the_athletes_own(cast: Cast, as_carl, as_eve, as_olga, client):
    batch = factories.make_batch(athlete=cast.ada, outcomes=["new"])
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    for who in (as_carl, as_eve, as_olga):
        assert who.get(f"/import/{batch.pk}/").status_code == 404
        assert f"/import/{batch.pk}/" not in who.get(URL).content.decode()
    assert client.get(f"/import/{batch.pk}/").status_code == 302


def test_who_brought_in_runs_is_done_with_the_first_steps(client, cast: Cast):
    User.objects.filter(pk=cast.ada.user_id).update(welcomed_at=None)
    credentials = {"login": cast.ada.user.email, "password": factories.PASSWORD}
    assert client.post("/accounts/login/", credentials)["Location"] == "/welcome/"
    upload(client, ("run.gpx", gpx()))
    client.post("/accounts/logout/")
    assert client.post("/accounts/login/", credentials)["Location"] == "/"
