"""A race as a record: what a result list says beyond the time, and which runs it was."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from performance import analysis, decisions
from performance.decisions import Said
from performance.models import Race, RaceRecording
from tests.factories import grant, make_activity, make_race

ADD = "/races/add/"
RESULT = {"name": "Ely 10K", "date": "2026-10-18", "distance": "10k", "chip_time": "45:42"}


def edit_url(race: Race) -> str:
    return reverse("performance:race-edit", args=[race.pk])


def runs_url(race: Race) -> str:
    return reverse("performance:race-runs", args=[race.pk])


def listed(client: Client) -> list[dict]:
    return json.loads(client.get("/races.json").getvalue())


def typed(cast, **said) -> Race:
    told = Said(**{"name": "Ely 10K", "distance_m": 10_000.0, "surface": "road", "chip_time_s": 2742.0, **said})
    return decisions.add(cast.ada, local_date=date(2026, 10, 18), said=told, by=cast.ada.user)


# -- what a result list says --------------------------------------------------------------------------------------------


def test_all_that_a_result_list_says_is_kept_and_shown_again(cast, as_ada):
    more = {
        "place_overall": "17", "field_overall": "320", "place_age_group": "2", "field_age_group": "24",
        "age_group": "F55-59", "bib": "A17", "certified": "true", "result_url": "results.example.org/ely",
        "cost": "£28.50", "notes": "Windy out, quick back.",
    }  # fmt: skip
    assert as_ada.post(ADD, {**RESULT, **more}).status_code == 302
    race = Race.objects.get()
    assert (race.place_overall, race.field_overall, race.age_group, race.bib) == (17, 320, "F55-59", "A17")
    assert (race.certified, race.result_url) == (True, "https://results.example.org/ely")
    assert (race.cost, race.currency, race.notes) == (Decimal("28.50"), "GBP", "Windy out, quick back.")
    shown = as_ada.get(edit_url(race)).content.decode()
    for value in ('value="320"', 'value="A17"', "28.50 GBP", "Windy out, quick back."):
        assert value in shown
    again = as_ada.post(edit_url(race), {**RESULT, **more, "cost": "28.50 GBP", "certified": "false"})
    assert again.status_code == 302
    race.refresh_from_db()
    assert (race.certified, race.cost) == (False, Decimal("28.50"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"place_overall": "17", "field_overall": "16"}, "fewer finished than came before you."),
        ({"cost": "28"}, "Write the amount and the three letters of its currency"),
        ({"cost": "GBP"}, "Write the amount and the three letters of its currency"),
        ({"cost": "1e9 GBP"}, "Write the amount and the three letters of its currency"),
        ({"result_url": "javascript:alert(1)"}, "Enter the address of a page"),
        ({"bib": "1" * 21}, "at most 20 characters"),
    ],
)
def test_what_cannot_be_right_is_asked_about(as_ada, fields, words):
    response = as_ada.post(ADD, {**RESULT, **fields})
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "<details open>" in html  # what is wrong is in sight
    assert not Race.objects.exists()


def test_the_database_holds_it_too(cast):
    race = make_race(athlete=cast.ada)
    for wrong in ({"place_sex": 3, "field_sex": 2}, {"cost": 5, "currency": ""}, {"cost": None, "currency": "EUR"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Race.objects.filter(pk=race.pk).update(**wrong)


def test_the_result_stands_on_the_page_of_the_run_and_what_is_private_only_there_for_the_runner(cast, as_ada, as_carl):
    run = make_activity(athlete=cast.ada, analysed=True)
    make_race(
        athlete=cast.ada, activity=run, place_overall=17, field_overall=320, bib="A17", notes="felt sick", cost=28,
        currency="GBP",
    )  # fmt: skip
    mine = as_ada.get(f"/activities/{run.pk}/").content.decode()
    assert "17 of 320" in mine and "felt sick" in mine and "28.00 GBP" in mine
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    seen = as_carl.get(f"/activities/{run.pk}/").content.decode()
    assert "17 of 320" in seen
    assert "felt sick" not in seen and "28.00" not in seen


# -- its page ---------------------------------------------------------------------------------------------------------------


def race_url(race: Race) -> str:
    return reverse("performance:race", args=[race.pk])


def test_a_typed_race_has_a_page_and_what_is_private_on_it_is_the_runners_alone(cast, as_ada, as_carl, as_eve):
    race = typed(
        cast, place_overall=17, field_overall=320, bib="A17", notes="felt sick", cost=Decimal(28), currency="GBP"
    )
    mine = as_ada.get(race_url(race)).content.decode()
    for words in (
        "78.4",
        "45:42",
        "Chip time",
        "17 of 320",
        "A17",
        "felt sick",
        "28.00 GBP",
        "by you",
        "Edit the race",
    ):
        assert words in mine, words
    assert as_carl.get(race_url(race)).status_code == as_eve.get(race_url(race)).status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    seen = as_carl.get(race_url(race)).content.decode()
    for words in ("78.4", "17 of 320", "A17", "by the athlete"):
        assert words in seen, words
    for words in ("felt sick", "28.00", "Edit the race", "Undo"):
        assert words not in seen, words
    assert race_url(race) in as_carl.get(f"/races/?athlete={cast.ada.pk}").content.decode()


def test_the_runs_of_a_race_are_for_who_may_see_runs(cast, as_ada, as_carl, django_assert_max_num_queries):
    run = make_activity(athlete=cast.ada, name="Club handicap")
    race = make_race(athlete=cast.ada, activity=run, name="Handicap")
    with django_assert_max_num_queries(15):
        assert "Club handicap" in as_ada.get(race_url(race)).content.decode()
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    assert "Club handicap" not in as_carl.get(race_url(race)).content.decode()
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    assert "Club handicap" in as_carl.get(race_url(race)).content.decode()


def test_an_answer_of_any_day_can_be_taken_back_on_the_races_page(cast, as_ada):
    race = make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada), state="to_decide", probability=0.7)
    decisions.decide(race.pk, what="rejected", by=cast.ada.user)
    html = as_ada.get(race_url(race)).content.decode()
    seen = race.decisions.last().pk
    assert f'name="seen" value="{seen}"' in html
    assert "Undo" in html
    as_ada.post(f"{race_url(race)}decide/", {"decision": "undone", "seen": seen, "next": race_url(race)})
    race.refresh_from_db()
    assert race.state == "to_decide"


# -- a typed race and the run it was ------------------------------------------------------------------------------------


def test_a_typed_race_is_given_the_run_when_that_turns_up(cast):
    race = typed(cast)
    other = make_activity(
        athlete=cast.ada, started_at=datetime(2026, 10, 18, 16, tzinfo=UTC), distance_m=6000, time_s=2000
    )
    run = make_activity(athlete=cast.ada, distance_m=10_060, time_s=2760)
    analysis.find_races(cast.ada.pk)
    race.refresh_from_db()
    assert race.found_in == run
    assert (race.time_s, race.time_source, race.state) == (2742, "chip", "confirmed")
    assert [part.recording.activity for part in race.parts.all()] == [run]
    assert not hasattr(other, "race")


def test_what_we_had_found_in_that_run_gives_way_to_what_was_typed(cast):
    run = make_activity(athlete=cast.ada, name="Ely 10K race 2026", distance_m=10_060, time_s=2760)
    make_race(athlete=cast.ada, activity=run, state="found")
    race = typed(cast)
    analysis.find_races(cast.ada.pk)
    assert Race.objects.get() == race
    assert Race.objects.get().found_in == run


@pytest.mark.parametrize(
    ("distance_m", "time_s", "day"), [(10_400, 2760, 18), (9_800, 2760, 18), (10_060, 3200, 18), (10_060, 2760, 19)]
)
def test_another_distance_time_or_day_is_another_run(cast, distance_m, time_s, day):
    race = typed(cast)
    make_activity(
        athlete=cast.ada, started_at=datetime(2026, 10, day, 9, tzinfo=UTC), distance_m=distance_m, time_s=time_s
    )
    analysis.find_races(cast.ada.pk)
    race.refresh_from_db()
    assert race.found_in is None


def test_two_runs_that_fit_are_a_question_and_not_an_answer(cast):
    race = typed(cast)
    for hour in (9, 14):
        make_activity(
            athlete=cast.ada, started_at=datetime(2026, 10, 18, hour, tzinfo=UTC), distance_m=10_060, time_s=2760
        )
    analysis.find_races(cast.ada.pk)
    race.refresh_from_db()
    assert race.found_in is None


def test_parted_from_a_run_it_is_not_given_it_again(cast, as_ada):
    race = typed(cast)
    run = make_activity(athlete=cast.ada, distance_m=10_060, time_s=2760)
    analysis.find_races(cast.ada.pk)
    assert as_ada.post(runs_url(race), {"part": run.pk}).status_code == 302
    analysis.find_races(cast.ada.pk)
    race.refresh_from_db()
    assert race.found_in is None
    assert (race.state, race.time_s) == ("confirmed", 2742)
    assert as_ada.post(runs_url(race), {"activity": run.pk, "role": "race"}).status_code == 302
    race.refresh_from_db()
    assert (race.found_in, race.not_in) == (run, [])


def test_every_typed_race_is_graded_again_when_the_athlete_changes(cast):
    races = [typed(cast, name=f"Race {number}") for number in range(3)]
    cast.ada.born = date(1958, 5, 17)
    cast.ada.save(update_fields=["born"])
    analysis.find_races(cast.ada.pk)
    assert {race.age for race in Race.objects.filter(pk__in=[race.pk for race in races])} == {68}


# -- a race in several runs, several races in one -----------------------------------------------------------------------


def test_a_race_whose_watch_was_stopped_lasts_from_the_first_start_to_the_last_end(cast, as_ada):
    start = datetime(2026, 10, 18, 9, tzinfo=UTC)
    first = make_activity(athlete=cast.ada, started_at=start, distance_m=6000, time_s=1600)
    second = make_activity(athlete=cast.ada, started_at=start + timedelta(seconds=1660), distance_m=4000, time_s=1100)
    race = make_race(athlete=cast.ada, activity=first, decided_by=cast.ada.user)
    assert as_ada.post(runs_url(race), {"activity": second.pk, "role": "race"}).status_code == 302
    race.refresh_from_db()
    assert (race.time_s, race.time_source, race.distance_m) == (2760, "elapsed", 10_000)
    assert {part.recording.activity for part in race.parts.all()} == {first, second}
    assert "first start to the last end, with 1:00 between" in as_ada.get(race_url(race)).content.decode()
    analysis.find_races(cast.ada.pk)  # made again, and still both
    race.refresh_from_db()
    assert (race.time_s, race.parts.count()) == (2760, 2)
    assert sorted(listed(as_ada)[0]["activity_ids"]) == sorted([first.pk, second.pk])


@pytest.mark.parametrize(
    ("metres", "official_m"),
    [
        ((6_000, 4_060), 10_000),  # both recorded whole
        ((6_000, 3_780), 10_000),  # the sixty seconds between were run
        ((6_000, 2_500), 8_500),  # no official distance either way: what was recorded
    ],
)
def test_the_parts_of_a_race_come_to_its_distance(cast, as_ada, metres, official_m):
    start = datetime(2026, 10, 18, 9, tzinfo=UTC)
    first = make_activity(athlete=cast.ada, started_at=start, distance_m=metres[0], time_s=1600, analysed=True)
    second = make_activity(
        athlete=cast.ada,
        started_at=start + timedelta(seconds=1660),
        distance_m=metres[1],
        time_s=metres[1] * 1600 / 6000,
    )
    race = make_race(athlete=cast.ada, activity=first, decided_by=cast.ada.user)
    as_ada.post(runs_url(race), {"activity": second.pk, "role": "race"})
    race.refresh_from_db()
    assert race.distance_m == official_m
    as_ada.post(runs_url(race), {"part": second.pk})
    race.refresh_from_db()
    assert race.distance_m == 6_000


def test_the_legs_of_a_relay_are_added_up_without_those_that_others_ran(cast, as_ada):
    start = datetime(2026, 10, 18, 9, tzinfo=UTC)
    first = make_activity(athlete=cast.ada, started_at=start, distance_m=5_020, time_s=1300, name="Coastal relay")
    second = make_activity(athlete=cast.ada, started_at=start + timedelta(hours=3), distance_m=5_030, time_s=1340)
    race = make_race(athlete=cast.ada, activity=first, decided_by=cast.ada.user, name="Coastal relay")
    as_ada.post(runs_url(race), {"activity": second.pk, "role": "race"})
    race.refresh_from_db()
    assert (race.time_s, race.time_source, race.distance_m) == (2640, "elapsed", 10_000)
    assert "the legs added up" in as_ada.get(race_url(race)).content.decode()


def test_a_warm_up_is_no_race_and_is_not_counted_into_one(cast, as_ada):
    start = datetime(2026, 10, 18, 8, tzinfo=UTC)
    jog = make_activity(athlete=cast.ada, started_at=start, distance_m=5000, time_s=1500, name="5k race")
    run = make_activity(athlete=cast.ada, started_at=start + timedelta(hours=1), distance_m=10_050, time_s=2750)
    guessed = make_race(athlete=cast.ada, activity=jog, state="to_decide", probability=0.6)
    race = make_race(athlete=cast.ada, activity=run, decided_by=cast.ada.user)
    as_ada.post(runs_url(race), {"activity": jog.pk, "role": "warm_up"})
    analysis.find_races(cast.ada.pk)
    assert not Race.objects.filter(pk=guessed.pk).exists()
    race.refresh_from_db()
    assert race.time_source != "elapsed" or race.time_s == 2750
    assert listed(as_ada)[0]["activity_ids"] == [run.pk]
    page = as_ada.get(edit_url(race)).content.decode()
    assert "warm-up" in page


def test_a_track_meeting_is_several_races_in_one_recording(cast, as_ada):
    run = make_activity(athlete=cast.ada, name="Track meeting", distance_m=9000, time_s=4000)
    address = f"{ADD}?activity={run.pk}"
    page = as_ada.get(address).content.decode()
    assert "Track meeting" in page and 'name="date"' not in page
    for name, distance, time, begins in (
        ("Meeting 1500", "1500 m", "5:20", "20:00"),
        ("Meeting 800", "800 m", "2:35", "50:00"),
    ):
        fields = {"name": name, "distance": distance, "chip_time": time, "surface": "track", "begins": begins}
        assert as_ada.post(address, fields).status_code == 302
    races = Race.objects.order_by("distance_m")
    assert [(race.distance_m, race.time_s, race.surface, race.local_date) for race in races] == [
        (800, 155, "track", run.local_date),
        (1500, 320, "track", run.local_date),
    ]
    assert [(part.start_s, part.end_s) for part in RaceRecording.objects.order_by("start_s")] == [
        (1200, 1520),
        (3000, 3155),
    ]
    first = {"name": "Meeting 400", "distance": "400 m", "chip_time": "75", "surface": "track", "begins": "0:00"}
    assert as_ada.post(address, first).status_code == 302
    assert (RaceRecording.objects.get(race__name="Meeting 400").start_s) == 0
    late = as_ada.post(address, {**first, "begins": "23:59:59"})
    assert late.status_code == 422
    assert "The recording ends after" in late.content.decode()
    html = as_ada.get(f"/activities/{run.pk}/").content.decode()
    told = html[html.index("Other races it was a part of") :]
    assert told.index("Meeting 400") < told.index("Meeting 1500") < told.index("Meeting 800")


def test_a_run_of_which_another_race_is_told_is_not_taken_away(cast, as_ada):
    run = make_activity(athlete=cast.ada, distance_m=10_060, time_s=2760)
    held = make_race(athlete=cast.ada, activity=run, said_name="County Championships", name="County Championships")
    race = typed(cast)
    response = as_ada.post(runs_url(race), {"activity": run.pk, "role": "race"}, HTTP_HX_REQUEST="true")
    assert response.status_code == 422
    assert "County Championships" in response.content.decode()
    assert Race.objects.filter(pk=held.pk).exists()


# -- who may ------------------------------------------------------------------------------------------------------------


def test_runs_are_linked_by_their_owner_alone(cast, as_ada, as_carl, as_eve):
    race = typed(cast)
    hers = make_activity(athlete=cast.ada, distance_m=3000, time_s=900)
    eves = make_activity(athlete=cast.eve, distance_m=3000, time_s=900)
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    said = {"activity": hers.pk, "role": "warm_up"}
    assert as_eve.post(runs_url(race), said).status_code == 404
    assert as_carl.post(runs_url(race), said).status_code == 403
    assert Client().post(runs_url(race), said).status_code == 302
    assert as_ada.post(runs_url(race), {"activity": eves.pk, "role": "warm_up"}).status_code == 404
    assert as_ada.post(runs_url(race), {"activity": "x" * 30, "role": "warm_up"}).status_code == 404
    assert as_eve.get(f"{ADD}?activity={hers.pk}").status_code == 404
    assert not RaceRecording.objects.filter(said=True).exists()
    nothing = as_ada.post(runs_url(race), {"activity": hers.pk, "role": "spectator"}, HTTP_HX_REQUEST="true")
    assert nothing.status_code == 422


def test_linked_twice_is_linked_once_and_the_answer_is_the_part_of_the_page(cast, as_ada):
    race = typed(cast)
    run = make_activity(athlete=cast.ada, distance_m=3000, time_s=900)
    for _again in range(2):
        answer = as_ada.post(runs_url(race), {"activity": run.pk, "role": "cool_down"}, HTTP_HX_REQUEST="true")
        assert answer.status_code == 200
        assert answer.content.decode().lstrip().startswith("<section")
    assert race.parts.filter(said=True).count() == 1
