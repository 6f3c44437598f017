"""Paired tests against reference values: scipy's exact permutations, Holm's own example, and planted differences."""

import numpy as np
import pytest
from scipy import stats

from asr.metrics import Edits
from data_pipeline.evaluation.paired import Verdict, adjusted, difference, holm, randomization_p
from tests.data_pipeline.evaluation.made import concluded, row, run


def edits(errors: list[int], words: int = 10) -> list[Edits]:
    return [Edits(hits=words - n, substitutions=n) for n in errors]


@pytest.mark.parametrize(
    "moved", [[1.0, 2.0, -1.0, 4.0, 3.0], [3.0, -1.0, -2.0], [1.0] * 8, [5.0, 0.0, 0.0, -4.0, 2.0, 2.0]]
)
def test_few_speakers_get_the_exact_p_value(moved: list[float]) -> None:
    samples = (np.array(moved), np.zeros(len(moved)))
    exact = stats.permutation_test(
        samples, lambda a, b: a.sum() - b.sum(), permutation_type="samples", n_resamples=np.inf
    )
    assert randomization_p(np.array(moved)) == pytest.approx(exact.pvalue)


def test_many_speakers_get_the_p_value_that_a_normal_law_gives_too() -> None:
    moved = np.random.default_rng(5).integers(-3, 4, 400).astype(np.float64)
    z = abs(moved.sum()) / np.sqrt((moved**2).sum())
    assert randomization_p(moved) == pytest.approx(2 * stats.norm.sf(z), abs=0.02)


def test_a_p_value_is_never_zero_and_equal_systems_have_one_of_one() -> None:
    assert randomization_p(np.ones(100)) == pytest.approx(1e-4)
    assert randomization_p(np.zeros(100)) == 1


def test_where_nothing_differs_a_difference_is_claimed_as_rarely_as_it_says() -> None:
    generator = np.random.default_rng(1)
    p_values = [randomization_p(generator.integers(-2, 3, 12).astype(np.float64)) for _ in range(400)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.08


def test_the_interval_is_that_of_the_difference_and_narrower_than_those_of_the_systems() -> None:
    generator = np.random.default_rng(3)
    hard = generator.integers(0, 7, 300)
    better = np.maximum(hard - generator.integers(0, 2, 300), 0)
    found = difference(edits(better.tolist()), edits(hard.tolist()), list(range(300)))
    paired = (better - hard) / 10
    reference = stats.bootstrap(
        (paired,), np.mean, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.wer == pytest.approx(paired.mean())
    assert found.ci95 == pytest.approx((reference.low, reference.high), abs=0.003)
    assert found.verdict is Verdict.BETTER
    assert (found.improved, found.worsened) == (int((paired < 0).sum()), 0)


def test_one_bad_speaker_is_no_proof_however_many_utterances() -> None:
    worse, good = edits([5] * 100 + [1] * 100), edits([1] * 200)
    by_speaker = difference(worse, good, ["ann"] * 100 + ["bob"] * 100)
    assert difference(worse, good, list(range(200))).verdict is Verdict.WORSE
    assert by_speaker.p_value == 1
    assert by_speaker.verdict is Verdict.UNDECIDED
    assert by_speaker.speakers == 2


def test_undefined_is_said_to_be_undefined() -> None:
    none = difference([], [], [])
    assert (none.wer, none.ci95, none.p_value, none.verdict) == (None, None, None, Verdict.UNDECIDED)
    assert difference(edits([1]), edits([0]), ["ann"]).p_value is None


def test_unlike_utterances_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 2 utterances"):
        difference(edits([1]), edits([1, 2]), ["ann"])
    with pytest.raises(ValueError, match="not the same"):
        difference(edits([1], 10), edits([1], 11), ["ann"])


def test_holm_as_in_the_textbook() -> None:
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.9, None, 0.001]) == pytest.approx([0.9, None, 0.002])
    assert holm([0.8, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_slices_are_adjusted_together() -> None:
    one = difference(edits([0] * 7), edits([1] * 7), list(range(7)))
    assert one.p_value == pytest.approx(2 / 128)
    assert one.verdict is Verdict.BETTER
    assert [found.verdict for found in adjusted([one] * 4)] == [Verdict.UNDECIDED] * 4


def test_every_later_system_is_compared_with_the_first_overall_and_by_slice() -> None:
    rows = [row("play some music", n, device="new" if n % 2 else "old", speaker=str(n)) for n in range(40)]
    right = ["play some music"] * 40
    cut = ["some music" if n % 2 == 0 else "play some music" for n in range(40)]
    found = concluded(run("a", rows, right), run("b", rows, cut), run("c", rows, right), slices=["device"])
    first, second = found.comparisons
    assert [(one.system, one.baseline) for one in found.comparisons] == [("b", "a"), ("c", "a")]
    assert first.overall.wer == pytest.approx(1 / 6)
    assert first.slices["device"]["old"].verdict is Verdict.WORSE
    assert first.slices["device"]["new"].verdict is Verdict.UNDECIDED
    assert first.slices["device"]["new"].wer == 0
    assert second.overall.p_value == 1
