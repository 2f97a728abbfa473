"""What a person says about a race, written down: decided, undone, marked, typed in, corrected.

Decisions are only ever appended, under the race's row lock, and carry what the person had seen: what was decided
elsewhere in the meantime is never overwritten blindly, and the same answer sent twice is one answer. After each act the
derived columns are made again, in the same transaction.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

import structlog
from django.db import transaction

from activities.models import Activity, Recording
from athletes.models import Athlete, User
from performance import analysis
from performance.models import Race, RaceDecision, RaceRecording
from performance.race_book import for_pages

log = structlog.get_logger("agegrade.decisions")

What = RaceDecision.What

#: so many are decided in one transaction, and while somebody waits
AT_ONCE: Final = 200

#: what a person can answer to "Is this a race?"
ANSWERS = (What.CONFIRMED, What.REJECTED, What.UNDONE)


class DecidedElsewhere(Exception):
    """Somebody decided after the page was drawn. race: as it stands now."""

    def __init__(self, race: Race) -> None:
        super().__init__(f"race {race.pk} was decided elsewhere")
        self.race = race


class HeldByAnother(Exception):
    """The athlete said something about another race in that run. race: that one."""

    def __init__(self, race: Race) -> None:
        super().__init__(f"race {race.pk} holds that run")
        self.race = race


@dataclass(frozen=True)
class Said:
    """What a person knows about a race better than any recording; None and "" mean: not said."""

    name: str = ""
    distance_m: float | None = None
    surface: str = ""
    chip_time_s: float | None = None
    gun_time_s: float | None = None
    place_overall: int | None = None
    place_sex: int | None = None
    place_age_group: int | None = None
    field_overall: int | None = None
    field_sex: int | None = None
    field_age_group: int | None = None
    age_group: str = ""
    bib: str = ""
    certified: bool | None = None
    result_url: str = ""
    notes: str = ""
    cost: Decimal | None = None
    currency: str = ""


_COLUMNS = {"name": "said_name", "distance_m": "said_distance_m", "surface": "said_surface"}
_SAID_COLUMNS = {field.name: _COLUMNS.get(field.name, field.name) for field in fields(Said)}


def decide(race_id: int, *, what: str, by: User, seen: int | None = None) -> Race:
    """Append an answer and let it hold; gives the race as it then stands, `race.last_decision` the id to show next.

    what: confirmed, rejected, or undone (the answer before the last one holds again, if there was one).
    seen: the last decision on the page that asked, 0 for none, None when it is not known.  Raises DecidedElsewhere.
    """
    with transaction.atomic():
        race = _locked(race_id)
        decisions = list(race.decisions.all())
        if _is_repeated(decisions, what=what, seen=seen):
            return _standing(race)
        if seen is not None and seen != (decisions[-1].pk if decisions else 0):
            raise DecidedElsewhere(_standing(race))
        _append(race, what, by)
        if what == What.UNDONE and (before := _before_the_last(decisions)) is not None:
            _append(race, before, by, why="holds again")
        analysis.derive(race)
        analysis.want_races(race.athlete_id)
        log.info("race decided", race_id=race.pk, what=what, state=race.state)
        return _standing(race)


def decide_all(seen: Mapping[int, int | None], *, athlete: Athlete, what: str, by: User) -> tuple[list[Race], int]:
    """The same answer to many races of one athlete at once; one that has this answer already is left as it is.

    seen: races, each with the last decision on the page that asked (as for `decide`). What was decided elsewhere since
    is left as it is. Undoing takes back each race's last answer. Gives the races whose answer changed, derived again in
    one pass, and how many were left because of what somebody else had said.
    """
    with transaction.atomic():
        races = list(
            Race.objects.of(athlete)
            .filter(pk__in=seen)
            .order_by("pk")
            .select_for_update(of=("self",))
            .prefetch_related("decisions")
        )
        changed, n_elsewhere = [], 0
        for race in races:
            race_decisions = list(race.decisions.all())
            last = race_decisions[-1] if race_decisions else None
            if (last is None and what == What.UNDONE) or (last is not None and last.what == what):
                continue
            if seen[race.pk] not in (None, last.pk if last else 0):
                n_elsewhere += not _is_repeated(race_decisions, what=what, seen=seen[race.pk])
                continue
            _append(race, what, by, why="with others")
            if what == What.UNDONE and (before := _before_the_last(race_decisions)) is not None:
                _append(race, before, by, why="holds again")
            changed.append(race)
        analysis.derive_all(athlete, changed)
        if changed:
            analysis.want_races(athlete.pk)
        log.info("races decided", athlete_id=athlete.pk, what=what, races=len(changed), elsewhere=n_elsewhere)
        return changed, n_elsewhere


def decide_for(seen: Mapping[int, int | None], *, what: str, by: User) -> int:
    """The same answer to races of several athletes, as far as `by` may see them; gives how many of them changed."""
    visible = Race.objects.visible_to(by).filter(pk__in=seen).order_by("athlete", "pk").values_list("athlete", "pk")
    done = 0
    for athlete_id, rows in groupby(visible, key=lambda row: row[0]):
        athlete = Athlete.objects.get(pk=athlete_id)
        for some in batched([pk for _athlete, pk in rows]):
            changed, _elsewhere = decide_all({pk: seen[pk] for pk in some}, athlete=athlete, what=what, by=by)
            done += len(changed)
    return done


def batched(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), AT_ONCE):
        yield pks[start : start + AT_ONCE]


def mark(activity: Activity, *, by: User) -> Race:
    """The athlete calls a run a race, whatever we thought of it. Marking it again changes nothing.

    Raises Activity.DoesNotExist where the run became part of another, or was deleted, since the page was made.
    """
    with transaction.atomic():
        activity = Activity.objects.select_for_update(no_key=True).get(pk=activity.pk)
        race, _created = Race.objects.select_for_update(of=("self",)).get_or_create(
            found_in=activity,
            defaults={
                "athlete_id": activity.athlete_id,
                "local_date": activity.local_date,
                "state": Race.State.CONFIRMED,
            },
        )
        race = _locked(race.pk)
        last = race.decisions.last()
        if last is None or last.what not in {What.CONFIRMED, What.MARKED}:
            _append(race, What.MARKED, by)
            analysis.derive(race)
            analysis.want_races(race.athlete_id)
            log.info("race marked", race_id=race.pk, activity_id=activity.pk)
        return _standing(race)


def add(
    athlete: Athlete,
    *,
    local_date: date,
    said: Said,
    by: User,
    inside: Activity | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
) -> Race:
    """A race from a person's memory or a result list.

    inside: an activity it is a part of, from start_s to end_s where that is known: a leg of a relay, one race of a track
    meeting. Without one, the run it was is recognised when it turns up.
    """
    with transaction.atomic():
        race = Race(athlete=athlete, local_date=local_date, state=Race.State.CONFIRMED, typed=True)
        say(race, said)
        race.save()
        _append(race, What.MARKED, by)
        if inside is not None:
            RaceRecording.objects.create(race=race, recording=_leader(inside), start_s=start_s, end_s=end_s, said=True)
        else:
            analysis.want_races(athlete.pk)
        analysis.derive(race)
        analysis.want_races(race.athlete_id)
        log.info("race typed in", race_id=race.pk, inside=inside.pk if inside else None)
        return _standing(race)


def link(race_id: int, activity: Activity, *, role: str, by: User) -> Race:
    """Say what an activity was to a race: the race or a part of it, its warm-up, its cool-down. Twice is once.

    The first run of a typed race becomes its own, and what we had only found in that run gives way. Raises HeldByAnother
    where the athlete has said something about a race in that run already.
    """
    with transaction.atomic():
        race = _locked(race_id)
        holder = Race.objects.select_for_update(of=("self",)).filter(found_in=activity).exclude(pk=race.pk).first()
        if holder is not None:
            if holder.typed or any(getattr(holder, column) not in (None, "") for column in Race.SAID):
                raise HeldByAnother(holder)
            holder.delete()
        race.not_in = [pk for pk in race.not_in if pk != activity.pk]
        if role == RaceRecording.Role.RACE and race.found_in_id in (None, activity.pk) and not _is_made_of_parts(race):
            RaceRecording.objects.filter(race=race, recording__activity=activity).delete()
            race.found_in = activity
        elif race.found_in_id != activity.pk:
            RaceRecording.objects.filter(race=race, recording__activity=activity).delete()
            RaceRecording.objects.create(race=race, recording=_leader(activity), role=role, said=True)
        race.save(update_fields=["found_in", "not_in"])
        analysis.derive(race)
        analysis.want_races(race.athlete_id)
        log.info("run linked to race", race_id=race.pk, activity_id=activity.pk, role=role)
        return _standing(race)


def unlink(race_id: int, activity: Activity, *, by: User) -> Race:
    """Take that back. A race that was typed in loses its run and is not given it again; a race that was found in a run
    stays with that run (reject it instead)."""
    with transaction.atomic():
        race = _locked(race_id)
        if race.found_in_id == activity.pk and race.typed:
            race.found_in = None
            race.not_in = sorted({*race.not_in, activity.pk})
            race.probability, race.evidence = None, {}
            race.save(update_fields=["found_in", "not_in", "probability", "evidence"])
        RaceRecording.objects.filter(race=race, recording__activity=activity, said=True).delete()
        analysis.derive(race)
        analysis.want_races(race.athlete_id)
        log.info("run parted from race", race_id=race.pk, activity_id=activity.pk)
        return _standing(race)


def _is_made_of_parts(race: Race) -> bool:
    return race.parts.filter(said=True, role=RaceRecording.Role.RACE).exists()


def _leader(activity: Activity) -> Recording:
    return activity.recordings.get(leads=True)


def correct(race_id: int, *, said: Said, local_date: date | None, by: User, confirm: bool) -> Race:
    """Replace what was said about a race; confirm: the person also says that it is one.

    local_date moves a race without a recording; one that was recorded keeps the day of its recording.
    """
    with transaction.atomic():
        race = _locked(race_id)
        say(race, said)
        if local_date is not None and race.found_in_id is None:
            race.local_date = local_date
        race.save(update_fields=[*_SAID_COLUMNS.values(), "local_date"])
        if confirm and race.state != Race.State.CONFIRMED:
            _append(race, What.CONFIRMED, by)
        analysis.derive(race)
        analysis.want_races(race.athlete_id)
        log.info("race corrected", race_id=race.pk, state=race.state)
        return _standing(race)


def said_of(race: Race) -> Said:
    return Said(**{name: getattr(race, column) for name, column in _SAID_COLUMNS.items()})


def say(race: Race, said: Said) -> None:
    for name, column in _SAID_COLUMNS.items():
        setattr(race, column, getattr(said, name))


def _locked(race_id: int) -> Race:
    return Race.objects.select_for_update(of=("self",)).select_related("athlete").get(pk=race_id)


def _append(race: Race, what: str, by: User, why: str = "") -> None:
    RaceDecision.objects.create(race=race, what=what, by=by, why=why)


def _standing(race: Race) -> Race:
    """The race with everything a page shows of it, as the list reads it."""
    return for_pages(Race.objects.all()).get(pk=race.pk)


def _is_repeated(decisions: list[RaceDecision], *, what: str, seen: int | None) -> bool:
    """Whether exactly this answer, and nothing else, came after what the page had seen."""
    if seen is None:
        return bool(decisions) and decisions[-1].what == what
    since = [decision for decision in decisions if decision.pk > seen]
    if not since or since[0].what != what:
        return False
    return len(since) == 1 or (what == What.UNDONE and len(since) == 2)


def _before_the_last(decisions: list[RaceDecision]) -> str | None:
    """The answer that held before the one that holds now; what was undone does not count, nor the same answer twice."""
    held: list[str] = []
    for decision in decisions:
        if decision.what == What.UNDONE:
            del held[-1:]
        elif not held or held[-1] != decision.what:
            held.append(decision.what)
    return held[-2] if len(held) > 1 else None
