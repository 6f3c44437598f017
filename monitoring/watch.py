"""Lets a monitor watch the event store: read on, check at times, keep its state, start again where it stood.

Of several replicas one watches. Every event is counted once, wherever a replica is killed: position and state are
kept together, and what came after is read again. Verdicts may be handed on again then, so whoever takes them must
know an old one. Knows no detector and no alarm.
"""

import logging
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from monitoring.admission import Admission
from monitoring.errors import LeaseLost, MonitoringError, UnusableState
from monitoring.events import Event
from monitoring.lease import Lease
from monitoring.snapshots import Snapshots
from monitoring.store import EventStore

logger = logging.getLogger(__name__)

_LENGTH: Final = struct.Struct("<Q")
_SAID_AGAIN_S: Final = 3_600.0
"""How soon the same problem is logged again."""
_MAX_SAID: Final = 100

Verdict = TypeVar("Verdict")


class Watcher(Protocol[Verdict]):
    """What judges events; `monitoring.monitor` has the one that is meant."""

    def update(self, events: Sequence[Event]) -> None:
        """Take events, in the order in which they were stored."""

    def check(self, now: float) -> list[Verdict]:
        """What is to be said at present; `now` in seconds since 1970 UTC."""

    def state(self) -> bytes:
        """All that it knows, for a later process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often what is done."""

    page: int = 2_000
    """Events that are read at once."""
    check_every_s: float = 30.0
    save_every_s: float = 60.0
    """What a replica that dies makes the next one read again."""
    idle_s: float = 1.0
    """Pause when there is nothing to read, nobody answers, or another replica watches."""
    lease_s: float = 30.0
    """How long a replica that is silent is waited for."""


@dataclass(slots=True)
class _Turn(Generic[Verdict]):
    """One monitor from the snapshot that it began with."""

    watcher: Watcher[Verdict]
    admission: Admission
    position: int
    checked_at: float
    saved_at: float
    renewed_at: float


class Watch(Generic[Verdict]):
    """One replica's part in watching a store under one name. A single thread runs it; the others may look."""

    def __init__(
        self,
        store: EventStore,
        begin: Callable[[bytes | None], Watcher[Verdict]],
        handle: Callable[[list[Verdict]], None],
        *,
        name: str,
        owner: str,
        clock: Callable[[], float],
        start: int = 0,
        pace: Pace = Pace(),
        admission: Callable[[], Admission] = Admission,
        on_problem: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """`begin` makes a monitor from the state of an earlier one, or a new one; UnusableState if it cannot.

        `owner` is unique to this process; `clock` gives seconds since 1970 UTC. A new monitor reads what came after
        the position `start`. `on_problem` hears of each new `problem`, and with None that there is none any more.
        """
        self.problem: str | None = None
        """Why it does not get on at present."""
        self._store = store
        self._begin = begin
        self._handle = handle
        self._clock = clock
        self._start = start
        self._pace = pace
        self._admission = admission
        self._lease = Lease(store, name, owner=owner, lasts_s=pace.lease_s)
        self._snapshots = Snapshots(store, name)
        self._turn: _Turn[Verdict] | None = None
        self._on_problem = on_problem
        self._said: dict[str, float] = {}

    @property
    def position(self) -> int | None:
        """Up to where the events were taken; None while another replica watches."""
        return None if self._turn is None else self._turn.position

    @property
    def admission(self) -> Admission | None:
        """With the counts of what was let in; None while another replica watches."""
        return None if self._turn is None else self._turn.admission

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set, whatever happens meanwhile; then keep the state and let others go on."""
        while not stop.is_set():
            try:
                has_more = self.step()
                self._note(None)
            except Exception as error:  # a watch that dies would be silent just when something is wrong
                self._complain(error)
                has_more = False
            if not has_more:
                stop.wait(self._pace.idle_s)
        try:
            self.finish()
        except MonitoringError as error:
            logger.warning("the state of the monitor was not kept at the end: %s", error)

    def step(self) -> bool:
        """Take a page of events, save and check if it is time to; is there more to read at once?"""
        turn = self._hold()
        if turn is None:
            return False
        now = self._clock()
        page = self._store.after(turn.position, limit=self._pace.page)
        if page:
            self._take(turn, page, now)
        if _is_due(turn.saved_at, now, self._pace.save_every_s):
            self._save(turn)
            turn.saved_at = now
        if _is_due(turn.checked_at, now, self._pace.check_every_s):
            self._handle(turn.watcher.check(now))
            turn.checked_at = now
        return len(page) == self._pace.page

    def finish(self) -> None:
        """Keep the state and give the lease back. Raises LeaseLost or StoreError."""
        turn, self._turn = self._turn, None
        if turn is not None:
            self._save(turn)
            self._lease.give_back()

    def _hold(self) -> _Turn[Verdict] | None:
        """The monitor, if it is this replica that watches; begun where the last one stood."""
        now = self._clock()
        if self._turn is None or _is_due(self._turn.renewed_at, now, self._pace.lease_s / 3):
            if not self._lease.take():
                self._turn = None
            elif self._turn is None:
                self._turn = self._resumed(now)
            else:
                self._turn.renewed_at = now
        return self._turn

    def _resumed(self, now: float) -> _Turn[Verdict]:
        found = self._loaded() or (self._start, (self._admission(), self._begin(None)))
        position, (admission, watcher) = found
        logger.info("watching from position %d on", position)
        return _Turn(watcher, admission, position, checked_at=now, saved_at=now, renewed_at=now)

    def _loaded(self) -> tuple[int, tuple[Admission, Watcher[Verdict]]] | None:
        """What was kept; where that is of no use, a new monitor at its place: one that never begins sees nothing."""
        try:
            return self._snapshots.load(self._restored)
        except UnusableState as error:
            logger.error("%s; the monitor learns anew", error)
            return self._snapshots.position(), (self._admission(), self._begin(None))

    def _restored(self, state: bytes) -> tuple[Admission, Watcher[Verdict]]:
        if len(state) < _LENGTH.size:
            raise UnusableState("the state is too short")
        end = _LENGTH.size + _LENGTH.unpack_from(state)[0]
        return self._admission().restore(state[_LENGTH.size : end]), self._begin(state[end:])

    def _take(self, turn: _Turn[Verdict], page: Sequence[tuple[int, Event]], now: float) -> None:
        try:
            turn.watcher.update(turn.admission.admit([event for _, event in page], now=now))
        except BaseException:
            self._turn = None  # what may be half done is done again, from the last snapshot
            raise
        turn.position = page[-1][0]

    def _save(self, turn: _Turn[Verdict]) -> None:
        admitted = turn.admission.state()
        state = _LENGTH.pack(len(admitted)) + admitted + turn.watcher.state()
        try:
            self._snapshots.save(state, position=turn.position, lease=self._lease)
        except LeaseLost:
            self._turn = None
            raise

    def _complain(self, error: Exception) -> None:
        expected, text, now = (
            isinstance(error, MonitoringError | OSError),
            str(error) or type(error).__name__,
            self._clock(),
        )
        if text not in self._said or _is_due(self._said[text], now, _SAID_AGAIN_S):
            logger.error("the monitor does not get on: %s", text, exc_info=None if expected else error)
            if len(self._said) >= _MAX_SAID:
                self._said.clear()
            self._said[text] = now
        self._note(text)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_problem(problem)


def _is_due(last: float, now: float, every_s: float) -> bool:
    """Also when the clock went back."""
    return not 0 <= now - last < every_s
