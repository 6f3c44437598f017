import json
from importlib.resources import files

import pytest

from asr.rules.wording import american_spelling, drop_fillers, expand_contractions


@pytest.mark.parametrize("filler", "um umm uh uhh uhm erm hm hmm mm mmm mhm uh-huh mm-hmm".split())  # noqa: SIM905
def test_fillers_go_with_the_marks_that_set_them_off(filler: str) -> None:
    assert drop_fillers(f"{filler}, play {filler}... jazz {filler}").split() == ["play", "jazz"]


@pytest.mark.parametrize("text", ["5 mm", "10mm", "nearest er", "umbrella", "hum", "mum's", "ahmed", "her"])
def test_words_that_only_look_like_fillers_stay(text: str) -> None:
    assert drop_fillers(text) == text


def test_er_before_a_written_pause_is_a_filler() -> None:
    assert drop_fillers("er, play er... jazz").split() == ["play", "jazz"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("what's", "what is"),
        ("whats", "what is"),
        ("today's", "today's"),
        ("don't dont", "do not do not"),
        ("can't cannot", "can not can not"),
        ("won't", "will not"),
        ("we're we'll we've i'm", "we are we will we have i am"),
        ("i'd", "i would"),
        ("let's", "let us"),
        ("ain't o'clock", "ain't o'clock"),
        ("gonna", "going to"),
        ("couldn't've", "could not have"),
        ("well shed wed", "well shed wed"),
    ],
)
def test_contractions_with_one_reading_are_expanded(text: str, written: str) -> None:
    assert expand_contractions(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("the grey colour", "the gray color"),
        ("theatre's", "theater's"),
        ("e-mails wi fi t v per cent", "emails wifi tv percent"),
        ("okay", "ok"),
        ("the e street band", "the e street band"),
    ],
)
def test_one_spelling(text: str, written: str) -> None:
    assert american_spelling(text) == written


def test_all_pairs_of_the_whisper_list_are_known() -> None:
    pairs = json.loads((files("whisper_normalizer") / "normalizers/english.json").read_bytes())
    single = {british: american for british, american in pairs.items() if british.isalpha()}
    assert len(single) > 1700
    assert [american_spelling(british) for british in single] == list(single.values())
