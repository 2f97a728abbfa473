"""Chromium over the live server: a page of it, and what no page may do (console errors, violations of the CSP)."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from athletes.models import User
from tests.conftest import signed_in

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
VARIANTS = tuple((width, theme) for width in (390, 1280) for theme in ("light", "dark"))
NARROWEST = 320


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, on a database that a second process sees."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    named = os.environ.get("CHROMIUM")
    path = named if named is not None else next(filter(None, map(shutil.which, CHROMIUMS)), "")
    if not path:
        pytest.skip("no Chromium was found (CHROMIUM names one)")
    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Browsing:
    """Opens pages as somebody, and remembers what went wrong on any of them."""

    browser: Browser
    url: str
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self, user: User | None = None, *, width: int = 390, javascript: bool = True, theme: str = "light"
    ) -> Page:
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",  # colours in the middle of a change are nobody's colours
            locale="en-GB",
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        if user is not None:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": signed_in(user).cookies[name].value, "url": self.url}])
        page = context.new_page()
        page.on("console", lambda said: self.problems.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page


@pytest.fixture
def browse(chromium: Browser, live_server) -> Iterator[Browsing]:
    """browse(user, width=…, javascript=…) opens a page; at the end no page may have complained."""
    browsing = Browsing(chromium, live_server.url)
    yield browsing
    for context in browsing.contexts:
        context.close()
    assert browsing.problems == []


@pytest.fixture
def browser_page(browse: Browsing) -> Page:
    """A visitor's page, as wide as a phone."""
    return browse()


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Axe()


@pytest.fixture
def audit(axe: Axe) -> Callable[[Page], None]:
    """No axe violation at both widths in both themes, nothing too small to tap, nothing wider than the narrowest screen."""

    def look(page: Page) -> None:
        for width, theme in VARIANTS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            found = axe.run(page).response["violations"]
            told = [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
            assert told == [], f"{page.url} at {width}, {theme}"
        page.set_viewport_size({"width": NARROWEST, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST, page.url
        assert page.evaluate(TOO_SMALL) == [], page.url
        page.set_viewport_size({"width": 390, "height": 900})

    return look


#: controls lower than 44 px, and links lower than 24; a radio button counts with its label
TOO_SMALL = """
    [...document.querySelectorAll("main .btn, main .chip, main select, main summary, .tabs a, main input, main a")]
      .filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.closest(".vh"))
      .map((one) => [one.closest("label") ?? one, one.matches("a:not(.btn, .chip)") ? 20 : 44])
      .filter(([one, least]) => one.getBoundingClientRect().height < least - 0.5)
      .map(([one]) => one.outerHTML.slice(0, 120))
"""
