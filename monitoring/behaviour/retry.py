"""Is a query the retry of an earlier one? Logistic regression over the characters, sounds and words that they share.

After Levitan and Elson, "Detecting Retries of Voice Search Queries" (ACL 2014). Recognition errors sound like what was
said, other wishes do not: so both how alike two queries are written and how alike they sound are weighed. Time is
not: whoever calls decides how soon is soon. The weights and how they were fitted stand in `retry.toml`;
`python -m data_pipeline.behaviour.rebuild` makes that file.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from operator import mul
from typing import Final, NamedTuple

import jellyfish
from rapidfuzz.distance.Levenshtein import normalized_similarity as likeness

FEATURES: Final = ("intercept", "characters", "sounds", "contained_words", "rest_sounds", "one_sided_rest")
"""1; how alike the characters are; the sounds; share of the shorter query's words that the other has; how alike
the words sound that are not in both, 0 where only one query has such; whether only one has such. Each in [0, 1]."""


class _Wording(NamedTuple):
    text: str
    sounds: str
    vocabulary: frozenset[str]
    words: list[tuple[str, str]]
    """Each with its sounds."""


@dataclass(frozen=True, slots=True)
class RetryDetector:
    """Weights of the features, in their order."""

    weights: tuple[float, ...]
    threshold: float = 0.5

    def probability(self, first: str, second: str) -> float:
        """That `second` asks again for what `first` asked for, given that it soon followed it; in [0, 1]."""
        margin = sum(map(mul, self.weights, features(first, second)))
        return 1 / (1 + math.exp(-margin))

    def is_retry(self, first: str, second: str) -> bool:
        """Is that probable enough?"""
        return self.probability(first, second) >= self.threshold


@cache
def shipped_detector() -> RetryDetector:
    """With the weights of `retry.toml`."""
    table = tomllib.loads(files("monitoring.behaviour").joinpath("retry.toml").read_text("utf-8"))
    weights: Mapping[str, float] = table["weights"]
    return RetryDetector(tuple(weights[name] for name in FEATURES), table["threshold"])


def features(first: str, second: str) -> tuple[float, ...]:
    """In the order of `FEATURES`; capitals do not count.

    >>> features("turn on the lite", "Turn on the light")[1:]
    (0.8235294117647058, 1.0, 0.75, 1.0, 0.0)
    """
    one, other = _wording(first), _wording(second)
    characters = likeness(one.text, other.text)
    sounds = likeness(one.sounds, other.sounds)
    if one.text == other.text:
        return 1.0, characters, sounds, 1.0, 1.0, 0.0
    if one.vocabulary.isdisjoint(other.vocabulary):
        return 1.0, characters, sounds, 0.0, sounds, 0.0
    rest = [code for word, code in one.words if word not in other.vocabulary]
    other_rest = [code for word, code in other.words if word not in one.vocabulary]
    contained = 1.0 - min(len(rest), len(other_rest)) / min(len(one.words), len(other.words))
    rest_sounds = likeness("".join(rest), "".join(other_rest)) if rest and other_rest else 0.0
    return 1.0, characters, sounds, contained, rest_sounds, float(bool(rest) != bool(other_rest))


@lru_cache(maxsize=4096)
def _wording(text: str) -> _Wording:
    words = text.casefold().split()
    codes = list(map(sound_code, words))
    return _Wording(" ".join(words), "".join(codes), frozenset(words), list(zip(words, codes, strict=True)))


@lru_cache(maxsize=65_536)
def sound_code(word: str) -> str:
    """Metaphone (Philips, 1990) of one word; what it has no code for, as digits and other scripts, stays as it is."""
    return jellyfish.metaphone(word) or word
