import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from monitoring.behaviour import BehaviourTracker
from monitoring.behaviour.state import Counts
from monitoring.errors import UnusableState
from monitoring.events import Event, checked
from tests.monitoring.behaviour.sessions import START, action, concluded, end, null, query

SLICES = {"device_model": "kettle"}


def test_the_event_is_one_of_the_request() -> None:
    found = concluded([query("a", 0, "play jazz", slices=SLICES, confidence=0.9), action("a", 3)])["a"]
    assert found == Event(
        event_id="a/behaviour",
        request_id="a",
        at=START + 60,
        kind="behaviour",
        user_id="dora",
        session_id="s1",
        consent=True,
        slices=SLICES,
        signals={
            "redo": False,
            "switched_to_typing": False,
            "clicked": True,
            "abandoned": False,
            "time_to_first_click_s": 3.0,
        },
    )
    assert checked(found) == (found, 0)


def test_a_query_is_concluded_once_and_when_its_horizon_and_the_patience_have_passed() -> None:
    tracker = BehaviourTracker(horizon_s=30, lateness_s=5)
    assert tracker.update([query("a", 0, "play jazz"), query("b", 34.9, "what time is it")]) == []
    assert [one.request_id for one in tracker.update([query("c", 35, "turn on the light")])] == ["a"]
    assert [one.request_id for one in tracker.update([end()])] == ["b", "c"]
    assert tracker.update([]) == []


def test_typed_queries_are_concluded_if_wanted() -> None:
    tracker = BehaviourTracker(kinds=frozenset({"voice", "text"}))
    found = concluded([query("a", 0, "play jaz", kind="text"), query("b", 9, "play jazz", kind="text")], tracker)
    assert found["a"].signals["redo"] is True
    assert found["a"].signals["switched_to_typing"] is None


def test_other_kinds_of_events_are_none_of_its_business() -> None:
    tracker = BehaviourTracker()
    assert (
        tracker.update([replace(query("a", 0), kind=kind) for kind in ("transcription", "server", "behaviour")]) == []
    )
    assert (tracker.waiting, tracker.counts) == (0, Counts())


def strange(**fields: object) -> Event:
    """No store would take it, but a monitor must live through it."""
    return replace(query("odd", 0, "play jazz"), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event",
    [
        strange(at=math.nan),
        strange(at=math.inf),
        strange(at="noon"),
        strange(request_id=["a"]),
        strange(user_id=7),
        strange(details={"query": 7}),
        strange(details={"query": "half of \ud800"}),
        strange(details=None),
        strange(slices=None),
        strange(signals=None),
        strange(signals={"confidence": "high"}),
        strange(kind=["voice"]),
        strange(kind="click", request_id=None),
        strange(kind="click", details={"text": b"x"}),
    ],
)
def test_broken_events_are_counted_and_the_others_live(event: Event) -> None:
    tracker = BehaviourTracker()
    found = tracker.update([query("a", 0, "play jazz"), event, end()])
    assert [one.request_id for one in found] == ["a"]
    assert tracker.counts == Counts(broken=1)


@pytest.mark.parametrize("text", ["", " ", "\0", "🎵" * 10, "x" * 60_000, "привет", "7"])
def test_strange_texts(text: str) -> None:
    found = concluded([query("a", 0, text), query("b", 3, text), query("c", 5, "what time is it")])
    assert found["a"].signals["redo"] in (True, None)


def test_late_and_future_events_are_counted_and_conclude_nothing() -> None:
    tracker = BehaviourTracker()
    tracker.update([query("a", 0, "play jazz"), query("now", 500, "what time is it")])
    assert tracker.update([query("late", 100, "play jazz"), query("future", 1e9, "play jazz")]) == []
    assert tracker.counts.stray == 2


def test_a_clock_that_was_set_back_stops_it_only_for_a_moment() -> None:
    tracker = BehaviourTracker()
    tracker.update([query("a", 10_000, "play jazz")])
    found = tracker.update([query(f"q{n}", n, "play jazz", user=f"u{n}") for n in range(200)])
    assert "q50" in {one.request_id for one in found}
    assert tracker.counts.stray == 7


def test_duplicates_count_once() -> None:
    tracker = BehaviourTracker()
    found = concluded([query("a", 0, "play jazz"), query("a", 0, "play jazz"), action("a", 3), action("a", 3)], tracker)
    assert found["a"].signals["redo"] is False
    assert tracker.counts == Counts(duplicates=1)


def test_actions_without_a_query_are_forgotten_and_counted() -> None:
    tracker = BehaviourTracker()
    tracker.update([action("nowhere", n) for n in range(20)])
    tracker.update([end()])
    assert tracker.counts == Counts(unmatched=16, surplus=4)


def test_memory_is_bounded() -> None:
    tracker = BehaviourTracker(max_open=10)
    queries = [query(f"q{n}", 0.001 * n, "play jazz", user=f"u{n % 3}") for n in range(1_000)]
    clicks = [action(f"other{n}", 1) for n in range(1_000)]
    found = tracker.update([*queries, *clicks])
    assert tracker.waiting == 10
    assert len(json.loads(tracker.to_bytes())["early_actions"]) == 10
    assert (tracker.counts.closed_early, tracker.counts.surplus) == (990, 990)
    assert len(found) == 990


def test_what_is_closed_early_says_only_what_has_happened() -> None:
    tracker = BehaviourTracker()
    tracker.update([query("a", 0, "play jazz"), action("a", 2), query("b", 5, "play jaz"), null("c", 9)])
    found = {one.request_id: one.signals for one in tracker.close()}
    assert (found["a"]["redo"], found["a"]["clicked"], found["a"]["abandoned"]) == (True, True, False)
    assert found["c"] == dict.fromkeys(found["c"])
    assert tracker.waiting == 0


def test_the_order_of_arrival_changes_nothing() -> None:
    events = traffic(300)
    delays_s = 4 * np.random.default_rng(0).random(len(events))
    arrivals_s = [event.at + delay_s for event, delay_s in zip(events, delays_s, strict=True)]
    shuffled = [events[n] for n in np.argsort(arrivals_s)]
    assert shuffled != events
    assert concluded(events) == concluded(shuffled)


@pytest.mark.parametrize("cut", [0, 1, 50, 299])
def test_a_restart_changes_nothing(cut: int) -> None:
    events = [*traffic(300), end()]
    whole = BehaviourTracker()
    expected = whole.update(events)
    before, after = BehaviourTracker(), BehaviourTracker()
    found = before.update(events[:cut])
    after.restore(before.to_bytes())
    assert after.to_bytes() == before.to_bytes()
    assert [*found, *after.update(events[cut:])] == expected
    assert after.counts == whole.counts


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"now": NaN, "strays": 0}'])
def test_a_damaged_state_is_refused(data: bytes) -> None:
    with pytest.raises(UnusableState, match="no state of a behaviour tracker"):
        BehaviourTracker().restore(data)


def test_a_state_of_another_version_is_refused() -> None:
    state = json.loads(BehaviourTracker().to_bytes()) | {"version": 2}
    with pytest.raises(UnusableState):
        BehaviourTracker().restore(json.dumps(state).encode())


def traffic(count: int) -> Sequence[Event]:
    """By a few users, with clicks; all times differ."""
    rng = np.random.default_rng(5)
    texts = ["play jazz", "play chess", "what time is it", "turn on the light", None]
    events: list[Event] = []
    for n in range(count):
        at = n + float(rng.random())
        kind = "voice" if rng.random() < 0.8 else "text"
        text = texts[int(rng.integers(len(texts)))]
        user, session = f"u{rng.integers(30)}", f"s{rng.integers(30)}"
        events.append(query(f"q{n}", at, text, kind=kind, user=user, session=session))
        if rng.random() < 0.4:
            events.append(action(f"q{n}", at + 5 * float(rng.random())))
    return sorted(events, key=lambda event: event.at)
