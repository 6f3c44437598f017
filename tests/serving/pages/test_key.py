"""A server that wants keys: the page says so, takes one, and goes on with the same query."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.serving.pages.chromium import opened
from tests.serving.processes import PATIENT, ServerProcess, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("page"), {"server.keys": "on", **PATIENT}) as server:
        yield server


def new_key(server: ServerProcess, name: str) -> str:
    command = [sys.executable, "-c", "from serving.cli import main; main()", "keys", "create", "--name", name]
    return subprocess.run(command, cwd=server.folder, check=True, capture_output=True, text=True).stdout.strip()


def test_the_page_asks_for_a_key_and_goes_on(browser: Browser, closed_server: ServerProcess) -> None:
    key = new_key(closed_server, "page")
    with browser.new_context() as context, opened(context, closed_server.url, expected="401") as page:
        page.get_by_label("Type a query").fill("brooklyn bridge")
        page.keyboard.press("Enter")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("This server wants an API key.")
        assert Axe().run(page).violations_count == 0
        for tried in ("vs_nothing", key):
            page.get_by_label("API key").fill(tried)
            page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")
        expect(alert).to_be_hidden()
        page.reload()
        page.get_by_label("Type a query").fill("brooklyn bridge")
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")
