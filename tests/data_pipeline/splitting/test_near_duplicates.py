"""Near fingerprints are found among many, against a comparison of all pairs."""

import numpy as np
from numpy.typing import NDArray

from data_pipeline.splitting.columns import group
from data_pipeline.splitting.fingerprint import BYTES, MAX_DISTANCE
from data_pipeline.splitting.near_duplicates import MAX_BUCKET, near_pairs


def random_fingerprints(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, BYTES), np.uint8)


def flipped(fingerprints: NDArray[np.uint8], bits: int, seed: int = 1) -> NDArray[np.uint8]:
    """Copies that differ in just so many bits."""
    random = np.random.default_rng(seed)
    flips = np.zeros((len(fingerprints), BYTES * 8), np.uint8)
    for row in flips:
        row[random.choice(BYTES * 8, bits, replace=False)] = 1
    return fingerprints ^ np.packbits(flips, axis=1)


def groups_of(fingerprints: NDArray[np.uint8]) -> NDArray[np.intp]:
    return group(len(fingerprints), [], near_pairs(fingerprints))


def test_hardly_a_copy_at_the_limit_is_missed_among_thousands() -> None:
    clips = random_fingerprints(3000)
    groups = groups_of(np.concatenate([clips, flipped(clips, MAX_DISTANCE)]))
    found = groups[:3000] == groups[3000:]
    assert found.mean() > 0.98
    assert len(np.unique(groups[:3000])) == 3000


def test_none_beyond_the_limit_is_paired() -> None:
    clips = random_fingerprints(1000)
    both = np.concatenate([clips, flipped(clips, MAX_DISTANCE + 1)])
    assert sum(map(len, near_pairs(both))) == 0


def test_every_pair_is_near() -> None:
    clips = random_fingerprints(200)
    both = np.concatenate([clips, flipped(clips, 30), clips])
    words = both.view(np.uint64)
    pairs = np.concatenate(list(near_pairs(both)))
    assert len(pairs)
    assert (np.bitwise_count(words[pairs[:, 0]] ^ words[pairs[:, 1]]).sum(axis=1) <= MAX_DISTANCE).all()


def test_many_equal_ones_are_one_group_in_little_time() -> None:
    """The same recording 100,000 times would be 5 billion pairs."""
    same = np.repeat(random_fingerprints(2), 50_000, axis=0)
    assert sum(map(len, near_pairs(same))) < 100_000
    assert len(np.unique(groups_of(same))) == 2


def test_a_bucket_that_holds_everything_takes_no_square_of_time() -> None:
    alike = flipped(np.repeat(random_fingerprints(1), 2 * MAX_BUCKET, axis=0), 10)
    assert len(np.unique(groups_of(alike))) == 1


def test_nothing_and_one() -> None:
    for count in (0, 1):
        assert sum(map(len, near_pairs(random_fingerprints(count)))) == 0
