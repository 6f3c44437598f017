"""What a layout gives: recordings that it names, before anybody has looked whether they are there.

Knows the fields of a manifest's row; opens no sound.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from data_pipeline.ingest.lines import shown
from data_pipeline.manifest import InvalidLine

_OWN: Final = ("audio_filepath", "text", "offset", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A recording as its collection names it."""

    named_in: Path
    """The table, transcript, folder or database."""
    line: int
    """Where in it, from 1."""
    folder: Path
    """What `audio` is relative to, and must not lead out of."""
    audio: str
    text: str | None = None
    """None where the collection says nothing of it."""
    offset_s: float | None = None
    """Where in the file the utterance starts; None takes the whole file."""
    duration_s: float | None = None
    """As the collection claims; required with an offset."""
    fields: Mapping[str, object]

    def refused(self, reason: str) -> InvalidLine:
        """The recording as one that cannot be used."""
        return InvalidLine(self.named_in, self.line, f"{shown(self.audio)}: {reason}", shown(self.text or ""))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A recording that is rightly left out: counted by its reason, and not told of any further."""

    reason: str


Item = Found | LeftOut | InvalidLine


class Layout(Protocol):
    """One way in which a collection of recordings lies on a disk or in a database."""

    @property
    def name(self) -> str:
        """As `--layout` calls it."""

    @property
    def corpus(self) -> str:
        """What the collection is called where nobody says."""

    def read(self) -> Iterator[Item]:
        """What it has, lazily and always in the same order.

        Raises InvalidCorpus where nothing can be read at all, and OSError.
        """


def found(values: Mapping[str, object], *, named_in: Path, line: int, folder: Path) -> Found:
    """A recording from the fields of a row. Raises ValueError with the reason where they make none."""
    offset_s, duration_s = (_seconds(values, name) for name in ("offset", "duration"))
    if offset_s is not None and not duration_s:
        raise ValueError("an offset, but no duration")
    return Found(
        named_in=named_in,
        line=line,
        folder=folder,
        audio=_audio(values),
        text=_text(values),
        offset_s=offset_s,
        duration_s=duration_s,
        fields={name: value for name, value in values.items() if name not in _OWN},
    )


def _audio(values: Mapping[str, object]) -> str:
    value = values.get("audio_filepath")
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("names no recording")
    return value


def _text(values: Mapping[str, object]) -> str | None:
    value = values.get("text")
    if value is not None and not isinstance(value, str):
        raise ValueError("the text is not a string")
    return None if value is None else value.strip()


def _seconds(values: Mapping[str, object], name: str) -> float | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        seconds = float(value) if isinstance(value, str | int | float) and value is not True else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} {value!r:.40} is not zero or positive seconds")
    return seconds
