import random
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.recent_ids import Generation, RecentIds, keys_of

words = st.text(st.characters(codec="utf-8"), max_size=3)


@settings(deadline=None)
@given(st.lists(st.lists(words, max_size=30), max_size=8))
def test_exactly_the_first_of_each_is_new(batches: list[list[str]]) -> None:
    recent, seen = RecentIds(), set()
    for batch in batches:
        new = recent.take(keys_of(batch))
        for word, is_new in zip(batch, new, strict=True):
            assert is_new == (word not in seen)
            seen.add(word)


def test_many_keys_that_want_the_same_slot_are_all_kept() -> None:
    keys = np.arange(1, 50_001, dtype=np.uint64)  # their leading bits, which choose the slot, are all zero
    some = Generation()
    for start in range(0, 2_000, 100):
        some.add(keys[start : start + 100])
    assert some.count == 2_000
    assert some.has(keys[:4_000]).tolist() == [True] * 2_000 + [False] * 2_000


def test_a_large_set_keeps_all_and_no_other() -> None:
    rng = random.Random(5)
    held = keys_of(str(rng.random()) for _ in range(100_000))
    other = keys_of(str(rng.random()) for _ in range(100_000))
    some = Generation()
    for start in range(0, len(held), 1_000):
        some.add(held[start : start + 1_000])
    assert some.count == 100_000
    assert some.has(held).all()
    assert not some.has(other).any()
    assert set(some.keys.tolist()) == set(held.tolist())


def test_only_two_generations_are_remembered() -> None:
    recent = RecentIds()
    keys = keys_of(["a"])
    recent.take(keys)
    assert recent.turn() == 0
    assert not recent.take(keys)[0]
    assert recent.turn() == 1
    assert recent.take(keys)[0]


def test_keys_are_the_same_in_every_process() -> None:
    program = "from monitoring.recent_ids import keys_of; print(*keys_of(['a', 'füße', '\\ud800', '']))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.split() == [str(key) for key in keys_of(["a", "füße", "\ud800", ""])]
