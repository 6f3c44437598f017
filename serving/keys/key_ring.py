"""The keys in the memory of a replica, so that no request waits for the database: read again every second.

A key that is revoked or made, or its secret changed, is known everywhere within that second. A key that is not known
waits for the next look, which is what slows a guesser down; a few may wait at a time, others are refused at once. Where
the database is away, what was known stays valid for an hour: the service goes on, as its events do.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from monitoring.errors import MonitoringError, StoreUnavailable
from serving.background import beside
from serving.errors import RateLimited, Unauthorized
from serving.keys.key import Key
from serving.keys.secret import Token, parse
from serving.keys.store import KeyStore
from serving.keys.token_bucket import TokenBucket

logger = logging.getLogger("voicesearch.keys")

LOOK_EVERY_S: Final = 1.0
MAX_STALE_S: Final = 3600.0
MAX_WAITING: Final = 64
MAX_WAIT_S: Final = 10.0
NOTE_EVERY_S: Final = 30.0
RETRY_S: Final = 1.0
NO_KEY: Final = "an API key is wanted: send it as `Authorization: Bearer vs_...` or `X-API-Key: vs_...`"
HOW_TO_BEGIN: Final = "this server has no API key yet: whoever runs it makes one with `voicesearch keys create`"


class KeyRing:
    """The keys that are known here, how often each was used lately, and who waits. For one event loop."""

    def __init__(
        self,
        store: KeyStore,
        *,
        per_s: float,
        burst: int,
        every_s: float = LOOK_EVERY_S,
        note_every_s: float = NOTE_EVERY_S,
    ) -> None:
        """`per_s` and `burst` are for keys without a rate of their own."""
        self._store = store
        self._per_s = per_s
        self._burst = burst
        self._every_s = every_s
        self._note_every_s = note_every_s
        self._keys: dict[str, Key] | None = None
        self._read_at = 0.0
        self._buckets: dict[str, TokenBucket] = {}
        self._used_at: dict[str, float] = {}
        self._looked = asyncio.Event()
        self._waiting = 0
        self._unknown = 0
        self._problem: str | None = None

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Read the keys, and go on doing so until the block ends."""
        await self._look()
        if self._keys is not None and not self._keys:
            logger.warning(HOW_TO_BEGIN)
        try:
            async with beside(self._go_on()):
                yield
        finally:
            await self._note()

    async def admit(self, sent: str | None) -> Key:
        """The key that was sent, one of its requests taken. Raises Unauthorized, RateLimited, StoreUnavailable."""
        token = parse(sent) if sent else None
        key = self._find(token) if token else None
        if token and not key:
            await self._next_look()
            key = self._find(token)
        if key is None:
            self._unknown += sent is not None
            raise Unauthorized(self._refusal(sent))
        if wait_s := self._bucket(key).take(time.monotonic()):
            raise RateLimited(f"the key {key.key_id} may send {self._bucket(key).per_s:g} requests a second", wait_s)
        self._used_at[key.key_id] = time.time()
        return key

    def _find(self, token: Token) -> Key | None:
        if self._keys is None or time.monotonic() - self._read_at > MAX_STALE_S:
            raise StoreUnavailable(f"keys cannot be read: {self._problem}")
        key = self._keys.get(token.key_id)
        return key if key and key.is_opened_by(token, time.time()) else None

    def _refusal(self, sent: str | None) -> str:
        if self._keys is not None and not self._keys:
            return HOW_TO_BEGIN
        return NO_KEY if sent is None else "this API key is not known, or has ended"

    def _bucket(self, key: Key) -> TokenBucket:
        per_s, burst = key.requests_per_s or self._per_s, key.burst or self._burst
        bucket = self._buckets.get(key.key_id)
        if bucket is None or (bucket.per_s, bucket.burst) != (per_s, burst):
            bucket = self._buckets[key.key_id] = TokenBucket(per_s=per_s, burst=burst)
        return bucket

    async def _next_look(self) -> None:
        """Wait for a look that begins after now."""
        if self._waiting >= MAX_WAITING:
            raise RateLimited("too many requests with keys that are not known", RETRY_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await self._looked.wait()
        except TimeoutError:
            raise StoreUnavailable("keys cannot be read in time") from None
        finally:
            self._waiting -= 1

    async def _go_on(self) -> None:
        noted_at = time.monotonic()
        while True:
            await asyncio.sleep(self._every_s)
            await self._look()
            if time.monotonic() - noted_at >= self._note_every_s:
                noted_at = time.monotonic()
                await self._note()

    async def _look(self) -> None:
        """Read all keys; where the database is away, the known ones stay, and that is said once."""
        looked, self._looked = self._looked, asyncio.Event()
        try:
            found = await asyncio.to_thread(self._store.every)
        except Exception as error:  # a ring that dies would let nobody new in, and nobody go
            if self._problem is None:
                logger.error("keys cannot be read", exc_info=None if isinstance(error, MonitoringError) else error)
            self._problem = str(error) or type(error).__name__
        else:
            self._problem = None
            self._read_at = time.monotonic()
            self._keys = {one.key.key_id: one.key for one in found}
            self._buckets = {key_id: bucket for key_id, bucket in self._buckets.items() if key_id in self._keys}
        finally:
            looked.set()

    async def _note(self) -> None:
        """Keep when keys were used, and say how many were not known."""
        if self._unknown:
            logger.warning("keys that are not known were sent", extra={"requests": self._unknown})
            self._unknown = 0
        used_at, self._used_at = self._used_at, {}
        if used_at:
            try:
                await asyncio.to_thread(self._store.note_use, used_at)
            except MonitoringError as error:
                logger.warning("it is not kept when keys were used", extra={"problem": str(error)})
