"""What happens around every request, on an app that fails on purpose."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from serving.middleware import RequestScope
from serving.telemetry import Telemetry
from serving.uploads import BodyLimits


async def fine(request: Request) -> Response:
    return PlainTextResponse(request.state.request_id)


async def faulty(request: Request) -> Response:
    raise ArithmeticError("a secret of ours")


async def half(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise ArithmeticError("a secret of ours")

    return StreamingResponse(parts())


async def unread(request: Request) -> Response:
    return PlainTextResponse("no need to hear more")


def get(telemetry: Telemetry, path: str, body: bytes = b"") -> httpx.Response:
    routes = [Route("/fine", fine), Route("/faulty", faulty), Route("/half", half), Route("/unread", unread)]
    around = [
        Middleware(RequestScope, telemetry=telemetry),
        Middleware(BodyLimits, max_bytes=100, max_held_bytes=1000, timeout_s=5),
    ]
    transport = httpx.ASGITransport(Starlette(routes=routes, middleware=around))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request("GET", path, content=body)

    return asyncio.run(ask())


def counted(telemetry: Telemetry, path: str, status: int) -> float | None:
    labels = {"route": path, "status": str(status)}
    return telemetry.registry.get_sample_value("voicesearch_requests_total", labels)


def test_every_answer_has_an_id_of_its_own() -> None:
    telemetry = Telemetry()
    answers = [get(telemetry, "/fine") for _ in range(3)]
    assert [answer.text for answer in answers] == [answer.headers["x-request-id"] for answer in answers]
    assert len({answer.text for answer in answers}) == 3


def test_a_fault_of_ours_has_the_shape_of_every_error_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    answer = get(telemetry, "/faulty")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-should-retry"] == "false"
    assert "secret" not in answer.text
    assert "a secret of ours" in caplog.text
    assert counted(telemetry, "/faulty", 500) == 1


def test_a_fault_in_the_middle_of_an_answer_cuts_it_off() -> None:
    with pytest.raises(ArithmeticError):
        get(Telemetry(), "/half")


def test_an_answer_before_the_end_of_the_body_closes_the_connection() -> None:
    assert get(Telemetry(), "/unread", body=b"x").headers["connection"] == "close"
    assert "connection" not in get(Telemetry(), "/unread").headers
