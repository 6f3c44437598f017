"""A variant whose engine runs on this machine: in this process, or in processes of its own. Knows no HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from asr.pipeline import Transcription
from serving.batching import Batcher
from serving.errors import RecognizerFailed
from serving.transcriber import Heard, Request, Transcriber
from serving.variants.listener import Queue
from serving.variants.process_recognizer import ProcessRecognizer


class Local:
    """A transcriber with its batcher, and the engines that have processes of their own; a `Listener`."""

    def __init__(self, transcriber: Transcriber, batcher: Batcher, engines: Sequence[ProcessRecognizer] = ()) -> None:
        self.transcriber = transcriber
        self.batcher = batcher
        self._engines = engines

    @property
    def model_id(self) -> str:
        """Whose words these are."""
        return self.transcriber.model_id

    @property
    def queue(self) -> Queue:
        """How full the batcher is."""
        batcher = self.batcher
        return Queue(
            waiting_audio_s=batcher.queued_audio_s,
            busy=batcher.busy_workers,
            workers=batcher.workers,
            wait_s=batcher.wait_s,
        )

    def start(self) -> None:
        """Start the workers."""
        self.batcher.start()

    def check_room(self) -> None:
        """See `Listener.check_room`."""
        if self._engines and all(engine.is_down for engine in self._engines):
            raise RecognizerFailed(f"the engine of {self.model_id} crashed again and again, and rests")
        self.transcriber.check_room()

    async def hear(self, request: Request) -> Heard:
        """See `Listener.hear`."""
        return await self.transcriber.hear(request)

    def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        """See `Listener.stream`."""
        return self.transcriber.stream(request)

    def prioritise(self, niceness: int) -> None:
        """One engine after the other gets another process, so that queries are answered meanwhile."""
        for engine in self._engines:
            engine.prioritise(niceness)

    async def close(self, drain_s: float) -> None:
        """Drain the batcher, end the processes."""
        await asyncio.to_thread(self._close, drain_s)

    def _close(self, drain_s: float) -> None:
        self.batcher.drain(drain_s)
        self.transcriber.close()
        for engine in self._engines:
            engine.close()
