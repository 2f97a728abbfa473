"""What the messages of one FIT file say, before anybody draws conclusions from it.

Records are laid out by fit_records; every other message is decoded by fitdecode, one at a time, so that a message that
upsets it costs that message and nothing more. Developer fields are ignored, except power where the device has none of
its own (foot pods). Heart rate in `hr` messages (sent later by swimming straps) is left out: its times need not fit any
record.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import fitdecode

from activities.importers.contents import MAX_PARTS, too_many_parts
from activities.importers.fit_frames import Data, Definition, Part
from activities.importers.fit_records import RECORD, DeveloperField, PackedDistance, RecordLayout
from activities.importers.samples import Samples

#: seconds from 1970 to FIT's epoch, 31 December 1989
FIT_EPOCH_S = 631_065_600
#: a file with more messages that cannot be decoded is damaged
MAX_SKIPPED = 100
#: of all kinds, and of those that fitdecode decodes; they bound the time that a made-up file can take
MAX_MESSAGES = 5_000_000
MAX_DECODED = 200_000

FILE_ID, SPORT, SESSION, LAP, EVENT, DEVICE_INFO, ACTIVITY = 0, 12, 18, 19, 21, 23, 34
FIELD_DESCRIPTION, DEVELOPER_DATA_ID = 206, 207
_DECODED = frozenset({FILE_ID, SPORT, SESSION, LAP, EVENT, DEVICE_INFO, ACTIVITY, FIELD_DESCRIPTION, DEVELOPER_DATA_ID})
#: what is kept of laps and sessions; a watch writes a hundred fields into each
_KEPT = frozenset(
    {
        "timestamp",
        "start_time",
        "sport",
        "sub_sport",
        "total_elapsed_time",
        "total_timer_time",
        "total_moving_time",
        "total_distance",
        "total_ascent",
        "total_descent",
        "total_calories",
        "avg_heart_rate",
        "max_heart_rate",
        "avg_cadence",
        "avg_running_cadence",
        "avg_power",
        "lap_trigger",
        "first_lap_index",
        "num_laps",
    }
)
_NATIVE_POWER = 7
_BASE_TYPE_NUMBERS = {word: number for number, word in fitdecode.profile.FIELD_TYPES["fit_base_type"].enum.items()}

Values = Mapping[str, Any]


@dataclass
class FitFile:
    """What the messages of one FIT file say. timer: when it started (True) and stopped.  first: its first sample."""

    samples: Samples
    first: int
    file_id: Values = field(default_factory=dict)
    sport: Values = field(default_factory=dict)
    creator: Values = field(default_factory=dict)
    activity: Values = field(default_factory=dict)
    sessions: list[Values] = field(default_factory=list)
    laps: list[Values] = field(default_factory=list)
    timer: list[tuple[int, bool]] = field(default_factory=list)
    power_fields: set[DeveloperField] = field(default_factory=set)
    layouts: dict[int, tuple[Definition, RecordLayout]] = field(default_factory=dict)
    packed_distance: PackedDistance = field(default_factory=PackedDistance)
    n_skipped: int = 0

    def layout(self, definition: Definition) -> RecordLayout:
        known = self.layouts.get(definition.local)
        if known is None or known[0] is not definition:
            known = definition, RecordLayout(definition, self.power_fields)
            self.layouts[definition.local] = known
        return known[1]


@dataclass
class Spent:
    """Messages read so far, over all files chained in one."""

    messages: int = 0
    decoded: int = 0

    def one(self, *, decoded: bool) -> None:
        self.messages += 1
        self.decoded += decoded
        if self.messages > MAX_MESSAGES or self.decoded > MAX_DECODED:
            raise too_many_parts("messages that are no samples", MAX_DECODED)


class _Decoder:
    """fitdecode, fed one frame at a time; begun anew after a message that upset it."""

    HEADER = b"\x0c\x10\x00\x00\xff\xff\xff\x7f.FIT"

    def __init__(self) -> None:
        self._definitions: dict[int, Definition] = {}
        self._begin()

    def _begin(self) -> None:
        self._waiting = bytearray(self.HEADER)
        reader = fitdecode.FitReader(
            self,
            processor=None,
            check_crc=fitdecode.CrcCheck.DISABLED,
            error_handling=fitdecode.ErrorHandling.IGNORE,
        )
        self._frames = iter(reader)
        next(self._frames)
        for definition in self._definitions.values():
            self._feed(definition.frame())

    def read(self, size: int) -> bytes:
        """What fitdecode asks for; it sees one frame and then an end."""
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        return piece

    def _feed(self, frame: bytes) -> Any:
        self._waiting += frame
        message = next(self._frames)
        if self._waiting:
            raise ValueError("left over")
        return message

    def define(self, definition: Definition) -> None:
        self._definitions[definition.local] = definition
        try:
            self._feed(definition.frame())
        except Exception:
            del self._definitions[definition.local]
            self._begin()

    def decode(self, data: Data) -> Any:
        """The message, or None where fitdecode cannot make sense of it: it raises whatever the bytes lead it to."""
        if self._definitions.get(data.definition.local) is not data.definition:
            return None
        try:
            return self._feed(bytes([data.definition.local]) + data.content)
        except Exception:
            self._begin()
            return None


def collect(part: Part, collected: Samples, spent: Spent) -> FitFile:
    """Read one FIT file to its end or to a fault; records go into `collected`."""
    fit = FitFile(samples=collected, first=len(collected))
    collected.begin_segment()
    decoder = _Decoder()
    for frame in part:
        if isinstance(frame, Definition):
            decoded = frame.message in _DECODED
            spent.one(decoded=decoded)
            if decoded:
                decoder.define(frame)
            continue
        decoded = frame.definition.message in _DECODED
        spent.one(decoded=decoded)
        if frame.definition.message == RECORD:
            values = fit.layout(frame.definition).values(frame.content, fit.packed_distance)
            collected.add(us(frame.timestamp), values)
        elif decoded:
            message = decoder.decode(frame)
            if message is not None:
                _take(fit, frame, _values(message))
            elif fit.n_skipped == MAX_SKIPPED:
                part.incomplete = part.incomplete or "The file is damaged: many of its messages make no sense."
                break
            else:
                fit.n_skipped += 1
    return fit


def _values(message: Any) -> Values:
    """By name, of several with one name the first that is valid; developers' fields left out."""
    values: dict[str, Any] = {}
    for said in message.fields:
        if said.value is not None and not (said.field_def and said.field_def.is_dev):
            values.setdefault(said.name, said.value)
    return values


def _take(fit: FitFile, frame: Data, values: Values) -> None:
    values = {**values, "timestamp": frame.timestamp}
    message = frame.definition.message
    if message == SESSION:
        fit.sessions.append(_kept(values))
    elif message == LAP:
        fit.laps.append(_kept(values))
    elif message == EVENT:
        _event(fit, values)
    elif message == FILE_ID:
        fit.file_id = fit.file_id or values
    elif message == SPORT:
        fit.sport = values
    elif message == ACTIVITY:
        fit.activity = values
    elif message == DEVICE_INFO and values.get("device_index") == "creator":
        fit.creator = {**fit.creator, **values}
    elif message == FIELD_DESCRIPTION:
        _developer_field(fit, values)
    if max(len(fit.sessions), len(fit.laps), len(fit.timer), len(fit.power_fields)) > MAX_PARTS:
        raise too_many_parts("laps, sessions or pauses")


def _kept(values: Values) -> Values:
    return {name: value for name, value in values.items() if name in _KEPT}


def _event(fit: FitFile, values: Values) -> None:
    kind = str(values.get("event_type"))
    if values.get("event") == "timer" and kind.startswith(("start", "stop")):
        at_us = us(values["timestamp"])
        if at_us is not None:
            fit.timer.append((at_us, kind == "start"))


def _developer_field(fit: FitFile, values: Values) -> None:
    developer, number = values.get("developer_data_index"), values.get("field_definition_number")
    kind = values.get("fit_base_type_id")
    named = str(values.get("field_name")).casefold() == "power"
    native = values.get("native_field_num") == _NATIVE_POWER and values.get("native_mesg_num") in (
        None,
        "record",
        RECORD,
    )
    if (named or native) and isinstance(developer, int) and isinstance(number, int):
        kind = _BASE_TYPE_NUMBERS.get(kind, kind) if isinstance(kind, str | int) else None
        if isinstance(kind, int):
            fit.power_fields.add(DeveloperField(developer, number, kind))
            fit.layouts.clear()


def us(timestamp: Any) -> int | None:
    """A device's time in microseconds since 1970; one that counts from switching on ends up in the year 1990."""
    return (timestamp + FIT_EPOCH_S) * 1_000_000 if isinstance(timestamp, int) else None


def number(values: Values, *names: str) -> float | None:
    """The first of the named fields that holds a number that can be: finite and not negative."""
    for name in names:
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return float(value)
    return None


def positive(values: Values, *names: str) -> float | None:
    return number(values, *names) or None
