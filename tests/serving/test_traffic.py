"""Who answers whom: sticky, growing, fair, and the same on every replica."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serving.traffic import Routing, assigned, is_shadowed, place

texts = st.text(max_size=30)
shares = st.floats(0, 1)
USERS = [f"user-{number}" for number in range(20_000)]


def routing(share: float, salt: str = "salt", shadow_share: float = 0.0) -> Routing:
    return Routing(champion="old", candidate="new", share=share, salt=salt, shadow_share=shadow_share)


@given(unit=st.text(st.characters(), max_size=30), salt=texts)
def test_any_text_has_a_place(unit: str, salt: str) -> None:
    assert 0 <= place(unit, salt) < 1


@given(unit=texts, salt=texts, share=shares, more=shares)
def test_who_is_in_a_smaller_share_is_in_a_larger_one(unit: str, salt: str, share: float, more: float) -> None:
    low, high = sorted((share, more))
    if assigned(routing(low, salt), unit) == "new":
        assert assigned(routing(high, salt), unit) == "new"


@given(unit=texts)
def test_none_and_all(unit: str) -> None:
    assert assigned(routing(0.0), unit) == "old"
    assert assigned(routing(1.0), unit) == "new"
    assert assigned(Routing(champion="old", share=1.0), unit) == "old"


def test_a_tester_gets_what_was_asked_for() -> None:
    assert assigned(routing(0.0), "user", wanted="new") == "new"


def test_the_share_is_kept_and_another_rollout_draws_others() -> None:
    for share in (0.05, 0.5):
        chosen = np.array([assigned(routing(share), user) == "new" for user in USERS])
        error = np.sqrt(share * (1 - share) / len(USERS))
        assert abs(chosen.mean() - share) < 4 * error
        others = np.array([assigned(routing(share, salt="other"), user) == "new" for user in USERS])
        both = (chosen & others).mean()
        assert abs(both - share**2) < 4 * np.sqrt(share**2 / len(USERS))


def test_another_process_finds_the_same_places() -> None:
    program = "from serving.traffic import place; print(repr([place(f'user-{n}', 'salt') for n in range(20)]))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == repr([place(f"user-{number}", "salt") for number in range(20)])


def test_the_shadow_takes_queries_and_its_share_has_nothing_to_do_with_that_of_users() -> None:
    both = [
        (assigned(routing(0.5), unit) == "new", is_shadowed(routing(0.0, shadow_share=0.5), unit)) for unit in USERS
    ]
    assert abs(np.corrcoef(np.array(both, dtype=float).T)[0, 1]) < 0.03
    assert not any(is_shadowed(routing(0.5), unit) for unit in USERS[:100])
