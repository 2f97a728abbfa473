"""A table of results becomes races: read row by row, compared with the book, taken in and taken back as a whole.

A row that is in the book already is left alone, one that the book knows without an official time gives it that, one
that contradicts the book is shown and changes nothing. Taking in and taking back are one transaction each. What a
person changed afterwards is theirs and is not taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import structlog
from django.core.exceptions import ValidationError as FieldError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from activities import columns, locks, measures
from activities.columns import RESULT_FIELDS, DayOrder, Table
from activities.queue import ask_for
from athletes.models import Athlete, User
from performance import analysis, decisions
from performance.decisions import Said, said_of
from performance.forms import ask_which
from performance.models import Race, RaceDecision, ResultsFile
from performance.race_detection.distances import within_window
from performance.race_detection.names import read_name

log = structlog.get_logger("agegrade.results")

State = ResultsFile.State
Outcome = Literal["new", "adds", "same", "differs", "unreadable"]

MOST_ROWS: Final = 5_000
#: what touches as many races is taken back while its owner waits; more in the background
AT_ONCE: Final = 100
PREVIEW_KEPT: Final = timedelta(days=7)
#: times of one race in two lists may differ by the rounding of one of them
SAME_TIME_S: Final = 1.0

#: what a column of a career's results may be
FIELDS: Final = (
    "date", "event", "distance", "chip_time", "gun_time", "time", "surface", "place_overall", "field_overall", "place_sex",
    "place_age_group", "age_group", "bib", "result_url", "notes",
)  # fmt: skip
NEEDED: Final = ("date", "time")
_TIMES: Final = ("chip_time", "gun_time", "time")
_PLACES: Final = ("place_overall", "field_overall", "place_sex", "place_age_group")

_SURFACES: Final[Mapping[str, Race.Surface]] = {
    **dict.fromkeys(["track", "bahn", "piste", "pista", "stadium", "indoor", "halle"], Race.Surface.TRACK),
    **dict.fromkeys(["trail", "trailrun", "mountain", "berg", "fell", "gelande"], Race.Surface.TRAIL),
    **dict.fromkeys(("xc", "cross", "cross country", "crosslauf", "campestre"), Race.Surface.CROSS_COUNTRY),
    **dict.fromkeys(["road", "strasse", "route", "ruta", "strada", "weg"], Race.Surface.ROAD),
}


@dataclass(frozen=True)
class Reading:
    """How a table is read.  columns: field to column.  default_unit: what a bare distance is in, "" where that is unknown."""

    columns: Mapping[str, int]
    day_order: DayOrder | None = None
    default_unit: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Reading":
        return cls(stored.get("columns", {}), stored.get("day_order"), stored.get("default_unit", ""))

    def as_dict(self) -> dict[str, Any]:
        return {"columns": dict(self.columns), "day_order": self.day_order, "default_unit": self.default_unit}

    @property
    def missing(self) -> list[str]:
        """What no result can do without and no column was named for."""
        lacks = [] if "date" in self.columns else ["date"]
        if not any(name in self.columns for name in _TIMES):
            lacks.append("time")
        return lacks + ([] if {"distance", "event"} & set(self.columns) else ["distance"])


@dataclass(frozen=True)
class Row:
    """number: of the row in the table, from 1.  problems: why it cannot be a race; then said holds what could be read."""

    number: int
    day: date | None
    said: Said
    problems: tuple[str, ...] = ()

    @property
    def time_s(self) -> float | None:
        return self.said.chip_time_s or self.said.gun_time_s


@dataclass(frozen=True)
class Judged:
    """A row beside the book.  race: the one it is, or contradicts."""

    row: Row
    outcome: Outcome
    race: Race | None = None


# -- reading ------------------------------------------------------------------------------------------------------------


def first_reading(table: Table) -> Reading:
    """What the header and the cells suggest; the day order stays open where figures leave it open."""
    found = columns.guess(table, [RESULT_FIELDS[name] for name in FIELDS])
    orders = columns.day_orders(table.column(found["date"])) if "date" in found else ()
    heading = columns.plain(table.header[found["distance"]]) if "distance" in found else ""
    words = heading.split()
    unit = next((unit for unit in ("km", "mi", "m") if unit in words), "mi" if "miles" in words else "")
    return Reading(found, orders[0] if len(orders) == 1 else None, unit)


def read_rows(table: Table, reading: Reading) -> list[Row]:
    return [_row(number, cells, reading) for number, cells in enumerate(table.rows, start=1)]


def _row(number: int, cells: Sequence[str], reading: Reading) -> Row:
    told = {name: cells[place] for name, place in reading.columns.items() if place < len(cells)}
    problems: list[str] = []
    day = _day(told.get("date", ""), reading.day_order, problems)
    name = told.get("event", "")[:300]
    distance_m = _distance(told.get("distance", ""), name, reading.default_unit, problems)
    times = {kind: _time(told.get(kind, ""), distance_m, problems) for kind in _TIMES}
    if not any(times.values()) and not problems:
        problems.append(_("There is no time in it."))
    gun_s = times["gun_time"]
    chip_s = times["chip_time"] or times["time"]
    if chip_s and gun_s and chip_s > gun_s:
        problems.append(_("Its chip time is longer than its gun time."))
    said = Said(
        name=name,
        distance_m=distance_m,
        surface=_SURFACES.get(columns.plain(told.get("surface", "")), ""),
        chip_time_s=chip_s,
        gun_time_s=gun_s,
        age_group=told.get("age_group", "")[:30],
        bib=told.get("bib", "")[:20],
        result_url=_link(told.get("result_url", "")),
        notes=told.get("notes", "")[:5000],
        **_places(told),
    )
    return Row(number, day, said, tuple(problems))


def _day(cell: str, order: DayOrder | None, problems: list[str]) -> date | None:
    day = columns.read_date(cell, order or "dmy")
    if day is None:
        problems.append(_("Its date cannot be read: %s.") % cell[:40] if cell else _("There is no date in it."))
    elif day > timezone.localdate() + timedelta(days=1):
        problems.append(_("Its date is in the future."))
    elif day.year < 1890:
        problems.append(_("Its date is before any race."))
    return day


def _distance(cell: str, name: str, default_unit: str, problems: list[str]) -> float | None:
    """As the column says, else as the name of the event says."""
    if cell:
        unit: Any = default_unit or None
        try:
            return measures.parse_distance(cell, default_unit=unit)
        except measures.NotADistance as error:
            if error.reason == "unit_missing":
                problems.append(_("Its distance has no unit: %s.") % cell[:40])
                return None
    named = read_name(name).distances_m if name else ()
    if not named:
        problems.append(_("Its distance cannot be read: %s.") % cell[:40] if cell else _("There is no distance in it."))
    return named[0] if named else None


def _time(cell: str, distance_m: float | None, problems: list[str]) -> float | None:
    if not cell:
        return None
    try:
        parsed = measures.parse_duration(cell, distance_m)
    except measures.NotATime:
        if columns.plain(cell) not in {"dnf", "dns", "dsq", "dq"}:
            problems.append(_("Its time cannot be read: %s.") % cell[:40])
        else:
            problems.append(_("It was not finished: %s.") % cell[:40])
        return None
    if parsed.ambiguous:
        problems.extend(ask_which(parsed).messages)
    return parsed.seconds


def _places(told: Mapping[str, str]) -> dict[str, Any]:
    """17, 17th, 17/320: whole numbers; what is none is left out, and a field smaller than the place too."""
    place_of, _slash, of = told.get("place_overall", "").partition("/")
    found = {name: _whole(told.get(name, "").partition("/")[0]) for name in _PLACES}
    found |= {"place_overall": _whole(place_of), "field_overall": found["field_overall"] or _whole(of)}
    place, field = found["place_overall"], found["field_overall"]
    if place and field and place > field:
        found["field_overall"] = None
    return found


def _whole(text: str) -> int | None:
    digits = text.strip().rstrip("stndrh.")
    return int(digits) if digits.isascii() and digits.isdecimal() and 0 < len(digits) < 8 and int(digits) else None


def _link(cell: str) -> str:
    """An address of the web, or nothing."""
    try:
        URLValidator(schemes=["http", "https"])(cell)
    except FieldError:
        return ""
    return cell if len(cell) <= 500 else ""


# -- beside the book ----------------------------------------------------------------------------------------------------


def judge(athlete: Athlete, rows: Iterable[Row]) -> list[Judged]:
    """What each row would do to this athlete's book, the rows before it counted as in it. One query."""
    by_day: dict[date, list[Race]] = {}
    for race in Race.objects.of(athlete).order_by("pk"):
        by_day.setdefault(race.local_date, []).append(race)
    seen: set[tuple[date, float, float]] = set()
    judged = []
    for row in rows:
        if row.problems or row.day is None or row.said.distance_m is None or row.time_s is None:
            judged.append(Judged(row, "unreadable"))
            continue
        key = (row.day, round(row.said.distance_m), round(row.time_s))
        if key in seen:
            judged.append(Judged(row, "same"))
            continue
        seen.add(key)
        judged.append(_beside(row, by_day.get(row.day, ())))
    return judged


def _beside(row: Row, races: Sequence[Race]) -> Judged:
    fitting = [race for race in races if _is_of(row, race)]
    if not fitting:
        return Judged(row, "new")
    known = next((race for race in fitting if _said_time(race) is not None), None)
    if known is None:
        return Judged(row, "adds", fitting[0])
    agrees = any(_near(_said_time(race), row.time_s) for race in fitting)
    return Judged(row, "same" if agrees else "differs", known)


def _is_of(row: Row, race: Race) -> bool:
    """Whether a row of that day is that race: the same official distance, or one that a watch measures for it."""
    ours, theirs = row.said.distance_m, race.said_distance_m or race.distance_m
    if ours is None or theirs is None:
        return False
    return abs(ours - theirs) <= 1.0 or within_window(theirs, ours)


def _said_time(race: Race) -> float | None:
    return race.chip_time_s or race.gun_time_s


def _near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= SAME_TIME_S


# -- taking in, taking back -----------------------------------------------------------------------------------------------


def receive(athlete: Athlete, *, name: str, data: bytes) -> ResultsFile:
    """Keep a table to be looked at. Raises columns.NotATable."""
    table = columns.read_table(data)
    if len(table.rows) > MOST_ROWS:
        raise columns.NotATable("too_many_rows", _("A table of more than %d results is not read at once.") % MOST_ROWS)
    stored_as = default_storage.save(f"results/{athlete.pk}/table.csv", ContentFile(data))
    return ResultsFile.objects.create(
        athlete=athlete, name=name[:255], stored_as=stored_as, reading=first_reading(table).as_dict()
    )


def table_of(file: ResultsFile) -> Table:
    with default_storage.open(file.stored_as) as stored:
        return columns.read_table(stored.read())


def ask_to_take(file: ResultsFile) -> None:
    from performance.tasks import take_results

    with transaction.atomic():
        if ResultsFile.objects.filter(pk=file.pk, state=State.PREVIEW).update(state=State.TAKING):
            ask_for(take_results, file.pk)


def take(file_id: int) -> bool:
    """Take the rows in that were asked for. False where that is done, or another worker is at it."""
    with locks.alone(locks.RESULTS, file_id) as ours, transaction.atomic():
        file = ResultsFile.objects.select_related("athlete__user").filter(pk=file_id, state=State.TAKING).first()
        if not ours or file is None:
            return False
        athlete, by = file.athlete, file.athlete.user
        # What the athlete says of a race meanwhile waits, so that nothing of it is written over.
        list(Race.objects.of(athlete).select_for_update().order_by("pk").values_list("pk"))
        judged = judge(athlete, read_rows(table_of(file), Reading.of(file.reading)))
        new = [_new(athlete, one.row) for one in judged if one.outcome == "new"]
        Race.objects.bulk_create(new, batch_size=500)
        RaceDecision.objects.bulk_create(
            [
                RaceDecision(race=race, what=RaceDecision.What.MARKED, by=by, why=f"from {file.name}"[:300])
                for race in new
            ]
        )
        made = iter(new)
        outcomes, changed = [], list(new)
        for one in judged:
            told: dict[str, Any] = {"row": one.row.number, "outcome": one.outcome, "problems": list(one.row.problems)}
            if one.outcome == "new":
                told |= {"race": next(made).pk, "said": _plain(one.row.said)}
            elif one.outcome == "adds" and one.race is not None:
                told |= _add(one.race, one.row.said, by=by, why=file.name)
                changed.append(one.race)
            elif one.race is not None:
                told["race"] = one.race.pk
            outcomes.append(told)
        analysis.derive_all(athlete, changed)
        analysis.want_races(athlete.pk)
        file.outcomes, file.state = outcomes, State.TAKEN
        file.save(update_fields=["outcomes", "state"])
        log.info("results taken in", file_id=file.pk, rows=len(judged), new=len(new))
        return True


def _new(athlete: Athlete, row: Row) -> Race:
    assert row.day is not None
    race = Race(athlete=athlete, local_date=row.day, state=Race.State.CONFIRMED, typed=True)
    decisions.say(race, row.said)
    return race


def _add(race: Race, said: Said, *, by: User, why: str) -> dict[str, Any]:
    """Say of a race what the row says and nobody has said yet; a race that was asked about is one now."""
    before = said_of(race)
    filled = {
        field.name: getattr(said, field.name)
        for field in fields(Said)
        if getattr(before, field.name) in (None, "") and getattr(said, field.name) not in (None, "")
    }
    after = Said(**{**asdict(before), **filled})
    if after.place_overall and after.field_overall and after.place_overall > after.field_overall:
        after = replace(after, field_overall=before.field_overall)
    decisions.say(race, after)
    race.save()
    confirmed = race.state != Race.State.CONFIRMED
    if confirmed:
        RaceDecision.objects.create(race=race, what=RaceDecision.What.CONFIRMED, by=by, why=f"from {why}"[:300])
    return {"race": race.pk, "before": _plain(before), "said": _plain(after), "confirmed": confirmed}


def ask_to_undo(file: ResultsFile) -> None:
    """Take back what the table brought: a short one at once, a long one in the background."""
    from performance.tasks import undo_results

    if sum(told["outcome"] in {"new", "adds"} for told in file.outcomes) <= AT_ONCE:
        undo(file)
        return
    with transaction.atomic():
        if ResultsFile.objects.filter(pk=file.pk, state=State.TAKEN).update(state=State.UNDOING):
            ask_for(undo_results, file.pk, waited_for=True)


def undo(file: ResultsFile) -> int:
    """Take back what the table brought; gives how many races were kept because somebody changed them since, which the
    outcomes note too. Twice is once."""
    with transaction.atomic():
        file = ResultsFile.objects.select_for_update(of=("self",)).select_related("athlete__user").get(pk=file.pk)
        if file.state not in {State.TAKEN, State.UNDOING}:
            return 0
        touched = [told for told in file.outcomes if told["outcome"] in {"new", "adds"}]
        races = (
            Race.objects.of(file.athlete).select_for_update().order_by("pk").in_bulk([told["race"] for told in touched])
        )
        kept, going, restored = 0, [], []
        for told in touched:
            race = races.get(told["race"])
            if race is None:
                continue
            if _plain(said_of(race)) != told["said"]:
                kept += 1
                told["kept"] = True
            elif told["outcome"] == "new":
                going.append(race.pk)
            else:
                decisions.say(race, _said(told["before"]))
                race.save()
                restored.append((race, told["confirmed"]))
        Race.objects.filter(pk__in=going).delete()
        for race, was_confirmed in restored:
            if was_confirmed:
                RaceDecision.objects.create(race=race, what=RaceDecision.What.UNDONE, by=file.athlete.user)
        analysis.derive_all(file.athlete, [race for race, _confirmed in restored])
        analysis.want_races(file.athlete_id)
        file.state = State.UNDONE
        file.save(update_fields=["state", "outcomes"])
        stored = file.stored_as
        transaction.on_commit(lambda: default_storage.delete(stored), robust=True)
        log.info("results taken back", file_id=file.pk, kept=kept)
        return kept


def drop(file: ResultsFile) -> None:
    """A table that was not taken in goes without a trace."""
    file.delete()
    default_storage.delete(file.stored_as)


def drop_forgotten() -> None:
    for file in ResultsFile.objects.filter(state=State.PREVIEW, came_at__lt=timezone.now() - PREVIEW_KEPT):
        drop(file)


def _plain(said: Said) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(said).items()}


def _said(told: Mapping[str, Any]) -> Said:
    cost = told.get("cost")
    return Said(**{**told, "cost": Decimal(cost) if cost is not None else None})
