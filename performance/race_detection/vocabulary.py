"""The words of vocabulary.toml, ready for look-up. Read once, when the package is imported."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from performance.race_detection.distances import HALF_MARATHON_M, MARATHON_M, MILE_M

FILE = Path(__file__).with_name("vocabulary.toml")
LETTERS_WITHOUT_BASE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
DISTANCE_OF_WORDS = {"half_marathon": HALF_MARATHON_M, "marathon": MARATHON_M, "mile": MILE_M}
LONGEST_PHRASE = 4


def fold(text: str) -> str:
    """Lower case, full-width forms narrowed, Latin accents dropped; other scripts keep every mark."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(LETTERS_WITHOUT_BASE)
    return "".join(_base(letter) for letter in folded)


def _base(letter: str) -> str:
    if letter < "\x80":
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


@dataclass(frozen=True)
class Vocabulary:
    """Each table maps a folded word or phrase to what it is worth there; `unspaced` finds words in unspaced text."""

    event: dict[str, float]
    event_endings: tuple[str, ...]
    event_ending_strength: float
    never_event: frozenset[str]
    distance_m: dict[str, float]
    training: dict[str, float]
    result: frozenset[str]
    rough: frozenset[str]
    innocent: frozenset[str]
    elsewhere_before: frozenset[str]
    elsewhere_after: frozenset[str]
    automatic: frozenset[str]
    automatic_ending: tuple[tuple[str, ...], ...]
    phrases: frozenset[str]
    phrase_starts: frozenset[str]
    unspaced: re.Pattern[str]


@cache
def vocabulary() -> Vocabulary:
    with FILE.open("rb") as file:
        tables = tomllib.load(file)
    event = {word: rank["strength"] for rank in reversed(list(tables["event"].values())) for word in _words(rank)}
    borrowed = frozenset(_words(tables["borrowed"]))
    training = {word: 0.5 if word in borrowed else 1.0 for word in _words(tables["training"])}
    distance_m = {fold(w): DISTANCE_OF_WORDS[which] for which, words in tables["distance"].items() for w in words}
    result = frozenset(_words(tables["result"]))
    innocent = frozenset(_words(tables["innocent"]))
    automatic = frozenset(_words(tables["automatic"]))
    endings = sorted((tuple(words.split()) for words in _words(tables["automatic_ending"])), key=len, reverse=True)
    known = {*event, *training, *distance_m, *result, *innocent, *automatic}
    phrases = frozenset(word for word in known if " " in word)
    cjk = sorted((word for word in known if UNSPACED.search(word)), key=len, reverse=True)
    return Vocabulary(
        event=event,
        event_endings=tuple(tables["event_endings"]["endings"]),
        event_ending_strength=tables["event_endings"]["strength"],
        never_event=frozenset(tables["event_endings"]["never"]),
        distance_m=distance_m,
        training=training,
        result=result,
        rough=frozenset(_words(tables["rough"])),
        innocent=innocent,
        elsewhere_before=frozenset(map(fold, tables["elsewhere"]["before"])),
        elsewhere_after=frozenset(map(fold, tables["elsewhere"]["after"])),
        automatic=automatic,
        automatic_ending=tuple(endings),
        phrases=phrases,
        phrase_starts=frozenset(phrase.split()[0] for phrase in phrases),
        unspaced=re.compile("|".join(map(re.escape, cjk))),
    )


def _words(table: dict[str, Any]) -> Iterator[str]:
    """Every word of a table's lists, folded; numbers such as a strength are passed over."""
    return (fold(word) for words in table.values() if isinstance(words, list) for word in words)
