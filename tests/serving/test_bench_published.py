"""The published graphs say what our engine says, alone and side by side."""

import pytest

from asr.decode import decode
from serving.bench.engines import load_ours, load_published
from tests.conftest import Recording


@pytest.mark.parametrize("batch", [1, 4])
def test_published_graphs_say_what_our_engine_says(speech: list[Recording], batch: int) -> None:
    sounds = [decode(one.path.read_bytes()) for one in speech if 1.5 <= one.duration_s <= 4][:8]
    ours, published = load_ours()(sounds), load_published()
    theirs = [text for at in range(0, len(sounds), batch) for text in published(sounds[at : at + batch])]
    assert sum(a == b for a, b in zip(ours, theirs, strict=True)) >= 6
