"""The command as people run it: no database, no Redis, not one variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[3]
TABLE = "name,sex,age,time_s,event\nAda,F,57,2520,10km\nEve,F,,2520,10km\n"


def manage(*arguments, typed=None):
    return subprocess.run(
        [sys.executable, "manage.py", "age_grade", *arguments],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_file_is_graded_into_another(tmp_path):
    (tmp_path / "in.csv").write_text(TABLE)
    done = manage(str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    assert done.returncode == 0
    assert done.stdout == ""
    assert "2 rows, 1 graded; refused: age_missing 1" in done.stderr
    ada, eve = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert ada.startswith("Ada,F,57,2520,10km,1726,0.8126,")
    assert eve.endswith(",age_missing")


def test_standard_input_and_output_are_dashes():
    done = manage("-", "-", "--verbosity", "0", typed=TABLE)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("Ada,F,57,2520,10km,1726,")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("a,b\n1,2\n", "lacks sex, age, time_s, distance_m or event")]
)
def test_what_is_wrong_with_the_file_is_said_in_a_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / "in.csv").write_text(content)
    with pytest.raises(CommandError, match=words):
        call_command("age_grade", str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()
