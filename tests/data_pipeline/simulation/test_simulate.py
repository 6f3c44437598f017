"""Whole devices: cuts that are exact, truth that is told, the same samples in any process and order."""

import json
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from asr.loudness import integrated_loudness_lufs
from asr.statistics import measure
from asr.vad import ClippingRule, VoiceDetector, WebRtcDetector, speech_spans
from data_pipeline.errors import CannotSimulate
from data_pipeline.manifest import Row, read_manifest
from data_pipeline.recordings import read_audio
from data_pipeline.simulation.device_vad import DeviceDetector, DeviceVad
from data_pipeline.simulation.gain import GainControl
from data_pipeline.simulation.noise import Noise
from data_pipeline.simulation.profiles import DeviceProfile, shipped_profiles
from data_pipeline.simulation.simulate import Simulated, Simulation, find_speech, generator, simulate
from data_pipeline.simulation.sounds import Sounds
from data_pipeline.steps import load_sound_step, settings_of
from tests.conftest import CLIPS
from tests.data_pipeline.simulation.conftest import lag_ms

PROFILES = shipped_profiles()
TEST = "tests.data_pipeline.simulation.test_simulate"
BARE = DeviceProfile(name="bare", version=1, about="does nothing", device_model="bare")
ONSET = 8_008
"""Where speech begins in the constructed recording, in samples: on no frame's edge."""


@pytest.fixture
def constructed(query: Audio) -> tuple[Audio, Span]:
    """Real speech, cut off to begin and end abruptly, in silence."""
    speech = query.samples[11_264:27_136]
    samples = np.concatenate([np.zeros(ONSET, np.float32), speech, np.zeros(9_000, np.float32)])
    return Audio(samples), Span(ONSET / SAMPLE_RATE_HZ, (ONSET + len(speech)) / SAMPLE_RATE_HZ)


class Device:
    """Simulates with what the tests share."""

    def __init__(self, detector: VoiceDetector, sounds: Sounds) -> None:
        self.detector, self.sounds = detector, sounds

    def __call__(self, audio: Audio, profile: DeviceProfile, speech: tuple[Span, ...] | None = None) -> Simulated:
        rng = generator(0, profile, "test")
        return simulate(audio, profile, rng=rng, detector=self.detector, sounds=self.sounds, speech=speech)


@pytest.fixture
def device(detector: VoiceDetector, sounds: Sounds) -> Device:
    return Device(detector, sounds)


@pytest.mark.parametrize("cut_ms", [1, 50, 100, 200, 333])
def test_the_onset_is_cut_to_the_sample(device: Device, constructed: tuple[Audio, Span], cut_ms: int) -> None:
    audio, span = constructed
    clipping = replace(BARE, vad=DeviceVad(lead_padding_s=0.0, startup_delay_s=cut_ms / 1e3, trail_padding_s=10.0))
    simulated = device(audio, clipping, (span,))
    assert np.array_equal(simulated.audio.samples, audio.samples[ONSET + cut_ms * 16 :])
    assert simulated.treatment.cut_onset_s == cut_ms / 1e3
    assert simulated.treatment.cut_offset_s == 0


@pytest.mark.parametrize("name", [name for name in PROFILES if "clipped" in name])
def test_a_shipped_cut_is_as_long_as_its_name_says_behind_filter_and_codec(
    device: Device, constructed: tuple[Audio, Span], name: str
) -> None:
    audio, span = constructed
    whole = device(audio, replace(PROFILES[name], vad=None), (span,)).audio.samples
    simulated = device(audio, PROFILES[name], (span,))
    start_s, end_s = simulated.treatment.kept_s or (0.0, 0.0)
    lost = simulated.treatment.cut_onset_s, simulated.treatment.cut_offset_s
    expected_s = float(name.rsplit("-", 1)[1].removesuffix("ms")) / 1e3 if "onset" in name else 0.0
    assert lost == (expected_s, 0.0 if "onset" in name else 0.15)
    start = ONSET + round(expected_s * SAMPLE_RATE_HZ) if expected_s else round(start_s * SAMPLE_RATE_HZ)
    assert abs(lag_ms(whole[start : start + 8000], simulated.audio.samples[:8000])) < 1.0
    assert simulated.audio.duration_s == pytest.approx(end_s - start_s, abs=0.0002)


def test_before_and_after_the_update_differ_by_the_cut_alone(device: Device, query: Audio) -> None:
    before, after = (
        device(query, replace(PROFILES[name], codecs=())) for name in ("phone", "phone-clipped-onset-100ms")
    )
    missing = len(before.audio.samples) - len(after.audio.samples)
    assert missing == round((0.3 + 0.1) * SAMPLE_RATE_HZ)
    assert np.array_equal(before.audio.samples[missing:], after.audio.samples)


def test_a_cut_onset_is_seen_by_the_servers_statistics(device: Device, query: Audio, detector: VoiceDetector) -> None:
    for name, clipped in (("phone", False), ("phone-clipped-onset-100ms", True)):
        heard = device(query, PROFILES[name]).audio
        spans = speech_spans(detector.activity(heard), ClippingRule())
        assert measure(heard, spans).onset_clipped is clipped


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_real_speech_on_every_device(device: Device, profile: DeviceProfile) -> None:
    heard = 0
    for row in list(read_manifest(CLIPS / "manifest.jsonl"))[::9]:
        audio = read_audio(row)
        try:
            simulated = device(audio, profile)
        except CannotSimulate:
            continue
        heard += 1
        samples, done = simulated.audio.samples, simulated.treatment
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
        assert 0 < simulated.audio.duration_s <= audio.duration_s + 0.001
        assert json.loads(json.dumps(done.as_json())) == done.as_json()
        assert (done.snr_db is None) is (profile.noise is None)
        assert (done.room is None) is (profile.room is None)
        assert done.profile == profile.id
    assert heard >= 6


def test_levels_on_arrival(device: Device, query: Audio) -> None:
    quiet, loud = (device(query, replace(BARE, level_lufs=level)) for level in (-40.0, -6.0))
    assert integrated_loudness_lufs(quiet.audio) == pytest.approx(-40, abs=0.1)
    assert quiet.treatment.clipping_ratio == 0
    assert loud.treatment.clipping_ratio > 0.01


def test_the_ratio_of_speech_to_noise_by_measurement(device: Device, query: Audio, detector: VoiceDetector) -> None:
    noisy = device(query, replace(BARE, noise=Noise(snr_db=10.0)))
    inside = np.concatenate(
        [np.arange(round(s.start_s * 16_000), round(s.end_s * 16_000)) for s in find_speech(query, detector)]
    )
    added = noisy.audio.samples - query.samples
    ratio = np.mean(query.samples[inside] ** 2) / np.mean(added**2)
    assert 10 * np.log10(ratio) == pytest.approx(10.0, abs=0.5)
    assert noisy.treatment.snr_db == 10.0


@pytest.mark.parametrize("kind", DeviceDetector)
def test_a_devices_own_detector_hears_real_speech(device: Device, query: Audio, kind: DeviceDetector) -> None:
    simulated = device(query, replace(BARE, vad=DeviceVad(detector=kind, webrtc_mode=2)))
    start_s, end_s = simulated.treatment.kept_s or (0.0, 0.0)
    assert start_s < 0.75
    assert 1.6 < end_s <= query.duration_s
    assert len(simulated.audio.samples) == round((end_s - start_s) * SAMPLE_RATE_HZ)


def test_the_devices_detector_is_the_one_that_is_named(device: Device, query: Audio) -> None:
    vad = DeviceVad(detector=DeviceDetector.WEBRTC, webrtc_mode=3, lead_padding_s=0.0, trail_padding_s=0.0)
    found = speech_spans(WebRtcDetector(3).activity(query), ClippingRule(min_speech_s=0.15))
    simulated = device(query, replace(BARE, vad=vad))
    assert simulated.treatment.kept_s == pytest.approx((found[0].start_s, found[-1].end_s), abs=1e-3)


def test_where_nobody_speaks_a_device_with_a_detector_sends_nothing(device: Device, white: Audio) -> None:
    silence = Audio(np.zeros(SAMPLE_RATE_HZ, np.float32))
    for audio in (silence, white):
        with pytest.raises(CannotSimulate, match=r"phone@1 sends nothing"):
            device(audio, PROFILES["phone"])
        assert len(device(audio, PROFILES["old-phone"]).audio.samples) == len(audio.samples)


def rows() -> list[Row]:
    return [row for row in read_manifest(CLIPS / "manifest.jsonl") if row.field("source") == "voice_queries"][:4]


STEP = Simulation(devices=tuple(PROFILES[name] for name in ("smart-speaker", "car-hands-free", "old-phone")), seed=5)


def digests(*, reverse: bool) -> dict[str, str]:
    found = {}
    for row in sorted(rows(), key=lambda row: row.key, reverse=reverse):
        for made, audio in STEP.change(row, read_audio(row)):
            found[f"{row.audio_filepath} {made.field('device_model')}"] = sha256(audio.samples.tobytes()).hexdigest()
    return found


def test_the_same_samples_in_another_process_and_order() -> None:
    program = f"import json; from {TEST} import digests; print(json.dumps(digests(reverse=True)))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CLIPS.parents[1])
    here = digests(reverse=False)
    assert json.loads(done.stdout) == here
    assert len(set(here.values())) == len(here) == 12


def test_another_recording_draws_other_noise(query: Audio) -> None:
    heard = [audio.samples for row in rows()[:2] for _, audio in STEP.change(row, query)]
    assert not np.array_equal(heard[0], heard[3])


def test_gain_control_stands_behind_the_converter(device: Device, query: Audio) -> None:
    loud = replace(BARE, level_lufs=-6.0, gain_control=GainControl(target_dbfs=-30.0))
    simulated = device(query, loud)
    assert integrated_loudness_lufs(simulated.audio) < -20
    assert simulated.treatment.clipping_ratio > 0.01


def test_another_seed_is_another_place(query: Audio) -> None:
    row = rows()[0]
    (_, one), (_, other) = (next(replace(STEP, seed=seed).change(row, query)) for seed in (1, 2))
    assert not np.array_equal(one.samples, other.samples)


def test_rows_say_which_device_and_what_was_done(query: Audio) -> None:
    step = Simulation(devices=(PROFILES["phone"], PROFILES["phone-clipped-onset-100ms"], PROFILES["headset"]))
    row = Row(Path("m.jsonl"), 1, "q.flac", query.duration_s, "what time is it", None, {"id": "q1", "app_version": "0"})
    made = [new for new, _ in step.change(row, query)]
    assert [new.field("device_model") for new in made] == ["phone", "phone", "headset"]
    assert [new.field("app_version") for new in made] == ["5.1", "5.2", None]
    assert len({new.key for new in made}) == 3
    assert all(new.text == "what time is it" for new in made)
    told = (made[1].fields or {})["simulated"]
    assert isinstance(told, dict)
    assert (told["profile"], told["cut_onset_s"]) == ("phone-clipped-onset-100ms@1", 0.1)


def test_a_card_holds_all_that_the_step_needs() -> None:
    settings = json.loads(json.dumps(settings_of(STEP)))
    assert load_sound_step("simulate", STEP.version, settings) == STEP
