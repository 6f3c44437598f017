from collections.abc import Callable
from pathlib import Path

from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.events import Event
from monitoring.labels import MOST_WAITING, Labels
from monitoring.monitor import Monitor
from monitoring.signals.voice import VOICE
from monitoring.store import EventStore

MakeEvent = Callable[..., Event]


def label(make_event: MakeEvent, n: int, **details: str) -> Event:
    request_id = f"req-{n:06d}"
    return make_event(n, event_id=f"{request_id}/behaviour", kind="behaviour", details=details)


def test_only_what_carries_a_label_is_stored_and_each_once(store: EventStore, make_event: MakeEvent) -> None:
    labels = Labels(store)
    derived = [label(make_event, 1, typed="brooklyn bridge"), label(make_event, 2)]
    labels.keep(derived)
    labels.keep(derived)
    assert list(store.events()) == derived[:1]


def test_a_store_that_is_away_delays_labels_and_never_raises(nowhere: str, make_event: MakeEvent) -> None:
    away = EventStore.open(nowhere)
    labels = Labels(away)
    labels.keep([label(make_event, n, typed="x") for n in range(MOST_WAITING + 3)])
    assert labels.lost == 3
    away.close()


def test_labels_that_waited_are_stored_when_the_store_is_back(tmp_path: Path, make_event: MakeEvent) -> None:
    (tmp_path / "events.db").mkdir()
    store = EventStore.open(f"sqlite:///{tmp_path}/events.db")
    labels = Labels(store)
    labels.keep([label(make_event, 1, typed="x")])
    (tmp_path / "events.db").rmdir()
    labels.keep([label(make_event, 2, typed="y")])
    assert [event.details["typed"] for event in store.events()] == ["x", "y"]
    store.close()


def test_a_monitor_hands_on_what_it_concludes_and_counts_what_comes_back_no_second_time(
    store: EventStore, make_event: MakeEvent
) -> None:
    typed = {"details": {"query": "brooklyn brige"}, "user_id": "ann", "consent": True}
    query = make_event(1, **typed)
    correction = make_event(20, kind="text", **{**typed, "details": {"query": "brooklyn bridge"}})
    later = make_event(500)
    monitor = Monitor(VOICE, derivations=[BehaviourTracker()], keep=Labels(store).keep)
    monitor.update([query, correction, later])
    (kept,) = store.events()
    assert (kept.request_id, kept.details["typed"]) == (query.request_id, "brooklyn bridge")
    before = monitor.events
    monitor.update([kept])
    assert monitor.events == before
