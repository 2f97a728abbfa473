"""Events as people name them: half, 10mi, 5000m, 3000mSC, 110mH, 20 km walk.

parse_event() gives the kind and the distance and knows no tables; which column that is in an edition is decided in
sheets.py. A name that fits two events is refused rather than guessed.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from performance.agegrade.refusals import EVENT_UNKNOWN, Refused

MILE_M: Final = 1609.344
HALF_M: Final = 21097.5
MARATHON_M: Final = 42195.0

FLAT: Final = "flat"
HURDLES: Final = "hurdles"
STEEPLECHASE: Final = "steeplechase"
WALK: Final = "walk"


@dataclass(frozen=True, slots=True)
class Event:
    """kind: flat, hurdles, steeplechase or walk. distance_m: None where the name leaves it to the age class."""

    kind: str
    distance_m: float | None = None
    name: str = ""


_WHOLE_NAMES: Final = {
    "mile": Event(FLAT, MILE_M),
    **dict.fromkeys(
        (
            "half",
            "halfmarathon",
            "1/2marathon",
            "hm",
            "hmar",
            "h.mar",
            "halbmarathon",
            "semi",
            "semimarathon",
            "mediamaraton",
            "mediomaraton",
            "mezzamaratona",
            "halvemarathon",
            "halvmaraton",
        ),
        Event(FLAT, HALF_M),
    ),
    "13.1mi": Event(FLAT, HALF_M),
    "13.1miles": Event(FLAT, HALF_M),
    **dict.fromkeys(("marathon", "fullmarathon", "mar", "maraton", "maratona"), Event(FLAT, MARATHON_M)),
    "26.2mi": Event(FLAT, MARATHON_M),
    "26.2miles": Event(FLAT, MARATHON_M),
    "parkrun": Event(FLAT, 5000.0),
    "shorthurdles": Event(HURDLES, None, "short_hurdles"),
    "longhurdles": Event(HURDLES, None, "long_hurdles"),
    "steeplechase": Event(STEEPLECHASE, None, "steeplechase"),
    "steeple": Event(STEEPLECHASE, None, "steeplechase"),
}
#: a kilometre word that may mean the exact kilometres or the famous distance beside them
_UNCLEAR: Final = {"21k": "half or 21km", "42k": "marathon or 42km"}

_METRES: Final = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 1.0),
    **dict.fromkeys(("k", "km", "kms", "kilometre", "kilometres", "kilometer", "kilometers"), 1000.0),
    **dict.fromkeys(("mi", "mile", "miles"), MILE_M),
}
_DISTANCE: Final = re.compile(r"(?P<number>\d[\d.,]*)(?P<unit>[a-z]*)")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_DECIMAL: Final = re.compile(r"\d+(?:[.,]\d+)?")
_SUFFIXES: Final = (
    (re.compile(r"(?:hurdles|hurdle|h)$"), HURDLES),
    (re.compile(r"(?:steeplechase|steeple|sc)$"), STEEPLECHASE),
    (re.compile(r"(?:racewalking|racewalk|walking|walk|rw|w)$"), WALK),
)
LONGEST_NAME: Final = 60
#: a number without a unit is metres from here up; below it may be kilometres or miles
SHORTEST_BARE: Final = 1500.0
#: “5m” and “10m” are what road runners write for miles; nobody races fewer metres than these
SHORTEST_M: Final = 50.0


def fold(name: str) -> str:
    """A name without what does not tell names apart: case, blanks, hyphens, underscores, a point at the end."""
    return re.sub(r"[\s_\-]+", "", name).lower().removesuffix(".")


@lru_cache(maxsize=1024)
def parse_event(text: str) -> Event:
    """The event a name stands for. Raises Refused (event_unknown) where it is not clear."""
    if len(text) > LONGEST_NAME:
        raise Refused(EVENT_UNKNOWN, "That is too long for the name of an event.")
    name = fold(text)
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name]
    if name in _UNCLEAR:
        raise Refused(EVENT_UNKNOWN, f"“{text.strip()}” may be two distances: write {_UNCLEAR[name]}.")
    for pattern, kind in _SUFFIXES:
        bare = pattern.sub("", name)
        if bare != name and bare:
            return _of_kind(kind, bare, text)
    return Event(FLAT, _distance_m(name, text))


def _of_kind(kind: str, bare: str, text: str) -> Event:
    if bare in _WHOLE_NAMES and kind == WALK:
        return Event(WALK, _WHOLE_NAMES[bare].distance_m)
    if kind == HURDLES and bare.isdecimal():  # 110H: hurdles are always metres
        bare += "m"
    return Event(kind, _distance_m(bare, text))


def _distance_m(name: str, text: str) -> float:
    match = _DISTANCE.fullmatch(name)
    metres = _METRES.get(match["unit"] or "m") if match else None
    if match is None or metres is None:
        raise Refused(EVENT_UNKNOWN, f"“{text.strip()}” is not an event we know.")
    number, unit = match["number"], match["unit"]
    if metres == 1.0 and _THOUSANDS.fullmatch(number):
        value = float(number.replace(",", ""))
    elif _DECIMAL.fullmatch(number):
        value = float(number.replace(",", "."))
    else:
        raise Refused(EVENT_UNKNOWN, f"“{text.strip()}” is not an event we know.")
    if not unit and value < SHORTEST_BARE:
        raise Refused(EVENT_UNKNOWN, f"“{text.strip()}” needs a unit: m, km or mi.")
    if unit == "m" and value < SHORTEST_M:
        raise Refused(EVENT_UNKNOWN, f"“{text.strip()}” may be metres or miles: write {number} mi or {number} km.")
    return round(value * metres, 6)
