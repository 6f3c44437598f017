"""Both databases behave alike: every test here runs on each."""

import math
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from monitoring.database import connect
from monitoring.errors import InvalidEvent
from monitoring.events import Event
from monitoring.store import EventStore, Selection

MakeEvent = Callable[..., Event]

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
numbers = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


def ids(store: EventStore, selection: Selection) -> list[str]:
    return [event.event_id for event in store.events(selection)]


def test_an_event_comes_back_as_it_was(store: EventStore, make_event: MakeEvent) -> None:
    event = make_event(
        user_id="ann",
        session_id="s1",
        outcome="audio_too_long",
        consent=True,
        slices={"device_model": "Pixel 7"},
        signals={"snr_db": 21.25, "no_speech": False, "confidence": None, "result_count": 3},
        details={"query": "füße 你好 🎙 \u2028 \\ \" ' \n"},
    )
    store.insert([event])
    assert list(store.events()) == [event]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=texts, at=st.floats(-1e12, 1e12), signal=numbers)
def test_any_text_and_number_comes_back(
    store: EventStore, make_event: MakeEvent, detail: str, at: float, signal: float | None
) -> None:
    store.purge_before(math.inf)
    event = make_event(at=at, details={"text": detail}, signals={"value": signal})
    store.insert([event])
    assert list(store.events()) == [event]


def test_an_event_is_stored_once_and_as_it_came_first(store: EventStore, make_event: MakeEvent) -> None:
    store.insert([make_event(1), make_event(1, kind="again"), make_event(2)])
    store.insert([make_event(2), make_event(3)])
    assert [(event.event_id, event.kind) for event in store.events()] == [
        ("req-000001", "voice"),
        ("req-000002", "voice"),
        ("req-000003", "voice"),
    ]


def test_no_events_are_no_harm(store: EventStore) -> None:
    store.insert([])
    assert list(store.events()) == []
    assert store.count() == 0
    assert store.purge_before(math.inf) == store.delete_user("nobody") == 0


def test_many_pages_come_in_order_of_time_then_id(store: EventStore, make_event: MakeEvent) -> None:
    events = [make_event(n, at=float(n // 700)) for n in range(4_500)]
    store.insert(events[::-1])
    assert list(store.events()) == events


def test_reading_goes_on_while_others_write(store: EventStore, make_event: MakeEvent) -> None:
    store.insert([make_event(n) for n in range(4_100)])
    reader = store.events()
    first = next(reader)
    store.insert([make_event(9_000)])
    assert first.event_id == "req-000000"
    assert sum(1 for _ in reader) == 4_100


def test_events_are_selected(store: EventStore, make_event: MakeEvent) -> None:
    store.insert(
        [
            make_event(1, user_id="ann", session_id="s1"),
            make_event(2, user_id="ann", session_id="s2", kind="text"),
            make_event(3, user_id="bob", session_id="s3"),
            make_event(4, event_id="click", request_id="req-000001", kind="click"),
        ]
    )
    start = 1_700_000_000.0
    assert ids(store, Selection(user_id="ann")) == ["req-000001", "req-000002"]
    assert ids(store, Selection(session_id="s2")) == ["req-000002"]
    assert ids(store, Selection(kinds=frozenset({"text", "click"}))) == ["req-000002", "click"]
    assert ids(store, Selection(since=start + 2, until=start + 4)) == ["req-000002", "req-000003"]
    assert ids(store, Selection(user_id="ann", since=start + 2)) == ["req-000002"]
    assert [event.event_id for event in store.by_request("req-000001")] == ["req-000001", "click"]
    assert store.count(Selection(user_id="ann")) == 2
    assert store.count() == 4


def test_a_click_does_not_make_a_request(store: EventStore, make_event: MakeEvent) -> None:
    store.insert([make_event(1), make_event(2, event_id="click", request_id="req-000001", kind="click")])
    assert store.has_request("req-000001")
    assert not store.has_request("click")
    assert store.has_event("click")
    assert not store.has_event("nothing")


def test_a_user_is_deleted_with_what_hangs_on_the_users_requests(store: EventStore, make_event: MakeEvent) -> None:
    store.insert(
        [
            make_event(1, user_id="ann"),
            make_event(2, event_id="click-1", request_id="req-000001", kind="click"),
            make_event(3, user_id="bob"),
            make_event(4, event_id="click-3", request_id="req-000003", kind="click"),
        ]
    )
    assert store.delete_user("ann") == 2
    assert ids(store, Selection()) == ["req-000003", "click-3"]


def test_old_events_are_purged_also_when_they_are_many(store: EventStore, make_event: MakeEvent) -> None:
    for first in range(0, 21_000, 3_000):
        store.insert([make_event(n) for n in range(first, first + 3_000)])
    assert store.purge_before(1_700_000_000.0 + 20_500) == 20_500
    assert store.count() == 500
    assert next(store.events()).event_id == "req-020500"


def test_what_the_database_refuses_stores_none_of_the_batch(store: EventStore, make_event: MakeEvent) -> None:
    with pytest.raises(InvalidEvent):
        store.insert([make_event(1), make_event(2, kind=None)])
    assert store.count() == 0


@pytest.mark.parametrize(
    "condition",
    [
        "event_id = 'e'",
        "request_id = 'r'",
        "user_id = 'u' ORDER BY at, event_id",
        "at >= 1 AND at < 2 ORDER BY at, event_id",
    ],
)
def test_queries_of_monitors_use_an_index(store: EventStore, address: str, condition: str) -> None:
    store.prepare()
    engine = connect(address)
    explain = "EXPLAIN QUERY PLAN" if address.startswith("sqlite") else "EXPLAIN"
    with engine.connect() as connection:
        if explain == "EXPLAIN":
            connection.execute(text("SET enable_seqscan = off"))
        rows = connection.execute(text(f"{explain} SELECT * FROM events WHERE {condition}"))
        plan = "\n".join(str(tuple(row)) for row in rows)
    engine.dispose()
    assert "events_by_" in plan
    assert "TEMP B-TREE" not in plan
