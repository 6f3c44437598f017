"""Finds e-mail addresses, phone numbers, card numbers and API keys in a text, typed or as a recognizer writes speech.

"john at example dot com" is an address too, and "four one five, five five five ..." a number. Rules only: no model, no
look-up. Knows neither logs nor events.

Card numbers have 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1); phone numbers have at most 15 (ITU-T
E.164). Names and street addresses are not found.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from monitoring.spoken_digits import SpokenNumber, spoken_numbers

MAX_PHONE_DIGITS: Final = 15
MIN_CARD_DIGITS: Final = 13
MAX_CARD_DIGITS: Final = 19
MIN_PHONE_DIGITS: Final = 7
"""Of a number that is marked as one: by a plus, by brackets, by a hyphen in the right place, or by being spoken."""
MIN_PLAIN_DIGITS: Final = 10
"""Of any other."""


class Kind(StrEnum):
    """What was found; `[email]` and so on stand in its place."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    NUMBER = "number"
    """Too long for a phone and no card: a card of which one digit was misheard, an account."""
    KEY = "key"

    @property
    def placeholder(self) -> str:
        """What stands in its place."""
        return f"[{self.value}]"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is not to be kept."""

    start: int
    end: int
    kind: Kind


_KEY: Final = re.compile(r"\bvs_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
# Every repetition is bounded, so that no text makes the search slow.
_DOT: Final = r"(?:\.| \. | dot | period | point )"
_USER: Final = (
    r"(?<![\w.+%-])(?:(?:[a-z0-9](?:[ -]| dot )){2,30}[a-z0-9]"  # spelled
    r"|[\w'+%-]{1,64} \d{1,4}"
    rf"|[\w'+%-]{{1,64}}(?:(?:{_DOT}| (?:underscore|dash|hyphen|minus|plus) )[\w'+%-]{{1,64}}){{0,4}})"
)
_DOMAINS: Final = (
    "(?:com|org|net|edu|gov|info|biz|io|ai|app|dev|me|co|uk|us|ca|au|nz|ie|in|za|de|fr|es|it|nl|be|ch|at|se|no|dk|fi"
    "|pl|pt|ru|jp|cn|kr|br|mx|eu|tv)"
)
_WITH_SIGN: Final = re.compile(
    rf"{_USER} ?@ ?[a-z0-9-]{{1,63}}(?:{_DOT}[a-z0-9-]{{1,63}}){{0,4}}{_DOT}[a-z]{{2,24}}(?![\w-])", re.I
)
_WITH_AT: Final = re.compile(
    rf"{_USER} at [\w-]{{1,63}}(?: [\w-]{{1,63}}){{0,2}}?(?:{_DOT}[\w-]{{1,63}}){{0,3}}?{_DOT}{_DOMAINS}\b"
    rf"(?:{_DOT}{_DOMAINS}\b)?",
    re.I,
)
_NOT_A_USER: Final = re.compile(
    "(?:a|and|are|available|be|buy|buying|cheap|cheapest|deals|find|for|found|go|hosted|hotels?|i|in|is|it|items?"
    "|listed|look|looked|looking|me|more|now|of|on|online|only|open|order|ordered|out|page|prices?|reviews|sale|shop"
    "|shopping|sign|site|sold|store|that|the|them|this|to|up|us|videos?|was|watch|website|what|which|you) ",
    re.I,
)
"""Before "at example dot com" these make it a place to look at, not an address."""
_DIGITS: Final = re.compile(r"(?<![\w.])(?<!\w[-/@])[+(]{0,2}\d(?:[ ()./-]{0,3}\d){6,30}(?![\w])(?![-.]\w*[a-z])", re.I)
_MARKED: Final = re.compile(r"\+|\(\d{2,5}\)|(?<!\d)\d{3}[-.]\d{3}[-.]\d{4}$|^\d{3}-\d{4}$")
_IPV4: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_DECIMAL: Final = re.compile(r"\d+\.\d+")
_DATE: Final = re.compile(r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})")
_YEAR: Final = re.compile(r"(?:1\d|20)\d\d")


def found_in(text: str) -> list[Found]:
    """What is not to be kept, in order and without overlap.

    >>> [one.kind.value for one in found_in("mail john at example dot com or call 415-555-0100")]
    ['email', 'phone']
    """
    found: list[Found] = []
    for one in sorted((*_keys(text), *_emails(text), *_numbers(text)), key=lambda one: (one.start, -one.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return found


def redact(text: str, write: Callable[[str], str] = str) -> str:
    """The text with `[email]`, `[phone]`, `[card]`, `[number]`, `[key]` for what is not to be kept.

    `write` is applied to what lies between: a convention, say, that would make an address unrecognizable but not
    unreadable. Where nothing is found, the answer is `write(text)`.

    >>> redact("Call four one five five five five oh one oh oh, please!", str.lower)
    'call [phone] please!'
    """
    found = found_in(text)
    if not found:
        return write(text)
    pieces, at = [], 0
    for one in found:
        pieces += [write(text[at : one.start]), one.kind.placeholder]
        at = one.end
    pieces.append(write(text[at:]))
    return _joined(pieces)


def _joined(pieces: list[str]) -> str:
    """With a space around a placeholder where `write` took it away, and no comma that stood behind what is gone."""
    joined = pieces[0]
    for before, after in pairwise(pieces):
        if before.startswith("[") and after[:1] in {",", ";"}:
            after = after[1:]
        apart = (
            joined and after and joined[-1].isalnum() | (joined[-1] == "]") and after[0].isalnum() | (after[0] == "[")
        )
        joined += f" {after}" if apart else after
    return joined


def passes_luhn(digits: str) -> bool:
    """Is the last digit the check digit of the others (ISO/IEC 7812-1, annex B)?

    >>> passes_luhn("4111111111111111"), passes_luhn("4111111111111112")
    (True, False)
    """
    values = [int(digit) for digit in reversed(digits)]
    doubled = (sum(divmod(2 * value, 10)) for value in values[1::2])
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def _keys(text: str) -> Iterator[Found]:
    for match in _KEY.finditer(text):
        yield Found(match.start(), match.end(), Kind.KEY)


def _emails(text: str) -> Iterator[Found]:
    if "@" in text:
        for match in _WITH_SIGN.finditer(text):
            yield Found(match.start(), match.end(), Kind.EMAIL)
    if " at " in text.lower():
        for match in _WITH_AT.finditer(text):
            if not _NOT_A_USER.match(match[0]):
                yield Found(match.start(), match.end(), Kind.EMAIL)


def _numbers(text: str) -> Iterator[Found]:
    for match in _DIGITS.finditer(text):
        if kind := _kind_of_typed(match[0]):
            yield Found(match.start(), match.end(), kind)
    for number in spoken_numbers(text):
        if kind := _kind_of_spoken(number):
            yield Found(number.start, number.end, kind)


def _kind_of_typed(written: str) -> Kind | None:
    digits = "".join(filter(str.isdigit, written))
    if MIN_CARD_DIGITS <= len(digits) <= MAX_CARD_DIGITS and passes_luhn(digits) and set(digits) != {"0"}:
        return Kind.CARD
    if _IPV4.fullmatch(written) or _DECIMAL.fullmatch(written) or _DATE.match(written):
        return None
    groups = re.findall(r"\d+", written)
    if all(_YEAR.fullmatch(group) for group in groups):
        return None
    return _kind_by_length(len(digits), MIN_PHONE_DIGITS if _MARKED.search(written) else MIN_PLAIN_DIGITS)


def _kind_of_spoken(number: SpokenNumber) -> Kind | None:
    if MIN_CARD_DIGITS <= len(number.digits) <= MAX_CARD_DIGITS and passes_luhn(number.digits):
        return Kind.CARD
    return None if number.is_counting else _kind_by_length(len(number.digits), MIN_PHONE_DIGITS)


def _kind_by_length(digits: int, shortest: int) -> Kind | None:
    if digits < shortest:
        return None
    return Kind.PHONE if digits <= MAX_PHONE_DIGITS else Kind.NUMBER
