"""A page with one of everything, made of a real recording."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from asr.audio import Audio, Span
from asr.decode import decode
from data_pipeline.pages.charts import Bar, dots, histogram, placed
from data_pipeline.pages.page import render
from data_pipeline.pages.player import player

GALLERY = Path(__file__).with_name("gallery.html")


@dataclass(frozen=True)
class Bin:
    low: float
    high: float
    utterances: int
    confidence: float
    exact_ratio: float


@pytest.fixture(scope="session")
def query(query_clip: Path) -> Audio:
    return decode(query_clip.read_bytes())


@pytest.fixture
def gallery(query: Audio, query_clip: Path) -> Callable[[str], str]:
    """Renders a page with one of everything in which every text is the same."""

    def page(word: str) -> str:
        speech = [Span(0.5, 1.5)]
        return render(
            GALLERY,
            word=word,
            values=histogram([1.0, 2.0, 2.5, None, 9.0], unit=word),
            nothing=histogram([]),
            bins=[Bin(0.0, 0.1, 4, 0.05, 0.0), Bin(0.9, 1.0, 40, 0.96, 0.9)],
            compared=placed([Bar(word, 4.2, 3.1, 6.0), Bar("b", -1.0, text=word), Bar("c", None)]),
            levels=dots([Bar(word, -23.0, -26.0, -21.5), Bar("b", -30.25), Bar("c", None)]),
            players=[player(query, speech=speech, data=query_clip.read_bytes()), player(query, with_sound=False)],
        )

    return page
