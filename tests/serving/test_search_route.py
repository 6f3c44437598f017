"""`/v1/search` and `/v1/search/text`: the shape of an answer, and the fields of a form."""

from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from asr import convention
from monitoring.store import EventStore
from tests.conftest import Recording
from tests.serving.conftest import LiveServer
from tests.serving.processes import serving, wait_until

TYPES: dict[str, type | tuple[type, ...]] = {
    "request_id": str,
    "transcript": str,
    "confidence": float,
    "no_speech": bool,
    "words": list,
    "results": list,
    "untranscribed": list,
    "model": str,
    "variant": str,
    "automation": str,
    "timings_ms": dict,
    "audio": dict,
}
STAGES = {"decode", "vad", "loudness", "queue", "recognize", "search", "total"}
NUMBER_OR_NULL = (float, int, type(None))
AUDIO: dict[str, type | tuple[type, ...]] = {
    "duration_s": float,
    "speech_s": float,
    "segments": int,
    "lead_silence_s": NUMBER_OR_NULL,
    "trail_silence_s": NUMBER_OR_NULL,
    "onset_clipped": bool,
    "offset_clipped": bool,
    "loudness_lufs": NUMBER_OR_NULL,
    "snr_db": NUMBER_OR_NULL,
    "clipping_ratio": float,
}


def search(server: LiveServer, data: bytes, **fields: str | list[str]) -> httpx.Response:
    return httpx.post(server.base_url + "/v1/search", files={"file": data}, data=fields, timeout=60)


def samples_of(clip: Path) -> tuple[NDArray[np.int16], int]:
    samples, rate = soundfile.read(clip, dtype="int16")
    return samples, rate


def test_an_answer_has_the_promised_shape(server: LiveServer, query_clip: Path) -> None:
    answer = search(server, query_clip.read_bytes(), user_id="ann", limit="3", device_model="Pixel 9")
    assert answer.status_code == 200
    body = answer.json()
    for key, kind in TYPES.items():
        assert isinstance(body[key], kind), key
    assert set(body["timings_ms"]) == STAGES
    assert all(ms >= 0 for ms in body["timings_ms"].values())
    assert set(body["audio"]) == set(AUDIO)
    for key, kind in AUDIO.items():
        assert isinstance(body["audio"][key], kind), key
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["transcript"] == "what time is it"
    assert 0 <= body["confidence"] <= 1
    assert len(body["results"]) == 3
    assert body["results"][0]["title"] == "What time is it"
    scores = [result["score"] for result in body["results"]]
    assert scores == sorted(scores, reverse=True)
    assert body["audio"]["duration_s"] == pytest.approx(2.219, abs=0.001)


def test_a_typed_query_gives_the_same_results_as_a_spoken_one(server: LiveServer, query_clip: Path) -> None:
    spoken = search(server, query_clip.read_bytes()).json()
    typed = httpx.post(server.base_url + "/v1/search/text", json={"query": "What time is it?"}).json()
    assert typed["transcript"] == spoken["transcript"]
    assert typed["results"] == spoken["results"]


def test_what_nobody_says_is_answered_without_results(server: LiveServer) -> None:
    body = search(server, bytes(32_000), encoding="s16le", sample_rate="16000").json()
    assert (body["transcript"], body["no_speech"], body["results"], body["confidence"]) == ("", True, [], 0.0)
    assert body["untranscribed"] == [{"start": 0.0, "end": 1.0, "reason": "silence"}]


@pytest.mark.parametrize("encoding", ["s16le", "pcm_s16le"])
def test_raw_samples(server: LiveServer, query_clip: Path, encoding: str) -> None:
    samples, rate = samples_of(query_clip)
    answer = search(server, samples.tobytes(), encoding=encoding, sample_rate=str(rate))
    assert answer.json()["transcript"] == "what time is it"


def test_raw_samples_of_two_channels(server: LiveServer, query_clip: Path) -> None:
    samples, rate = samples_of(query_clip)
    both = np.column_stack([samples, samples]).tobytes()
    answer = search(server, both, encoding="s16le", sample_rate=str(rate), channels="2")
    assert answer.json()["transcript"] == "what time is it"


def test_raw_samples_sound_as_the_file_does(server: LiveServer, query_clip: Path) -> None:
    samples, rate = samples_of(query_clip)
    raw = search(server, samples.tobytes(), encoding="s16le", sample_rate=str(rate)).json()
    assert raw["audio"] == search(server, query_clip.read_bytes()).json()["audio"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"user_id": "u" * 201}, "user_id"),
        ({"session_id": ["a", "b"]}, "session_id"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "1e400"}, "limit"),
        ({"consent": "perhaps"}, "consent"),
        ({"favourite_colour": "blue"}, "favourite_colour"),
        ({"sample_rate": "16000"}, "sample_rate"),
        ({"encoding": "s16le"}, "sample_rate"),
        ({"encoding": "s16le", "sample_rate": "-1"}, "sample_rate"),
        ({"encoding": "s16le", "sample_rate": "²"}, "sample_rate"),
        ({"encoding": "s16le", "sample_rate": "16000", "channels": "one"}, "channels"),
        ({"encoding": "opus", "sample_rate": "16000"}, "encoding"),
        ({"encoding": ["s16le", "s16le"], "sample_rate": "16000"}, "encoding"),
    ],
)
def test_a_bad_field_is_named(
    server: LiveServer, query_clip: Path, fields: dict[str, str | list[str]], param: str
) -> None:
    answer = search(server, query_clip.read_bytes(), **fields)
    assert answer.status_code == 422
    assert answer.json()["error"] | {"message": "", "code": ""} == {
        "message": "",
        "type": "invalid_request_error",
        "param": param,
        "code": "",
    }


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"query": ""}, "query"),
        ({"query": "q" * 1001}, "query"),
        ({"query": 7}, "query"),
        ({}, "query"),
        ({"query": "a", "limit": 0}, "limit"),
        ({"query": "a", "consent": "perhaps"}, "consent"),
        ({"query": "a", "user_id": ["ann"]}, "user_id"),
        ([], None),
    ],
)
def test_a_bad_typed_query_is_named(server: LiveServer, body: object, param: str | None) -> None:
    answer = httpx.post(server.base_url + "/v1/search/text", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_a_field_whose_name_is_no_text(server: LiveServer) -> None:
    body, headers = b'{"query": "a", "\\ud800": 1}', {"content-type": "application/json"}
    answer = httpx.post(server.base_url + "/v1/search/text", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_field")


def test_a_form_without_a_file_with_two_or_under_another_name(server: LiveServer, query_clip: Path) -> None:
    url, clip = server.base_url + "/v1/search", query_clip.read_bytes()
    one = ("a.flac", clip)
    answers = [
        httpx.post(url, files={"user_id": (None, "ann")}),
        httpx.post(url, files=[("file", one), ("file", one)]),
        httpx.post(url, files={"recording": one}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert [answer.json()["error"]["param"] for answer in answers] == ["file", None, "recording"]


def test_a_file_field_without_a_file_name_is_no_file(server: LiveServer) -> None:
    answer = httpx.post(server.base_url + "/v1/search", files={"file": (None, "text")})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "file")


@pytest.mark.parametrize("route", ["/v1/search", "/v1/audio/transcriptions"])
@pytest.mark.parametrize("content_type", ["audio/flac", "application/json", "application/x-www-form-urlencoded", ""])
def test_what_is_no_form_is_415(server: LiveServer, query_clip: Path, route: str, content_type: str) -> None:
    headers = {"content-type": content_type}
    answer = httpx.post(server.base_url + route, content=query_clip.read_bytes(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert answer.headers["x-should-retry"] == "false"


def test_a_query_longer_than_a_query_may_be_is_413(server: LiveServer) -> None:
    answer = search(server, bytes(8_000 * 2 * 61), encoding="s16le", sample_rate="8000")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_too_long")


def test_a_phone_whose_channels_cancel_each_other_is_heard(server: LiveServer, query_clip: Path) -> None:
    samples, rate = samples_of(query_clip)
    turned_over = np.stack([samples, -samples], axis=1).tobytes()
    body = search(server, turned_over, encoding="s16le", sample_rate=str(rate), channels="2").json()
    assert body["transcript"] == "what time is it"


def test_words_are_the_models_and_the_transcript_is_made_of_them(server: LiveServer, speech: list[Recording]) -> None:
    counts = set()
    for clip in (one for one in speech if one.source in {"picovoice_wakeword", "voice_queries"}):
        body = search(server, clip.path.read_bytes()).json()
        words = [one["word"] for one in body["words"]]
        assert convention.SEARCH.apply(" ".join(words)) == body["transcript"]
        assert all(0 <= one["confidence"] <= 1 for one in body["words"])
        counts.add(len(body["transcript"].split()) - len(words))
    assert len(counts) > 1, "there are as many of each, but docs/api.md says otherwise"


def test_unknown_routes_and_methods_have_the_same_error_shape(server: LiveServer) -> None:
    answers = [httpx.get(server.base_url + "/v1/nothing"), httpx.get(server.base_url + "/v1/search")]
    assert [answer.status_code for answer in answers] == [404, 405]
    for answer in answers:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_query_leaves_its_event(server: LiveServer, query_clip: Path) -> None:
    fields = {"user_id": "bob", "session_id": "s1", "device_model": "Pixel 9", "app_version": "2.1", "consent": "true"}
    body = search(server, query_clip.read_bytes(), **fields).json()
    store = EventStore.open(f"sqlite:///{server.database}")
    wait_until(lambda: store.has_request(body["request_id"]))
    (event,) = [one for one in store.by_request(body["request_id"]) if one.kind != "second_vad"]
    store.close()
    assert (event.kind, event.outcome, event.user_id, event.session_id, event.consent) == (
        "voice",
        "ok",
        "bob",
        "s1",
        True,
    )
    assert event.slices["device_model"] == "Pixel 9"
    assert event.details["query"] == "what time is it"
    assert event.signals["confidence"] == pytest.approx(body["confidence"], abs=1e-3)
    assert event.signals["lead_silence_s"] == body["audio"]["lead_silence_s"]


def test_a_query_that_failed_leaves_its_event_too(server: LiveServer) -> None:
    answer = search(server, b"no sound at all", user_id="carl")
    store = EventStore.open(f"sqlite:///{server.database}")
    wait_until(lambda: store.has_request(answer.headers["x-request-id"]))
    (event,) = store.by_request(answer.headers["x-request-id"])
    store.close()
    assert (event.outcome, event.user_id) == ("undecodable_audio", "carl")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "written"), [("verbatim", "U.S. Virgin Islands"), ("scoring@1", "u s virgin islands")]
)
def test_a_name_is_found_whatever_the_convention(tmp_path: Path, name: str, written: str) -> None:
    with serving(tmp_path, {"convention.search": name}) as server:
        body = httpx.post(server.url + "/v1/search/text", json={"query": "U.S. Virgin Islands"}).json()
    assert body["transcript"] == written
    assert (body["results"][0]["title"], body["results"][0]["score"]) == ("U.S. Virgin Islands", 1.0)
