"""A pytest plugin: what did not run, and why, is the last thing said. With REQUIRE=browser,timescale that fails it."""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

DESELECTED = "left out by the arguments given"
STOPPED = "the run was stopped before"


class NotRun:
    def __init__(self, required: set[str]) -> None:
        self._required = required
        self._reasons: Counter[str] = Counter()
        self._finished: set[str] = set()
        self._missed: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._reasons[f"{reason_of(report)} (the whole of {report.nodeid})"] += 1

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._reasons[DESELECTED] += len(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._finished.add(report.nodeid)
        if report.skipped and not hasattr(report, "wasxfail"):
            self._reasons[reason_of(report)] += 1
            self._missed |= self._required & set(report.keywords)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not session.config.option.collectonly:
            self._reasons[STOPPED] += len({item.nodeid for item in session.items} - self._finished)
        if self._missed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("not run")
        reasons = [(reason, count) for reason, count in self._reasons.most_common() if count]
        for reason, count in reasons:
            terminalreporter.line(f"Not run: {count} {'test' if count == 1 else 'tests'}, {reason}")
        if not reasons:
            terminalreporter.line("Everything ran.")
        for name in sorted(self._missed):
            terminalreporter.line(f"REQUIRE asks for {name}: these tests must run, so this is a failure.", red=True)


def reason_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")


def pytest_configure(config: pytest.Config) -> None:
    required = {name.strip() for name in os.environ.get("REQUIRE", "").split(",")} - {""}
    config.pluginmanager.register(NotRun(required), "not-run")
