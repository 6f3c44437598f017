import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.admission import Admission, AdmissionCounts
from monitoring.errors import UnusableState
from monitoring.events import Event

MakeEvent = Callable[..., Event]
START = 1_700_000_000.0
NOW = START + 10_000.0


def ids(events: Sequence[Event]) -> list[str]:
    return [event.event_id for event in events]


def test_what_is_in_time_and_new_comes_in_unchanged_and_in_order(make_event: MakeEvent) -> None:
    events = [make_event(n) for n in (3, 1, 2, 900)]
    door = Admission()
    assert door.admit(events, now=NOW) == events
    assert door.admit([], now=NOW) == []
    assert door.counts == AdmissionCounts(admitted=4)
    assert door.reached == START + 900


def test_each_reason_is_counted(make_event: MakeEvent) -> None:
    door = Admission(lateness_s=60, future_s=5)
    found = door.admit(
        [
            make_event(1_000),
            make_event(1, kind="click"),
            make_event(2, at=NOW + 5),
            make_event(3, at=NOW + 5.1),
            make_event(4, at=NOW - 55),
            make_event(5, at=NOW - 56),
            make_event(1_000, at=NOW),
            make_event(2, at=NOW),
        ],
        now=NOW,
    )
    assert ids(found) == ["req-001000", "req-000002", "req-000004"]
    assert door.counts == AdmissionCounts(
        admitted=3, late=2, future=1, duplicate=2, late_by_kind={"click": 1, "voice": 1}
    )


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf, None, "now", True, 1e300, 10**400])
def test_an_event_without_a_time_is_invalid(make_event: MakeEvent, at: object) -> None:
    door = Admission()
    assert ids(door.admit([make_event(1), make_event(2, at=at), make_event(3, at=1_700_000_003)], now=NOW)) == [
        "req-000001",
        "req-000003",
    ]
    assert door.counts == AdmissionCounts(admitted=2, invalid=1)
    assert door.admit([make_event(4, event_id=None)], now=NOW) == []
    assert door.counts.invalid == 2


def test_an_outage_of_the_monitor_makes_nothing_late(make_event: MakeEvent) -> None:
    events = [make_event(n) for n in range(100)]
    assert Admission(lateness_s=10).admit(events, now=START + 1e6) == events


def test_a_journal_that_is_replayed_after_an_outage_is_late_and_said(make_event: MakeEvent) -> None:
    door = Admission(lateness_s=60)
    door.admit([make_event(n) for n in range(5_000, 5_100)], now=NOW)
    assert door.admit([make_event(n) for n in range(100)], now=NOW) == []
    assert door.counts.late_by_kind == {"voice": 100}


def test_a_clock_that_was_ahead_and_came_back_stops_nothing(make_event: MakeEvent) -> None:
    door = Admission(lateness_s=60, future_s=5)
    day = 86_400.0
    door.admit([make_event(1, at=NOW + day)], now=NOW + day)
    assert ids(door.admit([make_event(2, at=NOW)], now=NOW)) == ["req-000002"]
    assert door.counts == AdmissionCounts(admitted=2, clock_jumps=1)


MOMENTS = st.integers(0, 400).map(float)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 15), MOMENTS), max_size=60), st.lists(st.integers(0, 60)), st.booleans())
def test_it_makes_no_difference_how_events_are_cut_into_batches(
    make_event: MakeEvent, told: list[tuple[int, float]], cuts: list[int], restarts: bool
) -> None:
    events = [make_event(n, event_id=f"{n}-{at}", at=START + at) for n, at in told]
    whole, pieces = Admission(lateness_s=50), Admission(lateness_s=50)
    expected = whole.admit(events, now=START + 300)
    found: list[Event] = []
    places = [0, *sorted(cuts), len(events)]
    for start, end in pairwise(places):
        found += pieces.admit(events[start:end], now=START + 300)
        if restarts:
            pieces = Admission(lateness_s=50).restore(pieces.state())
    assert found == expected
    assert pieces.counts == whole.counts
    assert len(set(ids(found))) == len(found)


def test_memory_is_bounded_and_what_is_forgotten_is_said(make_event: MakeEvent) -> None:
    door = Admission(max_ids=100)
    for first in range(0, 1_000, 50):
        door.admit([make_event(n) for n in range(first, first + 50)], now=NOW)
        assert len(door.state()) < 8 * 200 + 500
    assert door.counts.forgotten == 800
    door.admit([make_event(950), make_event(0)], now=NOW)
    assert door.counts.duplicate == 1


def test_a_thousand_kinds_of_late_events_are_counted_together(make_event: MakeEvent) -> None:
    door = Admission(lateness_s=1)
    door.admit([make_event(5_000)], now=NOW)
    door.admit([make_event(n, kind=f"kind {n}") for n in range(1_000)], now=NOW)
    assert len(door.counts.late_by_kind) == 101
    assert door.counts.late_by_kind["..."] == 900


def test_it_goes_on_after_a_restart(make_event: MakeEvent) -> None:
    before = Admission(lateness_s=60)
    before.admit([make_event(n) for n in (1, 500, 501)], now=NOW)
    after = Admission(lateness_s=60).restore(before.state())
    assert after.counts == before.counts
    assert ids(after.admit([make_event(n) for n in (500, 2, 502)], now=NOW)) == ["req-000502"]
    assert after.counts == replace(before.counts, admitted=4, duplicate=1, late=1, late_by_kind={"voice": 1})


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[]\n", b'{"counts": {}, "times": [], "identifiers": [1, 0]}\n12345678']
)
def test_a_state_that_is_none_is_refused(state: bytes) -> None:
    with pytest.raises(UnusableState):
        Admission().restore(state)


def test_a_state_that_was_cut_is_refused(make_event: MakeEvent) -> None:
    door = Admission()
    door.admit([make_event(1), make_event(2)], now=NOW)
    for end in range(len(door.state())):
        with pytest.raises(UnusableState):
            Admission().restore(door.state()[:end])
