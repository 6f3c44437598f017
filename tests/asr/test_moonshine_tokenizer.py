"""The token table: its file format, text and words."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.cache import pull
from asr.engines.moonshine_tokenizer import END, START, Tokenizer
from asr.errors import CorruptModel

CONTROL = [b"<unk>", b"<s>", b"</s>"]
SPACE = "▁".encode()


def table_of(pieces: list[bytes]) -> bytes:
    """The file format: a length of one byte, or from 128 on of two, low one first with its top bit set."""
    lengths = [bytes([len(p)]) if len(p) < 128 else bytes([len(p) % 128 + 128, len(p) // 128]) for p in pieces]
    return b"".join(length + piece for length, piece in zip(lengths, pieces, strict=True))


def read(content: bytes) -> Tokenizer:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.bin"
        path.write_bytes(content)
        return Tokenizer.read(path)


@pytest.fixture(scope="module")
def published() -> Tokenizer:
    return Tokenizer.read(pull("moonshine-tiny-en").path("tokenizer.bin"))


@given(st.lists(st.binary(min_size=0, max_size=300).filter(lambda p: b"<0x" not in p and SPACE not in p), max_size=20))
def test_a_table_is_read_as_it_was_written(pieces: list[bytes]) -> None:
    assert read(table_of(CONTROL + pieces)).pieces == (b"", b"", b"", *pieces)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 129, 255, 256, 16_383])
def test_a_token_may_be_of_any_length(length: int) -> None:
    assert read(table_of([*CONTROL, b"x" * length, b"y"])).pieces[3:] == (b"x" * length, b"y")


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8), st.data())
def test_a_table_that_ends_within_a_token_is_refused(pieces: list[bytes], data: st.DataObject) -> None:
    whole = table_of(CONTROL + pieces)
    start = len(table_of(CONTROL + pieces[:-1]))
    with pytest.raises(CorruptModel, match=r"tokenizer\.bin"):
        read(whole[: data.draw(st.integers(start + 1, len(whole) - 1))])


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        tokenizer = read(content)
    except CorruptModel:
        return
    assert len(tokenizer.pieces) > END


@given(st.data())
def test_words_are_the_words_of_the_text(published: Tokenizer, data: st.DataObject) -> None:
    tokens = data.draw(st.lists(st.integers(0, len(published.pieces) - 1), max_size=30))
    words = published.words(tokens)
    inside = [i for word in words for i in range(word.start, word.stop)]
    assert inside == sorted(set(inside))
    assert {tokens[i] for i in set(range(len(tokens))) - set(inside)} <= {t for t in tokens if not published.pieces[t]}


def test_text_is_that_of_the_pieces() -> None:
    pieces = [SPACE + b"caf", b"<0xC3>", b"<0xA9>", SPACE + b"au", SPACE + b"lait", b"<0xC3>"]
    tokenizer = read(table_of(CONTROL + pieces))
    assert tokenizer.text([START, 3, 4, 5, 6, 7, END]) == "café au lait"
    assert tokenizer.text([3, 8]) == "caf\ufffd"
    assert tokenizer.text([]) == tokenizer.text([START, END]) == ""
    assert tokenizer.words([START, 3, 4, 5, 6, 7, END]) == [slice(1, 4), slice(4, 5), slice(5, 6)]
    assert tokenizer.words([START, END]) == []
