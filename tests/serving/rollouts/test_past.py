"""A policy is fitted to how the champion's users have repeated themselves so far."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.events import Event
from monitoring.store import EventStore
from serving.rollouts.past import measured
from serving.rollouts.policy import Policy


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    store = EventStore.open(f"sqlite:///{tmp_path}/events.db")
    store.insert([])
    yield store
    store.close()


def queries(variant: str, *, visits: int, each: int, null_every: int) -> list[Event]:
    """Visits of as many queries each; in some, none is understood."""
    return [
        Event(
            event_id=f"{variant}-{visit}-{number}",
            request_id=f"{variant}-{visit}-{number}",
            at=1e9 + 100 * visit + number,
            kind="voice",
            user_id=f"{variant}-{visit}",
            slices={"variant": variant, "assigned": variant},
            signals={"words": 0 if visit % null_every == 0 else 3, "result_count": 1},
        )
        for visit in range(visits)
        for number in range(each)
    ]


def dispersion(policy: Policy) -> float:
    return next(one.dispersion for one in policy.guardrails if one.signal == "null_transcript")


def test_users_who_fail_again_and_again_make_it_careful(store: EventStore) -> None:
    store.insert(queries("champion", visits=1000, each=3, null_every=20))
    assert dispersion(measured(Policy(), store, "champion")) == pytest.approx(3.0, rel=0.01)


def test_without_a_past_nothing_is_concluded(store: EventStore) -> None:
    assert measured(Policy(), store, "champion") == Policy()
    store.insert(queries("other", visits=1000, each=3, null_every=20))
    assert measured(Policy(), store, "champion") == Policy()


def test_independent_queries_leave_it_as_it_is(store: EventStore) -> None:
    store.insert(queries("champion", visits=3000, each=1, null_every=20))
    assert dispersion(measured(Policy(), store, "champion")) == pytest.approx(1.0, abs=0.01)
