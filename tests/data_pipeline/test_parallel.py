"""Work in processes: order, laziness, errors, killed workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

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


def report_and_wait(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "from tests.data_pipeline.test_parallel import *; list(ordered(report_and_wait, [sys.argv[1]] * 20, workers=2))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2])
    give_up = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < give_up:
        time.sleep(0.05)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    while any(map(is_alive, workers)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
