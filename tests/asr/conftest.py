"""Sound files of every kind, made of a real recording, and the voice activity model."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

Encode = Callable[..., bytes]


def with_libav(samples: NDArray[np.float32], container: str, codec: str, rate_hz: int, layout: str = "mono") -> bytes:
    """A file in memory by FFmpeg's encoder, as a browser or a phone would send it."""
    output = io.BytesIO()
    with av.open(output, "w", format=container) as file:
        track = file.add_stream(codec, rate=rate_hz, layout=layout)
        assert isinstance(track, av.AudioStream)
        pcm = (np.clip(soxr.resample(samples, 16_000, rate_hz), -1, 1) * 32767).astype(np.int16)
        channels = np.repeat(pcm, track.channels)[None]
        frame = av.AudioFrame.from_ndarray(channels, format="s16", layout=layout)
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=track.format, layout=layout, rate=rate_hz, frame_size=track.codec_context.frame_size or 1024
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            file.mux(track.encode(piece))
    return output.getvalue()


def with_libsndfile(
    samples: NDArray[np.float32], container: str, subtype: str, rate_hz: int = 16_000, channels: int = 1
) -> bytes:
    """A file in memory by libsndfile."""
    output = io.BytesIO()
    sound = np.repeat(soxr.resample(samples, 16_000, rate_hz)[:, None], channels, axis=1)
    soundfile.write(output, sound, rate_hz, format=container, subtype=subtype)
    return output.getvalue()


@pytest.fixture(scope="session")
def encode_libav() -> Encode:
    return with_libav


@pytest.fixture(scope="session")
def encode_libsndfile() -> Encode:
    return with_libsndfile


@pytest.fixture(scope="session")
def query_samples(query_clip: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(query_clip, dtype="float32")
    assert rate_hz == 16_000
    return np.asarray(samples, np.float32)


@pytest.fixture(scope="session")
def sound_files(query_samples: NDArray[np.float32]) -> dict[str, bytes]:
    """One real query in every kind of file."""
    x = query_samples
    return {
        "wav 16 kHz": with_libsndfile(x, "WAV", "PCM_16"),
        "wav 8 kHz": with_libsndfile(x, "WAV", "PCM_16", 8_000),
        "wav 24 bit stereo": with_libsndfile(x, "WAV", "PCM_24", 48_000, 2),
        "wav 32 bit": with_libsndfile(x, "WAV", "PCM_32", 22_050),
        "wav float": with_libsndfile(x, "WAV", "FLOAT", 44_100),
        "wav double": with_libsndfile(x, "WAV", "DOUBLE"),
        "wav ima adpcm": with_libsndfile(x, "WAV", "IMA_ADPCM"),
        "aiff": with_libsndfile(x, "AIFF", "PCM_16", 44_100),
        "flac": with_libsndfile(x, "FLAC", "PCM_16"),
        "flac 24 bit": with_libsndfile(x, "FLAC", "PCM_24", 48_000, 2),
        "ogg vorbis": with_libsndfile(x, "OGG", "VORBIS", 44_100),
        "ogg opus": with_libav(x, "ogg", "libopus", 48_000),
        "webm opus": with_libav(x, "webm", "libopus", 48_000),
        "webm opus stereo": with_libav(x, "webm", "libopus", 48_000, "stereo"),
        "mp3": with_libav(x, "mp3", "libmp3lame", 44_100),
        "mp3 stereo": with_libav(x, "mp3", "libmp3lame", 48_000, "stereo"),
        "m4a": with_libav(x, "ipod", "aac", 44_100),
        "mp4": with_libav(x, "mp4", "aac", 16_000),
        "aac adts": with_libav(x, "adts", "aac", 44_100),
    }
