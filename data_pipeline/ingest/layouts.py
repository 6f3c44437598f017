"""Which layout a collection has, told by its files. The one place that names all layouts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.common_voice import CommonVoice
from data_pipeline.ingest.folder import Folder
from data_pipeline.ingest.found import Layout
from data_pipeline.ingest.librispeech import LibriSpeech
from data_pipeline.ingest.ljspeech import LJSpeech
from data_pipeline.ingest.table import TABLE_SUFFIXES, Table
from data_pipeline.inputs import SOUND_SUFFIXES

AUTO: Final = "auto"
_SQLITE: Final = b"SQLite format 3\0"
_SQLITE_URL: Final = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a person points at."""

    address: str
    """A path, or a database's URL; `sqlite:///path` is the path."""
    audio: Path | None = None
    """Folder of the recordings, where a table or the events' database is not in it."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the manifest -> a table's name for it."""

    @property
    def path(self) -> Path:
        """The address as a path."""
        return Path(self.address.removeprefix(_SQLITE_URL))

    @property
    def is_url(self) -> bool:
        """Is it the URL of a database server?"""
        return "://" in self.address and not self.address.startswith(_SQLITE_URL)


def find_layout(place: Place, name: str = AUTO) -> Layout:
    """The layout of that name there; `auto` takes the first that the files fit.

    Raises InvalidCorpus where they fit none, and FileNotFoundError where there is nothing.
    """
    if not place.is_url and not place.path.exists():
        raise FileNotFoundError(f"no file or folder {place.path}")
    finders = LAYOUTS.values() if name == AUTO else [LAYOUTS[name]]
    layout = next((layout for find in finders if (layout := find(place))), None)
    if layout is None:
        raise InvalidCorpus(f"{place.path.name} has not the layout of {name if name != AUTO else ', '.join(LAYOUTS)}")
    if place.columns and not isinstance(layout, Table):
        raise InvalidCorpus(f"{place.path.name} has the layout {layout.name}: only a table's columns can be mapped")
    return layout


def _events(place: Place) -> Layout | None:
    from data_pipeline.ingest.event_store import KeptQueries

    if place.is_url:
        return KeptQueries(address=place.address, audio=place.audio)
    if not place.path.is_file():
        return None
    with place.path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            return None
    path = place.path.resolve()
    return KeptQueries(address=f"sqlite:///{path}", audio=place.audio, folder=path.parent)


def _table(place: Place) -> Layout | None:
    if not place.path.is_file() or place.path.suffix.lower() not in TABLE_SUFFIXES:
        return None
    return Table(path=place.path, audio=place.audio, columns=place.columns)


def _folder(place: Place) -> Layout | None:
    fits = place.path.is_dir() or place.path.suffix.lower() in SOUND_SUFFIXES
    return Folder(path=place.path) if fits else None


LAYOUTS: Final[Mapping[str, Callable[[Place], Layout | None]]] = {
    "events": _events,
    "common-voice": lambda place: None if place.columns else CommonVoice.at(place.path),
    "ljspeech": lambda place: None if place.columns else LJSpeech.at(place.path),
    "librispeech": lambda place: LibriSpeech.at(place.path),
    "table": _table,
    "folder": _folder,
}
"""How each is found, in the order in which `auto` tries them."""
