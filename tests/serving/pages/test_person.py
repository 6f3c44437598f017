"""An answer that a person wrote, on the page: no confidence, and nothing of the sound that no model has heard."""

from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.serving.pages.chromium import SCREENSHOTS, opened
from tests.serving.processes import PATIENT, ServerProcess, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = {"automation.degree": "human_only", "automation.daily_budget": "10", "privacy.keep_audio": "true"}
LABELER = {"labeler": "ann"}


def next_item(server: ServerProcess) -> dict[str, str] | None:
    item: dict[str, str] | None = httpx.post(server.url + "/admin/review/claim", json=LABELER).json()["item"]
    return item


def test_a_persons_answer_is_shown_as_such(browser: Browser, tmp_path: Path, recording: Path) -> None:
    with (
        serving(tmp_path, PEOPLE | PATIENT) as server,
        browser.new_context() as context,
        opened(context, server.url) as page,
    ):
        page.get_by_label("Keep my recording to improve recognition").check()
        page.get_by_label("Search with a recording").set_input_files(recording)
        item = None
        while item is None:
            page.wait_for_timeout(100)
            item = next_item(server)
        said = {**LABELER, "text": "brooklyn bridge"}
        httpx.post(f"{server.url}/admin/review/items/{item['id']}/submit", json=said).raise_for_status()
        expect(page.get_by_text("Written by a person")).to_be_visible()
        expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")
        expect(page.get_by_text("Wait for a person")).to_be_visible()
        expect(page.get_by_text("Confidence")).to_be_hidden()
        assert Axe().run(page).violations_count == 0
        page.screenshot(path=SCREENSHOTS / "person-light-1280.png", full_page=True)
