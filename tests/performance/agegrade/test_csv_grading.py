import csv
import io
import os
import tracemalloc
from pathlib import Path

import pytest

from performance.agegrade import Refused, age_grade
from performance.agegrade.csv_grading import OUTPUT_COLUMNS, NotATable, grade_csv, grade_file

HEADER = "edition,surface,sex,age,distance_m,event,time_s"


def graded(text, **keywords):
    out = io.StringIO(newline="")
    report = grade_csv(io.StringIO(text, newline=""), out, **keywords)
    return report, out.getvalue()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(graded(text)[1], newline="")))


def test_a_row_comes_out_with_its_grade_behind_it():
    (row,) = rows_of(f"{HEADER}\nroad-2025,road,F,57,10000,,2520\n")
    result = age_grade(time_s=2520, age=57, sex="F", distance_m=10_000)
    assert float(row["open_standard_s"]) == 1726
    assert float(row["age_factor"]) == 0.8126
    assert float(row["age_standard_s"]) == result.age_standard_s
    assert float(row["age_grade_pct"]) == result.age_grade_pct
    assert (row["interpolated"], row["clamped"], row["refusal"]) == ("0", "0", "")


def test_the_other_conventions_are_printed_to_their_digit():
    text = f"{HEADER},convention\n,,M,32,,5km,1051,calculator\n,,M,60,,,1500,parkrun\n,,M,25,5000,,769,whole-second\n"
    calculator, parkrun, whole = rows_of(text)
    assert (calculator["age_standard_s"], calculator["age_grade_pct"]) == ("771.7", "73.43")
    assert (
        parkrun["age_grade_pct"] == f"{age_grade(time_s=1500, age=60, sex='M', convention='parkrun').age_grade_pct:.2f}"
    )
    assert (whole["age_standard_s"], whole["age_grade_pct"]) == ("769", "100.00")


def test_blank_edition_surface_and_convention_mean_the_defaults():
    rows = rows_of(
        f"{HEADER},convention\n,,M,50,10000,,2520,\n,track,M,50,10000,,2520,\n,walk,M,50,10000,,3520,\n,,M,50,,3000mSC,700,\n"
    )
    assert [row["open_standard_s"] for row in rows] == ["1584", "1571", "2231", "473.63"]


def test_flags_tell_what_was_interpolated_and_clamped():
    rows = rows_of(f"{HEADER}\n,,M,50,9000,,2520\n,,M,3,10000,,4520\n,,M,45.5,10000,,2520\n")
    assert [(row["interpolated"], row["clamped"]) for row in rows] == [("1", "0"), ("0", "1"), ("0", "0")]


def test_other_columns_pass_through_untouched_and_in_order():
    text = 'name,time_s,"club, town",age,sex,distance_m,bib\n"O\'Neill, Ada",2520," Øst ""A""",57,F,10000,007\n'
    _, out = graded(text)
    header, row = list(csv.reader(io.StringIO(out)))
    assert header == ["name", "time_s", "club, town", "age", "sex", "distance_m", "bib", *OUTPUT_COLUMNS]
    assert row[:7] == ["O'Neill, Ada", "2520", ' Øst "A"', "57", "F", "10000", "007"]


def test_two_columns_of_one_name_pass_through_if_they_are_not_ours():
    _, out = graded("note,note,sex,age,time_s,event\na,b,F,57,2520,10km\n")
    assert out.splitlines()[1].startswith("a,b,F,57,2520,10km,1726,")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",,F,,10000,,2520", "age_missing"),
        (",,F,fifty,10000,,2520", "age_missing"),
        (",,F,nan,10000,,2520", "age_missing"),
        (",,F,0,10000,,2520", "age_out_of_range"),
        (",,F,-3,10000,,2520", "age_out_of_range"),
        (",,F,121,10000,,2520", "age_out_of_range"),
        (",,F,1e999,10000,,2520", "age_out_of_range"),
        (",,,57,10000,,2520", "sex_missing"),
        (",,X,57,10000,,2520", "sex_missing"),
        (",,F,57,300000,,2520", "distance_out_of_range"),
        (",,F,57,ten,,2520", "distance_out_of_range"),
        (",,F,57,0,,2520", "distance_out_of_range"),
        (",,F,57,10000,half,2520", "distance_conflict"),
        (",,F,57,,javelin,2520", "event_unknown"),
        (",,F,57,,,2520", "event_unknown"),
        ("road-1066,,F,57,10000,,2520", "edition_unknown"),
        ("road-2025,track,F,57,10000,,2520", "surface_not_in_edition"),
        ("wma-2014-5yr,track,F,57,10000,,2520", "no_open_standard"),
        (",,F,57,10000,,", "time_invalid"),
        (",,F,57,10000,,0", "time_invalid"),
        (",,F,57,10000,,-5", "time_invalid"),
        (",,F,57,10000,,inf", "time_invalid"),
        (",,F,57,10000,,2_520", "time_invalid"),
        (",,F,57,10000,,42:00", "time_invalid"),
    ],
)
def test_a_bad_row_gets_its_refusal_and_stops_nothing(row, code):
    good = ",,F,57,10000,,2520"
    first, bad, last = rows_of(f"{HEADER}\n{good}\n{row}\n{good}\n")
    assert first["refusal"] == last["refusal"] == ""
    assert bad["refusal"] == code
    assert bad["age_grade_pct"] == bad["age_standard_s"] == ""


def test_the_factor_is_written_where_only_the_open_standard_is_missing():
    (row,) = rows_of(f"{HEADER}\nwma-2014-5yr,track,M,52,,100m,13\n")
    assert (row["age_factor"], row["refusal"], row["open_standard_s"]) == ("0.8996", "no_open_standard", "")


def test_rows_of_the_wrong_width_keep_what_they_have():
    text = "sex,age,time_s,event,club\nF,57,2520,10km\nF,57,2520,10km,Ayr,surplus\nF,57,2520,10km,Ayr,,\n"
    _, out = graded(text)
    short, long, padded = out.splitlines()[1:]
    assert short.startswith("F,57,2520,10km,,1726,")
    assert long == "F,57,2520,10km,Ayr,,,,,,,row_malformed,surplus"
    assert padded.startswith("F,57,2520,10km,Ayr,1726,")


def test_a_quote_that_is_never_closed_costs_its_own_row_only():
    many = "".join(f"F,57,{2500 + i},10km,n{i}\n" for i in range(300))
    report, out = graded(f'sex,age,time_s,event,name\nF,57,2520,10km,"Ada\n{many}F,57,2520,10km,"Eve\n')
    lines = out.splitlines()
    assert len(lines) == 1 + 302
    assert report.graded == 300
    assert report.refusals == {"row_malformed": 2}


def test_a_cell_may_hold_line_breaks():
    (row,) = rows_of('sex,age,time_s,event,note\nF,57,2520,10km,"first\nsecond"\n')
    assert row["note"] == "first\nsecond"
    assert row["refusal"] == ""


def test_blank_lines_are_not_rows():
    report, out = graded("\n\nsex,age,time_s,event\n\nF,57,2520,10km\n\n\n")
    assert report.rows == 1
    assert len(out.splitlines()) == 2


def test_semicolons_and_decimal_commas_are_understood():
    _, out = graded("Sex; Age ;time_s;distance_m\r\nF;57,5;2520,5;10000\r\n")
    header, row = out.split("\r\n")[:2]
    assert header == ";".join(["Sex; Age ;time_s;distance_m", *OUTPUT_COLUMNS])
    result = age_grade(time_s=2520.5, age=57.5, sex="F", distance_m=10_000)
    assert (
        row == f"F;57,5;2520,5;10000;1726;{result.age_factor!r};{result.age_standard_s!r};{result.age_grade_pct!r};0;0;"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("sex,age,distance_m\nF,57,10000\n", "time_s"),
        ("sex,age,time_s\nF,57,2520\n", "distance_m or event"),
        ("sex,age,Age,time_s,event\nF,57,58,2520,10km\n", "more than one column age"),
        ('"sex,age\n', "quote"),
        ("s\0e\0x\0\n", "UTF-8"),
        ("x" * 2_000_000, "million"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_plain_words(text, words):
    with pytest.raises(NotATable, match=words):
        graded(text)


def test_a_file_that_was_graded_before_is_graded_again_behind_what_it_holds():
    first = graded("sex,age,time_s,event\nF,57,2520,10km\n")[1]
    again = graded(first)[1]
    assert again.splitlines()[0] == ",".join(["sex,age,time_s,event", *OUTPUT_COLUMNS, *OUTPUT_COLUMNS])
    assert again.splitlines()[1].startswith(first.splitlines()[1] + ",1726,")


def test_the_report_counts():
    seen = []
    rows = "".join(f"F,{57 if i % 10 else ''},2520,10km\n" for i in range(10_000))
    report, _ = graded(f"sex,age,time_s,event\n{rows}", progress=seen.append)
    assert (report.rows, report.graded, report.refusals) == (10_000, 9_000, {"age_missing": 1_000})
    assert seen[-1] == 10_000
    assert seen == sorted(seen)


def test_every_cell_of_a_mixed_file_is_what_age_grade_says():
    lines = [f"{HEADER},convention"]
    for number in range(600):
        edition = ("", "road-2010", "road-2015", "wava-1994")[number % 4]
        convention = ("", "exact", "calculator", "whole-second")[number // 4 % 4]
        age = 20 + number % 61 + (number % 5) / 5
        lines.append(
            f"{edition},,{'MF'[number % 2]},{age},{5000 + 613 * (number % 50)},,{1100 + 37 * number},{convention}"
        )
    for row in rows_of("\n".join(lines) + "\n"):
        asked = {name: row[name] for name in ("edition", "surface", "sex")}
        asked |= {
            "age": float(row["age"]),
            "distance_m": float(row["distance_m"]),
            "convention": row["convention"] or "exact",
        }
        result = age_grade(time_s=float(row["time_s"]), **asked)
        assert float(row["age_standard_s"]) == result.age_standard_s
        assert float(row["age_grade_pct"]) == result.age_grade_pct
        assert float(row["age_factor"]) == result.age_factor


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_with_a_byte_order_mark_and_foreign_bytes_goes_through(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"\xef\xbb\xbfsex,age,time_s,event,name\r\nF,57,2520,10km,Andr\xe9\r\n")
    report = grade_file(str(source), str(target))
    assert report.graded == 1
    assert target.read_bytes().startswith(b"sex,age,time_s,event,name,open_standard_s,")
    assert b",Andr\xe9,1726," in target.read_bytes()


def test_a_failure_leaves_the_old_output_and_no_litter(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("nothing,here\n1,2\n")
    target.write_text("before")
    with pytest.raises(NotATable):
        grade_file(str(source), str(target))
    assert target.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_the_input_is_not_overwritten(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("sex,age,time_s,event\nF,57,2520,10km\n")
    with pytest.raises(NotATable, match="same file"):
        grade_file(str(source), str(tmp_path / "." / "in.csv"))
    assert source.read_text().startswith("sex,age")


def test_memory_does_not_grow_with_the_file():
    class Rows(io.TextIOBase):
        def __init__(self, rows):
            self.left = rows

        def readline(self, size=-1):
            self.left -= 1
            return "sex,age,time_s,event\n" if self.left == self.rows else "F,57,2520,10km\n" if self.left >= 0 else ""

    def peak(rows):
        lines = Rows(rows + 1)
        lines.rows = rows
        with Path(os.devnull).open("w", newline="") as nowhere:
            tracemalloc.start()
            grade_csv(lines, nowhere)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(100)
    assert peak(12_000) < 1.2 * peak(5_000)


def test_a_refusal_has_a_code_and_a_sentence():
    with pytest.raises(Refused) as refused:
        age_grade(time_s=2520, age=None, sex="F", event="10km")
    assert (refused.value.code, str(refused.value)) == ("age_missing", refused.value.sentence)
