"""Which words go wrong, for which others, and where in the utterance.

The first word betrays an onset that was cut off, the last one an end that was. Knows alignments, not sound.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from asr.metrics import AlignedWord, Edits
from data_pipeline.evaluation.scores import Utterance

EXAMPLES: Final = 3


class Position(StrEnum):
    """Where in an utterance a word stands."""

    ONLY = "only"
    """The utterance has no other."""
    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class WordError:
    """One way in which a word went wrong."""

    said: str | None
    """None where the word was inserted."""
    heard: str | None
    """None where the word was deleted."""
    count: int
    said_count: int | None
    """How often the word was said at all; None where it was not."""
    examples: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class ErrorTables:
    """Every word error of the utterances with speech, the most frequent first."""

    substitutions: tuple[WordError, ...]
    deletions: tuple[WordError, ...]
    insertions: tuple[WordError, ...]
    positions: Mapping[Position, Edits]
    """What is inserted counts for the word that follows it, at the end for the last word."""


def error_tables(utterances: Sequence[Utterance]) -> ErrorTables:
    """The tables of one system's utterances; those without speech do not count."""
    speech = [one for one in utterances if one.is_speech]
    said = Counter(step.said for one in speech for step in one.errors.alignment if step.said is not None)
    found: dict[AlignedWord, list[Utterance]] = {}
    for one in speech:
        for step in one.errors.alignment:
            if not step.is_right:
                found.setdefault(step, []).append(one)
    errors = [
        WordError(step.said, step.heard, len(where), said.get(step.said or ""), tuple(where[:EXAMPLES]))
        for step, where in found.items()
    ]
    errors.sort(key=lambda error: (-error.count, error.said or "", error.heard or ""))
    return ErrorTables(
        tuple(error for error in errors if error.said is not None and error.heard is not None),
        tuple(error for error in errors if error.heard is None),
        tuple(error for error in errors if error.said is None),
        _positions(speech),
    )


def _positions(speech: Sequence[Utterance]) -> dict[Position, Edits]:
    counted: Counter[tuple[Position, str]] = Counter()
    for one in speech:
        counted.update(_steps(one))
    return {
        position: Edits(*(counted[position, kind] for kind in ("hit", "substitution", "deletion", "insertion")))
        for position in Position
    }


def _steps(utterance: Utterance) -> Iterator[tuple[Position, str]]:
    """Position and kind of every step of an alignment."""
    last, at = utterance.errors.words.reference_length - 1, 0
    for step in utterance.errors.alignment:
        yield _position(min(at, last), last), _kind(step)
        at += step.said is not None


def _position(at: int, last: int) -> Position:
    if last == 0:
        return Position.ONLY
    return {0: Position.FIRST, last: Position.LAST}.get(at, Position.MIDDLE)


def _kind(step: AlignedWord) -> str:
    if step.is_right:
        return "hit"
    if step.said is None:
        return "insertion"
    return "deletion" if step.heard is None else "substitution"
