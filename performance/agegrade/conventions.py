"""The three ways the age standard and the percentage are rounded.

exact          nothing is rounded: the working workbooks of the tables' author.
calculator     the reference calculator (H. Grubb): the age standard half up to 0.1 s below an hour and to 1 s from an
               hour; the percentage from that standard, half up to two decimals. It computes in binary floating point,
               so we do, operation for operation, to agree where a value lies on the edge. (It shows hundredths below a
               minute, where no road standard lies; the convention is tenths there too, as it is documented.)
whole-second   the official sheets, parkrun, RunSignUp: the age standard half up to 1 s, on the track 0.01 s, as printed
               in the sheet (which in places differs from what its factors give); the percentage half up to two
               decimals. All of it in exact arithmetic.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from performance.agegrade.editions import TRACK
from performance.agegrade.refusals import CONVENTION_UNKNOWN, Refused

EXACT: Final = "exact"
CALCULATOR: Final = "calculator"
WHOLE_SECOND: Final = "whole-second"
CONVENTIONS: Final = (EXACT, CALCULATOR, WHOLE_SECOND)

_WHOLE: Final = Decimal(1)
_HUNDREDTH: Final = Decimal("0.01")


def find_convention(name: str) -> str:
    """The convention of this name, whatever the case; blank is exact. Raises Refused (convention_unknown)."""
    if name in CONVENTIONS:
        return name
    folded = name.strip().lower().replace("_", "-").replace(" ", "-")
    if not folded:
        return EXACT
    if folded not in CONVENTIONS:
        raise Refused(CONVENTION_UNKNOWN, f"There is no rounding convention “{name.strip()}”.")
    return folded


def calculator_standard(seconds: float) -> float:
    """An age standard as the reference calculator shows it and then computes with."""
    scale = 1.0 if seconds >= 3600 else 10.0
    return math.floor(seconds * scale + 0.5) / scale


def calculator_percent(standard_s: float, time_s: float) -> float:
    return math.floor(100 * standard_s / time_s * 100.0 + 0.5) / 100.0


def whole_second_step(surface: str) -> Decimal:
    """To what an official sheet of this surface rounds."""
    return _HUNDREDTH if surface == TRACK else _WHOLE


def whole_second_standard(open_standard: Fraction, factor: Fraction, surface: str) -> float:
    """The quotient half up, exact: both numbers are the published decimals, or what lies between two of them."""
    per_second = 100 if surface == TRACK else 1
    return math.floor(open_standard / factor * per_second + Fraction(1, 2)) / per_second


def whole_second_percent(standard_s: float, time_s: float) -> float:
    """Half up to two decimals from the decimal digits of both times."""
    percent = 100 * Decimal(repr(standard_s)) / Decimal(repr(time_s))
    return float(percent.quantize(_HUNDREDTH, ROUND_HALF_UP))
