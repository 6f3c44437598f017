"""The front end off the event loop: on threads, and decoding that holds the interpreter lock in processes.

libsndfile, soxr and onnxruntime let other threads run while they work; FFmpeg's binding does not (measured: two
threads decode webm no faster than one), and a codec that crashes takes its process with it. So formats that only
FFmpeg reads are decoded in processes of their own, which are started when the first such file comes. Long files have a
lane of their own, so that short queries never wait behind them. Knows no HTTP.
"""

import asyncio
import logging
import multiprocessing
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Final

from asr.audio import Audio
from asr.decode import DecodeLimits, PcmFormat, decode, needs_libav
from asr.errors import UndecodableAudio
from asr.front_end import Prepared
from asr.pipeline import Pipeline, decode_and_prepare, prepare_for

logger = logging.getLogger(__name__)

LONG_BYTES: Final = 2**20
"""More than this is no short query: a minute of FLAC, half a minute of WAV, several minutes of Opus."""
INITIAL_S: Final = 0.005
MEMORY: Final = 0.05
"""Weight of the newest recording in the running mean of what one takes."""
MOST: Final = 10.0
"""A recording counts as at most that many times slower than the mean: the first one starts its process."""


class FrontEndPool:
    """Stages 1 to 3 for many requests at once."""

    def __init__(self, workers: int) -> None:
        self._short = Lane(workers)
        self._long = Lane(1)

    @property
    def wait_s(self) -> float:
        """Predicted time until a short recording that comes now leaves the front end."""
        return self._short.wait_s

    async def prepare(self, data: bytes, pipeline: Pipeline, pcm: PcmFormat | None = None) -> Prepared:
        """Decode, find speech, bring to one level. Raises what `asr.decode.decode` raises."""
        lane = self._long if len(data) > LONG_BYTES else self._short
        return await lane.prepare(data, pipeline, pcm)

    def close(self) -> None:
        """Let go of threads and processes."""
        self._short.close()
        self._long.close()


class Lane:
    """Threads, and processes for what must not run on threads; each recording waits for those before it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, "front-end")
        self._processes: ProcessPoolExecutor | None = None
        self._inside = 0
        self._mean_s = INITIAL_S

    @property
    def wait_s(self) -> float:
        """Predicted time until a recording that comes now is prepared."""
        return self._mean_s * (1 + self._inside / self._workers)

    async def prepare(self, data: bytes, pipeline: Pipeline, pcm: PcmFormat | None) -> Prepared:
        """See `FrontEndPool.prepare`."""
        self._inside += 1
        try:
            prepared = await self._prepare(data, pipeline, pcm)
        finally:
            self._inside -= 1
        took_s = sum(prepared.timings_ms.values()) / 1e3
        self._mean_s += MEMORY * (min(took_s, MOST * self._mean_s) - self._mean_s)
        return prepared

    def close(self) -> None:
        """Let go of threads and processes."""
        self._threads.shutdown(cancel_futures=True)
        if self._processes:
            self._processes.shutdown(cancel_futures=True)

    async def _prepare(self, data: bytes, pipeline: Pipeline, pcm: PcmFormat | None) -> Prepared:
        loop = asyncio.get_running_loop()
        if pcm is not None or not needs_libav(data):
            return await loop.run_in_executor(self._threads, partial(decode_and_prepare, data, pipeline, pcm=pcm))
        started = time.perf_counter()
        audio = await self._decode_apart(data, pipeline.limits)
        decode_ms = (time.perf_counter() - started) * 1e3
        prepared = await loop.run_in_executor(self._threads, prepare_for, audio, pipeline)
        prepared.timings_ms["decode"] = decode_ms
        return prepared

    async def _decode_apart(self, data: bytes, limits: DecodeLimits) -> Audio:
        """A crash fails every file that the pool holds; each is tried once more, alone, to see whose fault it was."""
        work = partial(decode, data, limits=limits)
        loop = asyncio.get_running_loop()
        pool = self._processes = self._processes or _processes(self._workers)
        try:
            return await loop.run_in_executor(pool, work)
        except BrokenProcessPool:
            logger.error("a codec crashed")
            if self._processes is pool:
                self._processes = None
        alone = _processes(1)
        try:
            return await loop.run_in_executor(alone, work)
        except BrokenProcessPool:
            raise UndecodableAudio("the file crashes its decoder") from None
        finally:
            alone.shutdown(wait=False, cancel_futures=True)


def _processes(workers: int) -> ProcessPoolExecutor:
    """Spawned, since a forked child would inherit locks that other threads hold."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """In a process of the pool: do not outlive a server that was killed."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
