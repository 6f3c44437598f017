"""Copies of real speech are recognized at another level, format and cut; other speech is not taken for a copy."""

import json
from pathlib import Path

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples
from asr.decode import decode
from data_pipeline.splitting.fingerprint import BYTES, MAX_DISTANCE, distance, fingerprint
from tests.asr.conftest import with_libav, with_libsndfile
from tests.conftest import CLIPS, Recording


def bits(samples: Samples) -> bytes:
    found = fingerprint(Audio(np.asarray(samples, np.float32)))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def sounds(speech: list[Recording]) -> list[Samples]:
    return [decode(one.path.read_bytes()).samples for one in speech]


def padded(samples: Samples) -> Samples:
    return np.pad(samples, (SAMPLE_RATE_HZ // 3, SAMPLE_RATE_HZ // 2))


COPIES = {
    "12 dB softer": lambda x: decode(with_libsndfile(x / 4, "WAV", "PCM_16")).samples,
    "8 kHz": lambda x: decode(with_libsndfile(x, "WAV", "PCM_16", 8_000)).samples,
    "mp3": lambda x: decode(with_libav(x, "mp3", "libmp3lame", 44_100)).samples,
    "opus": lambda x: decode(with_libav(x, "ogg", "libopus", 48_000)).samples,
    "aac": lambda x: decode(with_libav(x, "adts", "aac", 16_000)).samples,
    "silence around it": padded,
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_real_recording_is_near(copy: str, sounds: list[Samples]) -> None:
    apart = [distance(bits(sound), bits(COPIES[copy](sound))) for sound in sounds[::3]]
    assert max(apart) <= MAX_DISTANCE


def test_no_two_carried_recordings_are_near(sounds: list[Samples]) -> None:
    found = [bits(sound) for sound in sounds]
    nearest = min(distance(one, other) for at, one in enumerate(found) for other in found[:at])
    assert nearest > MAX_DISTANCE


def test_it_is_the_same_everywhere_and_for_ever() -> None:
    """Another one must come with another version in the rows; a last digit may differ between machines."""
    sound = decode((CLIPS / "speech" / "voice_queries__v2j_what_time_is_it.flac").read_bytes())
    known = bytes.fromhex("78ab9bc0f723b01c388afaf3ba6fb85a3042ba8d47f10c210870291d12504c79")
    assert distance(bits(sound.samples), known) <= 1


@pytest.mark.parametrize(
    "samples",
    [np.zeros(0), np.zeros(SAMPLE_RATE_HZ), np.ones(SAMPLE_RATE_HZ // 20)],
    ids=["nothing", "silence", "50 ms"],
)
def test_what_has_nothing_to_compare_has_no_fingerprint(samples: Samples) -> None:
    assert fingerprint(Audio(samples.astype(np.float32))) is None


@pytest.mark.parametrize(
    "samples",
    [np.ones(SAMPLE_RATE_HZ), np.eye(1, SAMPLE_RATE_HZ)[0], np.sin(np.arange(SAMPLE_RATE_HZ)), np.eye(1, 1600)[0]],
    ids=["constant", "click", "tone", "short click"],
)
def test_sound_that_is_no_speech_does_not_fail(samples: Samples) -> None:
    found = fingerprint(Audio(samples.astype(np.float32)))
    assert found is None or len(found) == BYTES


def test_a_long_recording_is_worked_on_in_blocks(sounds: list[Samples]) -> None:
    long = np.tile(sounds[0], 10)
    assert len(long) > 60 * SAMPLE_RATE_HZ
    assert distance(bits(long), bits(long / np.float32(3))) <= 3


@pytest.mark.data
def test_on_the_larger_recordings_few_copies_are_missed_and_hardly_another_clip_is_taken_for_one(
    data_folder: Path,
) -> None:
    """640 clips: every pair of different ones, among them many of one speaker and one word; and each at 16 kbit/s."""
    manifest = data_folder / "speech" / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    sounds = [decode((manifest.parent / row["audio_filepath"]).read_bytes()).samples for row in rows]
    found = [bits(sound) for sound in sounds]
    copies = [bits(decode(with_libav(sound, "mp3", "libmp3lame", 16_000)).samples) for sound in sounds[::4]]
    missed = sum(distance(one, copy) > MAX_DISTANCE for one, copy in zip(found[::4], copies, strict=True))
    words = np.frombuffer(b"".join(found), np.uint64).reshape(len(found), -1)
    wrong = sum(
        int((np.bitwise_count(words[at] ^ words[:at]).sum(axis=1) <= MAX_DISTANCE).sum()) for at in range(len(words))
    )
    assert missed <= len(copies) * 0.01
    assert wrong == 0
