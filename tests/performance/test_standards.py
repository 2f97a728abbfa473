"""An athlete's standard, and what choosing another does: every grade made again, told race by race, taken back whole."""

from datetime import date

import pytest
from django.test import Client

from athletes.models import Athlete
from performance import agegrade, standards
from performance.models import Race, RegradedRace, Regrading
from performance.standards import Standard
from tests import factories
from tests.conftest import Cast, signed_in
from tests.pages import assert_page_and_partial

URL = "/settings/standards/"
CHOSEN = {"road": "road-2010", "track": "", "convention": "whole-second"}


def make_typed(athlete: Athlete, *, distance_m: float = 10_000, time_s: float = 2742, **fields) -> Race:
    """A typed result, graded as analysis grades it."""
    from performance import analysis

    race = Race(
        athlete=athlete, local_date=date(2026, 10, 18), state=Race.State.CONFIRMED, typed=True, said_distance_m=distance_m,
        chip_time_s=time_s, said_name="Ely 10K", **fields,
    )  # fmt: skip
    race.save()
    analysis.derive(race)
    race.refresh_from_db()
    return race


def graded(*, edition: str, convention: str, age: int = 58, distance_m: float = 10_000, time_s: float = 2742) -> float:
    return agegrade.age_grade(
        time_s=time_s, age=age, sex="F", distance_m=distance_m, edition=edition, convention=convention
    ).age_grade


def work_off(regrading: Regrading | None) -> Regrading:
    assert regrading is not None
    standards.regrade(regrading.pk)
    regrading.refresh_from_db()
    return regrading


# -- grading ------------------------------------------------------------------------------------------------------------


def test_a_race_keeps_the_edition_and_convention_that_graded_it(cast: Cast):
    race = make_typed(cast.ada)
    assert (race.edition, race.convention) == ("road-2025", "exact")
    assert race.age_grade == graded(edition="road-2025", convention="exact")


def test_track_and_road_have_their_own_edition(cast: Cast):
    Athlete.objects.filter(pk=cast.ada.pk).update(road_edition="road-2015", track_edition="wma-2006")
    cast.ada.refresh_from_db()
    road = make_typed(cast.ada)
    track = make_typed(cast.ada, said_surface="track")
    assert (road.edition, track.edition) == ("road-2015", "wma-2006")


def test_choosing_another_standard_grades_every_race_again_and_says_what_changed(cast: Cast):
    races = [make_typed(cast.ada, time_s=2700 + 10 * number) for number in range(3)]
    trail = make_typed(cast.ada, said_surface="trail")
    regrading = work_off(standards.choose(cast.ada, Standard(road="road-2010", convention="calculator")))
    assert (regrading.total, regrading.done, regrading.percent) == (3, 3, 100)
    for race in races:
        before = race.age_grade
        race.refresh_from_db()
        assert (race.edition, race.convention) == ("road-2010", "calculator")
        assert race.age_grade == graded(edition="road-2010", convention="calculator", time_s=race.time_s)
        told = RegradedRace.objects.get(regrading=regrading, race=race)
        assert (told.grade_before, told.grade_after) == (before, race.age_grade)
    trail.refresh_from_db()
    assert (trail.age_grade, trail.refusal) == (None, "surface_not_in_edition")


def test_a_race_the_new_edition_has_no_table_for_loses_its_grade_and_says_why(cast: Cast):
    race = make_typed(cast.ada, distance_m=50_000, time_s=20_000)
    regrading = work_off(standards.choose(cast.ada, Standard(road="wava-1994")))
    race.refresh_from_db()
    assert (race.age_grade, race.edition, race.refusal) == (None, "", "distance_out_of_range")
    told = RegradedRace.objects.get(regrading=regrading)
    assert (told.grade_after, told.refusal_after, told.change) == (None, "distance_out_of_range", None)


def test_taking_back_gives_the_very_grades_that_were(cast: Cast):
    races = [make_typed(cast.ada, time_s=2700 + 10 * number) for number in range(3)]
    before = {race.pk: race.age_grade for race in races}
    chosen = work_off(standards.choose(cast.ada, Standard(road="road-2010", convention="calculator")))
    again = work_off(standards.take_back(chosen))
    assert dict(Race.objects.values_list("pk", "age_grade")) == before
    cast.ada.refresh_from_db()
    assert Standard.of(cast.ada) == Standard()
    assert again.why == Regrading.Why.TAKEN_BACK


def test_choosing_what_is_in_force_does_nothing(cast: Cast):
    assert standards.choose(cast.ada, Standard()) is None
    assert not Regrading.objects.exists()


def test_grading_again_twice_changes_nothing_and_notes_nothing_twice(cast: Cast):
    make_typed(cast.ada)
    regrading = work_off(standards.choose(cast.ada, Standard(road="road-2010")))
    Regrading.objects.filter(pk=regrading.pk).update(finished_at=None)  # as if the worker had died before the end
    work_off(regrading)
    assert RegradedRace.objects.filter(regrading=regrading).count() == 1


def test_a_new_edition_that_ships_finds_who_meant_the_newest(cast: Cast):
    """A default that is another than yesterday's is what a shipped edition comes to: races stand by the former one."""
    race, chosen = make_typed(cast.ada), make_typed(cast.eve)
    Race.objects.filter(pk=race.pk).update(edition="road-2020", age_grade=0.5)
    Athlete.objects.filter(pk=cast.eve.pk).update(road_edition="road-2025")
    assert list(standards.stale_races()) == [race]
    assert standards.order_what_is_stale() == 1
    assert standards.order_what_is_stale() == 0  # it is on its way
    regrading = work_off(Regrading.objects.get())
    assert (regrading.athlete, regrading.why) == (cast.ada, Regrading.Why.SHIPPED)
    assert list(standards.stale_races()) == []
    chosen.refresh_from_db()
    assert not RegradedRace.objects.filter(race=chosen).exists()


def test_a_mended_calculation_finds_everything_older(cast: Cast, monkeypatch):
    race = make_typed(cast.ada)
    monkeypatch.setattr(standards, "GRADING_VERSION", standards.GRADING_VERSION + 1)
    assert list(standards.stale_races()) == [race]
    standards.order_what_is_stale()
    work_off(Regrading.objects.get())
    assert list(standards.stale_races()) == []


def test_grading_again_costs_the_same_for_ten_races_and_for_a_hundred(cast: Cast, django_assert_max_num_queries):
    for number in range(30):
        make_typed(cast.ada, time_s=2700 + number)
    regrading = standards.choose(cast.ada, Standard(road="road-2010"))
    assert regrading is not None
    with django_assert_max_num_queries(16):
        standards.regrade(regrading.pk)


# -- the pages ----------------------------------------------------------------------------------------------------------


def test_the_page_offers_what_can_grade_and_never_what_was_withdrawn(as_ada: Client):
    html = as_ada.get(URL).content.decode()
    for offered in ("road-2025", "road-2020-06", "wava-1994", "wma-2006"):
        assert f'value="{offered}"' in html
    assert "withdrawn" not in html and "wma-2014" not in html


def test_choosing_leads_to_a_report_that_ends(as_ada: Client, cast: Cast):
    make_typed(cast.ada)
    answer = as_ada.post(URL, CHOSEN)
    regrading = Regrading.objects.get()
    report = f"{URL}{regrading.pk}/"
    assert answer.headers["Location"] == report
    assert 'hx-trigger="every 2s"' in as_ada.get(report).content.decode()
    standards.regrade(regrading.pk)
    html = assert_page_and_partial(as_ada, report, "regrading")
    assert "1 of 1 races has another grade." in html and "every 2s" not in html
    assert "Road 2010" in html
    cast.ada.refresh_from_db()
    assert (cast.ada.road_edition, cast.ada.convention) == ("road-2010", "whole-second")


def test_the_report_offers_the_way_back(as_ada: Client, cast: Cast):
    make_typed(cast.ada)
    as_ada.post(URL, CHOSEN)
    first = Regrading.objects.get()
    standards.regrade(first.pk)
    answer = as_ada.post(f"{URL}{first.pk}/undo/", follow=True)
    assert answer.status_code == 200
    cast.ada.refresh_from_db()
    assert Standard.of(cast.ada) == Standard()


@pytest.mark.parametrize("wrong", [{"road": "road-2025-04-withdrawn"}, {"road": "wma-2006"}, {"convention": "banker"}])
def test_what_cannot_grade_is_refused(as_ada: Client, wrong):
    assert as_ada.post(URL, CHOSEN | wrong).status_code == 422
    assert not Regrading.objects.exists()


def test_the_report_is_nobody_else_s(as_ada: Client, cast: Cast):
    as_ada.post(URL, CHOSEN)
    regrading = Regrading.objects.get()
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    for stranger in (cast.carl, cast.eve.user, cast.olga):
        assert signed_in(stranger).get(f"{URL}{regrading.pk}/").status_code == 404
        assert signed_in(stranger).post(f"{URL}{regrading.pk}/undo/").status_code == 404


def test_times_to_aim_for_go_by_the_standard(as_ada: Client, cast: Cast):
    make_typed(cast.ada)
    ordinary = as_ada.get("/races/").content.decode()
    Athlete.objects.filter(pk=cast.ada.pk).update(road_edition="wava-1994")
    assert as_ada.get("/races/").content.decode() != ordinary
