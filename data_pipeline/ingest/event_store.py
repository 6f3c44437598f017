"""The product's own history: voice queries whose audio was kept, with what their users typed instead.

Such labels are weak: what was typed is taken for what had been said where `monitoring.behaviour` takes it for the same
wish. Transcripts of the reviewers' queue are another kind of event and will be read here, as `source` "reviewed".
Knows the events of `monitoring.voice_events`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.found import Found, Item, LeftOut
from monitoring.behaviour.conclusion import KIND, TYPED_DETAIL
from monitoring.behaviour.episode import Episode
from monitoring.behaviour.query import as_action, as_query
from monitoring.behaviour.retry import shipped_detector
from monitoring.behaviour.switch import typed_instead
from monitoring.database import connect, failures_named
from monitoring.events import Event
from monitoring.store import EventStore, Selection
from monitoring.tables import EVENTS
from monitoring.voice_events import Action, QueryKind

TYPED_CORRECTION: Final = "typed_correction"
"""The client told that this was typed after that answer."""
TYPED_AGAIN: Final = "typed_again"
"""The monitor saw the same person type it soon after."""
GIVEN_WITH_THE_REQUEST: Final = "given by the user with the request"

_SLICES: Final = ("device_model", "os", "app_version", "locale", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptQueries:
    """The voice queries of an event store."""

    address: str
    audio: Path | None = None
    """Where the server's folder of kept audio is now; None: where the events say."""
    folder: Path = Path()
    """The server's working folder, which the places in its events are relative to."""
    name: str = "events"

    @property
    def corpus(self) -> str:
        """The database's name."""
        return Path(self.address).stem

    def read(self) -> Iterator[Item]:
        """A recording for each query with consent, audio and correction, by time; the others are counted.

        Raises InvalidCorpus where the database holds no events, and what `EventStore` raises.
        """
        engine = connect(self.address)
        store = EventStore(engine)
        try:
            with failures_named(engine):
                if not sa.inspect(engine).has_table(EVENTS.name):  # the store would make it
                    raise InvalidCorpus(f"the database {self.corpus} holds no events of voicesearch")
            for number, query in enumerate(store.events(Selection(kinds=frozenset({QueryKind.VOICE}))), 1):
                yield self._item(number, query, store)
        finally:
            store.close()

    def _item(self, number: int, query: Event, store: EventStore) -> Item:
        if not query.consent:
            return LeftOut("no consent")
        if "audio_path" not in query.details:
            return LeftOut("audio not kept")
        label = _label(query, store.by_request(query.request_id))
        if isinstance(label, LeftOut):
            return label
        kept = Path(query.details["audio_path"])
        return Found(
            named_in=Path(self.corpus),
            line=number,
            folder=self.audio or self.folder / kept.parent,
            audio=kept.name,
            text=label.text,
            fields={
                "id": query.request_id,
                "speaker": query.user_id,
                "session": query.session_id,
                **{name: query.slices.get(name) for name in _SLICES},
                "recorded_at": datetime.fromtimestamp(query.at, UTC).isoformat(timespec="milliseconds"),
                "label": label.origin,
                "heard": query.details.get("raw_text") or query.details.get("query"),
                "confidence": query.signals.get("confidence"),
                "source": "historical",
                "consent": GIVEN_WITH_THE_REQUEST,
            },
        )


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    origin: str


def _label(query: Event, events: Sequence[Event]) -> _Label | LeftOut:
    """What was typed instead: as the client told, else as the monitor concluded."""
    told = tuple(as_action(event) for event in events if event.kind == Action.CORRECT)
    if text := typed_instead(Episode(as_query(query), None, told), shipped_detector().is_retry):
        return _Label(text, TYPED_CORRECTION)
    seen = [event.details[TYPED_DETAIL] for event in events if event.kind == KIND and TYPED_DETAIL in event.details]
    if seen:
        return _Label(seen[-1], TYPED_AGAIN)
    return LeftOut("no correction, as far as can be told" if told else "not corrected")
