"""The calculator: public, and every result an address that can be passed on.

Nothing is assumed: without a table, an age, a distance or a time it asks for it. A signed-in athlete finds table and age
filled in. A birth date never gets into the address that is offered for passing on, only the age that follows from it.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from athletes.http import HtmxHttpRequest, wants_part
from athletes.whose import units_of
from performance import agegrade
from performance.age_grade_form import AgeGradeForm, Question
from performance.agegrade import AgeFactor, AgeGrade, Edition, Refused, UnderEdition
from performance.agegrade.refusals import NO_OPEN_STANDARD
from performance.targets import DISTANCES_M, LEVELS, level_time


@dataclass(frozen=True, kw_only=True)
class Result:
    """One table's answer: a grade with its proof, the time for every level and what it equals elsewhere, or why there is
    none.

    distances, ages, other_sex: the times that are worth the same. editions, conventions: the same time by other rules.

    factor, age_graded_time_s: where an edition publishes no open standards, what it does give.
    """

    sex: str
    grade: AgeGrade | None
    refusal: Refused | None = None
    factor: AgeFactor | None = None
    age_graded_time_s: float | None = None
    levels: tuple[tuple[int, float], ...] = ()
    distances: tuple[AgeGrade, ...] = ()
    ages: tuple[AgeGrade, ...] = ()
    other_sex: AgeGrade | None = None
    editions: tuple[UnderEdition, ...] = ()
    conventions: tuple[AgeGrade, ...] = ()

    @property
    def edition(self) -> Edition | None:
        return agegrade.EDITIONS[self.grade.edition] if self.grade else None


EXAMPLE = {"table": "F", "age": "58", "distance": "10000", "time": "45:42"}


@login_not_required
@require_safe
@never_cache
@vary_on_headers("HX-Request")
def age_grade(request: HtmxHttpRequest) -> HttpResponse:
    """The form, and beside it the result of what the query string asks."""
    asked = any(value for name, value in request.GET.items() if name.partition("_")[0] in AgeGradeForm.base_fields)
    form = AgeGradeForm(request.GET if asked else None, initial=_known(request))
    usable = asked and form.is_valid()
    question = form.question if asked else None
    results = [] if not usable or question else [_grade(form, sex) for sex in form.sexes]
    page: dict[str, Any] = {
        "form": form,
        "asked": asked,
        "units": units_of(request),
        "results": results,
        "question": _asked_back(form, question) if question else None,
        "share": _address(form.shareable) if results else "",
        "example": _address(EXAMPLE),
        "elsewhere": _same_by_others(form) if results else {},
    }
    status = 422 if asked and not usable else 200
    if wants_part(request):
        response = render(request, "performance/age_grade.html#result", page, status=status)
        response["HX-Replace-Url"] = page["share"] or _address(form.typed if asked else {})
        return response
    return render(request, "performance/age_grade.html", page, status=status)


def _known(request: HtmxHttpRequest) -> dict[str, object]:
    """What a signed-in athlete need not type again."""
    athlete = request.athlete
    if not athlete:
        return {}
    return {"table": athlete.table, "age": athlete.age_on(timezone.localdate())}


def _grade(form: AgeGradeForm, sex: str) -> Result:
    asked = form.performance
    try:
        grade = agegrade.age_grade(sex=sex, time_s=form.time_s, **asked)
        levels = [(percent, level_time(percent, sex=sex, **asked)) for percent in LEVELS]
        elsewhere = _elsewhere(grade, asked)
    except Refused as refusal:
        if refusal.code != NO_OPEN_STANDARD:
            return Result(sex=sex, grade=None, refusal=refusal)
        factor = agegrade.age_factor(sex=sex, **{name: asked[name] for name in asked if name != "convention"})
        graded_s = form.time_s * factor.age_factor
        return Result(sex=sex, grade=None, refusal=refusal, factor=factor, age_graded_time_s=graded_s)
    return Result(sex=sex, grade=grade, levels=tuple(levels), **elsewhere)


#: ages at which one may want to know what a time equals
AGES: Final = (25, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80)


def _elsewhere(grade: AgeGrade, asked: dict[str, Any]) -> dict[str, Any]:
    """What the same performance comes to at other distances and ages, by the other table, edition or rounding."""
    same = {name: asked[name] for name in ("age", "event", "distance_m", "surface") if name in asked}
    flat = grade.surface == agegrade.ROAD
    return {
        "distances": _equivalents(grade, [{"distance_m": m} for m in DISTANCES_M if flat and m != grade.distance_m]),
        "ages": _equivalents(grade, [{"age": age} for age in AGES if age != grade.age]),
        "other_sex": next(iter(_equivalents(grade, [{"sex": "M" if grade.sex == "F" else "F"}])), None),
        "editions": agegrade.under_every_edition(
            time_s=grade.time_s, sex=grade.sex, convention=grade.convention, **same
        ),
        "conventions": tuple(
            agegrade.age_grade(time_s=grade.time_s, sex=grade.sex, edition=grade.edition, convention=convention, **same)
            for convention in agegrade.CONVENTIONS
        ),
    }


def _equivalents(grade: AgeGrade, changes: list[dict[str, Any]]) -> tuple[AgeGrade, ...]:
    """The equivalent time under each change; those the tables have no answer for, or only a clamped one, left out."""
    found = []
    for change in changes:
        try:
            equal = agegrade.equivalent_time(grade, **change)
        except Refused:
            continue
        if not (equal.clamped and "age" in change):
            found.append(equal)
    return tuple(found)


@login_not_required
@require_safe
def method(request: HtmxHttpRequest) -> HttpResponse:
    """How grades come about, which editions there are and from where, and what is known to be wrong in them."""
    offered = agegrade.editions()
    withdrawn = [edition for edition in agegrade.EDITIONS.values() if not edition.offered]
    return render(request, "performance/method.html", {"editions": offered, "withdrawn": withdrawn})


def _same_by_others(form: AgeGradeForm) -> dict[str, dict[str, str]]:
    """The address of the same question by every other edition and rounding."""
    shared = form.shareable
    return {
        "edition": {edition.id: _address({**shared, "edition": edition.id}) for edition in agegrade.editions()},
        "convention": {name: _address({**shared, "convention": name}) for name in agegrade.CONVENTIONS},
    }


def _asked_back(form: AgeGradeForm, question: Question) -> list[tuple[float, str]]:
    """Each reading of the time with the address that means it."""
    return [(seconds, _address({**form.typed, "time": text})) for seconds, text in question.readings]


def _address(asked: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(asked)
    path = reverse("performance:age-grade")
    return f"{path}?{query.urlencode()}" if asked else path
