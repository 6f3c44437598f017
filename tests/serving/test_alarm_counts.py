"""Open alarms are counted beside the event loop, and a store that is away breaks nothing."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping

import pytest

from monitoring.errors import StoreUnavailable
from serving.alarm_counts import AlarmCounts


class Store:
    """Answers in turn; an exception is raised."""

    def __init__(self, *answers: Mapping[str, int] | Exception) -> None:
        self.answers = list(answers)
        self.threads = set[int]()

    def read(self) -> Mapping[str, int]:
        self.threads.add(threading.get_ident())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def counted(store: Store, until: int) -> list[Mapping[str, int]]:
    seen: list[Mapping[str, int]] = []

    async def run() -> None:
        async with AlarmCounts(store.read, seen.append, interval_s=0.001).counting():
            end = time.monotonic() + 10
            while len(seen) < until:
                assert time.monotonic() < end
                await asyncio.sleep(0.001)

    asyncio.run(run())
    return seen


def test_every_severity_has_a_count_from_the_start() -> None:
    store = Store({"critical": 2})
    zero = {"info": 0, "warning": 0, "critical": 0}
    assert counted(store, until=2)[:2] == [zero, zero | {"critical": 2}]
    assert threading.get_ident() not in store.threads


def test_a_store_that_is_away_is_said_once_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    away = StoreUnavailable("the store is away")
    with caplog.at_level(logging.WARNING):
        seen = counted(Store({"info": 1}, away, away, away, {"info": 2}), until=3)
    assert [counts["info"] for counts in seen[:3]] == [0, 1, 2]
    assert len(caplog.records) == 1
