"""`dev.py manage`: the embedded servers for the length of a call, or those of whoever already uses them."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import dev
from tests.launcher.conftest import IS_ROOT, Project, make_project, read_until, running_from, stop, wait_for


def test_a_command_finds_servers_and_leaves_none_running(project: Project) -> None:
    code, words = project.call("manage", "sql", "create table kept (a int); select current_user || '@' || version()")
    assert (code, words.split(".")[0]) == (0, "agegrade@PostgreSQL 16"), words
    assert running_from(project.folder) == []
    assert not (project.var / "servers.json").exists()


def test_what_a_command_stores_is_there_for_the_next(any_project: Project) -> None:
    any_project.call("manage", "sql", "create table kept (a int)")
    assert any_project.call("manage", "sql", "select count(*) from kept") == (0, "0\n")


def test_secrets_and_data_are_closed_to_other_users(any_project: Project) -> None:
    any_project.call("manage", "sql", "select 1")
    for path in any_project.var.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_secrets_stay_the_same(bare_project: Project) -> None:
    names, servers = ("SECRET_KEY", "FIELD_KEYS", "DEMO_PASSWORD"), {"DATABASE_URL": "postgres:", "REDIS_URL": "redis:"}
    first = bare_project.call("manage", "environment", *names, **servers)
    assert bare_project.call("manage", "environment", *names, **servers) == first
    assert "None" not in first[1]


def test_stdin_stdout_and_the_exit_code_are_relayed(bare_project: Project) -> None:
    assert bare_project.call("manage", "age_grade", "in", "out", said="words\n") == (3, "WORDS\n")


@pytest.mark.parametrize("command", ["age_grade", "detect_races", "help"])
def test_commands_that_need_no_database_start_none(bare_project: Project, command: str) -> None:
    bare_project.call("manage", command)
    assert not (bare_project.var / "servers.lock").exists()


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ([], False),
        (["--help"], False),
        (["migrate", "--help"], False),
        (["check"], False),
        (["check", "--database", "default"], True),
        (["makemigrations", "--check"], True),
        (["import_files", "folder", "--athlete", "ada@demo.invalid"], True),
    ],
)
def test_servers_are_started_for_what_can_want_them(arguments: list[str], needed: bool) -> None:
    assert dev.needs_servers(arguments) is needed


def test_commands_at_the_same_time_share_the_servers(any_project: Project) -> None:
    first, second = (any_project.start("manage", "wait") for _ in range(2))
    read_until(first, "waiting")
    read_until(second, "waiting")
    pids = {name: facts["pid"] for name, facts in any_project.servers_state.items()}

    assert first.communicate("", timeout=30) and first.returncode == 0
    assert all(dev.birth(pid) for pid in pids.values()), "the first to leave stopped what the second uses"
    assert second.communicate("", timeout=30) and second.returncode == 0
    assert not any(dev.birth(pid) for pid in pids.values())


def test_a_terminated_command_ends_and_stops_its_servers(any_project: Project) -> None:
    process = any_project.start("manage", "wait")
    read_until(process, "waiting")
    stop(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert running_from(any_project.folder) == []


def test_servers_named_by_the_caller_are_used_instead(bare_project: Project) -> None:
    named = {"DATABASE_URL": "postgres://db.example/agegrade", "REDIS_URL": "redis://queue.example/0"}
    code, words = bare_project.call("manage", "environment", "DATABASE_URL", "REDIS_URL", **named)
    assert (code, words) == (0, "".join(f"{name}={url}\n" for name, url in named.items()))
    assert not (bare_project.var / "servers.lock").exists()


def test_the_variables_of_another_postgresql_do_not_leak_in(any_project: Project) -> None:
    assert any_project.call("manage", "sql", "select 1", PGPORT="1", PGSSLMODE="require") == (0, "1\n")


def test_a_pid_file_that_names_somebody_else_is_stale(any_project: Project) -> None:
    any_project.call("manage", "sql", "select 1")
    pid_file = any_project.var / "postgres/data/postmaster.pid"
    owner = pid_file.parent.stat()
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid if IS_ROOT else None)
    try:
        pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        assert any_project.call("manage", "sql", "select 1") == (0, "1\n")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_servers_that_nobody_recorded_are_replaced(any_project: Project) -> None:
    killed = any_project.start("manage", "wait")
    read_until(killed, "waiting")
    killed.kill()
    killed.communicate()
    (any_project.var / "servers.json").unlink()
    code, words = any_project.call("manage", "sql", "select 1")
    assert (code, words.splitlines()[-1]) == (0, "1")
    assert "killed predecessor" in words
    wait_for(lambda: not running_from(any_project.folder / ".venv"), what="no server is left")


def test_data_of_another_major_version_is_refused_with_the_way_out(any_project: Project) -> None:
    (any_project.var / "postgres/data/PG_VERSION").write_text("15\n")
    code, words = any_project.call("manage", "sql", "select 1")
    assert code == 1
    assert "PostgreSQL 15" in words and "PostgreSQL 16" in words and "mv " in words
    assert "Traceback" not in words
    assert running_from(any_project.folder) == []


def test_a_database_cut_short_while_it_was_made_is_made_again(any_project: Project) -> None:
    data = any_project.var / "postgres/data"
    data.rename(data.with_name("data.draft"))
    (data.with_name("data.draft") / "PG_VERSION").unlink()
    assert any_project.call("manage", "sql", "select 1") == (0, "1\n")


def test_a_folder_of_another_user_is_refused_in_words(open_folder: Path, wheels: Path) -> None:
    if not IS_ROOT:
        pytest.skip("needs root")
    project = make_project(open_folder, wheels, user="nobody")
    (open_folder / "var").mkdir(mode=0o700)
    code, words = project.call("manage", "age_grade")
    assert code == 1
    assert "belongs to root" in words and "Traceback" not in words


def test_root_leaves_a_closed_parent_folder_closed(tmp_path: Path, wheels: Path) -> None:
    if not IS_ROOT:
        pytest.skip("needs root")
    closed = tmp_path / "closed"
    (closed / "project").mkdir(parents=True)
    closed.chmod(0o700)
    project = make_project(closed / "project", wheels)
    outside = Path("/var/tmp") / f"agegrade-{dev.hashlib.sha256(str(project.folder).encode()).hexdigest()[:12]}"
    try:
        assert project.call("manage", "sql", "create table kept (a int)") == (0, "")
        assert project.call("manage", "sql", "select count(*) from kept") == (0, "0\n")
        assert (outside / "postgres/data/PG_VERSION").exists()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert running_from(outside) == []

        shutil.rmtree(project.var)
        code, words = project.call("manage", "sql", "select to_regclass('kept') is null")
        assert (code, words.splitlines()[-1]) == (0, "t")
        assert "earlier var/" in words
    finally:
        shutil.rmtree(outside)


def test_a_folder_that_somebody_else_put_in_var_tmp_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(dev.Trouble, match="belongs to somebody else"):
        (tmp_path / "link").symlink_to(tmp_path)
        dev._outside(tmp_path / "link")
