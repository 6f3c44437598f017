"""The indexes that loaded variants search: one for each catalogue and convention, shared. Knows no variant."""

import threading
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from asr import convention
from asr.convention import Convention
from serving.catalog import load_catalog, shipped_catalog
from serving.embedded_search import EmbeddedSearch
from serving.search import SearchBackend

_Key = tuple[str, int, str]


class SearchBackends:
    """Builds an index when it is first asked for and keeps it for as long as somebody else does."""

    def __init__(self) -> None:
        self._built: WeakValueDictionary[_Key, EmbeddedSearch] = WeakValueDictionary()
        self._alone = threading.Lock()

    def get(self, catalog: Path | None, convention_name: str) -> SearchBackend:
        """The index of a catalogue, None for the shipped one; a file that has changed makes a new one.

        Raises CatalogError or UnknownConvention.
        """
        answer = convention.get(convention_name)
        with self._alone:
            key = (*_identity(catalog), answer.id)
            found = self._built.get(key)
            if found is None:
                found = self._built[key] = _build(catalog, answer)
            return found


def _identity(catalog: Path | None) -> tuple[str, int]:
    if catalog is None:
        return "", 0
    return str(catalog.resolve()), catalog.stat().st_mtime_ns if catalog.is_file() else 0


def _build(catalog: Path | None, answer: Convention) -> EmbeddedSearch:
    """Names go the way of queries: into the convention of the answer, and on into the index's, which has no case."""
    items = load_catalog(catalog) if catalog else shipped_catalog()
    return EmbeddedSearch.build(items, write=partial(_written, answer))


def _written(answer: Convention, text: str) -> str:
    return convention.SEARCH.apply(answer.apply(text))
