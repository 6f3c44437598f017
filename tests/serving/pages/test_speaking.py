"""From a press on the microphone to results, and what the server writes down of it."""

import base64
import io
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, Playwright, expect

from asr.decode import decode
from monitoring.events import Event
from tests.conftest import CLIPS
from tests.serving.conftest import LiveServer
from tests.serving.pages.chromium import as_microphone, launch, noted_queries, opened

pytestmark = pytest.mark.browser

RECORD = """async () => {
    const { record } = await import("/pages/microphone.js");
    const never = new AbortController().signal;
    const levels = [];
    const blob = await record({ cancel: never, finish: never, onStart() {}, onLevel: (level) => levels.push(level) });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { type: blob.type, data: btoa(String.fromCharCode(...bytes)), loudest: Math.max(...levels) };
}"""


def speak(page: Page) -> str:
    """Press, wait for the answer; its request id."""
    with page.expect_response("**/v1/search") as answered:
        page.get_by_role("button", name="Speak").click()
    return str(answered.value.json()["request_id"])


def test_what_is_said_is_shown_and_found(page: Page) -> None:
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("status")).to_contain_text("Listening")
    expect(page.get_by_role("button", name="Stop and search")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("results for “how old is the brooklyn bridge”")
    expect(page.get_by_role("region", name="I heard")).to_contain_text("Brooklyn Bridge?")
    first = page.get_by_role("region", name="Results").get_by_role("button").first
    expect(first).to_contain_text("Brooklyn Bridge")
    expect(page.get_by_label("Type a query")).to_have_value("how old is the brooklyn bridge")


def test_the_answer_shows_how_it_sounded_and_where_the_time_went(page: Page) -> None:
    speak(page)
    table = page.get_by_role("table", name="Time on the server")
    for stage in ("Decode", "Find speech", "Level loudness", "Wait in line", "Recognize", "Search", "Total"):
        expect(table.get_by_role("row", name=stage)).to_contain_text("ms")
    facts = page.get_by_role("region", name="Behind this answer")
    for fact in ("Recording", "Loudness", "LUFS", "Speech over noise", "moonshine-tiny-en"):
        expect(facts).to_contain_text(fact)
    expect(facts).not_to_contain_text("cut off")


def test_the_keyboard_is_enough(page: Page) -> None:
    microphone = page.get_by_role("button", name="Speak")
    while not microphone.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("Listening")
    page.wait_for_timeout(2600)  # the query ends here; the pause that would end the recording has not passed
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Speak again")).to_be_focused()
    first = page.get_by_role("region", name="Results").get_by_role("button").first
    expect(first).to_be_visible()
    while not first.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("You chose Brooklyn Bridge")


def test_escape_throws_the_recording_away(page: Page) -> None:
    sent = noted_queries(page)
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("status")).to_contain_text("Listening")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_contain_text("Cancelled")
    page.wait_for_timeout(300)
    assert sent == []


def test_a_chosen_result_is_reported_once(page: Page, stored: Callable[[str, int], list[Event]]) -> None:
    request_id = speak(page)
    first = page.get_by_role("region", name="Results").get_by_role("button").first
    first.click()
    first.click()
    query, click = stored(request_id, 2)
    assert (click.kind, click.details["item_id"]) == ("click", "landmark-001")
    assert query.kind == "voice"
    assert not query.consent
    assert query.user_id
    assert query.session_id
    assert query.slices["app_version"] == f"web-{version('voicesearch')}"
    assert query.slices["device_model"] == "Chrome desktop"
    assert query.slices["os"] == "Linux"


def test_typing_afterwards_is_a_correction(page: Page, stored: Callable[[str, int], list[Event]]) -> None:
    request_id = speak(page)
    page.get_by_label("Type a query").fill("golden gate bridge")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("golden gate bridge")
    query, correction = stored(request_id, 2)
    assert (correction.kind, correction.details["text"]) == ("correct", "golden gate bridge")
    assert query.details["query"] == "how old is the brooklyn bridge"


def test_a_silent_room_is_no_error(playwright: Playwright, server: LiveServer, tmp_path: Path) -> None:
    room = CLIPS / "noise" / "mycroft_room_silence.flac"
    microphone = as_microphone(room, tmp_path / "room.wav")
    with (
        launch(playwright, microphone=microphone) as browser,
        browser.new_context() as context,
        opened(context, server.base_url) as page,
    ):
        page.get_by_role("button", name="Speak").click()
        expect(page.get_by_role("status")).to_contain_text("Listening")
        page.wait_for_timeout(2000)
        page.get_by_role("button", name="Stop and search").click()
        expect(page.get_by_role("status")).to_contain_text("I heard no speech")
        expect(page.get_by_role("region", name="I heard")).to_be_hidden()
        expect(page.get_by_role("region", name="Results")).to_be_hidden()
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.get_by_role("region", name="Behind this answer")).to_contain_text("0.0 s")


def test_the_server_decodes_what_the_browser_records(page: Page) -> None:
    recorded = page.evaluate(RECORD)
    data = base64.b64decode(recorded["data"])
    assert recorded["type"] == "audio/webm;codecs=opus"
    with av.open(io.BytesIO(data)) as container:
        assert container.format.name == "matroska,webm"
        assert container.streams.audio[0].codec_context.name == "opus"
    audio = decode(data)
    assert 3.0 < audio.duration_s < 5.0  # 0.5 s of silence, 1.8 s of speech, 1.2 s until the pause is long enough
    assert -30 < recorded["loudest"] < -5


def test_unsure_words_are_marked_not_by_colour_alone(page: Page) -> None:
    page.route("**/v1/search", lambda route: route.fulfill(json=doubtful(route.fetch().json())))
    speak(page)
    heard = page.get_by_role("region", name="I heard")
    expect(heard.locator("#transcript")).to_have_text("How old is the Brooklyn (not sure) Bridge?")
    expect(heard.locator("#transcript .unsure")).to_have_css("text-decoration-style", "wavy")
    expect(heard).to_contain_text("underlined: not sure")


def doubtful(answer: dict[str, object]) -> dict[str, object]:
    words = ("How", "old", "is", "the", "Brooklyn", "Bridge?")
    return {**answer, "words": [{"word": word, "confidence": 0.3 if word == "Brooklyn" else 0.9} for word in words]}
