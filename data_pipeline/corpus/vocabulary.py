"""Which words a manifest's texts hold, how fast new ones turn up, and how many of a test set no training text has.

Memory grows with the words, not with the rows. Knows no sound.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from asr.convention import Convention
from data_pipeline.manifest import Row

FREQUENT: Final = 50
TRAIN: Final = "train"


@dataclass(frozen=True, slots=True)
class Unseen:
    """Words of a part that no text of the training part has."""

    tokens: int
    """All words of the part."""
    unseen_tokens: int
    types: int
    """Different words of the part."""
    unseen_types: int
    frequent: dict[str, int]
    """The most frequent unseen ones, with their counts."""

    @property
    def ratio(self) -> float | None:
        """The out-of-vocabulary rate: share of the words that are unseen."""
        return self.unseen_tokens / self.tokens if self.tokens else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of all texts."""

    convention: str
    """In which they are counted."""
    tokens: int
    types: int
    once: int
    """Types that occur once."""
    frequent: dict[str, int]
    growth: tuple[tuple[int, int], ...]
    """How many types the first so many tokens have."""
    unseen: dict[str, Unseen]
    """By part; none without a training part."""


class VocabularyCounter:
    """Counts words as rows come."""

    def __init__(self, convention: Convention) -> None:
        self._convention = convention
        self._parts: dict[str, Counter[str]] = {}
        self._all: Counter[str] = Counter()
        self._tokens, self._next = 0, 1
        self._growth: list[tuple[int, int]] = []

    def add(self, row: Row) -> int:
        """Take in the text of a row, and say how many words it has."""
        if row.text is None:
            return 0
        written = row.field("convention") == self._convention.id
        words = (row.text if written else self._convention.apply(row.text)).split()
        self._parts.setdefault(row.field("split") or "", Counter()).update(words)
        for word in words:
            self._all[word] += 1
            self._tokens += 1
            if self._tokens == self._next:
                self._growth.append((self._tokens, len(self._all)))
                self._next = _following(self._next)
        return len(words)

    def vocabulary(self) -> Vocabulary:
        """What has been counted so far."""
        growth = [*self._growth, *([(self._tokens, len(self._all))] if self._tokens else [])]
        return Vocabulary(
            convention=self._convention.id,
            tokens=self._tokens,
            types=len(self._all),
            once=sum(count == 1 for count in self._all.values()),
            frequent=_most(self._all),
            growth=tuple(dict.fromkeys(growth)),
            unseen=self._unseen(),
        )

    def _unseen(self) -> dict[str, Unseen]:
        seen = self._parts.get(TRAIN)
        if not seen:
            return {}
        found = {}
        for part, words in sorted(self._parts.items()):
            if part not in ("", TRAIN):
                new = Counter({word: count for word, count in words.items() if word not in seen})
                found[part] = Unseen(words.total(), new.total(), len(words), len(new), _most(new))
        return found


def _following(point: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    return point * 5 // 2 if str(point)[0] == "2" else point * 2


def _most(words: Counter[str]) -> dict[str, int]:
    return dict(sorted(words.items(), key=lambda one: (-one[1], one[0]))[:FREQUENT])
