"""Words that were never heard before: what recognizers write when they go astray, and what new topics bring.

The vocabulary is learnt from the first transcripts, and slowly afterwards, so that a fault stays new for long. It is
a frequent-items sketch of Apache DataSketches: words that are seldom used are forgotten for others, and a million
made-up ones take no more memory. Each transcript becomes an event of its own with the share of its words that is new.
Knows no language, and does nothing where transcripts are not kept.
"""

from collections.abc import Iterable
from typing import Final

import orjson
from datasketches import frequent_strings_sketch

from monitoring.errors import UnusableState
from monitoring.events import Event
from monitoring.signals.audio import VOICE
from monitoring.signals.transcript import VOCABULARY_EVENT

LEARN_FROM: Final = 20_000
"""Transcripts before anything is new."""
LEARN_EVERY: Final = 20
"""Afterwards so many transcripts pass for one that is learnt from."""
_SIZE_LOG2: Final = 15
"""Room for 24,576 words."""
_LONGEST: Final = 40
"""Characters; of what is longer the beginning counts."""
_MOST_WORDS: Final = 100
"""Of a transcript, that count."""


class Vocabulary:
    """A derivation for a monitor: writes down how much of each spoken query is new."""

    kind: Final = VOCABULARY_EVENT

    def __init__(self) -> None:
        self.transcripts = 0
        """Seen so far."""
        self._words = frequent_strings_sketch(_SIZE_LOG2)

    def update(self, events: Iterable[Event]) -> list[Event]:
        """An event for each transcript with words, once enough transcripts were learnt from."""
        found = []
        for event in events:
            query = event.details.get("query") if event.kind in VOICE else None
            if query and (words := words_of(query)):
                if self.transcripts >= LEARN_FROM:
                    found.append(_event(event, self.novelty(words)))
                self._learn(words)
        return found

    def novelty(self, words: list[str]) -> float:
        """Share of the words, at least one, that are not known, in [0, 1]."""
        return float(sum(self._words.get_estimate(word) == 0 for word in words) / len(words))

    def to_bytes(self) -> bytes:
        """All that it knows, for `restore`."""
        return bytes(orjson.dumps(self.transcripts) + b"\n" + self._words.serialize())

    def restore(self, data: bytes) -> None:
        """Go on from what `to_bytes` gave. Raises UnusableState."""
        transcripts, _, words = data.partition(b"\n")
        try:
            self.transcripts = int(orjson.loads(transcripts))
            self._words = frequent_strings_sketch.deserialize(words)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            raise UnusableState(f"this is no vocabulary: {error}") from error

    def _learn(self, words: list[str]) -> None:
        self.transcripts += 1
        if self.transcripts <= LEARN_FROM or self.transcripts % LEARN_EVERY == 0:
            for word in words:
                self._words.update(word)


def words_of(query: str) -> list[str]:
    """Its words as they are compared; what no encoding can hold is replaced.

    >>> words_of("Play  JAZZ")
    ['play', 'jazz']
    """
    text = query.casefold().encode(errors="replace").decode()
    return [word[:_LONGEST] for word in text.split()[:_MOST_WORDS]]


def _event(query: Event, novelty: float) -> Event:
    return Event(
        event_id=f"{query.request_id}/{VOCABULARY_EVENT}",
        request_id=query.request_id,
        at=query.at,
        kind=VOCABULARY_EVENT,
        user_id=query.user_id,
        session_id=query.session_id,
        consent=query.consent,
        slices=query.slices,
        signals={"novelty": novelty},
    )
