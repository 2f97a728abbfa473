"""Every page of the registry, whoever wrote it: axe and sizes in both themes, the keyboard, and without script.

That no page says anything to the console, which is where a violation of the CSP is told, is the fixture's to see.
"""

import pytest
from playwright.sync_api import Page as BrowserPage

from tests.conftest import Cast
from tests.page_registry import PAGES, Page, furnish

#: a few at a time, because one history serves them all and tests run side by side
AT_ONCE = 7
NAMES = sorted(PAGES)
GROUPS = [NAMES[first : first + AT_ONCE] for first in range(0, len(NAMES), AT_ONCE)]

FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const bar = document.querySelector('.tabs')?.getBoundingClientRect();
    const covered = bar && bar.height && !one.closest('.tabs') && box.top >= bar.top;
    const style = getComputedStyle(one);
    return [one === document.body, style.outlineStyle !== 'none' && !covered, one.outerHTML.slice(0, 160)];
}"""
MOST_TABS = 30


@pytest.mark.parametrize("names", GROUPS, ids=[f"{group[0]} to {group[-1]}" for group in GROUPS])
def test_every_page_is_in_nobodys_way(browse, audit, cast: Cast, settings, names):
    settings.SIGN_UP = "open"
    house = furnish(cast)
    users = {"ada": cast.ada.user, "olga": cast.olga, "": None}
    scripted: dict[str, BrowserPage] = {}
    plain: dict[str, BrowserPage] = {}
    for page in (page for name in names for page in PAGES[name]):
        path = page.path(house)
        if page.user not in scripted:
            scripted[page.user] = browse(users[page.user])
            plain[page.user] = browse(users[page.user], javascript=False)
        seen = scripted[page.user]
        answer = seen.goto(path)
        assert answer is not None and answer.status == page.status, path
        by_keyboard(seen, path)
        audit(seen)
        same_without_script(plain[page.user], path, page, seen)
        if page.status == 404:  # which the browser says too
            browse.problems[:] = [one for one in browse.problems if "404" not in one]


def by_keyboard(page: BrowserPage, path: str) -> None:
    """Tab goes from thing to thing, each shows that it has the focus, and none is under the bar at the bottom."""
    for number in range(MOST_TABS):
        page.keyboard.press("Tab")
        past_the_end, visible, html = page.evaluate(FOCUSED)
        if past_the_end:
            assert number, path
            break
        assert visible, f"{path}: {html}"


def same_without_script(page: BrowserPage, path: str, entry: Page, scripted: BrowserPage) -> None:
    answer = page.goto(path)
    assert answer is not None and answer.status == entry.status, path
    assert page.locator("h1").count() == 1, path
    assert page.locator("h1").inner_text() == scripted.locator("h1").inner_text()
