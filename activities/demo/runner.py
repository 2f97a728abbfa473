"""How good she is on a day, how fast that is over a distance, and what a speed does to her heart and her steps."""

import math
from datetime import date

import numpy as np
import numpy.typing as npt

BORN = date(1968, 5, 17)
TABLE = "F"

RESTING_BPM, HIGHEST_BPM = 52.0, 178.0

# Her history as (share of the years told, age grade over 10 km): two good winters, an illness, the way back and beyond.
FORM = ((0.0, 0.735), (0.28, 0.750), (0.50, 0.766), (0.53, 0.766), (0.57, 0.722), (0.78, 0.757), (1.0, 0.781))
ILLNESS = (0.535, 24)  # share of the years told, days
SEASON = 0.005  # better in May and October than in between

# What the tables ask of her over 10 km at 58, in seconds, and how it grows from year to year: only so that the made-up
# races grade plausibly, the grades themselves are worked out elsewhere.
STANDARD_10_KM_S, STANDARD_AGE, STANDARD_GROWTH = 2150.0, 58.0, 1.0125


def form(day: date, *, first: date, last: date) -> float:
    """The age grade she would reach over 10 km on that day."""
    shares, grades = zip(*FORM, strict=True)
    share = (day - first).days / max(1, (last - first).days)
    season = SEASON * math.cos(4 * math.pi * (day.timetuple().tm_yday - 130) / 365.25)
    return float(np.interp(share, shares, grades)) + season


def time_10_km_s(day: date, grade: float) -> float:
    age = (day - BORN).days / 365.25
    growth: float = STANDARD_GROWTH ** (age - STANDARD_AGE)
    return STANDARD_10_KM_S * growth / grade


def race_time_s(distance_m: float, ten_km_s: float) -> float:
    """Riegel's power law, a little flatter between 5 and 10 km, as masters are."""
    if distance_m >= 10_000:
        return float(ten_km_s * (distance_m / 10_000) ** 1.06)
    middle_s = ten_km_s * (max(distance_m, 5000) / 10_000) ** 1.03
    return float(middle_s * (min(distance_m, 5000) / 5000) ** 1.06)


def heart_rate_bpm(speed_mps: float, ten_km_s: float) -> float:
    """Where the heart settles at a speed; 162 at the pace of a 10 km race, 130 on an easy run."""
    share = speed_mps * ten_km_s / 10_000
    return float(np.clip(162 + 152 * (share - 1), 84, HIGHEST_BPM - 4))


def steps_per_minute(speed_mps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Both feet."""
    walking = 95 + 14 * speed_mps
    running = 150 + 7.2 * speed_mps
    return np.where(speed_mps < 0.3, 0.0, np.where(speed_mps < 1.9, walking, running))
