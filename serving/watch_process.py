"""The process that watches a server's events: `python -m serving.watch_process`, its settings on the standard input.

It gives way to the server. Its standard input stays open as long as the server lives; at its end
it keeps what it knows and ends too, so it never outlives a server, not even one that was killed. Why it does not get on
goes to the standard output, a JSON line each time that changes: `{"problem": "..."}`, null when it gets on again.
"""

import logging
import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Final

import orjson

from monitoring.alarms.alarms import Alarms
from monitoring.alarms.store import AlarmStore
from monitoring.store import EventStore
from serving.logs import configure
from serving.settings import Settings
from serving.watching import policies_of, watch_of

logger = logging.getLogger("voicesearch.watch")

NICENESS: Final = 10
"""A tenth of the weight of what answers; at 19 it would not get on at all where that takes every core."""
_INPUT: Final = 0
_OUTPUT: Final = 1
_MAX_PROBLEM_CHARS: Final = 1_000


def main() -> None:
    """Watch until the server goes, or SIGTERM."""
    os.nice(NICENESS)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a whole terminal: the server says when it ends
    with open(_INPUT, "rb", buffering=0, closefd=False) as server:
        line = server.readline()
    if not line or stop.is_set():
        return
    wanted = orjson.loads(line)
    threading.Thread(target=_wait_for_end_of_server, args=(stop,), daemon=True).start()
    watch(Settings(**wanted["settings"]), owner=wanted["owner"], stop=stop)


def watch(settings: Settings, *, owner: str, stop: threading.Event) -> None:
    """Watch the store of the settings until `stop` is set."""
    configure(settings.server.log_level, redact=settings.privacy.redact)
    store = EventStore.open(settings.store.url)
    alarms = Alarms(AlarmStore.open(settings.store.url), policies_of(settings.monitoring))
    try:
        watch_of(settings.monitoring, store, alarms, owner=owner, on_problem=_tell_server).run(stop)
    finally:
        alarms.store.close()
        store.close()


def _wait_for_end_of_server(stop: threading.Event) -> None:
    while os.read(_INPUT, 4096):  # unbuffered: at the process's end nothing may hold the lock of a buffer
        pass
    stop.set()


def _tell_server(problem: str | None) -> None:
    line = orjson.dumps({"problem": problem and problem[:_MAX_PROBLEM_CHARS]}, option=orjson.OPT_APPEND_NEWLINE)
    with suppress(OSError):  # the server is gone, and with it the input
        os.write(_OUTPUT, line)


if __name__ == "__main__":
    main()
