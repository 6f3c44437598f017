"""The English normalizer of the Whisper paper (Radford et al. 2022, appendix C) as one rule.

The rules themselves are those of the package `whisper-normalizer`; here stands only what keeps them linear
and safe on any text. It is imported on first use (30 ms, 7 MB), as only scoring needs it.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

_PIECE_CHARS: Final = 65_536  # about an hour of speech; what is quadratic in there stays bounded
_INERT: Final = "{"  # an opening bracket like others, but one that is searched no partner for


def whisper_english(text: str) -> str:
    """As the Whisper normalizer writes it, without spaces at the ends.

    Texts beyond 65,536 characters are written in pieces. A text on which the normalizer fails (numbers of
    thousands of digits) is only stripped of case, symbols and diacritics.
    """
    words = " ".join(text.split())
    return " ".join(filter(None, map(_write_piece, _pieces(words))))


def _pieces(text: str) -> list[str]:
    """Cut at spaces, or within a word that is longer than a piece."""
    pieces, start = [], 0
    while len(text) - start > _PIECE_CHARS:
        space = text.rfind(" ", start, start + _PIECE_CHARS)
        end = space + 1 if space > start else start + _PIECE_CHARS
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _write_piece(text: str) -> str:
    normalize, strip = _normalizer()
    text = _defuse(_defuse(text, "<[", ">]"), "(", ")")
    try:
        return " ".join(normalize(text).split())
    except (AssertionError, ValueError):
        return " ".join(strip(text.lower()).split())


def _defuse(text: str, openers: str, closers: str) -> str:
    """Opening brackets after the last closing one made inert: the search for their partners is quadratic."""
    last = max(map(text.rfind, closers)) + 1
    return text[:last] + re.sub(f"[{re.escape(openers)}]", _INERT, text[last:])


@cache
def _normalizer() -> tuple[Callable[[str], str], Callable[[str], str]]:
    """The whole normalizer, and its part that only removes symbols and diacritics. Both hold no state."""
    from whisper_normalizer.basic import remove_symbols_and_diacritics
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer(), remove_symbols_and_diacritics
