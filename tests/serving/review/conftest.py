"""Review queues in each kind of database."""

from collections.abc import Iterator

import pytest

from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.monitoring.conftest import address, postgres
from tests.serving.review.making import NOW

__all__ = ["address", "postgres"]


class Clock:
    """Time that tests let pass."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self, connection: object) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(address: str) -> Iterator[StateStore]:
    """An empty state."""
    state = StateStore.open(address)
    yield state
    state.close()


@pytest.fixture
def queue(state: StateStore, clock: Clock) -> ReviewStore:
    """An empty queue whose leases last a minute of the tests' clock."""
    return ReviewStore(state, lease_s=60, clock=clock)
