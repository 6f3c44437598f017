"""What clients send by mistake or with intent: its documented status, and a server that lives on."""

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.asr.conftest import with_libav, with_libsndfile
from tests.asr.test_decode_hostile import silence, wav
from tests.serving.conftest import LiveServer
from tests.serving.processes import ServerProcess, serving, wait_until

ROUTES = ("/v1/search", "/v1/audio/transcriptions")
MEBIBYTE = 2**20
HEAD = "POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
HTTP = httpx.Client(timeout=60)


@pytest.fixture(scope="module", autouse=True)
def _close_client() -> Iterator[None]:
    yield
    HTTP.close()


@pytest.fixture(scope="module")
def samples(query_clip: Path) -> NDArray[np.float32]:
    return np.asarray(soundfile.read(query_clip, dtype="float32")[0], np.float32)


def floats(samples: NDArray[np.float32], bad: float) -> bytes:
    spoilt = samples.copy()
    spoilt[len(spoilt) // 2] = bad
    output = io.BytesIO()
    soundfile.write(output, spoilt, 16_000, format="WAV", subtype="FLOAT")
    return output.getvalue()


def post(server: LiveServer, route: str, data: bytes, name: str = "a.wav") -> httpx.Response:
    return HTTP.post(server.base_url + route, files={"file": (name, data)})


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "undecodable_audio"),
        (b"This is a text that somebody named .wav\n" * 40, 400, "undecodable_audio"),
        (b"RIFF", 400, "undecodable_audio"),
        (wav(b""), 400, "undecodable_audio"),
        (wav(rate_hz=0), 400, "unsupported_audio"),
        (wav(rate_hz=1_000_000), 400, "unsupported_audio"),
        (wav(channels=32), 400, "unsupported_audio"),
    ],
    ids=["empty", "text", "cut header", "no samples", "0 Hz", "1 MHz", "32 channels"],
)
def test_unusable_files(server: LiveServer, route: str, data: bytes, status: int, code: str) -> None:
    answer = post(server, route, data)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, code, "invalid_request_error")
    assert len(error["message"]) > 10
    assert answer.headers["x-should-retry"] == "false"
    assert HTTP.get(server.base_url + "/healthz").status_code == 200


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(server: LiveServer, samples: NDArray[np.float32], route: str, bad: float) -> None:
    answer = post(server, route, floats(samples, bad))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "undecodable_audio")


ENCODERS: dict[str, Callable[[NDArray[np.float32]], bytes]] = {
    "flac": lambda samples: with_libsndfile(samples, "FLAC", "PCM_16"),
    "mp3": lambda samples: with_libav(samples, "mp3", "libmp3lame", 44_100),
    "webm": lambda samples: with_libav(samples, "webm", "libopus", 48_000),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", list(ENCODERS))
def test_a_truncated_file_is_answered_and_says_so(
    server: LiveServer, samples: NDArray[np.float32], route: str, kind: str
) -> None:
    whole = ENCODERS[kind](samples)
    assert post(server, route, whole).json()["untranscribed"][-1]["reason"] != "truncated_file"
    cut = post(server, route, whole[: len(whole) * 6 // 10])
    assert cut.status_code == 200
    last = cut.json()["untranscribed"][-1]
    assert (last["reason"], last["end"]) == ("truncated_file", None)
    assert last["start"] > 0.5
    stump = post(server, route, whole[:20])
    assert (stump.status_code, stump.json()["error"]["code"]) == (400, "undecodable_audio")


@pytest.mark.parametrize("route", ROUTES)
def test_a_small_file_of_hours(server: LiveServer, route: str) -> None:
    bomb = silence("FLAC", "PCM_16", 16_000, hours=2)
    assert len(bomb) < MEBIBYTE
    answer = post(server, route, bomb)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_too_long")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary was named"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary in here"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X-Long: " + b"x" * 300_000),
        ("multipart/form-data; boundary=b; charset=undefined", b'--b\r\nContent-Disposition: form-data; name="\xff"'),
        (
            "multipart/form-data; boundary=b; charset=undefined",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
        ),
    ],
)
def test_malformed_forms(server: LiveServer, route: str, content_type: str, body: bytes) -> None:
    answer = HTTP.post(server.base_url + route, content=body, headers={"content-type": content_type})
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_form_of_too_many_or_too_long_fields(server: LiveServer, query_clip: Path) -> None:
    files = {"file": query_clip.read_bytes()}
    many = HTTP.post(server.base_url + ROUTES[0], files=files, data={f"field{i}": "x" for i in range(100)})
    long = HTTP.post(server.base_url + ROUTES[0], files=files, data={"user_id": "x" * 100_000})
    assert [many.status_code, long.status_code] == [422, 422]


def test_a_user_that_no_store_can_hold(server: LiveServer, query_clip: Path) -> None:
    answer = HTTP.post(server.base_url + ROUTES[0], files={"file": query_clip.read_bytes()}, data={"user_id": "a\0b"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_event")


@pytest.mark.parametrize("route", ["/v1/search/text", "/v1/events"])
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"{", 422), (b"\xff\xfe", 422), (b"[" * 100_000, 400), (b"9" * 10_000, 400), (b" " * 2_000_000, 413)],
    ids=["empty", "cut", "no text", "deep", "long number", "2 MB"],
)
def test_json_that_is_none(server: LiveServer, route: str, body: bytes, status: int) -> None:
    answer = HTTP.post(server.base_url + route, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


FIELD_NAMES = st.sampled_from(
    ["user_id", "limit", "consent", "encoding", "sample_rate", "channels", "model", "language", "stream", "file"]
) | st.text(max_size=20)
FIELDS = st.dictionaries(FIELD_NAMES, st.text(max_size=50) | st.integers().map(str), max_size=5)
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("route", ROUTES)
@FUZZ
@given(fields=FIELDS, data=st.binary(max_size=300), start=st.sampled_from([b"", wav(), b"fLaC", b"OggS", b"ID3"]))
def test_any_form_gets_an_answer(
    server: LiveServer, route: str, fields: dict[str, str], data: bytes, start: bytes
) -> None:
    answer = HTTP.post(server.base_url + route, files={"file": start + data}, data=fields)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("route", ROUTES)
@FUZZ
@given(
    body=st.binary(max_size=500), charset=st.sampled_from(["utf-8", "undefined", "idna", "hex", "utf-16", "punycode"])
)
def test_any_body_gets_an_answer(server: LiveServer, route: str, body: bytes, charset: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n' + body
    headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    assert 400 <= HTTP.post(server.base_url + route, content=body, headers=headers).status_code < 500


@FUZZ
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
    | st.fixed_dictionaries(
        {"request_id": st.text(), "type": st.sampled_from(["click", "play", "x"])},
        optional={
            "event_id": st.text(),
            "text": st.text(),
            "timestamp": st.floats(allow_nan=False, allow_infinity=False),
        },
    )
)
def test_any_json_gets_an_answer(server: LiveServer, body: object) -> None:
    for route in ("/v1/search/text", "/v1/events"):
        assert HTTP.post(server.base_url + route, json=body).status_code < 500


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One MiB of body, one second to send it."""
    limits = {"limits.max_upload_mb": "1", "limits.upload_timeout_s": "1"}
    with serving(tmp_path_factory.mktemp("strict"), limits) as server:
        yield server


def connect(server: ServerProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def answer_on(connection: socket.socket) -> tuple[int, bytes]:
    """The status and all that the server sends until it closes the connection."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return int(received.split()[1]), received


def test_two_gigabytes_by_the_header_are_refused_unread(strict_server: ServerProcess) -> None:
    with connect(strict_server) as connection:
        connection.sendall(f"{HEAD}Content-Length: 2000000000\r\nExpect: 100-continue\r\n\r\n".encode())
        status, received = answer_on(connection)
    assert status == 413
    assert b"100 Continue" not in received
    assert b'"code":"too_large"' in received


def test_a_body_that_grows_too_long_is_cut_off(strict_server: ServerProcess) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(200):
            sent += MEBIBYTE
            yield bytes(MEBIBYTE)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = HTTP.post(strict_server.url + "/v1/search", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert sent < 100 * MEBIBYTE
    assert strict_server.resident_mb() < 600


def test_a_body_that_does_not_come_is_given_up(strict_server: ServerProcess) -> None:
    with connect(strict_server) as connection:
        connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n--b\r\n".encode())
        status, received = answer_on(connection)
    assert status == 408
    assert b"x-should-retry: false" in received
    assert b'"code":"upload_timeout"' in received


def test_a_json_body_that_does_not_come_is_given_up(strict_server: ServerProcess) -> None:
    with connect(strict_server) as connection:
        head = "POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
        connection.sendall(head.encode())
        assert answer_on(connection)[0] == 408


def test_a_client_that_goes_away_while_it_sends(strict_server: ServerProcess) -> None:
    def gone() -> float:
        return strict_server.metric("voicesearch_requests_total", status="499")

    before = gone()
    with connect(strict_server) as connection:
        connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n--b\r\n".encode())
    wait_until(lambda: gone() == before + 1)


@pytest.mark.parametrize(
    "head", [b"X: " + b"x" * 2_000_000, b"X: y\r\n" * 300_000, b"/" * 2_000_000], ids=["long", "many", "path"]
)
def test_a_head_that_is_a_bomb(strict_server: ServerProcess, head: bytes) -> None:
    with connect(strict_server) as connection:
        with suppress(ConnectionError):  # the server does not wait for the end of it
            connection.sendall(b"GET " + head if head.startswith(b"/") else b"GET /healthz HTTP/1.1\r\n" + head)
        assert connection.recv(12) == b"HTTP/1.1 431"
    assert HTTP.get(strict_server.url + "/healthz").status_code == 200
    assert strict_server.resident_mb() < 600


@pytest.mark.parametrize("data", [b"\0" * 1000, b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"])
def test_what_is_no_http(strict_server: ServerProcess, data: bytes) -> None:
    with connect(strict_server) as connection:
        connection.sendall(data)
        assert answer_on(connection)[0] == 400
    assert HTTP.get(strict_server.url + "/healthz").status_code == 200
