"""The end of a test run says what did not run and why; what is required must run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import not_run

TESTS = """
import pytest

def test_that_runs(): pass

@pytest.mark.browser
@pytest.mark.parametrize("page", range(2))
def test_in_the_browser(page): pytest.skip("no Chromium here")

@pytest.mark.skip(reason="no moon tonight")
def test_by_moonlight(): pass

@pytest.mark.xfail
def test_that_is_known_to_fail(): assert False
"""


@pytest.fixture(params=[(), ("-p", "xdist", "-n", "2")], ids=["alone", "side by side"])
def side_by_side(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


def run(folder: Path, *arguments: str, tests: str = TESTS, required: str = "") -> tuple[int, list[str]]:
    """Exit code and the lines from the last section on."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browser: needs one\n")
    (folder / "test_one.py").write_text(tests)
    plugins = ["-p", "not_run", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(Path(not_run.__file__).parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *arguments],
        cwd=folder,
        env={**env, "REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line]
    section = [number for number, line in enumerate(lines) if " not run " in line]
    assert section, done.stdout + done.stderr
    return done.returncode, lines[section[-1] + 1 :]


def test_the_last_section_counts_tests_by_reason(tmp_path: Path, side_by_side: tuple[str, ...]) -> None:
    code, lines = run(tmp_path, *side_by_side)
    assert code == 0
    assert lines[:-1] == ["Not run: 2 tests, no Chromium here", "Not run: 1 test, no moon tonight"]
    assert "1 passed, 3 skipped, 1 xfailed" in lines[-1]


def test_it_says_so_when_everything_ran(tmp_path: Path) -> None:
    assert run(tmp_path, tests="def test_that_runs(): pass")[1][:-1] == ["Everything ran."]


@pytest.mark.parametrize("required", ["browser", "timescale, browser"])
def test_a_required_test_that_was_skipped_fails_the_run(
    tmp_path: Path, required: str, side_by_side: tuple[str, ...]
) -> None:
    code, lines = run(tmp_path, *side_by_side, required=required)
    assert code == 1
    assert lines[-2].startswith("REQUIRE asks for browser")


def test_what_is_required_and_ran_passes(tmp_path: Path) -> None:
    assert run(tmp_path, required="timescale")[0] == 0


def test_what_the_arguments_leave_out_is_told(tmp_path: Path, side_by_side: tuple[str, ...]) -> None:
    lines = run(tmp_path, *side_by_side, "-k", "that_runs")[1]
    assert "Not run: 4 tests, left out by the arguments given" in lines


def test_a_run_that_stops_early_tells_how_many_are_missing(tmp_path: Path) -> None:
    stops = "def test_a(): assert False\n\ndef test_b(): pass\n\ndef test_c(): pass"
    code, lines = run(tmp_path, "-x", tests=stops)
    assert code == 1
    assert "Not run: 2 tests, the run was stopped before" in lines


def test_a_file_skipped_as_a_whole_is_told(tmp_path: Path, side_by_side: tuple[str, ...]) -> None:
    skipped = "import pytest\npytest.skip('not on this system', allow_module_level=True)"
    assert (
        "Not run: 1 test, not on this system (the whole of test_one.py)"
        in run(tmp_path, *side_by_side, tests=skipped)[1]
    )
