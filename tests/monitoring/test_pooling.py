import numpy as np
import pytest
from numpy.random import Generator, default_rng

from monitoring.histogram import Histogram
from monitoring.pooling import LEAST_PRIOR, MOST_PRIOR, Pooled, parents_of, pooled, prior_weight
from monitoring.scores import scores_of
from monitoring.slices import SliceTable
from monitoring.tally import tally
from tests.monitoring.watching import FAILED, Array

HISTOGRAM = Histogram([FAILED])


def learnt(
    table: SliceTable, shares: dict[tuple[str, str], float], each: dict[tuple[str, str], int], rng: Generator
) -> Pooled:
    """What to expect after so many events of every device and version, of which these shares failed."""
    events = [key for key, count in each.items() for _ in range(count)]
    failed = rng.random(len(events)) < [shares[key] for key in events]
    codes, _ = table.codes([{"device": device, "version": version} for device, version in events])
    part = tally(0.0, failed.astype(float)[:, None], codes, HISTOGRAM)
    counts, sums = np.zeros((len(table), 2)), np.zeros((len(table), 1))
    counts[part.codes], sums[part.codes] = part.counts, part.sums
    return pooled(counts, sums, table, HISTOGRAM, scores_of(counts[0], HISTOGRAM))


def devices(shares: Array, n: int, small: int) -> tuple[SliceTable, Pooled]:
    """Devices with `n` events each, but the last one with `small`."""
    names = [(f"d{i}", "1") for i in range(len(shares))]
    each = dict.fromkeys(names, n) | {names[-1]: small}
    table = SliceTable([(), ("device",)])
    return table, learnt(table, dict(zip(names, shares.tolist(), strict=True)), each, default_rng(1))


def test_a_small_slice_of_many_alike_is_expected_to_be_like_them() -> None:
    table, found = devices(np.full(40, 0.05), n=2_000, small=10)
    small = table.code_of((("device", "d39"),))
    assert found.shares[small, 1] == pytest.approx(0.05, abs=0.005)
    assert found.weight[small, 0] > 500
    assert found.own[small, 0] == 10


def test_a_small_slice_of_many_that_differ_is_left_open() -> None:
    table, found = devices(np.linspace(0.05, 0.9, 40), n=2_000, small=10)
    small = table.code_of((("device", "d39"),))
    assert found.weight[small, 0] <= 10 + 2 * LEAST_PRIOR


def test_a_large_slice_is_expected_to_be_as_it_was_itself() -> None:
    table, found = devices(np.linspace(0.05, 0.9, 40), n=2_000, small=2_000)
    for i, share in enumerate(np.linspace(0.05, 0.9, 40).tolist()):
        code = table.code_of((("device", f"d{i}"),))
        assert found.shares[code, 1] == pytest.approx(share, abs=0.04)
        assert found.means[code, 0] == pytest.approx(found.shares[code, 1], abs=0.01)


@pytest.mark.parametrize("between", [0.02, 0.05, 0.1])
def test_the_weight_of_a_parent_is_that_of_the_beta_that_shares_were_drawn_from(between: float) -> None:
    """Shares of a Beta with mean m and deviation s: m (1 - m) / s^2 events, within half of it either way."""
    rng, mean, n = default_rng(2), 0.3, 500.0
    size = mean * (1 - mean) / between**2 - 1
    shares = rng.beta(mean * size, (1 - mean) * size, 400)
    here = (rng.binomial(int(n), shares) / n)[:, None]
    found = prior_weight(here, np.full_like(here, mean), np.full_like(here, n), np.array([mean * (1 - mean)]))
    assert found.max() == pytest.approx(mean * (1 - mean) / between**2, rel=0.5)


def test_a_slice_that_is_unlike_the_others_leans_less_than_they_do() -> None:
    here = np.full((50, 1), 0.1)
    here[7] = 0.2
    found = prior_weight(here, np.full_like(here, 0.1), np.full_like(here, 1_000.0), np.array([0.09]))
    assert found[7, 0] < 0.2 * np.delete(found, 7).min()


def test_weights_are_bounded_whatever_is_known() -> None:
    for n, variance in [(0.0, 0.25), (0.0, 0.0), (1e9, 0.0), (1e9, 0.25), (1.0, 1e-12)]:
        here, there = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
        found = prior_weight(here, there, np.full((2, 1), n), np.array([variance]))
        assert ((found >= LEAST_PRIOR) & (found <= MOST_PRIOR)).all()


def test_a_pair_of_fields_leans_on_its_first_field() -> None:
    table = SliceTable([(), ("device", "version"), ("device",), ("version",)])
    keys = [(f"d{i}", f"{v}") for i in range(10) for v in range(4)]
    shares = {key: 0.05 if key[0] != "d9" else 0.6 for key in keys}
    found = learnt(table, shares, dict.fromkeys(keys, 1_000) | {("d9", "3"): 20}, default_rng(3))
    pair = table.code_of((("device", "d9"), ("version", "3")))
    assert parents_of(("device", "version"), np.array([pair]), table).tolist() == [table.code_of((("device", "d9"),))]
    assert parents_of(("device",), np.array([pair]), table).tolist() == [0]
    assert found.shares[pair, 1] == pytest.approx(0.6, abs=0.06)


def test_a_pair_whose_first_field_has_no_slice_leans_on_everything() -> None:
    table = SliceTable([(), ("device", "version")])
    table.codes([{"device": "p", "version": "1"}])
    assert parents_of(("device", "version"), np.array([1]), table).tolist() == [0]


def test_a_slice_that_was_never_learnt_from_is_expected_to_be_as_everything() -> None:
    table = SliceTable([(), ("device",)])
    found = learnt(table, {("p", "1"): 0.1}, {("p", "1"): 5_000}, default_rng(4))
    table.codes([{"device": "new"}])
    counts, sums = np.zeros((3, 2)), np.zeros((3, 1))
    counts[:2], sums[:2] = [[4_500, 500]] * 2, 500
    found = pooled(counts, sums, table, HISTOGRAM, scores_of(counts[0], HISTOGRAM))
    np.testing.assert_allclose(found.shares[2], found.shares[0])
    assert found.means[2, 0] == pytest.approx(0.1)
    assert found.own[2, 0] == 0
    assert 0 < found.weight[2, 0] <= found.weight[0, 0]


def test_where_nothing_is_known_shares_are_even_and_means_unknown() -> None:
    table = SliceTable([(), ("device",)])
    table.codes([{"device": "p"}])
    counts = np.zeros((2, 2))
    found = pooled(counts, np.zeros((2, 1)), table, HISTOGRAM, scores_of(counts[0], HISTOGRAM))
    assert found.shares.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert np.isnan(found.means).all()
    assert found.weight[0, 0] == 0


def test_shares_always_add_up_to_one_and_are_never_zero() -> None:
    table, found = devices(np.array([0.0, 0.0, 1.0, 0.5, 0.0]), n=100, small=1)
    assert len(table) == len(found.shares)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    assert (found.shares > 0).all()
