"""Rules about single characters: which exist, how they are cased, which mark punctuation.

Know nothing of words or of English, but for the apostrophe that stands inside words.
"""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are no white space
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # zero width, direction marks
    "\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_QUOTES: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\u0060", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
)
_ELLIPSIS: Final = re.compile(r"\.{2,}")
_INITIALS: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}")
_DIGITS_APOSTROPHE: Final = re.compile(r"(?<=[0-9])'(?=s\b)")
_MARK: Final = re.compile(r"(?<=[0-9])\.(?=[0-9])|(?<=[^\W\d_])'(?=[^\W\d_])|([^\w\s]|_)")


def unify_unicode(text: str) -> str:
    """One code point for one meaning: NFKC (Unicode Standard Annex 15), straight quotes, nothing hidden.

    Control characters, zero-width and direction marks go; a lone surrogate becomes U+FFFD, so that the text can
    be encoded. The zero-width joiners stay: they spell words in some scripts.
    """
    visible = text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)
    if visible.isascii():
        return visible.replace("`", "'")
    visible = _SURROGATE.sub("\ufffd", visible).translate(_QUOTES)
    return unicodedata.normalize("NFKC", visible).translate(_QUOTES)


def collapse_whitespace(text: str) -> str:
    """Single spaces between words, none at the ends."""
    return " ".join(text.split())


def lower_case(text: str) -> str:
    """Lower case throughout."""
    return text.lower()


def drop_ellipsis(text: str) -> str:
    """Two and more full stops in a row mark a pause, which is not written: a space instead."""
    return _ELLIPSIS.sub(" ", text)


def drop_punctuation(text: str) -> str:
    """Letters, marks of letters, digits and spaces only, but for "today's" and "3.5".

    Initials lose their stops ("u.k." is "uk"), decades their apostrophe ("1980's" is "1980s"); every other
    mark, the hyphen too, leaves a space.
    """
    text = _INITIALS.sub(lambda initials: initials[0].replace(".", ""), text)
    return _MARK.sub(_space_for_mark, _DIGITS_APOSTROPHE.sub("", text))


def _space_for_mark(match: re.Match[str]) -> str:
    mark = match[1]
    if mark is None or unicodedata.category(mark)[0] == "M":
        return match[0]
    return " "
