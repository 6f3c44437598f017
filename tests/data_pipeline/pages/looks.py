"""What every report must be: self-contained, escaped, accessible, readable on a phone. For the tests of all reports."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.serving.pages.chromium import launch, opened

HOSTILE = "</style><script>alert(\"x\")</script>&<img src=x onerror=alert(1)>' onload='alert(2)' \"{{ 7*7 }}"
SCREENSHOTS = Path("artifacts") / "reports"
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[Scheme, ViewportSize], ...] = (
    ("light", ViewportSize(width=1280, height=900)),
    ("dark", ViewportSize(width=360, height=780)),
)


class Tags(HTMLParser):
    """Collects tags, attributes that fetch or run, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.active: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        for name, value in attrs:
            fetches = name in ("src", "href", "action", "srcset", "xlink:href")
            if name.startswith("on") or (fetches and not (value or "").startswith(("data:audio/flac;", "#"))):
                self.active.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(html: str) -> None:
    """The page runs nothing and fetches nothing."""
    tags = Tags(html)
    assert not tags.seen & {"script", "img", "iframe", "link", "object", "embed", "form", "base"}
    assert tags.active == []


def assert_looks_right(html: str, folder: Path, name: str) -> None:
    """Without a finding of axe, without sideways scrolling, on a light desktop and a dark phone; leaves screenshots."""
    file = folder / f"{name}.html"
    file.write_text(html, "utf-8")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for scheme, viewport in LOOKS:
            with (
                browser.new_context(color_scheme=scheme, viewport=viewport) as context,
                opened(context, file.resolve().as_uri()) as page,
            ):
                _check(page, f"{name}-{scheme}")
        browser.close()


def _check(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room, f"{name}: the page is {width} px wide in a window of {room}"
    found = Axe().run(page)
    if found.violations_count:
        pytest.fail(f"{name}: {found.generate_report()}")
