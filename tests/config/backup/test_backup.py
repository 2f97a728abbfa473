"""Out as one file and into an empty installation: every row and every byte the same, or nothing at all."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from pydantic import SecretStr

from activities import ingest, streams
from activities.models import ImportBatch, ImportFile, Recording
from activities.strava.models import StravaAccount, StravaApplication
from activities.strava.sealing import Sealed
from config.backup import database, making, restoring
from config.backup.archive import Damaged
from config.environment import PROJECT
from performance.models import Race
from tests.activities.files import tcx
from tests.config.test_celery import database_url
from tests.factories import grant, make_activity, make_race, make_streams

pytestmark = pytest.mark.django_db(transaction=True)
KEY = Fernet.generate_key().decode()


@dataclass
class Place:
    """An installation elsewhere: a database of its own and a folder for its files."""

    url: str
    media: Path
    key: str = KEY

    def manage(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, "DATABASE_URL": self.url, "MEDIA_ROOT": str(self.media), "FIELD_KEYS": self.key}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=env,
            input=stdin,
            capture_output=True,
            check=False,
        )

    def rows(self) -> dict[str, list[str]]:
        """Every table's rows as text, sorted."""
        found = {}
        with psycopg.connect(self.url.replace("postgres://", "postgresql://")) as server:
            names = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            for (table,) in server.execute(names).fetchall():
                found[table] = sorted(row for (row,) in server.execute(f'select t::text from "{table}" t').fetchall())
        return found

    def files(self) -> dict[str, str]:
        every = (path for path in self.media.rglob("*") if path.is_file())
        return {str(path.relative_to(self.media)): hashlib.sha256(path.read_bytes()).hexdigest() for path in every}


@pytest.fixture
def here(settings) -> Place:
    settings.FIELD_KEYS = [KEY]
    return Place(database_url(), Path(settings.STORAGES["default"]["OPTIONS"]["location"]))


def empty_place(server_url: str, folder: Path) -> Iterator[Place]:
    name = f"restored_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url.replace("postgres://", "postgresql://"), autocommit=True) as server:
        server.execute(f'create database "{name}"')
        yield Place(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")), folder / "media-there")
        server.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def there(tmp_path: Path, here: Place) -> Iterator[Place]:
    yield from empty_place(here.url, tmp_path)


@pytest.fixture
def lived_in(here: Place, cast) -> Place:
    """An installation with something of everything: a read file, a waiting one, samples, a race decided, odd words, a seal."""
    batch = ImportBatch.objects.create(
        athlete=cast.ada, kind="upload", about={"words": 'a\ttab, a \\, "quotes" and ü\n'}
    )
    ingest.receive(batch, name="run.tcx", source=io.BytesIO(tcx()), position=0)
    ingest.work_off_all(batch)
    ingest.receive(batch, name="waits.tcx", source=io.BytesIO(tcx(step_s=0.5)), position=1)
    run = make_activity(athlete=cast.ada, name="Line\nbreak \\N and \\. too", analysed=True, n_laps=3)
    streams.replace(run.recordings.get(), make_streams())
    make_race(athlete=cast.ada, activity=run, decided_by=cast.ada.user)
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    application = StravaApplication.objects.create()
    token = Sealed.of(SecretStr("token"))
    StravaAccount.objects.create(
        athlete=cast.ada,
        application=application,
        strava_athlete_id=7,
        access_token=token,
        refresh_token=token,
        expires_at=timezone.now(),
    )
    # a number that was given
    Race.objects.create(athlete=cast.eve, local_date="2026-01-01", state="confirmed").delete()
    return here


def test_an_empty_database_gets_every_row_and_every_byte(lived_in: Place, there: Place, tmp_path: Path) -> None:
    file = tmp_path / "agegrade.tar"
    made = lived_in.manage("backup", str(file))
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    checked = there.manage("verify", str(file))
    assert checked.returncode == 0 and b"is whole" in checked.stdout, checked.stderr

    restored = there.manage("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    before, after = lived_in.rows(), there.rows()
    assert set(before) == set(after)
    applied = "django_migrations"  # when each was applied is each database's own
    assert len(before.pop(applied)) == len(after.pop(applied))
    for table, rows in before.items():
        assert after[table] == rows, table
    assert sum(map(len, before.values())) > 100
    assert there.files() == lived_in.files() != {}

    with psycopg.connect(there.url.replace("postgres://", "postgresql://")) as server:
        highest = server.execute("select last_value from performance_race_id_seq").fetchone()[0]
    assert highest > max(Race.objects.values_list("pk", flat=True)), "a number that was given is not given again"
    looked = there.manage("verify")
    assert looked.returncode == 0 and b"Everything belongs together." in looked.stdout, looked.stdout + looked.stderr

    again = there.manage("restore", str(file))
    assert again.returncode == 1 and b"The database is not empty" in again.stderr
    assert there.rows()["performance_race"] == after["performance_race"]


def test_through_pipes_and_without_a_key_in_it(lived_in: Place, there: Place) -> None:
    made = lived_in.manage("backup", "-")
    assert made.returncode == 0, made.stderr
    assert KEY.encode() not in made.stdout
    assert b"fingerprints are: " in made.stderr
    there.key = Fernet.generate_key().decode()
    refused = there.manage("restore", "-", stdin=made.stdout)
    assert refused.returncode == 1 and b"FIELD_KEYS lacks the key" in refused.stderr
    assert there.rows() == {}
    assert there.manage("restore", "-", "--without-keys", stdin=made.stdout).returncode == 0
    looked = there.manage("verify")
    assert looked.returncode == 1
    assert b"none of FIELD_KEYS opens its refresh_token" in looked.stdout


@pytest.mark.timescale
def test_a_backup_of_plain_tables_becomes_hypertables_and_back(lived_in: Place, there: Place, tmp_path: Path) -> None:
    if not os.environ.get("TIMESCALE_URL"):
        pytest.skip("TIMESCALE_URL names no PostgreSQL with TimescaleDB")
    for beyond in empty_place(os.environ["TIMESCALE_URL"], tmp_path / "timescale"):
        first = lived_in.manage("backup", "-")
        into = beyond.manage("restore", "-", stdin=first.stdout)
        assert into.returncode == 0, into.stderr
        with psycopg.connect(beyond.url.replace("postgres://", "postgresql://")) as server:
            chunks = server.execute("select count(*) from timescaledb_information.chunks").fetchone()[0]
        assert chunks >= 1
        second = beyond.manage("backup", "-")
        back = there.manage("restore", "-", stdin=second.stdout)
        assert back.returncode == 0, back.stderr
        samples = "activities_sampleblock"
        assert there.rows()[samples] == lived_in.rows()[samples] != []


def damaged_members(content: bytes, change) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as read, tarfile.open(fileobj=out, mode="w") as write:
        for about in read:
            kept = change(about, read.extractfile(about).read())
            if kept is not None:
                about.size = len(kept)
                write.addfile(about, io.BytesIO(kept))
    return out.getvalue()


def without_a_file(about: tarfile.TarInfo, content: bytes) -> bytes | None:
    return None if about.name.startswith("media/originals/") else content


def with_another_byte(about: tarfile.TarInfo, content: bytes) -> bytes:
    return content[:-1] + b"!" if about.name.startswith("media/originals/") else content


def with_a_row_that_breaks_a_rule(about: tarfile.TarInfo, content: bytes) -> bytes:
    if about.name != "database/performance_race/000000.copy.gz":
        return content
    return database.packed(zlib.decompress(content, wbits=31).replace(b"10000", b"-10000"))


DAMAGES = {
    "cut off": (lambda content: content[: len(content) * 2 // 3], "was cut off"),
    "cut off at the end": (
        lambda content: content[: content.rindex(b"checksums.json") + 600],
        "checksums.json cannot be read",
    ),
    "a file missing": (lambda content: damaged_members(content, without_a_file), "is missing from the backup"),
    "a byte changed": (lambda content: damaged_members(content, with_another_byte), "its checksum differs"),
    "something else": (lambda content: b"not a tar at all" * 1000, "no backup of Agegrade"),
    "against a rule": (
        lambda content: damaged_members(content, with_a_row_that_breaks_a_rule),
        'violates check constraint "race_distance_positive"',
    ),
}


def test_what_is_damaged_restores_nothing(lived_in: Place, there: Place) -> None:
    whole = lived_in.manage("backup", "-").stdout
    for name, (damage, said) in DAMAGES.items():
        broken = damage(whole)
        refused = there.manage("restore", "-", stdin=broken)
        assert refused.returncode == 1
        assert said in refused.stderr.decode() and b"Traceback" not in refused.stderr, (name, refused.stderr)
        left = {table for table, rows in there.rows().items() if rows}
        assert left <= {"django_migrations", *database.FILLED_BY_MIGRATE}, name
        assert there.files() == {}, name
        with pytest.raises(Damaged):
            restoring.check(io.BytesIO(broken), lambda words: None)
    assert there.manage("restore", "-", stdin=whole).returncode == 0, "and then it can be done"


def test_a_backup_is_of_one_moment_and_replaces_nothing(lived_in: Place, tmp_path: Path) -> None:
    """What is written while the backup runs is not in it: the snapshot is older than the first row read."""
    out, began = io.BytesIO(), []

    def meanwhile(words: str) -> None:
        if not began:
            began.append(words)
            with psycopg.connect(lived_in.url.replace("postgres://", "postgresql://")) as server:
                server.execute("update performance_race set said_name = 'Typed meanwhile'")

    making.make(out, meanwhile)
    assert began and Race.objects.filter(said_name="Typed meanwhile").exists()
    out.seek(0)
    with tarfile.open(fileobj=out) as read:
        rows = zlib.decompress(read.extractfile("database/performance_race/000000.copy.gz").read(), wbits=31)
        head = json.load(read.extractfile("agegrade.json"))
    assert b"Typed meanwhile" not in rows
    assert head["format"] == 1 and len(head["field_keys"]) == 1
    there_already = tmp_path / "there.tar"
    there_already.write_bytes(b"precious")
    refused = lived_in.manage("backup", str(there_already))
    assert refused.returncode == 1 and there_already.read_bytes() == b"precious"


def test_verify_finds_what_does_not_belong_together(lived_in: Place) -> None:
    recording = Recording.objects.exclude(original="").get()
    whole = lived_in.manage("verify")
    assert whole.returncode == 0, whole.stdout

    (lived_in.media / recording.original).write_bytes(b"\x1f\x8b not this")
    waiting = ImportFile.objects.get(outcome="waiting").stored_as
    default_storage.delete(waiting)
    default_storage.save("originals/stray.gz", ContentFile(b"x"))
    with connection.cursor() as cursor:
        cursor.execute("alter table performance_racedecision disable trigger race_decision_only_appended")
        cursor.execute("alter table performance_race drop constraint race_distance_positive")
        cursor.execute(
            "alter table performance_race add constraint race_distance_positive check (distance_m > 0) not valid"
        )
        cursor.execute("alter table athletes_athlete drop constraint athlete_units_known")
    try:
        said = lived_in.manage("verify").stdout.decode()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table performance_racedecision enable trigger race_decision_only_appended")
            cursor.execute("alter table performance_race validate constraint race_distance_positive")
            cursor.execute(
                "alter table athletes_athlete add constraint athlete_units_known check (units in ('km', 'mi'))"
            )
    for words in (
        f"broken: {recording.original} is damaged",
        f"broken: {waiting}, which file",
        "odd: originals/stray.gz is in storage",
        "race_decision_only_appended is a trigger that is switched off",
        "performance_race: race_distance_positive is not validated",
        "the constraint athlete_units_known is missing",
    ):
        assert words in said, said
    (lived_in.media / recording.original).unlink()
    assert f"broken: {recording.original} is missing" in lived_in.manage("verify").stdout.decode()


def test_a_large_table_goes_in_pieces(monkeypatch, here: Place, there: Place, cast) -> None:
    """The same figures with pieces so small that every table has several."""
    for _ in range(30):
        make_activity(athlete=cast.ada)
    monkeypatch.setattr(database, "PIECE_BYTES", 600)
    out = io.BytesIO()
    making.make(out, lambda words: None)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as read:
        names = read.getnames()
    assert "database/activities_activity/000009.copy.gz" in names
    assert there.manage("restore", "-", stdin=out.getvalue()).returncode == 0
    assert there.rows()["activities_activity"] == here.rows()["activities_activity"]
    assert settings.FIELD_KEYS == [KEY]
