"""Structured logs: one JSON object a line, with the request's id. Never a transcript, unless a caller adds one.

Addresses, phone and card numbers and API keys are taken out of messages, extras and tracebacks.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from monitoring import redaction

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being answered here."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, and what the caller gave as `extra`."""

    def __init__(self, *, redact: bool = True) -> None:
        super().__init__()
        self._clean: Callable[[str], str] = redaction.redact if redact else str

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        if current := request_id.get():
            line["request_id"] = current
        line |= {key: self._cleaned(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=lambda value: self._clean(str(value)))

    def _cleaned(self, value: object) -> object:
        """The value with all texts in it redacted; numbers and what is no JSON stay."""
        match value:
            case str():
                return self._clean(value)
            case dict():
                return {str(key): self._cleaned(one) for key, one in value.items()}
            case list() | tuple():
                return [self._cleaned(one) for one in value]
        return value


def configure(level: str, *, redact: bool = True) -> None:
    """Log to stderr as JSON, from this level on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redact=redact))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # tells at every open of the store how it would migrate
