"""What commands that take long share: a line that says how far they are, and a file or stdin to read from."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.management.base import OutputWrapper

from config.backup.database import Progress

SHOWN_EVERY_S = 0.2


def progress_to(stream: OutputWrapper) -> Progress:
    """Tells on a terminal, on one line; says nothing into a file or a pipe."""
    shown_at = 0.0

    def tell(words: str) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= SHOWN_EVERY_S:
            shown_at = time.monotonic()
            stream.write(f"\r\x1b[K{words}", ending="")
            stream.flush()

    return tell if stream.isatty() else lambda words: None


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdin.buffer
    else:
        with Path(path).open("rb") as file:
            yield file
