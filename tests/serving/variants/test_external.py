"""Older systems that take part: our own server as one of them, and such as nobody would want."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from asr import convention
from asr.decode import PcmFormat
from asr.errors import AudioTooLong, UndecodableAudio
from asr.pipeline import Transcription
from asr.registry import read_registry
from serving.errors import Draining, Overloaded, RecognizerFailed, VariantUnavailable
from serving.settings import Settings
from serving.transcriber import Request
from serving.variants.external import AT_ONCE, MAX_ANSWER_BYTES, External
from serving.variants.loaded import champion_of, load_variant, open_variant
from serving.variants.opening import open_external
from serving.variants.variant import Variant
from tests.serving.conftest import LiveServer
from tests.serving.fake_recognizer import run
from tests.serving.variants.other_system import OK, OtherSystem, running

SETTINGS = Settings()


def asked(data: bytes, **changed: object) -> Request:
    fields: dict[str, object] = {"data": data, "convention": convention.SEARCH, "max_duration_s": 60.0, **changed}
    return Request(**fields)  # type: ignore[arg-type]  # the test's own


@asynccontextmanager
async def external(url: str, *, timeout_s: float = 5.0, key_variable: str | None = None) -> AsyncIterator[External]:
    variant = Variant(name="old", model="whisper-1", url=url, timeout_s=timeout_s, key_variable=key_variable)
    listener = open_external(variant, SETTINGS, read_registry())
    try:
        yield listener
    finally:
        await listener.close(1.0)


def test_our_own_server_takes_part_as_the_older_system(server: LiveServer, query_clip: Path) -> None:
    async def scene() -> None:
        registry, data = read_registry(), query_clip.read_bytes()
        champion = open_variant(champion_of(SETTINGS), SETTINGS, registry, isolated=False)
        champion.start()
        variant = Variant(name="old", model="whisper-1", url=f"{server.base_url}/v1/", timeout_s=20)
        old = await load_variant(variant, SETTINGS, registry, isolated=True)
        ours, theirs = [await one.transcribe(asked(data)) for one in (champion, old)]
        assert theirs.text == ours.text == "what time is it"
        assert theirs.confidence == pytest.approx(ours.confidence, abs=1e-3)
        assert theirs.statistics == ours.statistics
        assert theirs.model == old.model_id == "whisper-1"
        assert theirs.timings_ms.keys() >= {"decode", "vad", "loudness", "recognize"}
        parts = [part async for part in old.stream(asked(data))]
        assert parts[0] == "what time is it"
        assert isinstance(parts[1], Transcription)
        for one in (champion, old):
            await one.close(1.0)

    run(scene())


def test_it_gets_the_recording_as_it_came_its_model_and_its_key(
    query_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        data = query_clip.read_bytes()
        async with running(OtherSystem()) as system, external(system.url, key_variable="OLD_KEY") as old:
            heard = await old.hear(asked(data))
        assert heard.transcription.text == "what time is it"
        assert heard.located
        (request,) = system.requests
        assert request.startswith(b"POST /v1/audio/transcriptions HTTP/1.1\r\n")
        assert data in request
        for part in (b"Bearer s3cret\r\n", b"whisper-1", b"verbose_json", b'filename="recording.flac"'):
            assert part in request

    monkeypatch.setenv("OLD_KEY", "s3cret")
    run(scene())


def test_raw_samples_are_sent_with_a_header(query_clip: Path) -> None:
    async def scene() -> None:
        samples = bytes(range(256)) * 100
        async with running(OtherSystem()) as system, external(system.url) as old:
            await old.hear(asked(samples, pcm=PcmFormat(sample_rate_hz=16_000)))
        assert b"RIFF" in system.requests[0]
        assert samples in system.requests[0]

    run(scene())


@pytest.mark.parametrize("key", [None, "", " ", "a\nb", "schlüssel"])
def test_without_a_key_it_is_not_loaded(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    monkeypatch.delenv("OLD_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("OLD_KEY", key)
    variant = Variant(name="old", url="http://127.0.0.1:9/v1", key_variable="OLD_KEY")
    with pytest.raises(VariantUnavailable, match="the environment variable OLD_KEY holds no API key"):
        open_external(variant, SETTINGS, read_registry())


def test_what_cannot_be_decoded_or_is_too_long_is_not_sent_on(query_clip: Path) -> None:
    async def scene() -> None:
        async with running(OtherSystem()) as system, external(system.url) as old:
            with pytest.raises(UndecodableAudio):
                await old.hear(asked(b"no sound"))
            with pytest.raises(AudioTooLong):
                await old.hear(asked(query_clip.read_bytes(), max_duration_s=1.0))
        assert system.requests == []

    run(scene())


HOSTILE = {
    "answered with status 500": OtherSystem(status="500 Oh"),
    "answered with status 401": OtherSystem(status="401 No"),
    "answered with status 307": OtherSystem(status="307 There", headers="Location: http://127.0.0.1:9/\r\n"),
    "no usable answer: text: Field required": OtherSystem(body=b'{"txt": "what"}'),
    "no usable answer: Invalid JSON": OtherSystem(body=b"<html>what</html>"),
    f"more than {MAX_ANSWER_BYTES} bytes": OtherSystem(body=b" " * (2 * MAX_ANSWER_BYTES) + OK),
    "in an encoding": OtherSystem(body=gzip.compress(OK), headers="Content-Encoding: gzip\r\n"),
    "could not be asked: RemoteProtocolError": OtherSystem(raw=b"\x00\xff" * 1_000),
    "could not be asked: Remote": OtherSystem(raw=b""),
    "did not answer in 0.3 s": OtherSystem(pause_s=5),
    "did not answer in 0.3 s$": OtherSystem(body=b" " * 900_000 + OK, pause_s=0.1),
}


@pytest.mark.parametrize("complaint", HOSTILE)
def test_whatever_an_older_system_does_is_one_error_in_time(complaint: str, query_clip: Path) -> None:
    async def scene() -> None:
        patient = 0.3 if "0.3" in complaint else 5.0
        async with running(HOSTILE[complaint]) as system, external(system.url, timeout_s=patient) as old:
            started = time.monotonic()
            with pytest.raises(RecognizerFailed, match=f"^old .*{complaint}"):
                await old.hear(asked(query_clip.read_bytes()))
            assert time.monotonic() - started < 4
            assert len(system.requests) == 1
            assert old.queue.busy == 0

    run(scene())


def test_nobody_there_is_an_error_that_does_not_tell_the_address(query_clip: Path) -> None:
    async def scene() -> None:
        async with external("http://user:secret@127.0.0.1:9/v1") as old:
            with pytest.raises(RecognizerFailed, match=r"^old could not be asked: ConnectError$"):
                await old.hear(asked(query_clip.read_bytes()))

    run(scene())


@pytest.mark.parametrize(
    ("status", "header", "retry_s"),
    [("429 Slow", "7", 7.0), ("503 Full", "", 1.0), ("503 Full", "Mon, 23 Nov", 1.0), ("429 Slow", "999999", 60.0)],
)
def test_no_room_there_is_no_room_here(query_clip: Path, status: str, header: str, retry_s: float) -> None:
    async def scene() -> None:
        full = OtherSystem(status=status, headers=f"Retry-After: {header}\r\n" if header else "")
        async with running(full) as system, external(system.url) as old:
            with pytest.raises(Overloaded, match="old has no room") as refused:
                await old.hear(asked(query_clip.read_bytes()))
            assert refused.value.retry_after_s == retry_s

    run(scene())


def test_it_has_only_so_many_recordings_at_once_and_who_leaves_makes_room(query_clip: Path) -> None:
    async def scene() -> None:
        data = query_clip.read_bytes()
        async with running(OtherSystem(pause_s=30)) as system, external(system.url, timeout_s=60) as old:
            tasks = [asyncio.ensure_future(old.hear(asked(data))) for _ in range(AT_ONCE)]
            while system.busy < AT_ONCE:
                await asyncio.sleep(0.01)
            with pytest.raises(Overloaded, match="has 32 recordings"):
                old.check_room()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            old.check_room()

    run(scene())


def test_closing_waits_for_the_answers_that_are_on_their_way(query_clip: Path) -> None:
    async def scene() -> None:
        async with running(OtherSystem(pause_s=0.2)) as system, external(system.url) as old:
            task = asyncio.ensure_future(old.hear(asked(query_clip.read_bytes())))
            while not system.requests:
                await asyncio.sleep(0.01)
            closing = asyncio.ensure_future(old.close(5.0))
            await asyncio.sleep(0)
            with pytest.raises(Draining):
                old.check_room()
            await closing
            assert (await task).transcription.text == "what time is it"

    run(scene())


def test_an_older_system_that_is_away_is_not_loaded() -> None:
    async def scene() -> None:
        variant = Variant(name="old", url="http://127.0.0.1:9/v1")
        with pytest.raises(VariantUnavailable, match="old cannot hear: old could not be asked: ConnectError"):
            await load_variant(variant, SETTINGS, read_registry(), isolated=True)

    run(scene())
