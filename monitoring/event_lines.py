"""Reads events from a file of JSON lines, in batches, millions of them; what is no event is counted and said.

As strict as `monitoring.events.decode`, but for fields that it does not know: a file may come from a newer version, so
these are counted and left out. Most lines are settled by a few look-ups among texts and slices that were checked
before; only what those cannot vouch for is gone through field by field. Events of the same slices share one mapping.
Knows no database, and does not ask whether an event is late or comes twice.
"""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import orjson

from monitoring.errors import InvalidEvent, UnreadableEvents
from monitoring.events import MAX_EVENT_BYTES, MAX_NAME_CHARS, MAX_TEXT_BYTES, Event, checked

STDIN: Final = Path("-")

_FIELDS: Final = frozenset(one.name for one in fields(Event))
_NUMBERS: Final = frozenset({float, int, bool, type(None)})
_TEXTS: Final = frozenset({str})
_IDENTIFIERS: Final = frozenset({str, type(None)})
_CHUNK_BYTES: Final = 256 * 1024
_MAX_KNOWN: Final = 50_000
_MAX_SAID: Final = 10


class Refusal(NamedTuple):
    """A line that is no event."""

    line: int
    """Counted from 1."""
    reason: str


@dataclass(slots=True)
class LinesRead:
    """What a file held, as far as it was read."""

    lines: int = 0
    events: int = 0
    refused: int = 0
    first_refusals: list[Refusal] = field(default_factory=list)
    """At most ten."""
    unknown_fields: Counter[str] = field(default_factory=Counter)
    """How often each was left out; at most ten names, the others together under `...`."""

    def refuse(self, line: int, reason: str) -> None:
        """Count a line that is none."""
        self.refused += 1
        if len(self.first_refusals) < _MAX_SAID:
            self.first_refusals.append(Refusal(line, reason))

    def require_events(self, path: Path) -> None:
        """Raises UnreadableEvents where there were lines and not one was an event."""
        if self.refused and not self.events:
            reasons = "; ".join(f"line {line}: {reason}" for line, reason in self.first_refusals[:3])
            raise UnreadableEvents(f"{path}: none of {self.refused} lines is an event: {reasons}")

    def leave_out(self, name: str) -> None:
        """Count a field that no event has."""
        name = name[:MAX_NAME_CHARS]
        has_room = name in self.unknown_fields or len(self.unknown_fields) < _MAX_SAID
        self.unknown_fields[name if has_room else "..."] += 1


def read(path: Path, seen: LinesRead | None = None, *, batch_size: int = 1_000) -> Iterator[list[Event]]:
    """The events of a file, of a gzip file (by its name), or of the standard input (`-`), in batches as they stand.

    `seen` is filled as the batches are taken. Raises UnreadableEvents where the file cannot be read (on).
    """
    reader = _Reader(seen if seen is not None else LinesRead())
    batch: list[Event] = []
    with _opened(path) as file:
        for lines in _lines(file):
            batch += reader.events(lines)
            while len(batch) >= batch_size:
                yield batch[:batch_size]
                batch = batch[batch_size:]
    if batch:
        yield batch


class _Reader:
    """Turns lines into events, and learns which texts are sound names, which mappings sound slices."""

    def __init__(self, seen: LinesRead) -> None:
        self._seen = seen
        self._known: set[str] = set()
        self._slices: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def events(self, lines: list[bytes]) -> list[Event]:
        found = []
        for number, line in enumerate(lines, self._seen.lines + 1):
            try:
                fields = orjson.loads(line)
                fields["slices"] = self._slices[tuple(fields["slices"].items())]
                event = Event(**fields)
                if not _is_sound(event, self._known) or len(line) > MAX_TEXT_BYTES or b"\\u0000" in line:
                    event = self._examined(line)
            except (TypeError, ValueError, AttributeError, LookupError):
                if not line or line.isspace():
                    continue
                try:
                    event = self._examined(line)
                except InvalidEvent as error:
                    self._seen.refuse(number, str(error))
                    continue
            found.append(event)
        self._seen.lines += len(lines)
        self._seen.events += len(found)
        return found

    def _examined(self, line: bytes) -> Event:
        if len(line) > MAX_EVENT_BYTES:
            raise InvalidEvent(f"longer than {MAX_EVENT_BYTES} bytes")
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InvalidEvent(f"not JSON: {error}") from error
        if not isinstance(found, dict):
            raise InvalidEvent(f"a JSON {type(found).__name__}, not an event")
        unknown = found.keys() - _FIELDS
        try:
            event, _ = checked(Event(**{name: value for name, value in found.items() if name not in unknown}))
        except TypeError as error:
            raise InvalidEvent(f"not an event: {error}") from error
        for name in unknown:
            self._seen.leave_out(name)
        self._learn(event)
        return event

    def _learn(self, event: Event) -> None:
        if len(self._known) > _MAX_KNOWN:  # a million distinct names must not stay here
            self._known.clear()
        if len(self._slices) > _MAX_KNOWN:
            self._slices.clear()
        self._known |= {event.kind, event.outcome, *event.signals, *event.details}
        self._slices.setdefault(tuple(event.slices.items()), event.slices)


def _is_sound(event: Event, known: set[str]) -> bool:
    """Is all but the slices of the right type, every name right, as far as a quick look tells? TypeError if odd."""
    return (
        type(event.at) is float
        and type(event.consent) is bool
        and event.kind in known
        and event.outcome in known
        and 0 < len(event.event_id) <= MAX_NAME_CHARS
        and 0 < len(event.request_id) <= MAX_NAME_CHARS
        and (event.user_id is None or 0 < len(event.user_id) <= MAX_NAME_CHARS)
        and (event.session_id is None or 0 < len(event.session_id) <= MAX_NAME_CHARS)
        and _IDENTIFIERS.issuperset(map(type, (event.event_id, event.request_id, event.user_id, event.session_id)))
        and known.issuperset(event.signals)
        and known.issuperset(event.details)
        and _NUMBERS.issuperset(map(type, event.signals.values()))
        and _TEXTS.issuperset(map(type, event.details.values()))
    )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            if path.suffix == ".gz":
                with gzip.open(file) as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield file
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableEvents(f"events cannot be read from {path}: {error}") from error


def _lines(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines without their ends; of one that is far too long only the beginning is kept."""
    rest = b""
    while chunk := file.read(_CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[: MAX_EVENT_BYTES + 1]
        yield lines
    if rest:
        yield [rest]
