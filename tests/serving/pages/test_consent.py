"""Consent to keep a recording: asked where it has an effect, and passed on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from asr.decode import decode
from tests.serving.pages.chromium import SCREENSHOTS, opened
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.browser

ASKED = "Keep my recording to improve recognition"
KEEPING = {"privacy.keep_audio": "true", "privacy.audio_folder": "kept"}


@pytest.fixture(scope="module")
def keeping_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("keeping"), KEEPING | PATIENT) as server:
        yield server


def search_with(page: Page, recording: Path) -> str:
    with page.expect_response("**/v1/search") as answered:
        page.get_by_label("Search with a recording").set_input_files(recording)
    return str(answered.value.json()["request_id"])


def test_a_recording_is_kept_only_with_consent(
    browser: Browser, keeping_server: ServerProcess, recording: Path
) -> None:
    kept = keeping_server.folder / "kept"
    with browser.new_context() as context, opened(context, keeping_server.url) as page:
        consent = page.get_by_label(ASKED)
        expect(consent).to_be_visible()
        expect(consent).not_to_be_checked()
        promise = re.compile(r"The recording is not kept unless you agree\.$")
        expect(page.locator(".privacy")).to_have_text(promise, use_inner_text=True)
        page.screenshot(path=SCREENSHOTS / "consent-light-1280.png", full_page=True)
        without = search_with(page, recording)
        consent.check()
        allowed = search_with(page, recording)
    wait_until((kept / allowed).exists)
    assert decode((kept / allowed).read_bytes()).duration_s == decode(recording.read_bytes()).duration_s
    assert not (kept / without).exists()


def test_nothing_is_asked_where_nothing_is_kept(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label(ASKED)).to_be_hidden()
    expect(page.locator(".privacy")).to_have_text(re.compile(r"The recording is not kept\.$"), use_inner_text=True)


def test_nothing_is_asked_where_the_server_does_not_say(browser: Browser, keeping_server: ServerProcess) -> None:
    with browser.new_context() as context:
        context.route("**/pages/privacy.json", lambda route: route.fulfill(status=503))
        with opened(context, keeping_server.url, expected="503") as page:
            page.wait_for_load_state("networkidle")
            expect(page.get_by_label(ASKED)).to_be_hidden()
