"""Stores of keys and actions, in each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.state.store import StateStore
from tests.monitoring.conftest import address, nowhere, postgres

__all__ = ["address", "nowhere", "postgres"]


@pytest.fixture
def state(address: str) -> Iterator[StateStore]:
    """An empty state in each kind of database."""
    state = StateStore.open(address)
    yield state
    state.close()


@pytest.fixture
def sqlite_state(tmp_path: Path) -> Iterator[StateStore]:
    """An empty state in a file."""
    state = StateStore.open(f"sqlite:///{tmp_path}/state.db")
    yield state
    state.close()
