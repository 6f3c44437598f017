"""`/v1/audio/transcriptions` and `/v1/models`, as the official `openai` client sees them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import openai
import pytest
from openai.types import Model
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)

from asr.convention import get
from monitoring.events import Event
from monitoring.store import EventStore
from tests.serving.conftest import LiveServer
from tests.serving.processes import metric, serving, wait_until

MODEL = "moonshine-tiny-en"
ROUTE = "/v1/audio/transcriptions"
CLOCK = r"\d\d:\d\d:\d\d"


@pytest.fixture
def client(server: LiveServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url + "/v1", api_key="unused") as client:
        yield client


def post(server: LiveServer, clip: Path | bytes, **fields: str | list[str]) -> httpx.Response:
    data = clip if isinstance(clip, bytes) else clip.read_bytes()
    return httpx.post(server.base_url + ROUTE, files={"file": data}, data=fields, timeout=60)


def search_words(text: str) -> str:
    return get("search").apply(text)


def test_json(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=query_clip)
    assert isinstance(answer, Transcription)
    assert search_words(answer.text) == "what time is it"
    assert answer.usage is not None
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == pytest.approx(2.219)


def test_text(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=query_clip, response_format="text")
    assert isinstance(answer, str)
    assert search_words(answer) == "what time is it"


def test_srt(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=query_clip, response_format="srt")
    assert re.fullmatch(rf"1\n{CLOCK},\d{{3}} --> {CLOCK},\d{{3}}\nWhat time is it\?\n", answer)


def test_vtt(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=query_clip, response_format="vtt")
    assert re.fullmatch(rf"WEBVTT\n\n{CLOCK}\.\d{{3}} --> {CLOCK}\.\d{{3}}\nWhat time is it\?\n", answer)


def test_verbose_json(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(
        model=MODEL,
        file=query_clip,
        response_format="verbose_json",
        timestamp_granularities=["segment"],
        language="en",
        temperature=0,
    )
    assert isinstance(answer, TranscriptionVerbose)
    assert answer.language == "en"
    assert answer.duration == pytest.approx(2.219)
    assert answer.segments is not None
    (segment,) = answer.segments
    assert (segment.id, segment.seek, segment.temperature, segment.text) == (0, 0, 0.0, answer.text)
    assert 0 <= segment.start < 1 < segment.end <= answer.duration
    assert segment.avg_logprob < 0
    assert 0 <= segment.no_speech_prob <= 1
    assert segment.compression_ratio > 0


def test_the_raw_json_is_valid_by_the_clients_own_types(server: LiveServer, query_clip: Path) -> None:
    Transcription.model_validate_json(post(server, query_clip).content, strict=True)
    verbose = post(server, query_clip, response_format="verbose_json")
    TranscriptionVerbose.model_validate_json(verbose.content, strict=True)
    Model.model_validate_json(httpx.get(f"{server.base_url}/v1/models/{MODEL}").content, strict=True)


def test_stream(client: openai.OpenAI, query_clip: Path) -> None:
    with client.audio.transcriptions.create(model=MODEL, file=query_clip, stream=True) as stream:
        events = list(stream)
    *deltas, done = events
    assert all(isinstance(event, TranscriptionTextDeltaEvent) for event in deltas)
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert done.text == "".join(event.delta for event in deltas if isinstance(event, TranscriptionTextDeltaEvent))
    assert search_words(done.text) == "what time is it"


def test_the_stream_on_the_wire(server: LiveServer, query_clip: Path) -> None:
    answer = post(server, query_clip, stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, end, rest = answer.text.split("\n\n")
    assert (end, rest) == ("data: [DONE]", "")
    done = [event for event in events if '"transcript.text.done"' in event]
    assert done == events[-1:]
    TranscriptionTextDoneEvent.model_validate_json(done[0].removeprefix("data: "), strict=True)


def test_noise_is_answered_with_no_text(server: LiveServer) -> None:
    silence = b"RIFF\x24\xfa\x00\x00WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\xfa\0\0"
    silence += bytes(64_000)
    assert post(server, silence, response_format="vtt").text.strip() == "WEBVTT"
    assert post(server, silence, response_format="srt").text == ""
    body = post(server, silence).json()
    assert (body["text"], body["no_speech"]) == ("", True)
    assert body["untranscribed"] == [{"start": 0.0, "end": 2.0, "reason": "silence"}]
    streamed = post(server, silence, stream="true").text
    assert "transcript.text.delta" not in streamed
    assert streamed.count("transcript.text.done") == 1


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "voicesearch"
    assert client.models.retrieve("whisper-1").object == "model"
    with pytest.raises(openai.NotFoundError, match="gpt-9"):
        client.models.retrieve("gpt-9")


def test_an_alias_is_a_model(client: openai.OpenAI, query_clip: Path) -> None:
    assert client.audio.transcriptions.create(model="whisper-1", file=query_clip).text


def test_the_convention_can_be_chosen(server: LiveServer, query_clip: Path) -> None:
    assert post(server, query_clip, convention="search").json()["text"] == "what time is it"
    refused = post(server, query_clip, convention="klingon")
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "convention")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"timestamp_granularities[]": "word", "response_format": "verbose_json"}, "timestamp_granularities[]"),
        ({"language": "fr"}, "language"),
        ({"prompt": "Names: Cowper, Stanage"}, "prompt"),
        ({"temperature": "0.7"}, "temperature"),
        ({"include[]": "logprobs"}, "include[]"),
        ({"keywords[]": "Cowper"}, "keywords[]"),
        ({"languages[]": "en"}, "languages[]"),
        ({"chunking_strategy": '{"type": "server_vad"}'}, "chunking_strategy"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"stream": "true", "response_format": "srt"}, "stream"),
        ({"best_of": "5"}, "best_of"),
    ],
)
def test_an_option_that_is_not_there_is_refused_by_name(
    server: LiveServer, query_clip: Path, fields: dict[str, str], param: str
) -> None:
    answer = post(server, query_clip, **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, "unsupported_option")
    assert param in error["message"]
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "xml"}, "response_format"),
        ({"response_format": ["json", "text"]}, "response_format"),
        ({"stream": "perhaps"}, "stream"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities[]"),
        ({"timestamp_granularities[]": "segment"}, "timestamp_granularities[]"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    server: LiveServer, query_clip: Path, fields: dict[str, str | list[str]], param: str
) -> None:
    answer = post(server, query_clip, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_values_that_ask_for_nothing_are_taken(client: openai.OpenAI, query_clip: Path) -> None:
    answer = client.audio.transcriptions.create(
        model=MODEL, file=query_clip, prompt="", temperature=0.0, chunking_strategy="auto", stream=False
    )
    assert answer.text


def test_the_client_raises_its_own_errors(client: openai.OpenAI, query_clip: Path) -> None:
    create = client.audio.transcriptions.create
    with pytest.raises(openai.BadRequestError) as undecodable:
        create(model=MODEL, file=b"no sound at all")
    assert undecodable.value.code == "undecodable_audio"
    assert undecodable.value.request_id is not None
    with pytest.raises(openai.NotFoundError) as unknown:
        create(model="gpt-9", file=query_clip)
    assert (unknown.value.code, unknown.value.param) == ("not_found", "model")
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        create(model=MODEL, file=query_clip, extra_body={"encoding": "mp4"})
    assert wrong.value.param == "encoding"


def test_a_bad_file_is_sent_once(server: LiveServer, client: openai.OpenAI) -> None:
    def refused() -> float:
        return metric(server.base_url, "voicesearch_requests_total", route=ROUTE, status="400")

    before = refused()
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(model=MODEL, file=b"no sound at all")
    assert refused() == before + 1


@pytest.mark.slow
def test_a_file_over_the_limit_and_a_server_that_cannot_take_more(tmp_path: Path, query_clip: Path) -> None:
    """The client retries the 503 as often as it was told to, and the 413 never."""
    settings = {"limits.max_upload_mb": "1", "store.journal_max_mb": "0.000001", "limits.deadline_s": "30"}
    with serving(tmp_path, settings) as server, openai.OpenAI(base_url=server.url + "/v1", api_key="-") as client:
        create = client.with_options(max_retries=1).audio.transcriptions.create
        with pytest.raises(openai.APIStatusError) as too_large:
            create(model=MODEL, file=bytes(3 * 2**20))
        assert too_large.value.status_code == 413
        with pytest.raises(openai.InternalServerError) as unavailable:
            create(model=MODEL, file=query_clip)
        assert unavailable.value.status_code == 503
        assert int(unavailable.value.response.headers["retry-after"]) >= 1
        assert unavailable.value.response.headers["x-should-retry"] == "true"
        for status, times in (("413", 1), ("503", 2)):
            assert server.metric("voicesearch_requests_total", route=ROUTE, status=status) == times


def stored(database: str, request_id: str) -> Event:
    store = EventStore.open(database)
    wait_until(lambda: store.has_request(request_id))
    (event,) = store.by_request(request_id)
    store.close()
    return event


@pytest.mark.parametrize("stream", ["false", "true"])
def test_a_transcription_that_failed_leaves_its_event(server: LiveServer, stream: str) -> None:
    answer = post(server, b"no sound at all", stream=stream)
    event = stored(f"sqlite:///{server.database}", answer.headers["x-request-id"])
    assert (event.kind, event.outcome) == ("transcription", answer.json()["error"]["code"])
    assert event.slices["model"] == MODEL


@pytest.mark.slow
def test_one_that_was_turned_away_leaves_its_event_too(tmp_path: Path, query_clip: Path) -> None:
    settings = {"model.workers": "1", "limits.deadline_s": "0.1"}
    with serving(tmp_path, settings) as server, ThreadPoolExecutor(24) as pool:
        files = {"file": query_clip.read_bytes()}
        answers = list(pool.map(lambda _: httpx.post(server.url + ROUTE, files=files), range(24)))
        turned_away = next(answer for answer in answers if answer.status_code == 503)
        event = stored(server.database, turned_away.headers["x-request-id"])
    assert (event.kind, event.outcome) == ("transcription", "overloaded")
