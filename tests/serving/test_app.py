"""The server as a whole under work: long recordings, short ones beside them, crowds, and clients that leave."""

import io
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from asr.audio import Span
from asr.metrics import word_errors
from serving.transcriber import PIECES_AT_ONCE
from tests.conftest import Recording
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

RATE_HZ = 16_000
ROUTE = "/v1/audio/transcriptions"
SENTENCES = ("common_voice", "librispeech", "vctk", "ljspeech", "speechbrain", "voice_queries")
"""Sources whose references are verbatim."""
PAUSE_S = 1.0
LONG_PAUSE_S = 8.0


@dataclass(frozen=True)
class LongRecording:
    """Many carried recordings in a row, with silence between them."""

    data: bytes
    duration_s: float
    text: str
    speech: tuple[Span, ...]
    """Where each recording stands."""
    pause: Span
    """The long silence in the middle."""


def wav(samples: NDArray[np.float32]) -> bytes:
    output = io.BytesIO()
    soundfile.write(output, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return output.getvalue()


def read(path: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)


@pytest.fixture(scope="module")
def long_recording(speech: list[Recording]) -> LongRecording:
    chosen = [one for one in speech if one.source in SENTENCES]
    parts: list[NDArray[np.float32]] = []
    spans: list[Span] = []
    at_s = 0.0
    for index, one in enumerate(chosen):
        samples = read(one.path)
        spans.append(Span(at_s, at_s + len(samples) / RATE_HZ))
        pause_s = LONG_PAUSE_S if index == len(chosen) // 2 else PAUSE_S
        parts += [samples, np.zeros(round(pause_s * RATE_HZ), np.float32)]
        at_s = spans[-1].end_s + pause_s
    before = spans[len(chosen) // 2]
    text = " ".join(one.text for one in chosen)
    pause = Span(before.end_s, before.end_s + LONG_PAUSE_S)
    return LongRecording(wav(np.concatenate(parts)), at_s, text, tuple(spans), pause)


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("one"), {"model.workers": "1", **PATIENT}) as server:
        yield server


def transcribe(server: ServerProcess, data: bytes, **fields: str) -> httpx.Response:
    return httpx.post(server.url + ROUTE, files={"file": data}, data=fields, timeout=120)


def is_idle(server: ServerProcess) -> bool:
    return not server.metric("voicesearch_queue_audio_seconds") and not server.metric("voicesearch_busy_workers")


def test_a_long_recording_is_transcribed_whole(one_worker: ServerProcess, long_recording: LongRecording) -> None:
    assert long_recording.duration_s > 180
    body = transcribe(one_worker, long_recording.data, response_format="verbose_json").json()
    assert body["duration"] == pytest.approx(long_recording.duration_s, abs=0.01)
    segments = [Span(one["start"], one["end"]) for one in body["segments"]]
    assert segments == sorted(segments)
    assert [one["id"] for one in body["segments"]] == list(range(len(segments)))
    assert all(one.end_s <= after.start_s + 0.01 for one, after in pairwise(segments))
    assert body["text"] == " ".join(one["text"] for one in body["segments"] if one["text"])
    wer = word_errors([long_recording.text], [body["text"]]).wer
    assert wer is not None
    assert wer < 0.15
    left_out = [Span(one["start"], one["end"]) for one in body["untranscribed"]]
    missed = [span for span in long_recording.speech if not any(holds_middle(one, span) for one in segments)]
    assert len(missed) <= 1
    assert all(any(holds_middle(one, span) for one in left_out) for span in [*missed, long_recording.pause])
    assert {one["reason"] for one in body["untranscribed"]} <= {"silence", "no_speech", "repetition"}


def holds_middle(span: Span, other: Span) -> bool:
    return span.start_s <= (other.start_s + other.end_s) / 2 <= span.end_s


def test_its_subtitles_are_its_text_in_order(one_worker: ServerProcess, long_recording: LongRecording) -> None:
    cues = transcribe(one_worker, long_recording.data, response_format="srt").text.strip().split("\n\n")
    assert [cue.splitlines()[0] for cue in cues] == [str(number) for number in range(1, len(cues) + 1)]
    times = [cue.splitlines()[1] for cue in cues]
    assert times == sorted(times)
    text = transcribe(one_worker, long_recording.data, response_format="text").text
    assert " ".join(line for cue in cues for line in cue.splitlines()[2:]) == text.strip()


def test_it_is_streamed_as_it_is_recognized(one_worker: ServerProcess, long_recording: LongRecording) -> None:
    with httpx.stream(
        "POST", one_worker.url + ROUTE, files={"file": long_recording.data}, data={"stream": "true"}, timeout=120
    ) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        assert "transcript.text.delta" in first
        assert not is_idle(one_worker)
        rest = [line for line in lines if line]
    assert sum("transcript.text.delta" in line for line in rest) > 5
    assert "transcript.text.done" in rest[-2]
    assert rest[-1] == "data: [DONE]"


def test_a_short_query_does_not_wait_for_a_long_recording(
    one_worker: ServerProcess, long_recording: LongRecording, query_clip: Path
) -> None:
    long = threading.Thread(target=transcribe, args=(one_worker, long_recording.data))
    long.start()
    wait_until(lambda: one_worker.metric("voicesearch_busy_workers") == 1)
    answers = [httpx.post(one_worker.url + "/v1/search", files={"file": query_clip.read_bytes()}) for _ in range(3)]
    assert long.is_alive()
    assert [answer.json()["transcript"] for answer in answers] == ["what time is it"] * 3
    long.join()


@pytest.mark.parametrize("stream", ["false", "true"])
def test_who_leaves_is_worked_for_no_more(
    one_worker: ServerProcess, long_recording: LongRecording, query_clip: Path, stream: str
) -> None:
    def counted() -> tuple[float, float]:
        return (
            one_worker.metric("voicesearch_requests_total", route=ROUTE),
            one_worker.metric("asr_audio_seconds_total"),
        )

    wait_until(lambda: is_idle(one_worker))
    answered, audio_s = counted()
    request = httpx.Request(
        "POST", one_worker.url + ROUTE, files={"file": long_recording.data}, data={"stream": stream}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection(("127.0.0.1", one_worker.port)) as connection:
        connection.sendall(f"POST {ROUTE} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        wait_until(lambda: one_worker.metric("voicesearch_busy_workers") == 1)
    wait_until(lambda: is_idle(one_worker) and counted()[0] == answered + 1)
    assert counted()[1] == audio_s
    assert transcribe(one_worker, query_clip.read_bytes()).status_code == 200


def test_who_leaves_in_the_middle_of_a_stream(one_worker: ServerProcess, long_recording: LongRecording) -> None:
    wait_until(lambda: is_idle(one_worker))
    audio_s = one_worker.metric("asr_audio_seconds_total")
    clips = one_worker.metric("voicesearch_batch_size_sum")
    with httpx.stream(
        "POST", one_worker.url + ROUTE, files={"file": long_recording.data}, data={"stream": "true"}, timeout=120
    ) as answer:
        next(answer.iter_lines())
    wait_until(lambda: is_idle(one_worker))
    assert one_worker.metric("asr_audio_seconds_total") == audio_s
    assert one_worker.metric("voicesearch_batch_size_sum") < clips + 3 * PIECES_AT_ONCE


def test_who_leaves_the_queue_is_forgotten(
    one_worker: ServerProcess, long_recording: LongRecording, query_clip: Path
) -> None:
    """Twenty queries that nobody waits for leave a queue that one long recording keeps full."""
    wait_until(lambda: is_idle(one_worker))

    def answered(**labels: str) -> float:
        return one_worker.metric("voicesearch_requests_total", route="/v1/search", **labels)

    before, gone = answered(), answered(status="499")
    long = threading.Thread(target=transcribe, args=(one_worker, long_recording.data))
    long.start()
    wait_until(lambda: one_worker.metric("voicesearch_busy_workers") == 1)
    request = httpx.Request("POST", one_worker.url + "/v1/search", files={"file": query_clip.read_bytes()})
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", one_worker.port)) as connection:
            connection.sendall(f"POST /v1/search HTTP/1.1\r\n{head}\r\n".encode() + request.read())
    wait_until(lambda: answered() == before + 20)
    assert answered(status="499") > gone
    long.join()
    wait_until(lambda: is_idle(one_worker))


def test_two_hundred_clients_at_once(tmp_path: Path, query_clip: Path) -> None:
    """Each gets its answer, or is told at once to come again; health answers meanwhile; memory stays bounded."""
    data = query_clip.read_bytes()
    with serving(tmp_path, {"model.workers": "1", "limits.max_queue_audio_s": "20"}) as server:
        together = threading.Barrier(200)

        def ask(_: int) -> httpx.Response:
            with httpx.Client(timeout=60) as client:
                together.wait(60)
                return client.post(server.url + "/v1/search", files={"file": data})

        with ThreadPoolExecutor(200) as pool:
            answers = [pool.submit(ask, number) for number in range(200)]
            healthy = []
            while not all(answer.done() for answer in answers):
                healthy.append(httpx.get(server.url + "/healthz", timeout=5).status_code)
        assert set(healthy) == {200}
        responses = [answer.result() for answer in answers]
        assert {response.status_code for response in responses} == {200, 503}
        for response in responses:
            if response.status_code == 200:
                assert response.json()["transcript"] == "what time is it"
            else:
                assert int(response.headers["retry-after"]) >= 1
                assert response.headers["x-should-retry"] == "true"
                assert response.json()["error"]["code"] == "overloaded"
        assert server.resident_mb() < 600
        wait_until(lambda: is_idle(server))
        assert httpx.post(server.url + "/v1/search", files={"file": data}).status_code == 200


@pytest.mark.parametrize("recognizes", ["true", "false"])
def test_sound_without_detected_speech(tmp_path: Path, query_clip: Path, recognizes: str) -> None:
    """A detector that is never sure enough: all is recognized, or all is said to be left out."""
    unsure = {"frontend.threshold": "1", "frontend.release_threshold": "1", **PATIENT}
    with serving(tmp_path, unsure | {"frontend.recognize_undetected": recognizes}) as server:
        body = transcribe(server, query_clip.read_bytes(), response_format="verbose_json").json()
    if recognizes == "true":
        (segment,) = body["segments"]
        assert (segment["text"], segment["start"], segment["end"]) == ("What time is it?", 0.0, body["duration"])
    else:
        whole = {"start": 0.0, "end": body["duration"], "reason": "no_speech"}
        assert (body["text"], body["untranscribed"]) == ("", [whole])


def test_work_on_long_recordings_is_not_thrown_away(tmp_path: Path, long_recording: LongRecording) -> None:
    """There is time for three of twenty-four; the others are turned away before anything is computed for them."""
    with serving(tmp_path, {"model.workers": "1"}) as server, ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: transcribe(server, long_recording.data, response_format="srt"), range(24)))
        recognized = server.metric("voicesearch_batch_size_sum")
    answered = [answer.text.count("-->") for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert recognized < 2 * sum(answered)
