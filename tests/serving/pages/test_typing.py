"""Searching without a microphone: by a typed line, or with a recording from a file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from monitoring.events import Event
from tests.serving.conftest import LiveServer
from tests.serving.pages.chromium import noted_queries, opened

pytestmark = pytest.mark.browser


def type_query(page: Page, text: str) -> dict[str, object]:
    """Type and press Enter; the server's answer."""
    page.get_by_label("Type a query").fill(text)
    with page.expect_response("**/v1/search/text") as answered:
        page.keyboard.press("Enter")
    answer: dict[str, object] = answered.value.json()
    return answer


def titles(page: Page, heading: str) -> list[str]:
    """Titles in the list under a heading."""
    return page.locator(f"h2:text-is('{heading}') + ol .title").all_inner_texts()


def test_a_typed_query_is_answered(page: Page, stored: Callable[[str, int], list[Event]]) -> None:
    answer = type_query(page, "Brooklyn bridge")
    expect(page.get_by_role("status")).to_contain_text("results for “brooklyn bridge”")
    assert titles(page, "Results")[0] == "Brooklyn Bridge"
    expect(page.get_by_role("region", name="I heard")).to_be_hidden()
    expect(page.get_by_role("table", name="Time on the server")).to_contain_text("Search")
    events = stored(str(answer["request_id"]), 1)
    assert [event.kind for event in events] == ["text"]


def test_what_is_only_near_stands_apart(page: Page) -> None:
    answer = type_query(page, "brooklyn bridge")
    expect(page.get_by_role("heading", name="Did you mean")).to_be_visible()
    results = answer["results"]
    assert isinstance(results, list)
    assert titles(page, "Results") == [one["title"] for one in results if one["score"] >= 0.6]
    assert titles(page, "Did you mean") == [one["title"] for one in results if one["score"] < 0.6]


def test_nothing_found_is_said(page: Page) -> None:
    type_query(page, "qqqq zzzz xxxx")
    expect(page.get_by_role("status")).to_contain_text("No results")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_an_empty_line_asks_nothing(page: Page) -> None:
    sent = noted_queries(page)
    page.get_by_label("Type a query").fill("   ")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert sent == []
    expect(page.get_by_role("status")).to_have_text("Press the microphone and speak")


def test_markup_in_a_query_stays_text(page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    page.route("**/v1/search/text", lambda route: route.fulfill(json={**route.fetch().json(), "transcript": hostile}))
    type_query(page, hostile)
    expect(page.get_by_role("status")).to_contain_text(hostile)
    assert page.locator("main img").count() == 0


def test_a_recording_from_a_file_is_recognized(page: Page, recording: Path) -> None:
    chooser = page.get_by_label("Search with a recording")
    chooser.set_input_files(recording)
    expect(page.get_by_role("region", name="I heard")).to_contain_text("Brooklyn Bridge?")
    chooser.set_input_files(recording)
    expect(page.get_by_role("status")).to_contain_text("results for “how old is the brooklyn bridge”")


def test_a_recording_that_starts_too_late_is_warned_about(page: Page, recording: Path, tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    late = tmp_path / "late.wav"
    soundfile.write(late, samples[round(0.35 * rate_hz) :], rate_hz)
    page.get_by_label("Search with a recording").set_input_files(late)
    expect(page.get_by_role("region", name="Behind this answer")).to_contain_text("The beginning is cut off")


def test_a_distorted_recording_is_warned_about(page: Page, recording: Path, tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.clip(samples * 30, -1, 1), rate_hz)
    page.get_by_label("Search with a recording").set_input_files(loud)
    expect(page.get_by_role("region", name="Behind this answer")).to_contain_text("Too loud")


def test_a_user_stays_the_same_and_a_session_ends_with_its_tab(
    browser: Browser, server: LiveServer, page: Page, stored: Callable[[str, int], list[Event]]
) -> None:
    def who(page: Page) -> tuple[str | None, str | None]:
        event = stored(str(type_query(page, "paris")["request_id"]), 1)[0]
        return event.user_id, event.session_id

    user, session = who(page)
    page.reload()
    assert who(page) == (user, session)
    with opened(page.context, server.base_url) as other_tab:
        assert who(other_tab)[0] == user
        assert who(other_tab)[1] != session
    with browser.new_context() as stranger, opened(stranger, server.base_url) as other_page:
        assert who(other_page)[0] != user
