"""Browsers and pages; each browser has one microphone, which is part of how it is started."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from monitoring.events import Event
from monitoring.signals.audio import SECOND_VAD
from monitoring.store import EventStore
from tests.conftest import CLIPS
from tests.serving.conftest import LiveServer
from tests.serving.pages.chromium import as_microphone, launch, opened

BROOKLYN = CLIPS / "speech" / "voice_queries__gc_brooklyn.flac"

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Of a module, not of the session: while it is open, its event loop counts as running in this thread."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its microphone hears "how old is the Brooklyn Bridge"."""
    microphone = as_microphone(BROOKLYN, tmp_path_factory.mktemp("microphone") / "brooklyn.wav")
    started = launch(playwright, microphone=microphone)
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser, server: LiveServer) -> Iterator[Page]:
    """The page as a new user opens it; its console must stay clean."""
    with browser.new_context() as context, opened(context, server.base_url) as page:
        yield page


@pytest.fixture
def stored(server: LiveServer, page: Page) -> Iterator[Callable[[str, int], list[Event]]]:
    """Waits for so many stored events of a request, its query's and its user's; others may come beside them."""
    store = EventStore.open(f"sqlite:///{server.database}")

    def wait_for(request_id: str, count: int) -> list[Event]:
        for _ in range(200):
            events = [event for event in store.by_request(request_id) if event.kind not in SECOND_VAD]
            if len(events) >= count:
                return events
            page.wait_for_timeout(50)
        raise AssertionError(f"of {count} events there are {events}")

    yield wait_for
    store.close()


@pytest.fixture
def recording() -> Path:
    """The recording that the microphone plays."""
    return BROOKLYN
