"""Words are counted in one convention; growth and unseen words by hand."""

from hypothesis import given
from hypothesis import strategies as st

from asr.convention import SEARCH
from data_pipeline.corpus.vocabulary import Vocabulary, VocabularyCounter
from tests.data_pipeline.made_rows import made


def counted(texts: list[tuple[str | None, str | None]]) -> Vocabulary:
    counter = VocabularyCounter(SEARCH)
    for line, (part, text) in enumerate(texts, 1):
        counter.add(made(line, text, split=part))
    return counter.vocabulary()


def test_words_are_counted_as_the_convention_writes_them() -> None:
    found = counted([(None, "Play jazz!"), (None, "play, um, Rock"), (None, None), (None, "")])
    assert (found.tokens, found.types, found.once) == (4, 3, 2)
    assert found.frequent == {"play": 2, "jazz": 1, "rock": 1}
    assert found.unseen == {}


def test_a_text_that_is_written_in_it_already_is_taken_as_it_is() -> None:
    counter = VocabularyCounter(SEARCH)
    assert counter.add(made(1, "Not THIS way", convention="search@1")) == 3
    assert "THIS" in counter.vocabulary().frequent


def test_growth_is_told_at_round_numbers_and_at_the_end() -> None:
    found = counted([(None, "a b c d e f g"), (None, "a b c d e f g h")])
    assert found.growth == ((1, 1), (2, 2), (5, 5), (10, 7), (15, 8))


def test_growth_that_ends_at_a_round_number_is_told_once() -> None:
    assert counted([(None, "a b")]).growth == ((1, 1), (2, 2))
    assert counted([]).growth == ()


def test_unseen_words_are_those_of_no_training_text() -> None:
    found = counted([("test", "play polka polka"), ("train", "play jazz"), ("dev", "jazz"), (None, "waltz")])
    assert set(found.unseen) == {"dev", "test"}
    test = found.unseen["test"]
    assert (test.tokens, test.unseen_tokens, test.types, test.unseen_types) == (3, 2, 2, 1)
    assert (test.ratio, test.frequent, found.unseen["dev"].ratio) == (2 / 3, {"polka": 2}, 0.0)


@given(st.lists(st.text(alphabet="ab c", max_size=20), max_size=10))
def test_growth_never_falls_and_ends_with_all_words(texts: list[str]) -> None:
    found = counted([(None, text) for text in texts])
    types = [count for _, count in found.growth]
    assert types == sorted(types)
    assert found.growth[-1:] == (((found.tokens, found.types),) if found.tokens else ())
