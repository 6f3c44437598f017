"""What a system writes where nobody speaks: a model that hears noise has its own few phrases for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asr.confidence import letters
from data_pipeline.evaluation.scores import Utterance

EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Invention:
    """One text that was written on clips without speech."""

    text: str
    """Letters and digits in lower case."""
    count: int
    share: float
    """Of all clips without speech."""
    examples: tuple[Utterance, ...]


def inventions(utterances: Sequence[Utterance]) -> tuple[Invention, ...]:
    """The texts by how often they were written, most often first."""
    silence = [one for one in utterances if not one.is_speech]
    by_text: dict[str, list[Utterance]] = {}
    for one in silence:
        if not one.is_silent:
            by_text.setdefault(letters(one.answer.text), []).append(one)
    found = [
        Invention(text, len(where), len(where) / len(silence), tuple(where[:EXAMPLES]))
        for text, where in by_text.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.text)))
