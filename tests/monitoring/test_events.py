import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors import InvalidEvent
from monitoring.events import MAX_TEXT_BYTES, Event, checked, decode, encode

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
times = st.floats(allow_nan=False, allow_infinity=False)
events = st.builds(
    Event,
    event_id=names,
    request_id=names,
    at=times,
    kind=names,
    user_id=st.none() | names,
    session_id=st.none() | names,
    outcome=names,
    consent=st.booleans(),
    slices=st.dictionaries(names, names),
    signals=st.dictionaries(names, st.none() | st.booleans() | times),
    details=st.dictionaries(names, texts),
)


@given(events)
def test_an_event_comes_back_from_json_as_it_was(event: Event) -> None:
    assert decode(encode(checked(event)[0])) == event


@given(events)
def test_a_line_holds_no_line_break(event: Event) -> None:
    assert b"\n" not in encode(event)


def test_signals_that_are_no_numbers_become_unknown_and_are_counted(make_event: Callable[..., Event]) -> None:
    signals = {"a": math.nan, "b": math.inf, "c": 1.0, "d": None, "e": True}
    event, nulled = checked(make_event(signals=signals))
    assert nulled == 2
    assert event.signals == {"a": None, "b": None, "c": 1.0, "d": None, "e": True}


def test_numbers_of_numpy_are_numbers(make_event: Callable[..., Event]) -> None:
    signals = {"single": np.float32(0.5), "double": np.float64(0.25), "integer": np.int64(3)}
    event, _ = checked(make_event(signals=signals))
    assert decode(encode(event)).signals == {"single": 0.5, "double": 0.25, "integer": 3}


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": ""},
        {"event_id": None},
        {"event_id": "x" * 201},
        {"request_id": 7},
        {"kind": "a\0b"},
        {"user_id": ""},
        {"session_id": 3},
        {"at": math.nan},
        {"at": math.inf},
        {"at": True},
        {"at": "yesterday"},
        {"consent": None},
        {"slices": {"os": None}},
        {"slices": {"os": "x" * 201}},
        {"slices": [("os", "x")]},
        {"slices": {1: "x"}},
        {"signals": {"snr_db": "loud"}},
        {"signals": {"": 1.0}},
        {"details": {"query": "x" * (MAX_TEXT_BYTES + 1)}},
        {"details": {"query": "é" * (MAX_TEXT_BYTES // 2 + 1)}},
        {"details": {"query": "a\0b"}},
        {"details": {"query": 4}},
    ],
)
def test_what_no_store_can_hold_is_refused(make_event: Callable[..., Event], fields: dict[str, object]) -> None:
    with pytest.raises(InvalidEvent):
        checked(make_event(**fields))


def test_a_text_of_just_the_allowed_size_is_taken(make_event: Callable[..., Event]) -> None:
    event = make_event(details={"query": "é" * (MAX_TEXT_BYTES // 2)})
    assert decode(encode(checked(event)[0])) == event


@pytest.mark.parametrize(
    "fields",
    [
        {"details": {"query": "\ud800"}},
        {"signals": {"huge": 2**70}},
        {"details": {f"text{i}": "x" * MAX_TEXT_BYTES for i in range(5)}},
    ],
)
def test_what_json_cannot_hold_is_refused(make_event: Callable[..., Event], fields: dict[str, object]) -> None:
    event, _ = checked(make_event(**fields))
    with pytest.raises(InvalidEvent):
        encode(event)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"7", b"{", b'{"event_id": "a"}', b"\xff"])
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(line)


def test_an_unknown_field_is_refused_by_name(make_event: Callable[..., Event]) -> None:
    line = encode(make_event()).replace(b'"kind"', b'"colour":"red","kind"')
    with pytest.raises(InvalidEvent, match="colour"):
        decode(line)


def test_checking_changes_nothing_that_is_right(make_event: Callable[..., Event]) -> None:
    event = make_event(signals={"snr_db": 20.0})
    assert checked(event) == (event, 0)
