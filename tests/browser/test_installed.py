"""Without a connection, and by one key: what a page brings along besides itself."""

from playwright.sync_api import expect

from athletes.models import Athlete
from tests import factories
from tests.conftest import Cast


def test_without_a_connection_a_page_says_so_and_keeps_nothing_personal(browse, audit, cast: Cast):
    factories.make_race(athlete=cast.ada, name="Ely 10K")
    page = browse(cast.ada.user)
    page.goto("/races/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    kept = page.evaluate(
        """async () => {
            const names = [];
            for (const name of await caches.keys())
                for (const request of await (await caches.open(name)).keys()) names.push(new URL(request.url).pathname);
            return names.sort();
        }"""
    )
    assert kept == ["/offline/", "/static/css/site.css", "/static/mark.svg"]
    page.context.set_offline(True)
    page.goto("/activities/")
    expect(page.locator("h1")).to_have_text("No connection")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 251, 248)", "it is dressed"
    audit(page)
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("h1")).to_have_text("Activities")
    browse.problems.clear()  # the browser itself tells the console of what failed


def test_a_slash_leads_into_the_search_until_it_is_switched_off(browse, cast: Cast):
    factories.make_activity(athlete=cast.ada)
    page = browse(cast.ada.user, width=1280)
    page.goto("/activities/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("a/b")
    assert page.locator("input[type=search]").input_value() == "a/b", "typed, it is a letter as any other"
    Athlete.objects.filter(pk=cast.ada.pk).update(shortcuts=False)
    page.goto("/activities/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") != "search"


def test_zooming_swaps_the_charts_and_the_cursor_goes_on(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    page = browse(cast.ada.user, width=1280)
    page.goto(f"/activities/{run.pk}/")
    page.locator("#h-splits ~ * a, [aria-labelledby=h-splits] a").nth(2).click()
    expect(page.locator("#charts > header")).to_contain_text("From 2.00")
    assert "from_km=2" in page.url
    expect(page.locator("#live")).to_contain_text("From 2.00")
    page.locator("#scrub").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_contain_text("2.0")
    page.fill("#zoom-from_km", "5")
    page.fill("#zoom-to_km", "7")
    page.press("#zoom-to_km", "Enter")
    expect(page.locator("#charts > header")).to_contain_text("From 5.00")
    assert page.evaluate("document.activeElement.id") == "zoom-to_km", "the reader stays where they typed"
    audit(page)
    page.go_back()
    expect(page.locator("#charts > header")).to_contain_text("From 2.00")
    page.get_by_role("link", name="Show the whole run").click()
    expect(page.locator("#live")).to_have_text("The whole run")


def test_deciding_on_the_dashboard_moves_the_figure(browse, audit, cast: Cast):
    run = factories.make_activity(athlete=cast.ada, name="Saturday morning run")
    factories.make_race(athlete=cast.ada, activity=run, state="to_decide", name="Saturday morning run")
    page = browse(cast.ada.user)
    page.goto("/")
    expect(page.locator("#age-grade")).to_contain_text("No race counts yet")
    page.get_by_role("button", name="Race", exact=False).first.click()
    expect(page.locator(".card.done")).to_contain_text("is a race")
    assert page.evaluate("document.activeElement.textContent").startswith("Undo")
    expect(page.locator("#age-grade")).to_contain_text("1 race that counts")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card:not(.done) .btn.primary")).to_be_visible()
