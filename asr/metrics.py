"""How far transcripts are from what was said: word and character errors, and how sure that figure is.

One alignment per utterance (jiwer), one record, many views on it. Both sides are written in one convention first.
A rate over no reference words is undefined, which is said as None, not as another unit. Knows no model and no file.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from asr.convention import SCORING, Convention

if TYPE_CHECKING:
    from jiwer import AlignmentChunk

_DRAWS_AT_ONCE: Final = 1_000_000
"""Bounds the memory of a bootstrap."""


@dataclass(frozen=True, slots=True)
class Edits:
    """Operations of a minimal alignment (Levenshtein), of words or of characters."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_length(self) -> int:
        """Words or characters in the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float | None:
        """Errors per reference unit, above 1 where much is inserted; None where the reference is empty."""
        return self.errors / self.reference_length if self.reference_length else None


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """One step of an alignment: a word that was said, one that was heard, or both."""

    said: str | None
    """None where a word was inserted."""
    heard: str | None
    """None where a word was deleted."""

    @property
    def is_right(self) -> bool:
        """Was heard what was said?"""
        return self.said == self.heard


@dataclass(frozen=True, slots=True)
class UtteranceErrors:
    """Errors in one utterance."""

    words: Edits
    characters: Edits
    """Spaces between words count as characters."""
    alignment: tuple[AlignedWord, ...]
    """In the order in which the words were said and heard."""

    @property
    def is_exact(self) -> bool:
        """Not one character differs."""
        return self.characters.errors == 0


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors in all utterances, in the order in which they were given."""

    utterances: tuple[UtteranceErrors, ...]
    convention: str
    """Name and version of what both sides were written in."""

    @property
    def words(self) -> Edits:
        """Word edits of all utterances together."""
        return sum((utterance.words for utterance in self.utterances), Edits())

    @property
    def characters(self) -> Edits:
        """Character edits of all utterances together."""
        return sum((utterance.characters for utterance in self.utterances), Edits())

    @property
    def wer(self) -> float | None:
        """Word error rate: all word errors over all reference words; None where there are none of those.

        What is written for an utterance with an empty reference counts as insertions.
        """
        return self.words.rate

    @property
    def cer(self) -> float | None:
        """Character error rate, as `wer`."""
        return self.characters.rate

    @property
    def exact_ratio(self) -> float | None:
        """Share of utterances without an error; None where there are no utterances."""
        exact = sum(utterance.is_exact for utterance in self.utterances)
        return exact / len(self.utterances) if self.utterances else None


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval."""

    low: float
    high: float
    level: float


def word_errors(references: Sequence[str], hypotheses: Sequence[str], convention: Convention = SCORING) -> ErrorCounts:
    """Align each hypothesis with its reference, both written in `convention`.

    Raises `ValueError` where the two are not equally many.
    """
    if len(references) != len(hypotheses):
        raise ValueError(f"{len(references)} references, but {len(hypotheses)} hypotheses")
    utterances = tuple(
        align(convention.apply(reference), convention.apply(hypothesis))
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    )
    return ErrorCounts(utterances, convention.id)


def bootstrap_interval(
    edits: Sequence[Edits],
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Percentile bootstrap of the pooled rate (Bisani and Ney, ICASSP 2004), drawing whole utterances.

    With `groups`, one for each utterance (its speaker), whole groups are drawn, since the errors of one speaker
    go together; the interval is then as wide as the speakers differ. None where it is undefined: fewer than two
    utterances or groups, or draws without any reference. Deterministic in `seed`. Raises `ValueError` where the
    groups are not as many as the utterances, or `resamples` or `level` are out of range.
    """
    if groups is not None and len(groups) != len(edits):
        raise ValueError(f"{len(groups)} groups for {len(edits)} utterances")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"resamples {resamples} must be at least 1, level {level} in (0, 1)")
    lengths = [(edit.errors, edit.reference_length) for edit in edits]
    totals = group_totals(lengths, groups if groups is not None else range(len(edits)))
    return ratio_interval(totals, resamples=resamples, level=level, seed=seed)


def ratio_interval(
    totals: NDArray[np.float64], *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval | None:
    """Percentile bootstrap of the sum of one column over the sum of another; `totals` has a row for each group.

    Shape (groups, 2), numerator first. None where it is undefined, as in `bootstrap_interval`.
    """
    if len(totals) < 2:
        return None
    drawn = _resampled(totals, resamples, seed)
    if not drawn[:, 1].all():
        return None
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def group_totals(values: Sequence[tuple[float, float]], groups: Iterable[Hashable]) -> NDArray[np.float64]:
    """Sums of the values of each group, in the order in which the groups first come; shape (groups, 2)."""
    numbers: dict[Hashable, int] = {}
    at = [numbers.setdefault(group, len(numbers)) for group in groups]
    totals = np.zeros((len(numbers), 2))
    np.add.at(totals, at, np.array(values, np.float64).reshape(-1, 2))
    return totals


def align(reference: str, hypothesis: str) -> UtteranceErrors:
    """Errors of a hypothesis, both sides being written in one convention already."""
    # Here, since jiwer takes 40 ms to import and recognizing needs none of it.
    import jiwer

    words = jiwer.process_words(reference, hypothesis)
    characters = jiwer.process_characters(reference, hypothesis)
    return UtteranceErrors(
        Edits(words.hits, words.substitutions, words.deletions, words.insertions),
        Edits(characters.hits, characters.substitutions, characters.deletions, characters.insertions),
        tuple(_aligned(words.references[0], words.hypotheses[0], words.alignments[0])),
    )


def _aligned(said: list[str], heard: list[str], chunks: "Iterable[AlignmentChunk]") -> Iterator[AlignedWord]:
    for chunk in chunks:
        pairs = zip_longest(
            said[chunk.ref_start_idx : chunk.ref_end_idx], heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        )
        yield from (AlignedWord(*pair) for pair in pairs)


def _resampled(totals: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Sums over as many rows as there are, drawn with replacement; shape (resamples, columns)."""
    generator = np.random.default_rng(seed)
    at_once = max(1, _DRAWS_AT_ONCE // len(totals))
    sums = [
        totals[generator.integers(len(totals), size=(min(at_once, resamples - done), len(totals)))].sum(1)
        for done in range(0, resamples, at_once)
    ]
    return np.concatenate(sums)
