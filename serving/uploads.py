"""Request bodies, read with limits: bytes are counted and time is bounded while they arrive.

`BodyLimits` is ASGI middleware, so that it holds for every route; `read_form` gives a form's fields and file.
Knows no audio.
"""

import asyncio
import sys
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import BadField, Overloaded, SlowUpload, TooLarge, WrongMediaType

MAX_FIELDS: Final = 64
RETRY_S: Final = 1.0
MAX_SWALLOWED_BYTES: Final = 2**20
MAX_FIELD_BYTES: Final = 64 * 1024
MAX_JSON_BYTES: Final = 2**20
"""Of a body that is no form; only a form carries a recording."""
FORM: Final = "multipart/form-data"


class BodyLimits:
    """Stops a body that is too long or too slow; what is too long by its own header is not read at all.

    After an answer that did not wait for the end of the body, the connection is closed: nobody reads the rest.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_held_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._held = _Held(max_held_bytes)
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a guarded `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guard = self._guard(dict(scope["headers"]), receive)

        async def send_and_part(message: Message) -> None:
            if message["type"] == "http.response.start" and not guard.complete:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        try:
            await self._app(scope, guard, send_and_part)
        finally:
            self._held.release(guard.received_bytes)

    def _guard(self, headers: dict[bytes, bytes], receive: Receive) -> "_Guard":
        declared = headers.get(b"content-length", b"")
        is_form = headers.get(b"content-type", b"").lower().startswith(FORM.encode())
        return _Guard(
            receive,
            self._held,
            max_bytes=self._max_bytes if is_form else min(self._max_bytes, MAX_JSON_BYTES),
            timeout_s=self._timeout_s,
            declared_bytes=int(declared) if declared.isdigit() else 0,
            complete=declared in {b"", b"0"} and b"transfer-encoding" not in headers,
        )


class _Held:
    """Bytes of all requests that are being answered."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def take(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        if self._bytes > self._max_bytes:
            raise Overloaded("too many bytes are being uploaded", RETRY_S)

    def release(self, size_bytes: int) -> None:
        self._bytes -= size_bytes


class _Guard:
    """A `receive` that counts; once the body is complete it only passes messages on."""

    def __init__(
        self, receive: Receive, held: _Held, *, max_bytes: int, timeout_s: float, declared_bytes: int, complete: bool
    ) -> None:
        self._receive = receive
        self._held = held
        self._max_bytes = max_bytes
        self._declared_bytes = declared_bytes
        self.received_bytes = 0
        self.complete = complete
        self._end = asyncio.get_running_loop().time() + timeout_s

    async def __call__(self) -> Message:
        if self.complete:
            return await self._receive()
        self._check(self._declared_bytes)
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise SlowUpload("the request body did not arrive in time") from None
        size_bytes = len(message.get("body", b""))
        self.received_bytes += size_bytes
        self._held.take(size_bytes)
        self._check(self.received_bytes)
        self.complete = not message.get("more_body", False)
        return message

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise TooLarge(f"the request body is longer than {self._max_bytes} bytes")


class _InMemory(MultiPartParser):
    """Never puts a recording on the disk, however long: the body is bounded, and what people say is not kept."""

    spool_max_size = sys.maxsize


@dataclass(frozen=True, slots=True)
class UploadedForm:
    """A multipart form with one file."""

    data: bytes
    """The file's."""
    fields: dict[str, list[str]]


async def swallow(request: Request) -> None:
    """Read a short body without looking at it, so that the connection can be used again after an early answer."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) <= MAX_SWALLOWED_BYTES:
        async for _ in request.stream():
            pass


async def read_form(request: Request) -> UploadedForm:
    """The form's file, which stands in the field `file`, and its other fields.

    Raises WrongMediaType, BadField, TooLarge, SlowUpload, and ClientDisconnect where the client went away.
    """
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise WrongMediaType(f"send {FORM} with the recording in the field `file`")
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError) as error:
        raise BadField(f"not a multipart form: {error}") from error
    try:
        return await _uploaded(form)
    finally:
        await form.close()


async def _uploaded(form: FormData) -> UploadedForm:
    fields: dict[str, list[str]] = {}
    upload: UploadFile | None = None
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif name == "file":
            upload = value
        else:
            raise BadField(f"the recording belongs in the field `file`, not in `{name}`", name)
    if upload is None:
        raise BadField("the field `file` with the recording is missing", "file")
    return UploadedForm(await upload.read(), fields)


__all__ = ["BodyLimits", "UploadedForm", "read_form", "swallow"]
