"""A small app behind keys, and requests to it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serving.errors import ServingError
from serving.keys.actions import ActionLog
from serving.keys.auditing import Auditing
from serving.keys.authentication import Authentication
from serving.keys.identity import actor, tenant_of, variant_of
from serving.keys.key_ring import KeyRing
from serving.keys.store import KeyStore
from serving.middleware import RequestScope, on_expected
from serving.state.store import StateStore
from serving.telemetry import Telemetry

Result = TypeVar("Result")
Ask = Callable[..., Coroutine[None, None, httpx.Response]]


async def look(request: Request) -> Response:
    return JSONResponse({"tenant": tenant_of(request, "claimed"), "variant": variant_of(request)})


async def act(request: Request) -> Response:
    return JSONResponse({"by": actor(request, request.query_params.get("by"))})


ROUTES = [
    *(Route(path, look) for path in ("/", "/healthz", "/readyz", "/pages/x.js", "/metrics", "/v1/search")),
    Route("/admin/things/{thing}", act, methods=["GET", "POST"]),
    Route("/admin/review/claim", act, methods=["POST"]),
]


def during(
    state: StateStore, story: Callable[[Ask, KeyRing], Coroutine[None, None, Result]], *, per_s: float = 1e5
) -> Result:
    """Run a story of requests to an app over that state, whose ring looks every 50 ms."""
    ring = KeyRing(KeyStore(state), per_s=per_s, burst=3 if per_s < 1e5 else 1000, every_s=0.05, note_every_s=0.05)
    around = [
        Middleware(RequestScope, telemetry=Telemetry()),
        Middleware(Auditing, log=ActionLog(state)),
        Middleware(Authentication, ring=ring),
    ]
    app = Starlette(routes=ROUTES, middleware=around, exception_handlers={ServingError: on_expected})

    async def run() -> Result:
        async with (
            ring.watched(),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client,
        ):

            async def ask(path: str, key: object = None, *, method: str = "GET", **headers: str) -> httpx.Response:
                sent = {"authorization": f"Bearer {key}"} if key else {}
                return await client.request(method, path, headers=sent | headers)

            return await story(ask, ring)

    return asyncio.run(run())
