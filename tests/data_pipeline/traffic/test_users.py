import numpy as np
import pytest

from data_pipeline.traffic.users import DEFAULT_USERS, Heard, Reaction, UserModel, delays_s, react


def test_reactions_have_the_stated_shares() -> None:
    rng = np.random.default_rng(0)
    for heard, shares in ((Heard.RIGHT, DEFAULT_USERS.right), (Heard.NOTHING, DEFAULT_USERS.nothing)):
        found = react(np.full(20_000, heard, np.int8), DEFAULT_USERS, rng)
        assert np.bincount(found, minlength=len(Reaction)) / 20_000 == pytest.approx(shares, abs=0.015)


def test_times_have_the_stated_medians() -> None:
    found = delays_s(np.full(20_000, Reaction.REDO, np.int8), DEFAULT_USERS, np.random.default_rng(0))
    assert np.median(found) == pytest.approx(DEFAULT_USERS.redo_after_s, rel=0.05)
    assert found.min() > 0


def test_shares_that_are_no_probabilities_are_refused() -> None:
    for shares in ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5, 0.5), (2.0, -1.0, 0.0, 0.0)):
        with pytest.raises(ValueError, match="are no probabilities"):
            UserModel(wrong=shares)
