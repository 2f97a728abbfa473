"""FIT files for tests, byte by byte: whole ones, and every way of being broken that a library would not write.

Numbers of messages, fields and types are those of the FIT profile. A value is given as the file stores it (scaled).
"""

import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from activities.importers.fit_checksum import crc16

EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
START = datetime(2024, 5, 4, 7, 30, tzinfo=UTC)

ENUM, SINT8, UINT8, STRING, SINT16, UINT16, SINT32, UINT32, FLOAT32, UINT32Z = (
    0x00, 0x01, 0x02, 0x07, 0x83, 0x84, 0x85, 0x86, 0x88, 0x8C,
)  # fmt: skip
LETTERS = {
    ENUM: "B",
    SINT8: "b",
    UINT8: "B",
    SINT16: "h",
    UINT16: "H",
    SINT32: "i",
    UINT32: "I",
    FLOAT32: "f",
    UINT32Z: "I",
}

FILE_ID, SPORT, SESSION, LAP, RECORD, EVENT, DEVICE_INFO, ACTIVITY, HR = 0, 12, 18, 19, 20, 21, 23, 34, 132
FIELD_DESCRIPTION, DEVELOPER_DATA_ID = 206, 207
TIMESTAMP = 253

Value = tuple[int, object]


def stamp(when: datetime) -> int:
    return int((when - EPOCH).total_seconds())


def semicircles(degrees: float) -> int:
    return round(degrees * 2**31 / 180)


class Body:
    """The messages of a FIT file; a definition is written whenever the layout changes."""

    def __init__(self, byte_order: str = "<") -> None:
        self.bytes = bytearray()
        self.byte_order = byte_order
        self._layouts: dict[int, tuple[int, tuple[tuple[int, int, int], ...], tuple[tuple[int, int, int], ...]]] = {}

    def define(
        self,
        message: int,
        fields: Iterable[tuple[int, int, int]],
        *,
        local: int = 0,
        developer: Iterable[tuple[int, int, int]] = (),
    ) -> None:
        """fields: number, size, base type.  developer: number, size, developer."""
        fields, developer = tuple(fields), tuple(developer)
        if self._layouts.get(local) == (message, fields, developer):
            return
        self._layouts[local] = (message, fields, developer)
        self.bytes += bytes([0x40 | (0x20 if developer else 0) | local, 0, self.byte_order == ">"])
        self.bytes += struct.pack(f"{self.byte_order}HB", message, len(fields))
        self.bytes += b"".join(bytes(field) for field in fields)
        if developer:
            self.bytes += bytes([len(developer)]) + b"".join(bytes(field) for field in developer)

    def add(
        self,
        message: int,
        values: Mapping[int, Value],
        *,
        local: int = 0,
        compressed: int | None = None,
        developer: Mapping[tuple[int, int], Value] | None = None,
    ) -> None:
        """values: by field number.  developer: by (developer, field number).  compressed: the low bits of the time."""
        written = {number: self._written(*value) for number, value in values.items()}
        more = {key: self._written(*value) for key, value in (developer or {}).items()}
        self.define(
            message,
            [(number, len(content), values[number][0]) for number, content in written.items()],
            local=local,
            developer=[(number, len(content), maker) for (maker, number), content in more.items()],
        )
        header = local if compressed is None else 0x80 | local << 5 | compressed
        self.bytes += bytes([header]) + b"".join(written.values()) + b"".join(more.values())

    def _written(self, kind: int, value: object) -> bytes:
        if kind == STRING:
            return str(value).encode() + b"\0"
        return struct.pack(self.byte_order + LETTERS[kind], value)


def whole(
    body: Body | bytes, *, header_size: int = 14, length: int | None = None, checksum: int | None = None
) -> bytes:
    """Header, messages and checksum; length and checksum as given, else right."""
    content = bytes(body.bytes if isinstance(body, Body) else body)
    header = struct.pack("<BBHI4s", header_size, 0x20, 2132, len(content) if length is None else length, b".FIT")
    if header_size == 14:
        header += struct.pack("<H", crc16(header))
    return header + content + struct.pack("<H", crc16(header + content) if checksum is None else checksum)


def add_file_id(body: Body, *, kind: int = 4, manufacturer: int = 1, product: int = 3113, serial: int = 123456) -> None:
    values = {0: (ENUM, kind), 1: (UINT16, manufacturer), 2: (UINT16, product), 3: (UINT32Z, serial)}
    body.add(FILE_ID, {**values, 4: (UINT32, stamp(START))})


def add_record(body: Body, at: int | None, **values: Value) -> None:
    """at: the device's seconds.  values: lat, lon, altitude, hr, cadence, distance, speed, power, fraction."""
    numbers = {"lat": 0, "lon": 1, "altitude": 2, "hr": 3, "cadence": 4, "distance": 5, "speed": 6, "power": 7}
    numbers |= {"packed": 8, "temperature": 13, "fraction": 53, "enhanced_speed": 73, "enhanced_altitude": 78}
    stamped = {} if at is None else {TIMESTAMP: (UINT32, at)}
    body.add(RECORD, stamped | {numbers[name]: value for name, value in values.items()})


def add_session(
    body: Body, *, start: int, elapsed_s: float, sport: int = 1, message: int = SESSION, **values: Value
) -> None:
    """A session or a lap. values: distance, timer, hr, hr_max, sub_sport, first_lap, n_laps."""
    is_lap = message == LAP
    numbers = {
        "timer": 8,
        "distance": 9,
        "hr": 15 if is_lap else 16,
        "hr_max": 16 if is_lap else 17,
        "ascent": 21 if is_lap else 22,
    }
    numbers |= (
        {"trigger": 24, "calories": 11} if is_lap else {"sub_sport": 6, "first_lap": 25, "n_laps": 26, "calories": 11}
    )
    stated = {
        TIMESTAMP: (UINT32, start + int(elapsed_s)),
        2: (UINT32, start),
        25 if is_lap else 5: (ENUM, sport),
        7: (UINT32, round(elapsed_s * 1000)),
    }
    body.add(message, stated | {numbers[name]: value for name, value in values.items()})


def add_timer_event(body: Body, at: int, *, starts: bool) -> None:
    body.add(EVENT, {TIMESTAMP: (UINT32, at), 0: (ENUM, 0), 1: (ENUM, 0 if starts else 4)})


def add_track(
    body: Body, *, seconds: int, start: int | None = None, speed_mps: float = 3.0, latitude: float = 52.5, hr: int = 150
) -> None:
    """A record a second, north along a meridian."""
    first = stamp(START) if start is None else start
    for second in range(seconds):
        along_m = second * speed_mps
        add_record(
            body,
            first + second,
            lat=(SINT32, semicircles(latitude + along_m / 111_195)),
            lon=(SINT32, semicircles(13.4)),
            altitude=(UINT16, round((35 + 500) * 5)),
            hr=(UINT8, hr + second % 3 - 1),
            cadence=(UINT8, 85),
            distance=(UINT32, round(along_m * 100)),
            speed=(UINT16, round(speed_mps * 1000)),
        )


def run_body(*, seconds: int = 120, local_offset_s: int = 7200) -> Body:
    """A small run as a watch writes it: file id, device, timer, records, one lap, session, activity."""
    body = Body()
    start = stamp(START)
    add_file_id(body)
    body.add(DEVICE_INFO, {TIMESTAMP: (UINT32, start), 0: (UINT8, 0), 2: (UINT16, 1), 4: (UINT16, 3113)})
    add_timer_event(body, start, starts=True)
    add_track(body, seconds=seconds)
    add_timer_event(body, start + seconds - 1, starts=False)
    distance_m, elapsed_s = (seconds - 1) * 3.0, seconds - 1.0
    totals = {
        "timer": (UINT32, round(elapsed_s * 1000)),
        "distance": (UINT32, round(distance_m * 100)),
        "hr": (UINT8, 151),
    }
    add_session(body, start=start, elapsed_s=elapsed_s, message=LAP, **totals, trigger=(ENUM, 7))
    add_session(
        body, start=start, elapsed_s=elapsed_s, **totals, sub_sport=(ENUM, 0), first_lap=(UINT16, 0), n_laps=(UINT16, 1)
    )
    end = start + seconds - 1
    body.add(ACTIVITY, {TIMESTAMP: (UINT32, end), 1: (UINT16, 1), 5: (UINT32, end + local_offset_s)})
    return body


def run(*, seconds: int = 120) -> bytes:
    return whole(run_body(seconds=seconds))
