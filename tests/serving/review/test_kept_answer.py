import pytest

from asr.recognizer import Word
from monitoring.redaction import redact
from serving.review.item import Answer
from serving.review.kept_answer import kept_answer

DICTATED = "mail john dot smith at example dot com"


def answer(text: str | None, spoken: str) -> Answer:
    words = tuple(Word(word, 0.9) for word in spoken.split())
    return Answer(text=text, alternatives=(spoken,), words=words, confidence=0.9)


def test_an_address_goes_from_text_alternatives_and_words() -> None:
    kept = kept_answer(answer(DICTATED, DICTATED), redact)
    assert kept == Answer(text="mail [email]", alternatives=("mail [email]",), confidence=0.9)
    assert kept_answer(kept, redact) == kept


def test_words_go_with_a_text_that_was_redacted_before_the_convention() -> None:
    """The convention makes "john@example.com" three words that are no address any more."""
    assert kept_answer(answer("mail [email]", "mail john example com"), redact).words == ()


@pytest.mark.parametrize("text", ["play some jazz", None])
def test_anything_else_stays(text: str | None) -> None:
    there = answer(text, "play some jazz")
    assert kept_answer(there, redact) == there


def test_where_nothing_may_be_kept_nothing_is() -> None:
    assert kept_answer(answer(DICTATED, DICTATED), lambda text: None) == Answer(confidence=0.9)
