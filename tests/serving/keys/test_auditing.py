"""What operators do is written down: who, what, to what, how it ended; and nothing of it can be changed."""

import asyncio

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from serving.keys.actions import ActionLog, OperatorAction
from serving.keys.auditing import Auditing
from serving.keys.key import KeyRequest, Scope
from serving.keys.key_ring import KeyRing
from serving.keys.secret import new_token
from serving.keys.store import KeyStore
from serving.state.store import StateStore
from tests.serving.keys.asking import Ask, during


def test_what_changes_something_is_written(sqlite_state: StateStore) -> None:
    keys, log = KeyStore(sqlite_state), ActionLog(sqlite_state)
    ann = keys.create(KeyRequest(name="ann", scope=Scope.OPERATOR), by="cli", now=1.0)
    app = keys.create(KeyRequest(name="app"), by="ann", now=1.0)

    async def story(ask: Ask, ring: KeyRing) -> None:
        assert (await ask("/admin/things/7?by=eve", ann.token, method="POST")).json() == {"by": "ann"}
        await ask("/admin/things/8", app.token, method="POST")
        await ask("/admin/things/9", new_token(), method="POST")
        await ask("/admin/things/7", ann.token)
        await ask("/v1/search", app.token)
        await ask("/admin/nowhere", ann.token, method="DELETE")

    during(sqlite_state, story)
    found = [(one.by, one.action, one.target, one.about["status"]) for one in log.page()]
    assert found == [
        ("ann", "DELETE /admin/nowhere", "/admin/nowhere", 404),
        ("app", "POST /admin/things/8", "/admin/things/8", 403),
        ("ann", "POST /admin/things/{thing}", "7", 200),
    ]
    latest = log.page()[0]
    assert (latest.about["key_id"], latest.about["scope"]) == (ann.key.key_id, "operator")
    assert str(latest.about["request_id"]).startswith("req_")


def test_pages_of_the_log(state: StateStore) -> None:
    log = ActionLog(state)
    for number in range(5):
        by = "ann" if number % 2 else "bob\0"
        log.write(OperatorAction(at=100.0 + number, by=by, action="did", target="x" * 10_000))
    first = log.page(limit=2)
    assert [one.at for one in first] == [104.0, 103.0]
    assert [one.at for one in log.page(limit=2, before=first[-1].number)] == [102.0, 101.0]
    assert [one.at for one in log.page(by="ann")] == [103.0, 101.0]
    assert [one.at for one in log.page(since=103.0)] == [104.0, 103.0]
    assert {len(one.target) for one in log.page()} == {500}


def test_the_deed_is_done_and_told_where_the_log_is_away(nowhere: str, caplog: pytest.LogCaptureFixture) -> None:
    async def done(scope: Connection, receive: Receive, send: Send) -> None:
        await Response("done")(scope, receive, send)

    app = Auditing(done, ActionLog(StateStore.open(nowhere)))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
            return await client.post("/admin/things/7")

    assert asyncio.run(ask()).text == "done"
    [record] = [one for one in caplog.records if one.name == "voicesearch.actions"]
    assert vars(record)["deed"]["target"] == "/admin/things/7"
