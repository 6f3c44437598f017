from dataclasses import FrozenInstanceError

import pytest

from monitoring.signals.signal import Worse, field
from tests.monitoring.watching import FAILED, SIZE, event


def test_a_field_is_read_as_the_event_carries_it() -> None:
    read = field("size_kb")
    assert read(event(size_kb=2.5)) == 2.5
    assert read(event(size_kb=None)) is None
    assert read(event()) is None


def test_a_signal_is_of_all_kinds_and_worse_either_way_unless_it_is_said() -> None:
    assert SIZE.kinds == frozenset()
    assert SIZE.worse is Worse.EITHER
    assert not SIZE.is_rate


def test_a_signal_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        FAILED.name = "other"  # type: ignore[misc]
