"""From the bytes of a sound file to mono float32 at 16 kHz.

Knows the formats by their first bytes and the limits on what a client may send; the codecs are libsndfile's and
FFmpeg's. Decoding goes block by block, so that a small file that expands to hours is refused with bounded memory.
Nothing is written to disk.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import soxr

from asr import channels, libsndfile, ogg, wav
from asr.audio import SAMPLE_RATE_HZ, Audio, Samples
from asr.errors import AudioTooLarge, AudioTooLong, UndecodableAudio, UnsupportedAudio
from asr.libsndfile import Block, Encoding, PcmFormat

__all__ = ["DecodeLimits", "Encoding", "PcmFormat", "decode", "needs_libav"]

FULL_SCALE: Final = np.float32(32767 / 32768)
"""The highest value of 16 bits; a sample at or above it is counted as clipped."""

LOSS_S: Final = 0.1
"""A file that gives this much less than its own last page says has lost something in the middle."""

Reader = Callable[[bytes], Iterator[Block]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What is refused."""

    max_bytes: int = 256 * 2**20
    max_duration_s: float = 3600.0
    """Decoded seconds; held while decoding."""
    max_channels: int = 8
    min_sample_rate_hz: int = 8_000
    max_sample_rate_hz: int = 192_000


def decode(data: bytes, *, limits: DecodeLimits = DecodeLimits(), pcm: PcmFormat | None = None) -> Audio:
    """The sound of a file as mono float32 at 16 kHz; `pcm` describes headerless samples.

    A file that ends early or is broken in the middle gives what can be heard, with `Audio.truncated` set.
    Channels are averaged, or the loudest is taken where they cancel each other; samples beyond full scale are cut
    to it; resampling is band-limited.

    Raises:
        AudioTooLarge: more bytes than `limits.max_bytes`.
        AudioTooLong: decodes to more than `limits.max_duration_s`.
        UnsupportedAudio: sample rate or number of channels outside the limits.
        UndecodableAudio: no sound file of a known format, without any sound, or with NaN or infinite samples.
    """
    if len(data) > limits.max_bytes:
        raise AudioTooLarge(f"the file has {len(data)} bytes; at most {limits.max_bytes} are allowed")
    if not data:
        raise UndecodableAudio("the file is empty")
    if pcm is not None:
        _check_format(pcm.sample_rate_hz, pcm.channels, limits)
        return _collect(partial(libsndfile.pcm_blocks, data, pcm), limits)
    if data[:4] == b"RIFF" and (header := wav.read_header(data)):
        return _decode_wav(data, header, limits)
    audio = _first_readable(data, _readers(data), limits)
    if data[:4] != b"OggS":
        return audio
    promised_s = ogg.duration_s(data)
    lost = promised_s is not None and audio.duration_s < promised_s - LOSS_S
    return replace(audio, truncated=True) if lost or ogg.is_cut(data) else audio


def needs_libav(data: bytes) -> bool:
    """Is this a format that only FFmpeg reads? Its binding holds the interpreter lock while it decodes."""
    try:
        return libsndfile.file_blocks not in _readers(data)
    except UndecodableAudio:
        return False


def _decode_wav(data: bytes, header: wav.WavHeader, limits: DecodeLimits) -> Audio:
    _check_format(header.sample_rate_hz, header.channels, limits)
    samples = wav.fast_samples(data, header)
    if samples is None:
        audio = _first_readable(data, (libsndfile.file_blocks, partial(_libav_blocks, demuxer="wav")), limits)
    else:
        audio = _collect(lambda: [Block(samples[:, None], header.sample_rate_hz)], limits)
    return replace(audio, truncated=True) if header.truncated else audio


def _readers(data: bytes) -> tuple[Reader, ...]:
    """Who can read a file that begins like this, the best first."""
    head = data[:12]
    if not head:
        raise UndecodableAudio("the file is empty")
    if head[:4] in (b"fLaC", b"FORM", b".snd", b"caff", b"RF64", b"RIFX"):
        demuxer = {b"fLaC": "flac", b"FORM": "aiff", b".snd": "au", b"caff": "caf"}.get(head[:4], "wav")
        return libsndfile.file_blocks, partial(_libav_blocks, demuxer=demuxer)
    if head[:4] == b"OggS":
        libav = partial(_libav_blocks, demuxer="ogg")
        return (libav,) if b"OpusHead" in data[:256] else (libsndfile.file_blocks, libav)
    if head[:4] == b"\x1aE\xdf\xa3":
        return (partial(_libav_blocks, demuxer="matroska"),)
    if head[4:8] == b"ftyp":
        return (partial(_libav_blocks, demuxer="mov"),)
    if head[:5] == b"#!AMR":
        return (partial(_libav_blocks, demuxer="amr"),)
    if head[:3] == b"ID3" or (head[0] == 0xFF and len(head) > 1 and head[1] & 0xE0 == 0xE0):
        adts = head[0] == 0xFF and head[1] & 0xF6 == 0xF0
        return (partial(_libav_blocks, demuxer="aac" if adts else "mp3"),)
    raise UndecodableAudio("not a sound file of a known format")


def _libav_blocks(data: bytes, demuxer: str) -> Iterator[Block]:
    from asr import libav  # 60 ms and 20 MB that a server of flac and wav never needs

    return libav.file_blocks(data, demuxer)


def _first_readable(data: bytes, readers: tuple[Reader, ...], limits: DecodeLimits) -> Audio:
    for reader in readers[:-1]:
        try:
            return _collect(partial(reader, data), limits)
        except UndecodableAudio:
            continue
    return _collect(partial(readers[-1], data), limits)


def _check_format(sample_rate_hz: int, channels: int, limits: DecodeLimits) -> None:
    if not 1 <= channels <= limits.max_channels:
        raise UnsupportedAudio(f"{channels} channels; 1 to {limits.max_channels} are allowed")
    if not limits.min_sample_rate_hz <= sample_rate_hz <= limits.max_sample_rate_hz:
        raise UnsupportedAudio(
            f"a sample rate of {sample_rate_hz} Hz; {limits.min_sample_rate_hz} to "
            f"{limits.max_sample_rate_hz} Hz are allowed"
        )


def _collect(read: Callable[[], Iterable[Block]], limits: DecodeLimits) -> Audio:
    """All of the sound; read twice where its channels cancel each other, which only its end tells."""
    average = channels.Average()
    audio = _mixed_down(read(), limits, average.mix)
    better = average.better_channel()
    return audio if better is None else _mixed_down(read(), limits, partial(channels.only, better))


def _mixed_down(blocks: Iterable[Block], limits: DecodeLimits, mix: Callable[[Samples], Samples]) -> Audio:
    """Check, count, mix down and resample block by block."""
    pieces: list[Samples] = []
    resampler: soxr.ResampleStream | None = None
    frames = values = clipped = 0
    truncated = False
    for block in blocks:
        rate_hz = block.sample_rate_hz
        if not frames:
            _check_format(rate_hz, block.samples.shape[1], limits)
            resampler = None if rate_hz == SAMPLE_RATE_HZ else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1)
        frames += len(block.samples)
        values += block.samples.size
        truncated |= block.truncated
        if max(frames, block.promised_frames) > limits.max_duration_s * rate_hz:
            raise AudioTooLong(f"more than {limits.max_duration_s:g} s of sound")
        samples, at_full_scale = _bounded(block.samples)
        clipped += at_full_scale
        mono = mix(samples)
        pieces.append(resampler.resample_chunk(mono) if resampler else mono)
    if not frames:
        raise UndecodableAudio("the file holds no sound")
    if resampler:
        pieces.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
    return Audio(np.concatenate(pieces) if len(pieces) > 1 else pieces[0], clipped / values, truncated)


def _bounded(samples: Samples) -> tuple[Samples, int]:
    """The samples cut to full scale, and how many stood at it."""
    if not samples.size:
        return samples, 0
    peak = max(float(samples.max()), -float(samples.min()))
    if not np.isfinite(peak):
        raise UndecodableAudio("the file has samples that are NaN or infinite")
    if peak < FULL_SCALE:
        return samples, 0
    return np.clip(samples, -1, 1), int(np.count_nonzero(np.abs(samples) >= FULL_SCALE))
