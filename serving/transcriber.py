"""Stages 1 to 5 inside the server: the front end off the event loop, recognition in shared batches.

The stages are `asr.pipeline`'s own. Knows no HTTP.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from asr.convention import Convention
from asr.decode import PcmFormat
from asr.front_end import Located, Piece, Prepared
from asr.pipeline import Pipeline, Transcription, conclude
from serving.batching import Batcher, Expected, Recognized
from serving.errors import Overloaded
from serving.front_end_pool import FrontEndPool

PIECES_AT_ONCE: Final = 4
"""Pieces of one long recording that wait or run together; the rest comes after, so that one file fills no queue."""

USUAL_S: Final = 2.0
"""Length of a query, before any has come."""
MEMORY: Final = 0.05
"""Weight of the newest recording in the running mean of lengths."""
MUCH_LONGER: Final = 2.0
"""What turns out so much longer than the usual query was promised nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer may take; it grows with the audio."""

    base_s: float
    per_audio_s: float

    def time_s(self, audio_s: float) -> float:
        """From arrival to the moment by which that much audio must be recognized."""
        return self.base_s + self.per_audio_s * audio_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One recording and how it is to be written."""

    data: bytes
    convention: Convention
    max_duration_s: float
    pcm: PcmFormat | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a recording says, and its sound."""

    transcription: Transcription
    located: Located | None
    """See `Prepared.located`."""


class Transcriber:
    """A pipeline whose recognizer is shared by all requests."""

    def __init__(self, pipeline: Pipeline, batcher: Batcher, front_end: FrontEndPool, patience: Patience) -> None:
        self._pipeline = pipeline
        self._batcher = batcher
        self._front_end = front_end
        self._patience = patience
        self._usual_s = USUAL_S

    @property
    def model_id(self) -> str:
        """Whose words these are."""
        return self._pipeline.recognizer.model_id

    def check_room(self) -> None:
        """Raise Overloaded or Draining at once where a short query would be turned away after decoding."""
        deadline = time.monotonic() + self._patience.time_s(self._usual_s)
        self._batcher.check_room(audio_s=self._usual_s, deadline=deadline, in_s=self._front_end.wait_s)

    async def transcribe(self, request: Request) -> Transcription:
        """Transcribe one recording, whole. Raises what decoding raises, Overloaded or Draining."""
        return (await self.hear(request)).transcription

    async def hear(self, request: Request) -> Heard:
        """The same, with the sound for whoever listens again. Raises what `transcribe` raises."""
        arrived = time.monotonic()
        prepared = await self._prepare(request, arrived)
        async with aclosing(self._recognize(prepared, arrived)) as recognized:
            transcription = self._conclude(request, prepared, [one async for one in recognized])
        return Heard(transcription, prepared.located)

    async def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        """The text piece by piece, each as soon as it is ready, in order; at the end the whole.

        Raises what `transcribe` raises.
        """
        arrived = time.monotonic()
        prepared = await self._prepare(request, arrived)
        done: list[Recognized] = []
        gap = ""
        async with aclosing(self._recognize(prepared, arrived)) as recognized:
            async for one in recognized:
                piece = replace(prepared, pieces=(prepared.pieces[len(done)],), untranscribed=())
                done.append(one)
                if said := self._conclude(request, piece, [one]).text:
                    yield gap + said
                    gap = " "
        yield self._conclude(request, prepared, done)

    def close(self) -> None:
        """Let go of the front end's threads and processes."""
        self._front_end.close()

    async def _prepare(self, request: Request, arrived: float) -> Prepared:
        limits = replace(self._pipeline.limits, max_duration_s=request.max_duration_s)
        with self._batcher.expecting(self._usual_s, deadline=arrived + self._patience.time_s(self._usual_s)):
            prepared = await self._front_end.prepare(request.data, replace(self._pipeline, limits=limits), request.pcm)
        if len(prepared.pieces) == 1:
            self._usual_s += MEMORY * (prepared.pieces[0].audio.duration_s - self._usual_s)
        return prepared

    def _conclude(self, request: Request, prepared: Prepared, recognized: list[Recognized]) -> Transcription:
        pipeline = replace(self._pipeline, convention=request.convention)
        prepared.timings_ms["queue"] = sum(one.queue_s for one in recognized) * 1e3
        prepared.timings_ms["recognize"] = sum(one.recognize_s for one in recognized) * 1e3
        return conclude(prepared, [one.hypothesis for one in recognized], pipeline)

    async def _recognize(self, prepared: Prepared, arrived: float) -> AsyncGenerator[Recognized, None]:
        """The pieces' hypotheses, in order."""
        lengths_s = [piece.audio.duration_s for piece in prepared.pieces]
        deadline = arrived + self._patience.time_s(sum(lengths_s))
        if len(prepared.pieces) == 1:
            promised = lengths_s[0] <= MUCH_LONGER * self._usual_s
            yield await self._batcher.recognize(prepared.pieces[0].audio, deadline=deadline, promised=promised)
        elif prepared.pieces:
            self._batcher.check_room(audio_s=sum(lengths_s), deadline=deadline, at_once_s=max(lengths_s))
            with self._batcher.expecting(sum(lengths_s), deadline=deadline) as expected:
                async with aclosing(self._recognize_long(prepared.pieces, expected)) as recognized:
                    async for one in recognized:
                        yield one

    async def _recognize_long(self, pieces: Sequence[Piece], expected: Expected) -> AsyncGenerator[Recognized, None]:
        """A few pieces at a time, and all of them cancelled when nobody listens any more."""
        room = asyncio.Semaphore(PIECES_AT_ONCE)
        tasks = [asyncio.ensure_future(self._patiently(piece, expected, room)) for piece in pieces]
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()

    async def _patiently(self, piece: Piece, expected: Expected, room: asyncio.Semaphore) -> Recognized:
        """A piece of a long recording: it waits for room, as long as the whole has time."""
        async with room:
            expected.audio_s -= piece.audio.duration_s
            while True:
                try:
                    return await self._batcher.recognize(piece.audio, deadline=expected.deadline)
                except Overloaded as refusal:
                    if time.monotonic() + refusal.retry_after_s >= expected.deadline:
                        raise
                    await asyncio.sleep(refusal.retry_after_s)
