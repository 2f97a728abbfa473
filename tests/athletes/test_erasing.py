"""An account that is deleted leaves nothing: every table and the whole of the storage are searched for it."""

import io
import json

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.test import Client
from pydantic import SecretStr

from activities import ingest, originals
from activities.models import (
    Activity,
    ImportBatch,
    Pairing,
    Recording,
    SampleBlock,
    StravaAccount,
    StravaApplication,
)
from activities.strava.sealing import Sealed
from athletes import erasing, invitations
from athletes.models import Athlete, User
from athletes.signals import person_leaving
from athletes.tasks import erase_waiting
from performance.models import AccountExport, Race, ResultsFile
from tests import factories
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db

#: words that are hers and nobody else's
HERS = ("ada@example.invalid", "second.ada@example.invalid", "ada marsh", "river with zebedee")


def leftovers(words: tuple[str, ...]) -> list[str]:
    """Every column of every table of the database, as text; and every session, opened."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select t::text from "{table}" t')
            rows = [row[0].lower() for row in cursor.fetchall()]
            found += [f"{table}: {row[:200]}" for row in rows if any(word in row for word in words)]
    found += [
        f"session {held}"
        for held in (json.dumps(session.get_decoded(), default=str).lower() for session in Session.objects.all())
        if any(word in held for word in words)
    ]
    return found


def rows_of(user_id: int, athlete_id: int) -> list[str]:
    """Rows that still point at the user or the athlete, by every foreign key there is."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.fields:
            target = {User: user_id, Athlete: athlete_id}.get(field.related_model)
            if target is not None and isinstance(field, models.ForeignKey):
                n = model._base_manager.filter(**{field.attname: target}).count()
                found += [f"{model._meta.label}.{field.name}: {n}"] * bool(n)
    return found


def files() -> list[str]:
    def walk(folder: str) -> list[str]:
        try:
            folders, names = default_storage.listdir(folder)
        except FileNotFoundError:
            return []
        found = [f"{folder}/{name}".lstrip("/") for name in names]
        for name in folders:
            found += walk(f"{folder}/{name}".lstrip("/"))
        return found

    return walk("")


@pytest.fixture
def full_life(cast: Cast) -> Cast:
    """Ada with something in every part of the program, and others who have to do with her."""
    user = cast.ada.user
    EmailAddress.objects.create(user=user, email=HERS[1], verified=True)
    batch = ImportBatch.objects.create(athlete=cast.ada, kind="upload")
    ingest.receive(batch, name="river with zebedee.gpx", source=io.BytesIO(GPX), position=0)
    ingest.receive(batch, name="waits.gpx", source=io.BytesIO(GPX + b" "), position=1)
    ingest.work_off(batch.files.first().pk)
    assert SampleBlock.objects.count() and files()
    for kind in ("exports", "results"):
        default_storage.save(f"{kind}/{cast.ada.pk}/hers", ContentFile(b"hers"))
    default_storage.save(f"exports/{cast.eve.pk}/eves", ContentFile(b"eves"))
    key = Sealed.of(SecretStr("hers"))
    own = StravaApplication.objects.create(owner=cast.ada, sealed_client_id=key, sealed_client_secret=key)
    StravaAccount.objects.create(athlete=cast.ada, application=own, strava_athlete_id=7, strava_name="Ada Marsh")
    Pairing.objects.create(athlete=cast.ada, one="a", other="b", together=True, by=user)
    ResultsFile.objects.create(athlete=cast.ada, name="Ada Marsh.csv")
    AccountExport.objects.create(athlete=cast.ada, expires_at="2030-01-01T00:00Z")
    activity = factories.make_activity(athlete=cast.ada, name="River with Zebedee", n_laps=2, analysed=True)
    race = factories.make_race(athlete=cast.ada, activity=activity, decided_by=user)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    factories.grant(athlete=cast.eve, coach=user, level=1)
    signed_in(user).get(f"/races/?athlete={cast.eve.pk}")
    invitations.let_coach_look(athlete=cast.ada, email="cora@example.invalid", level=1)
    invitations.let_coach_look(athlete=cast.eve, email=HERS[1], level=1)
    for thing in (user, cast.ada, race):
        LogEntry.objects.create(
            user=cast.olga,
            content_type=ContentType.objects.get_for_model(thing),
            object_id=str(thing.pk),
            object_repr=str(thing),
            action_flag=CHANGE,
        )
    Client().post("/accounts/password/reset/", {"email": user.email})
    return cast


GPX = (
    b"""<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk>
<name>River with Zebedee</name><type>running</type><trkseg>"""
    + b"".join(
        b'<trkpt lat="%.5f" lon="0.26"><time>2026-10-18T09:%02d:%02dZ</time></trkpt>'
        % (52.4 + i / 2e4, i // 10, i % 10 * 6)
        for i in range(200)
    )
    + b"</trkseg></trk></gpx>"
)


def test_nothing_is_left(full_life: Cast):
    user_id, athlete_id = full_life.ada.user_id, full_life.ada.pk
    hers = factories.make_activity(athlete=full_life.eve, name="Eve's own run")
    assert len(leftovers(HERS)) > 10 and rows_of(user_id, athlete_id), "else this test could not fail"
    erasing.ask(User.objects.get(pk=user_id))
    erase_with_files(user_id)
    assert leftovers(HERS) == []
    assert rows_of(user_id, athlete_id) == []
    assert files() == [f"exports/{full_life.eve.pk}/eves"]
    assert not Recording.objects.filter(athlete=athlete_id).exists() and not SampleBlock.objects.exists()
    assert Activity.objects.get() == hers and not Race.objects.exists(), "nobody else loses anything"
    assert LogEntry.objects.count() == 0 and full_life.eve.grant_events.exists(), (
        "Eve's audit stays, without the address"
    )


def erase_with_files(user_id: int) -> None:
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks(execute=True):
        erasing.erase(user_id)


def test_asking_ends_everything_at_once(full_life: Cast, as_carl):
    client = Client()
    client.post("/accounts/login/", {"login": "ada@example.invalid", "password": factories.PASSWORD})
    other = signed_in(full_life.ada.user)
    confirm(client)
    for page in (client, other):
        assert page.get("/races/").status_code == 302
    assert as_carl.get(f"/races/?athlete={full_life.ada.pk}").status_code == 404
    refused = Client().post("/accounts/login/", {"login": "ada@example.invalid", "password": factories.PASSWORD})
    assert refused.status_code == 200


def confirm(client: Client, address: str = "ada@example.invalid"):
    first = client.get("/privacy/delete/")
    assert first["Location"].startswith("/accounts/reauthenticate/")
    client.post(first["Location"], {"password": factories.PASSWORD})
    return client.post("/privacy/delete/", {"erase-address": address})


def test_a_press_without_the_right_word_deletes_nothing(cast: Cast):
    client = Client()
    client.post("/accounts/login/", {"login": "ada@example.invalid", "password": factories.PASSWORD})
    answer = confirm(client, "yes")
    assert answer.status_code == 422 and "Nothing was deleted" in answer.content.decode()
    assert erasing.waiting() == [] and client.get("/races/").status_code == 200


def test_a_session_left_open_deletes_nothing(as_ada):
    as_ada.post("/privacy/delete/", {"erase-address": "ada@example.invalid"})
    assert erasing.waiting() == []


def test_nobody_who_did_not_ask_is_erased(cast: Cast):
    erasing.erase(cast.eve.user_id)
    erasing.erase(10**6)
    assert User.objects.filter(pk=cast.eve.user_id).exists()


def test_what_was_lost_is_found_and_done_twice_is_done_once(cast: Cast):
    erasing.ask(cast.eve.user)
    assert erasing.waiting() == [cast.eve.user_id]
    erase_waiting()
    erasing.erase(cast.eve.user_id)
    erasing.erase(cast.eve.user_id)
    assert erasing.waiting() == []


def test_others_are_told_before_the_rows_go(cast: Cast):
    told = []

    def listen(user_id, athlete_id, **kwargs):
        told.append((user_id, athlete_id, Athlete.objects.filter(pk=athlete_id).exists()))

    person_leaving.connect(listen)
    try:
        erasing.ask(cast.eve.user)
        erasing.erase(cast.eve.user_id)
    finally:
        person_leaving.disconnect(listen)
    assert told == [(cast.eve.user_id, cast.eve.pk, True)]


def test_files_written_while_somebody_left_are_swept(cast: Cast):
    for athlete_id in (cast.ada.pk, 999_999):
        originals.receive(io.BytesIO(GPX), athlete_id=athlete_id, limit_bytes=10**6)
    assert originals.drop_orphans() == 1
    assert [name.split("/")[1] for name in files()] == [str(cast.ada.pk)]
