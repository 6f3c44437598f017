"""Looks for leaks: marked texts, users, addresses and keys go through every route of a real server, errors too.

Then they are looked for in its log, metrics, answers, journal and database.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

SAID = "zanzibar marmalade"
USER = "user-7f3a-marker"
SESSION = "session-91c2-marker"
EMAIL = "quentin.marker@example.com"
PHONE = "415-555-0142"
CARD = "4111 1111 1111 1111"
QUERIES = (
    SAID,
    f"mail {EMAIL} now",
    f"call {PHONE}",
    f"pay with {CARD}",
    "call four one five five five five oh one four two",
)
NOT_STORED = (EMAIL, "quentin", "marker@", PHONE, "555 0142", CARD, "4111", "five five five", "4155550142")
"""Of what was typed, in the forms that a convention gives it too."""


@dataclass(frozen=True)
class Traffic:
    server: ServerProcess
    secrets: tuple[str, ...]
    """Of keys, sent or made, right or wrong."""
    answers: tuple[httpx.Response, ...]

    @property
    def log(self) -> str:
        return (self.server.folder / "log").read_text()


def keys(server: ServerProcess, *arguments: str) -> str:
    command = [sys.executable, "-c", "from serving.cli import main; main()", "keys", *arguments]
    return subprocess.run(command, cwd=server.folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory, query_clip: Path) -> Iterator[Traffic]:
    """Through a server that logs all it can."""
    settings = {"server.keys": "on", "server.log_level": "debug", "privacy.keep_audio": "true", **PATIENT}
    with serving(tmp_path_factory.mktemp("leaks"), settings) as server:
        operator = keys(server, "create", "--name", "ann", "--scope", "operator")
        made = httpx.post(server.url + "/admin/keys", json={"name": "app"}, headers=bearer(operator)).json()["key"]
        wrong = "vs_0123456789ab_" + "W" * 43
        with httpx.Client(base_url=server.url, timeout=60) as client:
            answers = (*asked(client, made, query_clip), *refused(client, made, wrong), *administered(client, operator))
        wait_until(lambda: pending(server, operator) == 0)
        yield Traffic(server, tuple(key.rpartition("_")[2] for key in (operator, made, wrong)), answers)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def pending(server: ServerProcess, operator: str) -> float:
    lines = httpx.get(server.url + "/metrics", headers=bearer(operator)).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("voicesearch_pending_events "))


def asked(client: httpx.Client, key: str, clip: Path) -> Iterator[httpx.Response]:
    """What works."""
    who = {"user_id": USER, "session_id": SESSION}
    sound = clip.read_bytes()
    for query in QUERIES:
        answer = client.post("/v1/search/text", json={"query": query, **who}, headers=bearer(key))
        yield answer
        event = {"request_id": answer.json()["request_id"], "type": "correct", "text": query}
        yield client.post("/v1/events", json=event, headers=bearer(key))
    fields = who | {"consent": "true"}
    yield client.post("/v1/search", files={"file": sound}, data=fields, headers={"x-api-key": key})
    for form in ({}, {"stream": "true"}, {"response_format": "srt"}):
        yield client.post("/v1/audio/transcriptions", files={"file": sound}, data=form, headers=bearer(key))
    yield client.get("/v1/models", headers=bearer(key))


def refused(client: httpx.Client, key: str, wrong: str) -> Iterator[httpx.Response]:
    """What does not."""
    for query in QUERIES:
        yield client.post("/v1/search/text", json={"query": query, "user_id": USER}, headers=bearer(wrong))
        yield client.post("/v1/search/text", json={"query": query, "user_id": USER})
        yield client.post("/v1/search/text", json={"query": [query], "user_id": USER}, headers=bearer(key))
        yield client.post("/v1/search/text", json={"query": query, "limit": query}, headers=bearer(key))
        yield client.post("/v1/search/text", content=query, headers=bearer(key))
        yield client.post("/v1/search", files={"file": query.encode()}, data={"user_id": USER}, headers=bearer(key))
        yield client.post("/v1/search", files={"file": b"x"}, data={"limit": query}, headers=bearer(key))
        yield client.post("/v1/events", json={"request_id": query, "type": "click"}, headers=bearer(key))
        yield client.get("/v1/search", params={"q": query, "key": key}, headers=bearer(key))
    yield client.get(f"/nowhere/{USER}", headers=bearer(key))
    yield client.get("/admin/keys", headers=bearer(key))


def administered(client: httpx.Client, operator: str) -> Iterator[httpx.Response]:
    """What operators do."""
    for path in (
        "/admin/keys",
        "/admin/actions",
        "/admin/alarms",
        "/admin/privacy",
        "/admin/privacy/deletions",
        "/metrics",
    ):
        yield client.get(path, headers=bearer(operator))
    yield client.post("/admin/privacy/purge", json={}, headers=bearer(operator))
    yield client.post("/admin/privacy/deletions", json={"user_id": [USER]}, headers=bearer(operator))
    yield client.post("/admin/keys", json={"name": EMAIL, "scope": SAID}, headers=bearer(operator))


def test_all_kinds_of_answers_were_given(traffic: Traffic) -> None:
    assert {answer.status_code for answer in traffic.answers} >= {200, 400, 401, 403, 404, 405, 422}
    assert not [answer for answer in traffic.answers if answer.status_code >= 500]


def test_no_secret_stands_anywhere(traffic: Traffic) -> None:
    kept = b"".join(path.read_bytes() for path in traffic.server.folder.rglob("*") if path.is_file())
    answered = b"".join(answer.content for answer in traffic.answers)
    for secret in traffic.secrets:
        assert secret.encode() not in kept
        assert secret.encode() not in answered


def test_logs_tell_of_nobody(traffic: Traffic) -> None:
    assert len(traffic.log.splitlines()) > 50
    for mark in (*QUERIES, *NOT_STORED, "zanzibar", "what time is it", USER, SESSION):
        assert mark.lower() not in traffic.log.lower()


def test_metrics_tell_of_nobody(traffic: Traffic) -> None:
    (text,) = [answer.text for answer in traffic.answers if answer.request.url.path == "/metrics"]
    metrics = "\n".join(line.rpartition(" ")[0] for line in text.splitlines())  # a time may hold any digits
    for mark in (*QUERIES, *NOT_STORED, "zanzibar", "what time", USER, SESSION):
        assert mark not in metrics


def test_errors_repeat_no_user(traffic: Traffic) -> None:
    errors = [answer.json()["error"] for answer in traffic.answers if answer.status_code >= 400]
    assert len(errors) > 40
    for mark in (USER, SESSION, SAID, EMAIL, PHONE, CARD):
        told = [error for error in errors if mark in json.dumps(error) and error["code"] != "not_found"]
        assert told == []


def test_what_is_stored_has_no_addresses(traffic: Traffic) -> None:
    with sqlite3.connect(traffic.server.folder / "voicesearch.db") as connection:
        rows = [str(row) for row in connection.execute("SELECT kind, user_id, details FROM events")]
    connection.close()
    assert any(SAID in row and USER in row for row in rows)
    assert any("[email]" in row for row in rows)
    for mark in NOT_STORED:
        assert [row for row in rows if mark in row.lower()] == []


def test_nor_has_the_journal(traffic: Traffic) -> None:
    for path in (traffic.server.folder / ".voicesearch/journal").iterdir():
        assert not [mark for mark in NOT_STORED if mark.encode() in path.read_bytes()]


def test_in_the_end_nobody_knows_the_user(traffic: Traffic) -> None:
    """Last: the deletion, over the same traffic."""
    server = traffic.server
    operator = keys(server, "create", "--name", "forgetter", "--scope", "operator")
    audio = server.folder / ".voicesearch/audio"
    assert len(list(audio.iterdir())) == 1
    url = server.url + "/admin/privacy/deletions"
    body = httpx.post(url, json={"user_id": USER}, headers=bearer(operator), timeout=60).json()
    assert (body["state"], body["removed"]["audio_files"], body["problems"]) == ("looked_after", 1, [])
    assert body["removed"]["events"] > 10
    assert list(audio.iterdir()) == []
    assert httpx.get(f"{url}/{body['id']}", headers=bearer(operator)).json() == body
    assert USER not in httpx.get(url, headers=bearer(operator)).text
    actions = httpx.get(server.url + "/admin/actions", headers=bearer(operator)).text
    assert body["id"] in actions
    assert USER not in actions
    with sqlite3.connect(server.folder / "voicesearch.db") as connection:
        assert connection.execute("SELECT count(*) FROM events WHERE user_id = ?", [USER]).fetchone() == (0,)
    connection.close()
