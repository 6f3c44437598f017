import sys
import unicodedata

import pytest

from asr.rules.characters import collapse_whitespace, drop_ellipsis, drop_punctuation, unify_unicode


def test_every_code_point_settles_at_once() -> None:
    for code_point in range(sys.maxunicode + 1):
        once = unify_unicode("a" + chr(code_point) + "b")
        assert unify_unicode(once) == once


def test_compatibility_forms_quotes_and_hidden_characters() -> None:
    assert unify_unicode("ﬁne ‘quotes’ “here”…") == "fine 'quotes' \"here\"..."
    assert unify_unicode("zero\u200bwidth\u202e\x00") == "zerowidth"
    assert unify_unicode("\ud83d") == "\ufffd"
    assert unify_unicode("e\u200b\u0301") == "é"
    assert unify_unicode("👨\u200d👩") == "👨\u200d👩"


def test_white_space_of_all_kinds() -> None:
    assert collapse_whitespace("\u00a0a\t\u2003b\r\n ") == "a b"


@pytest.mark.parametrize(("text", "written"), [("wait... what", "wait  what"), ("dr. who", "dr. who"), ("..", " ")])
def test_ellipsis(text: str, written: str) -> None:
    assert drop_ellipsis(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("today's", "today's"),
        ("students' 'quoted'", "students   quoted "),
        ("3.5 km. away", "3.5 km  away"),
        ("u.k. a.m.", "uk am"),
        ("1980's", "1980s"),
        ("snake_case, e-mail!", "snake case  e mail "),
        ("नमस्ते", "नमस्ते"),
    ],
)
def test_punctuation(text: str, written: str) -> None:
    assert drop_punctuation(text) == written


def test_no_mark_but_apostrophe_and_point_survives() -> None:
    marks = "".join(chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c))[0] in "PS")
    assert drop_punctuation(" ".join(marks)).strip() == ""
