"""Keeps the process that watches alive while the server serves, and says how far it is behind.

A process of its own, so that it never holds the interpreter's lock while somebody waits for an answer. It begins
after the server is ready and begins again when it dies. Knows nothing of what is watched.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import orjson

from serving.background import beside
from serving.settings import Settings

logger = logging.getLogger("voicesearch.watch")

COMMAND: Final = (sys.executable, "-P", "-m", "serving.watch_process")
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class WatchSupervisor:
    """One watching process at a time."""

    def __init__(
        self,
        settings: Settings,
        *,
        owner: str,
        command: Sequence[str] = COMMAND,
        start_after_s: float = 2.0,
        pause_s: float = 5.0,
        patience_s: float = 10.0,
    ) -> None:
        """`owner` is unique to this server; its watches follow each other without waiting for a lease to end."""
        self._wanted = orjson.dumps({"settings": settings.model_dump(mode="json"), "owner": owner}) + b"\n"
        self._command = tuple(command)
        self._start_after_s = start_after_s
        self._pause_s = pause_s
        self._patience_s = patience_s
        self._process: Process | None = None
        self.starts = 0
        """How often it was started."""
        self.problem: str | None = None
        """Why the process does not get on, as it says itself."""

    @property
    def is_running(self) -> bool:
        """Is there a process that watches, or waits for another server's to end?"""
        return self._process is not None and self._process.returncode is None

    @property
    def is_up(self) -> bool:
        """Does it run, and get on?"""
        return self.is_running and self.problem is None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch until the block ends; what is known is kept then, for which it may take `patience_s`."""
        try:
            async with beside(self._keep_alive()):
                yield
        finally:
            await self._end()

    async def _keep_alive(self) -> None:
        await asyncio.sleep(self._start_after_s)
        while True:
            try:
                code = await self._run()
                logger.error("the watch ended with code %d; it begins again in %g s", code, self._pause_s)
            except OSError as error:
                logger.error("the watch cannot be started: %s; tried again in %g s", error, self._pause_s)
            await asyncio.sleep(self._pause_s)

    async def _run(self) -> int:
        self.starts += 1
        self.problem = None
        environment: Mapping[str, str] = os.environ | _ONE_THREAD
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, env=environment)
        if self._process.stdin:
            with suppress(ConnectionError):
                self._process.stdin.write(self._wanted)
                await self._process.stdin.drain()
        if self._process.stdout:
            async for line in self._process.stdout:
                self._hear(line)
        return await self._process.wait()

    def _hear(self, line: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):  # what was printed by code that its user wrote
            self.problem = orjson.loads(line)["problem"]

    async def _end(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), self._patience_s)
        except TimeoutError:
            logger.warning("the watch did not end in %g s and is ended", self._patience_s)
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
