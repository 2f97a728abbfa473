"""The six figures at the head of an activity's page."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from activities import measures
from activities.templatetags.measures import numerals
from performance.figures import Figures, tempo_of, tempo_words
from performance.models import Race


@dataclass(frozen=True)
class KeyFigure:
    label: str
    value: str
    unit: str = ""
    first: bool = False


#: further over the official distance than any watch measures: the recording holds more than the race
MORE_THAN_THE_RACE = 1.035


def _is_part(race: Race, recorded_m: float | None) -> bool:
    return bool(race.distance_m and recorded_m and recorded_m > race.distance_m * MORE_THAN_THE_RACE)


def key_figures(figures: Figures) -> list[KeyFigure]:
    """Six figures; for a race with a grade, that stands first and time and pace are the race's."""
    run, race, units = figures.activity, figures.race, figures.units
    time_s, pace_s_per_km = figures.time_s, figures.pace_s_per_km
    shown: list[KeyFigure] = []
    if race is not None and race.counts and race.time_s:
        time_s, pace_s_per_km = race.time_s, race.pace_s_per_km
        if race.age_grade is not None:
            shown.append(_grade_figure(race))
    pace, pace_unit = tempo_words(pace_s_per_km, tempo=tempo_of(run.sport), units=units)
    distance = measures.format_distance(figures.distance_m, units, decimals=2, with_unit=False, numerals=numerals())
    shown += [
        KeyFigure(_("Time"), measures.format_duration(time_s)),
        KeyFigure(_("Distance"), distance, units),
        KeyFigure(_("Speed") if tempo_of(run.sport) == "speed" else _("Pace"), pace, pace_unit),
    ]
    if race is not None and race.counts and race.time_s and _is_part(race, figures.distance_m):
        official = measures.format_distance(race.distance_m, units, decimals=2, with_unit=False, numerals=numerals())
        shown[-2] = KeyFigure(_("Race distance"), official, units)
    if figures.shows_streams:
        shown.append(KeyFigure(_("Heart rate"), measures.MISSING if run.hr_avg is None else f"{round(run.hr_avg)}"))
    if run.sport != "swimming":
        climb = measures.format_climb(figures.ascent_m, units, with_unit=False, numerals=numerals())
        shown.append(KeyFigure(_("Climb"), climb, measures.climb_unit(units)))
    if len(shown) < 6 and run.elapsed_s and figures.time_s and run.elapsed_s - figures.time_s >= 1:
        shown.append(KeyFigure(_("With pauses"), measures.format_duration(run.elapsed_s)))
    return [replace(figure, unit="") if figure.value == measures.MISSING else figure for figure in shown]


def _grade_figure(race: Race) -> KeyFigure:
    label = _("Age grade at %(age)d") % {"age": race.age} if race.age is not None else _("Age grade")
    other = ""
    if race.age_grade_other is not None:
        tables = {"F": _("men's %(grade)s"), "M": _("women's %(grade)s")}
        other = tables[race.graded_by] % {"grade": measures.format_grade(race.age_grade_other, numerals=numerals())}
    return KeyFigure(label, measures.format_grade(race.age_grade, numerals=numerals()), other, first=True)
