"""What comes in: the sound of a query, where detectors of speech find speech in it, and what the client tells.

The second detector runs behind the request on the same sound. A client that clips moves both detectors alike; a new
microphone or more noise moves them apart.
"""

from collections.abc import Callable
from typing import Final

from monitoring.events import Event, SignalValue
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.voice_events import QueryKind

VOICE: Final = frozenset({QueryKind.VOICE.value})
SECOND_VAD_EVENT: Final = "second_vad"
SECOND_VAD: Final = frozenset({SECOND_VAD_EVENT})
EXPECTED_FIELDS: Final = ("device_model", "os", "app_version", "locale")


def speech_ratio(event: Event) -> SignalValue:
    """Speech as a share of the recording, in [0, 1]; None for an empty or unmeasured one."""
    speech_s, duration_s = event.signals.get("speech_s"), event.signals.get("duration_s")
    return None if speech_s is None or not duration_s else speech_s / duration_s


def missing_fields(event: Event) -> SignalValue:
    """How many of `EXPECTED_FIELDS` the client did not tell."""
    return sum(name not in event.slices for name in EXPECTED_FIELDS)


def _number(
    name: str,
    about: str,
    *,
    worse: Worse = Worse.EITHER,
    read: Callable[[Event], SignalValue] | None = None,
    kinds: frozenset[str] = VOICE,
) -> Signal:
    return Signal(name=name, about=about, group=Group.INPUT, read=read or field(name), kinds=kinds, worse=worse)


def _share(name: str, about: str, *, kinds: frozenset[str] = VOICE) -> Signal:
    return Signal(
        name=name,
        about=about,
        group=Group.INPUT,
        read=field(name),
        kinds=kinds,
        is_rate=True,
        worse=Worse.HIGHER,
    )


INPUT: Final = (
    _number("duration_s", "Length of the recording."),
    _number("speech_s", "Speech in the recording."),
    _number("speech_ratio", "Speech as a share of the recording.", read=speech_ratio),
    _number("segments", "Stretches of speech in the recording."),
    _number("lead_silence_s", "Sound before the first speech."),
    _number("trail_silence_s", "Sound after the last speech."),
    _share("onset_clipped", "Recordings that begin in the middle of speech."),
    _share("offset_clipped", "Recordings that end in the middle of speech."),
    _number("loudness_lufs", "Loudness by ITU-R BS.1770."),
    _number("snr_db", "Speech over noise.", worse=Worse.LOWER),
    _number("clipping_ratio", "Share of samples at the limit of the scale.", worse=Worse.HIGHER),
    _number("missing_fields", "Fields that the client did not tell.", worse=Worse.HIGHER, read=missing_fields),
    _number("second_lead_silence_s", "Sound before speech, by the second detector.", kinds=SECOND_VAD),
    _number("second_trail_silence_s", "Sound after speech, by the second detector.", kinds=SECOND_VAD),
    _number("second_speech_s", "Speech, by the second detector.", kinds=SECOND_VAD),
    _share("second_onset_clipped", "Recordings that begin in speech, by the second detector.", kinds=SECOND_VAD),
    _share("second_offset_clipped", "Recordings that end in speech, by the second detector.", kinds=SECOND_VAD),
    _number("vad_disagreement", "Share of frames on which the two detectors differ.", kinds=SECOND_VAD),
)
