"""Codecs: real encoders, whose delay is taken out, so that no cut can be faked by it."""

from dataclasses import replace

import numpy as np
import pytest

from asr.audio import Audio
from data_pipeline.simulation.codec import BIT_RATES_BPS, Codec, CodecName, rate_fault, through
from tests.data_pipeline.simulation.conftest import band_db, lag_ms

CODECS = [
    *(Codec(name=name) for name in CodecName),
    *(Codec(name=name, bit_rate_bps=rate) for name, rates in BIT_RATES_BPS.items() for rate in rates),
]
NARROWBAND = {CodecName.AMR_NB, CodecName.MU_LAW}


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_speech_comes_back_in_time_as_long_and_recognizably_the_same(query: Audio, codec: Codec) -> None:
    heard = through(query, [codec]).samples
    assert heard.shape == query.samples.shape
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert abs(lag_ms(query.samples, heard)) < 1.0
    assert float(np.corrcoef(query.samples, heard)[0, 1]) > 0.5
    assert not np.array_equal(query.samples, heard)


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_the_same_sound_gives_the_same_samples(query: Audio, codec: Codec) -> None:
    assert np.array_equal(through(query, [codec]).samples, through(query, [codec]).samples)


@pytest.mark.parametrize("name", CodecName)
def test_the_band_is_the_codecs(white: Audio, name: CodecName) -> None:
    heard = through(white, [Codec(name=name)])
    above_db = band_db(white.samples, heard.samples, low_hz=4200, high_hz=6000)
    assert above_db < -30 if name in NARROWBAND else above_db > -10


@pytest.mark.parametrize("name", [CodecName.OPUS, CodecName.AAC, CodecName.MP3])
def test_fewer_bits_lose_more(white: Audio, name: CodecName) -> None:
    lowest, highest = (
        band_db(white.samples, through(white, [Codec(name=name, bit_rate_bps=rate)]).samples - white.samples,
                low_hz=100, high_hz=7000)
        for rate in BIT_RATES_BPS[name]
    )  # fmt: skip
    assert lowest > highest


@pytest.mark.parametrize("name", CodecName)
@pytest.mark.parametrize("count", [0, 1, 37, 500])
def test_sound_shorter_than_a_codec_frame(query: Audio, name: CodecName, count: int) -> None:
    short = replace(query, samples=query.samples[12_000 : 12_000 + count])
    assert through(short, [Codec(name=name)]).samples.shape == (count,)


def test_codecs_in_a_row_stay_in_time(query: Audio) -> None:
    both = [Codec(name=CodecName.MSBC), Codec(name=CodecName.OPUS, bit_rate_bps=24_000)]
    heard = through(query, both)
    assert abs(lag_ms(query.samples, heard.samples)) < 1.0
    assert through(query, []) is query


def test_rates_that_a_codec_does_not_have_are_told() -> None:
    assert (
        rate_fault(Codec(name=CodecName.AMR_NB, bit_rate_bps=24_000)) == "amr-nb takes 4750 to 12200 bit/s, not 24000"
    )
    assert rate_fault(Codec(name=CodecName.MSBC, bit_rate_bps=60_000)) is not None
    assert not any(map(rate_fault, CODECS))
