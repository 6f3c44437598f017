"""Which bars the report on a corpus shows."""

from typing import Final

from data_pipeline.corpus.description import MEASURES, Description
from data_pipeline.corpus.vocabulary import Vocabulary
from data_pipeline.pages.charts import Bar, Dots, PlacedBar, dots, placed

SHOWN: Final = 40
"""Slices of one field; the file has them all."""
SHOWN_WORDS: Final = 25
COMPARED: Final = ("loudness_lufs", "snr_db", "lead_silence_s", "trail_silence_s")
"""Measures by which slices are shown side by side."""
MEASURED: Final = MEASURES


def of_slices(slices: dict[str, Description], measure: str) -> list[PlacedBar]:
    """The median of a measure in each slice, with the range of 90 % of its rows."""
    return placed(_medians(slices, measure))


def dots_of_slices(slices: dict[str, Description], measure: str) -> Dots:
    """The same of a measure that has no zero."""
    return dots(_medians(slices, measure))


def _medians(slices: dict[str, Description], measure: str) -> list[Bar]:
    bars = []
    for value, one in list(slices.items())[:SHOWN]:
        spread = one.spreads[measure]
        text = "" if spread.p50 is not None else "–"
        bars.append(Bar(value, spread.p50, spread.p5, spread.p95, text))
    return bars


def of_words(words: dict[str, int]) -> list[PlacedBar]:
    """How often each of the most frequent words occurs."""
    return placed([Bar(word, count, text=f"{count:,}") for word, count in list(words.items())[:SHOWN_WORDS]])


def of_growth(vocabulary: Vocabulary) -> list[PlacedBar]:
    """How many different words there are after so many words."""
    return placed([Bar(f"{tokens:,}", types, text=f"{types:,}") for tokens, types in vocabulary.growth])
