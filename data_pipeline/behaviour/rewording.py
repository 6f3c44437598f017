"""The ways in which users put a query that was not understood in other words.

Kinds after Jiang, Jeng and He (SIGIR 2013) and Hassan et al. (CIKM 2015): repeat, say a part of it, leave words out,
add words, replace a word. How they say it (louder, more slowly) is not a matter of text.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is dropped, added and replaced."""

    function_words: frozenset[str]
    before: tuple[str, ...]
    after: tuple[str, ...]
    synonyms: Mapping[str, str]


@cache
def phrases() -> Phrases:
    """Those of `rewording.toml`."""
    table = tomllib.loads(files("data_pipeline.behaviour").joinpath("rewording.toml").read_text("utf-8"))
    return Phrases(frozenset(table["function_words"]), (*table["before"],), (*table["after"],), table["synonyms"])


class Way(StrEnum):
    """How the second query relates to what was meant."""

    REPEAT = "repeat"
    PART = "part"
    SHORTEN = "shorten"
    EXTEND = "extend"
    SUBSTITUTE = "substitute"


def reworded(text: str, way: Way, rng: np.random.Generator) -> str | None:
    """The query put that way; None where it cannot be."""
    words = text.split()
    changed = _WAYS[way](words, rng) if words else []
    return None if not changed or (changed == words and way is not Way.REPEAT) else " ".join(changed)


def _part(words: list[str], rng: np.random.Generator) -> list[str]:
    """One or two words that carry the meaning."""
    content = [at for at, word in enumerate(words) if word not in phrases().function_words]
    if len(words) < 3 or not content:
        return []
    start = _any(content, rng)
    return words[start : start + int(rng.integers(1, 3))]


def _shorten(words: list[str], rng: np.random.Generator) -> list[str]:
    """Without the words that carry no meaning, or without the first or last ones."""
    if rng.random() < 0.5:
        return [word for word in words if word not in phrases().function_words]
    count = int(rng.integers(1, 1 + max(1, len(words) // 3)))
    return words[count:] if rng.random() < 0.5 else words[:-count]


def _extend(words: list[str], rng: np.random.Generator) -> list[str]:
    if rng.random() < 0.5:
        return [*_any(phrases().before, rng).split(), *words]
    return [*words, *_any(phrases().after, rng).split()]


def _substitute(words: list[str], rng: np.random.Generator) -> list[str]:
    known = [at for at, word in enumerate(words) if word in phrases().synonyms]
    if not known:
        return []
    at = _any(known, rng)
    return [*words[:at], *phrases().synonyms[words[at]].split(), *words[at + 1 :]]


def _any(choices: Sequence[T], rng: np.random.Generator) -> T:
    return choices[int(rng.integers(len(choices)))]


_WAYS: Final[Mapping[Way, Callable[[list[str], np.random.Generator], list[str]]]] = {
    Way.REPEAT: lambda words, rng: words,
    Way.PART: _part,
    Way.SHORTEN: _shorten,
    Way.EXTEND: _extend,
    Way.SUBSTITUTE: _substitute,
}
