"""Connecting Strava in a browser, there and back again, and every page of it as axe sees it."""

from django.utils import timezone

from activities.models import Activity, Recording, StravaAccount, StravaActivity, StravaSync
from activities.strava import erasing, sync
from tests import factories
from tests.conftest import Cast
from tests.strava.conftest import _strava_process, connect, strava  # noqa: F401


def test_from_connecting_to_leaving_and_deleting(browse, audit, cast: Cast, strava, settings, live_server):  # noqa: F811
    settings.SITE_URL = live_server.url
    strava.consent(7, scopes=["read", "activity:read"])
    page = browse(cast.ada.user, javascript=True)
    page.goto("/connect/strava/")
    audit(page)
    page.click("a:has-text('Connect with Strava')")
    page.wait_for_url("**/connect/strava/")
    assert "Your connection" in page.inner_text("main")
    audit(page)
    strava.consent(7, deny=True)
    page.click("a:has-text('Allow more at Strava')")
    page.locator("h2:has-text('Not connected')").wait_for()
    audit(page)
    factories.make_activity(athlete=cast.ada, source=Recording.Source.STRAVA)
    page.click("button:has-text('Disconnect Strava')")
    page.locator("h2:has-text('Keep or delete')").wait_for()
    audit(page)
    page.click("button:has-text('Delete what came from Strava')")
    page.locator("h2:has-text('Being deleted')").wait_for()
    audit(page)
    erasing.work_off(StravaAccount.objects.get().pk)
    page.goto("/connect/strava/")
    assert "Keep or delete" not in page.inner_text("main")


def test_an_own_application_and_the_operators_check(browse, audit, cast: Cast, strava):  # noqa: F811
    page = browse(cast.ada.user)
    page.goto("/settings/strava/")
    page.fill("[name=client_id]", "mine")
    page.fill("[name=client_secret]", "x")
    page.click("button:has-text('Save')")
    page.locator(".summary").wait_for()
    browse.problems[:] = [one for one in browse.problems if "422" not in one]
    audit(page)
    page = browse(cast.olga)
    page.goto("/settings/strava/check/")
    page.click("button:has-text('Ask Strava too')")
    page.locator("text=Ask Strava again").wait_for()
    audit(page)


WATCHED = """(id) => {
    const focused = document.getElementById(id), live = document.getElementById("live");
    focused.focus(); focused.ours = true; window.told = []; window.asked = 0;
    new MutationObserver(() => window.told.push(live.textContent)).observe(live, { childList: true });
    document.addEventListener("htmx:beforeRequest", () => { window.asked += 1; });
}"""


def test_what_is_polled_moves_no_focus_tells_what_matters_and_ends(browse, cast: Cast, strava, connect):  # noqa: F811
    """The strip of the dashboard and the figures of the sync page, while streams come and when they are all here."""
    strava.limits(read=[100_000, 1_000_000], everything=[200_000, 2_000_000])
    strava.activities(7, 9)
    account = connect(cast.ada)
    StravaSync.objects.create(account=account, due_at=timezone.now())
    streams = StravaActivity.objects.filter(account=account, streams="here")
    while streams.count() < 3:
        sync.work(account.pk, steps=1)
    pages = []
    for path, focused, end in (
        ("/", "strip-more", "Everything is here and worked out."),
        ("/sync/", "sync-now", "Everything that could be fetched is here."),
    ):
        page = browse(cast.ada.user, javascript=True)
        page.goto(path)
        page.evaluate(WATCHED, focused)
        pages.append((page, focused, end))
    sync.work(account.pk, steps=1)
    for page, _focused, _end in pages:
        page.locator("main", has_text="4 of 9").wait_for(timeout=15_000)
        assert page.evaluate("document.activeElement.ours && window.told.length === 0"), "nothing but figures moved"
    sync.work(account.pk, steps=100)
    for activity in Activity.objects.filter(athlete=cast.ada):
        factories.make_analysis(activity=activity)
    for page, focused, end in pages:
        page.wait_for_function("(end) => window.told.includes(end)", arg=end, timeout=15_000)
        assert page.evaluate("document.activeElement.id") == focused
        asked = page.evaluate("window.asked")
        page.wait_for_timeout(5500)
        assert page.evaluate("window.asked") == asked, "and no more is asked"
