"""An older system, or anybody who speaks OpenAI's transcription API, as a variant.

It gets the recording as it came. Our own front end measures the same recording, so that its events tell what all
others do. Whatever goes wrong there is a RecognizerFailed, or Overloaded where it says so; nothing is tried again.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import httpx

from asr.audio import Audio
from asr.pipeline import Pipeline, Transcription
from asr.recognizer import Hypothesis, never_cancelled
from serving.errors import Draining, Overloaded, RecognizerFailed, VariantUnavailable
from serving.front_end_pool import FrontEndPool
from serving.transcriber import Heard, Request
from serving.variants.external_answer import UnusableAnswer, read_answer
from serving.variants.listener import Queue
from serving.variants.recording_file import as_file
from serving.variants.variant import Variant

MAX_ANSWER_BYTES: Final = 2**20
"""A transcript of an hour has 50 kB, and its segments ten times that."""
AT_ONCE: Final = 32
"""Recordings that the older system has at one time."""
RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Stands where a pipeline has its recognizer: this one gets whole recordings, and not from the pipeline."""

    model_id: str
    max_duration_s: float = 30.0

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        """Raises RecognizerFailed."""
        raise RecognizerFailed(f"{self.model_id} takes recordings, not pieces of them")


class External:
    """The older system behind an address; a `Listener`."""

    def __init__(
        self, client: httpx.AsyncClient, variant: Variant, pipeline: Pipeline, front_end: FrontEndPool
    ) -> None:
        self._client = client
        self._variant = variant
        self._pipeline = pipeline
        self._front_end = front_end
        self._inside = 0
        self._usual_s = 0.0
        self._draining = False

    @classmethod
    def of(cls, variant: Variant, pipeline: Pipeline, front_end: FrontEndPool) -> "External":
        """Raises VariantUnavailable where the variable of its key is not set, or holds what cannot be a key."""
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        headers = {"accept-encoding": "identity"} | authorization(variant.key_variable)
        client = httpx.AsyncClient(headers=headers, timeout=variant.timeout_s, limits=limits)
        return cls(client, variant, pipeline, front_end)

    @property
    def model_id(self) -> str:
        """As the older system knows it."""
        return self._pipeline.recognizer.model_id

    @property
    def queue(self) -> Queue:
        """What is known of it from here."""
        wait_s = self._usual_s if self._inside >= AT_ONCE else 0.0
        return Queue(waiting_audio_s=0.0, busy=self._inside, workers=AT_ONCE, wait_s=wait_s)

    def start(self) -> None:
        """There is nothing to start."""

    def check_room(self) -> None:
        """See `Listener.check_room`."""
        if self._draining:
            raise Draining("the variant is being unloaded")
        if self._inside >= AT_ONCE:
            raise Overloaded(f"{self._variant.name} has {AT_ONCE} recordings", max(RETRY_S, self._usual_s))

    async def hear(self, request: Request) -> Heard:
        """See `Listener.hear`; a recording that cannot be decoded is not sent on."""
        self.check_room()
        self._inside += 1
        try:
            limits = replace(self._pipeline.limits, max_duration_s=request.max_duration_s)
            prepared = await self._front_end.prepare(request.data, replace(self._pipeline, limits=limits), request.pcm)
            started = time.perf_counter()
            answer = await self._ask(request)
            self._usual_s = time.perf_counter() - started
            prepared.timings_ms["recognize"] = self._usual_s * 1e3
            heard = read_answer(answer, prepared, request.convention, model=self.model_id)
        except UnusableAnswer as error:
            raise self._failed(f"gave no usable answer: {error}") from None
        finally:
            self._inside -= 1
        return Heard(heard, prepared.located)

    async def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        """See `Listener.stream`: the text in one piece."""
        transcription = (await self.hear(request)).transcription
        if transcription.text:
            yield transcription.text
        yield transcription

    def prioritise(self, niceness: int) -> None:
        """There is nothing of it here."""

    async def close(self, drain_s: float) -> None:
        """See `Listener.close`."""
        self._draining = True
        end = time.monotonic() + drain_s
        while self._inside and time.monotonic() < end:
            await asyncio.sleep(0.01)
        await self._client.aclose()
        await asyncio.to_thread(self._front_end.close)

    async def _ask(self, request: Request) -> bytes:
        """The answer's bytes."""
        url = f"{(self._variant.url or '').rstrip('/')}/audio/transcriptions"
        form = {"model": self.model_id, "response_format": "verbose_json"}
        files = {"file": as_file(request.data, request.pcm)}
        try:
            async with (
                asyncio.timeout(self._variant.timeout_s),
                self._client.stream("POST", url, data=form, files=files) as answer,
            ):
                self._check_status(answer)
                return await self._read(answer)
        except TimeoutError:
            raise self._failed(f"did not answer in {self._variant.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # its message may repeat a password of the address
            raise self._failed(f"could not be asked: {type(error).__name__}") from None

    def _check_status(self, answer: httpx.Response) -> None:
        if answer.status_code in {429, 503}:
            raise Overloaded(f"{self._variant.name} has no room", _retry_after_s(answer.headers.get("retry-after", "")))
        if answer.status_code != 200:
            raise self._failed(f"answered with status {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise self._failed("answered in an encoding that it was not asked for")

    async def _read(self, answer: httpx.Response) -> bytes:
        received = bytearray()
        async for part in answer.aiter_raw():
            received += part
            if len(received) > MAX_ANSWER_BYTES:
                raise self._failed(f"answered with more than {MAX_ANSWER_BYTES} bytes")
        return bytes(received)

    def _failed(self, what: str) -> RecognizerFailed:
        return RecognizerFailed(f"{self._variant.name} {what}")


def authorization(variable: str | None) -> dict[str, str]:
    """The header with the key of that variable. Raises VariantUnavailable where it holds none."""
    if variable is None:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise VariantUnavailable(f"the environment variable {variable} holds no API key")
    return {"authorization": f"Bearer {key}"}


def _retry_after_s(text: str) -> float:
    """Of the header, where it holds seconds."""
    return min(float(text), LONGEST_RETRY_S) if text.isascii() and text.isdigit() else RETRY_S
