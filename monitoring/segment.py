"""One append-only file of checksummed lines, owned by the process that holds its lock.

A line is eight hexadecimal digits of CRC-32, a space, the payload, a newline; so a line that was torn by a
crash, or changed on the disk, is recognized. Knows nothing of what a payload means. POSIX only (`flock`).
"""

import contextlib
import errno
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self
from zlib import crc32

SUFFIX: Final = ".journal"
_CHUNK_BYTES: Final = 1024 * 1024


def framed(payload: bytes) -> bytes:
    """The payload, which must not hold a newline, as a line with its checksum."""
    return b"%08x %b\n" % (crc32(payload), payload)


def unframed(line: bytes) -> bytes | None:
    """The payload of a line; None if the line is torn or its checksum is wrong."""
    payload = line[9:-1]
    return payload if line == framed(payload) else None


class Segment:
    """An open, locked file; `done` bytes of its `size` need not be read again."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = os.fstat(descriptor).st_size
        self.done = 0
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path, *, fsync: bool) -> Self:
        """A new, empty segment with a name of its own; names sort by time."""
        name = f"{time.time_ns()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        hidden = folder / f"{name}.new"
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        # Locked before it gets its name: another process must not take it for a leftover in between.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = hidden.with_suffix(SUFFIX)
        hidden.rename(path)
        if fsync:
            _fsync_folder(folder)
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """A segment that a process left behind; None if its process lives, or another one was quicker."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return cls(path, descriptor)
        os.close(descriptor)
        return None

    def append(self, line: bytes, *, fsync: bool) -> None:
        """Write the line whole, in one call, or raise OSError; then no part of it counts as written."""
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, "no space left for the whole line", str(self.path))
            if fsync:
                os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The lines from byte `start` to byte `end`; the last one has no newline if it is torn."""
        rest = b""
        while start < end and (chunk := os.pread(self._descriptor, min(_CHUNK_BYTES, end - start), start)):
            start += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if rest:
            yield rest

    def reset(self) -> None:
        """Make it empty again."""
        os.ftruncate(self._descriptor, 0)
        self.size = self.done = 0

    def release(self) -> None:
        """Give up the lock; the file stays for the next process."""
        os.close(self._descriptor)

    def discard(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
