"""Around every request: an id, a log line, a measurement, and errors in one shape. Plain ASGI."""

import logging
import time
import uuid
from collections.abc import Callable

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import ErrorAnswer, answer_for
from serving.logs import request_id
from serving.telemetry import Telemetry

logger = logging.getLogger("voicesearch.access")

REQUEST_ID_PREFIX = "req_"
SOONEST_RETRY_MS = 250
"""A queue that is full now is not empty in a millisecond."""
CHALLENGE = 'Bearer realm="voicesearch"'
"""What is wanted from who sends no key that is known (RFC 6750)."""
CLIENT_GONE = 499
"""Status in the log for a client that did not wait; nobody receives it."""


WATCHERS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes of those who watch the server."""

Trace = Callable[[Scope, int, float], None]
"""Takes a finished request, its status and its seconds."""


class RequestScope:
    """Gives each request an id, which stands in its answer's header, its log lines, its event and its trace."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, trace: Trace | None = None) -> None:
        self._app = app
        self._telemetry = telemetry
        self._trace = trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        self._telemetry.in_flight += 1
        own_id = scope.setdefault("state", {})["request_id"] = f"{REQUEST_ID_PREFIX}{uuid.uuid4().hex}"
        status = CLIENT_GONE

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", own_id.encode())]
            await send(message)

        token = request_id.set(own_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if status != CLIENT_GONE:  # the answer is under way and can only be cut off
                raise
            answer = await on_unexpected(Request(scope), error)
            await answer(scope, receive, send_with_id)
        finally:
            self._telemetry.in_flight -= 1
            self._note(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._telemetry.request(route, status, seconds, error=scope["state"].get("error_code"))
        if self._trace and route not in WATCHERS:
            self._trace(scope, status, seconds)
        level = logging.DEBUG if route in WATCHERS else logging.INFO
        fields = {"method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1e3, 2)}
        if key := scope["state"].get("key"):
            fields["key"] = key.key_id
        logger.log(level, "request", extra=fields)


def error_response(request: Request, answer: ErrorAnswer) -> Response:
    """An error in OpenAI's shape; what will not clear within a retry tells the client not to try."""
    request.state.error_code = answer.code
    body = {
        "error": {
            "message": _encodable(answer.message),
            "type": answer.type,
            "param": answer.param and _encodable(answer.param),
            "code": answer.code,
        }
    }
    headers = {"x-should-retry": "false"}
    if answer.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(answer.retry_after_s)))
        headers["retry-after-ms"] = str(max(SOONEST_RETRY_MS, round(answer.retry_after_s * 1e3)))
        headers["x-should-retry"] = "true"
    if answer.status == 401:
        headers["www-authenticate"] = CHALLENGE
    return Response(orjson.dumps(body), answer.status, headers, "application/json")


def _encodable(text: str) -> str:
    """Without lone surrogates, which a client can send in JSON and nobody can send back."""
    return text.encode("utf-8", "replace").decode()


async def on_expected(request: Request, error: Exception) -> Response:
    """An error that `serving.errors` knows."""
    answer = answer_for(error)
    if answer is None:
        return await on_unexpected(request, error)
    return error_response(request, answer)


async def on_http(request: Request, error: Exception) -> Response:
    """No such route, wrong method, or a body that was refused while the framework read it."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Exception) and (refused := answer_for(error.__cause__)):
        return error_response(request, refused)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return error_response(request, ErrorAnswer(error.status_code, "invalid_request_error", code, str(error.detail)))


async def on_invalid(request: Request, error: Exception) -> Response:
    """A JSON body of the wrong form."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    is_json = first["type"] != "json_invalid"  # else `loc` is a place in the text
    field = ".".join(str(part) for part in first["loc"] if part != "body" and is_json) or None
    message = f"{field}: {first['msg']}" if field else str(first["msg"])
    return error_response(request, ErrorAnswer(422, "invalid_request_error", "invalid_field", message, field))


async def on_gone(request: Request, error: Exception) -> Response:
    """The client did not wait."""
    return Response(status_code=CLIENT_GONE)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: said in the log, not to the client."""
    logger.error("unexpected error", exc_info=error)
    return error_response(request, ErrorAnswer(500, "server_error", "internal_error", "an internal error occurred"))
