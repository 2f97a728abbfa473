"""Deciding: confirm, reject, undo, mark; with HTMX in place, without it by going back; never over somebody else's word."""

import re
import threading
from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from performance import decisions
from performance.decisions import DecidedElsewhere, decide
from performance.models import Race, RaceDecision
from tests.factories import grant, make_activity, make_race, make_streams

HTMX = {"HX-Request": "true"}


@pytest.fixture
def race(cast) -> Race:
    """A run of Ada's that may be a race: 10.03 km in 45:52, recorded, with best efforts."""
    streams = make_streams(distance_m=10_030, time_s=2752)
    activity = make_activity(athlete=cast.ada, name="Ely Runners 10K", distance_m=10_030, time_s=2752, streams=streams)
    return make_race(
        athlete=cast.ada,
        activity=activity,
        name="Ely Runners 10K",
        state="to_decide",
        probability=0.8,
        evidence={"reasons": [], "official_distance_m": 10_000.0},
    )


def url(race: Race) -> str:
    return reverse("performance:race-decide", args=[race.pk])


def post(client: Client, race: Race, decision: str, *, seen: int | str = 0, htmx: bool = True, **fields):
    return client.post(url(race), {"decision": decision, "seen": seen, **fields}, headers=HTMX if htmx else {})


def words(race: Race) -> list[str]:
    return list(race.decisions.values_list("what", flat=True))


def state(race: Race) -> str:
    race.refresh_from_db()
    return race.state


# -- what a decision does -----------------------------------------------------------------------------------------------


def test_confirming_is_written_down_with_who_and_makes_it_count(cast, as_ada, race):
    response = post(as_ada, race, "confirmed")
    assert response.status_code == 200
    assert state(race) == "confirmed"
    decision = race.decisions.get()
    assert (decision.what, decision.by) == ("confirmed", cast.ada.user)


def test_a_decision_grades_the_race_anew_from_its_recording(cast, as_ada, race):
    from performance.agegrade import age_grade

    Race.objects.filter(pk=race.pk).update(age_grade=None, edition="", convention="", time_s=None, time_source="")
    post(as_ada, race, "confirmed")
    race.refresh_from_db()
    assert race.time_source == "effort"
    assert race.time_s < 2752, "the best 10 km inside 10.03 km"
    expected = age_grade(time_s=race.time_s, age=58, sex="F", distance_m=10_000)
    assert race.age_grade == expected.age_grade
    assert (race.edition, race.convention, race.age) == ("road-2025", "exact", 58)


def test_rejecting_takes_it_out_of_what_counts(as_ada, race):
    post(as_ada, race, "rejected")
    assert state(race) == "rejected"
    assert not Race.objects.counted().exists()


def test_undoing_gives_the_question_back(as_ada, race):
    post(as_ada, race, "rejected")
    last = race.decisions.last().pk
    post(as_ada, race, "undone", seen=last)
    assert state(race) == "to_decide"
    assert words(race) == ["rejected", "undone"]


def test_undoing_a_rejection_gives_a_confirmed_race_back(cast, as_ada, race):
    decide(race.pk, what="confirmed", by=cast.ada.user)
    decide(race.pk, what="rejected", by=cast.ada.user)
    decide(race.pk, what="undone", by=cast.ada.user)
    assert state(race) == "confirmed"
    assert words(race) == ["confirmed", "rejected", "undone", "confirmed"]
    decide(race.pk, what="undone", by=cast.ada.user)
    assert state(race) == "to_decide", "the answer that came back is the one that is undone next"


def test_undoing_a_rejection_gives_a_marked_race_back(cast):
    activity = make_activity(athlete=cast.ada)
    race = decisions.mark(activity, by=cast.ada.user)
    decide(race.pk, what="rejected", by=cast.ada.user)
    decide(race.pk, what="undone", by=cast.ada.user)
    assert state(race) == "confirmed"


def test_undoing_the_rejection_of_what_we_are_sure_of_makes_it_count_again(cast, as_ada):
    activity = make_activity(athlete=cast.ada)
    race = make_race(athlete=cast.ada, activity=activity, state="found", probability=0.999)
    decide(race.pk, what="rejected", by=cast.ada.user)
    decide(race.pk, what="undone", by=cast.ada.user)
    assert state(race) == "found"


def test_decisions_are_only_ever_added_to(cast, race):
    decide(race.pk, what="confirmed", by=cast.ada.user)
    decide(race.pk, what="rejected", by=cast.ada.user)
    assert words(race) == ["confirmed", "rejected"]


# -- twice, and elsewhere -----------------------------------------------------------------------------------------------


def test_the_same_answer_sent_twice_is_one_answer(as_ada, race):
    first = post(as_ada, race, "confirmed")
    again = post(as_ada, race, "confirmed")
    assert (first.status_code, again.status_code) == (200, 200)
    assert words(race) == ["confirmed"]


def test_undo_sent_twice_is_one_undo(cast, as_ada, race):
    decide(race.pk, what="confirmed", by=cast.ada.user)
    decide(race.pk, what="rejected", by=cast.ada.user)
    last = race.decisions.last().pk
    for _ in range(2):
        assert post(as_ada, race, "undone", seen=last).status_code == 200
    assert words(race) == ["confirmed", "rejected", "undone", "confirmed"]


def test_what_was_decided_elsewhere_is_not_overwritten_but_shown(as_ada, race):
    post(as_ada, race, "confirmed")
    response = post(as_ada, race, "rejected", seen=0)
    assert response.status_code == 409
    assert words(race) == ["confirmed"]
    html = response.content.decode()
    assert "was decided on another page or device" in html
    assert "It is confirmed as a race." in html
    assert f'name="seen" value="{race.decisions.last().pk}"' in html, "the next answer knows what it overrules"


def test_without_script_too_what_was_decided_elsewhere_is_shown(as_ada, race):
    post(as_ada, race, "confirmed")
    response = as_ada.post(url(race), {"decision": "rejected", "seen": 0}, follow=True)
    assert state(race) == "confirmed"
    assert "was decided on another page or device" in response.content.decode()


def test_an_answer_that_does_not_say_what_it_saw_holds(as_ada, race):
    post(as_ada, race, "confirmed")
    assert as_ada.post(url(race), {"decision": "rejected"}, headers=HTMX).status_code == 200
    assert words(race) == ["confirmed", "rejected"]


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_the_same_moment_are_taken_one_after_the_other(cast):
    activity = make_activity(athlete=cast.ada)
    race = make_race(athlete=cast.ada, activity=activity, state="to_decide", probability=0.5)
    outcomes, start = [], threading.Barrier(2)

    def answer(what: str) -> None:
        start.wait()
        try:
            decide(race.pk, what=what, by=cast.ada.user, seen=0)
            outcomes.append("taken")
        except DecidedElsewhere:
            outcomes.append("elsewhere")
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(what,)) for what in ("confirmed", "rejected")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["elsewhere", "taken"]
    assert RaceDecision.objects.filter(race=race).count() == 1


@pytest.mark.parametrize("wrong", ["", "perhaps", "marked"])
def test_an_answer_that_is_none_is_refused(as_ada, race, wrong):
    assert as_ada.post(url(race), {"decision": wrong}).status_code == 422
    assert words(race) == []


def test_deciding_is_nothing_a_link_can_do(as_ada, race):
    assert as_ada.get(url(race)).status_code == 405


# -- in place -----------------------------------------------------------------------------------------------------------


def test_the_card_is_answered_by_what_now_holds_with_undo_in_focus(as_ada, race):
    html = post(as_ada, race, "confirmed").content.decode()
    assert f'<article class="card done" id="race-{race.pk}">' in html
    assert "Ely Runners 10K is a race. It counts towards your age grade." in html
    assert 'name="decision" value="undone"' in html
    assert f'name="seen" value="{race.decisions.last().pk}"' in html
    assert html.count("autofocus") == 1


def test_counters_and_the_spoken_line_come_beside_it(as_ada, race):
    html = post(as_ada, race, "confirmed").content.decode()
    assert '<p id="race-counts" hx-swap-oob="innerHTML">1 confirmed race</p>' in html
    assert 'id="race-chips"' in html and 'hx-swap-oob="outerHTML"' in html
    assert '<div id="live" hx-swap-oob="innerHTML">Ely Runners 10K is a race.' in html


def test_undoing_on_a_card_brings_the_card_back(as_ada, race):
    post(as_ada, race, "rejected")
    html = post(as_ada, race, "undone", seen=race.decisions.last().pk).content.decode()
    assert f'<article class="card candidate" id="race-{race.pk}"' in html
    assert "is waiting for your decision again" in html


def test_a_row_is_answered_by_a_row_and_undo_brings_it_back(cast, as_ada):
    race = make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada), state="found", probability=0.999)
    html = post(as_ada, race, "rejected", where="row").content.decode()
    assert html.strip().startswith(f'<tr class="decided" id="race-{race.pk}">')
    html = post(as_ada, race, "undone", seen=race.decisions.last().pk, where="row").content.decode()
    assert html.strip().startswith(f'<tr id="race-{race.pk}">')
    assert "Found by us" in html


def test_the_list_hears_of_a_decision_on_a_card_but_not_in_its_own_rows(as_ada, race):
    assert post(as_ada, race, "confirmed")["HX-Trigger-After-Settle"] == "race-decided"
    seen = race.decisions.last().pk
    assert "HX-Trigger-After-Settle" not in post(as_ada, race, "rejected", seen=seen, where="row")


def test_the_chips_keep_the_filter_of_the_page_that_asked(as_ada, race):
    html = post(as_ada, race, "confirmed", next="/races/?q=ely&sort=-grade").content.decode()
    assert 'href="/races/?state=confirmed&amp;q=ely&amp;sort=-grade"' in html


# -- without script -----------------------------------------------------------------------------------------------------


def test_without_script_one_comes_back_to_the_list_with_the_card_and_its_undo(as_ada, race):
    response = post(as_ada, race, "rejected", htmx=False, next="/races/?year=2026")
    assert response.status_code == 302
    assert response["Location"] == f"/races/?year=2026&decided={race.pk}#race-{race.pk}"
    html = as_ada.get(response["Location"]).content.decode()
    assert "Ely Runners 10K is not a race." in html
    assert 'name="decision" value="undone"' in html
    undone = post(as_ada, race, "undone", htmx=False, seen=race.decisions.last().pk)
    assert undone.status_code == 302
    assert state(race) == "to_decide"


@pytest.mark.parametrize("here", ["/", "/activities/{run}/"])
def test_from_the_first_page_and_from_the_runs_own_it_is_taken_back_there(as_ada, race, here):
    here = here.format(run=race.found_in_id)
    response = post(as_ada, race, "rejected", htmx=False, next=here)
    assert response["Location"] == f"{here}?decided={race.pk}#race-{race.pk}"
    html = as_ada.get(response["Location"]).content.decode()
    assert "Ely Runners 10K is not a race." in html
    form = re.search(r'<article class="card done".*?</article>', html, flags=re.S)[0]
    fields = dict(re.findall(r'name="(decision|seen|next)" value="([^"]*)"', form))
    assert fields["decision"] == "undone"
    undone = as_ada.post(url(race), fields)
    assert undone["Location"].startswith(here)
    assert state(race) == "to_decide"
    assert "is waiting for your decision again" in as_ada.get(undone["Location"]).content.decode()


def test_what_was_decided_is_shown_to_its_athlete_alone(cast, as_eve, race):
    decide(race.pk, what="rejected", by=cast.ada.user)
    assert "Ely Runners" not in as_eve.get(f"/?decided={race.pk}").content.decode()


def test_from_a_page_without_cards_one_comes_back_there_with_a_message(as_ada, race):
    here = "/load/"
    response = post(as_ada, race, "confirmed", htmx=False, next=here)
    assert response["Location"] == here
    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert told == ["Ely Runners 10K is a race. It counts towards your age grade."]


@pytest.mark.parametrize(
    "away", ["https://elsewhere.invalid/", "//elsewhere.invalid/races/", "javascript:alert(1)", "\\\\elsewhere"]
)
def test_one_is_never_sent_to_another_site(as_ada, race, away):
    response = post(as_ada, race, "confirmed", htmx=False, next=away)
    assert response["Location"].startswith("/races/?decided=")


# -- who may ------------------------------------------------------------------------------------------------------------


def test_only_the_athlete_decides(cast, as_carl, as_eve, as_olga, race):
    assert post(as_carl, race, "rejected").status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert post(as_carl, race, "rejected").status_code == 403, "a coach reads"
    assert post(as_eve, race, "rejected").status_code == 404
    assert post(as_olga, race, "rejected").status_code == 404
    assert Client().post(url(race), {"decision": "rejected"}).status_code == 302
    assert words(race) == []


def test_a_post_without_the_token_of_the_form_changes_nothing(cast, race):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(url(race), {"decision": "rejected"}).status_code == 403
    assert words(race) == []


# -- marking a run ------------------------------------------------------------------------------------------------------


def mark(client: Client, activity, **fields):
    return client.post(reverse("performance:activity-mark", args=[activity.pk]), fields)


def test_a_run_can_be_marked_as_a_race_whatever_we_thought_of_it(cast, as_ada):
    activity = make_activity(athlete=cast.ada, name="Club handicap", time_s=2752)
    response = mark(as_ada, activity, next=f"/activities/{activity.pk}/")
    race = Race.objects.get(found_in=activity)
    assert response["Location"] == f"/activities/{activity.pk}/?decided={race.pk}#race-{race.pk}"
    assert "Undo" in as_ada.get(response["Location"]).content.decode()
    assert (race.state, race.name, race.local_date) == ("confirmed", "Club handicap", date(2026, 10, 18))
    assert race.age_grade is not None
    assert race.parts.get().recording == activity.recordings.get()
    assert words(race) == ["marked"]


def test_marking_twice_is_one_mark(cast, as_ada):
    activity = make_activity(athlete=cast.ada)
    mark(as_ada, activity)
    mark(as_ada, activity)
    assert words(Race.objects.get(found_in=activity)) == ["marked"]


def test_marking_a_rejected_run_makes_it_a_race_again(cast, as_ada, race):
    decide(race.pk, what="rejected", by=cast.ada.user)
    mark(as_ada, race.found_in)
    assert state(race) == "confirmed"
    assert words(race) == ["rejected", "marked"]


def test_only_the_athlete_marks(cast, as_carl, as_eve, as_olga):
    activity = make_activity(athlete=cast.ada)
    for client in (as_carl, as_eve, as_olga):
        assert mark(client, activity).status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert mark(as_carl, activity).status_code == 403
    assert not Race.objects.exists()
