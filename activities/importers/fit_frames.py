"""The frames of a FIT file: where each message begins and ends, and when it was written.

fitdecode reads well-formed files; this module makes broken ones readable for it. It finds the end of a file that the
device never finished (header without a length, no checksum, cut off), follows files chained in one, keeps the clock of
compressed timestamps, and lets the reader decode only the messages it needs: watches write several others every second.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from activities.importers.fit_checksum import crc16

SHORTEST_HEADER = 12
TIMESTAMP_FIELD = 253
TIMESTAMP_BYTES = 4
CHECKSUM_BYTES = 2


@dataclass(frozen=True, slots=True)
class Field:
    """at: where in the message.  kind: the base type's number; for a developer's field, the index of its developer."""

    number: int
    size: int
    kind: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """How the data messages of one local number are laid out. byte_order: as in `struct`."""

    local: int
    message: int
    byte_order: str
    size: int
    fields: tuple[Field, ...]
    developer_fields: tuple[Field, ...]
    timestamp_at: int | None

    def frame(self) -> bytes:
        """As in a file, without the fields of no size that some devices declare."""
        fields, developer_fields = _threes(self.fields), _threes(self.developer_fields)
        fixed = struct.pack(f"{self.byte_order}BBHB", 0, self.byte_order == ">", self.message, len(fields) // 3)
        header = 0x60 if developer_fields else 0x40
        developers = bytes([len(developer_fields) // 3]) + developer_fields if developer_fields else b""
        return bytes([header | self.local]) + fixed + fields + developers


@dataclass(frozen=True, slots=True)
class Data:
    """One data message. timestamp: the device's seconds, None where the message has none."""

    definition: Definition
    timestamp: int | None
    content: bytes


class Part:
    """One FIT file inside the file that holds it; iterate for its frames.

    begins with a header at `start`. After iterating, `incomplete` says why it could not be read to its end ("" if it
    was) and `end` is where the next one may begin.
    """

    def __init__(self, file: IO[bytes], *, start: int, file_size: int) -> None:
        self.start = start
        self.incomplete = ""
        self.checksum_missing = False
        self._file = file
        self._file_size = file_size
        self._position, self._body_end, self.end = self._bounds()
        self._definitions: dict[int, Definition] = {}
        self._clock: int | None = None

    def _bounds(self) -> tuple[int, int, int]:
        """Where the messages begin and end, and where this part ends; an unfinished header says so in `incomplete`."""
        self._file.seek(self.start)
        header = self._file.read(SHORTEST_HEADER)
        body = self.start + max(header[0], SHORTEST_HEADER)
        (length,) = struct.unpack_from("<I", header, 4)
        body_end = body + length
        if not length or body_end > self._file_size:
            self.incomplete = "The device did not finish writing the file." if not length else "The file is cut off."
            return body, self._file_size, self._file_size
        if body_end + CHECKSUM_BYTES > self._file_size:
            self.incomplete = "The file is cut off before its checksum."
            return body, body_end, self._file_size
        end = body_end + CHECKSUM_BYTES
        stored, computed = self._checksums(body_end)
        self.checksum_missing = not stored and bool(computed)
        if stored != computed and not self.checksum_missing:
            self.incomplete = "The file's checksum does not match: some values may be wrong."
        if stored != computed and end < self._file_size and not begins_part(self._file, end, self._file_size):
            self.incomplete = "The file's header gives a wrong length: it was read as far as it makes sense."
            return body, self._file_size, self._file_size
        return body, body_end, end

    def _checksums(self, body_end: int) -> tuple[int, int]:
        self._file.seek(self.start)
        left = body_end - self.start
        computed = 0
        while left:
            piece = self._file.read(min(left, 2**20))
            computed = crc16(piece, computed)
            left -= len(piece)
        (stored,) = struct.unpack("<H", self._file.read(CHECKSUM_BYTES))
        return stored, computed

    def __iter__(self) -> Iterator[Definition | Data]:
        self._file.seek(self._position)
        try:
            while self._position < self._body_end:
                yield self._frame()
        except _CutOff:
            if not self.incomplete:
                self.incomplete = "The last message of the file is cut off."
        except _Undefined:
            if self._body_end - self._position > CHECKSUM_BYTES or not self.incomplete:
                self.incomplete = f"The file is damaged at byte {self._position:,}; what follows was not read."

    def _frame(self) -> Definition | Data:
        (header,) = self._read(1)
        if header & 0x80:
            definition = self._defined(header >> 5 & 0x3)
            content = self._read(definition.size)
            frame: Definition | Data = Data(definition, self._compressed(header & 0x1F), content)
        elif header & 0x40:
            frame = self._define(header)
        else:
            definition = self._defined(header & 0xF)
            content = self._read(definition.size)
            frame = Data(definition, self._timestamp(definition, content), content)
        self._position = self._file.tell()
        return frame

    def _read(self, size: int) -> bytes:
        if self._file.tell() + size > self._body_end:
            raise _CutOff
        return self._file.read(size)

    def _defined(self, local: int) -> Definition:
        if local not in self._definitions:
            raise _Undefined
        return self._definitions[local]

    def _define(self, header: int) -> Definition:
        _, big_endian, number, n_fields = struct.unpack("BB2sB", self._read(5))
        byte_order = ">" if big_endian else "<"
        (message,) = struct.unpack(f"{byte_order}H", number)
        fields, size = _fields(self._read(3 * n_fields), 0)
        developer_fields: tuple[Field, ...] = ()
        if header & 0x20:
            developer_fields, size = _fields(self._read(3 * self._read(1)[0]), size)
        clocks = [field.at for field in fields if field.number == TIMESTAMP_FIELD and field.size == TIMESTAMP_BYTES]
        definition = Definition(
            local=header & 0xF,
            message=message,
            byte_order=byte_order,
            size=size,
            fields=fields,
            developer_fields=developer_fields,
            timestamp_at=clocks[0] if clocks else None,
        )
        self._definitions[definition.local] = definition
        return definition

    def _timestamp(self, definition: Definition, content: bytes) -> int | None:
        if definition.timestamp_at is None:
            return None
        timestamp: int
        (timestamp,) = struct.unpack_from(f"{definition.byte_order}I", content, definition.timestamp_at)
        if timestamp == 0xFFFFFFFF:
            return None
        self._clock = timestamp
        return timestamp

    def _compressed(self, low_bits: int) -> int | None:
        """The last five bits of the time; the rest is that of the last message, one more turn if they went back."""
        if self._clock is None:
            return None
        self._clock += (low_bits - self._clock) & 0x1F
        return self._clock


class _CutOff(Exception):
    """A frame goes on beyond the end."""


class _Undefined(Exception):
    """A data message whose layout was never defined: what we read is not FIT, or no longer."""


def begins_part(file: IO[bytes], position: int, file_size: int) -> bool:
    """Is there the header of a FIT file?"""
    if position + SHORTEST_HEADER > file_size:
        return False
    file.seek(position)
    return file.read(SHORTEST_HEADER)[8:12] == b".FIT"


def _fields(described: bytes, at: int) -> tuple[tuple[Field, ...], int]:
    """The fields of a definition, and where the next one would begin."""
    fields = []
    for number, size, kind in struct.iter_unpack("3B", described):
        fields.append(Field(number, size, kind, at))
        at += size
    return tuple(fields), at


def _threes(fields: tuple[Field, ...]) -> bytes:
    return b"".join(bytes((field.number, field.size, field.kind)) for field in fields if field.size)
