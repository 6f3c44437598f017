"""A server that wants keys: every route of it is closed but health and pages, and `voicesearch keys` opens it."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from monitoring.store import EventStore
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("keys"), {"server.keys": "on", **PATIENT}) as server:
        yield server


def keys(server: ServerProcess, *arguments: str) -> str:
    """What `voicesearch keys` prints, in the server's folder."""
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "keys", *arguments]
    return subprocess.run(command, cwd=server.folder, check=True, capture_output=True, text=True).stdout.strip()


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def operator(server: ServerProcess) -> str:
    return keys(server, "create", "--name", "ann", "--scope", "operator")


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> str:
    return keys(server, "create", "--name", "app", "--tenant", "acme")


def test_every_route_is_closed_but_health_and_pages(server: ServerProcess, operator: str) -> None:
    routes = httpx.get(server.url + "/openapi.json", headers=bearer(operator)).json()["paths"]
    assert len(routes) > 10
    opened = {"/healthz", "/readyz"}
    for path, methods in routes.items():
        for method in methods:
            status = httpx.request(method, server.url + path).status_code
            assert status == (200 if path in opened else 401), (method, path)
    for path in ("/", "/pages/api.js", "/pages/privacy.json"):
        assert httpx.get(server.url + path).status_code == 200
    for path in ("/metrics", "/openapi.json", "/nowhere", "/admin", "//admin/keys", "/admin/keys/"):
        assert httpx.get(server.url + path).status_code == 401


def test_openais_client_sends_its_key(server: ServerProcess, client: str, query_clip: Path) -> None:
    sent = io.BytesIO(query_clip.read_bytes())
    with openai.OpenAI(base_url=server.url + "/v1", api_key=client) as works:
        said = works.audio.transcriptions.create(file=("query.flac", sent), model="whisper-1")
    assert said.text == "What time is it?"
    with (
        openai.OpenAI(base_url=server.url + "/v1", api_key="sk-123") as refused,
        pytest.raises(openai.AuthenticationError),
    ):
        refused.models.list()
    with (
        openai.OpenAI(base_url=server.url + "/v1", api_key=client) as works,
        pytest.raises(openai.PermissionDeniedError),
    ):
        works.get("/../admin/keys", cast_to=httpx.Response)


def test_a_life_of_a_key(server: ServerProcess, operator: str) -> None:
    head = bearer(operator)
    made = httpx.post(server.url + "/admin/keys", json={"name": "web", "requests_per_s": 9}, headers=head)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    body = made.json()
    assert (body["created_by"], body["scope"], body["requests_per_s"]) == ("ann", "client", 9)
    url = f"{server.url}/admin/keys/{body['id']}"

    def status(key: str) -> int:
        return httpx.get(server.url + "/v1/models", headers=bearer(key)).status_code

    assert status(body["key"]) == 200
    again = httpx.post(server.url + "/admin/keys", json={"name": "web"}, headers=head)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    second = httpx.post(url + "/rotate", json={"grace_s": 0}, headers=head).json()["key"]
    assert status(second) == 200
    wait_until(lambda: status(body["key"]) == 401)
    assert httpx.post(url + "/revoke", json={}, headers=head).json()["ended_by"] == "ann"
    wait_until(lambda: status(second) == 401, limit_s=5)
    assert httpx.post(url + "/rotate", json={}, headers=head).status_code == 409
    assert httpx.post(server.url + "/admin/keys/none/revoke", json={}, headers=head).status_code == 404
    listed = httpx.get(server.url + "/admin/keys", headers=head)
    assert {"ann", "web"} <= {one["name"] for one in listed.json()["keys"]}
    actions = httpx.get(server.url + "/admin/actions", headers=head, params={"by": "ann"}).json()["actions"]
    found = [(one["action"], one["target"], one["about"]["status"]) for one in reversed(actions)]
    assert found == [
        ("POST /admin/keys", body["id"], 201),
        ("POST /admin/keys", "/admin/keys", 409),
        ("POST /admin/keys/{key_id}/rotate", body["id"], 200),
        ("POST /admin/keys/{key_id}/revoke", body["id"], 200),
        ("POST /admin/keys/{key_id}/rotate", body["id"], 409),
        ("POST /admin/keys/{key_id}/revoke", "none", 404),
    ]
    everything = listed.text + str(actions) + keys(server, "list", "--json", "--all")
    assert not [secret for secret in (body["key"], second, operator) if secret.rpartition("_")[2] in everything]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("", {}, "name"),
        ("", {"name": "x", "scope": "root"}, "scope"),
        ("", {"name": "x", "burst": 0}, "burst"),
        ("", {"name": "x", "variant": "nobody"}, "variant"),
        ("", {"name": "x", "hash": "0"}, "hash"),
        ("/x/rotate", {"grace_s": -1}, "grace_s"),
    ],
)
def test_a_bad_field_is_named(
    server: ServerProcess, operator: str, path: str, body: dict[str, object], param: str
) -> None:
    answer = httpx.post(server.url + "/admin/keys" + path, json=body, headers=bearer(operator))
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_the_log_says_how_to_begin(server: ServerProcess) -> None:
    assert any("voicesearch keys create" in str(line["message"]) for line in server.log_lines())


def test_a_key_says_for_whom_it_asks_whatever_the_request_says(server: ServerProcess, client: str) -> None:
    asked = {"query": "jazz", "tenant": "another"}
    answer = httpx.post(server.url + "/v1/search/text", json=asked, headers=bearer(client)).json()
    store = EventStore.open(server.database)
    wait_until(lambda: store.has_request(answer["request_id"]))
    assert [event.slices["tenant"] for event in store.by_request(answer["request_id"])] == ["acme"]
    store.close()


def test_a_testers_key_names_a_variant(server: ServerProcess) -> None:
    champion = keys(server, "create", "--name", "tester", "--variant", "champion")
    url = server.url + "/v1/search/text"
    assert httpx.post(url, json={"query": "jazz"}, headers=bearer(champion)).status_code == 200


def test_who_acts_is_whose_key_it_is(server: ServerProcess, operator: str) -> None:
    url = server.url + "/admin/automation/acme"
    answer = httpx.post(url, json={"by": "eve", "target_risk": 0.1}, headers=bearer(operator))
    assert answer.status_code == 200
    history = httpx.get(url, headers=bearer(operator)).json()["history"]
    assert [entry["by"] for entry in history] == ["ann"]
    claim = httpx.post(server.url + "/admin/review/claim", json={}, headers=bearer(operator))
    assert claim.json() == {"item": None}


def test_a_reviewer_reviews_and_does_nothing_else(server: ServerProcess) -> None:
    head = bearer(keys(server, "create", "--name", "rita", "--scope", "reviewer"))
    assert httpx.get(server.url + "/admin/review", headers=head).status_code == 200
    for path in ("/v1/models", "/admin/alarms", "/admin/keys", "/admin/privacy"):
        assert httpx.get(server.url + path, headers=head).status_code == 403
