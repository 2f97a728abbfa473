"""manage.py age_grade IN OUT: grade a CSV of results. Needs neither database nor Redis nor any setting."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from performance.agegrade.csv_grading import INPUT_COLUMNS, OUTPUT_COLUMNS, NotATable, Report, grade_file


class Command(BaseCommand):
    help = (
        "Grade the results of a CSV file. Columns read: "
        + ", ".join(INPUT_COLUMNS)
        + ". Columns added: "
        + ", ".join(OUTPUT_COLUMNS)
        + ". Other columns pass through. A blank edition, surface or convention means the default."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("input", help="the CSV file to read, or - for standard input")
        parser.add_argument("output", help="the CSV file to write, or - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        show = sys.stderr.isatty() and options["verbosity"] > 0
        try:
            report = grade_file(options["input"], options["output"], progress=_show if show else None)
        except NotATable as problem:
            raise CommandError(str(problem)) from problem
        except BrokenPipeError:
            # whoever read our output has enough; what is left in the buffer must not complain at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as problem:
            raise CommandError(f"{problem.filename or 'The file'}: {problem.strerror}") from problem
        if show:
            sys.stderr.write("\r")
        if options["verbosity"] > 0:
            sys.stderr.write(_told(report) + "\n")


def _show(rows: int) -> None:
    sys.stderr.write(f"\r{rows:,} rows")
    sys.stderr.flush()


def _told(report: Report) -> str:
    words = f"{report.rows:,} rows, {report.graded:,} graded"
    if report.refusals:
        reasons = ", ".join(f"{code} {number:,}" for code, number in report.refusals.most_common())
        words += f"; refused: {reasons}"
    return words
