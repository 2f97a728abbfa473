"""The three ledgers of bests: official races, age grades, GPS efforts; for all time, by age band, by year."""

from datetime import date, datetime

import pytest

from activities.models import Activity, Recording
from performance import analysis, bests
from performance.models import Analysis, BestEffort, Race
from tests.factories import grant, make_activity, make_race
from tests.pages import assert_page_and_partial

URL = "/bests/"


def race(athlete, day: str, distance_m: float, time_s: float, grade: float | None = 0.7, **fields) -> Race:
    named = {"name": f"Race of {day}", **fields}
    return make_race(
        athlete=athlete,
        local_date=date.fromisoformat(day),
        distance_m=distance_m,
        time_s=time_s,
        age_grade=grade,
        **named,
    )


def effort(athlete, day: str, distance_m: float, time_s: float, **fields) -> BestEffort:
    started = datetime.fromisoformat(f"{day}T09:00:00+00:00")
    run = make_activity(athlete=athlete, started_at=started, name=f"Run of {day}", **fields)
    return BestEffort.objects.create(
        activity=run, recording=run.recordings.get(), distance_m=distance_m, time_s=time_s, start_s=0
    )


def ledger_of(athlete, ledger: bests.Ledger, period: bests.Period = "all"):
    if ledger == "efforts":
        marks, left = bests.effort_marks(
            BestEffort.objects.filter(activity__athlete=athlete), Activity.objects.of(athlete)
        )
    else:
        marks, left = bests.race_marks(Race.objects.of(athlete), ledger)
    return bests.sections(marks, ledger=ledger, period=period, athlete=athlete), {one.code: one for one in left}


def test_the_fastest_time_over_each_distance_with_all_it_improved_on(ada):
    for day, time_s in (
        ("2020-03-01", 2900),
        ("2021-03-01", 2800),
        ("2022-03-01", 2850),
        ("2023-03-01", 2800),
        ("2024-03-01", 2742),
    ):
        race(ada, day, 10_000, time_s)
    race(ada, "2021-05-01", 5_000, 1400)
    (section,), _left = ledger_of(ada, "races")
    assert [(best.mark.distance_m, best.mark.time_s) for best in section.bests] == [(5_000, 1400), (10_000, 2742)]
    assert [mark.time_s for mark in section.bests[1].history] == [2900, 2800, 2742]  # an equal time is no improvement
    assert [mark.time_s for mark in section.bests[1].before] == [2800, 2900]


def test_the_best_grade_may_be_of_a_slower_race(ada):
    race(ada, "2010-03-01", 10_000, 2600, 0.71)
    race(ada, "2024-03-01", 10_000, 2742, 0.78)
    (by_time,), _left = ledger_of(ada, "races")
    (by_grade,), _left = ledger_of(ada, "grades")
    assert by_time.bests[0].mark.time_s == 2600
    assert by_grade.bests[0].mark.time_s == 2742


def test_a_distance_counts_only_by_the_official_rule_and_the_page_says_so(ada, as_ada):
    race(ada, "2024-03-01", 4_990, 1300, name="Short five")
    race(ada, "2024-04-01", 5_000, 1400)
    (section,), left = ledger_of(ada, "races")
    assert [best.mark.time_s for best in section.bests] == [1400]
    assert (left["odd_distance"].n, left["odd_distance"].example) == (1, "Short five")
    html = as_ada.get(URL).content.decode()
    assert "4.99 km is not 5 km" in html
    assert "such as Short five" in html


def test_what_waits_or_was_rejected_is_nobodys_best(ada):
    race(ada, "2024-03-01", 5_000, 1300, state="to_decide")
    race(ada, "2024-03-02", 5_000, 1300, state="rejected")
    race(ada, "2024-03-03", 5_000, 1500, state="found")
    (section,), _left = ledger_of(ada, "races")
    assert section.bests[0].mark.time_s == 1500


def test_what_waits_for_a_word_is_left_out_and_told(ada, as_ada):
    race(ada, "2024-03-01", 10_000, 2100, grade=None, state="found", refusal="to_confirm", name="Treadmill 10K")
    for ledger in ("races", "grades"):
        found, left = ledger_of(ada, ledger)
        assert (found, left["to_confirm"].n) == ([], 1)
    assert "Left out until confirmed" in as_ada.get(URL).content.decode()


def test_by_age_band_and_by_year(ada):  # born 1968-05-17
    race(ada, "2018-05-16", 5_000, 1350)  # 49
    race(ada, "2018-05-17", 5_000, 1400)  # 50
    race(ada, "2022-05-17", 5_000, 1420)  # 54
    race(ada, "2023-05-17", 5_000, 1440)  # 55
    by_age, _left = ledger_of(ada, "races", "age")
    assert [(section.key, section.bests[0].mark.time_s) for section in by_age] == [
        ("55", 1440),
        ("50", 1400),
        ("45", 1350),
    ]
    by_year, _left = ledger_of(ada, "races", "year")
    assert [(section.key, section.bests[0].mark.time_s) for section in by_year] == [
        ("2023", 1440),
        ("2022", 1420),
        ("2018", 1350),
    ]


def test_efforts_leave_out_what_cannot_be_trusted_and_say_so(ada, as_ada):
    effort(ada, "2024-03-01", 5_000, 1500)
    effort(ada, "2024-03-02", 5_000, 1450)
    belt = make_activity(athlete=ada, sub_sport="treadmill", analysed=True)
    analysis.analyse(belt.pk)
    Analysis.objects.filter(activity=belt).update(notes=["treadmill"])
    BestEffort.objects.filter(activity=belt).delete()
    (section,), left = ledger_of(ada, "efforts")
    assert [mark.time_s for mark in section.bests[0].history] == [1500, 1450]
    assert left["treadmill"].n == 1
    assert "1 on a treadmill" in as_ada.get(URL, {"ledger": "efforts"}).content.decode()


def test_page_and_part(as_ada, ada):
    race(ada, "2024-03-01", 5_000, 1400)
    assert_page_and_partial(as_ada, URL, "bests")


@pytest.mark.parametrize("query", ["?ledger=none&by=never", "?by=age", "?ledger=efforts&by=year", "?ledger=grades"])
def test_it_never_costs_more_queries_for_more_races(as_ada, ada, query, django_assert_max_num_queries):
    for number in range(40):
        race(ada, f"2024-03-{number % 28 + 1:02}", 5_000 if number % 2 else 10_000, 1400 + number)
        effort(ada, f"2023-03-{number % 28 + 1:02}", 5_000, 1500 + number)
    with django_assert_max_num_queries(8):
        assert as_ada.get(URL + query).status_code == 200


def test_who_sees_what(cast, as_carl, as_eve, as_olga, client):
    race(cast.ada, "2024-03-01", 5_000, 1400)
    effort(cast.ada, "2024-03-02", 5_000, 1450)
    hers = {"athlete": cast.ada.pk}
    assert client.get(URL).status_code == 302
    assert "Race of" not in as_eve.get(URL).content.decode()
    for stranger in (as_eve, as_olga, as_carl):
        assert stranger.get(URL, hers).status_code == 404
    grant(athlete=cast.ada, coach=cast.carl, level=1)
    seen = as_carl.get(URL, {**hers, "ledger": "efforts"}).content.decode()
    assert "Race of 2024-03-01" in seen  # races, since efforts need more
    assert "Run of 2024-03-02" not in seen and "GPS efforts" not in seen
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    assert "Run of 2024-03-02" in as_carl.get(URL, {**hers, "ledger": "efforts"}).content.decode()


def test_what_only_strava_told_is_the_athletes_own(cast, as_ada, as_carl):
    effort(cast.ada, "2024-03-02", 5_000, 1450, source=Recording.Source.STRAVA)
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    asked = {"athlete": cast.ada.pk, "ledger": "efforts"}
    assert "Run of 2024-03-02" in as_ada.get(URL, asked).content.decode()
    assert "Run of 2024-03-02" not in as_carl.get(URL, asked).content.decode()


def test_nothing_yet_has_a_next_step(as_eve):
    assert "Open the race book" in as_eve.get(URL).content.decode()
