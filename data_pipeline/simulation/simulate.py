"""A recording as another device would have sent it.

    level -> room -> noise -> microphone -> converter -> gain control -> the device's voice detector -> codecs

The same recording, profile and generator give the same samples, in any process. What is lost of the speech is measured
against the clean recording.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from asr.audio import Audio, Span
from asr.vad import ClippingRule, VoiceDetector, WebRtcDetector, samples_of, speech_spans
from data_pipeline import detectors
from data_pipeline.errors import CannotSimulate
from data_pipeline.manifest import Row
from data_pipeline.simulation.codec import through
from data_pipeline.simulation.device_vad import DeviceDetector, DeviceVad, kept
from data_pipeline.simulation.gain import at_level, controlled, saturated
from data_pipeline.simulation.microphone import colour
from data_pipeline.simulation.noise import NoiseKind, road_noise, stretch_of, with_noise
from data_pipeline.simulation.profiles import DeviceProfile
from data_pipeline.simulation.room import reverberated
from data_pipeline.simulation.sounds import Sounds, SoundSet, read_sounds
from data_pipeline.simulation.treatment import Treatment

REFERENCE: Final = ClippingRule(min_speech_s=0.15)
"""Where a clean recording has speech: the server's rule, but that a click before the first word is no word."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A simulated recording."""

    audio: Audio
    treatment: Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The step: each recording once for each device. The profiles themselves are settings, so the card holds them."""

    devices: tuple[DeviceProfile, ...]
    seed: int = 0
    noise: SoundSet | None = None
    """Noises; None takes those that the package carries."""
    rooms: SoundSet | None = None
    """Room responses; the same."""

    @property
    def name(self) -> str:
        """See `SoundStep`."""
        return "simulate"

    @property
    def version(self) -> int:
        """See `SoundStep`."""
        return 1

    def check(self) -> None:
        """Before the step is run again: raises CannotSimulate where it would draw from other sounds, or from none."""
        for sounds in (self.noise, self.rooms):
            if sounds:
                sounds.check()

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        """One recording for each device; the row says which device it is and what was done.

        Raises CannotSimulate where one device sends nothing: devices are compared on the same recordings.
        """
        detector, sounds = detectors.detector(), _sounds(self.noise, self.rooms)
        speech = find_speech(audio, detector)
        for profile in self.devices:
            rng = generator(self.seed, profile, row.recording)
            simulated = simulate(audio, profile, rng=rng, detector=detector, sounds=sounds, speech=speech)
            yield _labelled(row, profile, simulated.treatment), simulated.audio


def simulate(
    audio: Audio,
    profile: DeviceProfile,
    *,
    rng: np.random.Generator,
    detector: VoiceDetector,
    sounds: Sounds,
    speech: Sequence[Span] | None = None,
) -> Simulated:
    """Pass a clean recording through a device.

    `speech` is where the recording has speech, in order and without padding; where it is not given, `detector` finds
    it. `detector` is also the device's own where the profile says "silero". Noise and room are drawn from `sounds`.

    Raises CannotSimulate where the device sends nothing of the speech, or a drawn sound cannot be used.
    """
    if speech is None:
        speech = find_speech(audio, detector)
    done = Treatment(profile=profile.id)
    arrived, done = _arrived(audio, profile, done, rng=rng, sounds=sounds, speech=speech)
    taken_up = saturated(colour(arrived, profile.microphone) if profile.microphone else arrived)
    done = replace(done, clipping_ratio=round(taken_up.clipping_ratio, 6))
    if profile.gain_control:
        taken_up = controlled(taken_up, profile.gain_control)
    if profile.vad:
        taken_up, done = _gated(taken_up, profile.vad, done, detector=detector, speech=speech)
    if profile.codecs:
        done = replace(done, codec=", ".join(map(str, profile.codecs)))
    return Simulated(through(taken_up, profile.codecs), done)


def find_speech(audio: Audio, detector: VoiceDetector) -> tuple[Span, ...]:
    """Where a clean recording has speech, without padding."""
    return speech_spans(detector.activity(audio), REFERENCE)


def generator(seed: int, profile: DeviceProfile, recording: str) -> np.random.Generator:
    """The random numbers of one recording on one device, whatever was simulated before it."""
    digest = sha256(f"{seed}\n{profile.id}\n{recording}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _arrived(
    audio: Audio,
    profile: DeviceProfile,
    done: Treatment,
    *,
    rng: np.random.Generator,
    sounds: Sounds,
    speech: Sequence[Span],
) -> tuple[Audio, Treatment]:
    """The sound at the microphone: level, room, noise."""
    if profile.level_lufs is not None:
        audio, gain_db = at_level(audio, profile.level_lufs)
        done = replace(done, gain_db=round(gain_db, 2))
    if profile.room:
        room = sounds.room(rng)
        audio = reverberated(audio, room.samples, profile.room)
        ratio_db = profile.room.direct_to_reverberant_db
        done = replace(done, room=room.name, direct_to_reverberant_db=ratio_db)
    if profile.noise:
        name, count = "road", len(audio.samples)
        if profile.noise.kind is NoiseKind.ROAD:
            noise = road_noise(count, rng)
        else:
            drawn = sounds.noise(rng)
            name, noise = drawn.name, stretch_of(drawn.samples, count, rng)
        audio = with_noise(audio, noise, snr_db=profile.noise.snr_db, speech=speech)
        done = replace(done, noise=name, snr_db=profile.noise.snr_db)
    return audio, done


def _gated(
    audio: Audio, vad: DeviceVad, done: Treatment, *, detector: VoiceDetector, speech: Sequence[Span]
) -> tuple[Audio, Treatment]:
    """What the device's voice detector lets through."""
    found = _found(audio, vad, detector, speech)
    sent = kept(found, speech, vad, duration_s=audio.duration_s)
    if sent is None:
        why = "no speech is found in it" if not speech else "all its speech is cut off"
        raise CannotSimulate(f"{done.profile} sends nothing: {why if found else 'its detector hears no speech'}")
    cut_onset_s, cut_offset_s = round(sent.cut_onset_s, 4), round(sent.cut_offset_s, 4)
    kept_s = round(sent.span.start_s, 4), round(sent.span.end_s, 4)
    done = replace(done, kept_s=kept_s, cut_onset_s=cut_onset_s, cut_offset_s=cut_offset_s)
    return replace(audio, samples=samples_of(audio, sent.span)), done


def _found(audio: Audio, vad: DeviceVad, detector: VoiceDetector, speech: Sequence[Span]) -> Sequence[Span]:
    """Where the device hears speech."""
    if vad.detector is DeviceDetector.REFERENCE:
        return speech
    own = WebRtcDetector(vad.webrtc_mode) if vad.detector is DeviceDetector.WEBRTC else detector
    rule = REFERENCE if vad.hangover_s is None else replace(REFERENCE, hangover_s=vad.hangover_s)
    return speech_spans(own.activity(audio), rule)


def _labelled(row: Row, profile: DeviceProfile, done: Treatment) -> Row:
    """The row of another device; its `id`, where it has one, stays the only one of that name."""
    named = row.field("id")
    return row.with_fields(
        id=None if named is None else f"{named}/{profile.id}",
        device_model=profile.device_model,
        app_version=profile.app_version,
        simulated=done.as_json(),
    )


@cache
def _sounds(noise: SoundSet | None, rooms: SoundSet | None) -> Sounds:
    """Once in each worker process."""
    return read_sounds(Path(noise.manifest) if noise else None, Path(rooms.manifest) if rooms else None)
