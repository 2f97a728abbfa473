"""Connecting Strava in a browser, there and back again, and every page of it as axe sees it."""

from activities.models import Recording, StravaAccount
from activities.strava import erasing
from tests import factories
from tests.conftest import Cast
from tests.strava.conftest import _strava_process, strava  # noqa: F401


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
