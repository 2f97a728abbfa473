"""`dev.py test`: throw-away servers, and what is asked of the machine."""

import os
from pathlib import Path

import pytest

import dev
from tests.launcher.conftest import Project, read_until, running_from


def environment(words: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in words.splitlines() if "=" in line)


def test_tests_get_servers_that_are_gone_afterwards(project: Project) -> None:
    code, words = project.call("test")
    told = environment(words)
    assert code == 5, words
    assert told["DATABASE_URL"].startswith("postgres://agegrade:") and told["REDIS_URL"].startswith("redis://:")
    folder = Path(told["MEDIA_ROOT"]).parent
    assert folder.name.startswith(dev.TEST_FOLDER)
    assert not folder.exists()
    assert running_from(folder) == []
    assert not (project.var / "postgres").exists(), "the database of `up` is not touched"


def test_the_browser_is_named_to_the_tests(bare_project: Project) -> None:
    words = bare_project.call("test", AGEGRADE_CHROMIUM="/opt/chromium")[1]
    assert environment(words)["CHROMIUM"] == "/opt/chromium"


@pytest.mark.parametrize(
    ("required", "said"),
    [
        ("browser", "no Chromium was found"),
        ("timescale", "TIMESCALE_URL is not set"),
        ("browser,timescale", "no Chromium was found"),
        ("moon", "there is no such thing"),
    ],
)
def test_what_is_required_and_missing_fails_before_the_tests(bare_project: Project, required: str, said: str) -> None:
    nothing = {"PATH": "/nowhere", "AGEGRADE_CHROMIUM": "", "TIMESCALE_URL": ""}
    code, words = bare_project.call("test", REQUIRE=required, **nothing)
    assert code == 1
    assert said in words and "Traceback" not in words


def test_what_a_killed_run_left_is_removed_by_the_next(bare_project: Project) -> None:
    (bare_project.folder / "pytest.py").write_text(
        "import os, time\nprint(os.environ['MEDIA_ROOT'], flush=True)\ntime.sleep(600 if 'stay' in os.sys.argv else 0)"
    )
    killed = bare_project.start("test", "stay")
    folder = Path(read_until(killed, dev.TEST_FOLDER).splitlines()[-1]).parent
    pytests = [int(path.name) for path in Path("/proc").glob("[0-9]*") if parent_of(path) == killed.pid]
    killed.kill()
    killed.wait()
    for pid in pytests:
        os.kill(pid, 9)
    assert (folder / "servers.json").exists()
    bare_project.call("test")
    assert not folder.exists()
    assert running_from(folder) == []


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_the_interpreter_is_the_locked_one(bare_project: Project) -> None:
    (bare_project.folder / "pytest.py").write_text("import sys; print(sys.executable, *sys.argv[1:])")
    words = bare_project.call("test", "-k", "one word")[1]
    assert words.split(" ", 1) == [f"{bare_project.folder}/.venv/bin/python", "-k one word\n"]
