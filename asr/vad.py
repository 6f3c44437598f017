"""Where a recording has speech, and what is kept of it.

A detector gives a probability per frame; everything after that is pure functions over numbers and spans. Knows no
recognizer; that a recording has no speech is a result (no spans), not an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples, Span
from asr.errors import CorruptModel, ModelUnavailable

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True, slots=True, eq=False)
class VoiceActivity:
    """How likely each frame of a recording is speech."""

    probabilities: NDArray[np.float32]
    """Shape (frames,), in [0, 1]; frame i lies at [i * hop_s, (i + 1) * hop_s), the last one may be partly empty."""
    hop_s: float
    duration_s: float
    """Of the recording; spans end there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippingRule:
    """From probabilities to kept spans."""

    threshold: float = 0.6
    """Speech begins with a frame at or above it."""
    release_threshold: float = 0.45
    """Speech goes on until a frame is below it."""
    hangover_s: float = 0.3
    """Pauses up to this long do not end speech."""
    min_speech_s: float = 0.06
    """Shorter spans are dropped, pauses included."""
    lead_padding_s: float = 0.3
    """Original sound kept before each span."""
    trail_padding_s: float = 0.3
    """Original sound kept after each span."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What is kept of a recording."""

    audio: Audio
    """The kept spans one after the other; empty where there is no speech."""
    kept: tuple[Span, ...]
    """Where they lie in the recording, padding included; in order, without overlap."""

    def recording_time_s(self, clip_time_s: float) -> float:
        """The moment of the recording that stands at a moment of the clip."""
        for span in self.kept[:-1]:
            if clip_time_s < span.duration_s:
                return span.start_s + clip_time_s
            clip_time_s -= span.duration_s
        return (self.kept[-1].start_s if self.kept else 0.0) + clip_time_s


class VoiceDetector(Protocol):
    """Tells speech from other sound; one object serves many threads."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    @property
    def hop_s(self) -> float:
        """Distance between frames."""

    def load(self) -> None:
        """Get ready, so that the first recording does not wait for it; may be called again.

        Raises:
            ModelUnavailable: the model's file cannot be read.
            CorruptModel: it is no such model.
        """

    def activity(self, audio: Audio) -> VoiceActivity:
        """One probability for each frame; an empty recording has none. The same recording gives the same answer."""


@dataclass(frozen=True)
class WebRtcDetector:
    """Gaussian mixtures over six sub-bands, as in the WebRTC project; its verdicts are 0 or 1."""

    mode: int = 2
    """0 lets most through, 3 the least."""
    name: str = "webrtc"
    hop_s: float = 0.03

    def load(self) -> None:
        """Import the library."""
        import webrtcvad  # noqa: F401

    def activity(self, audio: Audio) -> VoiceActivity:
        """See `VoiceDetector`; a detector of its own for each recording, since it adapts to what it hears."""
        import webrtcvad

        is_speech = webrtcvad.Vad(self.mode).is_speech
        hop = round(self.hop_s * SAMPLE_RATE_HZ)
        frames = -(-len(audio.samples) // hop)
        pcm = np.zeros(frames * hop, np.int16)
        pcm[: len(audio.samples)] = np.clip(audio.samples * 32767, -32768, 32767)
        data, width = pcm.tobytes(), 2 * hop
        verdicts = (is_speech(data[at : at + width], SAMPLE_RATE_HZ) for at in range(0, len(data), width))
        return VoiceActivity(np.fromiter(verdicts, np.float32, frames), self.hop_s, audio.duration_s)


SILERO_FRAME: Final = 512
SILERO_CONTEXT: Final = 64
SILERO_STATE_SHAPE: Final = (1, 1, 128)
SILERO_SETTLING_FRAMES: Final = 8
"""Silence (0.26 s) that the network has heard before each recording: from a blank state it misses short words that
begin at once. It is livelier then, so the default thresholds are higher than the usual 0.5 and 0.35."""
SILERO_BLOCK_FRAMES: Final = 512
"""Frames per call of the model (16 s): bounds the memory for a recording of hours."""


@dataclass(frozen=True)
class SileroDetector:
    """Silero VAD 6: a recurrent network over frames of 32 ms, all frames of up to 16 s in one call."""

    model: Path
    """The file `silero_vad_16k_sequence.onnx`."""
    name: str = "silero"
    hop_s: float = SILERO_FRAME / SAMPLE_RATE_HZ

    def load(self) -> None:
        """See `VoiceDetector`."""
        _ = self._settled

    def activity(self, audio: Audio) -> VoiceActivity:
        """See `VoiceDetector`."""
        state = self._settled
        frames = silero_frames(audio.samples)
        blocks: list[NDArray[np.float32]] = []
        for at in range(0, len(frames), SILERO_BLOCK_FRAMES):
            speech, *state = self._run(frames[at : at + SILERO_BLOCK_FRAMES], state)
            blocks.append(speech)
        probabilities = np.concatenate(blocks or [np.empty(0, np.float32)])
        return VoiceActivity(probabilities, self.hop_s, audio.duration_s)

    def _run(self, frames: Samples, state: Sequence[Samples]) -> list[Samples]:
        hidden, cell = state
        inputs = {"input": np.ascontiguousarray(frames), "h": hidden, "c": cell}
        outputs: list[Samples] = self._session.run(["speech_probs", "hn", "cn"], inputs)
        return outputs

    @cached_property
    def _settled(self) -> list[Samples]:
        """The network's state after silence."""
        start = np.zeros(SILERO_STATE_SHAPE, np.float32)
        silence = np.zeros(SILERO_SETTLING_FRAMES * SILERO_FRAME, np.float32)
        return self._run(silero_frames(silence), [start, start])[1:]

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        import onnxruntime

        from asr.silero_graph import rebuilt

        if not self.model.is_file():
            raise ModelUnavailable(f"no voice activity model at {self.model}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(rebuilt(self.model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the errors of onnx and onnxruntime have no common root
            raise CorruptModel(f"not a Silero model: {self.model}") from error


def silero_frames(samples: Samples) -> NDArray[np.float32]:
    """A view of shape (frames, 576): each frame of 512 samples after the 64 samples that came before it."""
    count = -(-len(samples) // SILERO_FRAME)
    padded = np.zeros(SILERO_CONTEXT + count * SILERO_FRAME, np.float32)
    padded[SILERO_CONTEXT : SILERO_CONTEXT + len(samples)] = samples
    if not count:
        return np.empty((0, SILERO_CONTEXT + SILERO_FRAME), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, SILERO_CONTEXT + SILERO_FRAME)
    return windows[::SILERO_FRAME]


def speech_spans(activity: VoiceActivity, rule: ClippingRule) -> tuple[Span, ...]:
    """Where speech is, without padding: hysteresis, then pauses closed, then short spans dropped."""
    speech = _hysteresis(activity.probabilities, on=rule.threshold, off=rule.release_threshold)
    edges = np.flatnonzero(np.diff(speech, prepend=False, append=False)) * activity.hop_s
    spans = [Span(start, end) for start, end in np.minimum(edges, activity.duration_s).reshape(-1, 2).tolist()]
    joined = merge(spans, max_gap_s=rule.hangover_s)
    return tuple(span for span in joined if span.duration_s >= rule.min_speech_s - 1e-9)


def _hysteresis(probabilities: NDArray[np.float32], *, on: float, off: float) -> NDArray[np.bool_]:
    """True from a frame at or above `on` until the first below `off`."""
    rises = probabilities >= on
    decided = rises | (probabilities < off)
    last_decided = np.maximum.accumulate(np.where(decided, np.arange(len(rises)), -1))
    return (last_decided >= 0) & rises[last_decided]


def merge(spans: Sequence[Span], *, max_gap_s: float = 0.0) -> list[Span]:
    """Spans in order, those at most `max_gap_s` apart made one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start_s - merged[-1].end_s <= max_gap_s + 1e-9:
            merged[-1] = Span(merged[-1].start_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return merged


def clip(audio: Audio, spans: Sequence[Span], rule: ClippingRule, *, within: Span | None = None) -> Clip:
    """Keep the spans with their padding of original sound; padding ends where `within` does, or the recording."""
    room = within or Span(0.0, audio.duration_s)
    padded = [
        Span(max(room.start_s, s.start_s - rule.lead_padding_s), min(room.end_s, s.end_s + rule.trail_padding_s))
        for s in spans
    ]
    return cut_out(audio, tuple(merge([span for span in padded if span.duration_s > 0])))


def cut_out(audio: Audio, kept: tuple[Span, ...]) -> Clip:
    """What lies in these spans; they stand in order, without overlap."""
    pieces = [samples_of(audio, span) for span in kept]
    samples = pieces[0] if len(pieces) == 1 else np.concatenate(pieces or [np.empty(0, np.float32)])
    return Clip(Audio(samples, audio.clipping_ratio, audio.truncated), kept)


def samples_of(audio: Audio, span: Span) -> Samples:
    """The samples of a span, without a copy."""
    return audio.samples[round(span.start_s * SAMPLE_RATE_HZ) : round(span.end_s * SAMPLE_RATE_HZ)]
