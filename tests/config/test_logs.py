import json
import subprocess
import sys

from config.environment import PROJECT

SAY = """
import django; django.setup()
import logging, structlog
structlog.contextvars.bind_contextvars(request_id="r-1")
structlog.get_logger("agegrade.try").info("activity stored", activity_id=7)
logging.getLogger("somebody.else").warning("their %s", "line")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("agegrade.try").exception("it broke")
"""


def lines(log_format: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=PROJECT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": log_format},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stderr.splitlines()


def test_json_is_one_object_a_line_for_ours_and_for_others():
    ours, theirs, broken = map(json.loads, lines("json"))
    assert (ours["event"], ours["activity_id"], ours["request_id"]) == ("activity stored", 7, "r-1")
    assert theirs["event"] == "their line"
    assert theirs["level"] == "warning"
    assert broken["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_text_is_for_people():
    first = lines("text")[0]
    assert "activity stored" in first
    assert "activity_id=7" in first
    assert "\x1b" not in first
