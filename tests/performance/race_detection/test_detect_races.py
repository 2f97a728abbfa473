"""Tables of runs in, tables of verdicts out: the CSV face and its command."""

import csv
import io
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from performance.race_detection.summaries import detect, read_rows
from tests.performance.race_detection.runner import FIRST_DAY, make_history

PROJECT = Path(__file__).parents[3]
HEADER = "row_id,athlete,start_date_local,sport_type,distance,moving_time,elapsed_time,average_heartrate,name"


def verdicts(text: str) -> list[dict[str, str]]:
    target = io.StringIO()
    detect(io.StringIO(text, newline=""), target)
    return list(csv.DictReader(io.StringIO(target.getvalue())))


def table_of(seed: int, athlete: str) -> tuple[list[str], set[str]]:
    runs, races = make_history(seed, years=1)
    lines = [
        f"{athlete}-{run.id},{athlete},{run.started_local},Run,{run.distance_m},{run.moving_s},{run.elapsed_s},{run.hr_avg},{run.name}"
        for run in runs
    ]
    return lines, {f"{athlete}-{race}" for race in races}


def test_each_row_gets_its_verdict_in_the_order_of_the_file() -> None:
    lines, races = table_of(1, "a1")
    found = verdicts("\n".join([HEADER, *lines]))
    assert list(found[0]) == ["row_id", "probability", "is_race", "official_distance_m", "reasons"]
    assert [row["row_id"] for row in found] == [line.split(",")[0] for line in lines]
    said = {row["row_id"] for row in found if row["is_race"] == "1"}
    assert len(said & races) >= 0.9 * len(races)
    assert all((float(row["probability"]) >= 0.5) == (row["is_race"] == "1") for row in found)
    race = next(row for row in found if row["row_id"] == "a1-12-race")
    assert race["official_distance_m"] == "10000.0"
    assert "Name contains “10K”" in race["reasons"]
    assert "; " in race["reasons"]


def test_athletes_are_judged_apart_even_when_their_rows_are_mixed() -> None:
    one, _ = table_of(1, "a1")
    two, _ = table_of(2, "a2")
    mixed = [line for pair in zip(one, two, strict=True) for line in pair]
    together = {row["row_id"]: row for row in verdicts("\n".join([HEADER, *mixed]))}
    apart = verdicts("\n".join([HEADER, *one])) + verdicts("\n".join([HEADER, *two]))
    assert [together[row["row_id"]] for row in apart] == apart


def test_the_same_table_gives_the_same_bytes() -> None:
    lines, _ = table_of(1, "a1")
    assert verdicts("\n".join([HEADER, *lines])) == verdicts("\n".join([HEADER, *lines]))


@pytest.mark.parametrize("column", HEADER.split(","))
@pytest.mark.parametrize("gone", [True, False], ids=["column missing", "column empty"])
def test_any_column_may_be_missing_or_empty(column: str, gone: bool) -> None:
    lines, _ = table_of(1, "a1")
    rows = list(csv.DictReader([HEADER, *lines]))
    kept = [name for name in HEADER.split(",") if name != column or not gone]
    body = [",".join("" if name == column else row[name] for name in kept) for row in rows]
    found = verdicts("\n".join([",".join(kept), *body]))
    assert len(found) == len(rows)
    assert not any("Could not be read" in row["reasons"] for row in found)
    if column != "row_id":
        assert [row["row_id"] for row in found] == [row["row_id"] for row in rows]


def test_a_workout_type_of_one_is_nearly_certain() -> None:
    found = verdicts("row_id,distance,workout_type\n1,9000,1\n2,9000,3\n3,9000,0\n4,9000,\n5,9000,11\n")
    assert float(found[0]["probability"]) > 0.97
    assert [row["is_race"] for row in found] == ["1", "0", "0", "0", "0"]
    assert float(found[1]["probability"]) < float(found[2]["probability"]) == float(found[4]["probability"])


def test_a_reduced_name_is_read_where_there_is_no_raw_one() -> None:
    found = verdicts(
        "row_id,distance,name,name_tokens\n1,21200,,* half marathon 20XX\n2,21200,Evening Run,* half marathon 20XX\n"
    )
    assert found[0]["is_race"] == "1"
    assert found[1]["is_race"] == "0"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("x,2024-01-01T10:00:00,ten,race", "distance “ten” is no number"),
        ("x,yesterday,10000,race", "start_date_local “yesterday” is no date and time"),
        ("x,2024-01-01T10:00:00", "2 values too few"),
        ("x,2024-01-01T10:00:00,10000,race,more", "1 values too many"),
        ('x,2024-01-01T10:00:00,"10000,race', "1 values too few"),
    ],
)
def test_a_bad_row_costs_itself_only_and_says_why(row: str, what: str) -> None:
    good = "g{},2024-01-0{}T10:00:00,10000,Ely race"
    text = "\n".join(["row_id,start_date_local,distance,name", good.format(1, 1), row, good.format(2, 2)]) + "\n"
    first, bad, last = verdicts(text)
    assert (bad["row_id"], float(bad["probability"]), bad["is_race"]) == ("x", 0.0, "0")
    assert bad["reasons"] == f"Could not be read: {what}"
    assert first["is_race"] == last["is_race"] == "1"


def test_a_title_may_hold_quotes_commas_and_line_breaks() -> None:
    found = verdicts('row_id,distance,name\n1,10000,"Ely, ""the"" race\nand more"\n2,10000,Ely race\n')
    assert [row["is_race"] for row in found] == ["1", "1"]


def test_a_byte_order_mark_nul_bytes_and_blank_lines_are_passed_over() -> None:
    found = verdicts("\ufeffrow_id,distance,name\r\n1,10000,Ely\0 race\r\n\r\n2,10000,x\r\n")
    assert [row["row_id"] for row in found] == ["1", "2"]


@pytest.mark.parametrize("text", ["", "\n", HEADER, HEADER + "\n"])
def test_a_table_without_runs_gives_a_table_without_verdicts(text: str) -> None:
    assert verdicts(text) == []


def test_infinite_and_absurd_numbers_count_as_missing() -> None:
    rows = list(read_rows(io.StringIO("row_id,distance,moving_time\n1,inf,nan\n2,1e400,5\n")))
    assert [row.run and row.run.distance_m for row in rows] == [None, None]


def test_rows_are_judged_at_a_rate_of_twenty_thousand_a_minute_and_far_faster() -> None:
    lines = [
        f"{n},a{n % 8},{FIRST_DAY + timedelta(hours=5 * n)},Run,{5_000 + n % 9_000},{1_800 + n % 3_000},{1_900 + n % 3_000},150,Run {n}"
        for n in range(5_000)
    ]
    target = io.StringIO()
    start = time.process_time()
    assert detect([HEADER, *lines], target) == 5_000
    assert time.process_time() - start < 15 / 4


def command(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command as on a machine where nothing is set up: no variable but the search path."""
    bare = {"PATH": os.environ.get("PATH", ""), "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    return subprocess.run(
        [sys.executable, "manage.py", "detect_races", *arguments],
        cwd=PROJECT,
        env=bare,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_the_command_needs_no_database_and_writes_the_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"row_id,distance,name\n1,10000,Ely 10K race\n2,9000,\xff\xfe easy\n")
    done = command(str(source), str(target))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    assert [row["is_race"] for row in rows] == ["1", "0"]


def test_the_command_reads_and_writes_pipes() -> None:
    done = command("-", "-", stdin="row_id,distance,name\n1,21200,Göteborgsvarvet\n".encode())
    assert done.returncode == 0, done.stderr
    assert "“Göteborgsvarvet”" in done.stdout.decode()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv"):
        call_command("detect_races", str(tmp_path / "none.csv"), str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()
