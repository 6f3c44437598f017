"""Before every route: who is it, and may they do that? Plain ASGI; the answers' form is the middleware's.

Placed within `RequestScope`, so that a refusal has its id, its line in the log and its count.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from monitoring.errors import MonitoringError
from serving.errors import Forbidden, ServingError
from serving.keys.key import Key
from serving.keys.key_ring import KeyRing
from serving.keys.permissions import is_public, needed
from serving.middleware import on_expected

_POLICY_VIOLATION: Final = 1008
_MAX_SENT_CHARS: Final = 200


class Authentication:
    """Lets a request through with its key in `state`, or answers 401, 403 or 429."""

    def __init__(self, app: ASGIApp, ring: KeyRing) -> None:
        self._app = app
        self._ring = ring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the key of what is not public."""
        if scope["type"] in {"http", "websocket"} and not is_public(scope["path"]):
            try:
                await self._check(scope)
            except (ServingError, MonitoringError) as error:
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        key = await self._ring.admit(sent_key(Headers(scope=scope)))
        scope.setdefault("state", {})["key"] = key
        wanted = needed(scope["path"])
        if not key.scope.allows(wanted):
            raise Forbidden(f"this needs a key of scope {wanted}; the key {key.key_id} has {key.scope}")


def sent_key(headers: Headers) -> str | None:
    """What was sent as a key, in `Authorization: Bearer` or `X-API-Key`; None where nothing was."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    sent = value.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()
    return sent[:_MAX_SENT_CHARS] or None


def key_of(request: Request) -> Key | None:
    """The key with which the request came; None where keys are off."""
    key: Key | None = getattr(request.state, "key", None)
    return key


async def _refuse(error: ServingError | MonitoringError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": str(error)[:120]})
        return
    answer = await on_expected(Request(scope), error)
    await answer(scope, receive, send)
