"""Where she runs: smooth invented courses round about her door, and the ground they lie on.

A course is the same in every year and for every seed; its shape is drawn from its name.
"""

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Shape = Literal["loop", "out_and_back", "track"]

DOOR_LATITUDE, DOOR_LONGITUDE = 52.4, 0.3
DEGREE_M = np.pi / 180 * 6_371_008.8

TRACK_STRAIGHT_M = 84.39
TRACK_RADIUS_M = (400 - 2 * TRACK_STRAIGHT_M) / (2 * np.pi)


@dataclass(frozen=True, eq=False)
class Course:
    """A way of its own length that can be gone round and round; its points are evenly spaced, from the start on.

    latitude, longitude: of the start.  east_m, north_m: from there.
    """

    length_m: float
    latitude: float
    longitude: float
    east_m: Column
    north_m: Column
    hilliness: float

    def at(self, way_m: Column) -> tuple[Column, Column]:
        """Metres east and north of the start after so many metres."""
        along = np.mod(way_m, self.length_m) / self.length_m * (len(self.east_m) - 1)
        steps = np.arange(len(self.east_m))
        return np.interp(along, steps, self.east_m), np.interp(along, steps, self.north_m)

    def degrees(self, east_m: Column, north_m: Column) -> tuple[Column, Column]:
        """Latitude and longitude of a place near the start."""
        narrow = np.cos(np.radians(self.latitude))
        return self.latitude + north_m / DEGREE_M, self.longitude + east_m / (DEGREE_M * narrow)

    def altitude_m(self, way_m: Column) -> Column:
        east, north = self.at(way_m)
        return _ground_m(east, north) * self.hilliness + 8.0


@cache
def course(name: str, length_m: float, shape: Shape = "loop", *, away_m: float = 0.0, hilliness: float = 1.0) -> Course:
    """away_m: how far from her door it starts, in a direction of the name's choosing."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    bearing = random.uniform(0, 2 * np.pi)
    if shape == "track":
        east, north = _oval()
    elif shape == "loop":
        east, north = _loop(random)
    else:
        east, north = _there_and_back(random, length_m)
    east, north = _evenly(east, north, length_m)
    narrow = np.cos(np.radians(DOOR_LATITUDE))
    return Course(
        length_m=length_m,
        latitude=DOOR_LATITUDE + away_m * np.cos(bearing) / DEGREE_M,
        longitude=DOOR_LONGITUDE + away_m * np.sin(bearing) / (DEGREE_M * narrow),
        east_m=east - east[0],
        north_m=north - north[0],
        hilliness=hilliness,
    )


def _loop(random: np.random.Generator) -> tuple[Column, Column]:
    """A circle with a few gentle bays."""
    around = np.linspace(0, 2 * np.pi, 2001)
    radius = np.ones_like(around)
    for waves, depth in ((2, 0.22), (3, 0.10), (4, 0.05), (5, 0.03)):
        radius += depth * random.uniform(0.4, 1) * np.cos(waves * around + random.uniform(0, 2 * np.pi))
    turned = around + random.uniform(0, 2 * np.pi)
    return radius * np.cos(turned), radius * np.sin(turned)


def _there_and_back(random: np.random.Generator, length_m: float) -> tuple[Column, Column]:
    """A path along the bank of some river, and the same way home."""
    way = np.linspace(0, length_m / 2, 2001)
    heading = np.full_like(way, random.uniform(0, 2 * np.pi))
    for wavelength_m, swing in ((4000, 0.5), (1700, 0.35), (900, 0.15)):
        heading += swing * np.sin(2 * np.pi * way / wavelength_m + random.uniform(0, 2 * np.pi))
    east, north = np.cumsum(np.sin(heading)), np.cumsum(np.cos(heading))
    return np.concatenate((east, east[-2::-1])), np.concatenate((north, north[-2::-1]))


def _oval() -> tuple[Column, Column]:
    way = np.linspace(0, 400, 401)
    bend_m = 200 - TRACK_STRAIGHT_M
    second_half = way >= 200
    into = np.where(second_half, way - 200, way)
    turn = np.clip(into - TRACK_STRAIGHT_M, 0, bend_m) / TRACK_RADIUS_M
    east = np.minimum(into, TRACK_STRAIGHT_M) + TRACK_RADIUS_M * np.sin(turn)
    north = TRACK_RADIUS_M * (1 - np.cos(turn))
    return (
        np.where(second_half, TRACK_STRAIGHT_M - east, east),
        np.where(second_half, 2 * TRACK_RADIUS_M - north, north),
    )


def _evenly(east: Column, north: Column, length_m: float) -> tuple[Column, Column]:
    """Scaled to the length, with a point about every five metres."""
    way = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(east), np.diff(north)))))
    marks = np.linspace(0, way[-1], max(401, int(length_m / 5)))
    scale = length_m / way[-1]
    return np.interp(marks, way, east) * scale, np.interp(marks, way, north) * scale


def _ground_m(east: Column, north: Column) -> Column:
    """Nearly flat land: some ten metres between the highest and the lowest of it."""
    return (
        6.0
        + 3.0 * np.sin(east / 610 + 0.4) * np.cos(north / 740)
        + 2.0 * np.sin((east + north) / 390)
        + 1.0 * np.cos((east - 2 * north) / 530 + 1.1)
    )
