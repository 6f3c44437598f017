import pytest

from asr import convention
from asr.convention import SEARCH, VERBATIM
from serving.review.check import ABOUT, check


def rules(text: str) -> list[tuple[str, str, str]]:
    return [(one.rule, one.typed, one.suggested) for one in check(text, SEARCH).differences]


@pytest.mark.parametrize(
    ("typed", "suggested", "found"),
    [
        ("play some jazz", "play some jazz", []),
        ("play some jazz ", "play some jazz", []),
        ("Play jazz", "play jazz", [("case", "Play", "play")]),
        ("what's this", "what is this", [("contractions", "what's", "what is")]),
        ("two  words", "2 words", [("whitespace", "two  words", "two words"), ("numbers", "two", "2")]),
        ("uh play jazz", "play jazz", [("fillers", "uh", "")]),
        ("my colour", "my color", [("spelling", "colour", "color")]),
        ("really?", "really", [("punctuation", "really?", "really")]),
    ],
)
def test_each_place_is_told_with_its_rule(typed: str, suggested: str, found: list[tuple[str, str, str]]) -> None:
    assert check(typed, SEARCH).text == suggested
    assert rules(typed) == found


def test_the_suggestion_has_nothing_left_to_suggest() -> None:
    text = "Uh, what's the Colour of  twenty-one pilots'... hats?"
    assert check(check(text, SEARCH).text, SEARCH).differences == ()


def test_verbatim_takes_nearly_all() -> None:
    assert check("Uh, what's the Colour?", VERBATIM).differences == ()


def test_every_rule_is_explained() -> None:
    assert {rule.name for one in convention.known() for rule in one.rules} == set(ABOUT)


@pytest.mark.parametrize("text", ["", " ", "a" * 2000, "one " * 500, "\u202eABC\u0301" * 300, "...?!" * 400])
def test_any_text_can_be_checked(text: str) -> None:
    found = check(text, SEARCH)
    assert found.text == SEARCH.apply(text)
    assert bool(found.differences) == (found.text != text.rstrip())
