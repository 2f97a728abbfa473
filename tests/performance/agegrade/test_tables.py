"""The shipped files: complete, what they were copied from, and read by nobody else."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from performance.agegrade import EDITIONS
from performance.agegrade.editions import TABLES

ROOT = Path(__file__).resolve().parents[3]


def rows_in(name):
    with (TABLES / name).open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_edition_has_as_many_factors_as_its_record_says():
    for row in rows_in("editions.csv"):
        factors = rows_in(f"factors_{row['edition']}.csv")
        assert len(factors) == int(row["rows_factor"])
        assert {factor["edition"] for factor in factors} == {row["edition"]}


def test_every_column_has_a_standard_row_and_the_other_way_round():
    for edition in EDITIONS:
        keys = [
            {(row["surface"], row["sex"], row["event"]) for row in rows_in(f"{kind}_{edition}.csv")}
            for kind in ("factors", "standards")
        ]
        assert keys[0] == keys[1]


def test_championship_distances_begin_with_the_open_or_the_youth_race():
    columns = {(row["edition"], row["sex"], row["event"]) for row in rows_in("championship_distances.csv")}
    named = {
        (edition, row["sex"], row["event"])
        for edition in ("wma-2006", "wma-2023")
        for row in rows_in(f"standards_{edition}.csv")
        if row["event"] in ("short_hurdles", "long_hurdles", "steeplechase")
    }
    assert columns == named


@pytest.mark.skipif(not os.environ.get("EXTRA_DATA"), reason="EXTRA_DATA is not set")
def test_the_tables_are_the_collected_ones():
    collected = Path(os.environ["EXTRA_DATA"]) / "agegrade"
    for source in collected.glob("*.csv"):
        assert (TABLES / source.name).read_bytes() == source.read_bytes(), source.name


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_package_knows_no_django_and_one_grade_needs_no_numpy():
    loaded = run(
        "import sys\n"
        "from performance import agegrade\n"
        "agegrade.age_grade(time_s=2520, age=57, sex='F', event='10km')\n"
        "print(sorted({'django', 'numpy'} & set(sys.modules)))"
    )
    assert loaded == "[]"


def test_only_the_edition_asked_for_is_read():
    opened = run(
        "import sys\n"
        "from performance import agegrade\n"
        "files = []\n"
        "sys.addaudithook(lambda event, args: files.append(str(args[0])) if event == 'open' else None)\n"
        "agegrade.age_grade(time_s=2520, age=57, sex='F', event='10km')\n"
        "print(sorted({name.rsplit('/', 1)[-1] for name in files if 'factors_' in name}))"
    )
    assert opened == "['factors_road-2025.csv']"
