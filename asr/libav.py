"""Blocks of sound through FFmpeg's libraries (PyAV): mp4, webm, mp3, opus, adts and what libsndfile refuses.

Reads from memory only: the demuxer is named, never guessed, and every protocol is forbidden, so that a hostile
playlist cannot make the server open files or addresses.
"""

import io
from collections.abc import Iterator
from typing import Final

import av
import numpy as np

from asr.audio import Samples
from asr.errors import UndecodableAudio, UnsupportedAudio
from asr.libsndfile import Block

BLOCK_FRAMES: Final = 1 << 15
SHORTFALL_S: Final = 0.15
"""Codec delay and padding make a whole file this much shorter than its header says, never more."""

MAX_CHANNELS: Final = 8
"""As many planes as a frame holds by itself; PyAV reads beyond them."""

DTYPES: Final = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def file_blocks(data: bytes, demuxer: str) -> Iterator[Block]:
    """The first sound track of a file.

    Raises:
        UndecodableAudio: not a file of this format, or no sound in it could be decoded.
    """
    try:
        container = av.open(
            io.BytesIO(data), "r", format=demuxer, options={"protocol_whitelist": ""}, metadata_errors="ignore"
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UndecodableAudio("FFmpeg cannot read this file") from error
    with container:
        if not container.streams.audio:
            raise UndecodableAudio("the file has no sound track")
        yield from _blocks(container)


def _blocks(container: av.container.InputContainer) -> Iterator[Block]:
    track = container.streams.audio[0]
    promised_s = (container.duration or 0) / av.time_base
    pending: list[Samples] = []
    form: tuple[int, int] | None = None
    pending_frames = given = 0
    gap = False
    for frame in _frames(container, track):
        if frame is None:
            gap = True
            continue
        samples = _samples(frame)
        if form not in (None, (frame.sample_rate, samples.shape[1])):
            raise UndecodableAudio("the file changes its sample rate or channels half-way")
        form = frame.sample_rate, samples.shape[1]
        pending.append(samples)
        pending_frames += len(samples)
        given += len(samples)
        if pending_frames >= BLOCK_FRAMES:
            yield Block(np.concatenate(pending), form[0])
            pending, pending_frames = [], 0
    if form is None:
        raise UndecodableAudio("no sound in the file could be decoded")
    rate_hz, channels = form
    pending.append(np.empty((0, channels), np.float32))
    short = promised_s - given / rate_hz > SHORTFALL_S
    yield Block(np.concatenate(pending), rate_hz, truncated=gap or short)


def _frames(
    container: av.container.InputContainer, track: av.audio.stream.AudioStream
) -> Iterator[av.AudioFrame | None]:
    """Decoded frames; None stands for a place where the file is broken."""
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, OSError, ValueError):
            yield None
            return
        try:
            yield from packet.decode()
        except (av.FFmpegError, OSError, ValueError):
            yield None


def _samples(frame: av.AudioFrame) -> Samples:
    """Shape (frames, channels), full scale is [-1, 1].

    Read from the planes, since PyAV's own `to_ndarray` takes one plane too many where there are eight, and crashes.
    """
    channels = frame.layout.nb_channels
    if channels > MAX_CHANNELS:
        raise UnsupportedAudio(f"{channels} channels; 1 to {MAX_CHANNELS} are allowed")
    dtype = np.dtype(DTYPES[frame.format.packed.name])
    if frame.format.is_planar:
        planes = frame.planes[:channels]
        values = np.stack([np.frombuffer(memoryview(plane), dtype, count=frame.samples) for plane in planes], axis=1)
    else:
        values = np.frombuffer(memoryview(frame.planes[0]), dtype, count=frame.samples * channels).reshape(-1, channels)
    if dtype.kind == "f":
        return values.astype(np.float32)
    samples = values.astype(np.float32) * np.float32(2.0 ** (1 - 8 * dtype.itemsize))
    return samples - np.float32(1) if dtype.kind == "u" else samples
