from collections.abc import Sequence

import numpy as np
import pytest
from numpy.random import default_rng

from monitoring.errors import UnusableState
from monitoring.events import Event
from monitoring.signals.voice import VOICE_SIGNALS
from monitoring.vocabulary import LEARN_FROM, Vocabulary

COMMON = [f"word{i}" for i in range(20_000)]
NOVELTY = next(signal for signal in VOICE_SIGNALS if signal.name == "novelty")


def spoken(queries: Sequence[str | None], *, kind: str = "voice") -> list[Event]:
    return [
        Event(
            event_id=str(i),
            request_id=str(i),
            at=float(i),
            kind=kind,
            slices={"device_model": "p"},
            details={} if query is None else {"query": query},
        )
        for i, query in enumerate(queries)
    ]


def usual(n: int, seed: int) -> list[str]:
    """Queries of four words, used as often as words are (Zipf)."""
    ranks = default_rng(seed).zipf(1.3, (n, 4)) % len(COMMON)
    return [" ".join(COMMON[rank] for rank in row) for row in ranks.tolist()]


def garbled(n: int, seed: int) -> list[str]:
    letters = default_rng(seed).integers(97, 123, (n, 4, 7))
    return [" ".join("".join(map(chr, word)) for word in query) for query in letters.tolist()]


def taught(queries: Sequence[str] | None = None) -> Vocabulary:
    vocabulary = Vocabulary()
    vocabulary.update(spoken(queries or usual(20_000, 1)))
    return vocabulary


def mean(found: Sequence[Event]) -> float:
    return float(np.mean([NOVELTY.read(event) for event in found]))


def test_garbled_words_another_language_and_a_new_topic_are_new() -> None:
    vocabulary = taught()
    quiet = mean(vocabulary.update(spoken(usual(2_000, 2))))
    topic = [f"{query} quantum{i % 300}" for i, query in enumerate(usual(600, 3))]
    assert quiet < 0.12
    assert mean(vocabulary.update(spoken(garbled(500, 4)))) > 0.95
    assert mean(vocabulary.update(spoken(["spiel mir das lied vom tod"] * 15))) > 0.9
    assert mean(vocabulary.update(spoken(topic))) > quiet + 0.1


def test_rare_words_do_not_flood_and_are_as_new_today_as_tomorrow() -> None:
    vocabulary = taught()
    days = [mean(vocabulary.update(spoken(usual(5_000, seed)))) for seed in range(2, 7)]
    assert max(days) < 0.12
    assert max(days) - min(days) < 0.02


def test_what_lasts_is_learnt_slowly_and_a_fault_that_garbles_never() -> None:
    vocabulary = taught()
    weeks = [mean(vocabulary.update(spoken(["neues thema jetzt"] * 200))) for _ in range(2)]
    assert weeks[0] < 0.5 > weeks[1] == 0
    assert mean(vocabulary.update(spoken(garbled(20_000, 5))[-1_000:])) > 0.95


def test_nothing_is_said_while_it_learns_or_where_transcripts_are_not_kept() -> None:
    vocabulary = Vocabulary()
    assert vocabulary.update(spoken(["play jazz"] * LEARN_FROM)) == []
    assert vocabulary.update(spoken([None, "", "  "])) == []
    assert vocabulary.update(spoken(["play jazz"], kind="text")) == []
    (one,) = vocabulary.update(spoken(["Play something"]))
    assert (one.event_id, one.request_id, one.at, one.slices) == ("0/vocabulary", "0", 0.0, {"device_model": "p"})
    assert NOVELTY.read(one) == 0.5


def test_a_million_words_take_no_more_memory_and_push_out_nothing_that_is_said() -> None:
    vocabulary = Vocabulary()
    said = ["play some jazz please"] * 5
    for part in range(10):
        vocabulary.transcripts = 0
        vocabulary.update(spoken([*garbled(1_900, part), *said]))
    assert len(vocabulary.to_bytes()) < 2**20
    vocabulary.transcripts = LEARN_FROM
    assert mean(vocabulary.update(spoken(said))) == 0


@pytest.mark.parametrize("query", ["x" * 1_000_000, "\ud800 lone", "\x00 \u2028 a", "a " * 100_000])
def test_hostile_transcripts_are_words_like_any(query: str) -> None:
    vocabulary = taught(["play jazz"] * LEARN_FROM)
    (one,) = vocabulary.update(spoken([query]))
    assert 0 < float(one.signals["novelty"] or 0) <= 1


def test_it_goes_on_exactly_where_it_was() -> None:
    vocabulary, other = taught(), Vocabulary()
    other.restore(vocabulary.to_bytes())
    for seed in range(3):
        queries = spoken([*usual(300, seed), *garbled(30, seed)])
        assert vocabulary.update(queries) == other.update(queries)


@pytest.mark.parametrize("data", [b"", b"\n", b"5\n", b"5\nbroken", b"[]\n", b"null\nx", taught(["a"]).to_bytes()[:-3]])
def test_broken_states_are_refused(data: bytes) -> None:
    with pytest.raises(UnusableState, match="vocabulary"):
        Vocabulary().restore(data)
