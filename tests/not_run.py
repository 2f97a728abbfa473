"""A pytest plugin: what did not run, and why, is the last thing said. With REQUIRE=browser,timescale that fails it.

Where tests run side by side (pytest-xdist), each process tells the first one what it left out while collecting, and the
first one speaks for all of them.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

DESELECTED = "left out by the arguments given"
STOPPED = "the run was stopped before"


class NotRun:
    def __init__(self, required: set[str]) -> None:
        self._required = required
        self._reasons: Counter[str] = Counter()
        #: what was left out while collecting: every process collects the same
        self._uncollected: Counter[str] = Counter()
        self._collected: set[str] = set()
        self._finished: set[str] = set()
        self._missed: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._uncollected[f"{reason_of(report)} (the whole of {report.nodeid})"] += 1

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._uncollected[DESELECTED] += len(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._finished.add(report.nodeid)
        if report.skipped and not hasattr(report, "wasxfail"):
            self._reasons[reason_of(report)] += 1
            self._missed |= self._required & set(report.keywords)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._collected |= set(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        for reason, count in getattr(node, "workeroutput", {}).get("uncollected", {}).items():
            self._uncollected[reason] = max(self._uncollected[reason], count)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["uncollected"] = dict(self._uncollected)
        if not session.config.option.collectonly:
            collected = self._collected | {item.nodeid for item in session.items}
            self._reasons[STOPPED] += len(collected - self._finished)
        if self._missed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("not run")
        reasons = [(reason, count) for reason, count in (self._reasons + self._uncollected).most_common() if count]
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
