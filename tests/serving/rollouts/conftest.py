"""Replicas over databases of each kind."""

from collections.abc import Callable, Iterator

import pytest

from serving.rollouts.rollouts import Rollouts
from serving.rollouts.store import RolloutStore
from serving.state.store import StateStore
from tests.monitoring.conftest import address, nowhere, postgres
from tests.serving.rollouts.making import CONFIGURED, Clock

__all__ = ["address", "nowhere", "postgres"]

NewReplica = Callable[..., Rollouts]


@pytest.fixture
def replica(address: str) -> Iterator[NewReplica]:
    """Opens the rollouts of one database, as another replica each time."""
    opened: list[StateStore] = []

    def new(clock: Clock | None = None, position: int = 7) -> Rollouts:
        opened.append(StateStore.open(address))
        return Rollouts(RolloutStore(opened[-1]), CONFIGURED, newest_event=lambda: position, clock=clock or Clock())

    yield new
    for state in opened:
        state.close()


@pytest.fixture
def replicas(replica: NewReplica) -> tuple[Rollouts, Rollouts]:
    """Two over one database."""
    return replica(), replica()


@pytest.fixture
def make_away(nowhere: str) -> Iterator[Callable[[], Rollouts]]:
    """Rollouts over a database where nobody answers."""
    state = StateStore.open(nowhere)
    yield lambda: Rollouts(RolloutStore(state), CONFIGURED, newest_event=lambda: 0, clock=Clock())
    state.close()
