"""Finds numbers that were spoken digit by digit, as recognizers write them: "four one five", "double five", "4 1 5".

Digits and words may be mixed, since a recognizer writes one number in both. Knows not what a number is for.
"""

import re
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {
    name: str(value)
    for value, names in enumerate(
        ("zero oh o", "one", "two to too", "three", "four for", "five", "six", "seven", "eight", "nine")
    )
    for name in names.split()
}
_SOUNDALIKES: Final = frozenset({"to", "too", "for", "o"})
"""Digits only between others: "nine oh for two"."""
_TEENS: Final = {
    name: str(value)
    for value, name in enumerate(
        ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        10,
    )
}
_TENS: Final = {
    name: str(value)
    for value, name in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
_TIMES: Final = {"double": 2, "triple": 3}
_UP: Final = "".join(map(str, range(31)))
_DOWN: Final = "".join(map(str, range(30, -1, -1)))
_WORD: Final = re.compile(r"[^\W_]+(?:'\w+)?")
_GAP: Final = re.compile(r"[ ,;.()/-]{1,4}|\s{1,4}")


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A run of digits of which some are words or stand alone."""

    start: int
    end: int
    """Places in the text."""
    digits: str

    @property
    def is_counting(self) -> bool:
        """Somebody counts, up or down, as in a song."""
        return self.digits in _UP or self.digits in _DOWN


@dataclass(slots=True)
class _Run:
    words: list[re.Match[str]]
    digits: str = ""
    singles: int = 0
    """Tokens that are one digit each, as in a number that is read out."""
    times: int = 1
    after_ten: bool = False
    """The last word was "twenty" or the like, and a unit belongs to it."""


def spoken_numbers(text: str) -> list[SpokenNumber]:
    """The runs of digits in which at least half of what was said is single digits; runs of typed digits are not these.

    >>> spoken_numbers("call four one five double oh seven now")[0].digits
    '415007'
    """
    found: list[SpokenNumber] = []
    run = _Run([])
    for match in _WORD.finditer(text):
        joined = not run.words or _GAP.fullmatch(text, run.words[-1].end(), match.start())
        if not joined or not _taken(match[0].lower(), run):
            found += _finished(run)
            run = _Run([])
            if not _taken(match[0].lower(), run):
                continue
        run.words.append(match)
    return found + _finished(run)


def _taken(word: str, run: _Run) -> bool:
    """Add the word to the run, if it can belong there."""
    if word in _TIMES:
        run.times, run.after_ten = _TIMES[word], False
        return True
    if word.isdigit() and word.isascii() and len(word) <= 4:
        run.digits += word * run.times
        run.singles += len(word) == 1
    elif word in _UNITS and (run.words or word not in _SOUNDALIKES):
        digit = _UNITS[word]
        run.digits = run.digits[:-1] + digit if run.after_ten and digit != "0" else run.digits + digit * run.times
        run.singles += not run.after_ten
    elif word in _TEENS:
        run.digits += _TEENS[word]
    elif word in _TENS:
        run.digits += _TENS[word] + "0"
    elif word == "hundred" and run.words and run.words[-1][0].lower() in _UNITS:
        run.digits += "00"
    else:
        return False
    run.times, run.after_ten = 1, word in _TENS
    return True


def _finished(run: _Run) -> list[SpokenNumber]:
    words = run.words
    while words and words[-1][0].lower() in _SOUNDALIKES | _TIMES.keys():  # "call 555 0100 for me"
        if words[-1][0].lower() in _SOUNDALIKES:
            run.digits, run.singles = run.digits[:-1], run.singles - 1
        words.pop()
    if not words or 2 * run.singles < len(words):
        return []
    return [SpokenNumber(words[0].start(), words[-1].end(), run.digits)]
