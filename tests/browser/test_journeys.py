"""Ways through the site as people go them: by keyboard, without script, and with HTMX making answers smaller."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from activities import ingest
from activities.models import Activity, ImportFile
from performance.activity_filter import PAGE
from tests import factories
from tests.activities.test_import_page import gpx
from tests.conftest import Cast


def tab_to(page: Page, wanted: str, *, most: int = 40) -> None:
    """Press Tab until the focus is on something whose text or name is `wanted`."""
    for _ in range(most):
        page.keyboard.press("Tab")
        one = page.evaluate("(e => e.name || e.textContent.trim() || e.id)(document.activeElement)")
        if one == wanted:
            return
    raise AssertionError(f"{wanted!r} was not reached with {most} Tabs on {page.url}")


def test_by_keyboard_from_the_door_to_a_run(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada, name="Ely 10K", analysed=True)
    page = browse(width=1280)
    page.goto("/accounts/login/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to(page, "login")
    page.keyboard.type("ada@example.invalid")
    tab_to(page, "password")
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"://[^/]+/$"))
    tab_to(page, "Activities")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activities/")
    tab_to(page, "Ely 10K")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/activities/\d+/$"))
    tab_to(page, "scrub")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    said = page.locator("#scrub").get_attribute("aria-valuetext")
    assert said is not None and re.fullmatch(r"0\.\d\d km: \d:\d\d /km, heart rate \d+, elevation \d+ m", said)
    expect(page.locator("#readout")).to_have_text(said)
    assert page.locator(".cross").first.get_attribute("hidden") is None and page.locator(".here").is_visible()
    tab_to(page, "Show as a table")
    page.keyboard.press("Enter")
    assert page.locator("details table").is_visible()


def test_the_focus_is_always_visible(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada)
    page = browse(cast.ada.user)
    page.goto("/activities/")
    for _ in range(12):
        page.keyboard.press("Tab")
        ring, hidden, where = page.evaluate(
            """() => {
                const one = document.activeElement, box = one.getBoundingClientRect();
                const bar = document.querySelector('.tabs').getBoundingClientRect();
                return [getComputedStyle(one).outlineStyle, !one.closest('.tabs') && box.top >= bar.top, one.outerHTML.slice(0, 200)];
            }"""
        )
        assert ring == "solid" and not hidden, where


def test_the_cursor_follows_the_pointer(browse, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    page = browse(cast.ada.user, width=1280)
    page.goto(f"/activities/{run.pk}/")
    box = page.locator(".panel").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + 60)
    expect(page.locator("#readout")).to_have_text(re.compile(r"^5\.0\d km: "))


def test_searching_keeps_the_focus_and_the_address(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada, name="Hills, hard")
    factories.make_activity(athlete=cast.ada, name="Flat and easy")
    page = browse(cast.ada.user)
    page.goto("/activities/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/activities/?" in request.url else None)
    page.locator("input[type=search]").press_sequentially("hills", delay=30)
    expect(page.locator("#activity-list tbody a")).to_have_text(["Hills, hard"])
    assert len(asked) == 1, "one question a word"
    assert page.evaluate("document.activeElement.type") == "search"
    expect(page.locator("#live")).to_have_text("1 activity")
    assert "q=hills" in page.url
    page.reload()
    expect(page.locator("#activity-list tbody a")).to_have_text(["Hills, hard"])
    assert page.locator("h1").is_visible()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#activity-list tbody a")).to_have_count(2)


def test_more_is_added_below_and_the_focus_goes_on_there(browse, cast: Cast):
    for number in range(PAGE + 4):
        started_at = datetime(2026, 10, 1, 7, tzinfo=UTC) - timedelta(days=number)
        factories.make_activity(athlete=cast.ada, name=f"Run {number}", started_at=started_at)
    page = browse(cast.ada.user)
    page.goto("/activities/")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("#activity-list th[scope=row]")).to_have_count(PAGE + 4)
    assert page.evaluate("document.activeElement.textContent") == f"Run {PAGE}"
    expect(page.locator("#live")).to_have_text("4 more activities")
    assert "before=" in page.url
    page.get_by_role("link", name=f"Run {PAGE}", exact=True).click()
    page.wait_for_url(re.compile(r"/activities/\d+/$"))
    page.go_back()
    assert page.locator("h1").inner_text() == "Activities", "back is a whole page"


def test_files_go_in_and_the_page_follows(browse, cast: Cast):
    page = browse(cast.ada.user)
    page.goto("/import/")
    files = [{"name": f"run{day}.gpx", "mimeType": "application/gpx+xml", "buffer": gpx(day=day)} for day in (4, 5)]
    page.set_input_files(
        "input[type=file]", [*files, {"name": "list.txt", "mimeType": "text/plain", "buffer": b"milk"}]
    )
    page.get_by_role("button", name="Import").click()
    page.wait_for_url(re.compile(r"/import/\d+/$"))
    expect(page.locator("#import-state")).to_contain_text("0 of 3 read")
    for file in ImportFile.objects.all():
        assert ingest.work_off(file.pk)
    expect(page.locator("#import-state")).to_contain_text("Every file is read.", timeout=8000)
    expect(page.locator("#import-files .tag")).to_have_text(["New", "New", "Refused"])
    expect(page.locator("#live")).to_have_text("Every file is read.")
    page.locator("#import-files tbody a").first.click()
    page.wait_for_url(re.compile(r"/activities/\d+/$"))
    run = Activity.objects.get(pk=int(page.url.rstrip("/").rsplit("/", 1)[1]))
    expect(page.locator("#activity")).to_contain_text("Being analysed")
    factories.make_analysis(activity=run)
    expect(page.locator(".panel")).to_have_count(3, timeout=8000)
    expect(page.locator("#readout")).to_have_text("Move over the chart, or use the slider")


def test_without_a_connection_nothing_is_lost_and_one_can_try_again(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada, name="Hills")
    page = browse(cast.ada.user)
    page.goto("/activities/")
    page.context.set_offline(True)
    page.fill("input[type=search]", "hills")
    notice = page.locator("#notices .notice")
    expect(notice).to_contain_text("No connection. Nothing was lost.")
    page.context.set_offline(False)
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator("#live")).to_have_text("1 activity")
    expect(page.locator("#notices .notice")).to_have_count(0)
    browse.problems.clear()  # the browser itself tells the console of what failed


def test_an_error_of_the_server_is_told_in_its_words(browse, cast: Cast):
    batch = factories.make_batch(athlete=cast.ada, outcomes=["waiting"])
    page = browse(cast.ada.user)
    page.goto(f"/import/{batch.pk}/")
    batch.delete()
    expect(page.locator("#notices")).to_contain_text("There is no such page", timeout=8000)
    browse.problems.clear()


def test_without_script_everything_can_be_done(browse, cast: Cast):
    for number in range(PAGE + 2):
        started_at = datetime(2026, 10, 1, 7, tzinfo=UTC) - timedelta(days=number)
        factories.make_activity(athlete=cast.ada, name=f"Run {number}", started_at=started_at, analysed=number == 0)
    page = browse(cast.ada.user, javascript=False)
    page.goto("/activities/")
    page.get_by_role("link", name="Show more").click()
    assert page.locator("#activity-list th[scope=row]").count() == 2
    page.get_by_role("link", name="Back to the newest").click()
    page.fill("input[type=search]", "run 0")
    page.press("input[type=search]", "Enter")
    page.get_by_role("link", name="Run 0", exact=True).click()
    assert page.locator(".panel").count() == 3
    assert not page.locator(".slider").is_visible(), "what needs script is not offered"
    page.click("text=Show as a table")
    assert page.locator("details table").is_visible()
    page.goto("/import/")
    page.set_input_files("input[type=file]", [{"name": "run.gpx", "mimeType": "application/gpx+xml", "buffer": gpx()}])
    page.get_by_role("button", name="Import").click()
    assert re.search(r"/import/\d+/$", page.url)
    assert ingest.work_off(ImportFile.objects.get().pk)
    page.reload()
    assert "Every file is read." in page.inner_text("#import-state")
    page.goto("/settings/")
    page.check("text=miles")
    page.click("text=Save units and place")
    assert "Saved." in page.inner_text("#notices")
    page.goto("/more/")
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/accounts/login/")


def test_going_back_never_shows_a_part_alone(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada, name="Hills")
    page = browse(cast.ada.user)
    page.goto("/activities/")
    page.fill("input[type=search]", "hills")
    page.wait_for_url("**q=hills*")
    page.goto("/more/")
    page.go_back()
    assert page.locator("h1").inner_text() == "Activities" and page.locator("header.top").is_visible()
