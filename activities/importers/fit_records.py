"""FIT record messages as values of columns: the one message that comes every second, so the one that has to be fast.

fitdecode takes 130 to 250 microseconds for a record because it looks every field up again in every message; a layout
looks up once and takes 5. What fields mean (number, type, invalid value, scale, offset) is read from fitdecode's own
profile, and the tests compare every value with fitdecode's.
"""

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from fitdecode.profile import MESSAGE_TYPES
from fitdecode.types import BASE_TYPES

from activities.importers.fit_frames import Definition, Field

RECORD = 20
SEMICIRCLE_DEG = 180 / 2**31

_PROFILE = MESSAGE_TYPES[RECORD].fields
_COMPRESSED_SPEED_DISTANCE = 8
_NAMES = frozenset(
    {
        "position_lat",
        "position_long",
        "altitude",
        "enhanced_altitude",
        "heart_rate",
        "cadence",
        "fractional_cadence",
        "distance",
        "speed",
        "enhanced_speed",
        "power",
        "temperature",
    }
)
_FLOATS = "fd"


@dataclass(frozen=True)
class DeveloperField:
    """A field some app added, as its field_description declares it. kind: base type number."""

    developer: int
    number: int
    kind: int


@dataclass(frozen=True)
class _Place:
    name: str
    valid: Callable[[Any], Any]
    scale: float
    offset: float


class RecordLayout:
    """How to read the records of one definition. power_fields: developers' fields that hold power in watts."""

    def __init__(self, definition: Definition, power_fields: Collection[DeveloperField]) -> None:
        self._packed_at: int | None = None
        found: list[tuple[Field, str, _Place]] = []
        for field in definition.fields:
            if field.number == _COMPRESSED_SPEED_DISTANCE and field.size == 3:
                self._packed_at = field.at
            elif field.number in _PROFILE and _PROFILE[field.number].name in _NAMES:
                profile = _PROFILE[field.number]
                found += _placed(field, field.kind, profile.name, profile.scale or 1, profile.offset or 0)
        if not any(place.name == "power" for _, _, place in found):
            known = {(one.developer, one.number): one.kind for one in power_fields}
            for field in definition.developer_fields:
                if (kind := known.get((field.kind, field.number))) is not None:
                    found += _placed(field, kind, "power", 1, 0)
        layout, at = definition.byte_order, 0
        for field, letter, _ in found:
            layout += f"{field.at - at}x{letter}"
            at = field.at + struct.calcsize("<" + letter)
        self._struct = struct.Struct(layout)
        self._places = [place for _, _, place in found]

    def values(self, content: bytes, so_far: "PackedDistance") -> dict[str, float]:
        """By column name; a value the device marked as invalid is left out."""
        said: dict[str, float] = {}
        for raw, place in zip(self._struct.unpack_from(content), self._places, strict=True):
            if (value := place.valid(raw)) is not None:
                said[place.name] = value / place.scale - place.offset
        if self._packed_at is not None:
            so_far.unpack(content[self._packed_at : self._packed_at + 3], said)
        values = {column: said[name] for name, column in _COLUMNS if name in said}
        if "position_lat" in said and "position_long" in said:
            values["latitude"] = said["position_lat"] * SEMICIRCLE_DEG
            values["longitude"] = said["position_long"] * SEMICIRCLE_DEG
        if "cadence_spm" in values:
            values["cadence_spm"] += said.get("fractional_cadence", 0.0)
        return values


#: of two fields for one column the later wins: `enhanced_` has more range
_COLUMNS = (
    ("distance", "distance_m"),
    ("altitude", "altitude_m"),
    ("enhanced_altitude", "altitude_m"),
    ("heart_rate", "heart_rate_bpm"),
    ("cadence", "cadence_spm"),
    ("power", "power_w"),
    ("speed", "speed_mps"),
    ("enhanced_speed", "speed_mps"),
    ("temperature", "temperature_c"),
)


class PackedDistance:
    """Speed and distance as the oldest watches pack them in three bytes; the distance starts again every 256 m."""

    def __init__(self) -> None:
        self._sixteenths = 0

    def unpack(self, packed: bytes, said: dict[str, float]) -> None:
        if packed == b"\xff\xff\xff":
            return
        low = packed[1] >> 4 | packed[2] << 4
        self._sixteenths += (low - self._sixteenths) & 0xFFF
        said.setdefault("speed", (packed[0] | (packed[1] & 0xF) << 8) / 100)
        said.setdefault("distance", self._sixteenths / 16)


def _placed(field: Field, kind: int, name: str, scale: float, offset: float) -> list[tuple[Field, str, _Place]]:
    """Nothing for a field that does not hold numbers of its type; of an array, the first."""
    base = BASE_TYPES.get(kind)
    if base is None or base.fmt == "s" or not field.size or field.size % base.size or base.name == "byte":
        return []
    valid = _finite if base.fmt in _FLOATS else base.parse
    return [(field, base.fmt, _Place(name, valid, scale, offset))]


def _finite(value: float) -> float | None:
    return value if abs(value) < 1e15 else None
