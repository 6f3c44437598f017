"""What a device's own voice detector keeps of a recording before it sends it, and how much speech that loses.

A device sends one stretch: from where it hears speech, as far back as it has buffered, to the pause that it takes for
the end. Knows spans, no sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Span
from asr.vad import merge

Seconds = Annotated[float, Field(ge=0, le=10)]


class DeviceDetector(StrEnum):
    """How a device hears that somebody speaks."""

    REFERENCE = "reference"
    """As the clean recording says: what is cut off then is exactly what the profile says."""
    SILERO = "silero"
    """A neural detector on what the device hears, noise and all."""
    WEBRTC = "webrtc"
    """The detector of WebRTC on what the device hears, noise and all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceVad:
    """A device's voice detector and what it does with its verdicts."""

    detector: DeviceDetector = DeviceDetector.REFERENCE
    webrtc_mode: Annotated[int, Field(ge=0, le=3)] = 2
    """Aggressiveness: 0 lets most through, 3 the least."""
    hangover_s: Seconds | None = None
    """The first pause longer than this ends the query, whatever follows; None waits for the last speech."""
    lead_padding_s: Seconds = 0.3
    """Sound sent from before speech, out of the device's buffer."""
    trail_padding_s: Seconds = 0.3
    """Sound sent after speech."""
    startup_delay_s: Seconds = 0.0
    """From the first speech to when sound is taken up: without padding, this much speech is lost."""
    early_stop_s: Seconds = 0.0
    """How long before its end speech is taken for over: without padding, this much speech is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a device sends of a recording."""

    span: Span
    """Its edges are whole samples."""
    cut_onset_s: float
    """From the first speech of the recording to where the device starts; 0 where it starts before."""
    cut_offset_s: float
    """From where the device stops to the last speech of the recording; 0 where it stops later."""


def kept(found: Sequence[Span], speech: Sequence[Span], vad: DeviceVad, *, duration_s: float) -> Kept | None:
    """What is sent of a recording in which the device found speech there; None where that is no speech at all.

    `speech` is where the recording really has speech; both are in order and without padding.
    """
    query = _query(found, vad)
    if not query:
        return None
    start_s = max(0.0, query.start_s - vad.lead_padding_s + vad.startup_delay_s)
    end_s = min(duration_s, query.end_s + vad.trail_padding_s - vad.early_stop_s)
    span = Span(*(round(edge_s * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ for edge_s in (start_s, end_s)))
    if not any(min(span.end_s, one.end_s) > max(span.start_s, one.start_s) for one in speech):
        return None
    cut_onset_s, cut_offset_s = span.start_s - speech[0].start_s, speech[-1].end_s - span.end_s
    return Kept(span=span, cut_onset_s=max(0.0, cut_onset_s), cut_offset_s=max(0.0, cut_offset_s))


def _query(found: Sequence[Span], vad: DeviceVad) -> Span | None:
    """From the first speech to the pause that ends the query."""
    if not found:
        return None
    if vad.hangover_s is None:
        return Span(found[0].start_s, found[-1].end_s)
    return merge(found, max_gap_s=vad.hangover_s)[0]
