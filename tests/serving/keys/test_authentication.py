"""Who is let through, and what the others are told."""

import asyncio

import pytest
from starlette.types import Message, Receive, Send
from starlette.types import Scope as Connection

from serving.keys.authentication import Authentication
from serving.keys.key import KeyRequest, Scope
from serving.keys.key_ring import MAX_WAITING, KeyRing
from serving.keys.secret import new_token
from serving.keys.store import KeyStore
from serving.state.store import StateStore
from tests.serving.keys.asking import Ask, during

PLACES = {
    "/": "public",
    "/healthz": "public",
    "/readyz": "public",
    "/pages/x.js": "public",
    "/metrics": "any",
    "/v1/search": "client",
    "/admin/things/1": "operator",
    "/admin/review/claim": "reviewer",
    "/nowhere": "client",
    "/admin": "operator",
    "/adminx": "operator",
}


@pytest.fixture
def keys(sqlite_state: StateStore) -> KeyStore:
    return KeyStore(sqlite_state)


def test_each_scope_opens_its_part_and_the_operators_all(sqlite_state: StateStore, keys: KeyStore) -> None:
    made = {scope: keys.create(KeyRequest(name=scope, scope=scope), by="ann", now=1.0).token for scope in Scope}

    async def story(ask: Ask, ring: KeyRing) -> None:
        for path, needs in PLACES.items():
            method = "POST" if "admin" in path else "GET"
            without = await ask(path, method=method)
            assert (without.status_code == 401) == (needs != "public"), path
            for scope, token in made.items():
                answer = await ask(path, token, method=method)
                allowed = needs in {"public", "any", scope} or scope is Scope.OPERATOR
                assert (answer.status_code == 403) == (not allowed), (path, scope)
                assert answer.status_code != 401

    during(sqlite_state, story)


def test_what_the_refused_are_told(sqlite_state: StateStore, keys: KeyStore) -> None:
    client = keys.create(KeyRequest(name="app"), by="ann", now=1.0)

    async def story(ask: Ask, ring: KeyRing) -> None:
        absent = await ask("/v1/search")
        assert (absent.status_code, absent.headers["www-authenticate"]) == (401, 'Bearer realm="voicesearch"')
        assert "Authorization: Bearer" in absent.json()["error"]["message"]
        assert (absent.json()["error"]["code"], absent.headers["x-should-retry"]) == ("invalid_api_key", "false")
        for sent in ("sk-123", new_token(), new_token(client.key.key_id), "vs_" + "x" * 10_000):
            unknown = await ask("/v1/search", sent)
            assert (unknown.status_code, unknown.json()["error"]["type"]) == (401, "authentication_error")
            assert "not known" in unknown.json()["error"]["message"]
            assert str(sent) not in unknown.text
        forbidden = await ask("/admin/things/1", client.token)
        assert (forbidden.status_code, forbidden.json()["error"]["code"]) == (403, "insufficient_scope")
        assert "scope operator" in forbidden.json()["error"]["message"]

    during(sqlite_state, story)


def test_both_headers_are_taken(sqlite_state: StateStore, keys: KeyStore) -> None:
    token = str(keys.create(KeyRequest(name="app"), by="ann", now=1.0).token)

    async def story(ask: Ask, ring: KeyRing) -> None:
        for name, value in (("Authorization", f"bearer {token}"), ("X-API-Key", token), ("x-api-key", f" {token} ")):
            assert (await ask("/v1/search", **{name: value})).status_code == 200
        for name, value in (
            ("Authorization", token),
            ("Authorization", "Basic YTpi"),
            ("X-API-Key", f"Bearer {token}"),
        ):
            assert (await ask("/v1/search", **{name: value})).status_code == 401

    during(sqlite_state, story)


def test_a_server_without_keys_says_how_to_begin(sqlite_state: StateStore) -> None:
    async def story(ask: Ask, ring: KeyRing) -> None:
        assert "voicesearch keys create" in (await ask("/v1/search")).json()["error"]["message"]

    during(sqlite_state, story)


def test_a_new_key_works_at_once_and_a_revoked_one_no_more_within_seconds(
    sqlite_state: StateStore, keys: KeyStore
) -> None:
    async def story(ask: Ask, ring: KeyRing) -> None:
        made = keys.create(KeyRequest(name="app"), by="ann", now=1.0)
        assert (await ask("/v1/search", made.token)).status_code == 200
        second = keys.rotate(made.key.key_id, now=2e9, grace_s=1e9)
        assert (await ask("/v1/search", second.token)).status_code == 200
        assert (await ask("/v1/search", made.token)).status_code == 200
        keys.revoke(made.key.key_id, by="ann", now=1.0)
        async with asyncio.timeout(5):
            while (await ask("/v1/search", second.token)).status_code == 200:
                await asyncio.sleep(0.01)
        assert (await ask("/v1/search", second.token)).status_code == 401

    during(sqlite_state, story)


def test_a_key_has_a_rate(sqlite_state: StateStore, keys: KeyStore) -> None:
    slow = keys.create(KeyRequest(name="slow"), by="ann", now=1.0).token
    own = keys.create(KeyRequest(name="own", requests_per_s=1000, burst=50), by="ann", now=1.0).token

    async def story(ask: Ask, ring: KeyRing) -> None:
        answers = [await ask("/v1/search", slow) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].headers["x-should-retry"] == "true"
        assert [(await ask("/v1/search", own)).status_code for _ in range(50)] == [200] * 50
        assert (await ask("/healthz", slow)).status_code == 200

    during(sqlite_state, story, per_s=0.01)


def test_guessing_is_slow_and_does_not_hold_up_others(sqlite_state: StateStore, keys: KeyStore) -> None:
    good = keys.create(KeyRequest(name="app"), by="ann", now=1.0).token

    async def story(ask: Ask, ring: KeyRing) -> None:
        guesses = [asyncio.create_task(ask("/v1/search", new_token())) for _ in range(MAX_WAITING + 20)]
        await asyncio.sleep(0)
        assert (await ask("/v1/search", good)).status_code == 200
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
        assert statuses.count(429) >= 20
        assert statuses.count(401) + statuses.count(429) == len(guesses)

    during(sqlite_state, story)


def test_while_the_database_is_away_known_keys_stay_valid(
    nowhere: str, sqlite_state: StateStore, keys: KeyStore
) -> None:
    good = keys.create(KeyRequest(name="app"), by="ann", now=1.0).token

    async def story(ask: Ask, ring: KeyRing) -> None:
        assert (await ask("/v1/search", good)).status_code == 200
        ring._store = KeyStore(StateStore.open(nowhere))
        unknown = await ask("/v1/search", new_token())
        assert unknown.status_code == 401
        assert (await ask("/v1/search", good)).status_code == 200

    during(sqlite_state, story)

    async def without(ask: Ask, ring: KeyRing) -> None:
        refused = await ask("/v1/search", good)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "event_store_unavailable")
        assert (await ask("/healthz")).status_code == 200

    during(StateStore.open(nowhere), without)


def test_a_key_speaks_for_its_tenant_and_for_no_other(sqlite_state: StateStore, keys: KeyStore) -> None:
    bound = keys.create(KeyRequest(name="acme", tenant="acme", variant="new"), by="ann", now=1.0).token
    free = keys.create(KeyRequest(name="free"), by="ann", now=1.0).token

    async def story(ask: Ask, ring: KeyRing) -> None:
        assert (await ask("/v1/search", bound)).json() == {"tenant": "acme", "variant": "new"}
        assert (await ask("/v1/search", free)).json() == {"tenant": "claimed", "variant": None}

    during(sqlite_state, story)


def test_the_last_use_is_noted(sqlite_state: StateStore, keys: KeyStore) -> None:
    token = keys.create(KeyRequest(name="app"), by="ann", now=1.0).token

    async def story(ask: Ask, ring: KeyRing) -> None:
        assert (await ask("/v1/search", token)).status_code == 200
        async with asyncio.timeout(5):
            while keys.every()[0].last_used_at is None:
                await asyncio.sleep(0.01)

    during(sqlite_state, story)


def test_a_socket_is_closed_before_it_is_open(sqlite_state: StateStore) -> None:
    async def story(ask: Ask, ring: KeyRing) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        async def app(scope: Connection, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})

        await Authentication(app, ring)({"type": "websocket", "path": "/v1/stream", "headers": []}, receive, send)
        return sent

    [message] = during(sqlite_state, story)
    assert (message["type"], message["code"]) == ("websocket.close", 1008)
