"""`[frontend]`: how a recording is prepared, for the whole server or for one variant. Knows no component."""

from typing import Annotated

from pydantic import Field

from asr.front_end import FrontEnd, SilenceKind
from asr.loading import Detector
from asr.loudness import LoudnessTarget
from asr.vad import ClippingRule
from serving.section import NotNegative, Section, Share

Padding = Annotated[float, Field(ge=0, le=5)]

_CLIPPING = ClippingRule()
_LOUDNESS = LoudnessTarget()
_FRONT_END = FrontEnd()


class FrontEndSettings(Section):
    """Voice activity detection, clipping and loudness; the defaults were measured (docs/decisions.md)."""

    vad: Detector = Detector.SILERO
    """`silero` or `webrtc`; confidence and the no-speech decision are fitted to `silero`."""
    threshold: Share = _CLIPPING.threshold
    """Speech begins with a frame at or above this probability."""
    release_threshold: Share = _CLIPPING.release_threshold
    """Speech goes on until a frame is below this probability."""
    hangover_s: Padding = _CLIPPING.hangover_s
    """Pauses up to this long do not end speech."""
    min_speech_s: NotNegative = _CLIPPING.min_speech_s
    """Shorter speech is dropped."""
    lead_padding_s: Padding = _CLIPPING.lead_padding_s
    """Original sound kept before speech."""
    trail_padding_s: Padding = _CLIPPING.trail_padding_s
    """Original sound kept after speech."""
    lead_silence_s: Padding = _FRONT_END.lead_silence_s
    """Silence added before what was kept."""
    trail_silence_s: Padding = _FRONT_END.trail_silence_s
    """Silence added after what was kept."""
    silence: SilenceKind = _FRONT_END.silence
    """What is added: `zeros`, or `noise` at the level of the recording's own background."""
    normalize: bool = _FRONT_END.loudness is not None
    """Bring every clip to one loudness."""
    level_lufs: Annotated[float, Field(ge=-70, le=0)] = _LOUDNESS.level_lufs
    """That loudness (ITU-R BS.1770)."""
    max_boost_db: NotNegative = _LOUDNESS.max_boost_db
    """Most amplification."""
    peak_dbfs: Annotated[float, Field(ge=-60, le=0)] = _LOUDNESS.peak_dbfs
    """Amplification lifts no sample above this."""
    piece_s: Annotated[float, Field(ge=1, le=60)] = _FRONT_END.piece_s
    """A longer recording is recognized in pieces of about this length, cut at pauses: one subtitle each."""
    recognize_undetected: bool = _FRONT_END.recognize_undetected
    """Where no speech is found in sound that is not silent, recognize all of it."""

    def front_end(self) -> FrontEnd:
        """The same as the front end takes it."""
        loudness = LoudnessTarget(level_lufs=self.level_lufs, max_boost_db=self.max_boost_db, peak_dbfs=self.peak_dbfs)
        return FrontEnd(
            clipping=ClippingRule(
                threshold=self.threshold,
                release_threshold=self.release_threshold,
                hangover_s=self.hangover_s,
                min_speech_s=self.min_speech_s,
                lead_padding_s=self.lead_padding_s,
                trail_padding_s=self.trail_padding_s,
            ),
            loudness=loudness if self.normalize else None,
            lead_silence_s=self.lead_silence_s,
            trail_silence_s=self.trail_silence_s,
            silence=self.silence,
            piece_s=self.piece_s,
            recognize_undetected=self.recognize_undetected,
        )
