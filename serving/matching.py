"""How well a heard query names an item: pure functions over written words, no index and no catalogue.

A recognizer errs by sound ("brooklin brige"), loses beginnings and ends ("ountain view"), and hears words that
are no part of a name ("how old is the ..."). So names are compared by letters and by sound, with the best window
of the query, and what else the query says counts against the name only as far as it has content.
"""

import functools
import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import jellyfish
from rapidfuzz import fuzz

_CARRIERS = """
    a about all am an and any are at be been by call called can could did do does far find for from get give go
    going has have hear hello hey hi how i in into is it its let like listen located look looking looks make many may
    me much my named near need now of off okay old on one open or our out please play put rate say search see set
    shall should show so some start stop switch tall take tell that the their them then there these they this
    titled to turn up us want wanna was we were what whats when where wheres which who whos will with work would you
    your
"""
CARRIERS: Final = frozenset(_CARRIERS.split())
"""Words that carry a request rather than name a thing; they weigh nothing beside words of content."""

EXACT: Final = 1.0
ALMOST_EXACT: Final = 0.999
"""Ceiling where the query says more, or less, than the name."""
PREFIX: Final = 0.8
"""A name of which only the beginning was said scores between this and `EXACT`, by how much of it was said."""
NEAR: Final = 0.8
"""Ceiling of names that were only nearly said."""
_SHARE_WEIGHT: Final = 0.5
_WORDING_WEIGHT: Final = 0.05
_SOUND_DISCOUNT: Final = 0.95
# Consonants that recognizers confuse most and that metaphone keeps apart.
_CONFUSED: Final = str.maketrans("BMW", "PNF")


@functools.lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """Consonant skeleton of one word (metaphone, Philips 1990), with b/p, m/n and w/f folded; digits stay."""
    return jellyfish.metaphone(word).replace(" ", "").translate(_CONFUSED) or word


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row, with what comparing needs computed once."""

    words: tuple[str, ...]
    text: str
    """The words with single spaces between."""
    middles: tuple[float, ...]
    """Where in `text` the middle of each word is, in characters."""
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A query or a name: all of it, and its content."""

    whole: Phrase
    content: Phrase
    """The words without carriers; `whole` itself where there are none, or nothing else."""


def spoken(text: str) -> Spoken:
    """Prepare text that is already written in the search convention; accents are dropped, no one says them."""
    encodable = text.encode("utf-8", "ignore").decode("utf-8")
    bare = "".join(c for c in unicodedata.normalize("NFKD", encodable) if not unicodedata.combining(c))
    words = tuple(bare.split())
    content = tuple(word for word in words if word not in CARRIERS)
    whole = _phrase(words)
    return Spoken(whole, _phrase(content) if content and content != words else whole)


def _phrase(words: tuple[str, ...]) -> Phrase:
    ends = itertools.accumulate(len(word) + 1 for word in words)
    middles = tuple(end - 1 - len(word) / 2 for end, word in zip(ends, words, strict=True))
    return Phrase(words, " ".join(words), middles, tuple(map(sound, words)))


def likeness(query: Spoken, name: Spoken) -> float:
    """How well the query names it, in [0, 1], to three places.

    1 where the query is the name; else, by what the query says of the name: the whole of it, its beginning where
    the query ends there (`PREFIX`), or something near by letters or by sound (`NEAR`); times the share of the
    query that this explains. Carriers are compared too ("out in view" is "mountain view"), and the better of both
    comparisons counts; the wording ("turn on", "turn off") decides between equals.
    """
    if query.whole.words == name.whole.words:
        return EXACT
    if not query.whole.words or not name.whole.words:
        return 0.0
    fit = _fit(query.content, name.content)
    if query.content is not query.whole or name.content is not name.whole:
        fit = max(fit, _fit(query.whole, name.whole))
    wording = 1 - _WORDING_WEIGHT + _WORDING_WEIGHT * fuzz.ratio(query.whole.text, name.whole.text) / 100
    return round(min(fit * wording, ALMOST_EXACT), 3)


def _fit(query: Phrase, name: Phrase) -> float:
    first, last = _window(query, name)
    said = query.words[first:last]
    share = sum(map(len, said)) / sum(map(len, query.words))
    explained = 1 - _SHARE_WEIGHT + _SHARE_WEIGHT * share
    return _said(said, query.sounds[first:last], name, may_go_on=last == len(query.words)) * explained


def _said(words: Sequence[str], sounds: Sequence[str], name: Phrase, *, may_go_on: bool) -> float:
    if tuple(words) == name.words:
        return EXACT
    text = " ".join(words)
    if may_go_on and name.text.startswith(text):
        return PREFIX + (EXACT - PREFIX) * len(text) / len(name.text)
    letters = fuzz.ratio(text, name.text)
    heard = fuzz.ratio("".join(sounds), "".join(name.sounds)) * _SOUND_DISCOUNT
    return NEAR * max(letters, (letters + heard) / 2) / 100


def _window(query: Phrase, name: Phrase) -> tuple[int, int]:
    """The stretch of the query's words that is most like the name, as a slice."""
    if len(query.text) <= len(name.text):
        return 0, len(query.words)
    best = fuzz.partial_ratio_alignment(name.text, query.text)
    if best is None or best.dest_end <= best.dest_start:
        return 0, len(query.words)
    inside = [i for i, middle in enumerate(query.middles) if best.dest_start <= middle <= best.dest_end]
    return (inside[0], inside[-1] + 1) if inside else (0, len(query.words))
