"""Every state of the page, on a light desktop and on a dark phone: accessible, nothing sticks out, no needless motion.

Screenshots of them all go to artifacts/page/.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.serving.conftest import LiveServer
from tests.serving.pages.chromium import SCREENSHOTS, opened
from tests.serving.pages.test_failures import BUSY

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=780)


def idle(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("Press the microphone and speak")


def listening(page: Page) -> None:
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("status")).to_contain_text("Listening")
    page.wait_for_timeout(1500)


def recognizing(page: Page) -> None:
    page.route("**/v1/search", lambda route: None)
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("status")).to_have_text("Recognizing…")


def results(page: Page) -> None:
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("heading", name="Did you mean")).to_be_visible()
    page.get_by_role("region", name="Results").get_by_role("button").first.click()


def typed(page: Page) -> None:
    page.get_by_label("Type a query").fill("n" * 300)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("esults for")


def busy(page: Page) -> None:
    page.route("**/v1/search/text", lambda route: route.fulfill(status=503, json=BUSY, headers={"retry-after": "1"}))
    page.get_by_label("Type a query").fill("brooklyn bridge")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Try again")).to_be_enabled()


def no_microphone(page: Page) -> None:
    page.evaluate("delete globalThis.MediaRecorder")
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_be_visible()


STATES = (idle, listening, recognizing, results, typed, busy, no_microphone)


@contextmanager
def sized(browser: Browser, url: str, size: ViewportSize, scheme: Scheme) -> Iterator[Page]:
    with (
        browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce") as context,
        opened(context, url, expected="503") as page,
    ):
        yield page
        page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("reach", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_every_state(
    browser: Browser, server: LiveServer, reach: Callable[[Page], None], scheme: Scheme, size: ViewportSize
) -> None:
    with sized(browser, server.base_url, size, scheme) as page:
        reach(page)
        page.screenshot(path=SCREENSHOTS / f"{reach.__name__}-{scheme}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.evaluate("document.getAnimations().length") == 0
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
