"""What is kept of what people say: each setting of `[privacy]`, on a server of its own."""

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitoring.events import Event
from monitoring.store import EventStore
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

AGAINST_THE_DEFAULTS = {
    "privacy.store_transcripts": "false",
    "privacy.log_transcripts": "true",
    "privacy.keep_audio": "true",
    "privacy.audio_folder": "kept",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("privacy"), AGAINST_THE_DEFAULTS | PATIENT) as server:
        yield server


def search(server: ServerProcess, clip: Path, **fields: str) -> str:
    """The request's id."""
    answer = httpx.post(server.url + "/v1/search", files={"file": clip.read_bytes()}, data=fields)
    assert answer.json()["transcript"] == "what time is it"
    return str(answer.json()["request_id"])


def stored(server: ServerProcess, request_id: str) -> Event:
    store = EventStore.open(server.database)
    wait_until(lambda: store.has_request(request_id))
    (event,) = [one for one in store.by_request(request_id) if one.kind != "second_vad"]
    store.close()
    return event


def test_audio_is_kept_with_consent_as_it_came_and_for_nobody_else(server: ServerProcess, query_clip: Path) -> None:
    event = stored(server, search(server, query_clip, consent="true"))
    path = server.folder / event.details["audio_path"]
    assert path.read_bytes() == query_clip.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_audio_is_not_kept_without_consent(server: ServerProcess, query_clip: Path) -> None:
    request_id = search(server, query_clip)
    assert "audio_path" not in stored(server, request_id).details
    assert not (server.folder / "kept" / request_id).exists()


def test_transcripts_are_not_stored(server: ServerProcess, query_clip: Path) -> None:
    assert not {"query", "raw_text"} & stored(server, search(server, query_clip)).details.keys()


def test_transcripts_are_logged_with_their_request(server: ServerProcess, query_clip: Path) -> None:
    request_id = search(server, query_clip)
    lines = [line for line in server.log_lines() if line.get("request_id") == request_id]
    assert [line["transcript"] for line in lines if "transcript" in line] == ["what time is it"]
