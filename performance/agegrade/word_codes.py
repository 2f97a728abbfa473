"""A column of words as small numbers: code i stands for the i-th distinct word.

NumPy finds distinct strings by sorting them, which costs more than all else in grading a row. Here the characters of a
block of rows are packed into machine words, a multiplication sends them to the slots of a small table, and each row is
compared with the one that stands for its slot: exact, and some ten times as fast. Words beyond Latin-1, and tables that
will not come out even, take the slow way through a dict.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]

_BLOCK = 8192
_SLOTS = 4096
_SHIFT = np.uint64(64 - 12)
_LATIN_1 = 255
#: odd numbers without a pattern; one after the other until no two words share a slot
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F],
    dtype=np.uint64,
)


def word_codes(words: Any) -> tuple[list[str], Codes | None]:
    """The distinct words and a code for every row; no codes where one word (or None) stands for all rows."""
    if words is None:
        return [""], None
    if isinstance(words, str):
        return [words], None
    if isinstance(words, np.ndarray) and words.ndim == 0:
        return [str(words)], None
    if isinstance(words, np.ndarray):
        coded = _of_array(words) if words.dtype.kind == "U" and words.dtype.itemsize else None
        return coded or _of_objects(words.tolist())
    return _of_objects(words)


def _of_objects(words: Sequence[Any]) -> tuple[list[str], Codes]:
    known: dict[Any, int] = {}
    codes = np.fromiter((known.setdefault(word, len(known)) for word in words), dtype=np.intp)
    return ["" if word is None else word.decode() if isinstance(word, bytes) else str(word) for word in known], codes


def _of_array(words: NDArray[np.str_]) -> tuple[list[str], Codes] | None:
    words = np.ascontiguousarray(words, dtype=words.dtype.newbyteorder("="))
    characters = words.view(np.uint32).reshape(len(words), words.dtype.itemsize // 4)
    codes = np.empty(len(words), dtype=np.intp)
    known: dict[str, int] = {}
    for start in range(0, len(words), _BLOCK):
        block = characters[start : start + _BLOCK]
        if block.max() > _LATIN_1:
            return None
        found = _distinct(_packed(block.astype(np.uint8)))
        if found is None:
            return None
        rows, place = found
        ours = [known.setdefault(str(words[start + row]), len(known)) for row in rows.tolist()]
        codes[start : start + _BLOCK] = np.array(ours, dtype=np.intp)[place]
    return list(known), codes


def _packed(letters: NDArray[np.uint8]) -> list[NDArray[np.unsignedinteger[Any]]]:
    """The bytes of every row as numbers of eight, four, two or one; the last one may reach back into the one before."""
    rows, width = letters.shape
    size = max(size for size in (1, 2, 4, 8) if size <= width)
    offsets = [*range(0, width - size, size), width - size]
    return [np.ndarray(rows, f"u{size}", letters, offset, (width,)).copy() for offset in offsets]


def _distinct(numbers: list[NDArray[np.unsignedinteger[Any]]]) -> tuple[Codes, Codes] | None:
    """A row for each distinct tuple of numbers, and for every row the place of its own among those."""
    order = np.arange(len(numbers[0]))
    for turn in range(len(_MULTIPLIERS)):
        mixed = np.zeros(len(order), dtype=np.uint64)
        for number in numbers:
            mixed = (mixed ^ number) * _MULTIPLIERS[turn]
        slots = (mixed >> _SHIFT).astype(np.intp)
        row_of = np.full(_SLOTS, -1, dtype=np.intp)
        row_of[slots] = order
        rows = row_of[slots]
        if all(np.array_equal(number[rows], number) for number in numbers):
            used = np.flatnonzero(row_of >= 0)
            row_of_used = row_of[used]
            row_of[used] = np.arange(len(used))
            return row_of_used, row_of[slots]
    return None
