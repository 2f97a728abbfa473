"""An export of an account (account_export.py) comes back into an empty one: the same history, with all that was said.

All or nothing, in one transaction; what a file on the way says is checked before anything is stored, and names inside the
archive are looked up and never used as paths. Keys are made anew. Originals are read again, so the samples are what the
file holds; results are not taken over but derived again. Grants to coaches are told of in the export and not restored:
whoever was trusted there has to be named here.
"""

import csv
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal, TypeVar

import numpy as np
import structlog
from django.core.exceptions import ValidationError as FieldError
from django.db import DatabaseError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, Field, JsonValue, StringConstraints, ValidationError

from activities import importers, originals, streams
from activities.importers import Unreadable
from activities.models import Activity, ImportBatch, ImportFile, KeptCorrection, Lap, Pairing, Recording
from activities.recorded import COLUMN_TYPES, Streams
from activities.signals import recording_stored
from athletes.models import Athlete
from performance import analysis
from performance.account_export import FORMAT, NOT_OF_A_RECORDING, RACE_SAID, VERSION
from performance.models import Race, RaceDecision, RaceRecording

log = structlog.get_logger("agegrade.account")

#: an export is bounded as any other file from outside
MOST_MEMBERS: Final = 2_000_000
MOST_BYTES: Final = 200 * 2**30
LONGEST_LINE: Final = 16 * 2**20
MOST_JSON: Final = 2**20
_CHUNK: Final = 1024 * 1024
_ORIGINAL = re.compile(r"originals/[0-9a-f]{64}\.gz")
_STREAMS = re.compile(r"streams/[0-9]{1,18}\.csv")

Ref = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]
Values = dict[str, JsonValue]


class NotAnExport(Exception):
    """In words: why this file is not an export that can be read here, or was refused."""


class _Manifest(BaseModel):
    format: Literal["agegrade-account"]
    version: int = Field(ge=1)
    of: str = ""


class _Profile(BaseModel):
    athlete: Values
    pairings: list[Values] | None = None
    kept_corrections: list[Values] | None = None


class _RecordingLine(BaseModel):
    ref: Ref
    fields: Values
    laps: list[Values] = []
    original: str | None = None
    streams: str | None = None


class _ActivityLine(BaseModel):
    ref: Ref
    fields: Values
    recordings: list[_RecordingLine] = Field(min_length=1)


class _Part(BaseModel):
    recording: Ref
    start_s: float | None = None
    end_s: float | None = None
    role: Literal["race", "warm_up", "cool_down"]


class _Decision(BaseModel):
    what: Literal["confirmed", "rejected", "marked", "undone"]
    at: str
    why: str = ""
    by: str | None = None


class _RaceLine(BaseModel):
    ref: Ref
    said: Values
    activity: Ref | None = None
    not_in: list[Ref] = []
    parts: list[_Part] = []
    decisions: list[_Decision] = []


Line = TypeVar("Line", _ActivityLine, _RaceLine)


def read_export(path: Path, athlete: Athlete) -> ImportBatch:
    """Store what an export holds for an athlete who has nothing yet; gives the import, whose races are asked for.

    Raises NotAnExport, and then nothing was stored.
    """
    if Recording.objects.filter(athlete=athlete).exists() or Race.objects.of(athlete).exists():
        raise NotAnExport(_("This account has runs or races already. An export comes back into an empty account."))
    try:
        with zipfile.ZipFile(path) as archive, transaction.atomic():
            batch = _Reader(archive, athlete, of=_check(archive).of).read()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, EOFError):
            raise
        raise NotAnExport(_("This is not a whole zip file.")) from error
    except (ValidationError, FieldError) as error:
        raise NotAnExport(_("Something in it is not as an export has it: %s") % _first(error)) from error
    except DatabaseError as error:
        raise NotAnExport(_("Its values contradict each other, so nothing of it was stored.")) from error
    log.info("account imported", athlete_id=athlete.pk, batch_id=batch.pk)
    return batch


def _check(archive: zipfile.ZipFile) -> _Manifest:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_BYTES:
        raise NotAnExport(_("It is larger than any export."))
    if len({member.filename for member in members}) != len(members):
        raise NotAnExport(_("It holds two files of one name."))
    if any(member.flag_bits & 1 for member in members):
        raise NotAnExport(_("It is encrypted."))
    try:
        manifest = _Manifest.model_validate_json(_small(archive, "manifest.json"))
    except KeyError:
        raise NotAnExport(_("It is no export of Agegrade: it has no manifest.")) from None
    if manifest.version > VERSION:
        raise NotAnExport(_("It was made by a newer Agegrade. Upgrade this one first."))
    for needed in ("activities.jsonl", "races.jsonl", "profile.json"):
        if needed not in archive.namelist():
            raise NotAnExport(_("It is not complete: %s is missing.") % needed)
    return manifest


class _Reader:
    """of: the e-mail of whose export it is: what that person decided is this athlete's decision."""

    def __init__(self, archive: zipfile.ZipFile, athlete: Athlete, *, of: str) -> None:
        self.archive = archive
        self.athlete = athlete
        self.of = of
        self.activities: dict[str, Activity] = {}
        self.recordings: dict[str, Recording] = {}

    def read(self) -> ImportBatch:
        self.batch = ImportBatch.objects.create(
            athlete=self.athlete, kind=ImportBatch.Kind.ARCHIVE, about={"format": FORMAT, "version": VERSION}
        )
        self.file = ImportFile.objects.create(
            batch=self.batch,
            name="export.zip",
            position=0,
            outcome=ImportFile.Outcome.NEW,
            done_at=timezone.now(),
        )
        self._profile()
        for line in _lines(self.archive, "activities.jsonl", _ActivityLine):
            self._activity(line)
        for race in _lines(self.archive, "races.jsonl", _RaceLine):
            self._race(race)
        analysis.want_races(self.athlete.pk)
        return self.batch

    def _profile(self) -> None:
        """What the athlete said of themselves, where this account says nothing yet."""
        try:
            told = _Profile.model_validate_json(_small(self.archive, "profile.json"))
        except ValidationError as error:
            raise NotAnExport(_("Its profile.json is not as an export has it: %s") % _first(error)) from error
        fields = told.athlete
        leave = {"is_demo", "created_at", "changed_at"}
        known = {name for name in ("born", "table", "zone") if getattr(self.athlete, name) not in (None, "")}
        _fill(self.athlete, {name: value for name, value in fields.items() if name not in leave | known})
        self.athlete.changed_at = timezone.now()
        self.athlete.clean_fields(exclude={"user"})
        self.athlete.save()
        for pairing in told.pairings or []:
            _fill(Pairing(athlete=self.athlete, by=self.athlete.user), pairing).save()
        for kept in told.kept_corrections or []:
            correction = _fill(KeptCorrection(athlete=self.athlete), kept)
            _only_correctable(correction.values)
            correction.save()

    def _activity(self, line: _ActivityLine) -> None:
        activity = _fill(Activity(athlete=self.athlete), line.fields)
        _only_correctable(activity.corrected)
        activity.changed_at = timezone.now()
        activity.save()
        self.activities[line.ref] = activity
        for told in line.recordings:
            recording = _fill(
                Recording(athlete=self.athlete, activity=activity, import_file=self.file),
                {name: value for name, value in told.fields.items() if name not in NOT_OF_A_RECORDING},
            )
            samples = self._samples(told, recording)
            recording.save()
            streams.replace(recording, samples)
            Lap.objects.bulk_create(_fill(Lap(recording=recording), lap) for lap in told.laps)
            self.recordings[told.ref] = recording
        recording_stored.send(sender=Recording, activity_id=activity.pk, athlete_id=self.athlete.pk)

    def _samples(self, told: _RecordingLine, recording: Recording) -> Streams:
        """Read the original again, or the table of samples that stands for it; keeps the original."""
        if told.original is not None:
            if not _ORIGINAL.fullmatch(told.original) or told.original[10:74] != recording.content_hash:
                raise NotAnExport(_("An original has another name than its content."))
            with self._on_disk(told.original) as path:
                try:
                    read = importers.read_file(path, name=recording.original_name or "original")
                    recording.original = originals.keep(path, athlete_id=self.athlete.pk, sha256=read.sha256)
                except (Unreadable, originals.NotTheContent) as error:
                    raise NotAnExport(_("An original cannot be read: %s") % error) from error
                if read.sha256 != recording.content_hash:
                    raise NotAnExport(_("An original has another content than its name says."))
            if recording.session_no >= len(read.activities):
                raise NotAnExport(_("An original holds fewer runs than the export says."))
            return read.activities[recording.session_no].streams
        if told.streams is None:
            return Streams.empty()
        if not _STREAMS.fullmatch(told.streams):
            raise NotAnExport(_("A table of samples has a name that no export has."))
        return self._table(told.streams)

    def _on_disk(self, name: str) -> Any:
        local = tempfile.NamedTemporaryFile(prefix="agegrade-", suffix=".gz")  # noqa: SIM115 - closed by the caller's with
        written = 0
        with self._open(name) as member:
            while chunk := member.read(_CHUNK):
                written += len(chunk)
                if written > importers.MAX_FILE_BYTES:
                    local.close()
                    raise NotAnExport(_("An original is larger than any that is read here."))
                local.write(chunk)
        local.flush()
        return _Path(local)

    def _open(self, name: str) -> Any:
        try:
            return self.archive.open(name)
        except KeyError:
            raise NotAnExport(_("It is not complete: %s is missing.") % name) from None

    def _table(self, name: str) -> Streams:
        with self._open(name) as member:
            rows = csv.reader(_text_lines(member, importers.MAX_UNCOMPRESSED_BYTES))
            names = next(rows, [])
            if "time_s" not in names or not set(names) <= set(COLUMN_TYPES):
                raise NotAnExport(_("A table of samples has columns that no export has."))
            try:
                cells = [[float(cell) if cell else np.nan for cell in row] for row in rows]
                table = np.array(cells, dtype=np.float64).reshape(-1, len(names))
                columns: dict[str, Any] = {
                    one: table[:, place].astype(COLUMN_TYPES[one]) for place, one in enumerate(names)
                }
                return Streams(**columns)
            except (ValueError, TypeError) as error:
                raise NotAnExport(_("A table of samples cannot be read.")) from error

    def _race(self, line: _RaceLine) -> None:
        race = _fill(
            Race(athlete=self.athlete, state=Race.State.TO_DECIDE),
            {name: value for name, value in line.said.items() if name in RACE_SAID},
        )
        race.found_in = self._known(self.activities, line.activity) if line.activity else None
        race.not_in = [self.activities[ref].pk for ref in line.not_in if ref in self.activities]
        race.save()
        for part in line.parts:
            RaceRecording.objects.create(
                race=race,
                recording=self._known(self.recordings, part.recording),
                said=True,
                **part.model_dump(exclude={"recording"}),
            )
        for told in line.decisions:
            decision = _fill(RaceDecision(race=race), told.model_dump(include={"what", "at", "why"}))
            decision.by = self.athlete.user if told.by in {self.of, self.athlete.user.email} else None
            decision.save()

    @staticmethod
    def _known(known: dict[str, Any], ref: str) -> Any:
        if ref not in known:
            raise NotAnExport(_("A race names a run that is not in the export."))
        return known[ref]


def _only_correctable(names: Any) -> None:
    """What is corrected is set by its name later on, so a name that is no merged column could be a row's key or owner."""
    if not isinstance(names, dict | list) or not set(names) <= set(Activity.MERGED):
        raise NotAnExport(_("It corrects something that cannot be corrected."))


class _Path:
    """A temporary file as a path that is gone at the end."""

    def __init__(self, local: Any) -> None:
        self.local = local

    def __enter__(self) -> Path:
        return Path(self.local.name)

    def __exit__(self, *exception: object) -> None:
        self.local.close()


def _text_lines(member: IO[bytes], limit: int) -> Iterator[str]:
    """The lines of a member, no more of them than a file may hold, whatever the archive says of its size."""
    left = limit
    while line := member.readline(_CHUNK):
        left -= len(line)
        if left < 0:
            raise NotAnExport(_("A file in it is larger than any that is read here."))
        yield line.decode("utf-8", "replace")


def _lines(archive: zipfile.ZipFile, name: str, shape: type[Line]) -> Iterator[Line]:
    with archive.open(name) as member:
        while line := member.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise NotAnExport(_("A line in it is longer than any of an export."))
            yield shape.model_validate_json(line)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        text = member.read(MOST_JSON + 1)
    if len(text) > MOST_JSON:
        raise NotAnExport(_("%s is longer than any of an export.") % name)
    return text


Row = TypeVar("Row", bound=models.Model)


def _fill(row: Row, values: dict[str, Any]) -> Row:
    """Set a row's own columns by name, each checked by its field; keys and unknown names are passed over.

    Raises django's ValidationError. What concerns several columns is the database's to check.
    """
    for field in row._meta.concrete_fields:
        if field.primary_key or field.is_relation or field.name not in values:
            continue
        value = values[field.name]
        if value is None and not field.null:
            continue
        if isinstance(value, str):
            value = value.replace("\x00", "").encode("utf-8", "replace").decode()
        setattr(row, field.attname, field.clean(value, row) if value not in (None, "") else value)
    return row


def _first(error: ValidationError | FieldError) -> str:
    if isinstance(error, FieldError):
        return "; ".join(error.messages)[:200]
    wrong = error.errors()[0]
    return f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"[:200]
