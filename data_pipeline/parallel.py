"""Work over many items in processes: results come in the order of the items, and few are held at a time.

Knows nothing of the work. Processes, not threads: decoding and level measurement hold the interpreter lock.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from data_pipeline.errors import WorkerDied

T = TypeVar("T")
R = TypeVar("R")

CHUNK: Final = 8
"""Items that a process gets at once."""
AHEAD: Final = 4
"""Chunks in flight for each process."""


def ordered(work: Callable[[T], R], items: Iterable[T], *, workers: int | None = None) -> Iterator[R]:
    """`work` of each item, in order; `workers` is the cores that this process may use unless given, 1 stays in it.

    `work`, items and results must pickle. What `work` raises is raised here, and ends the work; so does leaving the
    iteration. Raises WorkerDied where a process was killed, say for lack of memory.
    """
    count = workers or len(os.sched_getaffinity(0))
    if count == 1:
        yield from map(work, items)
        return
    left = iter(items)
    chunks: Iterator[list[T]] = iter(lambda: list(islice(left, CHUNK)), [])
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_the_parent)
    pending: deque[Future[list[R]]] = deque()
    try:
        for chunk in chunks:
            with _interrupts_blocked():
                pending.append(pool.submit(partial(_each, work), chunk))
            if len(pending) > count * AHEAD:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool:
        raise WorkerDied("a worker process was killed, likely for lack of memory") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _each(work: Callable[[T], R], chunk: Sequence[T]) -> list[R]:
    return [work(item) for item in chunk]


def _end_with_the_parent() -> None:
    """A worker waits for work for ever, also of a parent that was killed."""
    threading.Thread(target=_await_the_parent, daemon=True).start()


def _await_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes that are started here never see Ctrl-C, which is the parent's to handle; it sees it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
