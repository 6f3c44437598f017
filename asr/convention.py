"""How a transcript is written: named, versioned values that are passed in, never flags.

A convention is an ordered tuple of rules and means the fixpoint of them: what it has written, it leaves as
it is. It knows no model and no audio; the rules stand in `asr/rules`. A convention that is in use never changes
its writing: a change is a new version beside the old one, so that labels and scores say how they were written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asr.errors import UnknownConvention
from asr.rules.characters import (
    collapse_whitespace,
    drop_ellipsis,
    drop_punctuation,
    lower_case,
    unify_unicode,
)
from asr.rules.numbers import write_numbers_in_digits
from asr.rules.whisper_english import whisper_english
from asr.rules.wording import american_spelling, drop_fillers, expand_contractions

_MAX_PASSES: Final = 32


@dataclass(frozen=True, slots=True)
class Rule:
    """One named way of rewriting."""

    name: str
    rewrite: Callable[[str], str]
    """Never raises, whatever the text."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What a convention made of a text, and by which rules."""

    text: str
    fired: tuple[str, ...]
    """Names of the rules that changed the text, each once, in the order in which they first did."""


@dataclass(frozen=True, slots=True)
class Convention:
    """A named, versioned way of writing."""

    name: str
    version: int
    rules: tuple[Rule, ...]

    @property
    def id(self) -> str:
        """Name and version in one, as manifests and events carry it: "search@1"."""
        return f"{self.name}@{self.version}"

    def apply(self, text: str) -> str:
        """The text in this convention; applying it again changes nothing."""
        return self.apply_traced(text).text

    def apply_traced(self, text: str) -> Rewriting:
        """The same, with the rules that had an effect.

        The rules are repeated until the text stands still: mostly twice, and at most 32 times, which no known
        text needs (5 were the most in two million random ones).
        """
        fired: dict[str, None] = {}
        for _ in range(_MAX_PASSES):
            before = text
            for rule in self.rules:
                after = rule.rewrite(text)
                if after != text:
                    fired[rule.name] = None
                text = after
            if text == before:
                break
        return Rewriting(text, tuple(fired))


@dataclass(frozen=True, slots=True)
class Transcript:
    """A text, the convention it is written in, and what it was before."""

    text: str
    raw: str
    """As the model or the transcriber wrote it."""
    convention: str
    version: int


_UNICODE: Final = Rule("unicode", unify_unicode)
_WHITESPACE: Final = Rule("whitespace", collapse_whitespace)

VERBATIM: Final = Convention("verbatim", 1, (_UNICODE, _WHITESPACE))
"""What was said as the model wrote it, in clean characters."""

SEARCH: Final = Convention(
    "search",
    1,
    (
        _UNICODE,
        _WHITESPACE,
        Rule("case", lower_case),
        Rule("contractions", expand_contractions),
        Rule("numbers", write_numbers_in_digits),
        Rule("fillers", drop_fillers),
        Rule("ellipsis", drop_ellipsis),
        Rule("punctuation", drop_punctuation),
        Rule("spelling", american_spelling),
        _WHITESPACE,
    ),
)
"""What goes to search and into labels: lower case, no marks, no fillers, one way of writing each thing."""

SCORING: Final = Convention("scoring", 1, (Rule("whisper_english", whisper_english),))
"""For word error rates that compare with published ones.

The Whisper normalizer is not idempotent by itself ("two plus two" gives "2 +2", and that "2 2"), so this is
its fixpoint.
"""

_KNOWN: Final = (VERBATIM, SEARCH, SCORING)


def known() -> tuple[Convention, ...]:
    """All conventions, older versions included, oldest first within a name."""
    return _KNOWN


def get(name: str) -> Convention:
    """The convention of that name: "search" is its newest version, "search@1" exactly that one.

    Raises `UnknownConvention`, which names those there are.
    """
    for convention in reversed(_KNOWN):
        if name in (convention.name, convention.id):
            return convention
    there_are = ", ".join(convention.id for convention in _KNOWN)
    raise UnknownConvention(f"no transcript convention {name!r}; there are {there_are}")


def write(text: str, convention: Convention) -> Transcript:
    """The text, written in the convention."""
    return Transcript(convention.apply(text), text, convention.name, convention.version)
