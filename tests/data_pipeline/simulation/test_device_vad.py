"""What a device's voice detector keeps, and what is lost by it: spans only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import SAMPLE_RATE_HZ, Span
from data_pipeline.simulation.device_vad import DeviceVad, kept

SAMPLE_S = 1 / SAMPLE_RATE_HZ
TWO = (Span(1.0, 2.0), Span(2.5, 3.0))


@pytest.mark.parametrize(
    ("vad", "expected", "cut_onset_s", "cut_offset_s"),
    [
        (DeviceVad(), Span(0.7, 3.3), 0.0, 0.0),
        (DeviceVad(lead_padding_s=2.0, trail_padding_s=2.0), Span(0.0, 4.0), 0.0, 0.0),
        (DeviceVad(lead_padding_s=0.0, startup_delay_s=0.1), Span(1.1, 3.3), 0.1, 0.0),
        (DeviceVad(lead_padding_s=0.3, startup_delay_s=0.1), Span(0.8, 3.3), 0.0, 0.0),
        (DeviceVad(trail_padding_s=0.0, early_stop_s=0.15), Span(0.7, 2.85), 0.0, 0.15),
        (DeviceVad(hangover_s=0.5), Span(0.7, 3.3), 0.0, 0.0),
        (DeviceVad(hangover_s=0.4), Span(0.7, 2.3), 0.0, 0.7),
        (DeviceVad(lead_padding_s=0.0, startup_delay_s=1.2), Span(2.2, 3.3), 1.2, 0.0),
    ],
)
def test_what_is_kept_and_lost(vad: DeviceVad, expected: Span, cut_onset_s: float, cut_offset_s: float) -> None:
    sent = kept(TWO, TWO, vad, duration_s=4.0)
    assert sent is not None
    assert (sent.span.start_s, sent.span.end_s) == pytest.approx((expected.start_s, expected.end_s))
    assert (sent.cut_onset_s, sent.cut_offset_s) == pytest.approx((cut_onset_s, cut_offset_s))


@pytest.mark.parametrize(
    "vad",
    [
        DeviceVad(lead_padding_s=0.0, startup_delay_s=2.5),
        DeviceVad(trail_padding_s=0.0, early_stop_s=2.5),
        DeviceVad(hangover_s=0.1, trail_padding_s=0.0, early_stop_s=1.0),
    ],
)
def test_where_all_speech_is_lost_nothing_is_sent(vad: DeviceVad) -> None:
    assert kept(TWO, TWO, vad, duration_s=4.0) is None


def test_a_device_that_hears_nothing_or_only_noise_sends_nothing() -> None:
    assert kept((), TWO, DeviceVad(), duration_s=4.0) is None
    assert kept(TWO, (), DeviceVad(), duration_s=4.0) is None
    slammed_door = (Span(0.0, 0.3), *TWO)
    assert kept(slammed_door, TWO, DeviceVad(hangover_s=0.3), duration_s=4.0) is None


def test_a_late_detector_loses_what_it_misses() -> None:
    sent = kept((Span(1.06, 2.9),), TWO, DeviceVad(lead_padding_s=0.0, trail_padding_s=0.0), duration_s=4.0)
    assert sent is not None
    assert (sent.cut_onset_s, sent.cut_offset_s) == pytest.approx((0.06, 0.1))


seconds = st.floats(0, 3)


@given(
    start_s=st.floats(0, 5), speech_s=st.floats(0.1, 5), rest_s=st.floats(0, 2),
    lead=seconds, trail=seconds, delay=seconds, early=seconds,
)  # fmt: skip
def test_what_is_kept_and_what_is_cut_make_up_the_speech(
    start_s: float, speech_s: float, rest_s: float, lead: float, trail: float, delay: float, early: float
) -> None:
    speech = (Span(start_s, start_s + speech_s),)
    vad = DeviceVad(lead_padding_s=lead, trail_padding_s=trail, startup_delay_s=delay, early_stop_s=early)
    duration_s = start_s + speech_s + rest_s
    sent = kept(speech, speech, vad, duration_s=duration_s)
    lost_s = max(0.0, delay - lead) + max(0.0, early - trail)
    if sent is None:
        assert lost_s >= speech_s - 2 * SAMPLE_S
        return
    assert -SAMPLE_S <= sent.span.start_s < sent.span.end_s <= duration_s + SAMPLE_S
    assert sent.cut_onset_s + sent.cut_offset_s == pytest.approx(lost_s, abs=2 * SAMPLE_S)
