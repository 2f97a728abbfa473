"""Every page, as a browser and axe see it: both widths, both themes, no complaint from either."""

from datetime import UTC, datetime

import pytest

from athletes.models import Athlete
from performance.models import Race
from tests import factories
from tests.conftest import Cast


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/zzz-bad/",
    ],
)
def test_pages_before_the_door(browse, audit, path):
    page = browse()
    page.goto(path)
    audit(page)


@pytest.mark.parametrize(
    "path",
    [
        "/more/",
        "/settings/",
        "/import/",
        "/export/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/logout/",
    ],
)
def test_pages_about_oneself(browse, audit, cast: Cast, path):
    factories.make_batch(athlete=cast.ada, outcomes=["new", "refused"])
    page = browse(cast.ada.user)
    page.goto(path)
    audit(page)


def test_a_list_of_activities(browse, audit, cast: Cast):
    for day in range(1, 8):
        run = factories.make_activity(
            athlete=cast.ada,
            name="Along the river with everybody who came" * (1 + day % 2),
            started_at=datetime(2025 + day % 2, 5, day, 8, tzinfo=UTC),
            sport="cycling" if day == 3 else "running",
            distance_m=None if day == 4 else 8200,
            hr_avg=None if day == 5 else 140,
        )
        if day in {1, 2, 6}:
            factories.make_race(athlete=cast.ada, activity=run, state=list(Race.State)[day % 3])
    page = browse(cast.ada.user)
    page.goto("/activities/")
    audit(page)
    page.goto("/activities/?q=nothing+fits&from=2025-13-45")
    browse.problems[:] = [
        one for one in browse.problems if "2025-13-45" not in one
    ]  # Chromium warns of the date itself
    audit(page)


def test_lists_with_nothing_in_them(browse, audit, cast: Cast):
    Athlete.objects.filter(pk=cast.eve.pk).update(born=None, table="")
    page = browse(cast.eve.user)
    page.goto("/activities/")
    audit(page)
    page = browse(cast.carl)
    for path in ("/activities/", "/import/", "/settings/"):
        page.goto(path)
        audit(page)


def test_a_race_with_all_there_is(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, name="Ely 10K", n_laps=10, analysed=True)
    factories.make_race(athlete=cast.ada, activity=run, decided_by=cast.ada.user)
    factories.make_recording(activity=run, device="Stryd", distance_m=10_100)
    page = browse(cast.ada.user)
    page.goto(f"/activities/{run.pk}/")
    page.click("text=Show as a table")
    audit(page)


def test_a_run_that_waits_for_a_decision(browse, audit, cast: Cast):
    run = factories.make_activity(
        athlete=cast.ada, name="Saturday morning run", distance_m=5010, time_s=1444, analysed=True
    )
    factories.make_race(athlete=cast.ada, activity=run, state="to_decide", distance_m=5000, time_s=1438)
    page = browse(cast.ada.user)
    page.goto(f"/activities/{run.pk}/")
    audit(page)


def test_runs_with_much_missing(browse, audit, cast: Cast):
    streams = factories.make_streams(positions=False, altitude=False, distance=False)
    spin = factories.make_activity(athlete=cast.ada, sport="cycling", distance_m=None, ascent_m=None, streams=streams)
    waiting = factories.make_activity(athlete=cast.ada, hr_avg=None)
    failed = factories.make_activity(athlete=cast.ada)
    factories.make_analysis(activity=failed, failed="ValueError", charts={}, splits={}, route=[])
    page = browse(cast.ada.user)
    for run in (spin, waiting, failed):
        page.goto(f"/activities/{run.pk}/")
        audit(page)


def test_what_a_coach_sees(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, n_laps=3, analysed=True)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=2)
    page = browse(cast.carl)
    for path in ("/activities/", f"/activities/{run.pk}/"):
        page.goto(path)
        audit(page)


def test_an_import_going_on_and_done(browse, audit, cast: Cast):
    outcomes = ["new", "same", "merged", "partial", "not_an_activity", "refused"]
    done = factories.make_batch(athlete=cast.ada, outcomes=outcomes)
    going_on = factories.make_batch(athlete=cast.ada, outcomes=["new", "waiting", "waiting"])
    page = browse(cast.ada.user)
    for path in (f"/import/{done.pk}/", f"/import/{going_on.pk}/", f"/import/{done.pk}/undo/"):
        page.goto(path)
        audit(page)


def test_sources_and_the_question_of_one_run_or_two(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada)
    recording = factories.make_recording(activity=run)
    factories.make_activity(athlete=cast.ada, name="From the phone", distance_m=9400.0)
    page = browse(cast.ada.user)
    for path in (f"/activities/{run.pk}/sources/", f"/recordings/{recording.pk}/remove/", "/same-run/"):
        page.goto(path)
        audit(page)


def test_a_form_with_something_wrong(browse, audit, cast: Cast):
    page = browse(cast.ada.user)
    page.goto("/settings/")
    page.fill("[name=profile-born_day]", "31")
    page.fill("[name=profile-born_month]", "2")
    page.click("text=Save >> nth=0")
    summary = page.locator(".summary")
    summary.wait_for()
    assert summary.evaluate("one => one === document.activeElement"), "the reader lands on what is wrong"
    browse.problems[:] = [one for one in browse.problems if "422" not in one]
    audit(page)
    summary.locator("a").click()
    assert page.evaluate("document.activeElement.name") == "profile-born_day"


def test_a_page_that_is_not_there(browse, audit, cast: Cast):
    page = browse(cast.ada.user)
    page.goto("/activities/99999999/")
    assert "There is no such page" in page.inner_text("h1")
    browse.problems[:] = [one for one in browse.problems if "404" not in one]
    audit(page)


def test_the_theme_of_the_settings_is_stronger_than_the_devices(browse, cast: Cast):
    Athlete.objects.filter(pk=cast.ada.pk).update(theme="dark", text_size="larger")
    page = browse(cast.ada.user, theme="light")
    page.goto("/more/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 19)"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"


def test_text_twice_as_large_fits_a_phone_and_hides_no_way(browse, cast: Cast):
    batch = factories.make_batch(athlete=cast.ada, outcomes=["new", "refused", "merged"])
    factories.make_race(athlete=cast.ada, activity=factories.make_activity(athlete=cast.ada, analysed=True))
    page = browse(cast.ada.user)
    for path in (
        "/",
        "/settings/",
        "/welcome/?step=about",
        "/load/",
        "/predictions/",
        f"/import/{batch.pk}/",
        "/more/",
    ):
        page.goto(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, (path, wide)
        for link in page.locator(".tabs a").all():
            box = link.bounding_box()
            assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, (path, link.inner_text())


def test_what_is_printed_has_no_bars_and_no_buttons(browse, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    page = browse(cast.ada.user, width=1280)
    page.goto(f"/activities/{run.pk}/")
    page.emulate_media(media="print")
    for selector in (".nav", ".tabs", ".btn", ".slider"):
        assert not page.locator(selector).first.is_visible(), selector
    assert page.locator("h1").is_visible() and page.locator(".panel").first.is_visible()
