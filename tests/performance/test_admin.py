"""The coaches' workplace: what was granted, at the granted level; decisions in the coach's name; every look written down."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.utils import timezone

from activities.models import Recording
from athletes.models import CoachGrant, CoachGrantEvent
from config.celery import app
from performance import decisions, tasks
from performance.models import Race, RaceDecision
from tests.conftest import Cast, signed_in
from tests.factories import grant, make_activity, make_athlete, make_race

EVIDENCE = {"reasons": [{"code": "heart_rate", "weight": 0.8, "params": {"value": 0.95, "among": 40}}], "missing": []}
RUNNERS, RACES, RUNS = "/admin/athletes/athlete/", "/admin/performance/race/", "/admin/activities/activity/"


@pytest.fixture
def coach(cast: Cast) -> Client:
    return signed_in(cast.carl)


def page(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def act(client: Client, action: str, *races: Race):
    return client.post(
        RACES, {"action": action, "_selected_action": [race.pk for race in races], "index": "0"}, follow=True
    )


def test_a_runner_with_races_and_the_trend_of_the_grades(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    race = make_race(athlete=cast.ada, name="Ely 10K")
    make_race(athlete=cast.ada, state=Race.State.TO_DECIDE)
    listed = page(coach, RUNNERS)
    assert "Ada Marsh" in listed and "Eve Strange" not in listed and "races and grades" in listed
    shown = page(coach, f"{RUNNERS}{cast.ada.pk}/change/")
    assert f"{RACES}{race.pk}/change/" in shown and 'class="trend"' in shown and "Ely 10K" in shown
    assert "css/admin.css" in shown
    for word in ("_save", "deletelink", 'type="text"'):
        assert word not in shown, "it can be read only"


@pytest.mark.parametrize(("level", "runs", "heart"), [(1, False, False), (2, True, False), (3, True, True)])
def test_level_by_level(cast: Cast, coach: Client, level: int, runs: bool, heart: bool) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=level)
    run = make_activity(athlete=cast.ada, name="Secret morning", hr_avg=187.0)
    race = make_race(athlete=cast.ada, activity=run, state=Race.State.TO_DECIDE, evidence=EVIDENCE)
    assert ("Secret morning" in page(coach, RUNS)) is runs
    assert (coach.get(f"{RUNS}{run.pk}/change/").status_code == 200) is runs
    shown = page(coach, f"{RACES}{race.pk}/change/")
    assert (f"/activities/{run.pk}/" in shown) is runs
    assert ("Average heart rate" in shown) is heart
    if runs:
        assert "187" not in page(coach, f"{RUNS}{run.pk}/change/"), "heart rate stands on the run's own page alone"


@pytest.mark.parametrize(
    "asked",
    [
        f"{RUNS}?hr_avg__gt=150",
        f"{RUNS}?athlete__user__email__startswith=a",
        f"{RACES}?evidence__reasons__0__code=heart_rate",
        f"{RACES}?found_in__hr_avg__gt=1",
        f"{RACES}?athlete__born__year=1968",
        f"{RUNNERS}?born__year=1968",
        f"{RUNNERS}?user__password__startswith=a",
    ],
)
def test_what_is_not_shown_cannot_be_found_out_by_asking(cast: Cast, coach: Client, asked: str) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada), evidence=EVIDENCE)
    assert coach.get(asked).status_code == 400


def test_filters_and_search_know_granted_runners_only(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    make_race(athlete=cast.ada, name="Ely 10K")
    make_race(athlete=cast.eve, name="Hidden Half")
    assert "Eve Strange" not in page(coach, RACES)
    assert "Hidden Half" not in page(coach, f"{RACES}?q=Hidden")
    assert "Hidden Half" not in page(coach, f"{RACES}?runner={cast.eve.pk}")
    assert "Ely 10K" in page(coach, f"{RACES}?runner={cast.ada.pk}&state__exact=confirmed&q=ely")
    assert "Ely 10K" not in page(coach, f"{RACES}?local_date__year=1999")


def test_what_strava_alone_told_needs_the_operators_word(cast: Cast, coach: Client, settings) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    run = make_activity(athlete=cast.ada, name="Only at Strava", source=Recording.Source.STRAVA)
    make_race(athlete=cast.ada, activity=run, name="Strava 10K")
    settings.STRAVA_SHARE_WITH_COACHES = False
    assert "Only at Strava" not in page(coach, RUNS) and "Strava 10K" not in page(coach, RACES)
    assert "Strava 10K" not in page(coach, f"{RUNNERS}{cast.ada.pk}/change/")
    settings.STRAVA_SHARE_WITH_COACHES = True
    assert "Only at Strava" in page(coach, RUNS) and "Strava 10K" in page(coach, RACES)


def test_decisions_are_the_coachs_and_can_be_undone(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    run = make_activity(athlete=cast.ada, analysed=True)
    race = make_race(athlete=cast.ada, activity=run, state=Race.State.TO_DECIDE)
    untouched = make_race(athlete=cast.ada, state=Race.State.TO_DECIDE)
    for action, state in (("confirm", "confirmed"), ("reject", "rejected"), ("undo", "confirmed")):
        answer = act(coach, action, race)
        assert "1 race:" in answer.content.decode(), action
        race.refresh_from_db()
        assert race.state == state
    assert {made.by for made in race.decisions.all()} == {cast.carl}
    assert not untouched.decisions.exists()
    assert "1 race was left as it is" in act(coach, "undo", untouched).content.decode()
    assert "a coach" in page(coach, f"{RACES}{race.pk}/change/")


def test_a_race_of_somebody_else_among_the_selected_stays(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    hers, others = (make_race(athlete=athlete, state=Race.State.TO_DECIDE) for athlete in (cast.ada, cast.eve))
    act(coach, "confirm", hers, others)
    others.refresh_from_db()
    assert others.state == Race.State.TO_DECIDE and not others.decisions.exists()


def test_the_export_holds_what_was_selected(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    one, _two = make_race(athlete=cast.ada, name="=Ely 10K"), make_race(athlete=cast.ada, name="March 5K")
    others = make_race(athlete=cast.eve, name="Hidden Half")
    answer = client_csv(act(coach, "export_csv", one, others))
    assert answer.count("\n") == 2 and "'=Ely 10K" in answer and "Hidden" not in answer


def client_csv(answer) -> str:
    assert answer["Content-Type"].startswith("text/csv")
    return b"".join(answer.streaming_content).decode()


def test_analysing_again_marks_the_run_as_changed(cast: Cast, coach: Client) -> None:
    from performance.analysis import stale_activities

    grant(athlete=cast.ada, coach=cast.carl, level=1)
    run = make_activity(athlete=cast.ada, analysed=True)
    race = make_race(athlete=cast.ada, activity=run)
    act(coach, "analyse_again", race)
    assert stale_activities().filter(pk=run.pk).exists()


def test_a_look_is_written_down_wherever_it_is_taken(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    run = make_activity(athlete=cast.ada)
    race = make_race(athlete=cast.ada, activity=run)

    def looked() -> bool:
        """Whether one was written down since the last time."""
        looks = CoachGrantEvent.objects.filter(athlete=cast.ada, what="looked", coach_email=cast.carl.email, level=2)
        found = looks.count()
        assert found <= 1
        looks.delete()
        CoachGrant.objects.update(looked_at=None)
        return found == 1

    for url in ("/coach/", "/admin/", "/more/"):
        page(coach, url)
        assert not looked(), url
    for url in (RUNNERS, RACES, RUNS, f"{RACES}{race.pk}/change/", f"{RUNS}{run.pk}/change/", f"/activities/{run.pk}/"):
        page(coach, url)
        page(coach, url)
        assert looked(), url
    page(signed_in(cast.ada.user), "/races/")
    assert not looked()


@pytest.mark.parametrize("url", [RUNNERS, RACES, RUNS])
def test_a_list_costs_the_same_whatever_its_length(
    cast: Cast, coach: Client, django_assert_max_num_queries, url: str
) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    for _ in range(12):
        make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada))
    page(coach, url)
    with django_assert_max_num_queries(15):
        page(coach, url)


def test_the_first_page_of_a_coach(cast: Cast, coach: Client, django_assert_max_num_queries) -> None:
    assert "Nobody has granted you a look yet" in page(coach, "/coach/")
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    make_race(athlete=cast.ada)
    with django_assert_max_num_queries(5):
        shown = page(coach, "/coach/")
    for link in (
        f"/races/?athlete={cast.ada.pk}",
        f"/activities/?athlete={cast.ada.pk}",
        f"{RUNNERS}{cast.ada.pk}/change/",
    ):
        assert link in shown
    assert "Eve" not in shown


def test_more_than_anybody_waits_for_is_decided_in_the_background(cast: Cast, coach: Client, monkeypatch) -> None:
    """All pages selected: 201 races of a runner, one of them withdrawn from sight, one decided in the meantime."""
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    races = [make_race(athlete=cast.ada, state=Race.State.TO_DECIDE) for _number in range(201)]
    everything = {"action": "confirm", "_selected_action": [races[0].pk], "select_across": "1", "index": "0"}
    with monkeypatch.context() as away:
        away.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
        away.setattr(app, "_pool", None)
        away.setattr(app.amqp, "_producer_pool", None)
        assert "nothing was changed" in coach.post(RACES, everything, follow=True).content.decode()
    answer = coach.post(RACES, everything, follow=True)
    assert "201 races are too many to wait for" in answer.content.decode()
    assert not RaceDecision.objects.exists()
    decisions.decide(races[1].pk, what="rejected", by=cast.ada.user)
    tasks.decide_races([(race.pk, 0) for race in races], "confirmed", cast.carl.pk)
    states = Counter(Race.objects.values_list("state", flat=True))
    assert states == {"confirmed": 200, "rejected": 1}
    CoachGrant.objects.update(withdrawn_at=timezone.now())
    tasks.decide_races([(races[0].pk, races[0].decisions.last().pk)], "rejected", cast.carl.pk)
    races[0].refresh_from_db()
    assert races[0].state == "confirmed", "the grant was withdrawn before its turn came"


@pytest.mark.parametrize("who", ["no grant", "withdrawn", "expired", "operator"])
def test_what_may_not_be_seen_answers_as_what_is_not_there(cast: Cast, who: str) -> None:
    with connection.cursor() as cursor:  # ids that stand nowhere else on a page
        for table in ("athletes_athlete", "performance_race", "activities_activity"):
            cursor.execute("select setval(pg_get_serial_sequence(%s, 'id'), 700000000)", [table])
    hidden = make_athlete(email="hidden@example.invalid", name="Hidden Runner")
    given = grant(athlete=hidden, coach=cast.carl, level=3)
    race = make_race(athlete=hidden, activity=make_activity(athlete=hidden, name="Hidden river"), name="Hidden Half")
    reader = signed_in(cast.olga if who == "operator" else cast.carl)
    before = "" if who == "operator" else page(reader, RACES)
    assert who == "operator" or "Hidden Half" in before
    rows, now = CoachGrant.objects.filter(pk=given.pk), timezone.now()
    if who == "withdrawn":
        rows.update(withdrawn_at=now)
    elif who == "expired":
        rows.update(since=now - timedelta(days=2), until=now)
    else:
        rows.delete()

    keys = {RUNNERS: hidden.pk, RACES: race.pk, RUNS: race.found_in_id}
    there, absent = answers(reader, keys), answers(reader, dict.fromkeys(keys, 987_654_321))
    for one, other in zip(there, absent, strict=True):
        assert one == other, one[0]
    assert not [url for url, _status, shown in there if re.search("Hidden (Runner|Half|river)", shown)]
    race.refresh_from_db()
    assert race.state == Race.State.CONFIRMED and not race.decisions.exists()


def answers(reader: Client, keys: dict) -> list[tuple[str, int, str]]:
    """What every kind of page says of these rows, and every action on them."""
    told = []
    for base, key in keys.items():
        app, model = base.split("/")[2:4]
        kind = ContentType.objects.get(app_label=app, model=model)
        for url in (
            *(f"{base}{key}/{view}" for view in ("", "change/", "change/?_to_field=id&_popup=1", "history/", "delete/")),
            *(f"{base}?{asked}" for asked in (f"runner={key}&_facets=True", "q=Hidden", "o=1.-2.3.4", "_popup=1&_to_field=id")),
            f"/admin/r/{kind.pk}/{key}/",
        ):  # fmt: skip
            answer = reader.get(url, follow=True)
            told.append((url, answer.status_code, answer.content.decode()))
    for action in ("confirm", "reject", "undo", "export_csv", "analyse_again"):
        sent = {"action": action, "_selected_action": [keys[RACES]], "index": "0", "select_across": "1"}
        answer = reader.post(RACES, sent, follow=True)
        told.append((action, answer.status_code, client_csv(answer) if answer.streaming else answer.content.decode()))
    varies = r'name="csrfmiddlewaretoken" value="[^"]+"|\b[0-9a-f]{32}\b|nonce="[^"]+"'
    ids = "|".join(map(str, keys.values()))
    return [(re.sub(ids, "ID", url), status, re.sub(f"{varies}|{ids}", "", shown)) for url, status, shown in told]


def test_an_address_is_found_whole_and_not_letter_by_letter(cast: Cast, coach: Client) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    assert "Ada Marsh" in page(coach, f"{RUNNERS}?q=ADA@example.invalid")
    assert "Ada Marsh" not in page(coach, f"{RUNNERS}?q=ada@")
