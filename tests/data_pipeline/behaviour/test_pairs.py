from collections import Counter

import numpy as np
import pytest

from asr.metrics import word_errors
from data_pipeline.behaviour.confusion import Confusion, estimate
from data_pipeline.behaviour.pairs import Query, spoken_pairs, typed_pairs
from data_pipeline.behaviour.rewording import Way, reworded
from data_pipeline.behaviour.takes import Asked


@pytest.fixture
def confusion(asked: list[Asked], queries: list[Query]) -> Confusion:
    words = {word for one in queries for word in one.text.split()}
    return estimate([one.first for one in asked if one.device == "phone"], words)


def test_texts_go_wrong_as_often_as_speech(confusion: Confusion, queries: list[Query], asked: list[Asked]) -> None:
    rng = np.random.default_rng(0)
    texts = [one.text for one in queries] * 40
    drawn = word_errors(texts, [confusion.misheard(text, rng) for text in texts]).wer
    real = [one.first.errors for one in asked if one.device == "phone"]
    assert drawn == pytest.approx(sum(e.errors for e in real) / sum(e.reference_length for e in real), rel=0.15)


def test_a_wrong_text_is_wrong(confusion: Confusion) -> None:
    rng = np.random.default_rng(0)
    wrong = [confusion.wrong("turn on the light in the kitchen", rng) for _ in range(50)]
    assert all(wrong)
    assert "turn on the light in the kitchen" not in wrong
    assert confusion.wrong("", rng) is None


@pytest.mark.parametrize("way", Way)
def test_rewording_keeps_the_wish(way: Way) -> None:
    rng, said = np.random.default_rng(0), "turn off the light in the kitchen please"
    for _ in range(30):
        other = reworded(said, way, rng)
        assert other
        shared = set(said.split()) & set(other.split())
        assert shared
        assert (other == said) is (way is Way.REPEAT)
        assert way is not Way.SHORTEN or len(other) < len(said)
        assert way is not Way.EXTEND or said in other


@pytest.mark.parametrize(("way", "text"), [(Way.PART, "jazz"), (Way.SUBSTITUTE, "xylophone"), (Way.EXTEND, "")])
def test_what_cannot_be_reworded(way: Way, text: str) -> None:
    assert reworded(text, way, np.random.default_rng(0)) is None


def test_spoken_pairs_are_what_was_heard(asked: list[Asked]) -> None:
    pairs = spoken_pairs(asked, np.random.default_rng(0))
    heard = {one.first.heard for one in asked if not one.first.is_right}
    again = {one.again.heard for one in asked}
    kinds = Counter(one.kind for one in pairs)
    assert {"spoken: repeat", "spoken: repeat, heard the same", "spoken: other"} <= set(kinds)
    assert all(one.first in heard for one in pairs)
    assert all(one.second in again for one in pairs if one.kind.startswith("spoken: repeat"))
    assert all(one.second for one in pairs)


def test_pairs_of_texts(queries: list[Query], confusion: Confusion) -> None:
    pairs = typed_pairs(queries, confusion, np.random.default_rng(0))
    kinds = {one.kind: one.is_retry for one in pairs}
    assert not any(kinds[kind] for kind in ("text: other", "text: same intent", "text: same words"))
    assert kinds["text: repeat"]
    alone = [one for one in pairs if one.group == "what time is it" and one.kind != "text: other"]
    assert all(one.is_retry for one in alone)


def test_the_same_seed_gives_the_same_pairs(queries: list[Query], confusion: Confusion) -> None:
    one, other = (typed_pairs(queries, confusion, np.random.default_rng(3)) for _ in range(2))
    assert one == other
