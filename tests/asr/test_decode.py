"""Every kind of file gives the sound that was put into it."""

import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from asr.decode import DecodeLimits, Encoding, PcmFormat, decode
from asr.errors import AudioTooLong, UnsupportedAudio
from tests.asr.conftest import Encode

KINDS = [
    *("wav 16 kHz", "wav 8 kHz", "wav 24 bit stereo", "wav 32 bit", "wav float", "wav double", "wav ima adpcm"),
    *("aiff", "flac", "flac 24 bit", "ogg vorbis", "ogg opus", "webm opus", "webm opus stereo"),
    *("mp3", "mp3 stereo", "m4a", "mp4", "aac adts"),
]
LOSSLESS = {"wav 16 kHz", "wav double", "flac"}


def similarity(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Highest normalized cross-correlation: 1 for the same sound at whatever delay and level."""
    length = 1 << (len(x) + len(y)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(x, length) * np.conj(np.fft.rfft(y, length)))
    return float(np.abs(cross).max() / (np.linalg.norm(x) * np.linalg.norm(y)))


def tone(frequency_hz: float, rate_hz: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def wav(samples: NDArray[np.float32], rate_hz: int, subtype: str = "FLOAT") -> bytes:
    output = io.BytesIO()
    soundfile.write(output, samples, rate_hz, format="WAV", subtype=subtype)
    return output.getvalue()


def test_kinds_are_all_tried(sound_files: dict[str, bytes]) -> None:
    assert list(sound_files) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_sound_survives(kind: str, sound_files: dict[str, bytes], query_samples: NDArray[np.float32]) -> None:
    audio = decode(sound_files[kind])
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert not audio.truncated
    assert audio.duration_s == pytest.approx(len(query_samples) / 16_000, abs=0.12)  # AAC's priming
    assert similarity(audio.samples, query_samples) > 0.95
    level = np.linalg.norm(audio.samples) / np.linalg.norm(query_samples)
    assert level == pytest.approx(1, abs=0.06)
    if kind in LOSSLESS:
        np.testing.assert_array_equal(audio.samples, query_samples)


@pytest.mark.parametrize("encoding", Encoding)
def test_headerless_pcm(encoding: Encoding, query_samples: NDArray[np.float32]) -> None:
    subtype, endian = {
        Encoding.S16LE: ("PCM_16", "LITTLE"),
        Encoding.S16BE: ("PCM_16", "BIG"),
        Encoding.S24LE: ("PCM_24", "LITTLE"),
        Encoding.S32LE: ("PCM_32", "LITTLE"),
        Encoding.F32LE: ("FLOAT", "LITTLE"),
        Encoding.U8: ("PCM_U8", "FILE"),
        Encoding.MULAW: ("ULAW", "FILE"),
        Encoding.ALAW: ("ALAW", "FILE"),
    }[encoding]
    raw = io.BytesIO()
    stereo = np.repeat(soxr.resample(query_samples, 16_000, 24_000)[:, None], 2, axis=1)
    soundfile.write(raw, stereo, 24_000, format="RAW", subtype=subtype, endian=endian)
    audio = decode(raw.getvalue(), pcm=PcmFormat(sample_rate_hz=24_000, channels=2, encoding=encoding))
    assert audio.duration_s == pytest.approx(len(query_samples) / 16_000, abs=0.001)
    assert similarity(audio.samples, query_samples) > 0.95
    assert not audio.truncated


def test_half_a_sample_of_pcm_is_reported() -> None:
    audio = decode(b"\0" * 32_001, pcm=PcmFormat(sample_rate_hz=16_000))
    assert audio.duration_s == 1
    assert audio.truncated


@pytest.mark.parametrize(("container", "codec"), [("adts", "aac"), ("matroska", "pcm_s16le")])
def test_eight_channels(container: str, codec: str, encode_libav: Encode, query_samples: NDArray[np.float32]) -> None:
    audio = decode(encode_libav(query_samples, container, codec, 48_000, "7.1"))
    assert similarity(audio.samples, query_samples) > 0.9


def test_channels_are_averaged() -> None:
    left, right = tone(400, 16_000), tone(1000, 16_000)
    audio = decode(wav(np.stack([left, right], axis=1), 16_000))
    np.testing.assert_allclose(audio.samples, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_what_16_khz_cannot_hold_does_not_alias(rate_hz: int) -> None:
    inside = decode(wav(tone(1_000, rate_hz), rate_hz)).samples[1600:-1600]
    beyond = decode(wav(tone(10_000, rate_hz), rate_hz)).samples[1600:-1600]
    attenuation_db = 20 * np.log10(np.linalg.norm(inside) / np.linalg.norm(beyond))
    assert attenuation_db > 60


def test_resampling_in_blocks_is_resampling_in_one_piece() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000 * 5).astype(np.float32)
    expected = soxr.resample(noise, 48_000, 16_000)
    audio = decode(wav(noise, 48_000))
    assert len(audio.samples) == len(expected) == 80_000
    np.testing.assert_allclose(audio.samples, expected, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_clipping_is_counted_in_the_source(rate_hz: int, subtype: str) -> None:
    samples = tone(200, rate_hz)
    samples[100:300] = 1.0
    samples[500:600] = -1.0
    audio = decode(wav(samples, rate_hz, subtype))
    assert audio.clipping_ratio == pytest.approx(300 / rate_hz)


def test_floats_beyond_full_scale_are_cut_to_it() -> None:
    audio = decode(wav(tone(200, 16_000) * 1e6, 16_000))
    assert np.abs(audio.samples).max() == 1
    assert audio.clipping_ratio > 0.95


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_wav_from_a_pipe_is_whole(size: int, sound_files: dict[str, bytes]) -> None:
    whole = sound_files["wav 16 kHz"]
    at = whole.index(b"data") + 4
    audio = decode(whole[:at] + size.to_bytes(4, "little") + whole[at + 4 :])
    np.testing.assert_array_equal(audio.samples, decode(whole).samples)
    assert not audio.truncated


def test_wav_with_other_chunks_first(sound_files: dict[str, bytes]) -> None:
    whole = sound_files["wav 16 kHz"]
    listed = whole[:12] + b"LIST\x03\0\0\0abc\0" + whole[12:]
    np.testing.assert_array_equal(decode(listed).samples, decode(whole).samples)


def test_limits_are_the_callers(sound_files: dict[str, bytes]) -> None:
    with pytest.raises(AudioTooLong, match="1 s"):
        decode(sound_files["flac"], limits=DecodeLimits(max_duration_s=1.0))
    with pytest.raises(UnsupportedAudio, match="2 channels"):
        decode(sound_files["flac 24 bit"], limits=DecodeLimits(max_channels=1))


def test_ffmpeg_is_loaded_only_where_needed(query_clip: object) -> None:
    program = f"import sys; from asr.decode import decode; decode(open({str(query_clip)!r}, 'rb').read())"
    program += "; sys.exit('av' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize("kind", ["ogg vorbis", "ogg opus"])
def test_a_file_that_is_broken_in_the_middle_says_so(kind: str, sound_files: dict[str, bytes]) -> None:
    data = bytearray(sound_files[kind])
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    assert decode(bytes(data)).truncated
