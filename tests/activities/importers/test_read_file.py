"""What every format has in common: recognising, unpacking, hashing and refusing."""

import gzip
import hashlib
import os
import zipfile
from io import BytesIO

import pytest

from activities.importers import MAX_FILE_BYTES, Unreadable, contents, opening, read_file
from tests.activities import fit_files, xml_files

SOUND = {"fit": fit_files.run(), "gpx": xml_files.gpx_run().encode(), "tcx": xml_files.tcx_run().encode()}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("kind", SOUND)
def test_the_same_run_is_read_from_every_format(read, kind, packed):
    file = read(SOUND[kind], packed=packed)
    (run,) = file.activities
    assert (file.format, file.incomplete, file.not_an_activity) == (kind, "", "")
    assert run.sport == "running"
    assert run.started_at == xml_files.START
    assert run.distance_m == pytest.approx(357, abs=3.01)
    assert run.elapsed_s == 119
    assert (run.n_records, run.n_positions, run.n_hr) == (120, 120, 120)
    assert run.hr_avg == pytest.approx(150)
    assert run.cadence_avg == 170
    assert run.streams.time_s.tolist() == list(range(120))


@pytest.mark.parametrize("kind", SOUND)
def test_a_file_and_its_gz_have_the_same_hash_and_size(read, kind):
    plain, packed = read(SOUND[kind]), read(SOUND[kind], packed=True)
    assert plain.sha256 == packed.sha256 == hashlib.sha256(SOUND[kind]).hexdigest()
    assert plain.size_bytes == packed.size_bytes == len(SOUND[kind])


@pytest.mark.parametrize("name", ["run.fit", "run.gpx", "run.tcx", "run", "run.txt", "run.tcx.gz"])
@pytest.mark.parametrize("kind", SOUND)
def test_the_content_decides_the_format_and_not_the_name(read, kind, name):
    assert read(SOUND[kind], name).format == kind


def zipped(name: str, content: bytes) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"just a text\n", "unknown_format"),
        (b"PNG" * 100, "unknown_format"),
        (os.urandom(5000).replace(b".FIT", b""), "unknown_format"),
        (zipped("run.gpx", SOUND["gpx"]), "unknown_format"),
        (b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", "unknown_format"),
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document/></kml>', "unknown_format"),
        (b'<?xml version="1.0"?><!-- <gpx> --><rss/>', "unknown_format"),
        (b"<gpx", "damaged"),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", "damaged"),
        (b"lat,lon,time\n52.5,13.4,2024-05-04T07:30:00Z\n", "unknown_format"),
    ],
)
def test_what_holds_no_recording_is_refused_with_a_code_and_a_sentence(refusal, content, code):
    assert refusal(content, "run.gpx") == code


def test_a_wrong_suffix_is_named_in_the_refusal(read):
    with pytest.raises(Unreadable, match=r"named \.fit but does not begin like one"):
        read(b"no such thing", "morning.FIT")


def test_a_file_gzipped_twice_is_refused(refusal):
    assert refusal(gzip.compress(SOUND["gpx"]), packed=True) == "gzip_in_gzip"


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "huge.gpx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(Unreadable, match="larger than 128 MB") as refused:
        read_file(path, name="huge.gpx")
    assert refused.value.code == "too_large"


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(refusal, monkeypatch):
    monkeypatch.setattr(opening, "MAX_UNCOMPRESSED_BYTES", 2**20)
    assert refusal(bytes(2**20 + 1), packed=True) == "gzip_bomb"


def test_nothing_unpacked_stays_behind(read, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read(SOUND["tcx"], packed=True)
    with pytest.raises(Unreadable):
        read(b"no such thing", packed=True)
    assert [path.name for path in tmp_path.iterdir()] == ["brought"]


def test_gzip_members_and_padding_are_read_as_gzip_does(read):
    half = len(SOUND["gpx"]) // 2
    members = gzip.compress(SOUND["gpx"][:half]) + gzip.compress(SOUND["gpx"][half:]) + bytes(100)
    file = read(members)
    assert file.incomplete == ""
    assert file.sha256 == hashlib.sha256(SOUND["gpx"]).hexdigest()


@pytest.mark.parametrize("kind", SOUND)
def test_a_gz_that_breaks_off_gives_what_came_before(read, kind):
    long = {"fit": fit_files.run(seconds=3600), "gpx": xml_files.gpx_run(seconds=3600).encode()}
    long["tcx"] = xml_files.tcx_run(laps=1, lap_s=3600).encode()
    packed = gzip.compress(long[kind])
    file = read(packed[: len(packed) * 3 // 4])
    assert "gzip file ends in the middle" in file.incomplete
    assert 1500 < file.activities[0].n_records < 3600


def test_a_gz_of_damaged_content_gives_what_came_before(read):
    packed = bytearray(gzip.compress(xml_files.gpx_run(seconds=3600).encode()))
    packed[len(packed) * 3 // 4] ^= 0xFF
    assert "gzip file is damaged" in read(bytes(packed)).incomplete


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b", gzip.compress(b"", mtime=0), b"\x1f\x8b" + bytes(100)], ids=["cut", "empty", "zeros"]
)
def test_a_gz_without_content_is_refused(refusal, content):
    assert refusal(content) == "bad_gzip"


@pytest.mark.parametrize("kind", SOUND)
def test_more_samples_than_memory_allows_are_refused(refusal, kind, monkeypatch):
    monkeypatch.setattr("activities.importers.samples.MAX_SAMPLES", 119)
    assert refusal(SOUND[kind]) == "too_many_samples"


@pytest.mark.parametrize("kind", ["fit", "tcx", "gpx"])
def test_more_parts_than_any_activity_has_are_refused(refusal, kind, monkeypatch):
    for module in ("fit_messages", "gpx", "tcx"):
        monkeypatch.setattr(f"activities.importers.{module}.MAX_PARTS", 3)
    body = fit_files.run_body()
    for _ in range(4):
        fit_files.add_session(body, start=0x40000000, elapsed_s=1, message=fit_files.LAP)
    many = {
        "fit": fit_files.whole(body),
        "tcx": xml_files.tcx_run(laps=4, lap_s=2),
        "gpx": xml_files.gpx(*[xml_files.gpx_track(xml_files.gpx_point(second)) for second in range(4)]),
    }
    assert refusal(many[kind]) == "too_many_parts"


def test_the_limits_are_those_that_people_are_told():
    assert (contents.MAX_FILE_BYTES, contents.MAX_UNCOMPRESSED_BYTES) == (128 * 2**20, 256 * 2**20)
    assert contents.MAX_SAMPLES == 1_500_000
