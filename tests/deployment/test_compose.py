"""docker-compose.yml: read by a real docker-compose, and its parts tried where they can be tried without Docker."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from cryptography.fernet import Fernet

import dev
from config.environment import PROJECT, Environment

COMPOSE = PROJECT / "docker-compose.yml"
FILLED = {
    "SECRET_KEY": Fernet.generate_key().decode() * 2,
    "FIELD_KEYS": Fernet.generate_key().decode(),
    "SITE_URL": "https://runs.example.org",
    "ALLOWED_HOSTS": "runs.example.org",
    "POSTGRES_PASSWORD": "database1",
    "REDIS_PASSWORD": "queue1",
}
OURS = ("migrate", "web", "worker", "beat")
#: what the file says itself and no .env may change
FIXED = {"ENVIRONMENT", "MEDIA_ROOT", "DATABASE_URL", "REDIS_URL"}
TESTS_ONLY = {"TIMESCALE_URL", "DOCKER_COMPOSE", "EXTRA_DATA"}


def compose(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = os.environ.get("DOCKER_COMPOSE")
    if not program:
        pytest.skip("no docker-compose was found (DOCKER_COMPOSE names one)")
    env_file = folder / "env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return subprocess.run(
        [program, "-f", COMPOSE, "--env-file", env_file, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def read(tmp_path: Path) -> dict:
    """The file as docker-compose understands it, with a filled .env."""
    done = compose(tmp_path, FILLED)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# -- what docker-compose says -------------------------------------------------------------------------------------------


@pytest.mark.compose
def test_a_filled_env_is_enough_and_gives_every_service(read: dict) -> None:
    assert set(read["services"]) == {"db", "redis", *OURS}
    assert read["services"]["db"]["image"].startswith("timescale/timescaledb:") and read["services"]["db"][
        "image"
    ].endswith("pg16")


@pytest.mark.compose
@pytest.mark.parametrize("name", [*FILLED])
def test_what_is_blank_is_refused_by_name(tmp_path: Path, name: str) -> None:
    done = compose(tmp_path, {**FILLED, name: ""})
    assert done.returncode != 0
    assert f"set {name} in .env" in done.stderr


@pytest.mark.compose
def test_the_example_as_it_is_starts_nothing(tmp_path: Path) -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert compose(tmp_path, example).returncode != 0
    assert {name for name, value in example.items() if not value} == {
        "SECRET_KEY",
        "FIELD_KEYS",
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
    }


@pytest.mark.compose
def test_no_service_has_a_right_or_a_place_to_write_that_it_does_not_use(read: dict) -> None:
    for name, service in read["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        if name != "db":  # its image hands its folder to another user first
            assert service["read_only"] is True, name
            assert "cap_add" not in service, name
    assert read["services"]["redis"]["user"] == "redis"
    assert {name for name in read["services"] if "ports" in read["services"][name]} == {"web"}
    assert read["services"]["web"]["ports"][0]["host_ip"] == "127.0.0.1"
    assert read["networks"]["inside"]["internal"] is True
    for name in ("db", "redis"):
        assert list(read["services"][name]["networks"]) == ["inside"]


@pytest.mark.compose
def test_each_waits_for_what_it_needs_and_says_how_it_is(read: dict) -> None:
    services = read["services"]
    for name in ("web", "worker", "beat"):
        waits = {on: facts["condition"] for on, facts in services[name]["depends_on"].items()}
        assert waits == {"migrate": "service_completed_successfully", "redis": "service_healthy"}
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert services["migrate"]["restart"] == "no"
    assert all("healthcheck" in service for name, service in services.items() if name != "migrate")
    mounts = [volume for service in services.values() for volume in service["volumes"]]
    kept = {volume["source"] for volume in mounts if volume["type"] == "volume"}
    assert kept == set(read["volumes"]) == {"database", "media", "queue", "scratch"}
    assert {(one["target"], one.get("read_only")) for one in mounts if one["type"] != "volume"} == {("/artwork", True)}


@pytest.mark.compose
def test_as_shipped_the_pools_and_workers_leave_ten_connections(read: dict) -> None:
    told = read["services"]["web"]["environment"]
    allowed = int(read["services"]["db"]["command"][-1].removeprefix("max_connections="))
    wanted = int(told["WEB_CONCURRENCY"]) * int(told["DATABASE_POOL_MAX"]) + int(told["WORKER_CONCURRENCY"]) + 1
    assert wanted <= allowed - 10


@pytest.mark.compose
def test_django_starts_with_what_the_file_tells_the_web(read: dict) -> None:
    told = read["services"]["web"]["environment"]
    answer = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **{name: value for name, value in told.items() if name != "TMPDIR"}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.compose
def test_the_queues_command_asks_for_its_password_and_throws_nothing_away(read: dict, tmp_path: Path) -> None:
    """Its own words, run by a shell, with Valkey for Redis and a folder of ours for /data."""
    program, flag, script = read["services"]["redis"]["command"]
    server = next(dev.programs_of(Path(sys.executable)).glob(dev.VALKEY_SERVER))
    (tmp_path / "redis-server").symlink_to(server)
    port = dev.free_port()
    script = script.replace("$$", "$").replace("dir /data", f"dir {tmp_path}\nbind 127.0.0.1\nport {port}")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDIS_PASSWORD": 'a "quoted" $(word)'.replace('"', "'")}
    running = subprocess.Popen([program, flag, script], env=env, stdout=subprocess.DEVNULL)
    try:
        queue = redis.Redis(port=port, password=env["REDIS_PASSWORD"])
        ends = time.monotonic() + 10
        while True:
            try:
                queue.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < ends and running.poll() is None
                time.sleep(0.05)
        assert queue.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert queue.config_get("appendonly") == {"appendonly": "yes"}
        assert queue.config_get("maxmemory") == {"maxmemory": str(384 * 2**20)}
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        assert env["REDIS_PASSWORD"] not in dev.command_of(running.pid)
    finally:
        running.terminate()
        running.wait()


# -- the words on variables ---------------------------------------------------------------------------------------------


def interpolated() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE.read_text()))


def test_every_variable_of_the_environment_reaches_the_containers() -> None:
    told = set(re.findall(r"^    ([A-Z_]+): ", COMPOSE.read_text().split("services:")[0], re.MULTILINE))
    fields = {name.upper() for name in Environment.model_fields}
    assert fields - told == set()
    assert fields - interpolated() == FIXED


def test_the_example_has_every_variable_that_is_read_and_no_other() -> None:
    text = (PROJECT / ".env.example").read_text()
    named = re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE)
    assert len(named) == len(set(named))
    fields = {name.upper() for name in Environment.model_fields}
    assert set(named) == (fields | interpolated() | TESTS_ONLY)


def test_every_variable_has_a_word_on_it() -> None:
    paragraph_has_words = False
    for line in (PROJECT / ".env.example").read_text().splitlines():
        if not line:
            paragraph_has_words = False
        elif re.match(r"(# )?[A-Z_]+=", line):
            assert paragraph_has_words or line.startswith("ENVIRONMENT="), line
        else:
            paragraph_has_words = True
