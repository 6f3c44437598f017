"""What must not be kept is found in all the ways in which it is written, and next to nothing else is."""

import csv
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from asr import convention
from monitoring.redaction import found_in, passes_luhn, redact

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMES = ("maria", "john", "li", "oyelaran", "anne-marie", "j", "bob99")
HOSTS = ("gmail.com", "example.org", "mail.example.co.uk", "posteo.de", "big company.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My email is John.Smith+x@example.com.", "My email is [email]."),
        ("write to j o h n at gmail dot com please", "write to [email] please"),
        ("john dot smith at example dot co dot uk", "[email]"),
        ("john underscore smith at example.com", "[email]"),
        ("send it to tim@hotmail dot com", "send it to [email]"),
        ("call +1 (415) 555-0100 now", "call [phone] now"),
        ("Call 415-555-0100.", "Call [phone]."),
        ("+49 30 1234567, please", "[phone] please"),
        ("tel:4155550100", "tel:[phone]"),
        ("eight hundred five five five oh one two three", "[phone]"),
        ("double five five oh one double oh seven for me", "[phone] for me"),
        ("seven seven double oh nine hundred one two three", "[phone]"),
        ("call 5 5 5 0 1 0 0 thanks", "call [phone] thanks"),
        ("pay with 4111 1111 1111 1111 today", "pay with [card] today"),
        ("four, one, one, one, 1111 1111 1111", "[card]"),
        ("4111 1111 1111 1112", "[number]"),
        ("key vs_0123456789ab_" + "aZ-_" * 10 + "abc", "key [key]"),
    ],
)
def test_what_is_found(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "look at netflix dot com",
        "2001 a space odyssey",
        "one two three four five six seven eight nine ten",
        "ten nine eight seven six five four three two one zero",
        "movies of 1994 1995 1996",
        "released in nineteen ninety nine or two thousand and four",
        "one thousand two hundred and thirty four dollars",
        "set alarms for seven forty five and eight thirty",
        "192.168.100.200:8000 answered at 2026-11-23 21:44:10 in 0.3512345678 s",
        "550e8400-e29b-41d4-a716-446655440000",
        "req_35292504204181139a0c0305282c3301",
        "1,000,000,000 of them",
        "meet me at eight",
        "",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.data
def test_next_to_nothing_is_taken_from_real_queries(data_folder: Path) -> None:
    """Six of 5,000 hold an address with its sign, one an address that is said; nothing else is taken."""
    with (data_folder / "queries.tsv").open(newline="") as file:
        queries = [row["text"] for row in csv.DictReader(file, delimiter="\t")]
    right = [query for query in queries if re.search(r"\w@\w+ dot com|brandon at example dot com", query)]
    assert (len(queries), len(right)) == (5000, 7)
    assert [query for query in queries if found_in(query)] == right


def spoken(digits: str, rng: random.Random) -> str:
    words = [rng.choice(("oh", "zero")) if digit == "0" else WORDS[int(digit)] for digit in digits]
    return rng.choice((" ", ", ")).join(words)


def grouped(digits: str, rng: random.Random) -> str:
    size = rng.choice((3, 4))
    return rng.choice((" ", "-")).join(digits[at : at + size] for at in range(0, len(digits), size))


def phone(rng: random.Random) -> str:
    digits = str(rng.randint(2, 9)) + "".join(rng.choices("0123456789", k=9))
    return rng.choice((spoken, grouped, lambda digits, rng: digits))(digits, rng)


def card(rng: random.Random) -> str:
    digits = "4" + "".join(rng.choices("0123456789", k=14))
    digits += next(last for last in "0123456789" if passes_luhn(digits + last))
    return rng.choice((spoken, grouped, lambda digits, rng: digits))(digits, rng)


def email(rng: random.Random) -> str:
    typed = f"{rng.choice(NAMES)}.{rng.choice(NAMES)}@{rng.choice(HOSTS)}"
    said = typed.replace("@", " at ").replace(".", " dot ").replace("-", " dash ")
    return rng.choice((said, typed.replace(" ", "")))


@pytest.mark.parametrize(("make", "kinds"), [(phone, "phone"), (card, "card"), (email, "email")])
def test_made_ones_are_found_in_sentences(make: Callable[[random.Random], str], kinds: str) -> None:
    rng = random.Random(5)
    frames = ("call {} please", "it is {}", "{}", "My number, {}, thanks.", "remind me to write to {} tomorrow")
    missed = [
        sentence for _ in range(1000) if f"[{kinds}]" not in redact(sentence := rng.choice(frames).format(make(rng)))
    ]
    assert len(missed) <= 10, missed[:10]


def test_a_convention_is_applied_to_the_rest() -> None:
    write = convention.SEARCH.apply
    assert write("Mail John.Smith@example.com, NOW!") == "mail john smith example com now"
    assert redact("Mail John.Smith@example.com, NOW!", write) == "mail [email] now"
    assert redact("Play SOME jazz.", write) == write("Play SOME jazz.")


@pytest.mark.parametrize("piece", ["a.b ", "one ", "1", "1 ", "a@", "a at ", "a dot ", "x@a.a.a", "4-", "a b c dot "])
def test_a_hostile_text_is_no_trouble(piece: str) -> None:
    """Work grows with the length, not with its square: 64 KB of each come out within the test's limit."""
    redact(piece * (65_536 // len(piece)))
