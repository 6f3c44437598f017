"""Headless Chromium whose microphone plays a recording, and a page that tolerates no error in its console."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

MICROPHONE_HZ = 48_000
SCREENSHOTS = Path("artifacts") / "page"


def launch(playwright: Playwright, *arguments: str, microphone: Path | None = None) -> Browser:
    """A browser; with a recording it has a microphone and grants it, else it has none. Skips without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    fake = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    )
    flags = ["--no-sandbox", "--disable-background-networking", *(fake if microphone else ()), *arguments]
    return playwright.chromium.launch(executable_path=chromium, args=flags)


def as_microphone(recording: Path, path: Path, *, lead_s: float = 0.5, trail_s: float = 3.0) -> Path:
    """Write a recording with silence around it as the file that a fake microphone plays once."""
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    sound = soxr.resample(samples, rate_hz, MICROPHONE_HZ)
    lead, trail = (np.zeros(round(seconds * MICROPHONE_HZ), np.float32) for seconds in (lead_s, trail_s))
    soundfile.write(path, np.concatenate([lead, sound, trail]), MICROPHONE_HZ, subtype="PCM_16")
    return path


@contextmanager
def opened(context: BrowserContext, url: str, *, expected: str | None = None) -> Iterator[Page]:
    """The page at a URL; at the end its console must be clean, but for messages that contain `expected`."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and (expected is None or expected not in message.text):
            complaints.append(message.text)

    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    try:
        yield page
    finally:
        page.close()
    assert complaints == []


def noted_queries(page: Page) -> list[str]:
    """Paths of the requests to the API that the page makes from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.url) if "/v1/" in request.url else None)
    return paths
