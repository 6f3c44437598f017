"""The process that watches a server's events: `python -m serving.watch_process`, its settings on the standard input.

It gives way to everything else on the machine. Its standard input stays open as long as the server lives; at its end
it keeps what it knows and ends too, so it never outlives a server, not even one that was killed.
"""

import logging
import os
import signal
import sys
import threading
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

LOWEST_PRIORITY: Final = 19


def main() -> None:
    """Watch until the server goes, or SIGTERM."""
    os.nice(LOWEST_PRIORITY)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a whole terminal: the server says when it ends
    wanted = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_wait_for_end_of_server, args=(stop,), daemon=True).start()
    watch(Settings(**wanted["settings"]), owner=wanted["owner"], stop=stop)


def watch(settings: Settings, *, owner: str, stop: threading.Event) -> None:
    """Watch the store of the settings until `stop` is set."""
    configure(settings.server.log_level)
    store = EventStore.open(settings.store.url)
    alarms = Alarms(AlarmStore.open(settings.store.url), policies_of(settings.monitoring))
    try:
        watch_of(settings.monitoring, store, alarms, owner=owner).run(stop)
    finally:
        alarms.store.close()
        store.close()


def _wait_for_end_of_server(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    main()
