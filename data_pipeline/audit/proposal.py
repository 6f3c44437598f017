"""The convention that would unite the labels: most conflicts resolved, fewest words edited.

Candidates are the known conventions and every sub-set of the rules of `search`, as conventions of their own. Pure
functions over texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.convention import SCORING, SEARCH, Convention, Rule, known
from data_pipeline.audit.ways import conflicting, usages

CLEAN: Final = frozenset({"unicode", "whitespace"})
"""Rules that every candidate has: what they change no reader sees."""
MAX_LABELS: Final = 1000
"""Labels that candidates are tried on; of more, a random draw."""
REMEMBERED: Final = 1 << 14
"""Rewritings of one rule: most candidates ask for the same ones."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A convention, and what it would do to the labels."""

    convention: Convention
    conflicts: int
    """Conflicts that are left: how often a thing is still not written in its commonest way."""
    labels_edited: int
    words_edited: int
    """Word edits between the labels as they are and as they would be."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of its rules, each once."""
        return tuple(dict.fromkeys(rule.name for rule in self.convention.rules))


@dataclass(frozen=True, slots=True)
class Proposal:
    """The convention to adopt, and the alternatives."""

    chosen: Candidate
    """Of the candidates that leave the fewest conflicts the one with the fewest edited words, then labels.

    Never `scoring`, which is shown beside it: that is made for comparing error rates, not for labels.
    """
    candidates: tuple[Candidate, ...]
    """The known conventions, and every sub-set that no other beats in both conflicts and edited words."""
    conflicts: int
    """In the labels as they are."""
    labels: int
    """Tried."""
    words: int


def propose(texts: Sequence[str], *, seed: int = 0) -> Proposal | None:
    """The convention to adopt; None where no label has a word."""
    labels = _drawn([text for text in texts if text.strip()], seed)
    if not labels:
        return None
    tried = [_tried(convention, labels) for convention in candidates()]
    chosen = min((one for one in tried if one.convention != SCORING), key=_cost)
    names = {convention.id for convention in known()}
    shown = [one for one in tried if one.convention.id in names or _efficient(one, tried)]
    return Proposal(
        chosen,
        tuple(sorted(shown, key=_cost)),
        conflicting(usages(labels)),
        len(labels),
        sum(len(text.split()) for text in labels),
    )


def candidates() -> Iterator[Convention]:
    """The known conventions, then every other sub-set of the rules of `search`; "as it is" has the clean rules only."""
    yield from known()
    remembering = [replace(rule, rewrite=lru_cache(REMEMBERED)(rule.rewrite)) for rule in SEARCH.rules]
    choice = list(dict.fromkeys(rule.name for rule in SEARCH.rules if rule.name not in CLEAN))
    for size in range(1, len(choice)):
        for names in combinations(choice, size):
            yield composed(names, remembering)


def composed(names: Sequence[str], rules: Sequence[Rule] = SEARCH.rules) -> Convention:
    """The rules of those names and the clean ones, in the order in which they are given."""
    return Convention("+".join(names), 1, tuple(rule for rule in rules if rule.name in CLEAN or rule.name in names))


def _tried(convention: Convention, labels: Sequence[str]) -> Candidate:
    written = [convention.apply(label) for label in labels]
    edits = [Levenshtein.distance(before.split(), after.split()) for before, after in zip(labels, written, strict=True)]
    return Candidate(convention, conflicting(usages(written)), sum(map(bool, edits)), sum(edits))


def _cost(one: Candidate) -> tuple[int, int, int, bool, int]:
    """What is chosen by; of two that do the same, the convention that exists already."""
    composed_now = one.convention not in known()
    return one.conflicts, one.words_edited, one.labels_edited, composed_now, len(one.rules)


def _efficient(one: Candidate, tried: Sequence[Candidate]) -> bool:
    """Does no other that could be chosen leave as few conflicts for as few edits, at a lower cost?"""
    return not any(
        other.conflicts <= one.conflicts and other.words_edited <= one.words_edited and _cost(other) < _cost(one)
        for other in tried
        if other.convention != SCORING
    )


def _drawn(labels: Sequence[str], seed: int) -> list[str]:
    if len(labels) <= MAX_LABELS:
        return list(labels)
    kept = np.random.default_rng(seed).choice(len(labels), MAX_LABELS, replace=False)
    return [labels[index] for index in sorted(kept)]
