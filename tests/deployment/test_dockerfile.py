"""The Dockerfile, read line by line: two stages, a locked environment, no secret, nothing that runs as root."""

import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import takewhile

import pytest

import dev
from config.environment import PROJECT
from tests.config.test_celery import database_url
from tests.config.test_environment import PRODUCTION


def instructions() -> list[tuple[str, str]]:
    text = (PROJECT / "Dockerfile").read_text()
    text = re.sub(r"\\\n\s*", " ", text)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


@pytest.fixture
def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def test_what_builds_is_left_behind(stages: list) -> None:
    build, final = stages
    assert build[0][1].endswith(" AS build")
    assert {rest for word, rest in final if word == "COPY"} == {"--from=build /app /app"}
    assert not any("uv" in rest.split() or "pip" in rest for _, rest in final)


def test_both_stages_have_the_python_that_is_tested(stages: list) -> None:
    bases = {stage[0][1].removesuffix(" AS build") for stage in stages}
    assert len(bases) == 1
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert wanted == ">=3.11,<3.12" and bases.pop().startswith("python:3.11-")


def test_the_environment_is_the_locked_one_made_by_the_uv_of_dev_py(stages: list) -> None:
    steps = [rest for word, rest in stages[0] if word == "RUN"]
    assert f"pip install --no-cache-dir uv=={dev.UV_VERSION}" in steps
    assert any(step == "uv sync --locked --no-default-groups" for step in steps)
    before = list(takewhile(lambda step: not step[1].startswith("uv sync"), stages[0]))
    assert ("COPY", ". .") not in before, "a changed line of code would install everything again"


def test_static_files_are_collected_while_building(stages: list) -> None:
    assert any("manage.py collectstatic --noinput" in rest for word, rest in stages[0] if word == "RUN")


def test_it_runs_as_nobody_in_particular_and_can_write_only_to_its_volumes(stages: list) -> None:
    final = stages[1]
    order = [word for word, _ in final]
    assert order.index("USER") < order.index("CMD") and order.count("USER") == 1
    assert dict(final)["USER"] not in {"root", "0"}
    made = re.findall(r"install -d (.+)", " ".join(rest for word, rest in final if word == "RUN"))
    assert made == ["-o agegrade -g agegrade /media-files /scratch"]
    assert "--chown" not in str(final)


def test_no_secret_is_in_it(stages: list) -> None:
    for word, rest in stages[0] + stages[1]:
        assert word not in {"ARG", "ADD"}, rest
        if word == "ENV":
            assert not re.search(r"KEY|PASSWORD|SECRET|TOKEN", rest)
    assert not any("KEY" in rest for _, rest in stages[1])


def test_the_image_holds_nothing_of_this_machine() -> None:
    ignored = set((PROJECT / ".dockerignore").read_text().split())
    assert {".git", ".env", ".env.*", "var", ".venv", ".boot", "tests", "**/__pycache__"} <= ignored


@pytest.mark.django_db
def test_gunicorn_takes_the_command_and_loads_the_application() -> None:
    command = json.loads(next(rest for word, rest in instructions() if word == "CMD"))
    assert command[0] == "gunicorn"
    env = {name.upper(): value for name, value in PRODUCTION.items()}
    done = subprocess.run(
        [sys.executable, "-m", *command, "--check-config"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **env, "DATABASE_URL": database_url(), "WEB_CONCURRENCY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
