"""Speech in channels that cancel each other is heard; all other recordings are averaged as ever."""

import io

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from asr.channels import Average, instead_of_average
from asr.decode import DecodeLimits, PcmFormat, decode
from asr.errors import AudioTooLong

Channels = NDArray[np.float32]


def file_of(sound: Channels, container: str = "WAV", rate_hz: int = 16_000) -> bytes:
    output = io.BytesIO()
    soundfile.write(output, sound, rate_hz, format=container, subtype="VORBIS" if container == "OGG" else "PCM_16")
    return output.getvalue()


def turned_over(samples: NDArray[np.float32]) -> Channels:
    return np.stack([samples, -samples], axis=1)


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_channels_of_opposite_sign_give_the_speech(container: str, query_samples: NDArray[np.float32]) -> None:
    audio = decode(file_of(turned_over(query_samples), container))
    np.testing.assert_array_equal(audio.samples, query_samples)


@pytest.mark.parametrize("container", ["WAV", "OGG"])
def test_so_they_do_in_several_blocks_and_resampled(container: str, query_samples: NDArray[np.float32]) -> None:
    sound = soxr.resample(query_samples, 16_000, 48_000)
    audio = decode(file_of(turned_over(sound), container, 48_000))
    alone = decode(file_of(sound, container, 48_000))
    assert len(audio.samples) == len(alone.samples)
    assert abs(np.corrcoef(audio.samples, alone.samples)[0, 1]) > 0.97  # whichever channel rounding made louder


def test_headerless_samples_too(query_samples: NDArray[np.float32]) -> None:
    data = (turned_over(query_samples) * 32768).astype("<i2").tobytes()
    audio = decode(data, pcm=PcmFormat(sample_rate_hz=16_000, channels=2))
    np.testing.assert_allclose(audio.samples, query_samples, atol=1e-4)


def test_the_loudest_is_taken(query_samples: NDArray[np.float32]) -> None:
    quiet = 0.3 * query_samples
    audio = decode(file_of(np.stack([quiet, -query_samples, query_samples - quiet], axis=1)))
    np.testing.assert_allclose(audio.samples, -query_samples, atol=1e-4)


@pytest.mark.parametrize(
    "right", [0.0, 1.0, 0.2, -0.4], ids=["silent", "the same", "quieter", "turned over, but quieter"]
)
def test_what_does_not_cancel_is_averaged(query_samples: NDArray[np.float32], right: float) -> None:
    audio = decode(file_of(np.stack([query_samples, right * query_samples], axis=1)))
    np.testing.assert_allclose(audio.samples, query_samples * (1 + right) / 2, atol=1e-4)


def test_two_microphones_a_hand_apart_are_averaged(query_samples: NDArray[np.float32]) -> None:
    late = np.roll(query_samples, 8)  # 0.5 ms, 17 cm
    audio = decode(file_of(np.stack([query_samples, late], axis=1)))
    np.testing.assert_allclose(audio.samples, (query_samples + late) / 2, atol=1e-4)


def test_it_is_decided_once_for_the_whole_recording(query_samples: NDArray[np.float32]) -> None:
    """A block whose channels cancel, in a recording whose channels do not."""
    same = np.tile(np.stack([query_samples] * 2, axis=1), (4, 1))
    audio = decode(file_of(np.concatenate([same, turned_over(query_samples)])))
    np.testing.assert_allclose(audio.samples[-len(query_samples) :], 0, atol=1e-4)


def test_limits_hold_for_them_too(query_samples: NDArray[np.float32]) -> None:
    with pytest.raises(AudioTooLong):
        decode(file_of(turned_over(query_samples)), limits=DecodeLimits(max_duration_s=1))


@pytest.mark.parametrize(
    ("of_average", "of_channels", "instead"),
    [
        (0.0, [4.0, 5.0], 1),
        (0.0, [5.0, 4.0], 0),
        (0.24, [5.0, 5.0], 0),
        (0.26, [5.0, 5.0], None),
        (2.5, [5.0, 5.0], None),
        (5.0, [5.0, 5.0], None),
        (0.0, [0.0, 0.0], None),
        (1 / 64, [1.0, *[0.0] * 7], None),
        (0.0, [0.0], None),
    ],
)
def test_the_rule(of_average: float, of_channels: list[float], instead: int | None) -> None:
    assert instead_of_average(of_average=of_average, of_channels=np.array(of_channels)) == instead


def test_one_channel_passes_as_it_is(query_samples: NDArray[np.float32]) -> None:
    average = Average()
    assert np.shares_memory(average.mix(query_samples[:, None]), query_samples)
    assert average.better_channel() is None
