"""Zip archives, well meant and hostile: every entry is read within its limits, left out, or refused with a reason."""

import io
import stat
import struct
import zipfile

import pytest

from activities.importers import Unreadable, archives
from activities.importers.archives import Archive


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as box:
        for name, content in entries:
            box.writestr(name, content)
    whole.seek(0)
    return whole


def outcomes(file, **how) -> dict[str, str]:
    return {entry.name: entry.code or entry.kind for entry in Archive(file).entries(**how)}


def read(file, number: int = 0) -> bytes:
    archive = Archive(file)
    return b"".join(archive.content(list(archive.entries())[number]))


def test_what_is_worth_reading_is_told_from_pictures_and_settings():
    names = [
        "activities/1.fit.gz", "activities/2.GPX", "activities/3.tcx", "activities.csv", "media/a.jpg", "profile.csv",
        "__MACOSX/activities/1.fit.gz", ".hidden.fit", "DI/UploadedFiles_0-_Part1.zip", "noname", "settings.json",
    ]  # fmt: skip
    kinds = outcomes(packed(*((name, b"x") for name in names)))
    assert [kinds[name] for name in names] == [
        "file", "file", "file", "table", "left_out", "left_out", "left_out", "left_out", "archive", "file", "left_out",
    ]  # fmt: skip


def test_an_entry_is_given_as_it_was_packed():
    assert read(packed(("a.fit", b"12345" * 100_000))) == b"12345" * 100_000


def test_an_export_of_an_account_is_told_from_a_heap_of_files():
    names = ("manifest.json", "profile.json", "activities.jsonl", "races.jsonl", "originals/1.gz")
    with pytest.raises(Unreadable) as refused:
        Archive(packed(*((name, b"{}") for name in names)))
    assert refused.value.code == "account"


@pytest.mark.parametrize(
    "name", ["../../etc/cron.fit", "/etc/run.fit", "a/../../b.fit", "C:\\runs\\a.fit", "..\\a.fit"]
)
def test_a_path_that_leads_out_is_refused(name):
    assert set(outcomes(packed((name, b"x"))).values()) == {"entry_path"}


def test_a_link_a_password_a_second_name_and_a_third_archive_are_refused():
    link = zipfile.ZipInfo("link.fit")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert outcomes(packed((link, b"/etc/passwd"))) == {"link.fit": "entry_link"}
    locked = packed(("secret.fit", b"x")).getvalue()
    at = locked.index(b"PK\x01\x02")
    locked = locked[: at + 8] + struct.pack("<H", 1) + locked[at + 10 :]
    assert outcomes(io.BytesIO(locked)) == {"secret.fit": "entry_encrypted"}
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = packed(("a.fit", b"1"), ("a.fit", b"2"))
    assert [entry.code for entry in Archive(twice).entries()] == ["", "entry_twice"]
    assert outcomes(packed(("in.zip", b"x")), depth=0) == {"in.zip": "archive"}
    assert outcomes(packed(("in.zip", b"x")), depth=1) == {"in.zip": "nested"}


def test_what_unpacks_without_end_is_refused_before_it_is_unpacked():
    assert outcomes(packed(("bomb.gpx", b"0" * 3_000_000))) == {"bomb.gpx": "zip_bomb"}
    assert outcomes(packed(("small.gpx", b"0" * 900_000))) == {"small.gpx": "file"}


def test_too_large_an_entry_and_too_large_a_whole_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 150)
    found = outcomes(packed(("a.fit", b"x" * 101), ("b.fit", b"x" * 40), ("c.fit", b"x" * 40)))
    assert found == {"a.fit": "too_large", "b.fit": "file", "c.fit": "too_large"}


@pytest.mark.parametrize("claimed", [10, 10_000])
def test_a_size_that_is_a_lie_gives_no_more_than_was_said(claimed):
    honest = packed(("a.fit", b"y" * 1000), method=zipfile.ZIP_STORED).getvalue()
    at = honest.index(b"PK\x01\x02")
    lie = honest[: at + 24] + struct.pack("<I", claimed) + honest[at + 28 :]
    with pytest.raises(Unreadable) as refused:
        read(io.BytesIO(lie))
    assert refused.value.code == "damaged"


def test_damage_inside_costs_one_entry():
    whole = bytearray(packed(("a.fit", b"abc" * 5000), ("b.fit", b"def")).getvalue())
    whole[60] ^= 0xFF
    with pytest.raises(Unreadable):
        read(io.BytesIO(bytes(whole)))
    assert read(io.BytesIO(bytes(whole)), 1) == b"def"


@pytest.mark.parametrize("cut", [1, 10, 40, 100])
def test_an_archive_that_breaks_off_is_said_to(cut):
    with pytest.raises(Unreadable) as refused:
        Archive(io.BytesIO(packed(("a.fit", b"abc" * 5000)).getvalue()[:-cut]))
    assert refused.value.code == "bad_zip"


def test_a_table_of_contents_is_not_read_when_it_announces_too_much(monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    with pytest.raises(Unreadable) as refused:
        Archive(packed(*((f"{n}.fit", b"x") for n in range(4))))
    assert refused.value.code == "too_many_entries"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_bytes_it_is_read_or_unreadable(seed):
    import random

    rng = random.Random(seed)
    whole = bytearray(packed(("a.fit", b"abc" * 500), ("b/c.gpx", b"def" * 99)).getvalue())
    for _ in range(rng.randint(1, 12)):
        whole[rng.randrange(len(whole))] = rng.randrange(256)
    try:
        archive = Archive(io.BytesIO(bytes(whole)))
        for entry in archive.entries():
            if entry.kind == "file" and not entry.refusal:
                b"".join(archive.content(entry))
    except Unreadable:
        pass
