"""Strava's JSON as typed values in SI units, and nothing else.

Strava marks no field as required and none as never null, sends numbers as `173.0` or as text, adds fields and values without
notice, and has stored whatever a device once uploaded. So every field may be odd: an odd value counts as missing, and only
what has no identity or no start cannot be an activity. `read_summary` gives a SetAside for that instead of raising, so
that one bad item never costs the rest of its page.

Times of day: `start_date` is aware UTC; `start_date_local` comes with a false Z and is a naive wall clock here.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from activities.importers import words
from activities.recorded import COLUMN_TYPES, RecordedLap, Streams

LARGEST_ID: Final = 2**63 - 1
LARGEST_WHOLE: Final = 2**53
WIDEST_OFFSET_S: Final = 18 * 3600
#: the privacy setting "hide start time": both starts come as one second past midnight
HIDDEN_START: Final = (0, 0, 1)


def clean(value: object, *, longest: int = 100_000) -> str:
    """Words as PostgreSQL takes them: no NUL, no lone surrogate. Anything but words is none."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()[:longest].strip()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return round(number) if number is not None and abs(number) <= LARGEST_WHOLE else None


def _identity(value: object) -> int | None:
    """An id, exact: as a number, as digits, or as a float that still holds it whole."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 32:
        value = int(value)
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) <= LARGEST_WHOLE else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= LARGEST_ID else None


def _moment(value: object) -> datetime | None:
    """An aware UTC time; None for what is no time, or lies so far out that no arithmetic with it works."""
    found = words.moment(value) if isinstance(value, str) else None
    try:
        found = found.replace(tzinfo=UTC) if found and found.tzinfo is None else found and found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and 1 < found.year < 9999 else None


def _wall_clock(value: object) -> datetime | None:
    """A local time whose Z is not meant: the digits count, the zone does not."""
    found = words.moment(value) if isinstance(value, str) else None
    return found.replace(tzinfo=None) if found is not None and 1 < found.year < 9999 else None


def _true(value: object) -> bool:
    return value is True or value in (1, "true", "1")


def _place(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    latitude, longitude = _number(value[0]), _number(value[1])
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude


def _positive(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


Words = Annotated[str, BeforeValidator(clean)]
Number = Annotated[float | None, BeforeValidator(_number)]
Positive = Annotated[float | None, BeforeValidator(_positive)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Identity = Annotated[int | None, BeforeValidator(_identity)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
WallClock = Annotated[datetime | None, BeforeValidator(_wall_clock)]
Flag = Annotated[bool, BeforeValidator(_true)]
Place = Annotated[tuple[float, float] | None, BeforeValidator(_place)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class SetAside(BaseModel):
    """An item that could not be read: kept with its payload and shown, never in the way of the others."""

    model_config = ConfigDict(frozen=True)

    payload: Any
    reason: Literal["not_an_object", "no_id", "no_start", "unreadable"]
    strava_id: int | None = None


class Summary(_Answer):
    """One activity as the list gives it."""

    strava_id: int = Field(validation_alias="id")
    athlete_id: Identity = Field(default=None, validation_alias=AliasPath("athlete", "id"))
    name: Words = ""
    start_date: datetime
    start_date_local: WallClock = None
    timezone: Words = ""
    utc_offset: Number = None
    sport_type: Words = ""
    type: Words = ""
    workout_type: Whole = None
    distance_m: Positive = Field(default=None, validation_alias="distance")
    elapsed_s: Positive = Field(default=None, validation_alias="elapsed_time")
    moving_s: Positive = Field(default=None, validation_alias="moving_time")
    ascent_m: Positive = Field(default=None, validation_alias="total_elevation_gain")
    elev_high_m: Number = Field(default=None, validation_alias="elev_high")
    elev_low_m: Number = Field(default=None, validation_alias="elev_low")
    start_latlng: Place = None
    end_latlng: Place = None
    polyline: Words = Field(default="", validation_alias=AliasPath("map", "summary_polyline"))
    trainer: Flag = False
    commute: Flag = False
    manual: Flag = False
    private: Flag = False
    flagged: Flag = False
    visibility: Words = ""
    speed_avg_mps: Positive = Field(default=None, validation_alias="average_speed")
    speed_max_mps: Positive = Field(default=None, validation_alias="max_speed")
    #: as Strava counts it, one leg on foot; `cadence_avg` is ours
    average_cadence: Positive = None
    has_heartrate: Flag = False
    hr_avg: Positive = Field(default=None, validation_alias="average_heartrate")
    hr_max: Positive = Field(default=None, validation_alias="max_heartrate")
    power_avg: Positive = Field(default=None, validation_alias="average_watts")
    device_watts: Flag = False
    gear_id: Words = ""
    device_name: Words = ""
    upload_id: Identity = None
    external_id: Words = ""

    @field_validator("*", mode="before")
    @classmethod
    def _no_object_where_a_value_belongs(cls, value: Any) -> Any:
        return None if isinstance(value, dict) else value

    @property
    def utc_offset_s(self) -> int | None:
        """The offset that applied: as told, else the difference of the two clocks, else the zone's on that day."""
        told = self.utc_offset
        if told is not None and abs(told) <= WIDEST_OFFSET_S:
            return round(told)
        if self.start_date_local is not None and not self.start_is_hidden:
            gap = round((self.start_date_local - self.start_date.replace(tzinfo=None)).total_seconds())
            if abs(gap) <= WIDEST_OFFSET_S and gap % 900 == 0:
                return gap
        if self.zone:
            offset = self.start_date.astimezone(ZoneInfo(self.zone)).utcoffset()
            return None if offset is None else round(offset.total_seconds())
        return None

    @property
    def zone(self) -> str | None:
        """The IANA zone behind the bracket of `(GMT-08:00) America/Los_Angeles`; None where it names none."""
        name = re.sub(r"^\s*\([^)]*\)\s*", "", self.timezone).strip()
        return name if name in _ZONES else None

    @property
    def local_date(self) -> date:
        """The day on the clock where it was run."""
        if self.start_date_local is not None:
            return self.start_date_local.date()
        return (self.start_date + timedelta(seconds=self.utc_offset_s or 0)).date()

    @property
    def start_is_hidden(self) -> bool:
        """The athlete hides start times: only the day is true, and two runs of a day share a start."""
        clock = self.start_date.timetuple()[3:6]
        local = self.start_date_local
        return clock == HIDDEN_START and (local is None or local.timetuple()[3:6] == HIDDEN_START)

    @property
    def sport(self) -> str:
        """FIT's word; Strava's own in small letters where there is none, so that a new sport stays told apart."""
        return _sport(self.sport_type or self.type)[0]

    @property
    def sub_sport(self) -> str:
        return _sport(self.sport_type or self.type)[1]

    @property
    def is_on_foot(self) -> bool:
        return self.sport in words.FOOT_SPORTS

    @property
    def cadence_avg(self) -> float | None:
        """Steps a minute of both feet on foot, else as told."""
        return (
            self.average_cadence * 2 if self.average_cadence is not None and self.is_on_foot else self.average_cadence
        )

    @property
    def fingerprint(self) -> str:
        """Changes when the run was edited: distance, times, start, sport or upload."""
        return _digest(
            self.distance_m,
            self.elapsed_s,
            self.moving_s,
            self.start_date.isoformat(),
            self.sport_type or self.type,
            self.upload_id,
        )

    @property
    def track_fingerprint(self) -> str:
        """Changes when the streams must be fetched again: distance, elapsed time or start."""
        return _digest(self.distance_m, self.elapsed_s, self.start_date.isoformat())

    @property
    def digest(self) -> str:
        """Changes when anything we keep of it changed, names and flags too."""
        return _digest(self.model_dump(mode="json", by_alias=False))


class _Lap(_Answer):
    lap_index: Whole = None
    start_date: Moment = None
    elapsed_s: Positive = Field(default=None, validation_alias="elapsed_time")
    moving_s: Positive = Field(default=None, validation_alias="moving_time")
    distance_m: Positive = Field(default=None, validation_alias="distance")
    hr_avg: Positive = Field(default=None, validation_alias="average_heartrate")
    hr_max: Positive = Field(default=None, validation_alias="max_heartrate")
    ascent_m: Positive = Field(default=None, validation_alias="total_elevation_gain")


class Detail(Summary):
    """One activity as asked for by its id: the summary, and what the list leaves out."""

    description: Words = ""
    calories: Positive = None
    polyline: Words = Field(default="", validation_alias=AliasPath("map", "polyline"))
    summary_polyline: Words = Field(default="", validation_alias=AliasPath("map", "summary_polyline"))
    gear_name: Words = Field(default="", validation_alias=AliasPath("gear", "name"))
    laps: tuple[RecordedLap, ...] = ()

    @field_validator("laps", mode="before")
    @classmethod
    def _readable_laps(cls, value: Any) -> tuple[RecordedLap, ...]:
        found = [_Lap.model_validate(lap) for lap in value if isinstance(lap, dict)] if isinstance(value, list) else []
        return tuple(
            RecordedLap(
                index=number,
                started_at=lap.start_date,
                elapsed_s=lap.elapsed_s,
                timer_s=lap.moving_s,
                distance_m=lap.distance_m,
                hr_avg=lap.hr_avg,
                hr_max=lap.hr_max,
                ascent_m=lap.ascent_m,
            )
            for number, lap in enumerate(found, start=1)
        )


def read_summary(item: object) -> Summary | SetAside:
    """One item of a list; what has no identity or no start is set aside."""
    read = _read(item, Summary)
    assert isinstance(read, Summary | SetAside)
    return read


def read_detail(item: object) -> Detail | SetAside:
    read = _read(item, Detail)
    assert isinstance(read, Detail | SetAside)
    return read


def _read(item: object, schema: type[Summary]) -> Summary | SetAside:
    if not isinstance(item, dict):
        return SetAside(payload=item, reason="not_an_object")
    strava_id = _identity(item.get("id"))
    if strava_id is None:
        return SetAside(payload=item, reason="no_id")
    started = _moment(item.get("start_date")) or _start_from_local(item)
    if started is None:
        return SetAside(payload=item, reason="no_start", strava_id=strava_id)
    try:
        return schema.model_validate({**_without_odd_objects(item), "id": strava_id, "start_date": started})
    except ValueError:  # nothing known leads here, but one item must never stop a page
        return SetAside(payload=item, reason="unreadable", strava_id=strava_id)


def _start_from_local(item: Mapping[str, Any]) -> datetime | None:
    local, offset = _wall_clock(item.get("start_date_local")), _number(item.get("utc_offset"))
    if local is None or offset is None or abs(offset) > WIDEST_OFFSET_S:
        return None
    return local.replace(tzinfo=UTC) - timedelta(seconds=offset)


def _without_odd_objects(item: Mapping[str, Any]) -> dict[str, Any]:
    """`map`, `athlete` and `gear` are objects; where something else came, nothing did."""
    return {
        key: value for key, value in item.items() if key not in {"map", "athlete", "gear"} or isinstance(value, dict)
    }


def _sport(told: str) -> tuple[str, str]:
    found = words.sport(told)
    if found[0]:
        return found
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", told).lower()[:40], ""


def _digest(*parts: object) -> str:
    told = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


_ZONES: Final = frozenset(available_timezones())


# -- streams ------------------------------------------------------------------------------------------------------------

#: Strava's name -> ours; the rest of what exists (moving, grade) is derived better from these
STREAM_COLUMNS: Final[dict[str, str]] = {
    "distance": "distance_m",
    "altitude": "altitude_m",
    "velocity_smooth": "speed_mps",
    "heartrate": "heart_rate_bpm",
    "cadence": "cadence_spm",
    "watts": "power_w",
    "temp": "temperature_c",
}
STREAM_KEYS: Final = ("time", "latlng", *STREAM_COLUMNS)


class UnequalStreams(ValueError):
    """The streams of one activity differ in length, so no sample is whole."""


@dataclass(frozen=True)
class StreamSet:
    """The streams of one activity as Strava gave them: by name, each a list that may hold nulls."""

    data: Mapping[str, list[Any]]

    @classmethod
    def read(cls, answer: object) -> Self:
        """From an object by key, or from a list of streams that name their type. Raises ValueError for neither."""
        if isinstance(answer, list):
            found = {one.get("type"): one.get("data") for one in answer if isinstance(one, dict)}
        elif isinstance(answer, dict):
            found = {name: one.get("data") if isinstance(one, dict) else one for name, one in answer.items()}
        else:
            raise ValueError("the streams are neither an object nor a list")
        return cls({name: data for name, data in found.items() if name in STREAM_KEYS and isinstance(data, list)})

    def as_streams(self, *, on_foot: bool = True) -> Streams | None:
        """Columns in order of time, or None where there is no time in them.

        on_foot: Strava counts one leg, we count both. Samples without a time are left out; ties stay.
        Raises UnequalStreams where the lengths differ.
        """
        times = self.data.get("time") or []
        lengths = {name: len(data) for name, data in self.data.items() if data}
        if not times:
            return None
        if len(set(lengths.values())) > 1:
            raise UnequalStreams(", ".join(f"{name} {length}" for name, length in sorted(lengths.items())))
        time_s = _column(times, _number)
        order = np.argsort(time_s, kind="stable")
        order = order[: np.count_nonzero(~np.isnan(time_s))]  # NaN sorts to the end
        if not len(order):
            return None
        columns: dict[str, Any] = {"time_s": time_s[order]}
        for name, ours in STREAM_COLUMNS.items():
            if data := self.data.get(name):
                column = _column(data, _number)[order]
                columns[ours] = column * 2 if name == "cadence" and on_foot else column
        if places := self.data.get("latlng"):
            found = [_place(place) or (math.nan, math.nan) for place in places]
            both = np.array(found, dtype=np.float64)[order]
            columns["latitude"], columns["longitude"] = both[:, 0], both[:, 1]
        known = {name: column for name, column in columns.items() if not np.isnan(column).all()}
        return Streams(**{name: column.astype(COLUMN_TYPES[name]) for name, column in known.items()})


def _column(data: list[Any], read: Callable[[object], float | None]) -> npt.NDArray[np.float64]:
    try:
        column = np.array(data, dtype=np.float64)  # the ordinary case: numbers and nulls
    except (TypeError, ValueError, OverflowError):
        column = np.empty(0)
    if column.shape != (len(data),):
        values = (read(value) for value in data)
        column = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    return np.where(np.isfinite(column), column, math.nan)


# -- everything else ----------------------------------------------------------------------------------------------------


class AthleteProfile(_Answer):
    """Who the token belongs to. Without profile:read_all only the id and the name are sure."""

    strava_id: int = Field(validation_alias="id")
    first_name: Words = Field(default="", validation_alias="firstname")
    last_name: Words = Field(default="", validation_alias="lastname")
    sex: Words = ""
    weight_kg: Positive = Field(default=None, validation_alias="weight")
    measurement_preference: Words = ""
    created_at: Moment = None

    @field_validator("strava_id", mode="before")
    @classmethod
    def _an_identity(cls, value: object) -> int:
        found = _identity(value)
        if found is None:
            raise ValueError("the athlete has no id")
        return found

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Token(_Answer):
    """An answer of the token endpoint; its secrets show in no repr."""

    access_token: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = Field(min_length=1)
    expires_at: datetime
    athlete: AthleteProfile | None = None

    @field_validator("expires_at", mode="before")
    @classmethod
    def _epoch(cls, value: object) -> datetime:
        seconds = _whole(value)
        if seconds is None or not 0 < seconds < 2**33:
            raise ValueError("expires_at is no time")
        return datetime.fromtimestamp(seconds, tz=UTC)

    @field_validator("athlete", mode="before")
    @classmethod
    def _an_object_with_an_id(cls, value: Any) -> Any:
        return value if isinstance(value, dict) and _identity(value.get("id")) else None


class Zones(_Answer):
    """The athlete's heart-rate zones: the lowest beat of each, and the top of the last but one (the last is open)."""

    heart_rate: tuple[tuple[float, float | None], ...] = ()
    custom: bool = False

    @classmethod
    def read(cls, answer: object) -> Self:
        """Empty where there are none: the key, the list and its members may each be missing."""
        told = answer.get("heart_rate") if isinstance(answer, dict) else None
        listed = told.get("zones") if isinstance(told, dict) else None
        found = []
        for zone in listed if isinstance(listed, list) else []:
            low = _positive(zone.get("min")) if isinstance(zone, dict) else None
            if low is not None:
                found.append((low, _positive(zone.get("max"))))
        return cls(heart_rate=tuple(found), custom=isinstance(told, dict) and _true(told.get("custom_zones")))


class Gear(_Answer):
    gear_id: Words = Field(validation_alias="id")
    name: Words = ""
    brand_name: Words = ""
    model_name: Words = ""
    distance_m: Positive = Field(default=None, validation_alias="distance")


class WebhookEvent(_Answer):
    """A hint that something changed. Not signed: it never says more than "go and look"."""

    object_type: Literal["activity", "athlete"]
    object_id: int = Field(gt=0, le=LARGEST_ID)
    aspect_type: Literal["create", "update", "delete"]
    owner_id: int = Field(gt=0, le=LARGEST_ID)
    subscription_id: int = Field(ge=0, le=LARGEST_ID)
    event_time: int = Field(default=0, ge=0, le=2**33)
    updates: dict[str, str] = Field(default_factory=dict)

    @field_validator("updates", mode="before")
    @classmethod
    def _words_only(cls, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            return {}
        return {clean(key, longest=40): clean(str(said), longest=300) for key, said in list(value.items())[:20]}

    @property
    def deauthorises(self) -> bool:
        return self.object_type == "athlete" and self.updates.get("authorized", "").lower() == "false"
