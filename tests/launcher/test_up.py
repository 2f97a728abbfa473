"""`dev.py up`: what it starts, says and writes, and how all of it ends."""

import http.client
import os
import signal
import socket
import time

import pytest

import dev
from tests.launcher.conftest import Project, read_until, running_from, stop, wait_for


def test_it_serves_says_ready_and_who_may_sign_in(project: Project, port: int) -> None:
    process = project.up(port)
    heard = read_until(process, "Sign in as operator")
    assert "ada@demo.invalid" in heard and "carl@demo.invalid" in heard and "olga@demo.invalid" in heard
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    line.request("GET", "/health/ready")
    assert line.getresponse().status == 200
    stop(process)
    assert process.returncode == 0


def test_run_json_tells_what_runs_to_its_owner_alone(any_project: Project, port: int) -> None:
    process = any_project.up(port, DEMO_PASSWORD="chosen")
    facts = any_project.run_file
    assert (any_project.var / "run.json").stat().st_mode & 0o777 == 0o600
    assert facts["url"] == f"http://127.0.0.1:{port}/"
    assert facts["database_url"].startswith("postgres://agegrade:") and facts["redis_url"].startswith("redis://:")
    assert {"dev", "web", "worker", "beat", "postgres", "valkey"} <= set(facts["pids"])
    assert all(dev.birth(pid) for pid in facts["pids"].values())
    assert [(account["role"], account["email"], account["password"]) for account in facts["accounts"]] == [
        ("athlete", "ada@demo.invalid", "chosen"),
        ("coach", "carl@demo.invalid", "chosen"),
        ("operator", "olga@demo.invalid", "chosen"),
    ]
    stop(process)
    assert not (any_project.var / "run.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_end_it_ends_all_of_it(any_project: Project, port: int, number: signal.Signals) -> None:
    process = any_project.up(port)
    pids = any_project.run_file["pids"].values()
    words = stop(process, number)
    assert process.returncode == 0
    assert "Stopping" in words and "Traceback" not in words
    assert not any(dev.birth(pid) for pid in pids)
    assert running_from(any_project.folder) == []


def test_the_demo_is_made_after_ready_and_its_password_kept(any_project: Project, port: int) -> None:
    first = any_project.up(port)
    read_until(first, "demo --seed 7 --years 3 --until ")
    accounts = any_project.run_file["accounts"]
    stop(first)
    second = any_project.up(port, "--no-demo")
    assert any_project.run_file["accounts"] == accounts
    assert "demo --seed" not in stop(second)


def test_whom_ready_names_is_there_by_then_and_is_named_again_when_the_demo_is_read(
    any_project: Project, port: int
) -> None:
    process = any_project.up(port)
    assert "demo --people" in log_of(any_project).partition("READY")[0]
    read_until(process, f"Agegrade runs at http://127.0.0.1:{port}/")
    assert "ada@demo.invalid" in read_until(process, "Sign in as operator")
    stop(process)


def test_a_demo_that_was_removed_stays_away(any_project: Project, port: int) -> None:
    stop(any_project.up(port))
    (any_project.folder / "demo_removed").touch()
    again = any_project.up(port)
    assert any_project.run_file["accounts"] == []
    words = stop(again)
    assert "Sign in as" not in words and "demo --seed" not in words


def test_without_a_demo_there_are_no_accounts_to_show(any_project: Project, port: int) -> None:
    process = any_project.up(port, "--no-demo")
    assert any_project.run_file["accounts"] == []
    assert "Sign in as" not in stop(process)


def test_the_log_keeps_what_the_terminal_showed(any_project: Project, port: int) -> None:
    process = any_project.up(port)
    read_until(process, "serving as worker") if "serving" not in log_of(any_project) else None
    stop(process)
    kept = log_of(any_project)
    assert f"READY http://127.0.0.1:{port}/" in kept
    assert "worker   | serving as worker" in kept and "beat     | serving as beat" in kept


def log_of(project: Project) -> str:
    return (project.var / "log/agegrade.log").read_text()


def test_a_second_instance_is_told_where_the_first_runs(any_project: Project, port: int) -> None:
    first = any_project.up(port)
    code, words = any_project.call("up", "--port", str(dev.free_port()))
    assert code == 1
    assert f"already runs from this folder: http://127.0.0.1:{port}/" in words and "Traceback" not in words
    assert first.poll() is None


def test_a_port_in_use_is_said_before_anything_starts(bare_project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        code, words = bare_project.call("up", "--port", str(number))
    assert code == 1
    assert f"Port {number} is in use" in words and "Traceback" not in words
    assert not (bare_project.var / "postgres").exists()


def test_after_a_killed_predecessor_nothing_runs_twice(any_project: Project, port: int) -> None:
    killed = any_project.up(port)
    before = any_project.run_file["pids"]
    killed.kill()
    killed.wait()
    assert dev.birth(before["web"]) and dev.birth(before["postgres"]), "a killed launcher cannot stop them"

    process = any_project.up(port)
    after = any_project.run_file["pids"]
    assert not any(dev.birth(before[name]) for name in ("web", "worker", "beat"))
    assert (after["postgres"], after["valkey"]) == (before["postgres"], before["valkey"]), "they were in order: kept"
    stop(process)
    assert not any(dev.birth(pid) for pid in after.values())
    assert running_from(any_project.folder) == []


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(any_project: Project, port: int) -> None:
    ours = os.getpid()
    record = f'{{"web": {{"name": "web", "pid": {ours}, "birth": "1", "url": ""}}}}'
    (any_project.var / "children.json").write_text(record)
    process = any_project.up(port)
    assert stop(process) and process.returncode == 0


def test_a_command_uses_the_servers_of_a_running_instance(any_project: Project, port: int) -> None:
    any_project.up(port)
    running = any_project.run_file
    words = any_project.call("manage", "environment", "DATABASE_URL", "REDIS_URL")[1]
    assert words == f"DATABASE_URL={running['database_url']}\nREDIS_URL={running['redis_url']}\n"
    assert all(dev.birth(pid) for pid in running["pids"].values())


def test_a_worker_that_dies_is_started_again(any_project: Project, port: int) -> None:
    process = any_project.up(port)
    os.kill(any_project.run_file["pids"]["worker"], signal.SIGKILL)
    read_until(process, "The worker ended unexpectedly with exit code -9; starting it again.")
    read_until(process, "serving as worker")


def test_a_worker_that_keeps_dying_ends_everything_with_a_word(any_project: Project, port: int) -> None:
    (any_project.folder / "celery.py").write_text("raise SystemExit('no module named sense')")
    process = any_project.start("up", "--port", str(port))
    words, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "no module named sense" in words and "ended 3 times within a minute (exit code 1)" in words
    assert "Traceback" not in words
    assert running_from(any_project.folder) == []


def test_a_lost_database_ends_everything_with_a_word(any_project: Project, port: int) -> None:
    process = any_project.up(port)
    os.kill(any_project.run_file["pids"]["postgres"], signal.SIGQUIT)
    words, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "postgres ended unexpectedly" in words and "Traceback" not in words
    assert running_from(any_project.folder) == []


def test_a_failing_migration_is_shown_and_nothing_is_left(any_project: Project, port: int) -> None:
    (any_project.folder / "manage.py").write_text("raise SystemExit('column is missing')")
    code, words = any_project.call("up", "--port", str(port))
    assert code == 1
    assert "column is missing" in words and "migrate failed with exit code 1" in words and "Traceback" not in words
    assert running_from(any_project.folder) == []


def test_a_child_that_ignores_the_request_to_stop_is_killed(any_project: Project, port: int) -> None:
    deaf = "import signal, time\nfor s in (signal.SIGTERM, signal.SIGQUIT): signal.signal(s, signal.SIG_IGN)\n"
    (any_project.folder / "celery.py").write_text(deaf + "print('deaf', flush=True)\ntime.sleep(100)")
    process = any_project.up(port)
    wait_for(lambda: log_of(any_project).count("| deaf") == 2, what="both are deaf")
    process.terminate()
    time.sleep(0.3)
    process.terminate()  # a second time: at once
    process.communicate(timeout=30)
    assert running_from(any_project.folder) == []
