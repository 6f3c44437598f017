"""Recognition errors for texts that nobody has spoken, as often and as far off as real ones.

Estimated from real recognitions: how often words are replaced, dropped and inserted, and how alike a word and its
replacement sound. Does not know why a word goes wrong.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from asr.metrics import Edits
from data_pipeline.behaviour.takes import Take
from monitoring.behaviour.retry import sound_code

CLOSEST: Final = 5
"""Words that are equally good replacements."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Word errors to draw from."""

    substituted: float
    """Share of the words that were said."""
    deleted: float
    """The same."""
    inserted: float
    """For each word that was said."""
    likeness: NDArray[np.float64]
    """How alike a word and its replacement sounded, one for each substitution."""
    insertions: tuple[str, ...]
    vocabulary: tuple[str, ...]
    """Words that replace others."""
    codes: tuple[str, ...]
    """How those sound."""
    rows: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """How alike a word sounds to the vocabulary, for words that came before."""

    def misheard(self, text: str, rng: np.random.Generator) -> str:
        """The text as it may be recognized; may be right, may be empty."""
        heard: list[str] = []
        for word in text.split():
            drawn = rng.random()
            if drawn < self.substituted:
                heard.append(self._other(word, rng))
            elif drawn >= self.substituted + self.deleted:
                heard.append(word)
            if rng.random() < self.inserted:
                heard.append(self.insertions[rng.integers(len(self.insertions))])
        return " ".join(heard)

    def wrong(self, text: str, rng: np.random.Generator, *, tries: int = 50) -> str | None:
        """The same, but wrong and not empty; None where that is too rare."""
        drawn = (self.misheard(text, rng) for _ in range(tries))
        return next((heard for heard in drawn if heard and heard != text), None)

    def _other(self, word: str, rng: np.random.Generator) -> str:
        if word not in self.rows:
            self.rows[word] = cdist([sound_code(word)], self.codes, scorer=Levenshtein.normalized_similarity)[0]
        wanted = self.likeness[rng.integers(len(self.likeness))]
        # A little noise parts words that sound equally alike.
        gaps = np.abs(self.rows[word] - wanted) + 1e-3 * rng.random(len(self.codes))
        nearest = [self.vocabulary[i] for i in np.argpartition(gaps, CLOSEST)[:CLOSEST]]
        return next((other for other in nearest if other != word), word)


def estimate(takes: Sequence[Take], words: Iterable[str]) -> Confusion:
    """From recognitions of usual quality; `words` and what was heard replace others."""
    edits = sum((take.errors for take in takes), Edits())
    wrong = [step for take in takes for step in take.alignment if not step.is_right]
    replaced = [(one.said, one.heard) for one in wrong if one.said and one.heard]
    vocabulary = tuple(sorted({*words, *(heard for _, heard in replaced)}))
    return Confusion(
        edits.substitutions / edits.reference_length,
        edits.deletions / edits.reference_length,
        edits.insertions / edits.reference_length,
        np.array([Levenshtein.normalized_similarity(sound_code(said), sound_code(heard)) for said, heard in replaced]),
        tuple(one.heard for one in wrong if one.heard and one.said is None),
        vocabulary,
        tuple(map(sound_code, vocabulary)),
    )
