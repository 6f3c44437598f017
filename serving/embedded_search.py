"""The search backend that needs nothing installed: candidates from a tantivy index in memory, ranked by `matching`.

Every name of an item is one document with three views: its words, their sounds, and the letter trigrams of the
whole name without spaces, which survive a lost beginning, a wrong letter and a wrong word boundary. The index
answers "which names share something rare with the query" (BM25); how near they are is `likeness`'s to say.
"""

from collections.abc import Callable, Iterable
from typing import Final, Self

import tantivy

from serving.matching import Phrase, Spoken, likeness, spoken
from serving.search import Hit, Item

MIN_SCORE: Final = 0.47
"""Hits below are noise."""
MAX_QUERY_CHARS: Final = 500
"""Where longer queries are cut."""
CANDIDATES: Final = 64
_WORD_BOOST: Final = 2.0
_SOUND_BOOST: Final = 1.5
_WRITER_BYTES: Final = 15_000_000
_VIEWS: Final = ("words", "sounds", "trigrams")


class EmbeddedSearch:
    """An immutable index over a catalogue; searching takes no lock."""

    def __init__(
        self, names: list[tuple[Spoken, Item]], size: int, index: tantivy.Index, write: Callable[[str], str]
    ) -> None:
        self._names = names
        self._size = size
        self._schema = index.schema
        self._searcher = index.searcher()
        self._write = write

    @classmethod
    def build(cls, items: Iterable[Item], *, write: Callable[[str], str]) -> Self:
        """Index a catalogue; `write` puts names, and later queries, into the convention of search."""
        # Popular first: the index breaks ties by insertion, so the popular of many namesakes become candidates.
        ranked = sorted(items, key=lambda item: (-item.popularity, item.title, item.id))
        names = [(spoken(write(name)), item) for item in ranked for name in (item.title, *item.aliases)]
        return cls(names, len(ranked), _index([name for name, _ in names]), write)

    def __len__(self) -> int:
        return self._size

    def search(self, query: str, *, limit: int) -> list[Hit]:
        """At most `limit` hits that score `MIN_SCORE` or more, best first; see `SearchBackend`."""
        if limit < 0:
            raise ValueError("limit is negative")
        heard = spoken(self._write(query[:MAX_QUERY_CHARS])[:MAX_QUERY_CHARS])
        if not heard.whole.words or limit == 0 or not self._names:
            return []
        best: dict[str, Hit] = {}
        for number in self._candidates(heard, max(CANDIDATES, limit)):
            name, item = self._names[number]
            score = likeness(heard, name)
            if score >= MIN_SCORE and (item.id not in best or best[item.id].score < score):
                best[item.id] = Hit(item, score)
        return sorted(best.values(), key=_order)[:limit]

    def _candidates(self, query: Spoken, count: int) -> list[int]:
        either = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(view, term), boost))
            for view, boost, terms in (
                ("words", _WORD_BOOST, query.whole.words),
                ("sounds", _SOUND_BOOST, query.content.sounds),
                ("trigrams", 1.0, trigrams(query.whole)),
            )
            for term in terms
        ]
        found = self._searcher.search(
            tantivy.Query.boolean_query(either), limit=min(count, len(self._names)), count=False
        )
        numbers = self._searcher.fast_field_values("number", [address for _, address in found.hits])
        return [number for number in numbers if isinstance(number, int)]

    def _term(self, view: str, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, view, term, "freq")


def trigrams(phrase: Phrase) -> list[str]:
    """Each run of three letters of the words written without spaces, once; a shorter one as it is."""
    letters = "".join(phrase.words)
    return list(dict.fromkeys(letters[i : i + 3] for i in range(max(1, len(letters) - 2))))


def _order(hit: Hit) -> tuple[float, float, str, str]:
    return -hit.score, -hit.item.popularity, hit.item.title, hit.item.id


def _index(names: list[Spoken]) -> tantivy.Index:
    schema = tantivy.SchemaBuilder()
    for view in _VIEWS:
        schema.add_text_field(view, stored=False, tokenizer_name="spaces", index_option="freq")
    schema.add_unsigned_field("number", stored=False, indexed=False, fast=True)
    index = tantivy.Index(schema.build())
    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    writer = index.writer(_WRITER_BYTES, 1)
    for number, name in enumerate(names):
        document = tantivy.Document()
        for view, terms in zip(_VIEWS, (name.whole.words, name.content.sounds, trigrams(name.whole)), strict=True):
            document.add_text(view, " ".join(terms))
        document.add_unsigned("number", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index
