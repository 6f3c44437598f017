from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.convention import SCORING, SEARCH, VERBATIM
from asr.metrics import AlignedWord, Edits, Interval, bootstrap_interval, group_totals, word_errors
from tests.conftest import Recording

TEXTS = st.lists(st.text("ab c", max_size=8), max_size=6)


def test_counts_of_a_known_alignment() -> None:
    counts = word_errors(["the cat sat on the mat"], ["the cat sit on mat"], VERBATIM)
    assert counts.words == Edits(hits=4, substitutions=1, deletions=1)
    assert counts.wer == pytest.approx(2 / 6)
    assert counts.exact_ratio == 0
    assert counts.convention == "verbatim@1"


def test_the_alignment_says_which_word_became_which() -> None:
    (errors,) = word_errors(["the cat sat on the mat"], ["now the cat sit on mat"], VERBATIM).utterances
    wrong = [step for step in errors.alignment if not step.is_right]
    assert wrong == [AlignedWord(None, "now"), AlignedWord("sat", "sit"), AlignedWord("the", None)]


def test_characters_count_spaces() -> None:
    counts = word_errors(["ab c"], ["abc"], VERBATIM)
    assert counts.characters == Edits(hits=3, deletions=1)
    assert counts.cer == 0.25


def test_rates_are_pooled_and_not_means_of_rates() -> None:
    assert word_errors(["a", "a b c"], ["x", "a b c"], VERBATIM).wer == 0.25


def test_writing_is_no_error_under_scoring() -> None:
    references, hypotheses = ["Um, it's twenty-five dollars."], ["it is $25"]
    assert word_errors(references, hypotheses).wer == 0
    assert word_errors(references, hypotheses).convention == SCORING.id
    verbatim = word_errors(references, hypotheses, VERBATIM).wer
    assert verbatim is not None
    assert verbatim > 0


@pytest.mark.parametrize(("references", "hypotheses"), [([], []), ([""], [""]), ([""], ["you"]), (["Um."], ["you"])])
def test_a_rate_over_nothing_is_undefined(references: list[str], hypotheses: list[str]) -> None:
    counts = word_errors(references, hypotheses)
    assert counts.wer is None
    assert counts.cer is None


def test_words_where_nothing_was_said_are_insertions() -> None:
    counts = word_errors(["", "one word"], ["you", "one word"])
    assert counts.utterances[0].words == Edits(insertions=1)
    assert counts.wer == 0.5


def test_an_empty_hypothesis_deletes_all() -> None:
    assert word_errors(["play some music"], [""]).words == Edits(deletions=3)


def test_unequal_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="2 references, but 1 hypotheses"):
        word_errors(["a", "b"], ["a"])


def test_hostile_texts_are_counted() -> None:
    counts = word_errors(["a \ud800 b"], ["a \x00 👨‍👩‍👧 b"], VERBATIM)
    assert counts.words.hits == 2


@given(TEXTS)
def test_counts_add_up(references: list[str]) -> None:
    hypotheses = references[1:] + references[:1]
    counts = word_errors(references, hypotheses, VERBATIM)
    for reference, hypothesis, errors in zip(references, hypotheses, counts.utterances, strict=True):
        assert errors.words.reference_length == len(reference.split())
        assert errors.words.hits + errors.words.substitutions + errors.words.insertions == len(hypothesis.split())
        assert errors.words.hits <= len(reference.split())
        assert [step.said for step in errors.alignment if step.said is not None] == reference.split()
        assert [step.heard for step in errors.alignment if step.heard is not None] == hypothesis.split()
        assert sum(not step.is_right for step in errors.alignment) == errors.words.errors
    assert counts.words == sum((errors.words for errors in counts.utterances), Edits())


def test_a_real_reference_has_no_error_against_itself(speech: Sequence[Recording]) -> None:
    texts = [recording.text for recording in speech]
    for writing in (VERBATIM, SEARCH, SCORING):
        counts = word_errors(texts, [text.upper() if writing is not VERBATIM else text for text in texts], writing)
        assert (counts.wer, counts.cer, counts.exact_ratio) == (0, 0, 1)
        assert counts.words.hits > 200


@pytest.mark.data
def test_leaving_words_out_of_real_queries_gives_exactly_their_share(data_folder: Path) -> None:
    lines = (data_folder / "queries.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [SEARCH.apply(line.split("\t")[0]) for line in lines]
    counts = word_errors(texts, [" ".join(text.split()[1:]) for text in texts], VERBATIM)
    assert counts.words == Edits(hits=counts.words.reference_length - len(texts), deletions=len(texts))


def simulated(speakers: int, each: int, seed: int) -> tuple[list[Edits], list[int]]:
    """Utterances of ten words; each speaker has a word error rate of their own, 0.2 in the mean."""
    generator = np.random.default_rng(seed)
    rates = generator.beta(2, 8, size=speakers)
    errors = [int(generator.binomial(10, rate)) for rate in rates for _ in range(each)]
    edits = [Edits(hits=10 - wrong, substitutions=wrong) for wrong in errors]
    return edits, [speaker for speaker in range(speakers) for _ in range(each)]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        edits, speakers = simulated(speakers=40, each=5, seed=seed)
        interval = bootstrap_interval(edits, groups=speakers, resamples=300)
        assert interval is not None
        covered += interval.low <= 0.2 <= interval.high
    assert 0.88 <= covered / 200 <= 0.99


@pytest.mark.parametrize(("level", "deviations"), [(0.95, 1.960), (0.5, 0.674)])
def test_the_width_is_that_of_the_normal_law_where_utterances_are_many(level: float, deviations: float) -> None:
    edits, _ = simulated(speakers=500, each=1, seed=2)
    interval = bootstrap_interval(edits, resamples=4000, level=level)
    assert interval is not None
    standard_error = float(np.std([edit.errors / 10 for edit in edits])) / 500**0.5
    assert interval.high - interval.low == pytest.approx(2 * deviations * standard_error, rel=0.07)


def test_many_groups_are_drawn_piece_by_piece_as_one_by_one() -> None:
    edits, _ = simulated(speakers=1500, each=1, seed=3)
    errors, generator = np.array([edit.errors for edit in edits]), np.random.default_rng(0)
    rates = [errors[generator.integers(1500, size=1500)].sum() / 15_000 for _ in range(1000)]
    interval = bootstrap_interval(edits)
    assert interval is not None
    assert [interval.low, interval.high] == pytest.approx(np.quantile(rates, [0.025, 0.975]))


def test_totals_of_groups_add_up_in_the_order_of_the_groups() -> None:
    totals = group_totals([(1, 10), (2, 20), (4, 40)], ["b", "a", "b"])
    assert totals.tolist() == [[5, 50], [2, 20]]
    assert group_totals([], []).shape == (0, 2)


def test_drawing_speakers_is_wider_than_drawing_utterances() -> None:
    edits, speakers = simulated(speakers=20, each=30, seed=1)
    by_speaker, by_utterance = bootstrap_interval(edits, groups=speakers), bootstrap_interval(edits)
    assert by_speaker is not None
    assert by_utterance is not None
    assert by_speaker.high - by_speaker.low > 1.5 * (by_utterance.high - by_utterance.low)


def test_the_interval_holds_the_pooled_rate_and_repeats_itself() -> None:
    edits, _ = simulated(speakers=30, each=3, seed=7)
    pooled = sum(edits, Edits()).rate
    interval = bootstrap_interval(edits, seed=3)
    assert interval is not None
    assert pooled is not None
    assert interval.low < pooled < interval.high
    assert bootstrap_interval(edits, seed=3) == interval
    assert bootstrap_interval(edits, seed=4) != interval


def test_without_variation_the_interval_is_a_point() -> None:
    assert bootstrap_interval([Edits(hits=9, deletions=1)] * 10) == Interval(0.1, 0.1, 0.95)


@pytest.mark.parametrize("edits", [[], [Edits(hits=5)], [Edits(insertions=1)] * 5])
def test_an_undefined_interval_is_none(edits: list[Edits]) -> None:
    assert bootstrap_interval(edits) is None


def test_one_speaker_gives_no_interval_over_speakers() -> None:
    assert bootstrap_interval([Edits(hits=5)] * 9, groups=["ann"] * 9) is None


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="1 groups for 2 utterances"):
        bootstrap_interval([Edits(), Edits()], groups=["ann"])
    for resamples, level in ((0, 0.95), (100, 1.0), (100, 0.0), (100, float("nan"))):
        with pytest.raises(ValueError, match="must be at least 1"):
            bootstrap_interval([Edits(hits=1)] * 3, resamples=resamples, level=level)
