"""Stores of the state in each kind of database."""

from collections.abc import Iterator

import pytest

from serving.state.store import StateStore
from tests.monitoring.conftest import address, postgres

__all__ = ["address", "postgres", "state"]


@pytest.fixture
def state(address: str) -> Iterator[StateStore]:
    """An empty one."""
    store = StateStore.open(address)
    yield store
    store.close()
