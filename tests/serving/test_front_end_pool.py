"""The server's front end gives what the offline one gives, also where decoding happens in another process."""

import asyncio
import io
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from asr.decode import PcmFormat, decode, needs_libav
from asr.errors import UndecodableAudio
from asr.front_end import Prepared, prepare
from asr.loading import load_pipeline
from asr.pipeline import Pipeline
from serving.front_end_pool import MEMORY, FrontEndPool
from tests.conftest import Recording


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_pipeline()


@pytest.fixture
def pool() -> Iterator[FrontEndPool]:
    pool = FrontEndPool(2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def webm(query_clip: Path) -> bytes:
    """The query as a browser's recorder would send it."""
    samples: NDArray[np.float32] = decode(query_clip.read_bytes()).samples
    output = io.BytesIO()
    with av.open(output, "w", format="webm") as file:
        track = file.add_stream("libopus", rate=48_000, layout="mono")
        assert isinstance(track, av.AudioStream)
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=48_000, frame_size=960)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            file.mux(track.encode(piece))
    assert needs_libav(output.getvalue())
    return output.getvalue()


def offline(data: bytes, pipeline: Pipeline, pcm: PcmFormat | None = None) -> Prepared:
    audio = decode(data, pcm=pcm)
    return prepare(audio, pipeline.front_end, pipeline.detector, max_piece_s=pipeline.recognizer.max_duration_s)


def assert_same(one: Prepared, other: Prepared) -> None:
    assert len(one.pieces) == len(other.pieces) > 0
    for ours, theirs in zip(one.pieces, other.pieces, strict=True):
        np.testing.assert_array_equal(ours.audio.samples, theirs.audio.samples)
        assert (ours.span, ours.speech_probability) == (theirs.span, theirs.speech_probability)
    assert one.statistics == other.statistics
    assert one.untranscribed == other.untranscribed


def kill_decoders(spared: set[BaseProcess]) -> None:
    decoders = [child for child in multiprocessing.active_children() if child not in spared]
    assert decoders
    for child in decoders:
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.join(10)


def test_a_recording_is_the_same_online_and_offline(
    pool: FrontEndPool, pipeline: Pipeline, speech: list[Recording]
) -> None:
    files = [recording.path.read_bytes() for recording in speech[::6]]

    async def together() -> list[Prepared]:
        return await asyncio.gather(*(pool.prepare(data, pipeline) for data in files))

    for data, prepared in zip(files, asyncio.run(together()), strict=True):
        assert_same(prepared, offline(data, pipeline))
        assert prepared.timings_ms.keys() == {"decode", "vad", "loudness"}


def test_headerless_samples_are_the_same_online_and_offline(
    pool: FrontEndPool, pipeline: Pipeline, query_clip: Path
) -> None:
    data = (decode(query_clip.read_bytes()).samples * 32767).astype("<i2").tobytes()
    pcm = PcmFormat(sample_rate_hz=16_000)
    assert_same(asyncio.run(pool.prepare(data, pipeline, pcm)), offline(data, pipeline, pcm))


def test_a_file_decoded_in_a_process_is_the_same_online_and_offline(
    pool: FrontEndPool, pipeline: Pipeline, webm: bytes
) -> None:
    prepared = asyncio.run(pool.prepare(webm, pipeline))
    assert_same(prepared, offline(webm, pipeline))
    assert prepared.timings_ms.keys() == {"decode", "vad", "loudness"}


def test_an_error_of_the_process_reaches_the_caller(pool: FrontEndPool, pipeline: Pipeline, webm: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        asyncio.run(pool.prepare(webm[:40], pipeline))


def test_a_file_is_decoded_though_another_crashed_the_processes(
    pool: FrontEndPool, pipeline: Pipeline, webm: bytes
) -> None:
    others = set(multiprocessing.active_children())

    async def crash_between() -> Prepared:
        await pool.prepare(webm, pipeline)
        kill_decoders(others)
        return await pool.prepare(webm, pipeline)

    assert_same(asyncio.run(crash_between()), offline(webm, pipeline))


def test_a_file_that_crashes_every_decoder_is_an_error_and_the_next_is_decoded(
    pool: FrontEndPool, pipeline: Pipeline, webm: bytes
) -> None:
    others = set(multiprocessing.active_children())
    done = threading.Event()

    def kill_all() -> None:
        while not done.wait(0.001):
            if set(multiprocessing.active_children()) - others:
                kill_decoders(others)

    with ThreadPoolExecutor(1) as killer:
        killing = killer.submit(kill_all)
        try:
            with pytest.raises(UndecodableAudio, match="crashes its decoder"):
                asyncio.run(pool.prepare(webm, pipeline))
        finally:
            done.set()
        killing.result(10)
    assert_same(asyncio.run(pool.prepare(webm, pipeline)), offline(webm, pipeline))


def test_a_pool_that_is_closed_leaves_no_process(pipeline: Pipeline, webm: bytes) -> None:
    others = set(multiprocessing.active_children())
    pool = FrontEndPool(1)
    asyncio.run(pool.prepare(webm, pipeline))
    assert set(multiprocessing.active_children()) != others
    pool.close()
    assert set(multiprocessing.active_children()) == others


def test_the_predicted_wait_counts_who_is_inside_and_learns_what_they_take(
    pool: FrontEndPool, pipeline: Pipeline, query_clip: Path
) -> None:
    async def waits() -> tuple[float, float, Prepared]:
        idle_s = pool.wait_s
        running = asyncio.create_task(pool.prepare(query_clip.read_bytes(), pipeline))
        await asyncio.sleep(0)
        return idle_s, pool.wait_s, await running

    idle_s, busy_s, prepared = asyncio.run(waits())
    assert busy_s == pytest.approx(idle_s * 1.5)
    taken_s = sum(prepared.timings_ms.values()) / 1e3
    assert pool.wait_s == pytest.approx(idle_s + MEMORY * (taken_s - idle_s))
