"""Projects to launch: a copy of dev.py with a stand-in for what it starts, and real servers from the installed wheels."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import dev
from tests.launcher import stand_in

IS_ROOT = os.geteuid() == 0
OURS = ("DATABASE_URL", "REDIS_URL", "DEMO_PASSWORD", "MEDIA_ROOT", "SECRET_KEY", "FIELD_KEYS", "REQUIRE", "SITE_URL")


@dataclass
class Project:
    """A stand-in project in a folder of its own. user: whom its commands run as; None for the one who runs the tests."""

    folder: Path
    python: str
    user: str | None = None
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def run_file(self) -> dict:
        return json.loads((self.var / "run.json").read_text())

    @property
    def servers_state(self) -> dict:
        return json.loads((self.var / "servers.json").read_text())

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start `dev.py ARGUMENTS`; what it says is one stream."""
        psql = self.folder / ".venv/lib/python3.11/site-packages" / dev.POSTGRES_BIN / "psql"
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        process = subprocess.Popen(
            [self.python, str(self.folder / "dev.py"), *arguments],
            env={**environment, "PSQL": str(psql), **env},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self.user,
        )
        self.started.append(process)
        return process

    def call(self, *arguments: str, said: str = "", **env: str) -> tuple[int, str]:
        """Run `dev.py ARGUMENTS` to its end: exit code and what it said."""
        process = self.start(*arguments, **env)
        words, _ = process.communicate(said, timeout=60)
        return process.returncode, words

    def up(self, port: int, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start `dev.py up` and wait until it says READY."""
        process = self.start("up", "--port", str(port), *arguments, **env)
        read_until(process, f"READY http://127.0.0.1:{port}/")
        return process


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process says up to the line that holds these words; fails where it ends without them."""
    assert process.stdout
    heard = ""
    for line in process.stdout:
        heard += line
        if words in line:
            return heard
    pytest.fail(f"ended without saying {words!r}:\n{heard}")


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> str:
    """Signal it and return what it still says."""
    process.send_signal(number)
    words, _ = process.communicate(timeout=60)
    return words


def wait_for(condition: Callable[[], object], *, what: str, within_s: float = 10) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def running_from(folder: Path) -> list[str]:
    """Command lines of the processes that were started from a folder or work inside it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        command = dev.command_of(int(process.name))
        if str(folder) in command and dev.birth(int(process.name)) and int(process.name) != os.getpid():
            found.append(command)
    return found


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that every user can enter; in memory where there is room, for databases that live for one test."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    fits = roomy and os.access(memory, os.W_OK) and not os.statvfs(memory).f_flag & os.ST_NOEXEC
    folder = Path(tempfile.mkdtemp(prefix="agegrade-launcher-", dir=memory if fits else "/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def can_run(python: str, user: str) -> bool:
    check = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(check, user=user, cwd="/", check=False, capture_output=True).returncode == 0
    except PermissionError:
        return False


@pytest.fixture(scope="session")
def wheels() -> Iterator[Path]:
    """site-packages that anybody can read, with the servers' wheels in it and nothing else."""
    with folder_for_all() as folder:
        yield dev._copied(dev.programs_of(Path(sys.executable)), folder / "site-packages")


def make_project(folder: Path, wheels: Path, *, user: str | None = None) -> Project:
    python = dev.base_python()
    if user and not can_run(python, user):
        python = next((path for path in ("/usr/bin/python3.11", "/usr/bin/python3") if can_run(path, user)), "")
        if not python:
            pytest.skip(f"no Python 3.11 that the user {user} can run")
    shutil.copy(dev.__file__, folder / "dev.py")
    for name, text in stand_in.FILES.items():
        (folder / name).write_text(text)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(python)
    (folder / ".venv/lib/python3.11").mkdir(parents=True)
    (folder / ".venv/lib/python3.11/site-packages").symlink_to(wheels)
    stamp = [python, "-c", "import dev; print(dev.fingerprint(), 'tests', end='')"]
    made = subprocess.run(stamp, cwd=folder, check=True, capture_output=True, text=True)
    (folder / ".venv/agegrade-synced").write_text(made.stdout)
    if user:
        account = pwd.getpwnam(user)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return Project(folder, python, user)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    with folder_for_all() as folder:
        yield folder


@pytest.fixture(params=["as root", "as an ordinary user"])
def project(request: pytest.FixtureRequest, open_folder: Path, wheels: Path) -> Iterator[Project]:
    """A project in an open folder, once for root and once for an ordinary user. Leaves no process."""
    if request.param == "as root" and not IS_ROOT:
        pytest.skip("needs root")
    user = "nobody" if IS_ROOT and request.param != "as root" else None
    yield from _watched(make_project(open_folder, wheels, user=user))


@pytest.fixture(scope="session")
def made_once(wheels: Path) -> Iterator[Path]:
    """var/ of a project whose database was made, to begin from where making one is not the point."""
    with folder_for_all() as folder:
        project = make_project(folder, wheels)
        code, words = project.call("manage", "sql", "select 1")
        assert code == 0, words
        yield project.var


@pytest.fixture
def bare_project(open_folder: Path, wheels: Path) -> Iterator[Project]:
    """A project as it is cloned, for whoever runs the tests."""
    yield from _watched(make_project(open_folder, wheels))


@pytest.fixture
def any_project(bare_project: Project, made_once: Path) -> Project:
    """The same with an empty database."""
    subprocess.run(["cp", "-a", str(made_once), str(bare_project.var)], check=True)
    return bare_project


def _watched(project: Project) -> Iterator[Project]:
    yield project
    for process in project.started:
        if process.poll() is None:
            stop(process)
    left = running_from(project.folder)
    assert not left, f"still running: {left}"


@pytest.fixture
def port() -> int:
    return dev.free_port()
