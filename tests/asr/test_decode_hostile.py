"""Broken, huge and hostile files: a clear error of the tree, little memory, nothing on stderr."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from asr.decode import DecodeLimits, PcmFormat, decode
from asr.errors import AudioError, AudioTooLarge, AudioTooLong, UndecodableAudio, UnsupportedAudio


def wav_header(*, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, encoding: int = 1) -> bytes:
    frame = channels * bits // 8 % 2**16
    fmt = struct.pack("<HHIIHH", encoding, channels, rate_hz, rate_hz * frame % 2**32, frame, bits)
    return b"RIFF" + struct.pack("<I", 36 + 64_000) + b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data"


def wav(body: bytes = b"\x01\0" * 32_000, **form: int) -> bytes:
    return wav_header(**form) + struct.pack("<I", len(body)) + body


def test_empty_file() -> None:
    with pytest.raises(UndecodableAudio, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"This is a text that somebody named .wav\n" * 40,
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"RIFF",
        b"RIFF\0\0\0\0AVI LIST",
        b"\xff",
        b"\xff\xfb\x90\x00",
        b"\x1aE\xdf\xa3",
        b"fLaC",
        b"OggS",
        b"ID3",
        bytes(10_000),
    ],
)
def test_what_is_no_sound(data: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        decode(data)


def test_wav_without_samples() -> None:
    with pytest.raises(UndecodableAudio, match="no sound"):
        decode(wav(b""))


@pytest.mark.parametrize("rate_hz", [0, 1, 7_999, 1_000_000, 2**32 - 1])
def test_sample_rates_out_of_range(rate_hz: int) -> None:
    with pytest.raises(UnsupportedAudio, match=f"{rate_hz} Hz"):
        decode(wav(rate_hz=rate_hz))
    with pytest.raises(UnsupportedAudio, match=f"{rate_hz} Hz"):
        decode(b"\0" * 100, pcm=PcmFormat(sample_rate_hz=rate_hz))


@pytest.mark.parametrize("channels", [0, 9, 32, 65_535])
def test_channels_out_of_range(channels: int) -> None:
    with pytest.raises(UnsupportedAudio, match=f"{channels} channels"):
        decode(wav(channels=channels))
    with pytest.raises(UnsupportedAudio, match=f"{channels} channels"):
        decode(b"\0" * 100, pcm=PcmFormat(sample_rate_hz=16_000, channels=channels))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_samples_that_are_no_numbers(value: float, rate_hz: int) -> None:
    samples = np.zeros(rate_hz, np.float32)
    samples[rate_hz // 2] = value
    output = io.BytesIO()
    soundfile.write(output, samples, rate_hz, format="WAV", subtype="FLOAT")
    with pytest.raises(UndecodableAudio, match="NaN or infinite"):
        decode(output.getvalue())


def test_too_many_bytes() -> None:
    with pytest.raises(AudioTooLarge, match="1000 are allowed"):
        decode(bytes(1001), limits=DecodeLimits(max_bytes=1000))


@pytest.mark.parametrize(
    "kind", ["wav 16 kHz", "wav 24 bit stereo", "flac", "ogg vorbis", "ogg opus", "mp3", "webm opus"]
)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_cut_file_gives_what_it_has_and_says_so(kind: str, share: float, sound_files: dict[str, bytes]) -> None:
    whole = decode(sound_files[kind])
    audio = decode(sound_files[kind][: int(len(sound_files[kind]) * share)])
    assert audio.truncated
    assert 0.2 * whole.duration_s < audio.duration_s < whole.duration_s


def test_m4a_without_its_index_cannot_be_read(sound_files: dict[str, bytes]) -> None:
    with pytest.raises(UndecodableAudio):
        decode(sound_files["m4a"][:-1000])


def test_damage_in_the_middle_is_reported(sound_files: dict[str, bytes]) -> None:
    data = bytearray(sound_files["flac"])
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    audio = decode(bytes(data))
    assert audio.truncated
    assert audio.duration_s > 0.3


def silence(container: str, subtype: str, rate_hz: int, *, hours: float) -> bytes:
    output = io.BytesIO()
    with soundfile.SoundFile(output, "w", rate_hz, 1, subtype, format=container) as file:
        for _ in range(round(hours * 60)):
            file.write(np.zeros(60 * rate_hz, np.float32))
    return output.getvalue()


@pytest.mark.parametrize(
    ("container", "subtype", "rate_hz", "hours"),
    [("FLAC", "PCM_16", 16_000, 4), ("OGG", "OPUS", 8_000, 0.5), ("MP3", "MPEG_LAYER_III", 8_000, 0.5)],
)
def test_small_file_of_hours_is_refused_with_little_memory(
    container: str, subtype: str, rate_hz: int, hours: float
) -> None:
    bomb = silence(container, subtype, rate_hz, hours=hours)
    limits = DecodeLimits(max_duration_s=60)
    assert len(bomb) < 2_000_000
    tracemalloc.start()
    try:
        with pytest.raises(AudioTooLong, match="60 s"):
            decode(bomb, limits=limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 16_000 * 4 * 2 + len(bomb)


def without_length(flac: bytes) -> bytes:
    """As an encoder to a pipe leaves it: RFC 9639, section 8.2, a total of 0 samples is "unknown"."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def test_flac_that_hides_its_length_is_refused_while_decoding() -> None:
    bomb = without_length(silence("FLAC", "PCM_16", 16_000, hours=1))
    tracemalloc.start()
    try:
        with pytest.raises(AudioTooLong, match="60 s"):
            decode(bomb, limits=DecodeLimits(max_duration_s=60))
        assert tracemalloc.get_traced_memory()[1] < 60 * 16_000 * 4 * 2 + len(bomb)
    finally:
        tracemalloc.stop()


def test_flac_from_a_pipe_is_whole(sound_files: dict[str, bytes]) -> None:
    audio = decode(without_length(sound_files["flac"]))
    np.testing.assert_array_equal(audio.samples, decode(sound_files["flac"]).samples)
    assert not audio.truncated


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"", b"RIFF\xff\xff\0\0WAVE", b"fLaC", b"OggS\0\x02", b"ID3", b"\xff\xfb\x90d", b"\xff\xf1"]),
    st.binary(max_size=3000),
)
def test_random_bytes_give_a_sound_or_an_audio_error(start: bytes, rest: bytes) -> None:
    try:
        audio = decode(start + rest, limits=DecodeLimits(max_duration_s=30))
    except AudioError:
        return
    assert np.isfinite(audio.samples).all()


@pytest.mark.parametrize(
    "kind", ["wav 24 bit stereo", "wav float", "flac", "ogg vorbis", "ogg opus", "webm opus", "mp3", "m4a", "aac adts"]
)
def test_flipped_bits_give_a_sound_or_an_audio_error(
    kind: str, sound_files: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    whole = np.frombuffer(sound_files[kind], np.uint8)
    rng = np.random.default_rng(0)
    for trial in range(60):
        reach = len(whole) if trial % 2 else min(200, len(whole))
        broken: NDArray[np.uint8] = whole.copy()
        at = rng.integers(0, reach, rng.integers(1, 12))
        broken[at] ^= (1 << rng.integers(0, 8, len(at))).astype(np.uint8)
        try:
            audio = decode(broken.tobytes(), limits=DecodeLimits(max_duration_s=30))
        except AudioError:
            continue
        assert np.isfinite(audio.samples).all()
        assert np.abs(audio.samples).max(initial=0) < 4
    assert capfd.readouterr().err == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    channels=st.integers(0, 65_535),
    rate_hz=st.integers(0, 2**32 - 1),
    bits=st.integers(0, 64),
    encoding=st.integers(0, 3),
)
def test_any_wav_header_gives_a_sound_or_an_audio_error(channels: int, rate_hz: int, bits: int, encoding: int) -> None:
    frame = channels * bits // 8 % 2**16
    fmt = struct.pack("<HHIIHH", encoding, channels, rate_hz, 0, frame, bits)
    data = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", 4000) + bytes(4000)
    try:
        audio = decode(data)
    except AudioError:
        return
    assert len(audio.samples)
