"""Rows of plain values as files that a spreadsheet or a program reads. Sent as they are made, whatever their number."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.http import JsonResponse, StreamingHttpResponse

#: a spreadsheet takes a cell that begins so for a formula, and names of runs come from anywhere
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: a difference in seconds or a gap to the winner may begin with a sign
_NUMBER: Final = re.compile(r"[+-]\d+([.,:]\d+)*")


class _Echo:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(fields: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A header and a line a row; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield writer.writerow(fields)
    for row in rows:
        yield writer.writerow([_cell(row[field]) for field in fields])


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One list, a row a line."""
    start = "[\n"
    for row in rows:
        yield start + json.dumps(row, ensure_ascii=False, allow_nan=False)
        start = ",\n"
    yield "\n]\n" if start != "[\n" else "[]\n"


def csv_response(fields: Sequence[str], rows: Iterable[dict[str, Any]], *, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(csv_lines(fields, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def json_response(rows: Iterable[dict[str, Any]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(json_lines(rows), content_type="application/json")


def json_error(status: int, title: str, detail: str) -> JsonResponse:
    """An error as config/errors.py words it, for programs."""
    return JsonResponse({"error": {"status": status, "title": title, "detail": detail}}, status=status)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe in front of what begins like one and is no number."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return "" if value is None else value
