"""Ctrl-C between two recordings: an exception that came in the middle of one could hit a callback of libsndfile, which
would lose it, and the work would go on."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_held(on_asked: Callable[[], None] = lambda: None) -> Iterator[Callable[[], None]]:
    """Gives what is to be called where an interrupt may come: it raises KeyboardInterrupt if one has.

    `on_asked` is called at once, from the signal's handler. A second interrupt comes at once. Only for the main thread.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        on_asked()

    def let_in() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield let_in
    finally:
        signal.signal(signal.SIGINT, before)
