"""The distances races are run over, and which of them a recorded distance stands for.

GPS over-measures: a race comes out between -1.3 and +2.5 % of its official distance, a marathon up to +3.2 %, most
often 0.6 % long. A distance is never a gate: a race over 17.3 km stays a race over 17.3 km.
"""

from dataclasses import dataclass

MILE_M = 1609.344
HALF_MARATHON_M = 21_097.5
MARATHON_M = 42_195.0

SHORT_BY = 0.013
LONG_BY = 0.025
MARATHON_LONG_BY = 0.032
USUAL_OVER = 0.006


@dataclass(frozen=True)
class StandardDistance:
    """rare: raced so seldom that a run of that length says nothing; it still snaps when nothing else is near."""

    metres: float
    name: str
    rare: bool = False


STANDARD_DISTANCES: tuple[StandardDistance, ...] = (
    StandardDistance(400, "400 m"),
    StandardDistance(800, "800 m"),
    StandardDistance(1_000, "1 km", rare=True),
    StandardDistance(1_500, "1500 m"),
    StandardDistance(MILE_M, "1 mile"),
    StandardDistance(2_000, "2 km", rare=True),
    StandardDistance(3_000, "3 km"),
    StandardDistance(2 * MILE_M, "2 mi", rare=True),
    StandardDistance(5_000, "5 km"),
    StandardDistance(6_000, "6 km", rare=True),
    StandardDistance(4 * MILE_M, "4 mi", rare=True),
    StandardDistance(8_000, "8 km"),
    StandardDistance(5 * MILE_M, "5 mi"),
    StandardDistance(10_000, "10 km"),
    StandardDistance(12_000, "12 km", rare=True),
    StandardDistance(15_000, "15 km"),
    StandardDistance(10 * MILE_M, "10 mi"),
    StandardDistance(20_000, "20 km", rare=True),
    StandardDistance(HALF_MARATHON_M, "Half marathon"),
    StandardDistance(25_000, "25 km", rare=True),
    StandardDistance(30_000, "30 km", rare=True),
    StandardDistance(20 * MILE_M, "20 mi", rare=True),
    StandardDistance(MARATHON_M, "Marathon"),
    StandardDistance(50_000, "50 km"),
    StandardDistance(50 * MILE_M, "50 mi"),
    StandardDistance(100_000, "100 km"),
    StandardDistance(150_000, "150 km", rare=True),
    StandardDistance(100 * MILE_M, "100 mi"),
    StandardDistance(200_000, "200 km", rare=True),
)

NAME_OF = {standard.metres: standard.name for standard in STANDARD_DISTANCES}


def within_window(distance_m: float, standard_m: float) -> bool:
    """Whether a recorded distance may be a race over `standard_m`."""
    longest = MARATHON_LONG_BY if standard_m == MARATHON_M else LONG_BY
    return -SHORT_BY <= distance_m / standard_m - 1 <= longest


def distance_name(distance_m: float) -> str:
    """ "10 km" for a standard distance, else the figure: "17.3 km"."""
    standard = NAME_OF.get(distance_m)
    return standard if standard else f"{distance_m / 1000:.3g} km"
