"""What is deleted of a user, and what is forgotten of old events, in each kind of database."""

from collections.abc import Callable

from monitoring.erasure import delete_events, forget_details, requests_of
from monitoring.events import Event
from monitoring.store import EventStore, Selection


def left(store: EventStore) -> list[str]:
    return [event.event_id for event in store.events()]


def test_a_users_events_and_what_belongs_to_them(store: EventStore, make_event: Callable[..., Event]) -> None:
    mine = [make_event(n, user_id="ann", details={"audio_path": f"a/{n}"} if n < 2 else {}) for n in range(1200)]
    later = make_event(5000, user_id="ann")
    click = make_event(3, event_id="click")
    store.insert([*mine, later, click, make_event(4000, user_id="bob"), make_event(4001)])
    until = mine[-1].at + 1
    requests = requests_of(store, "ann", until=until)
    assert (len(requests), requests["req-000001"], requests["req-000002"]) == (1200, "a/1", None)
    assert delete_events(store, "ann", requests, until=until) == 1201
    assert left(store) == ["req-004000", "req-004001", "req-005000"]
    assert delete_events(store, "ann", requests, until=until) == 0


def test_what_comes_later_to_a_known_request_goes_too(store: EventStore, make_event: Callable[..., Event]) -> None:
    store.insert([make_event(1, event_id="late", at=9e9), make_event(2)])
    assert delete_events(store, "ann", ["req-000001"], until=1.0) == 1
    assert left(store) == ["req-000002"]


def test_details_are_forgotten_and_all_else_stays(store: EventStore, make_event: Callable[..., Event]) -> None:
    said = {"query": "jazz", "item_id": "7"}
    events = [make_event(n, details=said, signals={"words": 1.0}) for n in range(1200)]
    store.insert(events)
    until = events[1100].at
    assert forget_details(store, since=0, until=until, forgets="query".__eq__) == 1100
    assert forget_details(store, since=0, until=until, forgets="query".__eq__) == 0
    found = list(store.events())
    assert [event.details for event in found[:1100]] == [{"item_id": "7"}] * 1100
    assert [event.details for event in found[1100:]] == [said] * 100
    assert [(event.event_id, event.signals) for event in found] == [(event.event_id, event.signals) for event in events]
    assert forget_details(store, since=events[1150].at, until=9e9, forgets=bool) == 50
    assert store.count(Selection(until=until)) == 1100
