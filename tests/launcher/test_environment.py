"""The locked environment: brought up to date when something changed, and only then."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest

import dev
from tests.launcher import stand_in
from tests.launcher.conftest import Project


@pytest.fixture
def synced(bare_project: Project) -> Project:
    """A project whose uv only notes how it was called."""
    uv = bare_project.folder / ".boot/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(stand_in.UV.replace("{version}", dev.UV_VERSION))
    uv.chmod(0o755)
    return bare_project


def calls_of_uv(project: Project) -> list[str]:
    calls = project.folder / ".boot/bin/calls"
    return calls.read_text().splitlines() if calls.exists() else []


def test_an_unchanged_lock_costs_no_call(synced: Project) -> None:
    synced.call("manage", "age_grade")
    assert calls_of_uv(synced) == []


def test_a_changed_lock_is_synced_once(synced: Project) -> None:
    (synced.folder / "uv.lock").write_text("version = 2\n")
    for _ in range(2):
        synced.call("manage", "age_grade")
    assert len(calls_of_uv(synced)) == 1


def test_running_needs_no_test_tools_and_removes_none(synced: Project) -> None:
    (synced.folder / "uv.lock").write_text("version = 2\n")
    synced.call("manage", "age_grade")
    synced.call("setup")
    synced.call("manage", "age_grade")
    run, test = calls_of_uv(synced)
    assert "--locked --inexact --no-default-groups --group embedded" in run and "--group dev" not in run
    assert "--inexact" in test and "--group dev" in test


def test_a_failed_sync_is_told_and_tried_again(synced: Project) -> None:
    uv = synced.folder / ".boot/bin/uv"
    uv.write_text(uv.read_text() + "echo 'the lock is out of date'; exit 2\n")
    (synced.folder / "uv.lock").write_text("version = 2\n")
    for _ in range(2):
        code, words = synced.call("manage", "age_grade")
        assert code == 1
        assert "the lock is out of date" in words and "uv sync failed with exit code 2" in words
        assert "Traceback" not in words


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ((3, 11, 2), ">=3.11,<3.12", True),
        ((3, 11, 0), ">=3.11", True),
        ((3, 10, 14), ">=3.11,<3.12", False),
        ((3, 12, 0), ">=3.11,<3.12", False),
        ((3, 13, 1), ">=3.11,<3.14", True),
        ((3, 9, 0), "", False),
    ],
)
def test_a_python_outside_requires_python_is_refused(version: tuple[int, ...], wanted: str, fits: bool) -> None:
    pyproject = f'[project]\nrequires-python = "{wanted}"\n' if wanted else ""
    if fits:
        dev.refuse_other_python(version, pyproject)
    else:
        with pytest.raises(dev.Trouble, match=r"Agegrade needs Python >=3\.11"):
            dev.refuse_other_python(version, pyproject)


def test_too_small_a_disk_is_said_with_what_it_would_take(tmp_path: Path) -> None:
    dev.require_space(tmp_path, 1, why="a note")
    with pytest.raises(dev.Trouble, match=r"The disk is full: .* MB free, and a moon takes about 10000000000 MB"):
        dev.require_space(tmp_path, 10**10, why="a moon")


def test_a_secret_is_made_once_and_closed(tmp_path: Path) -> None:
    kept = dev.kept_secret(tmp_path / "key", lambda: "first")
    assert kept == dev.kept_secret(tmp_path / "key", lambda: "second") == "first"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_process_is_known_by_its_start_and_not_by_its_number() -> None:
    ours = dev.Process.of("tests", os.getpid())
    assert ours.alive
    assert not dev.Process("tests", ours.pid, "some other time").alive
    assert dev.birth(2**30) is None


def test_a_free_port_is_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", dev.free_port()))


def test_only_the_standard_library_is_imported() -> None:
    imports = re.findall(r"^\s*(?:import|from) (\w+)", Path(dev.__file__).read_text(), re.MULTILINE)
    assert set(imports) <= sys.stdlib_module_names
