"""Alarm stores of each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.alarms.store import AlarmStore


@pytest.fixture
def alarm_store(address: str) -> Iterator[AlarmStore]:
    """An empty store in each kind of database."""
    store = AlarmStore.open(address)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[AlarmStore]:
    """An empty store in a file."""
    store = AlarmStore.open(f"sqlite:///{tmp_path}/alarms.db")
    yield store
    store.close()
