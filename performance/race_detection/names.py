"""What a run's title tells: event words, training words, a distance, a year, a time, a place; or nothing.

A title is cut into items: words, phrases of the vocabulary, and figures with a meaning ("10k", "2024", "1:32:05",
"3rd", "6 x 800"). The same rules read a raw title and one already reduced to a closed vocabulary ("* half marathon
20XX"). A title is judged by itself here; that an athlete writes "race" on every second run is for the history to find
out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from performance.race_detection.distances import HALF_MARATHON_M, MARATHON_M, MILE_M, STANDARD_DISTANCES
from performance.race_detection.vocabulary import LONGEST_PHRASE, Vocabulary, fold, vocabulary

LONGEST_TITLE = 300
LONGEST_TOWN = 4
MEDALS = "🏅🥇🥈🥉🏆🎖🎉🎊🎗"
UNIT_M = {"km": 1000.0, "kms": 1000.0, "k": 1000.0, "キロ": 1000.0, "公里": 1000.0, "킬로": 1000.0, "m": 1.0}
FIGURES_OF_MARATHONS = {13.1: HALF_MARATHON_M, 21.1: HALF_MARATHON_M, 26.2: MARATHON_M, 42.2: MARATHON_M}
SHORTEST_IN_METRES = 400  # "3m" is three minutes or three miles, "200m" a repetition
STANDARD_M = frozenset(standard.metres for standard in STANDARD_DISTANCES)
WRITTEN_SHORT = (
    (re.compile(r"\bw\s*/\s*u\b"), "wu"),
    (re.compile(r"\bc\s*/\s*d\b"), "cd"),
    (re.compile(r"\bw/"), "with "),
    (re.compile(r"\b1[/⁄]2(?=\s*mar)"), "half "),
)
ITEM = re.compile(
    rf"""
      (?P<repeats>  \d+ \s* [x×] \s* \d+ | nxn )
    | (?P<time>     \d{{1,2}}:\d\d(?::\d\d)? (?!\s*[ap]m\b) | h:mm:ss | mm:ss
                  | \d{{1,2}}h\d\d(?:[:m'’]?\d\d)? | \d\d['’]\d\d )
    | (?P<ordinal>  第 \s* \d+ \s* [回届屆] | 제 \s* \d+ \s* 회 | \d+ \. (?=\s+[^\W\d_])
                  | \d+ (?:st|nd|rd|th|er?|eme|ere|te[rs]?|[oa]) (?![^\W_]) | nth \b )
    | (?P<distance> (?P<figure> \d+ (?:[.,]\d+)? ) \s* -?
                    (?P<unit> kms?|k|miles?|miler|mi|m|キロ|公里|킬로) (?![^\W\d_]) )
    | (?P<year>     (?<!\d) (?:19[5-9]\d|20\d\d) (?!\d) | 20xx | ['’]\d\d (?!\d) )
    | (?P<medal>    [{MEDALS}] | medal \b )
    | (?P<number>   \d+ (?:[.,]\d+)? | \# )
    | (?P<word>     [^\W\d_]+ )
    | (?P<mark>     [@/*] )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class NameReading:
    """What a title says. Strengths run from 0, no word of it, to 1; a parkrun is surer still, at 1.4.

    event: how surely its words name an organised event; `event_word` is the word that says so, as written.
    distances_m: distances it names, in metres; `distance_word` the first of them as written.
    finish_s: a time it states, in seconds; 0 when it states one that was masked; None without one.
    rough: it speaks of trails or mountains.
    words: its event words, for counting how often this athlete uses them; key: the title without figures, for the same.
    """

    known: bool = False
    automatic: bool = False
    event: float = 0.0
    event_word: str = ""
    distances_m: tuple[float, ...] = ()
    distance_word: str = ""
    training: float = 0.0
    training_word: str = ""
    year: bool = False
    finish_s: int | None = None
    ordinal: bool = False
    medal: bool = False
    result_word: str = ""
    rough: bool = False
    words: frozenset[str] = frozenset()
    key: str = ""

    @property
    def says_nothing(self) -> bool:
        return not (self.event or self.training or self.distances_m or self.result_word)


@dataclass(frozen=True)
class Item:
    sort: str
    text: str
    metres: float = 0.0


@lru_cache(maxsize=50_000)
def read_name(title: str, *, automatic: bool | None = None) -> NameReading:
    """Read a title, raw or reduced. automatic: whether a service wrote it, where that is known; None asks the words.

    An empty title is unknown, and so is one with neither words nor figures.
    """
    text = title[:LONGEST_TITLE]
    items = tuple(_items(text))
    if not items:
        return NameReading(known=automatic is True, automatic=automatic is True)
    if _is_automatic(items) if automatic is None else automatic:
        return NameReading(known=True, automatic=True)
    return _reading(text, items)


def distances_named(title: str) -> tuple[float, ...]:
    """The distances a title names, in metres."""
    return read_name(title).distances_m


def _items(title: str) -> Iterator[Item]:
    words = vocabulary()
    text = fold(title.replace("½", "half "))
    for pattern, meant in WRITTEN_SHORT:
        text = pattern.sub(meant, text)
    figures = re.split(r"(第\s*\d+\s*[回届屆]|제\s*\d+\s*회)", text)
    text = "".join(part if at % 2 else words.unspaced.sub(r" \g<0> ", part) for at, part in enumerate(figures))
    yield from _joined([_item(match) for match in ITEM.finditer(text)], words)


def _item(match: re.Match[str]) -> Item:
    sort = match.lastgroup or ""
    if match["distance"]:
        return Item("distance", match["distance"], _metres(match["figure"], match["unit"]))
    if match["number"]:
        figure = match["number"].replace(",", ".")
        metres = 0.0 if figure == "#" else FIGURES_OF_MARATHONS.get(float(figure), 0.0)
        return Item("distance" if metres else "number", match["number"], metres)
    return Item(sort, match[0])


def _metres(figure: str, unit: str) -> float:
    metres = float(figure.replace(",", ".")) * UNIT_M.get(unit, MILE_M)
    if unit == "m" and metres < SHORTEST_IN_METRES:
        return 0.0
    if not unit.startswith("mi") and abs(metres - HALF_MARATHON_M) <= 100:
        return HALF_MARATHON_M
    if not unit.startswith("mi") and abs(metres - MARATHON_M) <= 200:
        return MARATHON_M
    return metres


def _joined(items: list[Item], words: Vocabulary) -> Iterator[Item]:
    """The items with each longest run of words that is a phrase of the vocabulary made one item."""
    at = 0
    while at < len(items):
        sizes = range(LONGEST_PHRASE, 1, -1) if items[at].text in words.phrase_starts else ()
        size = next((n for n in sizes if _phrase(items[at : at + n], n) in words.phrases), 1)
        yield items[at] if size == 1 else Item("word", _phrase(items[at : at + size], size))
        at += size


def _phrase(items: list[Item], size: int) -> str:
    together = len(items) == size and all(item.sort in ("word", "number") for item in items)
    return " ".join(item.text for item in items) if together else ""


def _is_automatic(items: tuple[Item, ...]) -> bool:
    """Whether a watch or a service wrote it: "Lauf am Morgen", or a town and a sport, "Cambridge Running"."""
    words = vocabulary()
    if any(item.sort not in ("word", "mark") for item in items):
        return False
    texts = tuple(word for item in items for word in item.text.split())
    if all(item.sort == "word" and _is_automatic_word(item.text, words) for item in items):
        return True
    for ending in words.automatic_ending:
        town = texts[: -len(ending)]
        if texts[-len(ending) :] == ending and 0 < len(town) <= LONGEST_TOWN:
            return not any(_event_strength(word, words) or word in words.training for word in town)
    return False


def _is_automatic_word(text: str, words: Vocabulary) -> bool:
    return text in words.automatic or all(word in words.automatic for word in text.split())


def _event_strength(word: str, words: Vocabulary) -> float:
    if word in words.event:
        return words.event[word]
    if word in words.training or word in words.automatic or word in words.never_event:
        return 0.0
    return words.event_ending_strength if word.endswith(words.event_endings) else 0.0


def _reading(title: str, items: tuple[Item, ...]) -> NameReading:
    words = vocabulary()
    events: dict[str, float] = {}
    training: dict[str, float] = {}
    metres: dict[float, str] = {}
    for at, item in enumerate(items):
        if item.sort == "distance" and item.metres and not _is_repetition(items, at):
            metres.setdefault(item.metres, item.text)
        if item.sort == "repeats":
            training[item.text] = 1.0
        if item.sort != "word" or item.text in words.innocent:
            continue
        strength = _event_strength(item.text, words)
        if strength and _is_elsewhere(items, at, words):
            training[item.text] = 1.0
        elif strength:
            events[item.text] = strength
        elif item.text in words.training:
            training[item.text] = words.training[item.text]
        if item.text in words.distance_m and not _is_elsewhere(items, at, words):
            metres.setdefault(words.distance_m[item.text], item.text)
    event = max(events, key=lambda word: events[word], default="")
    drill = max(training, key=lambda word: training[word], default="")
    return NameReading(
        known=True,
        event=events.get(event, 0.0),
        event_word=_as_written(title, event),
        distances_m=tuple(metre for metre in metres if metre in STANDARD_M or metre % 500 == 0),
        distance_word=_as_written(title, next(iter(metres.values()), "")),
        training=training.get(drill, 0.0),
        training_word=_as_written(title, drill),
        year=any(item.sort == "year" for item in items),
        finish_s=_finish_s(items),
        ordinal=any(item.sort == "ordinal" for item in items),
        medal=any(item.sort == "medal" for item in items),
        result_word=next((_as_written(title, item.text) for item in items if item.text in words.result), ""),
        rough=any(word in words.rough for item in items for word in item.text.split()),
        words=frozenset(events),
        key=_key(items),
    )


def _is_elsewhere(items: tuple[Item, ...], at: int, words: Vocabulary) -> bool:
    """Whether what stands beside a word says it is about another day: "pre race", "to the marathon", "race week"."""
    before = [item.text for item in items[max(0, at - 2) : at]]
    after = items[at + 1].text if at + 1 < len(items) else ""
    near = bool(before) and (before[-1] in words.elsewhere_before or " ".join(before) in words.elsewhere_before)
    return near or after in words.elsewhere_after


def _is_repetition(items: tuple[Item, ...], at: int) -> bool:
    """Whether a distance is one of several pieces ("3 x 1k", "5k @ pace", "4k + 4k") rather than the run's."""
    before = items[at - 1] if at else None
    after = items[at + 1] if at + 1 < len(items) else None
    return bool((before and before.sort == "repeats") or (after and after.text == "@"))


def _finish_s(items: tuple[Item, ...]) -> int | None:
    """The first time that is no pace, in seconds."""
    for at, item in enumerate(items):
        before = items[at - 1].text if at else ""
        after = items[at + 1].text if at + 1 < len(items) else ""
        if item.sort == "time" and before != "@" and after not in ("/", "pace", "per"):
            return _seconds(item.text)
    return None


def _seconds(text: str) -> int:
    """ "38:20", "1:32:05", "1h32" in seconds; 0 for a masked "mm:ss"."""
    parts = [int(part) for part in re.findall(r"\d+", text)]
    if len(parts) == 2 and "h" in text:
        parts.append(0)
    return sum(part * seconds for part, seconds in zip(reversed(parts), (1, 60, 3600), strict=False))


def _key(items: tuple[Item, ...]) -> str:
    if any(item.text == "*" for item in items):
        return ""  # hidden words: two such titles need not be the same
    return " ".join(item.text for item in items if item.sort == "word")


def _as_written(title: str, text: str) -> str:
    """The words of the title that were folded to `text`; `text` itself where they cannot be told."""
    if not text:
        return ""
    written = title.split()
    size = len(text.split())
    for at in range(len(written)):
        if fold(" ".join(written[at : at + size])).strip(".,:;!?()[]\"'“”") == text:
            return " ".join(written[at : at + size]).strip(".,:;!?()[]\"'“”")
    return text
