"""One way of writing numbers: digits. "Twenty-five", "25" and "two hundred" meet "25" and "200".

Expects lower case, and the marks still in place ("$5", "7:30", "50%"). What reads well in words stays so, or
becomes so: "one" (mostly no number at all) and the ordinals up to "tenth". "Twenty second" is "20 second", unless
"the" stands before it: timers are asked for more often than the 22nd. Knows nothing of dates, and of clock times
only the colon.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final


def _counted(words: str, *, start: int, step: int = 1) -> dict[str, int]:
    return {word: start + step * place for place, word in enumerate(words.split())}


_ONES: Final = _counted("one two three four five six seven eight nine", start=1)
_TEENS: Final = _counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", start=10)
_TENS: Final = _counted("twenty thirty forty fifty sixty seventy eighty ninety", start=20, step=10)
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SMALL_ORDINALS: Final = _counted("first second third fourth fifth sixth seventh eighth ninth tenth", start=1)
_ORDINALS: Final = {
    **{word: value for word, value in _SMALL_ORDINALS.items() if word != "second"},
    **{word + "th": value for word, value in _TEENS.items() if value not in (10, 12)},
    "twelfth": 12,
    **{word[:-1] + "ieth": value for word, value in _TENS.items()},
}
_VALUES: Final = {"zero": 0, **_ONES, **_TEENS, **_TENS, **_ORDINALS}
_BY_VALUE: Final = {value: word for word, value in _SMALL_ORDINALS.items()}
_OH: Final = ("oh", "o")
_CENTURIES: Final = range(17, 21)
_LONGEST_FACTOR: Final = 15  # digits of a number that is still multiplied: "2.5 million"

_SYMBOLS: Final = {"%": " percent ", "&": " and ", "°": " degrees ", "+": " plus "}
_SYMBOL: Final = re.compile("[%&°+]")
_CURRENCIES: Final = {"$": "dollar", "£": "pound", "€": "euro"}
_MONEY: Final = re.compile(r"([$£€]) ?([0-9]+(?:\.[0-9]+)?)( (?:hundred|thousand|million|billion|trillion)\b)?")
_GROUPED: Final = re.compile(r"(?<![0-9,.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_FULL_HOUR: Final = re.compile(r"(?<![0-9:])([0-9]{1,2}):00(?![0-9:])")
_NEGATIVE: Final = re.compile(r"(?<!\S)-(?=[0-9])")
_DIGIT_LETTER: Final = re.compile(r"(?<=[0-9])(?!(?:st|nd|rd|th|s)(?![^\W_]))(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")
_HALF_OF_DAY: Final = re.compile(r"((?:[0-9]|\bone) [ap])(?:\. ?m\.?| m)(?![\w'])")

_TWENTY_SECOND: Final = re.compile(r"(?<![\w'])the twenty[- ]second(?![\w']| timer| countdown)")
_WORDS: Final = "|".join(sorted({*_VALUES, *_SCALES, "hundred", "point", "and", "oh", "o", "a"}, key=len, reverse=True))
_TOKEN: Final = rf"(?:[0-9]+(?:\.[0-9]+)?(?:st|nd|rd|th)?|{_WORDS})(?![\w']|\.[0-9])"
_RUN: Final = re.compile(rf"(?<![\w'.]){_TOKEN}(?:[ -]{_TOKEN})*")
_ORDINAL_DIGITS: Final = re.compile(r"0*([1-9]|10)(?:st|nd|rd|th)")


def write_numbers_in_digits(text: str) -> str:
    """Numbers, amounts, percentages and clock times in digits and words, with no mark but the point."""
    text = _TWENTY_SECOND.sub("the 22nd", _DIGIT_LETTER.sub(" ", _without_symbols(text)))
    return _HALF_OF_DAY.sub(r"\1m", _RUN.sub(lambda run: _in_digits(run[0].replace("-", " ").split()), text))


def _without_symbols(text: str) -> str:
    text = _GROUPED.sub(lambda number: number[0].replace(",", ""), text)
    text = _MONEY.sub(_amount_first, text)
    text = _SYMBOL.sub(lambda symbol: _SYMBOLS[symbol[0]], text)
    text = _NEGATIVE.sub("minus ", _FULL_HOUR.sub(r"\1", text))
    return " ".join(text.split())


def _amount_first(match: re.Match[str]) -> str:
    symbol, amount, scale = match.groups(default="")
    plural = "" if amount + scale == "1" else "s"
    return f"{amount}{scale} {_CURRENCIES[symbol]}{plural}"


def _in_digits(words: Sequence[str]) -> str:
    """The words of one run, each number in it in digits; three single digits and more become one number."""
    pieces: list[str] = []
    at = 0
    while at < len(words):
        piece, at = _oh_digit(words, at, pieces) or _year(words, at) or _number(words, at)
        pieces.append(piece)
    joined: list[str] = []
    for single, group in groupby(pieces, key=lambda piece: len(piece) == 1 and "0" <= piece <= "9"):
        digits = list(group)
        joined += ["".join(digits)] if single and len(digits) >= 3 else digits
    return " ".join(map(_readable, joined))


def _readable(piece: str) -> str:
    if piece == "1":
        return "one"
    ordinal = _ORDINAL_DIGITS.fullmatch(piece)
    return _BY_VALUE[int(ordinal[1])] if ordinal else piece


def _oh_digit(words: Sequence[str], at: int, before: Sequence[str]) -> tuple[str, int] | None:
    """The "oh" of "seven oh five" (7 05) or within a row of digits."""
    if words[at] not in _OH or not before or _word(words, at + 1) not in _ONES or not before[-1].isdecimal():
        return None
    return (f"0{_ONES[words[at + 1]]}", at + 2) if len(before) == 1 else ("0", at + 1)


def _year(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """A year that is spoken in two halves: "nineteen eighty four", "nineteen oh five", "twenty twenty"."""
    century, middle = _below_hundred(words, at)
    if century not in _CENTURIES or words[middle - 1] in _ORDINALS:
        return None
    if _word(words, middle) in _OH and _word(words, middle + 1) in _ONES:
        return f"{century}0{_ONES[words[middle + 1]]}", middle + 2
    year, end = _below_hundred(words, middle)
    if year < 10 or words[end - 1] in _ORDINALS or _is_multiplier(words, end):
        return None
    return f"{century}{year}", end


def _number(words: Sequence[str], at: int) -> tuple[str, int]:
    """The number that begins at `at`, in digits, or the word as it stands; and where the rest begins."""
    value, end = _cardinal(words, at)
    if end == at:
        return words[at], at + 1
    if words[end - 1] in _ORDINALS:
        return f"{_plain(value)}{_suffix(int(value))}", end
    written = words[at] if end == at + 1 and words[at][0].isdecimal() else _plain(value)
    decimals, after = _decimals(words, end)
    return (f"{written}.{decimals}", after) if decimals and "." not in written else (written, end)


def _cardinal(words: Sequence[str], at: int) -> tuple[Decimal, int]:
    """Value and end of "two million three hundred and five"; the end is `at` where no number begins."""
    total, limit, end = Decimal(0), Decimal("Infinity"), at
    while True:
        start = _past_and(words, end) if end > at else at
        value, after = _below_thousand(words, start, digits_allowed=start == at)
        scale = _SCALES.get(_word(words, after), 1) if words[after - 1] not in _ORDINALS else 1
        if after == start or value >= limit or scale >= limit:
            return total, end
        total, limit, end = total + value * scale, Decimal(scale), after + (scale > 1)
        if scale == 1:
            return total, end


def _below_thousand(words: Sequence[str], at: int, *, digits_allowed: bool) -> tuple[Decimal, int]:
    """As `_cardinal`, up to "nine hundred and ninety nine"; also digits, and "a" before a multiplier."""
    word = _word(words, at)
    value, end = _below_hundred(words, at)
    if word == "a" and _is_multiplier(words, at + 1):
        value, end = 1, at + 1
    factor = Decimal(value)
    if digits_allowed and word[-1:].isdecimal():
        if len(word) > _LONGEST_FACTOR:
            return Decimal(0), at
        factor, end = Decimal(word), at + 1
    if end == at or _word(words, end) != "hundred" or words[end - 1] in _ORDINALS:
        return factor, end
    rest, after = _below_hundred(words, _past_and(words, end + 1))
    return (factor * 100 + rest, after) if rest else (factor * 100, end + 1)


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int]:
    """As `_cardinal`, for "zero" to "ninety nine" and their ordinals."""
    value = _VALUES.get(_word(words, at))
    if value is None:
        return 0, at
    ones = _VALUES.get(_word(words, at + 1), 0)
    if words[at] in _TENS and 1 <= ones <= 9:
        return value + ones, at + 2
    return value, at + 1


def _decimals(words: Sequence[str], at: int) -> tuple[str, int]:
    """The digits after "point", and where they end."""
    if _word(words, at) != "point":
        return "", at
    digits, end = "", at + 1
    while (word := _word(words, end)) in _ONES or word in ("zero", *_OH):
        digits, end = digits + str(_ONES.get(word, 0)), end + 1
    if not digits and word.isdecimal():
        digits, end = word, end + 1
    return digits, end


def _past_and(words: Sequence[str], at: int) -> int:
    return at + 1 if _word(words, at) == "and" else at


def _is_multiplier(words: Sequence[str], at: int) -> bool:
    return _word(words, at) == "hundred" or _word(words, at) in _SCALES


def _word(words: Sequence[str], at: int) -> str:
    """The word there; empty past the end."""
    return words[at] if at < len(words) else ""


def _plain(value: Decimal) -> str:
    return str(int(value)) if value == value.to_integral_value() else f"{value.normalize():f}"


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
