"""Durations, distances, paces, climbs and grades as people write and read them.

Inside, everything is in SI units; this module is the only door to minutes, miles and "min/km". It knows no Django: the
template filters hand over the athlete's units and the language's numerals. Formatters answer "–" for None and for what
is not a finite number. Between a number and its unit stands a no-break space. Parsers take what a person types, say how
they understood it, and where a second understanding is sensible too they name it instead of choosing silently; what
they cannot read they refuse.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Literal, NamedTuple, TypeGuard

Units = Literal["km", "mi"]

MISSING = "–"
MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"

MILE_M = 1609.344
YARD_M = 0.9144
FOOT_M = 0.3048
HALF_MARATHON_M = 21_097.5
MARATHON_M = 42_195.0

LONGEST_S = 1000 * 3600
LONGEST_TEXT = 40  # characters; nothing longer is a time or a distance


class Numerals(NamedTuple):
    """How a language writes numbers: 1,234.5 or 1.234,5."""

    point: str = "."
    group: str = ","


ENGLISH = Numerals()


class NotATime(ValueError):
    """reason: empty, unreadable, over_59 (minutes or seconds above 59), seconds_need_two_digits, zero, too_long."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is not a time: {reason}")
        self.reason = reason


class NotADistance(ValueError):
    """reason: empty, unreadable, unit_missing, unit_unclear ("10m": metres or miles?), half_or_whole ("21k"), zero."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is not a distance: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class ParsedDuration:
    """seconds: how the text was read.  other_s: a second sensible reading to ask about, else None."""

    seconds: float
    other_s: float | None = None

    @property
    def ambiguous(self) -> bool:
        return self.other_s is not None

    @property
    def words(self) -> str:
        return duration_words(self.seconds)

    @property
    def other_words(self) -> str:
        return duration_words(self.other_s)


# Durations


def split_duration(seconds: float) -> tuple[int, int, float]:
    """Hours, minutes and seconds (with hundredths), for whoever words them in another language."""
    hundredths = int(_rounded(seconds, 2) * 100)
    minutes, hundredths = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    return hours, minutes, hundredths / 100


def format_duration(seconds: float | None, *, tenths: bool = False, numerals: Numerals = ENGLISH) -> str:
    """45:42, 1:43:58, 0:58; with tenths 0:58.3. Rounded to the nearest, a half upwards."""
    if not _known(seconds):
        return MISSING
    if seconds < 0:
        return MINUS + format_duration(-seconds, tenths=tenths, numerals=numerals)
    decimals = 1 if tenths else 0
    minutes, rest = divmod(_rounded(seconds, decimals), 60)
    hours, minutes = divmod(minutes, 60)
    rest_text = f"{rest:0{4 if tenths else 2}.{decimals}f}".replace(".", numerals.point)
    return f"{hours}:{minutes:02}:{rest_text}" if hours else f"{minutes}:{rest_text}"


def duration_words(seconds: float | None) -> str:
    """45 minutes 42 seconds; parts that are nothing are left out."""
    if not _known(seconds):
        return MISSING
    hours, minutes, rest = split_duration(seconds)
    parts = [(f"{hours}", "hour"), (f"{minutes}", "minute"), (f"{rest:.2f}".rstrip("0").rstrip("."), "second")]
    said = [f"{number} {unit}" if number == "1" else f"{number} {unit}s" for number, unit in parts if number != "0"]
    return " ".join(said) or "0 seconds"


def floor_target(seconds: float) -> int:
    """A time to aim for, in whole seconds: running it really reaches the level."""
    return math.floor(seconds)


def format_target(seconds: float | None) -> str:
    return format_duration(floor_target(seconds)) if _known(seconds) else MISSING


_CLOCK = re.compile(r"(?:(?P<h>\d+):(?=\d+:))?(?P<m>\d+):(?P<s>\d{2})(?P<f>[.,]\d+)?")
_DOTTED = re.compile(r"(?P<m>\d+)[.,](?P<s>\d+)")
_BARE = re.compile(r"\d+")
_LETTERED = re.compile(
    r"""(?:(?P<h>\d+)\s*(?:h|hr|hrs|hours?)\s*)?
        (?:(?P<m>\d+)\s*(?:'|m|mins?|minutes?)\s*)?
        (?:(?P<s>\d+)(?P<f>[.,]\d+)?\s*(?P<mark>"(?P<f2>\d*)|s|secs?|seconds?)?)?""",
    re.VERBOSE,
)


def parse_duration(text: str, distance_m: float | None = None) -> ParsedDuration:
    """Read a time as typed: 45:42, 45.42, 45:42.3, 1:43:58, 1:43:58,3, 2h03, 2h03m12, 3'25"4, 45min, 45 42, 45.

    45.42 is minutes and seconds from 1500 m up, seconds below, and a bare number goes the same way. Over a known
    distance another reading is named when a person could run it (3:45 for a marathon: 3 h 45 min); without a distance,
    whenever there is one. Raises NotATime.
    """
    if distance_m is not None and distance_m <= 0:
        distance_m = None
    plain = _plain_time(text)
    if not plain:
        raise NotATime(text, "empty")
    if len(plain) > LONGEST_TEXT:
        raise NotATime(text, "unreadable")
    readings = _readings(text, plain, distance_m)
    if not all(readings):
        raise NotATime(text, "zero")
    if readings[0] > LONGEST_S:
        raise NotATime(text, "too_long")
    others = [s for s in readings[1:] if can_be_run(s, distance_m)]
    return ParsedDuration(seconds=readings[0], other_s=others[0] if others else None)


def _readings(text: str, plain: str, distance_m: float | None) -> list[float]:
    """Every way to understand it, the one by the rules first."""
    if match := _CLOCK.fullmatch(plain):
        return _clock_readings(text, match, distance_m)
    if match := _DOTTED.fullmatch(plain):
        return _dotted_readings(text, match["m"], match["s"], distance_m)
    if _BARE.fullmatch(plain):
        return _long_first([int(plain) * 60.0, float(plain)], distance_m)
    match = _LETTERED.fullmatch(plain)
    if match is None or not any((match["h"], match["m"], match["s"])):
        raise NotATime(text, "unreadable")
    hours, minutes, rest = match["h"], match["m"], match["s"]
    fraction = match["f"] or (match["f2"] and "." + match["f2"])
    if hours and rest and minutes is None and not match["mark"]:  # 2h03: after hours come minutes
        minutes, rest = rest, None
    if (match["f"] and match["f2"]) or (fraction and rest is None):
        raise NotATime(text, "unreadable")
    return [_total(text, hours, minutes, rest, fraction)]


def _clock_readings(text: str, match: re.Match[str], distance_m: float | None) -> list[float]:
    hours, minutes, rest, fraction = match["h"], match["m"], match["s"], match["f"]
    if hours is not None and len(minutes) != 2:
        raise NotATime(text, "unreadable")
    readings = [_total(text, hours, minutes, rest, fraction)]
    if hours is None and distance_m is not None:
        if fraction is None:
            readings.append(int(minutes) * 3600.0 + int(rest) * 60)
        elif len(fraction) == 3 and int(fraction[1:]) < 60:
            readings.append(int(minutes) * 3600.0 + int(rest) * 60 + int(fraction[1:]))
    return readings


def _dotted_readings(text: str, left: str, right: str, distance_m: float | None) -> list[float]:
    in_seconds = float(f"{left}.{right}")
    if len(right) == 2 and int(right) < 60:
        readings = _long_first([int(left) * 60.0 + int(right), in_seconds], distance_m)
        return readings if distance_m is None else [*readings, int(left) * 3600.0 + int(right) * 60]  # 3.45: 3 h 45 min
    if distance_m is not None and distance_m >= 1500:
        raise NotATime(text, "over_59" if len(right) == 2 else "seconds_need_two_digits")
    return [in_seconds]


def _long_first(readings: list[float], distance_m: float | None) -> list[float]:
    return readings if distance_m is None or distance_m >= 1500 else readings[::-1]


def _total(text: str, hours: str | None, minutes: str | None, rest: str | None, fraction: str | None) -> float:
    if (hours and minutes and int(minutes) > 59) or ((hours or minutes) and rest and int(rest) > 59):
        raise NotATime(text, "over_59")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(rest or 0)
    return float(f"{whole}{(fraction or '').replace(',', '.')}")


def _plain_time(text: str) -> str:
    """One way to write each mark; 45 42, 1.43.58 and 45.42,3 brought to colons."""
    plain = text.translate({ord(mark): '"' for mark in "″”“"}).translate({ord(mark): "'" for mark in "′’‘"})
    plain = unicodedata.normalize("NFKC", plain).strip().lower().replace("''", '"')
    if re.fullmatch(r"\d+( \d{2}){1,2}([.,]\d+)?", plain):
        return plain.replace(" ", ":")
    if match := re.fullmatch(r"(\d+(?:\.\d{2}){1,2}),(\d+)", plain):
        return match[1].replace(".", ":") + "." + match[2]
    if re.fullmatch(r"\d+\.\d{2}\.\d{2}", plain):
        return plain.replace(".", ":")
    return _without_unit(plain)


def _without_unit(plain: str) -> str:
    """2:03 h and 1:43:58 h begin with hours, 45:42 min with minutes; the colons alone say the same without the unit."""
    if match := re.fullmatch(r"(\d+):(\d{2}) ?(?:h|hr|hrs|hours?)", plain):
        return f"{match[1]}:{match[2]}:00"
    if match := re.fullmatch(r"(\d+:\d{2}:\d{2}(?:[.,]\d+)?) ?(?:h|hr|hrs|hours?)", plain):
        return match[1]
    if match := re.fullmatch(r"(\d+:\d{2}(?:[.,]\d+)?) ?(?:m|mins?|minutes?)", plain):
        return f"0:{match[1]}" if re.match(r"\d\d:", match[1]) else f"0:0{match[1]}"
    return plain


def can_be_run(seconds: float, distance_m: float | None) -> bool:
    """Could a person cover it on foot in this time? Between 0.7 m/s and a little more than the fastest ever."""
    if distance_m is None:
        return True
    fastest_mps: float = min(11.0, 11.0 * (distance_m / 200) ** -0.11)
    return 0.7 <= distance_m / seconds <= fastest_mps


# Distances

_UNIT_M = {"m": 1.0, "km": 1000.0, "mi": MILE_M, "yd": YARD_M}
_UNIT_WORDS = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters", "mtr", "mtrs"), "m"),
    **dict.fromkeys(("k", "km", "kms", "kilometre", "kilometres", "kilometer", "kilometers"), "km"),
    **dict.fromkeys(("mi", "mile", "miles", "mls", "meile", "meilen", "milla", "millas", "miglio", "miglia"), "mi"),
    **dict.fromkeys(("yd", "yds", "yard", "yards"), "yd"),
}
_NAMED_M = {
    **dict.fromkeys(
        ("marathon", "full marathon", "the marathon", "maraton", "maratón", "maratona",
         "26.2 mi", "26.2 mile", "26.2 miles"), MARATHON_M),
    **dict.fromkeys(
        ("half", "half marathon", "hm", "1/2 marathon", "halbmarathon", "semi marathon", "semi", "media maraton",
         "media maratón", "medio maratón", "mezza maratona", "halve marathon", "halvmaraton", "13.1 mi", "13.1 mile",
         "13.1 miles"), HALF_MARATHON_M),
    **dict.fromkeys(("half mile", "1/2 mile", "1/2 mi"), MILE_M / 2),
    "mile": MILE_M,
    "parkrun": 5000.0,
}  # fmt: skip
#: written so, these may be the famous distance or the whole kilometres
_HALF_OR_WHOLE = frozenset(["21k", "21 k", "42k", "42 k"])
_QUANTITY = re.compile(r"(?P<number>\d[\d ,.]*?)[ -]?(?P<unit>[a-z]*)\.?")


def parse_distance(text: str, *, default_unit: Literal["m", "km", "mi"] | None = None) -> float:
    """Metres from 10k, half, marathon, 5 mi, 10 miles, 21.0975 km, 5000 m, 800m, 1 mile, 8,5 km, 10,000 m.

    default_unit: what a bare number means; without it a bare number is refused. Raises NotADistance.
    """
    exact = " ".join(unicodedata.normalize("NFKC", text).replace("\N{FRACTION SLASH}", "/").split())
    plain = exact.lower()
    if not plain:
        raise NotADistance(text, "empty")
    if len(plain) > LONGEST_TEXT:
        raise NotADistance(text, "unreadable")
    named = _NAMED_M.get(plain.replace("-", " "))
    if named is not None:
        return named
    if plain in _HALF_OR_WHOLE:
        raise NotADistance(text, "half_or_whole")
    match = _QUANTITY.fullmatch(plain)
    if match is None:
        raise NotADistance(text, "unreadable")
    if not match["unit"] and default_unit is None:
        raise NotADistance(text, "unit_missing")
    unit = _UNIT_WORDS.get(match["unit"]) if match["unit"] else default_unit
    if unit is None:
        raise NotADistance(text, "unreadable")
    number = _number(text, match["number"], whole_unit=unit in {"m", "yd"})
    if number == 0:
        raise NotADistance(text, "zero")
    if match["unit"] == "m" and number <= (100 if exact.rstrip(".").endswith("M") else 49):
        raise NotADistance(text, "unit_unclear")
    return number * _UNIT_M[unit]


def _number(text: str, written: str, *, whole_unit: bool) -> float:
    """8,5 and 8.5 are eight and a half; in metres and yards 10,000 and 1.500 are thousands."""
    plain = re.sub(r"(?<=\d) (?=\d{3}(?:\D|$))", "", written.strip())
    if re.fullmatch(r"\d{1,3}(,\d{3})+\.\d+", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", plain):
        plain = plain.replace(".", "")
    elif whole_unit and re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+", plain):
        together = re.sub(r"[.,]", "", plain)
        plain = together if int(together) <= 200_000 else plain  # 804.672 m is half a mile
    if not re.fullmatch(r"\d+([.,]\d*)?", plain):
        raise NotADistance(text, "unreadable")
    return float(plain.replace(",", "."))


def format_distance(
    distance_m: float | None,
    units: Units = "km",
    *,
    decimals: int = 1,
    with_unit: bool = True,
    numerals: Numerals = ENGLISH,
) -> str:
    """8.2 km, 5.1 mi; with two decimals 10.03 km."""
    if not _known(distance_m):
        return MISSING
    number = _decimal_text(distance_m / _UNIT_M[units], decimals, numerals)
    return f"{number}{NBSP}{units}" if with_unit else number


_KM_NAMES = (1, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 50, 80, 100, 150, 200)
_MILE_NAMES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 50, 100)
_TRACK_M = (60, 100, 200, 300, 400, 500, 600, 800, 1500, 2000)
OFFICIAL_NAMES: dict[float, str] = {
    **{float(metres): f"{metres}{NBSP}m" for metres in _TRACK_M},
    **{km * 1000.0: f"{km}{NBSP}km" for km in _KM_NAMES},
    **{miles * MILE_M: f"{miles}{NBSP}mi" for miles in _MILE_NAMES},
    MILE_M / 2: "Half mile",
    MILE_M: f"1{NBSP}mile",
    HALF_MARATHON_M: "Half marathon",
    MARATHON_M: "Marathon",
}


def official_distance_name(
    distance_m: float | None, *, units: Units = "km", track: bool = False, numerals: Numerals = ENGLISH
) -> str:
    """What runners call it: 5 km, 10 mi, Half marathon, 1500 m; on the track 5000 m; an odd distance as it measures.

    A name is given within 1 m or 0.02 %, so that 21.1 km is the half marathon and 4.99 km is not 5 km.
    """
    if not _known(distance_m):
        return MISSING
    if track and abs(distance_m - round(distance_m)) < 0.01 and distance_m <= 10_000:
        group = numerals.group if distance_m >= 10_000 else ""
        return f"{_decimal_text(distance_m, 0, Numerals(numerals.point, group))}{NBSP}m"
    nearest = min(OFFICIAL_NAMES, key=lambda official_m: abs(official_m - distance_m))
    if abs(nearest - distance_m) <= max(1.0, 0.0002 * nearest):
        return OFFICIAL_NAMES[nearest]
    return format_distance(distance_m, units, decimals=2, numerals=numerals)


# Pace, speed, climb


def pace_s_per_km(speed_mps: float | None) -> float | None:
    """None for somebody who stands still: there is no pace."""
    return None if not _known(speed_mps) or speed_mps <= 0 else 1000 / speed_mps


def format_pace(s_per_km: float | None, units: Units = "km") -> str:
    """4:34; what it is per stands in pace_unit."""
    if not _known(s_per_km) or s_per_km <= 0:
        return MISSING
    return format_duration(s_per_km * _UNIT_M[units] / 1000)


def pace_unit(units: Units = "km") -> str:
    return f"/{units}"


def format_speed(
    speed_mps: float | None, units: Units = "km", *, with_unit: bool = True, numerals: Numerals = ENGLISH
) -> str:
    """13.1 km/h, 8.2 mph; for sports that think in speeds."""
    if not _known(speed_mps):
        return MISSING
    number = _decimal_text(speed_mps * 3600 / _UNIT_M[units], 1, numerals)
    unit = "km/h" if units == "km" else "mph"
    return f"{number}{NBSP}{unit}" if with_unit else number


def climb_unit(units: Units = "km") -> str:
    return "m" if units == "km" else "ft"


def format_climb(
    climb_m: float | None, units: Units = "km", *, with_unit: bool = True, numerals: Numerals = ENGLISH
) -> str:
    """34 m, 112 ft."""
    if not _known(climb_m):
        return MISSING
    number = _decimal_text(climb_m if units == "km" else climb_m / FOOT_M, 0, numerals)
    return f"{number}{NBSP}{climb_unit(units)}" if with_unit else number


# Grades and differences

CLASS_LIMITS = (60, 70, 80, 90, 100)


def format_grade(
    grade: float | None, decimals: int = 1, *, with_unit: bool = True, numerals: Numerals = ENGLISH
) -> str:
    """0.784 is 78.4 %. Rounded to the nearest, but never up to a class limit: 0.6996 is 69.9 %, not 70.0 %."""
    if not _known(grade):
        return MISSING
    percent = Decimal(repr(float(grade))) * 100
    step = Decimal(1).scaleb(-decimals)
    shown = percent.quantize(step, ROUND_HALF_UP)
    if any(percent < limit <= shown for limit in CLASS_LIMITS):
        shown = percent.quantize(step, ROUND_FLOOR)
    number = f"{shown}".replace(".", numerals.point)
    return f"{number}{NBSP}%" if with_unit else number


def format_delta(difference: float | None, decimals: int = 1, *, numerals: Numerals = ENGLISH) -> str:
    """+1.3, −0.4, 0.0: a difference with its sign, as far as it can be seen."""
    if not _known(difference):
        return MISSING
    number = _decimal_text(abs(difference), decimals, numerals)
    return _sign(difference, number) + number


def format_time_delta(difference_s: float | None, *, tenths: bool = False, numerals: Numerals = ENGLISH) -> str:
    """+0:12, −1:05, 0:00."""
    if not _known(difference_s):
        return MISSING
    number = format_duration(abs(difference_s), tenths=tenths, numerals=numerals)
    return _sign(difference_s, number) + number


def _known(number: float | None) -> TypeGuard[float]:
    return number is not None and math.isfinite(number)


def _sign(difference: float, number: str) -> str:
    if not re.search("[1-9]", number):
        return ""
    return "+" if difference > 0 else MINUS


def _decimal_text(number: float, decimals: int, numerals: Numerals) -> str:
    english = f"{_rounded(number, decimals):,.{decimals}f}"
    if english.startswith("-"):
        english = MINUS + english[1:] if re.search("[1-9]", english) else english[1:]
    return english.translate({ord(","): numerals.group, ord("."): numerals.point})


def _rounded(number: float, decimals: int) -> Decimal:
    """Half away from zero on the number as it is written, so that 0.15 is 0.2 and 58.25 is 58.3."""
    with localcontext() as context:  # any float, however absurd: a page must not fail over one number
        context.prec = 400
        return Decimal(repr(float(number))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
