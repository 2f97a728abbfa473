from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import streams
from activities.models import Activity, Recording
from activities.recorded import Streams
from athletes.models import Athlete
from performance import agegrade, analysis, decisions
from performance.decisions import Said
from performance.models import Analysis, BestEffort, Race, RaceDecision, RaceSearch
from tests.activities.files import imported, tcx
from tests.factories import make_activity

pytestmark = pytest.mark.django_db

SUNDAY = datetime(2024, 5, 12, 8, 0, tzinfo=UTC)


def analysed(athlete: Athlete) -> None:
    for activity in analysis.stale_activities().filter(athlete=athlete):
        analysis.analyse(activity.pk)
    analysis.find_races(athlete.pk)


def easy_runs(athlete: Athlete, *, n: int = 40) -> None:
    """Three runs a week at six minutes a kilometre, with the stops such runs have."""
    rng = np.random.default_rng(3)
    for i in range(n):
        minutes = float(rng.uniform(35, 75))
        make_activity(
            athlete=athlete,
            name="Afternoon Run",
            started_at=SUNDAY - timedelta(days=3 + 2.34 * i, hours=-9),
            distance_m=minutes * 60 / (0.36 + float(rng.normal(0, 0.008))),
            time_s=minutes * 60 * 1.06,
            timer_s=minutes * 60,
            hr_avg=float(rng.normal(132, 4)),
        )


def race_file(**changes) -> bytes:
    return tcx(**{"name": "Ely 10K", "distance_m": 10_040, "time_s": 2752, "hr": 168, "started_at": SUNDAY, **changes})


@pytest.fixture
def raced(ada):
    """Ada's spring: easy runs, and a 10 km race that came in as a file."""
    easy_runs(ada)
    imported(ada, race_file())
    analysed(ada)
    return Race.objects.get()


def test_a_recording_becomes_efforts_charts_and_splits(ada):
    imported(ada, race_file())
    activity = Activity.objects.get()
    assert analysis.analyse(activity.pk)
    effort = BestEffort.objects.get(activity=activity, distance_m=10_000)
    assert effort.time_s == pytest.approx(2752 * 10_000 / 10_040, abs=0.5)
    assert len(activity.analysis.charts["x"]) <= 360
    assert len(activity.analysis.splits["km"]) == 11
    assert not activity.analysis.failed


def test_analysing_twice_changes_nothing_and_is_not_done_twice(ada):
    imported(ada, race_file())
    activity = Activity.objects.get()
    assert analysis.analyse(activity.pk)
    before = list(BestEffort.objects.values_list("distance_m", "time_s"))
    assert not analysis.analyse(activity.pk)
    Analysis.objects.update(version=0)
    assert analysis.analyse(activity.pk)
    assert list(BestEffort.objects.values_list("distance_m", "time_s")) == before


def test_a_changed_recording_makes_its_analysis_stale(ada):
    imported(ada, race_file(hr=None))
    activity = Activity.objects.get()
    analysis.analyse(activity.pk)
    assert not analysis.stale_activities().exists()
    imported(ada, race_file(step_s=2))
    assert analysis.stale_activities().get() == activity
    analysis.analyse(activity.pk)
    assert "heart_rate_bpm" in Analysis.objects.get().charts


def test_a_ride_has_no_best_efforts_on_foot(ada):
    imported(ada, tcx(sport="Biking"))
    analysis.analyse(Activity.objects.get().pk)
    assert not BestEffort.objects.exists()


def test_a_recording_we_fail_on_is_marked_and_not_tried_for_ever(ada, monkeypatch):
    imported(ada, race_file())

    def broken(recording):
        raise ValueError

    monkeypatch.setattr(streams, "read", broken)
    assert analysis.analyse(Activity.objects.get().pk)
    assert Analysis.objects.get().failed == "ValueError"
    assert not analysis.stale_activities().exists()


def test_the_race_is_found_timed_and_graded_with_its_reasons(raced, ada):
    assert raced.state in {Race.State.FOUND, Race.State.TO_DECIDE}
    assert (raced.name, raced.distance_m, raced.time_source) == ("Ely 10K", 10_000, "effort")
    assert raced.time_s == pytest.approx(2741, abs=1)
    assert raced.age == 55
    proof = agegrade.age_grade(time_s=raced.time_s, distance_m=10_000, age=55, sex="F")
    assert raced.age_grade == proof.age_grade
    assert (raced.edition, raced.convention, raced.graded_by) == ("road-2025", "exact", "F")
    assert raced.evidence["reasons"]
    part = raced.parts.get()
    assert part.recording == Recording.objects.get(content_hash__isnull=False, original_name="run0")
    assert part.end_s - part.start_s == pytest.approx(raced.time_s)


def test_looking_again_changes_nothing(raced, ada):
    before = Race.objects.values().get()
    analysis.find_races(ada.pk)
    after = Race.objects.values().get()
    before.pop("derived_at"), after.pop("derived_at")
    assert before == after


def test_what_a_person_decided_survives_every_search(raced, ada):
    RaceDecision.objects.create(race=raced, what="rejected", by=ada.user)
    analysis.find_races(ada.pk)
    assert Race.objects.get().state == Race.State.REJECTED
    Activity.objects.filter(pk=raced.found_in_id).update(name="Easy jog", distance_m=8_317)
    analysis.find_races(ada.pk)
    assert Race.objects.get().state == Race.State.REJECTED
    RaceDecision.objects.create(race=raced, what="confirmed", by=ada.user)
    analysis.find_races(ada.pk)
    assert Race.objects.get().state == Race.State.CONFIRMED


def test_a_candidate_nobody_decided_goes_when_the_evidence_goes(raced, ada):
    Activity.objects.filter(pk=raced.found_in_id).update(
        name="Easy jog", distance_m=8_317, elapsed_s=4000, moving_s=3600, hr_avg=120
    )
    analysis.find_races(ada.pk)
    assert not Race.objects.exists()


@pytest.mark.parametrize("said", [{"place_overall": 7}, {"chip_time_s": 2700.0}, {"said_name": "Ely"}])
def test_what_a_person_typed_is_never_deleted_and_waits_for_an_answer(raced, ada, said):
    Race.objects.filter(pk=raced.pk).update(**said)
    Activity.objects.filter(pk=raced.found_in_id).update(
        name="Easy jog", distance_m=8_317, elapsed_s=4000, moving_s=3600, hr_avg=120
    )
    analysis.find_races(ada.pk)
    race = Race.objects.get()
    assert race.state == Race.State.TO_DECIDE
    assert all(getattr(race, column) == value for column, value in said.items())


def test_every_column_that_is_typed_counts_as_said():
    assert set(Race.SAID) == set(decisions._SAID_COLUMNS.values())


def test_other_limits_make_a_search_stale(raced, settings):
    assert not analysis.stale_athletes().exists()
    settings.RACE_FOUND_AT = 0.5
    assert analysis.stale_athletes().exists()


def test_an_official_time_wins_over_what_was_recorded(raced):
    for said, source in (("gun_time_s", "gun"), ("chip_time_s", "chip")):
        setattr(raced, said, 2700 + len(said))
        analysis.derive(raced)
        assert (raced.time_s, raced.time_source) == (2700 + len(said), source)


def test_a_distance_a_person_says_is_timed_from_the_samples(raced):
    raced.said_distance_m = 9_999.0
    analysis.derive(raced)
    assert raced.distance_m == 9_999.0
    assert raced.time_source == "effort"
    assert raced.time_s == pytest.approx(2752 * 9_999 / 10_040, abs=0.5)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"born": None}, "age_missing"),
        ({"table": ""}, "sex_missing"),
    ],
)
def test_nobody_is_graded_on_a_guess(raced, ada, changes, refusal):
    Athlete.objects.filter(pk=ada.pk).update(**changes)
    analysis.find_races(ada.pk)
    race = Race.objects.get()
    assert (race.age_grade, race.refusal) == (None, refusal)


def test_both_tables_give_both_grades(raced, ada):
    Athlete.objects.filter(pk=ada.pk).update(table="both")
    analysis.find_races(ada.pk)
    race = Race.objects.get()
    assert race.graded_by == "F"
    assert 0 < race.age_grade_other < race.age_grade


@pytest.mark.parametrize("surface", ["trail", "cross_country", "other"])
def test_no_table_no_grade(raced, surface):
    raced.said_surface = surface
    analysis.derive(raced)
    assert (raced.age_grade, raced.refusal) == (None, "surface_not_in_edition")


@pytest.mark.parametrize(
    ("name", "sub_sport", "surface"),
    [
        ("Ely 10K", "", "road"),
        ("League cross-country, round 2", "", "cross_country"),
        ("County XC", "track", "cross_country"),
        ("Peaks Trail 21", "", "trail"),
        ("Club 5000 m", "track", "track"),
        ("Run", "trail", "trail"),
        ("Australian Masters", "", "road"),
    ],
)
def test_the_title_and_the_device_tell_the_surface(ada, name, sub_sport, surface):
    activity = make_activity(athlete=ada, name=name, sub_sport=sub_sport)
    race = Race(athlete=ada, local_date=SUNDAY.date(), found_in=activity, evidence={})
    analysis.derive(race)
    assert race.surface == surface


def test_a_distance_of_the_track_alone_is_graded_by_the_tables_of_the_track(ada):
    run = make_activity(athlete=ada, name="County Masters", distance_m=1_504, time_s=384, started_at=SUNDAY)
    race = decisions.mark(run, by=ada.user)
    race = decisions.correct(
        race.pk, said=Said(distance_m=1_500.0, chip_time_s=384.0), local_date=None, by=ada.user, confirm=True
    )
    assert (race.surface, race.edition) == ("track", "wma-2023")
    assert race.age_grade > 0


def test_a_typed_race_needs_no_recording(ada):
    race = Race(
        athlete=ada,
        local_date=SUNDAY.date(),
        typed=True,
        said_name="City 10",
        said_distance_m=16_093.44,
        chip_time_s=4610,
    )
    analysis.derive(race)
    race = Race.objects.get()
    assert (race.state, race.name, race.time_source) == ("confirmed", "City 10", "chip")
    assert 0.6 < race.age_grade < 0.9
    analysis.find_races(ada.pk)
    assert Race.objects.get().state == "confirmed"


def test_a_thousand_runs_are_searched_in_a_handful_of_queries(ada, django_assert_max_num_queries):
    make_many(ada, 1000)
    with django_assert_max_num_queries(24):
        analysis.find_races(ada.pk)


def make_many(athlete: Athlete, n: int) -> None:
    rng = np.random.default_rng(5)
    runs = [
        Activity(
            athlete=athlete,
            sport="running",
            name="Run",
            started_at=SUNDAY - timedelta(days=i),
            local_date=(SUNDAY - timedelta(days=i)).date(),
            utc_offset_s=0,
            distance_m=float(rng.uniform(4000, 15_000)),
            elapsed_s=float(rng.uniform(2000, 5000)),
        )
        for i in range(n)
    ]
    Activity.objects.bulk_create(runs)


def test_many_files_ask_for_one_search(ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as asked:
        for _ in range(5):
            with transaction.atomic():
                analysis.want_races(ada.pk)
    assert len(asked) == 1
    analysis.find_races(ada.pk)
    with django_capture_on_commit_callbacks() as asked, transaction.atomic():
        analysis.want_races(ada.pk)
    assert len(asked) == 1


def test_an_athlete_who_changed_is_stale(raced, ada):
    assert not analysis.stale_athletes().exists()
    ada.table = "both"
    ada.changed_at = RaceSearch.objects.get().searched_at + timedelta(seconds=1)
    ada.save()
    assert analysis.stale_athletes().get() == ada


def test_the_database_refuses_to_rewrite_a_decision(raced, ada):
    decision = RaceDecision.objects.create(race=raced, what="confirmed", by=ada.user)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RaceDecision.objects.filter(pk=decision.pk).update(what="rejected")
    RaceDecision.objects.filter(pk=decision.pk).update(by=None)  # a deleted user's name is taken off


def test_the_database_refuses_a_race_found_in_another_athletes_run(raced, cast):
    theirs = make_activity(athlete=cast.eve)
    with pytest.raises(IntegrityError, match="race_of_its_activitys_athlete"), transaction.atomic():
        Race.objects.filter(pk=raced.pk).update(found_in=theirs)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")


def test_a_session_file_with_a_race_inside_is_timed_by_its_fastest_stretch(ada):
    """Warm-up, 5 km in 20 minutes, cool-down, in one file."""
    imported(ada, tcx(name="parkrun with warm-up", distance_m=9000, time_s=2700))
    recording = Recording.objects.get()
    pace = np.concatenate([np.full(400, 0.5), np.full(1200, 5000 / 1200), np.full(1100, 3800 / 1100)])
    samples = Streams(time_s=np.arange(2701.0), distance_m=np.concatenate([[0.0], np.cumsum(pace)]))
    streams.replace(recording, samples)
    analysis.analyse(recording.activity_id)
    race = Race(athlete=ada, local_date=SUNDAY.date(), found_in=recording.activity, said_distance_m=5000.0, evidence={})
    analysis.derive(race)
    assert (race.time_source, race.time_s) == ("effort", pytest.approx(1200, abs=0.5))
    assert race.parts.get().start_s == pytest.approx(400, abs=1)


@pytest.mark.parametrize(
    ("source", "allowed", "learned"), [("file", False, True), ("strava", False, False), ("strava", True, True)]
)
def test_an_answer_teaches_only_what_may_be_learned_from(ada, settings, source, allowed, learned):
    """An answer about a run known from Strava alone settles that run, and no other unless the operator allows it."""
    settings.STRAVA_ALLOW_LEARNING = allowed
    easy_runs(ada)
    outings = [
        make_activity(
            athlete=ada,
            name=f"Ottersey Beacon {2022 + year}",
            started_at=SUNDAY - timedelta(days=364 * (1 - year)),
            distance_m=13_200,
            time_s=13.2 * 350,
            timer_s=13.2 * 350,
            source=source,
        )
        for year in range(2)
    ]
    analysed(ada)
    before = dict(Race.objects.of(ada).values_list("found_in_id", "probability"))
    decisions.mark(outings[0], by=ada.user)
    analysed(ada)
    assert Race.objects.get(found_in=outings[0]).state == Race.State.CONFIRMED
    after = Race.objects.of(ada).filter(found_in=outings[1]).first()
    assert (after is not None and after.probability > before.get(outings[1].pk, 0.0) + 0.05) is learned


def test_an_answer_has_the_other_runs_looked_at_again(raced, ada):
    assert not analysis.stale_athletes().filter(pk=ada.pk).exists()
    decisions.decide(raced.pk, what="rejected", by=ada.user)
    assert analysis.stale_athletes().filter(pk=ada.pk).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"sub_sport": "treadmill"},
        {"sub_sport": "virtual_activity"},
        {"name": "Ottersey relay race"},
        {"name": "Ottersey race", "distance_m": 50_200, "time_s": 5 * 3600},
    ],
)
def test_what_was_run_on_no_common_course_is_graded_once_it_is_confirmed(ada, changes):
    easy_runs(ada)
    run = make_activity(
        athlete=ada,
        **{"name": "Ottersey 10K race", "started_at": SUNDAY, "distance_m": 10_040, "time_s": 2752, **changes},
    )
    race = Race.objects.create(athlete=ada, found_in=run, local_date=SUNDAY.date(), state="found", place_sex=3)
    analysed(ada)
    race.refresh_from_db()
    assert (race.refusal, race.age_grade) == ("to_confirm", None)
    race = decisions.decide(race.pk, what="confirmed", by=ada.user)
    assert race.refusal == ""
    assert race.age_grade > 0


def test_a_course_that_runs_down_is_graded_once_it_is_confirmed_and_its_page_says_why(ada, as_ada):
    easy_runs(ada)
    run = make_activity(athlete=ada, name="Ottersey 10K race", started_at=SUNDAY, distance_m=10_040, time_s=2752)
    down = np.linspace(0, 1, 1377)
    falling = Streams(time_s=down * 2752, distance_m=down * 10_040, altitude_m=(90 - 80 * down).astype(np.float32))
    streams.replace(run.recordings.get(), falling)
    race = Race.objects.create(athlete=ada, found_in=run, local_date=SUNDAY.date(), state="found", place_sex=3)
    analysed(ada)
    race.refresh_from_db()
    assert (race.refusal, race.age_grade) == ("to_confirm", None)
    for url in (f"/activities/{run.pk}/", f"/races/?state={race.state}", f"/races/{race.pk}/edit/"):
        assert "further below its start than a course for records may" in as_ada.get(url).content.decode(), url
    as_ada.post(f"/races/{race.pk}/decide/", {"decision": "confirmed", "seen": "0"})
    race.refresh_from_db()
    assert race.age_grade > 0
    seen = race.decisions.last().pk
    as_ada.post(f"/races/{race.pk}/decide/", {"decision": "undone", "seen": seen})
    race.refresh_from_db()
    assert race.refusal == "to_confirm"


def test_a_race_inside_a_longer_recording_is_timed_over_its_own_distance(ada):
    """Warm-up, 5 km, cool-down in one file called a race: five kilometres, and the time they took."""
    speeds = np.concatenate([np.full(700, 2.9), np.full(1_200, 5_015 / 1_200), np.full(600, 2.8)])
    distance = np.concatenate([[0.0], np.cumsum(speeds)])
    recording = Streams(time_s=np.arange(len(distance), dtype=float), distance_m=distance)
    activity = make_activity(athlete=ada, name="Club race", distance_m=float(distance[-1]), time_s=2_500.0)
    streams.replace(activity.recordings.get(), recording)
    decisions.mark(activity, by=ada.user)
    analysed(ada)
    race = Race.objects.get()
    assert (race.distance_m, race.time_source) == (5_000, Race.TimeSource.EFFORT)
    assert race.time_s == pytest.approx(1_196.4, abs=1)
    assert race.parts.get().start_s == pytest.approx(700, abs=5)


# -- races inside session files ---------------------------------------------------------------------------------------


def run_of(athlete: Athlete, day: int, *legs: tuple[float, float], name: str = "Afternoon Run", **changes) -> Activity:
    """A run with samples, of legs of (metres, seconds a kilometre), or (0, seconds) of standing; days before Sunday."""
    rng = np.random.default_rng(day)
    speeds = [np.full(round(m * pace / 1000), 1000 / pace) if m else np.zeros(round(pace)) for m, pace in legs]
    speed = np.concatenate(speeds) * (1 + rng.normal(0, 0.04, sum(map(len, speeds))))
    distance = np.concatenate(([0.0], np.cumsum(speed)))
    samples = Streams(time_s=np.arange(len(distance), dtype=float), distance_m=distance)
    activity = make_activity(
        athlete=athlete,
        name=name,
        started_at=SUNDAY - timedelta(days=day),
        distance_m=float(distance[-1]),
        time_s=float(len(speed)),
        timer_s=float(np.count_nonzero(speed > 0)),
        hr_avg=None,
        **changes,
    )
    streams.replace(activity.recordings.get(), samples)
    return activity


RACE_BETWEEN = ((2_500, 350), (0, 90), (5_030, 268), (0, 60), (2_200, 370))


@pytest.fixture
def season(ada):
    """Easy runs, tempo runs between warm-up and cool-down, and intervals, all with samples."""
    for week in range(1, 13):
        run_of(ada, 7 * week, (4_000 + 300 * week, 345), (0, 30), (4_000, 350))
        run_of(ada, 7 * week + 3, (2_000, 350), (5_000 + 90 * (week % 3), 292 + week % 4), (2_000, 360))
        if week % 2:
            run_of(ada, 7 * week + 5, (2_000, 350), *[(1_000, 262), (400, 420)] * 5, (1_500, 360))
    return ada


def test_a_race_in_a_file_whose_summary_shows_nothing_waits_in_the_inbox(season):
    session = run_of(season, 0, *RACE_BETWEEN)
    analysed(season)
    race = Race.objects.get()
    assert (race.found_in, race.state, race.distance_m) == (session, Race.State.TO_DECIDE, 5_000)
    assert race.evidence["by_summary"] < 0.3 <= race.probability
    assert (race.time_source, race.time_s) == ("effort", pytest.approx(5_000 * 0.268, abs=5))
    assert race.parts.get().start_s == pytest.approx(875 + 90, abs=20)
    codes = {reason["code"] for reason in race.evidence["reasons"]}
    assert {"inside_level", "inside_rest", "inside_before"} <= codes


def test_samples_alone_make_nothing_count_at_once(season, settings):
    settings.RACE_ASK_AT, settings.RACE_FOUND_AT = 0.1, 0.3
    run_of(season, 0, *RACE_BETWEEN)
    analysed(season)
    race = Race.objects.get()
    assert race.probability >= 0.3
    assert race.state == Race.State.TO_DECIDE


def test_workouts_between_warm_up_and_cool_down_stay_runs(season):
    analysed(season)
    assert not Race.objects.exists()


def test_what_was_said_about_a_race_inside_a_file_holds_and_looking_again_changes_nothing(season):
    session = run_of(season, 0, *RACE_BETWEEN)
    analysed(season)
    race = Race.objects.get()
    before = (race.probability, race.evidence, race.time_s)
    analysis.find_races(season.pk)
    race.refresh_from_db()
    assert (race.probability, race.evidence, race.time_s) == before
    decisions.decide(race.pk, what="rejected", by=season.user)
    analysed(season)
    assert Race.objects.get(found_in=session).state == Race.State.REJECTED


def test_the_distance_somebody_confirmed_stays_whatever_samples_show_later(season):
    """A ten, its first half much the faster: as samples see it, a race of five kilometres and the way home."""
    ten = run_of(season, 0, (5_030, 268), (4_990, 372))
    shown = streams.read(ten.recordings.get())
    streams.replace(ten.recordings.get(), Streams.empty())
    decisions.mark(ten, by=season.user)
    analysed(season)
    race = Race.objects.get()
    assert (race.distance_m, race.time_s) == (10_000, pytest.approx(5_030 * 0.268 + 4_990 * 0.372, abs=2))
    streams.replace(ten.recordings.get(), shown)
    Activity.objects.filter(pk=ten.pk).update(changed_at=timezone.now())
    analysed(season)
    assert Analysis.objects.get(activity=ten).stretches[1:], "there is something inside"
    race.refresh_from_db()
    assert (race.distance_m, race.state) == (10_000, Race.State.CONFIRMED)
    assert race.time_s == pytest.approx(5_030 * 0.268 + 4_990 * 0.372, abs=20)
    Activity.objects.filter(pk=ten.pk).update(distance_m=7_300.0)  # cropped: what was confirmed is not there any more
    analysis.find_races(season.pk)
    race.refresh_from_db()
    assert race.distance_m != 10_000


def ten_km_with_a_fast_half(athlete: Athlete, *, name: str, distance_m: float = 10_020) -> Activity:
    """Training with slow five kilometres, and a run one half of which stands out of its samples like a race in it."""
    day = {"athlete": athlete, "hr_avg": None}
    for week in range(1, 15):
        run = make_activity(**day, started_at=SUNDAY - timedelta(days=7 * week), distance_m=8_000, time_s=2_950)
        shows(run, {5_000: 1_790 + week})
    run = make_activity(**day, name=name, started_at=SUNDAY, distance_m=distance_m, time_s=2_895)
    shows(run, {5_000: 1_330, 10_000: 2_890}, fast_half=True)
    return run


def shows(run: Activity, efforts: dict[float, float], *, fast_half: bool = False) -> None:
    calm = {"start_s": 0.0, "uneven": 0.03, "slowest": 0.95, "stopped_s": 0.0, "pieces": 0}
    stretches = [calm | {"distance_m": run.distance_m, "time_s": run.elapsed_s}]
    if fast_half:
        stretches.append(calm | {"distance_m": 5_000.0, "time_s": 1_330.0, "rest": 1.17, "over": 0.002})
    Analysis.objects.create(activity=run, stretches=stretches, version=1, seen_change=run.changed_at)
    recording = run.recordings.get()
    for metres, time_s in efforts.items():
        BestEffort.objects.create(activity=run, recording=recording, distance_m=metres, time_s=time_s, start_s=0)


def result(run: Activity) -> tuple[str, float | None, float | None]:
    race = Race.objects.get(found_in=run)
    return race.state, race.distance_m, race.time_s


def test_a_race_confirmed_as_the_whole_run_is_never_read_as_a_part_of_it(ada):
    run = ten_km_with_a_fast_half(ada, name="Sunday")
    both = Analysis.objects.get(activity=run).stretches
    Analysis.objects.filter(activity=run).update(stretches=both[:1])
    decisions.mark(run, by=ada.user)
    analysis.find_races(ada.pk)
    assert result(run) == ("confirmed", 10_000, 2_890)
    Analysis.objects.filter(activity=run).update(stretches=both)
    Activity.objects.filter(pk=run.pk).update(distance_m=10_060.0)
    analysis.find_races(ada.pk)
    assert result(run) == ("confirmed", 10_000, 2_890)


def test_a_race_confirmed_as_a_part_of_a_run_stays_that_part_without_samples(season):
    run = run_of(season, 0, *RACE_BETWEEN)
    analysed(season)
    race = Race.objects.get()
    decisions.decide(race.pk, what="confirmed", by=season.user)
    before = result(run)
    Analysis.objects.filter(activity=run).update(stretches=[])
    BestEffort.objects.filter(activity=run).delete()
    analysis.find_races(season.pk)
    assert result(run) == before
    assert before[:2] == ("confirmed", 5_000)


def test_a_confirmed_race_follows_the_athlete_who_corrects_how_long_the_run_was(ada):
    run = ten_km_with_a_fast_half(ada, name="Sunday")
    decisions.mark(run, by=ada.user)
    analysis.find_races(ada.pk)
    Analysis.objects.all().update(stretches=[])
    Activity.objects.filter(pk=run.pk).update(distance_m=15_030.0, corrected=["distance_m"])
    analysis.find_races(ada.pk)
    assert result(run)[:2] == ("confirmed", 15_000)


def test_where_the_title_names_the_whole_runs_distance_no_part_of_it_is_the_race(ada):
    run = ten_km_with_a_fast_half(ada, name="City 10K Race")
    analysis.find_races(ada.pk)
    assert result(run)[1:] == (10_000, 2_890)


def test_nothing_counts_at_once_where_summary_and_samples_tell_different_distances(ada):
    run = ten_km_with_a_fast_half(ada, name="Easter race", distance_m=9_300)
    Activity.objects.filter(pk=run.pk).update(sub_sport="race")
    analysis.find_races(ada.pk)
    race = Race.objects.get(found_in=run)
    assert race.distance_m == 5_000
    assert min(race.probability, race.evidence["by_summary"]) >= 0.995
    assert race.state == Race.State.TO_DECIDE


def test_a_search_locks_an_athletes_races_in_the_order_in_which_answers_do(raced, ada):
    with CaptureQueriesContext(connection) as captured:
        analysis.find_races(ada.pk)
    locking = [
        query["sql"] for query in captured if "FOR UPDATE" in query["sql"] and '"performance_race".' in query["sql"]
    ]
    assert locking
    assert all('ORDER BY "performance_race"."id" ASC' in sql for sql in locking)


def test_a_run_that_lost_its_samples_loses_no_race_that_its_summary_shows(raced, ada):
    known = Race.objects.get()
    Analysis.objects.update(stretches=[])
    BestEffort.objects.all().delete()
    analysis.find_races(ada.pk)
    known.refresh_from_db()
    assert known.probability == known.evidence["by_summary"]
    assert known.counts or known.state == Race.State.TO_DECIDE


def test_a_search_costs_the_same_queries_however_many_runs_have_samples(season):
    def cost() -> int:
        analysis.find_races(season.pk)
        with CaptureQueriesContext(connection) as captured:
            analysis.find_races(season.pk)
        return len(captured)

    analysed(season)
    few = cost()
    for day in (200, 210, 220):
        run_of(season, day, (2_000, 350), (5_000, 292), (2_000, 360))
    for activity in analysis.stale_activities():
        analysis.analyse(activity.pk)
    assert cost() == few
