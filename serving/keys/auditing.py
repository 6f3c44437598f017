"""Writes down every request that changes something under `/admin`. Plain ASGI, around `Authentication`.

The line is in the log before the client has its answer. Where the log cannot be written the deed is done all the same,
and the line goes to the server's own log. Requests without a known key, and those over a key's rate, are only counted;
what reviewers do stands in their reviews.
"""

import asyncio
import logging
import time
from dataclasses import asdict
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitoring.errors import MonitoringError
from serving.keys.actions import ActionLog, OperatorAction
from serving.keys.key import Key

logger = logging.getLogger("voicesearch.actions")

LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_WRITTEN: Final = frozenset({401, 429})
UNNAMED: Final = "unnamed"
"""Who acts without a key and does not say who it is."""


class Auditing:
    """Writes an `OperatorAction` for each answer to a request that is not only looking."""

    def __init__(self, app: ASGIApp, log: ActionLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; between its outcome and its answer, write."""
        if scope["type"] != "http" or scope["method"] in LOOKING or not _is_written(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def write_and_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] not in NOT_WRITTEN:
                await self._write(_action(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, write_and_send)

    async def _write(self, action: OperatorAction) -> None:
        try:
            await asyncio.to_thread(self._log.write, action)
        except MonitoringError as error:
            logger.error(
                "an operator's action is only kept here", extra={"deed": asdict(action), "problem": str(error)}
            )


def _is_written(path: str) -> bool:
    return path.startswith("/admin") and not path.startswith("/admin/review")


def _action(scope: Scope, status: int) -> OperatorAction:
    state = scope.get("state", {})
    key: Key | None = state.get("key")
    route = getattr(scope.get("route"), "path", scope["path"])
    parameters = scope.get("path_params", {})
    about: dict[str, object] = {"status": status, "request_id": state.get("request_id")}
    return OperatorAction(
        at=time.time(),
        by=key.name if key else state.get("actor") or UNNAMED,
        action=f"{scope['method']} {route}",
        target="/".join(str(value) for value in parameters.values()) or state.get("target") or scope["path"],
        about=about | ({"key_id": key.key_id, "scope": key.scope.value} if key else {}),
    )
