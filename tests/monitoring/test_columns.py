import logging
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.columns import LARGEST, ColumnReader
from monitoring.events import Event, SignalValue
from monitoring.signals.signal import Group, Signal, field
from tests.monitoring.watching import FAILED, SIGNALS, event


def reading(read: Callable[[Event], SignalValue], *, kinds: frozenset[str] = frozenset()) -> Signal:
    return Signal(name="odd", about="Odd.", group=Group.INPUT, read=read, kinds=kinds)


def test_each_event_is_a_row_and_each_signal_a_column() -> None:
    columns = ColumnReader(SIGNALS).read([event(1, failed=True, size_kb=2.5), event(2, failed=False), event(3)])
    np.testing.assert_array_equal(columns.values, [[1, 2.5], [0, np.nan], [np.nan, np.nan]])
    assert columns.at.tolist() == [1001, 1002, 1003]
    assert columns.request_ids == ("1", "2", "3")
    assert len(columns) == 3


@given(kinds=st.lists(st.sampled_from("abc"), max_size=12))
def test_a_signal_is_read_from_its_kinds_only_and_rows_stay_whole(kinds: list[str]) -> None:
    signals = [
        Signal(name=f"x_{of}", about="X.", group=Group.INPUT, read=field("x"), kinds=frozenset(of))
        for of in ("a", "bc", "")
    ]
    events = [event(i, kind=kind, slices={"kind": kind}, x=float(i)) for i, kind in enumerate(kinds)]
    columns = ColumnReader(signals).read(events)
    assert [fields["kind"] for fields in columns.slices] == sorted(kinds)
    for row, request_id, fields in zip(columns.values, columns.request_ids, columns.slices, strict=True):
        kind, x = fields["kind"], float(request_id)
        np.testing.assert_array_equal(row, [x if kind == "a" else np.nan, x if kind in "bc" else np.nan, x])


@pytest.mark.parametrize("value", [(1.0, 2.0), "much", 10**400, 3j, object()])
def test_what_is_no_number_costs_only_its_own_value_and_is_counted(value: SignalValue) -> None:
    reader = ColumnReader([reading(lambda event: value if event.request_id == "1" else 7.0), FAILED])
    values = reader.read([event(0, failed=True), event(1, failed=True), event(2)]).values
    np.testing.assert_array_equal(values, [[7, 1], [np.nan, 1], [7, np.nan]])
    assert reader.failures == {"odd": 1}


def test_a_signal_that_always_gives_a_list_is_counted_too() -> None:
    reader = ColumnReader([reading(lambda _: (1.0, 2.0))])  # type: ignore[arg-type, return-value]
    assert np.isnan(reader.read([event(1), event(2)]).values).all()
    assert reader.failures == {"odd": 2}


def test_a_signal_that_raises_is_named_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    def read(event: Event) -> SignalValue:
        return event.signals["absent"]

    reader = ColumnReader([reading(read), FAILED])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert reader.read([event(1, failed=True), event(2, failed=False)]).values[:, 1].tolist() == [1, 0]
    assert reader.failures == {"odd": 6}
    assert [record.getMessage() for record in caplog.records] == [
        "the signal odd cannot be read from 1: KeyError('absent')"
    ]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 2 * LARGEST, -1e308])
def test_infinite_and_absurd_values_are_not_known_and_are_counted(value: float) -> None:
    reader = ColumnReader(SIGNALS)
    np.testing.assert_array_equal(
        reader.read([event(1, size_kb=value), event(2, size_kb=1.0)]).values[:, 1], [np.nan, 1]
    )
    assert reader.failures == {"size_kb": 1}


def test_a_yes_or_no_that_is_neither_is_not_known_and_is_counted() -> None:
    reader = ColumnReader(SIGNALS)
    values = reader.read(
        [event(i, failed=value) for i, value in enumerate((0.5, True, -1.0, False, None, np.nan))]
    ).values
    np.testing.assert_array_equal(values[:, 0], [np.nan, 1, np.nan, 0, np.nan, np.nan])
    assert reader.failures == {"failed": 2}


def test_nothing_gives_nothing() -> None:
    assert ColumnReader(SIGNALS).read([]).values.shape == (0, 2)


def test_two_signals_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two signals are named failed"):
        ColumnReader([FAILED, FAILED])
