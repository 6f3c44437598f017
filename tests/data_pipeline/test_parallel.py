"""Work in processes: order, laziness, errors, killed workers."""

import os
import signal
from collections.abc import Iterator
from itertools import count, islice

import pytest

from data_pipeline.errors import WorkerDied
from data_pipeline.parallel import AHEAD, CHUNK, ordered


def square(number: int) -> int:
    return number * number


def refuse_seven(number: int) -> int:
    if number == 7:
        raise ValueError("seven")
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(ordered(square, range(100), workers=workers)) == [n * n for n in range(100)]
    assert list(ordered(square, [], workers=workers)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_endless_items_are_taken_as_they_are_needed(workers: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    assert list(islice(ordered(square, items(), workers=workers), 3)) == [0, 1, 4]
    assert len(taken) <= (workers * AHEAD + 1) * CHUNK


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_work(workers: int) -> None:
    results = ordered(refuse_seven, range(100), workers=workers)
    with pytest.raises(ValueError, match="seven"):
        list(results)


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(WorkerDied, match="memory"):
        list(ordered(die, range(3), workers=2))
