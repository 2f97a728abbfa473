"""Rows of plain values as files that a spreadsheet or a program reads.

A file is made whole before its first byte is sent, on disk where it is long: the rows are read as fast as the database
gives them, and a reader who is slow to take them holds no connection to it. What fails while it is made is an error and
no file that ends in the middle.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from django.db import connections
from django.http import JsonResponse, StreamingHttpResponse

#: a spreadsheet takes a cell that begins so for a formula, and names of runs come from anywhere
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: a difference in seconds or a gap to the winner may begin with a sign
_NUMBER: Final = re.compile(r"[+-]\d+([.,:]\d+)*")


_IN_MEMORY: Final = 2**20
_CHUNK: Final = 2**16


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


class Sent:
    """A file on its way to whoever asked: before its first byte the connections to the database are let go."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close()
        while chunk := self._file.read(_CHUNK):
            yield chunk

    def close(self) -> None:
        self._file.close()


def file_response(lines: Iterable[str], *, content_type: str) -> StreamingHttpResponse:
    """Text of any length, made here and now."""
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    for line in lines:
        spool.write(line.encode())
    size = spool.tell()
    spool.seek(0)
    response = StreamingHttpResponse(Sent(spool), content_type=content_type)
    response["Content-Length"] = str(size)
    return response


def csv_response(fields: Sequence[str], rows: Iterable[dict[str, Any]], *, name: str) -> StreamingHttpResponse:
    response = file_response(csv_lines(fields, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def json_response(rows: Iterable[dict[str, Any]]) -> StreamingHttpResponse:
    return file_response(json_lines(rows), content_type="application/json")


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
