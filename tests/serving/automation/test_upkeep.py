"""What goes on beside the requests, on real stores: reviews move thresholds, alarms demote, work is counted."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from monitoring.alarms.alarm import Alarm
from monitoring.alarms.store import AlarmStore
from monitoring.findings import FLEET, Slice
from serving.automation.degree import Degree
from serving.automation.degrees import Degrees
from serving.automation.record import ClassState
from serving.automation.steps import set_by
from serving.automation.store import DegreeStore
from serving.automation.upkeep import Upkeep
from serving.automation_settings import AutomationSettings
from serving.review.item import Answer, Reason, ReviewItem, Score, State
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.automation.test_steps import alarm
from tests.serving.processes import wait_until
from tests.serving.review.making import item

SETTINGS = AutomationSettings(
    degree=Degree.PARTIAL, target_risk=0.1, daily_budget=100, max_backlog=2, poll_s=0.05, check_every_s=0.05
)
NOW = 1_700_000_000.0


@pytest.fixture
def alarms(address: str) -> Iterator[AlarmStore]:
    store = AlarmStore.open(address)
    yield store
    store.close()


def upkeep(state: StateStore, alarms: AlarmStore, settings: AutomationSettings = SETTINGS) -> Upkeep:
    everyone = ClassState(
        traffic_class="*",
        degree=settings.degree,
        target_risk=settings.target_risk,
        confidence=settings.confidence,
    )
    return Upkeep(Degrees(DegreeStore(state), everyone), state, alarms, settings, champion=lambda: "champion")


def reviewed(number: int, confidence: float, *, wrong: bool, **fields: object) -> ReviewItem:
    given: dict[str, object] = {
        "at": NOW + number,
        "state": State.DONE,
        "score": Score(errors=int(wrong), words=3),
        "answer": Answer(text="play some jazz", confidence=confidence, variant="champion"),
    }
    return item(number, **{**given, **fields})  # type: ignore[arg-type]


def fill(state: StateStore, items: list[ReviewItem]) -> None:
    queue = ReviewStore(state)
    for one in items:
        queue.offer(one)


def open_alarm(alarms: AlarmStore, which: Slice = FLEET) -> Alarm:
    one = alarm(which)
    with alarms.change() as change:
        change.save([one], [])
    return one


def test_reviews_move_the_threshold_and_the_rest_of_the_day_is_cut(state: StateStore, alarms: AlarmStore) -> None:
    """Above 0.5 nothing is wrong, below half of all: 150 queries a day below, of which people can take 100."""
    chance = np.random.default_rng(1)
    confidences = chance.random(300).round(4).tolist()
    fill(state, [reviewed(n, sure, wrong=sure < 0.5 and n % 2 == 0) for n, sure in enumerate(confidences)])
    kept = upkeep(state, alarms)
    kept.refresh(NOW + 400)
    found = kept.degrees.everyone
    assert found.threshold is not None
    assert 0.3 < found.threshold < 0.7
    assert (found.variant, found.version, len(found.candidates)) == ("champion", 1, 20)
    assert [one.action for one in kept.degrees.store.history("*")] == ["refreshed"]
    below = sum(2 for sure in confidences if sure < found.threshold)
    assert below > 100
    assert sum(2 for sure in confidences if sure < kept.room.cut) == pytest.approx(100, abs=2)
    kept.refresh(NOW + 500)
    assert len(kept.degrees.store.history("*")) == 1


def test_reviews_of_other_variants_of_assisted_people_and_undrawn_ones_do_not_count(
    state: StateStore, alarms: AlarmStore
) -> None:
    other = Answer(text="play some jazz", confidence=0.9, variant="candidate")
    fill(
        state,
        [
            reviewed(1, 0.9, wrong=False, answer=other),
            reviewed(2, 0.9, wrong=False, answer_shown=True),
            reviewed(3, 0.9, wrong=False, inclusion_probability=None),
            reviewed(4, 0.9, wrong=False, state=State.WAITING, score=None),
            reviewed(5, 0.9, wrong=False, score=None),
            reviewed(6, 0.9, wrong=True),
        ],
    )
    kept = upkeep(state, alarms)
    drawn = kept.drawn("*", NOW + 10)
    assert (drawn.reviews.loss.tolist(), len(drawn.confidences)) == ([1.0], 4)
    kept.refresh(NOW + 10)
    assert kept.degrees.everyone.threshold is None
    assert kept.degrees.everyone.why == "too few queries were drawn for review: 4 of 100"


def test_a_tenant_with_a_class_is_judged_by_its_own_reviews(state: StateStore, alarms: AlarmStore) -> None:
    kept = upkeep(state, alarms)
    kept.degrees.store.change(kept.degrees.start_of("acme"), partial(set_by, degree=Degree.FULL, by="ann", now=NOW))
    kept.degrees.refresh()
    fill(state, [reviewed(n, 0.9, wrong=False, traffic_class=name) for n, name in enumerate(["acme", "other", "acme"])])
    assert len(kept.drawn("acme", NOW + 10).confidences) == 2
    assert len(kept.drawn("*", NOW + 10).confidences) == 1
    assert kept.drawn("nobody", NOW + 10).confidences == ()


def test_an_alarm_demotes_once_over_all_replicas(state: StateStore, alarms: AlarmStore) -> None:
    here, there = upkeep(state, alarms), upkeep(state, alarms)
    raised = open_alarm(alarms)
    for one in (here, there, here):
        one.demote(NOW)
        assert one.degrees.everyone.degree is Degree.ASSIST
    [line] = here.degrees.store.history("*")
    assert (line.action, line.alarm_id, line.by) == ("demoted", raised.alarm_id, None)


def test_where_nobody_listens_demotion_stops_at_partial(state: StateStore, alarms: AlarmStore) -> None:
    alone = upkeep(state, alarms, SETTINGS.model_copy(update={"degree": Degree.FULL, "daily_budget": 0}))
    open_alarm(alarms)
    open_alarm(alarms, (("tenant", "acme"),))
    for _ in range(3):
        alone.demote(NOW)
    assert [one.degree for one in alone.degrees.all] == [Degree.PARTIAL, Degree.PARTIAL]


def test_peoples_work_is_counted_and_bounds_what_they_get(state: StateStore, alarms: AlarmStore) -> None:
    kept = upkeep(state, alarms)
    live = [item(n, at=NOW + n, reason=Reason.BELOW_THRESHOLD, deadline=NOW + 60) for n in range(2)]
    fill(state, [*live, item(7, at=NOW)])
    kept.count(NOW + 5)
    assert (kept.room.backlog, kept.room.sent_today, kept.room.is_left) == (2, 2, False)
    kept.count(NOW + SETTINGS.wait_s + 2)
    assert (kept.room.backlog, kept.room.is_left) == (0, True)
    kept.count(NOW + 86_400)
    assert kept.room.sent_today == 0


def test_all_of_it_goes_on_beside_the_requests(state: StateStore, alarms: AlarmStore) -> None:
    async def live() -> Degree:
        kept = upkeep(state, alarms)
        async with kept.running():
            open_alarm(alarms)
            await asyncio.to_thread(wait_until, lambda: kept.degrees.everyone.degree is not Degree.PARTIAL)
            one = item(1, at=time.time(), deadline=time.time() + 60)
            await asyncio.to_thread(ReviewStore(state).offer, one)
            await asyncio.to_thread(wait_until, lambda: kept.room.backlog == 1)
            return kept.degrees.everyone.degree

    assert asyncio.run(live()) is Degree.ASSIST


def test_a_new_champion_begins_without_a_threshold(state: StateStore, alarms: AlarmStore) -> None:
    kept = upkeep(state, alarms)
    fill(state, [reviewed(n, 0.9, wrong=False) for n in range(200)])
    kept.refresh(NOW + 300)
    found = kept.degrees.everyone
    assert (found.threshold_of("champion"), found.threshold_of("candidate")) == (0.9, None)
    assert replace(found, threshold=None).threshold_of("champion") is None
