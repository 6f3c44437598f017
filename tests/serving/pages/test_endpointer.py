"""When the page thinks that the speaker is done, judged on real recordings; the code runs in the browser."""

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from asr.audio import SAMPLE_RATE_HZ
from asr.decode import decode
from asr.loading import Detector, load_detector
from asr.vad import ClippingRule, speech_spans
from tests.conftest import Recording

pytestmark = pytest.mark.browser

INTERVAL_S = 0.05
QUIET_ROOM_DBFS = -65.0
RUN = """async (levels) => {
    const { Endpointer } = await import("/pages/endpointer.js");
    const endpointer = new Endpointer();
    const stop = levels.findIndex((level, i) => endpointer.update(level, i * 0.05));
    return stop < 0 ? null : stop * 0.05;
}"""


def levels_dbfs(samples: NDArray[np.float32], rate_hz: int) -> list[float]:
    """RMS levels of the intervals, as the page measures them."""
    step = round(INTERVAL_S * rate_hz)
    frames = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float64)
    power = np.maximum((frames**2).mean(axis=1), 1e-10)
    return [float(level) for level in 10 * np.log10(power)]


def stops_at_s(page: Page, levels: list[float]) -> float | None:
    stop: float | None = page.evaluate(RUN, levels)
    return stop


def test_speakers_are_not_interrupted_and_not_kept_waiting(page: Page, speech: list[Recording]) -> None:
    """The server's own detector says where speech ends."""
    queries = [clip for clip in speech if clip.source == "voice_queries" and clip.duration_s < 5]
    detector = load_detector(Detector.SILERO)
    assert len(queries) > 10
    for clip in queries:
        audio = decode(clip.path.read_bytes())
        spoken = speech_spans(detector.activity(audio), ClippingRule())
        ends_s = spoken[-1].end_s if spoken else 0.0
        levels = levels_dbfs(audio.samples, SAMPLE_RATE_HZ)
        background = levels[round(ends_s / INTERVAL_S) + 1 :] or [QUIET_ROOM_DBFS]
        stop_s = stops_at_s(page, levels + [float(np.median(background))] * 100)
        assert stop_s is not None
        assert ends_s + 0.7 < stop_s < ends_s + 2.0, clip.path.name


def test_who_says_nothing_is_given_time(page: Page) -> None:
    assert stops_at_s(page, [-68.0] * 400) == pytest.approx(7, abs=0.1)


def test_a_recording_ends_where_the_noise_never_does(page: Page) -> None:
    assert stops_at_s(page, [-20.0] * 1000) == pytest.approx(30, abs=0.1)
