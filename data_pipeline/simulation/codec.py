"""What a codec does to sound: through a real encoder (FFmpeg's, by PyAV) and back, in memory.

Knows each codec's file format and delay. The delay is taken out again, so that what a device cuts off is not mixed up
with what its codec moves. There is no encoder for AMR-WB, EVS, CVSD, GSM and Speex in PyAV's build.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, cast

import numpy as np
import soxr
from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples

if TYPE_CHECKING:
    from av.audio.stream import AudioStream


class CodecName(StrEnum):
    """The codecs, as a profile names them."""

    OPUS = "opus"
    """What apps and browsers send."""
    AAC = "aac"
    """What Apple's browsers and recorders send."""
    MP3 = "mp3"
    AMR_NB = "amr-nb"
    """Narrowband of GSM and UMTS calls: 3GPP TS 26.071; rates from 4750 to 12200 bit/s."""
    MU_LAW = "mu-law"
    """Telephone lines: ITU-T G.711."""
    G722 = "g722"
    """Wideband telephones: ITU-T G.722."""
    MSBC = "msbc"
    """Bluetooth's wideband speech: Hands-Free Profile 1.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """A codec and its rate."""

    name: CodecName
    bit_rate_bps: Annotated[int, Field(gt=0)] | None = None
    """None takes the encoder's default, or the only one that the codec has."""

    def __str__(self) -> str:
        return self.name if self.bit_rate_bps is None else f"{self.name} {self.bit_rate_bps / 1000:g} kbit/s"


BIT_RATES_BPS: Final = {
    CodecName.OPUS: (6_000, 256_000),
    CodecName.AAC: (8_000, 128_000),
    CodecName.MP3: (8_000, 160_000),
    CodecName.AMR_NB: (4_750, 12_200),
}
"""Lowest and highest; of mono sound at 16 kHz, AMR at 8 kHz. The others have one rate, which is not named."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How to go through a codec."""

    encoder: str
    muxer: str
    demuxer: str
    rate_hz: int
    sample_format: str = "s16"
    """That the encoder takes."""
    delay: int = 0
    """Samples at `rate_hz` by which the decoded sound comes late, where its file format does not tell."""
    options: tuple[tuple[str, str], ...] = ()


_WAYS: Final = {
    CodecName.OPUS: _Way("libopus", "ogg", "ogg", 16_000, options=(("application", "voip"),)),
    CodecName.AAC: _Way("aac", "mp4", "mov", 16_000, "fltp", delay=1024),
    CodecName.MP3: _Way("libmp3lame", "mp3", "mp3", 16_000, "s16p"),
    CodecName.AMR_NB: _Way("libopencore_amrnb", "amr", "amr", 8_000, delay=40),
    CodecName.MU_LAW: _Way("pcm_mulaw", "wav", "wav", 8_000),
    CodecName.G722: _Way("g722", "g722", "g722", 16_000, delay=22),
    CodecName.MSBC: _Way("sbc", "sbc", "sbc", 16_000, delay=73, options=(("msbc", "1"),)),
}


def rate_fault(codec: Codec) -> str | None:
    """What is wrong with a codec's rate: encoders silently take the nearest one that they have."""
    if codec.bit_rate_bps is None:
        return None
    if codec.name not in BIT_RATES_BPS:
        return f"{codec.name} has one bit rate: leave out `bit_rate_bps`"
    lowest, highest = BIT_RATES_BPS[codec.name]
    known = lowest <= codec.bit_rate_bps <= highest
    return None if known else f"{codec.name} takes {lowest} to {highest} bit/s, not {codec.bit_rate_bps}"


def through(audio: Audio, codecs: Iterable[Codec]) -> Audio:
    """The recording after each codec in turn, in time with the original and as long."""
    for codec in codecs:
        audio = replace(audio, samples=_through(audio.samples, codec))
    return audio


def _through(samples: Samples, codec: Codec) -> Samples:
    way = _WAYS[codec.name]
    lead = -(-way.delay * SAMPLE_RATE_HZ // way.rate_hz)
    flushed = np.concatenate([samples, np.zeros(lead + SAMPLE_RATE_HZ // 20, np.float32)])
    decoded = _decode(_encode(_resampled(flushed, SAMPLE_RATE_HZ, way.rate_hz), way, codec.bit_rate_bps), way)
    return np.pad(decoded, (0, max(0, len(samples) - len(decoded))))[: len(samples)]


def _encode(samples: Samples, way: _Way, bit_rate_bps: int | None) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=way.muxer) as container:
        options = dict(way.options)
        added = container.add_stream(way.encoder, rate=way.rate_hz, layout="mono", options=options)
        stream = cast("AudioStream", added)
        if bit_rate_bps:
            stream.bit_rate = bit_rate_bps
        pcm = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = way.rate_hz
        for part in av.AudioResampler(way.sample_format, "mono", way.rate_hz).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


def _decode(data: bytes, way: _Way) -> Samples:
    from asr.libav import file_blocks

    blocks = list(file_blocks(data, way.demuxer))
    rate_hz = blocks[0].sample_rate_hz
    samples = np.concatenate([block.samples[:, 0] for block in blocks])
    return _resampled(samples[way.delay * rate_hz // way.rate_hz :], rate_hz, SAMPLE_RATE_HZ)


def _resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    return samples if from_hz == to_hz else np.asarray(soxr.resample(samples, from_hz, to_hz), np.float32)
