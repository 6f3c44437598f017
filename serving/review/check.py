"""What a convention would change in a text while it is typed: where, to what, and by which of its rules. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from asr.convention import Convention, Rule

ABOUT: Final = {
    "unicode": "Characters are written in their plain form.",
    "whitespace": "Words are parted by one space, with none at the ends.",
    "case": "Everything is lower case.",
    "contractions": "Contractions are written in full.",
    "numbers": "Numbers are written in digits.",
    "fillers": "Sounds of hesitation are left out.",
    "ellipsis": "There are no ellipses.",
    "punctuation": "There are no punctuation marks.",
    "spelling": "Spelling is American.",
    "whisper_english": "The text is normalized as for published word error rates.",
}
"""By the names of rules, for people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that a rule would write otherwise."""

    rule: str
    about: str
    typed: str
    """Words as they stood when the rule came to them; empty where words are added."""
    suggested: str
    """Empty where words are left out."""


@dataclass(frozen=True, slots=True)
class Check:
    """A text against a convention."""

    text: str
    """As the convention writes it."""
    differences: tuple[Difference, ...]
    """In the order of the rules; none where the text is in the convention."""


def check(text: str, convention: Convention) -> Check:
    """Hold a text against a convention; a space at the end, where somebody still types, is no difference.

    >>> from asr.convention import SEARCH
    >>> found = check("play twenty one pilots!", SEARCH)
    >>> found.text, [(one.rule, one.typed, one.suggested) for one in found.differences]
    ('play 21 pilots', [('numbers', 'twenty one', '21'), ('punctuation', 'pilots!', 'pilots')])
    """
    typed, found = text.rstrip(), list[Difference]()
    suggested = convention.apply(typed)
    current = typed
    while current != suggested:
        before = current
        for rule in convention.rules:
            after = rule.rewrite(current)
            if not found or current.split() != after.split():  # rules leave spaces behind, which nobody typed
                found += _differences(rule, current, after)
            current = after
        if current == before:  # the convention gave up before its rules did
            break
    return Check(suggested, tuple(found))


def _differences(rule: Rule, before: str, after: str) -> Iterator[Difference]:
    if before == after:
        return
    about = ABOUT.get(rule.name, rule.name)
    old, new = before.split(), after.split()
    if old == new:
        yield Difference(rule.name, about, before, after)
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Difference(rule.name, about, " ".join(old[start:end]), " ".join(new[new_start:new_end]))
