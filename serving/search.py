"""What a search is: a query in, the catalogue's items that it may mean out, best first.

Backends stand beside this file; the conformance suite in `tests/serving/test_search.py` holds them all to the
protocol. Knows no speech, no web framework and no user.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a catalogue that can be found."""

    id: str
    title: str
    subtitle: str = ""
    """Shown beside the title, not searched."""
    category: str = ""
    aliases: tuple[str, ...] = ()
    """Other names under which it is found, as good as the title."""
    popularity: float = 0.0
    """Any finite scale, larger is more popular; decides only between items that match equally well."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer to a query."""

    item: Item
    score: float
    """In [0, 1], see `serving.matching.likeness`: 1 says that the query is the item's name and no more."""


class SearchBackend(Protocol):
    """A searchable catalogue; safe to be asked from several threads at once."""

    def __len__(self) -> int:
        """How many items it holds."""

    def search(self, query: str, *, limit: int) -> list[Hit]:
        """At most `limit` hits, best first; none where nothing is near or the query has no words.

        Order: score, then popularity, then title and id, so that equal input gives equal output. Any text is a
        query: nothing in it is syntax. Raises `ValueError` for a negative limit.
        """


def top_item(backend: SearchBackend, query: str) -> str | None:
    """Title and id of the item that comes first; None where nothing is found."""
    hits = backend.search(query, limit=1)
    return f"{hits[0].item.title} ({hits[0].item.id})" if hits else None
