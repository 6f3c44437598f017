"""No microphone, no server, no sense in the file: each is said in words, with a way to go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.serving.conftest import LiveServer
from tests.serving.pages.chromium import launch, opened

pytestmark = pytest.mark.browser

BUSY = {"error": {"message": "the queue is full", "type": "overloaded_error", "param": None, "code": "overloaded"}}


@pytest.fixture(scope="module")
def deaf_browser(playwright: Playwright) -> Iterator[Browser]:
    """Without a microphone; and it reaches this machine under a name that is no secure context."""
    with launch(playwright, "--host-resolver-rules=MAP voicesearch.test 127.0.0.1") as browser:
        yield browser


def speak_in_vain(page: Page, explanation: str) -> None:
    """Press: the page says why that is impossible, and offers the other ways."""
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_contain_text(explanation)
    expect(page.get_by_role("alert")).to_contain_text("type your query, or choose a recording")
    expect(page.get_by_label("Type a query")).to_be_focused()
    expect(page.get_by_label("Search with a recording")).to_be_enabled()
    page.keyboard.type("brooklyn bridge")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_missing_microphone(deaf_browser: Browser, server: LiveServer) -> None:
    with deaf_browser.new_context(permissions=["microphone"]) as context, opened(context, server.base_url) as page:
        speak_in_vain(page, "No microphone was found")


def test_a_page_that_is_not_secure(deaf_browser: Browser, server: LiveServer) -> None:
    url = server.base_url.replace("127.0.0.1", "voicesearch.test")
    with deaf_browser.new_context() as context, opened(context, url) as page:
        speak_in_vain(page, "only to pages that come over HTTPS")


def test_a_microphone_that_is_denied(playwright: Playwright, server: LiveServer) -> None:
    with (
        launch(playwright, "--use-fake-device-for-media-stream") as browser,
        browser.new_context(permissions=[]) as context,
        opened(context, server.base_url) as page,
    ):
        speak_in_vain(page, "The microphone is blocked")


def test_a_browser_that_cannot_record(browser: Browser, server: LiveServer) -> None:
    with browser.new_context() as context:
        context.add_init_script("delete globalThis.MediaRecorder")
        with opened(context, server.base_url) as page:
            speak_in_vain(page, "This browser cannot record")


def test_a_busy_server_is_tried_again_without_speaking_again(browser: Browser, server: LiveServer) -> None:
    with browser.new_context() as context, opened(context, server.base_url, expected="503") as page:
        page.route("**/v1/search", lambda route: route.fulfill(status=503, json=BUSY, headers={"retry-after": "2"}))
        page.get_by_role("button", name="Speak").click()
        expect(page.get_by_role("alert")).to_contain_text("The server is busy. Try again in 2 s.")
        again = page.get_by_role("button", name="Try again")
        expect(again).to_be_disabled()
        page.unroute("**/v1/search")
        again.click()  # waits until it is enabled
        expect(page.get_by_role("region", name="I heard")).to_contain_text("Brooklyn Bridge?")
        expect(page.get_by_role("alert")).to_be_hidden()


def test_a_server_that_cannot_be_reached(browser: Browser, server: LiveServer) -> None:
    with browser.new_context() as context, opened(context, server.base_url, expected="ERR_INTERNET") as page:
        context.set_offline(True)
        page.get_by_label("Type a query").fill("brooklyn bridge")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")


def test_a_file_without_sound_is_refused_in_the_words_of_the_server(
    browser: Browser, server: LiveServer, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear server, this is no sound.")
    with browser.new_context() as context, opened(context, server.base_url, expected="400") as page:
        with page.expect_response("**/v1/search") as answered:
            page.get_by_label("Search with a recording").set_input_files(letter)
        expect(page.get_by_role("alert")).to_contain_text("The server refused this query")
        expect(page.get_by_role("alert")).to_contain_text(answered.value.json()["error"]["message"])


def test_escape_gives_up_a_query_under_way(page: Page) -> None:
    page.route("**/v1/search/text", lambda route: None)  # never answered
    page.get_by_label("Type a query").fill("brooklyn bridge")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Searching…")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_contain_text("Cancelled")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")


def test_a_new_query_takes_the_place_of_one_under_way(page: Page) -> None:
    page.route("**/v1/search/text", lambda route: None, times=1)
    query = page.get_by_label("Type a query")
    query.fill("paris")
    query.press("Enter")
    query.fill("brooklyn bridge")
    query.press("Enter")
    expect(page.get_by_role("region", name="Results")).to_contain_text("Brooklyn Bridge")
    page.unroute_all(behavior="ignoreErrors")
