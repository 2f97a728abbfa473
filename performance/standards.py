"""The standard that grades an athlete's races, and grading all of them again when it changes.

An athlete chooses an edition for road and one for track, or leaves it to the newest, and a rounding. Every race keeps
the edition, the convention and the version of our arithmetic that graded it. So what is graded otherwise than it should
be can be found by asking the races, whether the athlete chose anew, or a new edition or a mended calculation came with
an update. Grading again goes through grade_many(), leaves everything but the grades alone, and notes what changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from activities import locks
from activities.queue import ask_for
from athletes.models import Athlete
from performance import agegrade
from performance.models import Race, RegradedRace, Regrading

log = structlog.get_logger("agegrade.standards")

#: raise it when a change of ours gives another grade by the same edition; everything older is graded again
GRADING_VERSION: Final = 1
#: the refusal of what is graded only once a person says that it is a race
TO_CONFIRM: Final = "to_confirm"
#: no published table fits these, so they are shown without a grade
UNGRADED_SURFACES: Final = frozenset({Race.Surface.TRAIL, Race.Surface.CROSS_COUNTRY, Race.Surface.OTHER})
_AT_ONCE: Final = 500
_WAIT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Standard:
    """road, track: ids of editions, blank for the newest. convention: how it is rounded."""

    road: str = ""
    track: str = ""
    convention: str = agegrade.EXACT

    @classmethod
    def of(cls, athlete: Athlete) -> "Standard":
        return cls(athlete.road_edition, athlete.track_edition, athlete.convention)

    def edition(self, surface: str) -> str:
        """The edition in force for road or track."""
        chosen = self.track if surface == agegrade.TRACK else self.road
        return chosen or agegrade.default_edition(surface).id

    def on(self, surface: str) -> dict[str, str]:
        """What agegrade is to be asked with, besides the performance."""
        return {"surface": surface, "edition": self.edition(surface), "convention": self.convention}


def choices(surface: str) -> list[agegrade.Edition]:
    """The editions that can grade races on a surface, the newest first."""
    return [one for one in agegrade.editions() if surface in one.surfaces and one.has_open_standards]


# -- choosing ----------------------------------------------------------------------------------------------------------


def choose(athlete: Athlete, standard: Standard, *, why: str = Regrading.Why.CHOSEN) -> Regrading | None:
    """Keep the athlete's standard and have the races graded again. None where it is the one already in force."""
    with transaction.atomic():
        kept = Athlete.objects.select_for_update().get(pk=athlete.pk)
        before = Standard.of(kept)
        if before == standard:
            return None
        kept.road_edition, kept.track_edition, kept.convention = standard.road, standard.track, standard.convention
        kept.save(update_fields=["road_edition", "track_edition", "convention"])
        return _order(kept, before=before, after=standard, why=why)


def take_back(regrading: Regrading) -> Regrading | None:
    """Choose the standard that was in force before. None where that is what is in force."""
    former = Standard(regrading.road_before, regrading.track_before, regrading.convention_before)
    return choose(regrading.athlete, former, why=Regrading.Why.TAKEN_BACK)


def _order(athlete: Athlete, *, before: Standard, after: Standard, why: str) -> Regrading:
    from performance.tasks import regrade as task

    regrading = Regrading.objects.create(
        athlete=athlete,
        why=why,
        road_before=before.road,
        track_before=before.track,
        convention_before=before.convention,
        road_after=after.road,
        track_after=after.track,
        convention_after=after.convention,
    )
    ask_for(task, regrading.pk)
    return regrading


# -- finding what is graded otherwise than it should be ----------------------------------------------------------------


def stale_races() -> QuerySet[Race]:
    """Graded races whose edition, convention or arithmetic is not the one in force for their athlete."""
    wanted = Case(
        When(surface=Race.Surface.TRACK, athlete__track_edition="", then=Value(agegrade.default_edition("track").id)),
        When(surface=Race.Surface.TRACK, then=F("athlete__track_edition")),
        When(athlete__road_edition="", then=Value(agegrade.default_edition("road").id)),
        default=F("athlete__road_edition"),
    )
    other = ~Q(edition=F("wanted")) | ~Q(convention=F("athlete__convention"))
    older = Q(grading_version__lt=GRADING_VERSION)
    return Race.objects.annotate(wanted=wanted).filter(other | older, age_grade__isnull=False)


def unfinished() -> QuerySet[Regrading]:
    return Regrading.objects.filter(finished_at=None)


def order_what_is_stale() -> int:
    """Have every athlete graded again whose races no longer stand as they should. Gives how many athletes those are."""
    waiting = unfinished().values("athlete")
    athletes = Athlete.objects.filter(pk__in=stale_races().values("athlete")).exclude(pk__in=waiting)
    for athlete in athletes:
        standard = Standard.of(athlete)
        with transaction.atomic():
            _order(athlete, before=standard, after=standard, why=Regrading.Why.SHIPPED)
    return len(athletes)


# -- grading again -----------------------------------------------------------------------------------------------------


def regrade(regrading_id: int) -> None:
    """Grade all of the athlete's races by the standard now in force; can be run twice, and go on where it was cut."""
    regrading = Regrading.objects.select_related("athlete").filter(pk=regrading_id, finished_at=None).first()
    if regrading is None:
        return
    with locks.in_turn(locks.RACES, regrading.athlete_id, within_s=_WAIT_S) as ours:
        if not ours:  # a search is at it for long; the net asks again
            return
        athlete = Athlete.objects.get(pk=regrading.athlete_id)
        races = Race.objects.of(athlete).exclude(surface__in=UNGRADED_SURFACES)
        ids = list(
            races.filter(time_s__isnull=False, distance_m__isnull=False).order_by("pk").values_list("pk", flat=True)
        )
        Regrading.objects.filter(pk=regrading.pk).update(total=len(ids), done=0)
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            _grade_again(regrading, athlete, some)
            Regrading.objects.filter(pk=regrading.pk).update(done=F("done") + len(some))
        Regrading.objects.filter(pk=regrading.pk).update(finished_at=timezone.now())
    log.info("races graded again", regrading_id=regrading.pk, races=len(ids), why=regrading.why)


def _grade_again(regrading: Regrading, athlete: Athlete, ids: Sequence[int]) -> None:
    with transaction.atomic():
        races = list(Race.objects.filter(pk__in=ids).order_by("pk").select_for_update())
        before = [(race.edition, race.age_grade) for race in races]
        grade_races(races, athlete)
        Race.objects.bulk_update(races, GRADED)
        RegradedRace.objects.bulk_create(
            [
                RegradedRace(
                    regrading=regrading,
                    race=race,
                    edition_before=edition,
                    grade_before=grade,
                    edition_after=race.edition,
                    grade_after=race.age_grade,
                    refusal_after=race.refusal,
                )
                for race, (edition, grade) in zip(races, before, strict=True)
                if (edition, grade) != (race.edition, race.age_grade)
            ],
            ignore_conflicts=True,  # what a cut run noted stands: it knew the grade before
        )


#: the columns grading writes
GRADED: Final = (
    "age", "edition", "convention", "graded_by", "age_grade", "age_grade_other", "refusal", "grading_version",
)  # fmt: skip


def grade_races(races: Sequence[Race], athlete: Athlete) -> None:
    """Set the grade of every race, or why it has none, by the athlete's tables and standard; saves nothing."""
    standard = Standard.of(athlete)
    gradable = []
    for race in races:
        race.age = athlete.age_on(race.local_date)
        race.age_grade = race.age_grade_other = None
        race.edition = race.convention = race.graded_by = ""
        race.grading_version = GRADING_VERSION
        race.refusal = _refusal(race, athlete)
        if not race.refusal:
            gradable.append(race)
    if gradable:
        _grade(gradable, athlete.sexes, standard)


#: from here on it is an ultra; a relay is one by its title
_ULTRA_FROM_M: Final = 44_000.0
_RELAY: Final = re.compile(
    r"\b(relays?|staffel\w*|relais|ekiden|relevos?|staffetta|estafettes?|revezamento|stafett?\w*|viesti\w*|sztafeta)\b"
    r"|駅伝|リレー|接力|릴레이",
    re.IGNORECASE,
)


def is_relay(name: str) -> bool:
    return _RELAY.search(name) is not None


def waits_because(race: Race) -> str:
    """Why a race is graded only once somebody confirms it, "" where nothing keeps it: no course, a relay leg, a course
    that helps, an ultra. No table knows of these, and what found the race cannot tell whether the course was a fair one.
    """
    if race.evidence.get("no_course"):
        return "no_course"
    if is_relay(race.name):
        return "relay"
    if race.evidence.get("downhill"):
        return "downhill"
    return "ultra" if (race.distance_m or 0) > _ULTRA_FROM_M else ""


def _refusal(race: Race, athlete: Athlete) -> str:
    """What is missing before any table is asked."""
    if race.surface in UNGRADED_SURFACES:
        return "surface_not_in_edition"
    if race.state != Race.State.CONFIRMED and waits_because(race):
        return TO_CONFIRM
    if not race.time_s or not race.distance_m:
        return "event_unknown" if race.time_s else "time_invalid"
    if race.age is None:
        return "age_missing"
    return "" if athlete.sexes else "sex_missing"


def _grade(races: Sequence[Race], sexes: Sequence[str], standard: Standard) -> None:
    for race, *answers in zip(races, *(_answers(races, sex, standard) for sex in sexes), strict=True):
        refusal = next((why for why, _grade in answers if why), "")
        if refusal:
            race.refusal = refusal
            continue
        race.edition, race.convention, race.graded_by = standard.edition(race.surface), standard.convention, sexes[0]
        race.age_grade = answers[0][1]
        race.age_grade_other = answers[1][1] if len(answers) > 1 else None


def _answers(races: Sequence[Race], sex: str, standard: Standard) -> Iterator[tuple[str, float]]:
    """For every race the reason why it has no grade, or "", and the grade."""
    graded = agegrade.grade_many(
        time_s=[race.time_s or 0.0 for race in races],
        age=[float(race.age or 0) for race in races],
        sex=sex,
        distance_m=[race.distance_m or 0.0 for race in races],
        edition=[standard.edition(race.surface) for race in races],
        surface=[str(race.surface) for race in races],
        convention=standard.convention,
    )
    return zip(graded.refusals, graded.age_grade.tolist(), strict=True)
