"""Takes a person's rows out of a data set that is complete, with their recordings; what is left is a data set.

The card says so in a step of its own, without a name: how many rows went, not whose. Data sets that were made from this
one are others, and are gone through by themselves.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from data_pipeline.card import NAME as CARD
from data_pipeline.card import Card, StepRecord, file_sha256, read_card, write_card
from data_pipeline.dataset import FAILURES, MANIFEST, claimed
from data_pipeline.errors import InvalidManifest
from data_pipeline.files import whole_file
from data_pipeline.journal import AUDIO, JOURNAL
from data_pipeline.manifest import Row, Written, parse_row, read_manifest, write_manifest

STEP: Final = "erase"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Person:
    """Whose rows are meant."""

    speaker: str
    ids: frozenset[str] = frozenset()
    """Of rows, wherever the speaker is not named."""

    def owns(self, row: Row) -> bool:
        """Is it a row of theirs?"""
        return row.field("speaker") == self.speaker or row.field("id") in self.ids


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out of one data set."""

    folder: Path
    rows: int = 0
    recordings: int = 0
    """Files of its own that were deleted."""
    hashes: frozenset[str] = frozenset()
    """By which others may name the data set as it was: of its manifests and of their content."""


def datasets_in(folder: Path) -> list[Path]:
    """The folder, and all below it, that hold a card and a manifest."""
    return [card.parent for card in sorted(folder.rglob(CARD)) if (card.parent / MANIFEST).is_file()]


def without_card_in(folder: Path) -> list[Path]:
    """The folder, and all below it, that hold rows and no card: not made by this software, or cut off while made."""
    begun = {path.parent for name in (MANIFEST, JOURNAL) for path in folder.rglob(name)}
    return sorted(path for path in begun if not (path / CARD).is_file())


def erase(folder: Path, person: Person) -> Erased:
    """Take the person's rows out. Where there are none, nothing is changed; what was cut off can be done again.

    Raises InvalidCard or InvalidManifest where that is no data set any more, OtherDataset where another run is writing
    there, OSError.
    """
    with claimed(folder):
        card = read_card(folder / CARD)
        _erase_failures(folder / FAILURES, person)
        theirs = [row.path.resolve() for row in read_manifest(folder / MANIFEST) if person.owns(row)]
        if not theirs:
            return Erased(folder)
        last = card.steps[-1] if card.steps else None
        parts = [name for name in (last.output_sha256 if last else {}) if name != MANIFEST]
        hashes = _hashes(card) | {file_sha256(folder / MANIFEST)}
        for part in parts:
            if (folder / part).is_file():
                write_manifest(_others(folder / part, person), folder / part)
        start = StepRecord(STEP, VERSION, {"rows": len(theirs)}, MANIFEST, file_sha256(folder / MANIFEST))
        recordings = _delete(folder, set(theirs) - {row.path.resolve() for row in _others(folder / MANIFEST, person)})
        draft = folder / f".{MANIFEST}.erased"
        whole = write_manifest(_others(folder / MANIFEST, person), draft)
        write_card(_told(card, start, whole, folder, parts), folder)
        draft.replace(folder / MANIFEST)  # last: while it has rows of theirs, all of this is done again
        return Erased(folder, len(theirs), recordings, frozenset(hashes))


def _others(manifest: Path, person: Person) -> Iterator[Row]:
    return (row for row in read_manifest(manifest) if not person.owns(row))


def _delete(folder: Path, recordings: set[Path]) -> int:
    """Delete those that are the data set's own; others lie where somebody else keeps them."""
    own = [path for path in recordings if path.is_relative_to((folder / AUDIO).resolve()) and path.is_file()]
    for path in own:
        path.unlink()
    return len(own)


def _told(card: Card, start: StepRecord, whole: Written, folder: Path, parts: list[str]) -> Card:
    hashes = {part: file_sha256(folder / part) for part in parts if (folder / part).is_file()}
    step = replace(
        start,
        output_sha256={MANIFEST: whole.sha256, **hashes},
        content_sha256=whole.content_sha256,
        rows=whole.rows,
    )
    return replace(card, steps=(*card.steps, step), rows=whole.rows, duration_s=whole.duration_s)


def _hashes(card: Card) -> set[str]:
    last = card.steps[-1:]
    return {digest for step in last for digest in (*step.output_sha256.values(), step.content_sha256) if digest}


def _erase_failures(path: Path, person: Person) -> None:
    """Rows that could not be used are listed with their text."""
    if not path.is_file():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    left = [line for line in lines if not _is_theirs(line, path, person)]
    if len(left) < len(lines):
        with whole_file(path) as file:
            file.writelines(left)


def _is_theirs(line: bytes, path: Path, person: Person) -> bool:
    try:
        text = str(json.loads(line)["row"])
        return person.owns(parse_row(text.encode("utf-8", "replace"), manifest=path, line=0))
    except (ValueError, KeyError, TypeError, InvalidManifest):  # of a row that is none only a piece is there
        return (
            json.dumps(person.speaker).encode() in line or json.dumps(json.dumps(person.speaker)).encode()[1:-1] in line
        )
