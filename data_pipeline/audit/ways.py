"""The ways in which labels write the same thing: two ways are in conflict where a rule of a convention makes them one.

The rules of the `search` convention are followed in their order, so that "Three" against "three" is a matter of case
and "three" against "3" one of numbers. Case, punctuation, fillers and the like are a matter of the whole label;
contractions and spellings are one of the words; numbers are both, since "room 3" and "room four" are written in two
ways, too. Pure functions over texts; knows no labeler.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Final

from asr.convention import SEARCH, Rule

WORD_RULES: Final = frozenset({"contractions", "numbers", "spelling"})
"""Rules about words; all others are about the whole label."""
NOTHING: Final = "(nothing)"
"""What a rule leaves of a word that it drops."""
MAX_WORDS: Final = 6
"""Longer stretches are not counted where no rule changes them."""
REMEMBERED: Final = 1 << 15
"""Labels whose rewriting is not done again: a proposal looks at the same ones in many variants."""

_NO_LABEL_WAY: Final = WORD_RULES - {"numbers"}
_DIGIT: Final = re.compile(r"\d")
RULES: Final = tuple({rule.name: rule for rule in SEARCH.rules}.values())


@dataclass(frozen=True, slots=True)
class Usage:
    """One label writes one thing in one way."""

    rule: str
    thing: str
    """As the rule writes it; for a rule about whole labels its name again."""
    way: str
    rewritten: bool
    """The rule changes it."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A label before and after each rule."""

    texts: tuple[str, ...]
    """One more than there are rules."""

    def around(self) -> Iterator[tuple[Rule, str, str]]:
        """Each rule, with the text before and after it."""
        for rule, (before, after) in zip(RULES, pairwise(self.texts), strict=True):
            yield rule, before, after


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What a rule about words did to a label."""

    changes: tuple[tuple[str, str], ...]
    """What it wrote anew: (as it is now, as it was before). Neighbours are one change."""
    kept: tuple[tuple[str, ...], ...]
    """The stretches of words that it left as they were."""


Things = Mapping[str, frozenset[str]]
"""By rule: what the labels of a corpus write in a way that the rule changes."""


@lru_cache(maxsize=REMEMBERED)
def steps(text: str) -> Steps:
    """The label, rule by rule."""
    texts = [text]
    for rule in RULES:
        texts.append(rule.rewrite(texts[-1]))
    return Steps(tuple(texts))


def usages(texts: Sequence[str]) -> list[list[Usage]]:
    """For each label what it writes in a way that could be another one, in order."""
    stepped = [steps(text) for text in texts]
    known = _things(stepped)
    longest = {rule: max(len(thing.split()) for thing in things) for rule, things in known.items()}
    return [list(_usages(one, known, longest)) for one in stepped]


def _things(stepped: Iterable[Steps]) -> Things:
    found: dict[str, set[str]] = {}
    for one in stepped:
        for rule, before, after in one.around():
            if rule.name in WORD_RULES and before != after:
                found.setdefault(rule.name, set()).update(thing for thing, _ in _rewriting(before, after).changes)
    return {rule: frozenset(things) for rule, things in found.items()}


def conflicts(found: Iterable[Sequence[Usage]]) -> Mapping[tuple[str, str], Counter[str]]:
    """Ways by rule and thing, for things that are written in more than one way; the commonest way first."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for of_one in found:
        for usage in of_one:
            counted.setdefault((usage.rule, usage.thing), Counter())[usage.way] += 1
    return {place: ways for place, ways in counted.items() if len(ways) > 1}


def out_of_line(ways: Counter[str]) -> int:
    """How often a thing is not written in its commonest way: the fewest edits that would unite it."""
    return ways.total() - max(ways.values())


def conflicting(found: Iterable[Sequence[Usage]]) -> int:
    """How often all things together are out of line; of numbers the labels count, not each number again."""
    return sum(out_of_line(ways) for (rule, thing), ways in conflicts(found).items() if rule in (thing, *_NO_LABEL_WAY))


def _usages(stepped: Steps, known: Things, longest: Mapping[str, int]) -> Iterator[Usage]:
    for rule, before, after in stepped.around():
        if (way := _way_of_label(rule.name, before, after)) is not None:
            yield Usage(rule.name, rule.name, way, before != after)
        if rule.name in known:
            yield from _of_words(rule.name, before, after, known[rule.name], longest[rule.name])


def _way_of_label(rule: str, before: str, after: str) -> str | None:
    """How the whole label is written, seen from one rule; None where the label has nothing of the kind."""
    if rule in _NO_LABEL_WAY or not before:
        return None
    if rule == "case":
        if not any(character.isalpha() for character in before):
            return None
        return "lower case" if before == after else "CAPITALS" if before.isupper() else "Mixed case"
    if rule == "numbers":
        return "in words" if before != after else "in digits" if _DIGIT.search(before) else None
    if rule == "fillers" and before != after:
        return " ".join(way for _, way in _rewriting(before, after).changes)
    return f"with {rule}" if before != after else f"without {rule}"


def _of_words(rule: str, before: str, after: str, things: frozenset[str], longest: int) -> Iterator[Usage]:
    rewriting = _rewriting(before, after)
    for thing, way in rewriting.changes:
        yield Usage(rule, thing, way, True)
    for words in rewriting.kept:
        for thing in _stretches(words, min(longest, MAX_WORDS)):
            if thing in things:
                yield Usage(rule, thing, thing, False)


@lru_cache(maxsize=REMEMBERED)
def _rewriting(before: str, after: str) -> Rewriting:
    old, new = before.split(), after.split()
    if before == after:
        return Rewriting((), (tuple(new),))
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return Rewriting(
        tuple((" ".join(new[c:d]) or NOTHING, " ".join(old[a:b])) for kind, a, b, c, d in codes if kind != "equal"),
        tuple(tuple(new[c:d]) for kind, _, _, c, d in codes if kind == "equal"),
    )


def _stretches(words: Sequence[str], longest: int) -> Iterator[str]:
    yield from words
    for length in range(2, min(longest, len(words)) + 1):
        for at in range(len(words) - length + 1):
            yield " ".join(words[at : at + length])
