"""Where an event is safe the moment it is taken: files on this machine, between the request and the database.

What was appended outlives the process (`kill -9` too, since the kernel holds it; a power cut only with
`fsync`). Each process writes segments of its own and, at its start, takes over those that a dead one left.
Knows no database: somebody else reads batches, stores them and commits them here.
"""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from monitoring.errors import InvalidEvent, JournalClosed, JournalFull, JournalUnwritable
from monitoring.events import Event, decode, encode
from monitoring.segment import SUFFIX, Segment, framed, unframed

logger = logging.getLogger(__name__)

_MAX_SEGMENT_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive lines of one segment."""

    segment: Segment
    end: int
    """Where the next batch begins, in bytes."""
    events: tuple[Event, ...]
    bad: tuple[bytes, ...]
    """Lines that are torn, changed or no events."""


class Journal:
    """A bounded queue of events in files; any thread may append, one thread reads and commits."""

    def __init__(self, folder: Path, *, max_bytes: int, batch_size: int, fsync: bool = False) -> None:
        self.folder = folder
        self.batch_size = batch_size
        self.bad_lines = 0
        """Lines put aside so far, in this process."""
        self._max_bytes = max_bytes
        self._segment_bytes = min(_MAX_SEGMENT_BYTES, max(1, max_bytes // 8))
        self._fsync = fsync
        self._changed = threading.Condition()
        self._segments: deque[Segment] = deque()
        self._active: Segment | None = None
        self._pending: dict[str, str] = {}  # event id -> request id
        self._bytes = 0
        self._closed = False

    def open(self) -> None:
        """Make the folder and take over what dead processes left in it. Raises JournalUnwritable."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            leftovers = [Segment.adopt(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"))]
        except OSError as error:
            raise JournalUnwritable(f"the journal folder {self.folder} cannot be used: {error}") from error
        self._segments.extend(segment for segment in leftovers if segment is not None)
        for segment in self._segments:
            self._bytes += segment.size
            events = map(_event_in, segment.read(0, segment.size))
            self._pending.update((event.event_id, event.request_id) for event in events if event is not None)
        if self._segments:
            logger.info("%d events of %d left segments are replayed", len(self._pending), len(self._segments))

    @property
    def pending(self) -> int:
        """Events that are not yet committed."""
        return len(self._pending)

    def request_of(self, event_id: str) -> str | None:
        """The request of a pending event; None if no such event is pending."""
        return self._pending.get(event_id)

    def append(self, event: Event) -> bool:
        """Take a checked event; False if one of its id is pending. When this returns, the event is safe.

        Raises JournalFull, JournalUnwritable, JournalClosed, or InvalidEvent if it is too large.
        """
        line = framed(encode(event))
        with self._changed:
            if self._closed:
                raise JournalClosed("the event log is shutting down")
            if event.event_id in self._pending:
                return False
            if self._bytes + len(line) > self._max_bytes:
                raise JournalFull(f"the database is behind: {self._bytes} of {self._max_bytes} bytes wait")
            self._write(line)
            self._pending[event.event_id] = event.request_id
            if len(self._pending) in (1, self.batch_size):
                self._changed.notify_all()
        return True

    def wait(self, *, linger_s: float) -> bool:
        """Sleep until something can be read, then up to `linger_s` for a full batch; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_work() or self._closed)
            self._changed.wait_for(lambda: self.pending >= self.batch_size or self._is_urgent(), linger_s)
            return self._has_work()

    def read(self) -> Batch | None:
        """The oldest lines that are not committed, at most `batch_size`; None if there are none."""
        with self._changed:
            if not self._has_work():
                return None
            segment = self._segments[0]
            start, end = segment.done, segment.size
        lines = list(islice(segment.read(start, end), self.batch_size))
        found = [_event_in(line) for line in lines]
        return Batch(
            segment,
            start + sum(map(len, lines)),
            events=tuple(event for event in found if event is not None),
            bad=tuple(line for line, event in zip(lines, found, strict=True) if event is None),
        )

    def commit(self, batch: Batch) -> None:
        """Forget what is stored for good; bad lines go to a `.bad` file beside it. Raises OSError."""
        if batch.bad:
            self._put_aside(batch)
        segment = batch.segment
        with self._changed:
            sealed = batch.end >= segment.size and segment is not self._active
        if sealed:  # for good; not under the lock, since to free the space of a large file takes time
            segment.path.unlink(missing_ok=True)
        with self._changed:
            if segment not in self._segments:  # let go by `release` meanwhile
                return
            for event in batch.events:
                self._pending.pop(event.event_id, None)
            segment.done = batch.end
            if sealed:
                self._segments.remove(segment)
                self._bytes -= segment.size
                self._changed.notify_all()
            elif segment.done == segment.size:
                self._bytes -= segment.size
                segment.reset()
        if sealed:
            segment.discard()

    def flush(self, timeout_s: float) -> bool:
        """Wait until what was appended before is committed and off the disk; False if time runs out."""
        with self._changed:
            if self._active is not None and self._active.size:
                self._active = None
            before = [segment for segment in self._segments if segment is not self._active]
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not any(s in self._segments for s in before), timeout_s)

    def close(self) -> None:
        """Take no more events; reading goes on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def release(self) -> None:
        """Let go of the files; what is not committed stays for the next process."""
        with self._changed:
            self._closed = True
            for segment in self._segments:
                if segment.size:
                    segment.release()
                else:
                    segment.discard()
            self._segments.clear()
            self._active = None
            self._changed.notify_all()

    def _write(self, line: bytes) -> None:
        try:
            if self._active is None or self._active.size + len(line) > max(self._segment_bytes, len(line)):
                self._active = Segment.create(self.folder, fsync=self._fsync)
                self._segments.append(self._active)
            self._active.append(line, fsync=self._fsync)
        except OSError as error:
            self._abandon_active()
            raise JournalUnwritable(f"no event can be written to {self.folder}: {error}") from error
        self._bytes += len(line)

    def _abandon_active(self) -> None:
        """After a failed write nothing more is appended to that file: a torn piece may stand at its end."""
        if self._active is not None and not self._active.size:
            self._segments.remove(self._active)
            self._active.discard()
        self._active = None

    def _put_aside(self, batch: Batch) -> None:
        place = batch.segment.path.with_suffix(".bad")
        with place.open("ab") as file:
            file.writelines(line if line.endswith(b"\n") else line + b"\n" for line in batch.bad)
        self.bad_lines += len(batch.bad)
        logger.error("%d lines of the journal are no events and were put aside in %s", len(batch.bad), place)

    def _has_work(self) -> bool:
        return any(segment.size or segment is not self._active for segment in self._segments)

    def _is_urgent(self) -> bool:
        return self._closed or len(self._segments) > 1 or self._active is None


def _event_in(line: bytes) -> Event | None:
    payload = unframed(line)
    try:
        return None if payload is None else decode(payload)
    except InvalidEvent:
        return None
