from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from monitoring.columns import Columns
from monitoring.histogram import Histogram
from monitoring.relation import LEARN_FROM, SUFFIX, Relation
from monitoring.signals.signal import Worse
from tests.monitoring.watching import FAILED, SIZE

CUT = replace(FAILED, name="cut")
TRUST = replace(SIZE, name="trust", worse=Worse.LOWER)
SIGNALS = (CUT, FAILED, TRUST)
HISTOGRAM = Histogram(SIGNALS)


def batch(n: int, *, cut: float, worse: float = 0.0, seed: int = 0) -> Columns:
    """Of cut inputs 30 % fail, of others 5 %; trust is one less in cut inputs."""
    rng = default_rng(seed)
    is_cut = rng.random(n) < cut
    failed = rng.random(n) < np.where(is_cut, 0.3, 0.05) + worse
    trust = rng.normal(2.0 - is_cut - 4 * worse, 0.1, n)
    return Columns(
        at=np.arange(n, dtype=np.float64),
        values=np.stack([is_cut, failed, trust], axis=1).astype(np.float64),
        request_ids=tuple(f"{seed}-{i}" for i in range(n)),
        slices=({},) * n,
    )


@pytest.fixture
def relation() -> Relation:
    taught = Relation(SIGNALS, ["cut"], ["failed", "trust"])
    for seed in range(20):
        taught.extend(batch(1_000, cut=0.1, seed=seed), HISTOGRAM)
    return taught


def means(relation: Relation, columns: Columns) -> tuple[float, float]:
    return tuple(np.nanmean(relation.extend(columns, HISTOGRAM).values[:, -2:], axis=0).tolist())


def test_it_adds_a_signal_for_each_outcome(relation: Relation) -> None:
    failed, trust = relation.residuals
    assert (failed.name, trust.name) == ("failed" + SUFFIX, "trust" + SUFFIX)
    assert (failed.is_rate, trust.is_rate) == (True, False)
    assert relation.extend(batch(10, cut=0.5), HISTOGRAM).values.shape == (10, 5)


@pytest.mark.parametrize("cut", [0.1, 0.0, 0.5, 1.0])
def test_outcomes_at_equal_inputs_stay_where_only_inputs_move(relation: Relation, cut: float) -> None:
    failed, trust = means(relation, batch(20_000, cut=cut, seed=99))
    assert failed == pytest.approx(0.075, abs=0.012)
    assert trust == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("cut", [0.1, 0.0, 0.5])
def test_they_move_where_the_relation_does(relation: Relation, cut: float) -> None:
    failed, trust = means(relation, batch(20_000, cut=cut, worse=0.1, seed=99))
    assert failed > 0.075 + 0.04
    assert trust == pytest.approx(-0.4, abs=0.02)


def test_a_thinned_yes_or_no_is_one_or_the_other(relation: Relation) -> None:
    found = relation.extend(batch(5_000, cut=0.5, seed=99), HISTOGRAM).values[:, 3]
    assert set(found.tolist()) == {0.0, 1.0}


def test_nothing_is_said_while_it_learns() -> None:
    relation = Relation(SIGNALS, ["cut"], ["failed"])
    assert np.isnan(relation.extend(batch(LEARN_FROM, cut=0.1), HISTOGRAM).values[:, 3]).all()
    assert not np.isnan(relation.extend(batch(100, cut=0.1), HISTOGRAM).values[:, 3]).all()


def test_of_inputs_that_were_hardly_seen_nothing_is_said() -> None:
    relation = Relation(SIGNALS, ["cut"], ["failed"])
    relation.extend(batch(LEARN_FROM, cut=0.002), HISTOGRAM)
    assert np.isnan(relation.extend(batch(100, cut=1.0), HISTOGRAM).values[:, 3]).all()


def test_an_outcome_that_comes_later_is_joined_with_the_inputs_of_its_request(relation: Relation) -> None:
    asked = batch(1_000, cut=1.0, seed=50)
    asked.values[:, 1:] = np.nan
    relation.extend(asked, HISTOGRAM)
    later = replace(asked, values=np.full((1_000, 3), np.nan))
    later.values[:, 2] = 1.0
    found = relation.extend(later, HISTOGRAM).values[:, 4]
    assert found == pytest.approx(np.zeros(1_000), abs=0.05)
    strangers = replace(later, request_ids=tuple(f"x{i}" for i in range(1_000)))
    assert np.isnan(relation.extend(strangers, HISTOGRAM).values[:, 3:]).all()


def test_without_inputs_or_outcomes_batches_stay_as_they_are() -> None:
    for inputs, outcomes in (([], ["failed"]), (["cut"], []), (["unknown"], ["failed"])):
        relation = Relation(SIGNALS, inputs, outcomes)
        columns = batch(10, cut=0.1)
        assert relation.residuals == ()
        assert relation.extend(columns, HISTOGRAM) is columns


def test_an_outcome_that_never_or_always_happens_gives_finite_values() -> None:
    for value in (0.0, 1.0):
        relation = Relation(SIGNALS, ["cut"], ["failed"])
        columns = batch(LEARN_FROM, cut=0.5)
        columns.values[:, 1] = value
        relation.extend(columns, HISTOGRAM)
        assert set(relation.extend(columns, HISTOGRAM).values[:, 3].tolist()) == {value}
