"""Stage 2 over a manifest: silence around speech is cut away, by the same detector and rule as in the server.

A recording in which no speech is found stays whole, as the server recognizes it whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from asr.audio import Audio
from asr.loading import Detector
from asr.vad import ClippingRule, clip, speech_spans
from data_pipeline.detectors import detector
from data_pipeline.manifest import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """The step; its defaults are the server's."""

    detector: Detector = Detector.SILERO
    rule: ClippingRule = field(default_factory=ClippingRule)

    @property
    def name(self) -> str:
        """See `SoundStep`."""
        return "clip"

    @property
    def version(self) -> int:
        """See `SoundStep`."""
        return 1

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        """The kept sound; the row says what was cut, in seconds of the recording as it was."""
        spans = speech_spans(detector(self.detector).activity(audio), self.rule)
        kept = clip(audio, spans, self.rule)
        told = {
            "duration": _rounded(audio.duration_s),
            "kept": [[_rounded(span.start_s), _rounded(span.end_s)] for span in kept.kept],
            "lead_silence": _rounded(spans[0].start_s if spans else audio.duration_s),
            "trail_silence": _rounded(audio.duration_s - spans[-1].end_s if spans else audio.duration_s),
        }
        yield row.with_fields(clip=told), kept.audio if spans else audio


def _rounded(seconds: float) -> float:
    return round(seconds, 4)
