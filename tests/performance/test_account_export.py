"""An export holds everything a person has and said, and an empty account that reads it has the same history."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities import streams
from activities.models import Activity, ImportBatch, KeptCorrection, Lap, Pairing, Recording
from athletes.models import Athlete
from performance import account_exports, analysis, decisions
from performance.account_export import write_export
from performance.account_import import NotAnExport, read_export
from performance.decisions import Said
from performance.models import AccountExport, BestEffort, Race
from tests.activities.files import gpx, imported, tcx
from tests.factories import grant, make_activity, make_athlete, make_race, make_streams

pytestmark = pytest.mark.django_db


def exported(athlete: Athlete) -> bytes:
    out = io.BytesIO()
    write_export(athlete, out)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def brought_back(data: bytes, athlete: Athlete, tmp_path: Path) -> ImportBatch:
    path = tmp_path / f"{athlete.pk}.zip"
    path.write_bytes(data)
    return read_export(path, athlete)


def settled(athlete: Athlete) -> None:
    for activity_id in analysis.stale_activities().filter(athlete=athlete).values_list("pk", flat=True):
        analysis.analyse(activity_id)
    analysis.find_races(athlete.pk)


def history(athlete: Athlete) -> dict[str, Any]:
    """An athlete's whole history without keys and without the moments at which rows were written."""
    files = members(exported(athlete))
    activities, races = lines(files["activities.jsonl"]), lines(files["races.jsonl"])
    place_of = {line["ref"]: place for place, line in enumerate(activities)}
    recording_of = {
        one["ref"]: place for place, one in enumerate(one for line in activities for one in line["recordings"])
    }
    moments = {"changed_at", "derived_at"}
    for line in [*activities, *races]:
        for fields in (line.get("fields", {}), line.get("derived", {})):
            for name in moments:
                fields.pop(name, None)
    for line in activities:
        line["ref"] = place_of[line["ref"]]
        for one in line["recordings"]:
            one["ref"] = recording_of[one["ref"]]
            one["streams"] = files[one["streams"]].decode() if one["streams"] else None
    for line in races:
        del line["ref"]
        line["activity"] = place_of.get(line["activity"] or "")
        line["not_in"] = sorted(place_of[ref] for ref in line["not_in"])
        line["parts"] = sorted(
            (recording_of[part["recording"]], part["role"], part["start_s"]) for part in line["parts"]
        )
        for decision in line["decisions"]:
            decision["by"] = bool(decision["by"])
    races.sort(key=lambda line: (line["said"]["local_date"], line["said"]["said_name"], str(line["activity"])))
    kept = {name: content for name, content in files.items() if name.startswith("originals/")}
    efforts = list(
        BestEffort.objects.filter(activity__athlete=athlete)
        .order_by("activity__started_at", "distance_m")
        .values_list("distance_m", "time_s", "start_s")
    )
    pairings = [(one.one, one.other, one.together) for one in athlete.pairings.order_by("one", "other")]
    remembered = list(athlete.kept_corrections.order_by("key").values_list("key", "values"))
    return {
        "activities": activities,
        "races": races,
        "originals": kept,
        "efforts": efforts,
        "pairings": pairings,
        "remembered": remembered,
    }


def a_life(athlete: Athlete) -> None:
    """Files with laps, a recording without an original, a typed race, a race in two runs, decisions and an undo."""
    imported(athlete, tcx(name="Fen 5"), gpx(), names=["fen5.tcx", "river.gpx"])
    KeptCorrection.objects.create(athlete=athlete, key="0" * 64 + ":0", values={"name": "Taken away"})
    start = datetime(2026, 10, 18, 9, tzinfo=UTC)
    samples = make_streams(distance_m=10_050, time_s=2752)
    run = make_activity(
        athlete=athlete, source=Recording.Source.STRAVA, started_at=start, distance_m=10_050, time_s=2752, n_laps=3,
        name="Ely 10K \N{RUNNER}",
    )  # fmt: skip
    streams.replace(run.recordings.get(), samples)
    Recording.objects.filter(activity=run).update(n_samples=len(samples))
    jog = make_activity(
        athlete=athlete,
        source=Recording.Source.STRAVA,
        started_at=start - timedelta(hours=1),
        distance_m=2000,
        time_s=700,
    )
    by = athlete.user
    race = decisions.mark(run, by=by)
    decisions.correct(
        race.pk, said=Said(name="Ely 10K", chip_time_s=2742.0, notes="=1+1, windy", bib="A17"), local_date=None, by=by,
        confirm=True,
    )  # fmt: skip
    decisions.link(race.pk, jog, role="warm_up", by=by)
    decisions.decide(race.pk, what="rejected", by=by)
    decisions.decide(race.pk, what="undone", by=by)
    one, other = sorted(recording.key for recording in Recording.objects.filter(activity__in=[run, jog]))
    Pairing.objects.create(athlete=athlete, one=one, other=other, together=False, by=by)
    told = Said(
        name="Old Half", distance_m=21_097.5, surface="road", gun_time_s=5400.0, place_overall=3, field_overall=99
    )
    decisions.add(athlete, local_date=date(1999, 5, 2), said=told, by=by)
    settled(athlete)


def test_everything_is_in_it_under_names_that_are_documented(ada):
    a_life(ada)
    grant(athlete=ada, coach=make_athlete(email="coach@example.invalid").user, level=2)
    files = members(exported(ada))
    manifest = json.loads(files["manifest.json"])
    assert (manifest["format"], manifest["version"], manifest["of"]) == ("agegrade-account", 1, ada.user.email)
    assert manifest["counts"] == {"activities": 3, "recordings": 4, "races": Race.objects.count(), "originals": 2}
    kept = {name for name in files if name.startswith("originals/")}
    assert len(kept) == 2
    for recording in Recording.objects.exclude(original=""):
        assert files[f"originals/{recording.content_hash}.gz"] == default_storage.open(recording.original).read()
    profile = json.loads(files["profile.json"])
    assert profile["athlete"]["born"] == "1968-05-17"
    assert profile["coaches"][0]["coach"] == "coach@example.invalid"
    table = list(csv.DictReader(io.StringIO(files["races.csv"].decode())))
    assert {"Ely 10K", "Old Half"} <= {row["name"] for row in table}
    schema = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    for name in (
        "manifest.json",
        "profile.json",
        "activities.jsonl",
        "races.jsonl",
        "races.csv",
        "originals/",
        "streams/",
    ):
        assert name in schema


def test_an_empty_account_that_reads_it_has_the_same_history(ada, tmp_path):
    a_life(ada)
    other = make_athlete(email="again@example.invalid", born=None, table="")
    batch = brought_back(exported(ada), other, tmp_path)
    settled(other)
    assert history(other) == history(ada)
    other.refresh_from_db()
    assert (other.born, other.table, other.zone) == (ada.born, ada.table, ada.zone)
    assert Race.objects.of(other).get(name="Ely 10K").decisions.last().by == other.user
    assert {one.batch for one in batch.files.all()} == {batch}
    kept = Recording.objects.filter(athlete=other).exclude(original="")
    assert all(one.original.startswith(f"originals/{other.pk}/") for one in kept)


runs = st.lists(
    st.tuples(
        st.integers(0, 400),  # day
        st.integers(900, 45_000),  # metres
        st.floats(0.2, 0.45),  # seconds a metre
        st.sampled_from(["file", "strava", "summary"]),
        st.text(max_size=12).filter(lambda text: "\x00" not in text),
        st.sampled_from(["", "mark", "confirm", "reject"]),
    ),
    max_size=5,
    unique_by=lambda run: run[0],
)
typed = st.lists(
    st.tuples(st.integers(0, 400), st.floats(100, 1e5), st.floats(10, 1e5)), max_size=3, unique_by=lambda one: one[0]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=runs, typed=typed)
def test_whatever_the_history_it_comes_back_the_same(db, tmp_path, runs, typed):
    with transaction.atomic():
        one, other = make_athlete(email="one@example.invalid"), make_athlete(email="other@example.invalid")
        for day, metres, s_per_m, source, name, said in runs:
            started = datetime(2024, 1, 1, 8, tzinfo=UTC) + timedelta(days=day)
            time_s = round(metres * s_per_m)
            if source == "file":
                (file,) = imported(one, tcx(started_at=started, step_s=30.0, distance_m=metres, time_s=time_s))
                run = Activity.objects.get(recordings__import_file=file)
            else:
                run = make_activity(
                    athlete=one,
                    source=Recording.Source.STRAVA,
                    started_at=started,
                    distance_m=metres,
                    time_s=time_s,
                    name=name,
                )
                if source == "strava":
                    samples = make_streams(distance_m=metres, time_s=time_s, step_s=30.0)
                    streams.replace(run.recordings.get(), samples)
                    Recording.objects.filter(activity=run).update(n_samples=len(samples))
            if said:
                race = decisions.mark(run, by=one.user)
                if said != "mark":
                    decisions.decide(race.pk, what=f"{said}ed", by=one.user)
        for day, metres, time_s in typed:
            told = Said(name=f"Typed {day}", distance_m=metres, surface="road", chip_time_s=time_s)
            decisions.add(one, local_date=date(2024, 1, 1) + timedelta(days=day), said=told, by=one.user)
        settled(one)
        brought_back(exported(one), other, tmp_path)
        settled(other)
        assert history(other) == history(one)
        transaction.set_rollback(True)


# -- what is no export --------------------------------------------------------------------------------------------------


def changed(data: bytes, **replaced: bytes | None) -> bytes:
    """The export with members replaced (`activities__jsonl` for activities.jsonl) or, by None, left out."""
    given = {name.replace("__", "."): content for name, content in replaced.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {**members(data), **given}.items():
            if content is not None:
                archive.writestr(name, content)
    return out.getvalue()


def line_of(data: bytes, member: str, **fields: Any) -> bytes:
    line = lines(members(data)[member])[0]
    for path, value in fields.items():
        *way, last = path.split("__")
        spot: Any = line
        for step in way:
            spot = spot[int(step)] if step.isdecimal() else spot[step]
        spot[last] = value
    return json.dumps(line).encode() + b"\n"


def test_what_is_not_an_export_is_refused_in_words_and_nothing_of_it_stays(ada, tmp_path):
    imported(ada, tcx())
    data = exported(ada)
    other = make_athlete(email="again@example.invalid")
    hash_ = Recording.objects.get().content_hash
    hostile: dict[str, bytes] = {
        "not a whole zip": b"PK\x03\x04 and no more",
        "no manifest": changed(data, manifest__json=None),
        "format": changed(data, manifest__json=b'{"format": "other", "version": 1}'),
        "newer Agegrade": changed(data, manifest__json=b'{"format": "agegrade-account", "version": 99}'),
        "races.jsonl is missing": changed(data, races__jsonl=None),
        "recordings": changed(data, activities__jsonl=line_of(data, "activities.jsonl", recordings=[])),
        "invalid format": changed(
            data, activities__jsonl=line_of(data, "activities.jsonl", fields__started_at="yesterday")
        ),
        "contradict": changed(data, activities__jsonl=line_of(data, "activities.jsonl", fields__distance_m=-5)),
        "another name than": changed(
            data, activities__jsonl=line_of(data, "activities.jsonl", recordings__0__original="../../etc/passwd")
        ),
        "is missing": changed(data, **{f"originals/{hash_}__gz": None}),
        "another content": changed(data, **{f"originals/{hash_}__gz": gpx()}),
        "cannot be read": changed(data, **{f"originals/{hash_}__gz": b"no run at all"}),
        "names a run that is not": changed(
            data, races__jsonl=b'{"ref": "1", "said": {"local_date": "2024-01-01"}, "activity": "77"}\n'
        ),
    }
    for words, content in hostile.items():
        with pytest.raises(NotAnExport, match=words):
            brought_back(content, other, tmp_path)
        assert not Activity.objects.of(other).exists()
        assert not Race.objects.of(other).exists()
        assert not ImportBatch.objects.filter(athlete=other).exists()


@pytest.mark.parametrize(
    "profile",
    [
        b"{",
        b"",
        b"[]",
        b"\xff\xfe{}",
        b'{"athlete": 7}',
        b'{"athlete": {}, "pairings": {"one": 1}}',
        b'{"athlete": {}, "kept_corrections": ["x"]}',
    ],
)
def test_a_profile_that_is_none_is_one_clear_sentence_on_the_command_line(ada, tmp_path, profile):
    imported(ada, tcx())
    path = tmp_path / "export.zip"
    path.write_bytes(changed(exported(ada), profile__json=profile))
    make_athlete(email="again@example.invalid")
    with pytest.raises(CommandError, match=r"export.zip: Its profile.json is not as an export has it: [^\n]+$"):
        call_command("import_account", str(path), "--athlete", "again@example.invalid")
    assert not ImportBatch.objects.filter(athlete__user__email="again@example.invalid").exists()


def test_keys_and_paths_of_another_installation_mean_nothing_here(ada, cast, tmp_path):
    imported(ada, tcx())
    data = exported(ada)
    stolen = line_of(
        data, "activities.jsonl", fields__athlete_id=cast.eve.pk, fields__id=1,
        recordings__0__fields__original="originals/1/secret.gz", recordings__0__fields__athlete=cast.eve.pk,
    )  # fmt: skip
    other = make_athlete(email="again@example.invalid")
    brought_back(changed(data, activities__jsonl=stolen), other, tmp_path)
    recording = Recording.objects.get(athlete=other)
    assert recording.activity.athlete == other
    assert recording.original.startswith(f"originals/{other.pk}/")
    assert not Activity.objects.of(cast.eve).exists()


def test_a_correction_sets_no_owner_and_no_key(ada, cast, tmp_path):
    imported(ada, tcx())
    data, other = exported(ada), make_athlete(email="again@example.invalid")
    profile = json.loads(members(data)["profile.json"])
    kept = {"key": Recording.objects.get().key, "values": {"athlete_id": cast.eve.pk}}
    hostile = (
        changed(data, profile__json=json.dumps(profile | {"kept_corrections": [kept]}).encode()),
        changed(data, activities__jsonl=line_of(data, "activities.jsonl", fields__corrected=["id"])),
    )
    for content in hostile:
        with pytest.raises(NotAnExport, match="cannot be corrected"):
            brought_back(content, other, tmp_path)
        assert not Activity.objects.of(other).exists()


def test_an_account_with_anything_in_it_is_left_alone(ada, tmp_path):
    imported(ada, tcx())
    data = exported(ada)
    with pytest.raises(NotAnExport, match="empty account"):
        brought_back(data, ada, tmp_path)
    assert Activity.objects.count() == 1


# -- on request ---------------------------------------------------------------------------------------------------------


def made(athlete: Athlete) -> AccountExport:
    export = account_exports.ask(athlete)
    account_exports.make(export.pk)
    return AccountExport.objects.get(pk=export.pk)


def test_it_is_asked_for_on_a_page_and_fetched_there(ada, as_ada):
    imported(ada, tcx())
    assert as_ada.post("/export/").status_code == 302
    assert as_ada.post("/export/").status_code == 302  # twice is one
    waiting = AccountExport.objects.get()
    assert "being made" in as_ada.get("/export/").content.decode()
    assert as_ada.get(f"/export/{waiting.pk}.zip").status_code == 404
    assert account_exports.make(waiting.pk) and not account_exports.make(waiting.pk)
    page = as_ada.get("/export/").content.decode()
    assert f"/export/{waiting.pk}.zip" in page and "hx-trigger" not in page
    fetched = as_ada.get(f"/export/{waiting.pk}.zip")
    assert fetched["Content-Disposition"].startswith("attachment")
    assert fetched["Cache-Control"] == "private, no-store"
    assert "manifest.json" in members(fetched.getvalue())
    part = as_ada.get("/export/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="export-state"' in part and "<h1" not in part


def test_it_is_its_owners_alone(cast, as_carl, as_eve, as_olga, client):
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    export = made(cast.ada)
    for stranger in (as_carl, as_eve, as_olga):
        assert stranger.get(f"/export/{export.pk}.zip").status_code == 404
        assert stranger.post(f"/export/{export.pk}/drop/").status_code == 404
    assert client.get(f"/export/{export.pk}.zip").status_code == 302
    assert as_carl.get("/export/").status_code == 403
    assert AccountExport.objects.filter(pk=export.pk).exists()


def test_after_a_week_it_is_gone_and_so_is_the_file(ada, as_ada):
    export = made(ada)
    AccountExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_ada.get(f"/export/{export.pk}.zip").status_code == 404
    account_exports.drop_expired()
    assert not AccountExport.objects.exists()
    assert not default_storage.exists(export.stored_as)


def test_it_can_be_deleted_before_and_goes_with_the_account(ada, as_ada, django_capture_on_commit_callbacks):
    export = made(ada)
    as_ada.post(f"/export/{export.pk}/drop/")
    assert not default_storage.exists(export.stored_as)
    export = made(ada)
    with django_capture_on_commit_callbacks(execute=True):
        ada.user.delete()
    assert not default_storage.exists(export.stored_as)


def test_no_more_than_three_are_kept(ada):
    exports = [made(ada) for _again in range(4)]
    assert set(AccountExport.objects.values_list("pk", flat=True)) == {export.pk for export in exports[1:]}
    assert [default_storage.exists(export.stored_as) for export in exports] == [False, True, True, True]


def test_a_worker_that_dies_three_times_over_it_is_enough(ada, as_ada):
    export = account_exports.ask(ada)
    AccountExport.objects.update(attempts=3)
    account_exports.make(export.pk)
    assert AccountExport.objects.get().state == "failed"
    assert "did not succeed" in as_ada.get("/export/").content.decode()
    assert account_exports.ask(ada).pk != export.pk


def test_the_commands_do_the_same(ada, tmp_path, capsys):
    a_life(ada)
    out = tmp_path / "ada.zip"
    call_command("export_account", ada.user.email, str(out))
    assert "3 activities in 4 recordings, 2 original files" in capsys.readouterr().out
    other = make_athlete(email="again@example.invalid")
    call_command("import_account", str(out), "--athlete", "again@example.invalid")
    assert history(other) == history(ada)
    with pytest.raises(CommandError, match="empty account"):
        call_command("import_account", str(out), "--athlete", "again@example.invalid")
    with pytest.raises(CommandError, match="no athlete"):
        call_command("export_account", "nobody@example.invalid", str(out))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_account", ada.user.email, str(tmp_path / "no" / "such" / "folder.zip"))


def test_laps_come_along(ada, tmp_path):
    a_life(ada)
    other = make_athlete(email="again@example.invalid")
    brought_back(exported(ada), other, tmp_path)
    assert (
        Lap.objects.filter(recording__athlete=other).count() == Lap.objects.filter(recording__athlete=ada).count() > 3
    )


def test_a_race_without_words_of_ones_own_is_in_it_too(ada):
    run = make_activity(athlete=ada)
    make_race(athlete=ada, activity=run, state="to_decide")
    (line,) = lines(members(exported(ada))["races.jsonl"])
    assert line["derived"]["state"] == "to_decide"
    assert Client().get("/export/").status_code == 302
