"""The rate of a key."""

import random

import pytest

from serving.keys.token_bucket import TokenBucket


def test_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(per_s=10.0, burst=5)
    assert [bucket.take(100.0) for _ in range(6)] == [0.0] * 5 + [0.1]
    assert bucket.take(100.05) == pytest.approx(0.05)
    assert bucket.take(100.2) == 0.0
    assert [bucket.take(1000.0) for _ in range(6)] == [0.0] * 5 + [0.1]


def test_in_the_long_run_it_is_the_rate_however_one_asks() -> None:
    rng = random.Random(3)
    bucket, now_s, taken = TokenBucket(per_s=7.0, burst=3), 0.0, 0
    while now_s < 1000:
        now_s += rng.expovariate(30.0)
        taken += not bucket.take(now_s)
    assert 7000 - 70 <= taken <= 7000 + 3


def test_who_waits_as_long_as_told_is_let_through() -> None:
    bucket, now_s = TokenBucket(per_s=0.3, burst=1), 5.0
    for _ in range(100):
        while wait_s := bucket.take(now_s):
            assert wait_s <= 1 / 0.3
            now_s += wait_s + 1e-9
    assert now_s == pytest.approx(5 + 99 / 0.3, rel=1e-6)
