"""Recordings as files for other systems."""

import numpy as np
import pytest

from asr.decode import Encoding, PcmFormat, decode
from serving.variants.recording_file import as_file
from tests.conftest import Recording


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("channels", [1, 2])
def test_raw_samples_get_a_header_that_says_the_same(encoding: Encoding, channels: int) -> None:
    pcm = PcmFormat(sample_rate_hz=16_000, channels=channels, encoding=encoding)
    time_s = np.arange(4_000) / 16_000
    sound = np.sin(2 * np.pi * 440 * time_s)
    bits = {"<f4": sound, ">i2": sound * 32767, "<i2": sound * 32767}
    kind = {Encoding.F32LE: "<f4", Encoding.S16BE: ">i2"}.get(encoding, "<i2")
    data = bits[kind].astype(kind).tobytes()[: 12 * 1_000]
    name, file = as_file(data, pcm)
    assert name == "recording.wav"
    np.testing.assert_allclose(decode(file).samples, decode(data, pcm=pcm).samples, atol=1e-6)


def test_a_sample_that_is_not_whole_is_left_out() -> None:
    _, file = as_file(b"\x01\x02\x03", PcmFormat(sample_rate_hz=16_000))
    assert len(file) == 44 + 2


def test_everything_else_stays_as_it_is_and_is_named_by_its_first_bytes(speech: list[Recording]) -> None:
    data = speech[0].path.read_bytes()
    assert as_file(data, None) == (f"recording{speech[0].path.suffix}", data)
    kinds = {b"RIFF....WAVE": "wav", b"OggS": "ogg", b"\x1aE\xdf\xa3": "webm", b"\0\0\0\x20ftypM4A": "m4a"}
    for first, ending in kinds.items():
        assert as_file(first, None) == (f"recording.{ending}", first)
    assert as_file(b"ID3", None)[0] == "recording.mp3"
