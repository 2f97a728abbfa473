"""FIT: sessions, laps and records as devices write them.

One session is one activity: records and laps go to the session in whose time they fall. Totals are the session's own.
A file without a session (a watch that crashed, a copy that was cut off) is measured by its records. Files chained in
one file are read one after the other. What a file is says its file_id; but a device that leaves it out and records all
the same is believed.

fitdecode knows FIT's messages and fields; around it, fit_frames finds where messages begin and end in files that it
would refuse, and fit_records reads the message that comes every second.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activities.importers import samples
from activities.importers.assembly import Stated, assemble
from activities.importers.contents import MAX_PARTS, Contents, Unreadable, too_many_parts
from activities.importers.fit_frames import Part, begins_part
from activities.importers.fit_messages import FIT_EPOCH_S, FitFile, Spent, Values, collect, number, positive, us
from activities.importers.samples import NO_TIME, Samples, Table
from activities.importers.words import FOOT_SPORTS
from activities.recorded import RecordedActivity, RecordedLap

#: timestamps below this count from when the device was switched on
SYSTEM_TIME_BELOW = 0x10000000
QUARTER_HOUR_S = 900
MOST_OFFSET_S = 14 * 3600

#: FIT's file types that never hold an activity, as people call them
_OTHER_FILES = {
    "device": "a device description",
    "settings": "settings",
    "sport": "sport settings",
    "workout": "a workout",
    "course": "a course",
    "schedules": "a schedule",
    "weight": "weight measurements",
    "totals": "totals",
    "goals": "goals",
    "blood_pressure": "blood pressure measurements",
    "monitoring_a": "daily monitoring",
    "monitoring_b": "daily monitoring",
    "monitoring_daily": "daily monitoring",
    "segment": "a segment",
    "segment_list": "a list of segments",
    "exd_configuration": "settings",
}


@dataclass(frozen=True)
class _Read:
    """One FIT file of those chained in one. end: the sample after its last."""

    fit: FitFile
    end: int
    incomplete: str
    notes: tuple[str, ...]

    @property
    def other(self) -> str:
        """What it is instead of an activity; a session is believed more than the file's own word."""
        return "" if self.fit.sessions else _OTHER_FILES.get(str(self.fit.file_id.get("type")), "")


def read_fit(path: Path) -> Contents:
    """The activities of a FIT file and of those chained to it. Raises Unreadable where nothing was recorded."""
    collected = Samples()
    parts = _parts(path, collected)
    table = collected.table()
    found: list[RecordedActivity] = []
    for part in parts:
        if not part.other:
            found.extend(_activities(part.fit, table[part.fit.first : part.end], part.notes))
    faults = list(dict.fromkeys(part.incomplete for part in parts if part.incomplete))
    if found:
        return Contents(activities=tuple(found), incomplete=" ".join(faults))
    if others := [part.other for part in parts if part.other]:
        return Contents(not_an_activity=others[0])
    if faults:
        raise Unreadable("damaged", f"{faults[0]} Nothing recorded could be read.")
    if any(part.fit.file_id.get("type") not in ("activity", None) for part in parts):
        return Contents(not_an_activity="a file of the device's own, without a recording")
    raise Unreadable("nothing_recorded", "The file holds no session, no lap and no record.")


def _parts(path: Path, collected: Samples) -> list[_Read]:
    size = path.stat().st_size
    spent = Spent()
    parts: list[_Read] = []
    start = 0
    with path.open("rb") as file:
        while begins_part(file, start, size):
            if len(parts) >= MAX_PARTS:
                raise too_many_parts("chained files")
            part = Part(file, start=start, file_size=size)
            fit = collect(part, collected, spent)
            start = part.end
            notes = ("checksum_missing",) if part.checksum_missing else ()
            parts.append(_Read(fit, len(collected), part.incomplete, notes))
    if start < size:
        parts[-1] = replace(parts[-1], notes=(*parts[-1].notes, "content_after_end"))
    return parts


def _activities(fit: FitFile, table: Table, notes: tuple[str, ...]) -> Iterable[RecordedActivity]:
    if fit.n_skipped:
        notes = (*notes, "messages_skipped")
    sessions = _distinct(fit.sessions)
    if len(sessions) < len(fit.sessions):
        notes = (*notes, "sessions_repeated")
    if not sessions:
        yield from _made(table, _without_session(fit, table, notes))
        return
    laps = _laps_of(sessions, fit.laps)
    tables = _tables_of(sessions, table)
    for session, own_table, own_laps in zip(sessions, tables, laps, strict=True):
        yield from _made(own_table, _stated(fit, session, own_table, own_laps, notes))


def _made(table: Table, stated: Stated) -> Iterable[RecordedActivity]:
    if stated.started_us is not None and stated.started_us < (SYSTEM_TIME_BELOW + FIT_EPOCH_S) * 1_000_000:
        stated = replace(stated, notes=(*stated.notes, "clock_not_set"))
    activity = assemble(table, stated)
    if activity is not None:
        yield activity


def _distinct(sessions: list[Values]) -> list[Values]:
    """In order of their start; of those with one start and sport, which some devices write again, the last."""
    by_start = {(_start_us(session), str(session.get("sport"))): session for session in sessions}
    return sorted(by_start.values(), key=lambda session: _start_us(session) or 0)


def _start_us(values: Values) -> int | None:
    """When a session or lap started: stated, else counted back from when it was written."""
    start = us(values.get("start_time"))
    if start is not None:
        return start
    written = us(values.get("timestamp"))
    return None if written is None else written - int(1e6 * (number(values, "total_elapsed_time") or 0))


def _owners(sessions: list[Values], time_us: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """For each sample the session it belongs to, the last that had started; without a time, its neighbour's."""
    starts = np.array([_start_us(session) or 0 for session in sessions], dtype=np.int64)
    timed = np.flatnonzero(time_us != NO_TIME)
    if not len(timed):
        return np.zeros(len(time_us), dtype=np.intp)
    neighbour = np.maximum(np.searchsorted(timed, np.arange(len(time_us)), side="right") - 1, 0)
    return np.maximum(np.searchsorted(starts, time_us[timed[neighbour]], side="right") - 1, 0)


def _tables_of(sessions: list[Values], table: Table) -> list[Table]:
    """The samples of each session, in the file's order."""
    if len(sessions) == 1:
        return [table]
    owners = _owners(sessions, table.time_us)
    if (np.diff(owners) < 0).any():
        order = np.argsort(owners, kind="stable")
        table, owners = table[order], owners[order]
    bounds = np.searchsorted(owners, np.arange(len(sessions) + 1))
    return [table[start:end] for start, end in itertools.pairwise(bounds.tolist())]


def _laps_of(sessions: list[Values], laps: list[Values]) -> list[list[Values]]:
    """By the sessions' lap numbers where these use up all laps, else by time."""
    if len(sessions) == 1:
        return [laps]
    ranges = [(number(one, "first_lap_index"), number(one, "num_laps")) for one in sessions]
    if all(first is not None and n for first, n in ranges) and sum(int(n or 0) for _, n in ranges) == len(laps):
        return [laps[int(first or 0) : int(first or 0) + int(n or 0)] for first, n in ranges]
    owners = _owners(sessions, np.array([_start_us(lap) or NO_TIME for lap in laps], dtype=np.int64))
    by_session: list[list[Values]] = [[] for _ in sessions]
    for lap, owner in zip(laps, owners.tolist(), strict=True):
        by_session[owner].append(lap)
    return by_session


def _stated(fit: FitFile, session: Values, table: Table, laps: list[Values], notes: tuple[str, ...]) -> Stated:
    sport = _word(session, "sport") or _word(fit.sport, "sport")
    both_feet = 2 if sport in FOOT_SPORTS else 1
    cadence = positive(session, "avg_running_cadence", "avg_cadence")
    recorded = len(table) > 1
    return Stated(
        sport=sport,
        sub_sport=_word(session, "sub_sport") or _word(fit.sport, "sub_sport"),
        started_us=_start_us(session),
        utc_offset_s=_utc_offset_s(fit.activity),
        distance_m=number(session, "total_distance"),
        elapsed_s=(positive if recorded else number)(session, "total_elapsed_time"),
        timer_s=(positive if recorded else number)(session, "total_timer_time") or _timer_s(fit.timer, table),
        moving_s=positive(session, "total_moving_time"),
        hr_avg=positive(session, "avg_heart_rate"),
        hr_max=positive(session, "max_heart_rate"),
        cadence_avg=None if cadence is None else both_feet * cadence,
        power_avg=number(session, "avg_power"),
        ascent_m=number(session, "total_ascent"),
        descent_m=number(session, "total_descent"),
        calories=number(session, "total_calories"),
        device=_device(fit),
        device_serial=_serial(fit),
        laps=_laps(laps),
        notes=notes,
    )


def _without_session(fit: FitFile, table: Table, notes: tuple[str, ...]) -> Stated:
    """A recording that was never closed: what its laps say where there are no records, and the clock of its timer."""
    laps = fit.laps
    sports = (_word(values, "sport") for values in (fit.sport, *laps))
    starts = [start for lap in laps if (start := _start_us(lap)) is not None]
    counted = not len(table)
    return Stated(
        sport=next(filter(None, sports), ""),
        sub_sport=_word(fit.sport, "sub_sport"),
        started_us=min(starts, default=None) if counted else _first_us(table),
        utc_offset_s=_utc_offset_s(fit.activity),
        distance_m=samples.total(number(lap, "total_distance") for lap in laps) if counted else None,
        elapsed_s=samples.total(number(lap, "total_elapsed_time") for lap in laps) if counted else None,
        timer_s=_timer_s(fit.timer, table) or samples.total(number(lap, "total_timer_time") for lap in laps),
        device=_device(fit),
        device_serial=_serial(fit),
        laps=_laps(laps),
        notes=(*notes, "no_session"),
    )


def _first_us(table: Table) -> int | None:
    span = samples.span_us(table.time_us)
    return span[0] if span else None


def _timer_s(timer: list[tuple[int, bool]], table: Table) -> float | None:
    """How long the timer ran between the table's first and last sample, by its starts and stops."""
    span = samples.span_us(table.time_us)
    if span is None or not timer:
        return None
    ran_us, started_us = 0, None
    for event_us, starts in timer:
        at_us = min(max(event_us, span[0]), span[1])
        if starts and started_us is None:
            started_us = at_us
        elif not starts and started_us is not None:
            ran_us += at_us - started_us
            started_us = None
    if started_us is not None:
        ran_us += span[1] - started_us
    return ran_us / 1e6 if ran_us > 0 else None


def _laps(laps: list[Values]) -> tuple[RecordedLap, ...]:
    return tuple(
        RecordedLap(
            index=index,
            started_at=None if (start := _start_us(lap)) is None else samples.when(start),
            elapsed_s=number(lap, "total_elapsed_time"),
            timer_s=number(lap, "total_timer_time"),
            distance_m=number(lap, "total_distance"),
            hr_avg=positive(lap, "avg_heart_rate"),
            hr_max=positive(lap, "max_heart_rate"),
            ascent_m=number(lap, "total_ascent"),
            trigger=_word(lap, "lap_trigger"),
        )
        for index, lap in enumerate(laps)
    )


def _word(values: Values, name: str) -> str:
    """A value fitdecode has a word for; numbers newer than its profile say nothing."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _utc_offset_s(activity: Values) -> int | None:
    """From the local time beside the time in UTC; None unless the difference can be a zone's."""
    local, utc = activity.get("local_timestamp"), activity.get("timestamp")
    if not isinstance(local, int) or not isinstance(utc, int):
        return None
    offset = round((local - utc) / QUARTER_HOUR_S) * QUARTER_HOUR_S
    return offset if abs(offset) <= MOST_OFFSET_S and abs(local - utc - offset) <= 60 else None


def _device(fit: FitFile) -> str:
    maker = _word(fit.file_id, "manufacturer") or _word(fit.creator, "manufacturer")
    product = _word(fit.file_id, "product_name") or _word(fit.creator, "product_name")
    for said in (fit.file_id, fit.creator):
        product = product or next((_word(said, name) for name in said if name.endswith("_product")), "")
    if product.casefold().startswith(maker.casefold().split("_")[0]):
        return product.strip()
    return f"{maker.replace('_', ' ')} {product}".strip()


def _serial(fit: FitFile) -> str:
    number = positive(fit.file_id, "serial_number") or positive(fit.creator, "serial_number")
    return str(int(number)) if number else ""
