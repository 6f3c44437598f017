"""Evidence is gathered from a real store, once each, and what is decided is done; a kill in between changes nothing."""

from collections.abc import Iterator

import pytest

from monitoring.alarms.alarms import Alarms
from monitoring.alarms.policy import Severity, read_policies
from monitoring.alarms.store import AlarmStore
from monitoring.events import Event
from monitoring.store import EventStore
from serving.rollouts.alarm_objection import objection
from serving.rollouts.decision import Cause, Reason
from serving.rollouts.evidence import EVIDENCE, Evidence
from serving.rollouts.evidence_watch import LEASE_S, EvidenceWatch
from serving.rollouts.layers import policy_of
from serving.rollouts.record import Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Stage, Strategy
from serving.rollouts.steps import Action
from tests.monitoring.alarms.making import diagnosis, finding
from tests.serving.rollouts.conftest import NewReplica
from tests.serving.rollouts.making import NOON, OTHER, Clock
from tests.serving.rollouts.queries import GOOD, NULL, query

POLICY = policy_of({"steps": [0.5, 1], "patience_s": 1e6})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(address: str) -> Iterator[EventStore]:
    store = EventStore.open(address)
    yield store
    store.close()


def traffic(first: int, n: int, *, bad_every: int = 10**9) -> list[Event]:
    """As many queries of each variant; every so many of the candidate's end without a word."""
    found = []
    for i in range(first, first + n):
        at = NOON + 20 + i * 0.01
        found.append(query(f"a{i}", of="champion", at=at, user=f"u{2 * i}"))
        signals = NULL if i % bad_every == 0 else GOOD
        found.append(query(f"b{i}", of="other", at=at, user=f"u{2 * i + 1}", signals=signals))
    return found


def watching(events: EventStore, rollouts: Rollouts, clock: Clock, owner: str = "one") -> EvidenceWatch:
    return EvidenceWatch(events, rollouts, owner=owner, check_every_s=10, clock=clock)


def start(rollouts: Rollouts) -> Rollout:
    return rollouts.start(OTHER, Strategy.CANARY, POLICY, by="ann")


def look(watch: EvidenceWatch, rollouts: Rollouts, clock: Clock) -> Rollout:
    """All that is stored, and what follows."""
    clock.now += 10
    found = rollouts.store.standing().rollout
    assert found
    while watch.look(found if found.is_open else None):
        pass
    return rollouts.store.get(found.rollout_id)


def go_on(watch: EvidenceWatch, rollouts: Rollouts, events: EventStore, clock: Clock, *, bad_every: int) -> Rollout:
    """Traffic in pieces, each looked at."""
    found = look(watch, rollouts, clock)
    for piece in range(6):
        events.insert(traffic(piece * 100, 100, bad_every=bad_every))
        found = look(watch, rollouts, clock)
    return found


def seen(rollouts: Rollouts, found: Rollout) -> tuple[int, int]:
    """Queries of both variants that were counted."""
    assessment = rollouts.store.assessment(found.rollout_id)
    assert assessment
    evidence: Evidence = EVIDENCE.validate_python(assessment.evidence)
    contest = evidence.fleet["null_transcript"]
    return contest.champion.n, contest.candidate.n


def test_a_worse_candidate_is_rolled_back_by_itself(replica: NewReplica, events: EventStore, clock: Clock) -> None:
    rollouts = replica(clock, position=0)
    watch, found = watching(events, rollouts, clock), start(rollouts)
    after = go_on(watch, rollouts, events, clock, bad_every=4)
    assert (after.stage, after.answers) == (Stage.ROLLED_BACK, "champion")
    line = rollouts.store.history(found.rollout_id)[-1]
    assert (line.action, line.by) == ("roll_back", None)
    assert line.decision
    assert line.decision["reasons"][0]["cause"] == "harm"  # type: ignore[call-overload,index]
    look(watch, rollouts, clock)
    watch.close()


def test_what_came_before_the_rollout_is_no_evidence(replica: NewReplica, events: EventStore, clock: Clock) -> None:
    events.insert(traffic(0, 600, bad_every=2))
    rollouts = replica(clock, position=events.newest())
    watch, found = watching(events, rollouts, clock), start(rollouts)
    events.insert(traffic(1_000, 50))
    look(watch, rollouts, clock)
    assert look(watch, rollouts, clock).is_open
    assert seen(rollouts, found) == (50, 50)
    watch.close()


def test_a_kill_counts_nothing_twice_and_loses_nothing(replica: NewReplica, events: EventStore, clock: Clock) -> None:
    rollouts = replica(clock, position=0)
    found = start(rollouts)
    killed = watching(events, rollouts, clock)
    look(killed, rollouts, clock)
    events.insert(traffic(0, 70))
    look(killed, rollouts, clock)
    assert seen(rollouts, found) == (70, 70)
    other = watching(events, rollouts, clock, "two")
    events.insert(traffic(70, 30))
    clock.now += LEASE_S
    assert not other.look(found)  # by the database's clock the first still has the lease
    assert seen(rollouts, found) == (70, 70)
    killed.close()
    clock.now += LEASE_S
    look(other, rollouts, clock)
    look(other, rollouts, clock)
    assert seen(rollouts, found) == (100, 100)
    other.close()


def test_without_a_save_all_is_read_again(replica: NewReplica, events: EventStore, clock: Clock) -> None:
    rollouts = replica(clock, position=0)
    found = start(rollouts)
    events.insert(traffic(0, 70))
    for _ in range(3):  # the same owner begins anew, as after a kill before the first save
        watch = watching(events, rollouts, clock)
        look(watch, rollouts, clock)
        look(watch, rollouts, clock)
        assert seen(rollouts, found) == (70, 70)
    watch.close()


def test_a_pause_holds(replica: NewReplica, events: EventStore, clock: Clock) -> None:
    rollouts = replica(clock, position=0)
    watch, found = watching(events, rollouts, clock), start(rollouts)
    rollouts.act(found.rollout_id, Action.PAUSE, by="ann")
    assert go_on(watch, rollouts, events, clock, bad_every=4).stage is Stage.CANARY
    rollouts.act(found.rollout_id, Action.RESUME, by="ann")
    assert look(watch, rollouts, clock).stage is Stage.ROLLED_BACK
    watch.close()


def test_where_the_store_is_away_it_holds_and_says_so(nowhere: str, replica: NewReplica, clock: Clock) -> None:
    rollouts, away = replica(clock), EventStore.open(nowhere)
    watch, found = watching(away, rollouts, clock), start(rollouts)
    assert not watch.look(found)
    assert watch.held
    assert watch.held.reasons[0].cause is Cause.EVIDENCE_AWAY
    assert rollouts.store.get(found.rollout_id) == found
    watch.close()
    away.close()


def test_a_critical_alarm_about_the_candidate_rolls_it_back(
    replica: NewReplica, events: EventStore, address: str, clock: Clock
) -> None:
    rollouts, store = replica(clock, position=0), AlarmStore.open(address)
    found, heard = start(rollouts), list[Reason | None]()

    def heed(rollout: Rollout) -> Reason | None:
        heard.append(objection(store, rollout))
        return heard[-1]

    watch = EvidenceWatch(events, rollouts, owner="one", check_every_s=10, objection=heed, clock=clock)
    look(watch, rollouts, clock)
    assert look(watch, rollouts, clock).is_open
    assert heard == [None]
    alarms, critical = Alarms(store, read_policies()), Severity.CRITICAL
    policies = {name: one.model_copy(update={"severity": critical}) for name, one in alarms.policies.policy.items()}
    alarms.policies = alarms.policies.model_copy(update={"policy": policies})
    alarms.take([diagnosis(finding(which=(("variant", "champion"),), at=clock.now))], clock.now)
    assert look(watch, rollouts, clock).is_open
    alarms.take([diagnosis(finding(which=(("variant", "other"),), at=clock.now))], clock.now)
    assert look(watch, rollouts, clock).stage is Stage.ROLLED_BACK
    line = rollouts.store.history(found.rollout_id)[-1]
    assert line.decision
    assert line.decision["reasons"][0]["cause"] == "alarm"  # type: ignore[call-overload,index]
    watch.close()
    store.close()
