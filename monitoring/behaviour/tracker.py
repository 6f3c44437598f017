"""Follows sessions as their events come in, and tells how each query ended once its horizon has passed.

Bounded in memory, whatever comes. Gathers and waits; what behaviour is, the definitions beside this file say.
"""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Final

from monitoring.behaviour.conclusion import conclude
from monitoring.behaviour.episode import Episode, Follower
from monitoring.behaviour.event_clock import EventClock
from monitoring.behaviour.query import ACTIONS, SPOKEN, TYPED, Action, Query, as_action, as_query
from monitoring.behaviour.redo import SameWish, asks_again
from monitoring.behaviour.retry import shipped_detector
from monitoring.behaviour.state import Counts, Open, State, pack, unpack
from monitoring.events import Event
from monitoring.signals.behaviour import BEHAVIOUR_EVENT

HORIZON_S: Final = 60.0
"""To read an answer and speak again takes seconds; to type six words on a phone, some ten (36 words a minute: Palin et
al., MobileHCI 2019). A minute holds both; twice as long would catch new wishes and delay every alarm."""
LATENESS_S: Final = 5.0
"""How much later than others an event may come in."""
MAX_OPEN: Final = 100_000
"""Queries that are waited for: 1,600 a second over the horizon."""
MAX_FOLLOWERS: Final = 8
"""Queries that are held against one; a person asks no more within the horizon."""
CROWD: Final = 30
"""More queries than one person can ask within the horizon: many share that identifier."""
MAX_ACTIONS: Final = 16
"""That are kept of one query."""


class BehaviourTracker:
    """`update` with events in about the order of their time; not for several threads."""

    kind: Final = BEHAVIOUR_EVENT

    def __init__(
        self,
        *,
        horizon_s: float = HORIZON_S,
        lateness_s: float = LATENESS_S,
        max_open: int = MAX_OPEN,
        kinds: frozenset[str] = frozenset({SPOKEN}),
        same_wish: SameWish | None = None,
    ) -> None:
        """`kinds` of queries are concluded; others only follow: typed ones would blur what voice does to users."""
        self.horizon_s: Final = horizon_s
        self.max_open: Final = max_open
        self.counts = Counts()
        self.clock = EventClock(patience_s=horizon_s + lateness_s)
        self._kinds = kinds
        self._same_wish: SameWish = same_wish or shipped_detector().is_retry
        self._open: dict[str, Open] = {}
        self._due: list[tuple[float, int, str]] = []
        """A heap: time, order of arrival, request."""
        self._arrived = 0
        self._persons: dict[str, list[Query]] = {}
        self._early_actions: dict[str, list[Action]] = {}
        """Actions that came before their query."""

    @property
    def waiting(self) -> int:
        """Queries that are not concluded yet."""
        return len(self._open)

    def update(self, events: Iterable[Event]) -> list[Event]:
        """Take events in; events of kind "behaviour" for the queries that are concluded by now. Never raises."""
        concluded: list[Event] = []
        for event in events:
            try:
                self._take(event)
            except (TypeError, ValueError, AttributeError, OverflowError):
                self.counts.broken += 1
                continue
            while len(self._open) > self.max_open:
                self.counts.closed_early += 1
                concluded += self._conclude_oldest(is_over=False)
            now = self.clock.now or 0.0
            while self._due and self._due[0][0] + self.clock.patience_s <= now:
                concluded += self._conclude_oldest(is_over=True)
        self._forget_early_actions()
        return concluded

    def close(self) -> list[Event]:
        """Conclude all that is left, at the end of a replay: what has not happened by then is not known."""
        concluded: list[Event] = []
        while self._due:
            concluded += self._conclude_oldest(is_over=False)
        return concluded

    def to_bytes(self) -> bytes:
        """All that is waited for, so that another tracker can go on from here."""
        waiting = [self._open[request_id] for _, _, request_id in sorted(self._due)]
        early = [action for actions in self._early_actions.values() for action in actions]
        return pack(State(self.clock.now, self.clock.strays, self.counts, waiting, early))

    def restore(self, data: bytes) -> None:
        """Go on from what `to_bytes` gave, in a tracker that has seen nothing. Raises UnusableState."""
        state = unpack(data)
        self.clock.now, self.clock.strays, self.counts = state.now, state.strays, state.counts
        for query, actions in state.waiting:
            self._take_query(query)
            for action in actions:
                self._take_action(action)
        for action in state.early_actions:
            self._take_action(action)

    def _take(self, event: Event) -> None:
        kind = event.kind
        if kind in (SPOKEN, TYPED):
            query = as_query(event)
            if self._is_in_time(query.at):
                self._take_query(query)
        elif kind in ACTIONS:
            action = as_action(event)
            if self._is_in_time(action.at):
                self._take_action(action)

    def _is_in_time(self, at: float) -> bool:
        in_time = self.clock.takes(at)
        self.counts.stray += not in_time
        return in_time

    def _take_query(self, query: Query) -> None:
        if query.request_id in self._open:
            self.counts.duplicates += 1
            return
        self._open[query.request_id] = Open(query, self._early_actions.pop(query.request_id, []))
        self._arrived += 1
        heappush(self._due, (query.at, self._arrived, query.request_id))
        person = query.person
        if person is not None:
            _insert(self._persons.setdefault(person, []), query)

    def _take_action(self, action: Action) -> None:
        waiting = self._open.get(action.request_id)
        if waiting is not None:
            actions = waiting.actions
        elif len(self._early_actions) < self.max_open:
            actions = self._early_actions.setdefault(action.request_id, [])
        else:
            self.counts.surplus += 1
            return
        if len(actions) < MAX_ACTIONS:
            actions.append(action)
        else:
            self.counts.surplus += 1

    def _conclude_oldest(self, *, is_over: bool) -> Sequence[Event]:
        _, _, request_id = heappop(self._due)
        query, actions = self._open.pop(request_id)
        later = self._later(query)
        if (SPOKEN if query.is_spoken else TYPED) not in self._kinds:
            return ()
        until, same = query.at + self.horizon_s, self._same_wish
        followers = None if later is None else tuple(Follower(one, asks_again(query, one, same)) for one in later)
        done = tuple(sorted((one for one in actions if one.at <= until), key=lambda one: one.at))
        return (conclude(Episode(query, followers, done), same, at=until, is_over=is_over),)

    def _later(self, query: Query) -> Sequence[Query] | None:
        """What the person asked after that within the horizon; the query, their oldest one, leaves their list."""
        person = query.person
        if person is None:
            return None
        asked = self._persons[person]
        del asked[0]
        if not asked:
            del self._persons[person]
            return ()
        if len(asked) >= CROWD:
            self.counts.crowded += 1
            return None
        until = query.at + self.horizon_s
        return [one for one in asked[:MAX_FOLLOWERS] if one.at <= until]

    def _forget_early_actions(self) -> None:
        """Those that are so old that their query would be too late. In order of arrival, so one look is enough."""
        oldest = (self.clock.now or 0.0) - self.clock.patience_s
        while self._early_actions:
            first = next(iter(self._early_actions))
            if self._early_actions[first][0].at >= oldest:
                return
            self.counts.unmatched += len(self._early_actions.pop(first))


def _insert(asked: list[Query], query: Query) -> None:
    """In order of time, behind those of the same time; mostly at the end."""
    place = len(asked)
    while place and asked[place - 1].at > query.at:
        place -= 1
    asked.insert(place, query)
