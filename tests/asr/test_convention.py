import dataclasses
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whisper_normalizer.english import EnglishTextNormalizer

from asr import convention
from asr.convention import SCORING, SEARCH, VERBATIM, Convention, Rule
from asr.errors import UnknownConvention
from tests.conftest import Recording

ALL = pytest.mark.parametrize("writing", convention.known(), ids=lambda writing: writing.id)

FRAGMENTS = """
twenty five one hundred thousand million a and point oh zero third second nineteen minus double percent um uh er hm mm
mhm uh-huh it's can't dont e-mail wi fi t v per cent colour 'tis y' ... … , . - : / $ £ % & ° + 7:00 a.m. 1st 21st mp3
1,000 1 2 0 05 3.5 ½ ² İ ß Σ ﬁ ’ ( ) [ <
"""
SPOKEN = st.lists(st.sampled_from([*FRAGMENTS.split(), "\u0301", "\u200b", "\ud800", "\u00a0"])).flatmap(
    lambda parts: st.sampled_from(["", " ", "-", ", "]).map(lambda separator: separator.join(parts))
)
ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(st.characters(codec="ascii")) | SPOKEN


@pytest.fixture(scope="module")
def real_texts(speech: Sequence[Recording], data_folder: Path) -> list[str]:
    queries = (data_folder / "queries.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [recording.text for recording in speech] + [query.split("\t")[0] for query in queries]


@ALL
@given(text=ANY_TEXT)
def test_what_is_written_stays_as_it_is(writing: Convention, text: str) -> None:
    once = writing.apply(text)
    assert writing.apply(once) == once
    assert once == once.strip()


@ALL
def test_carried_texts_stay_as_they_are_once_written(writing: Convention, speech: Sequence[Recording]) -> None:
    for recording in speech:
        once = writing.apply(recording.text)
        assert once
        assert writing.apply_traced(once) == convention.Rewriting(once, ())


@pytest.mark.data
@ALL
def test_real_queries_stay_as_they_are_once_written(writing: Convention, real_texts: Sequence[str]) -> None:
    for text in real_texts:
        once = writing.apply(text)
        assert once
        assert writing.apply_traced(once) == convention.Rewriting(once, ())


@pytest.mark.data
def test_scoring_is_the_whisper_normalizer_wherever_that_is_stable(real_texts: Sequence[str]) -> None:
    reference = EnglishTextNormalizer()
    stable = [text for text in real_texts if reference(reference(text)).split() == reference(text).split()]
    assert len(stable) > 0.99 * len(real_texts)
    assert [SCORING.apply(text) for text in stable] == [" ".join(reference(text).split()) for text in stable]


@given(text=ANY_TEXT)
def test_scoring_is_the_whisper_normalizer_on_any_text_where_that_is_stable(text: str) -> None:
    reference = EnglishTextNormalizer()
    written = " ".join(reference(text).split())
    if " ".join(reference(written).split()) == written:
        assert SCORING.apply(text) == written


@pytest.mark.parametrize(
    "text", ["Um, today's weather", "Um... today's weather", "Today's weather", "TODAY’S weather…"]
)
def test_one_query_however_it_was_transcribed(text: str) -> None:
    assert SEARCH.apply(text) == "today's weather"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("What's  the theatre's programme for Friday, please?", "what is the theater's program for friday please"),
        ("Wake me at seven-thirty a.m.", "wake me at 7 30 am"),
        ("wake me at 7:30 AM", "wake me at 7 30 am"),
        ("Play 'Rock ’n’ Roll' on the T.V.", "play rock n roll on the tv"),
        ("e-mail Zoë about the Wi-Fi, okay?", "email zoë about the wifi ok"),
        ("1, 2, 3", "123"),
        ("um", ""),
        ("?!...", ""),
        ("", ""),
    ],
)
def test_search_examples(text: str, written: str) -> None:
    assert SEARCH.apply(text) == written


def test_verbatim_keeps_what_was_said() -> None:
    assert VERBATIM.apply("\u202eUm…  it’s\u00a0TEN o'clock,\tisn't it?\n") == "Um... it's TEN o'clock, isn't it?"


@ALL
@pytest.mark.parametrize(
    "text", ["\ud800", "a\ud800b", "\x00\x07", "\u200f\u202e", "👨‍👩‍👧 🎵", "e" + "\u0301" * 50, "नमस्ते"]
)
def test_hostile_characters_are_written_without_complaint(writing: Convention, text: str) -> None:
    once = writing.apply(text)
    assert writing.apply(once) == once


@pytest.mark.parametrize("writing", [VERBATIM, SEARCH], ids=lambda writing: writing.id)
@given(text=st.text(st.characters(exclude_categories=())))
def test_what_goes_to_labels_can_be_encoded_and_hides_nothing(writing: Convention, text: str) -> None:
    written = writing.apply(text)
    written.encode("utf-8")
    assert not {"\x00", "\u200b", "\u202e", "\ufeff"} & set(written)


# Quadratic work on any of these takes minutes.
@pytest.mark.timeout(30)
@ALL
@pytest.mark.parametrize(
    "unit", ["a", " ", "<", "(", "9", "one ", "five-", "million ", "um ", "'", "$5", "1,000", "\ud800", "."]
)
def test_a_very_long_text_is_written_in_linear_time(writing: Convention, unit: str) -> None:
    writing.apply(unit * (400_000 // len(unit)))


@ALL
@pytest.mark.parametrize("text", ["9" * 5000, "1 million " * 3000])
def test_numbers_too_long_to_convert_stay_text(writing: Convention, text: str) -> None:
    once = writing.apply(text)
    assert once
    assert writing.apply(once) == once


def test_tracing_names_the_rules_that_fired() -> None:
    assert SEARCH.apply_traced("today's weather").fired == ()
    every = SEARCH.apply_traced("Um, the colour of five...")
    assert every.text == "the color of 5"
    assert every.fired == ("case", "numbers", "fillers", "ellipsis", "spelling", "whitespace")
    assert VERBATIM.apply_traced("it’s  late").fired == ("unicode", "whitespace")


def test_rules_are_repeated_until_the_text_stands_still() -> None:
    halve = Convention("halve", 1, (Rule("halve", lambda text: text.replace("aa", "a")),))
    assert halve.apply("a" * 1000) == "a"


def test_rules_that_never_settle_end_all_the_same() -> None:
    swap = Convention("swap", 1, (Rule("swap", str.swapcase),))
    assert swap.apply("a") in ("a", "A")


def test_conventions_are_values() -> None:
    assert convention.get("search") is SEARCH
    assert dataclasses.replace(SEARCH) == SEARCH
    assert len({writing.id for writing in convention.known()}) == len(convention.known())
    with pytest.raises(dataclasses.FrozenInstanceError):
        SEARCH.version = 2  # type: ignore[misc]


@ALL
def test_each_is_found_by_its_full_name(writing: Convention) -> None:
    assert convention.get(writing.id) is writing


@pytest.mark.parametrize("name", ["", "Search", "search@99", "\ud800"])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownConvention, match="verbatim@1, search@1, scoring@1") as raised:
        convention.get(name)
    assert isinstance(raised.value, LookupError)


def test_a_transcript_keeps_what_was_there_before() -> None:
    assert convention.write("Um, Hello.", SEARCH) == convention.Transcript("hello", "Um, Hello.", "search", 1)


def test_threads_write_the_same(speech: Sequence[Recording]) -> None:
    texts = [recording.text for recording in speech]
    expected = [[writing.apply(text) for text in texts] for writing in convention.known()]
    written: list[list[list[str]]] = []

    def work() -> None:
        written.append([[writing.apply(text) for text in texts] for writing in convention.known()])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written == [expected] * 4


# A convention in use does not change its writing. Where this fails, add a version instead of changing the digest.
WRITINGS = {"verbatim@1": "e734486477a17a7e", "search@1": "6de47681eacf26f8", "scoring@1": "308a821abe7edb34"}


@ALL
def test_a_changed_writing_is_a_new_version(writing: Convention, speech: Sequence[Recording]) -> None:
    spoken = [*(recording.text for recording in speech), "Um, it's $5.50 at 7:30 on the twenty-third, two plus two"]
    written = "\n".join(writing.apply(text) for text in spoken)
    assert hashlib.sha256(written.encode()).hexdigest()[:16] == WRITINGS[writing.id]
