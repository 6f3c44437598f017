"""What replicas agree on, kept in a real database through kills and quarrels."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from serving.errors import Conflict, NotFound
from serving.rollouts.decision import Cause, Decision, Reason
from serving.rollouts.policy import Policy
from serving.rollouts.record import Assessment, Champion, Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Outcome, Stage, Strategy
from serving.rollouts.steps import Action
from serving.variants.variant import Variant
from tests.serving.rollouts.conftest import NewReplica
from tests.serving.rollouts.making import NOON, OTHER, SLOW, Clock


def start(one: Rollouts, variant: Variant = OTHER, strategy: Strategy = Strategy.CANARY) -> Rollout:
    return one.start(variant, strategy, Policy(), by="ann")


def assessed(found: Rollout, outcome: Outcome, text: str = "it is worse") -> tuple[Decision, Assessment]:
    decision = Decision(outcome=outcome, reasons=(Reason(cause=Cause.HARM, text=text, figures={"difference": 0.02}),))
    document = decision.as_document()
    return decision, Assessment(rollout_id=found.rollout_id, at=NOON, decision=document, evidence={"n": 7})  # type: ignore[arg-type]


def test_an_empty_database(replicas: tuple[Rollouts, Rollouts]) -> None:
    standing = replicas[0].store.standing()
    assert (standing.champion, standing.rollout) == (Champion(), None)
    assert replicas[0].store.page() == []
    assert set(replicas[0].known()) == {"champion", "other", "slow"}


def test_replicas_agree(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, two = replicas
    found = start(one)
    assert two.store.standing().rollout == found
    promoted = two.act(found.rollout_id, Action.PROMOTE, by="bob", note="looks good")
    standing = one.store.standing()
    assert standing.rollout == promoted
    assert (standing.champion.name, standing.champion.rollout_id) == ("other", found.rollout_id)
    one.act(found.rollout_id, Action.ROLLBACK, by="ann")
    assert two.store.standing().champion.name == "champion"
    assert [(line.action, line.by, line.note, line.version) for line in two.store.history(found.rollout_id)] == [
        ("start", "ann", "", 1),
        ("promote", "bob", "looks good", 2),
        ("rollback", "ann", "", 3),
    ]


def test_two_operators_at_once(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, two = replicas
    found = start(one)
    one.act(found.rollout_id, Action.ADVANCE, by="ann", seen=1)
    with pytest.raises(Conflict, match=r"version 2 by now \(canary, step 2 of 4, 0\.1 of users\), not 1"):
        two.act(found.rollout_id, Action.ROLLBACK, by="bob", seen=1)
    assert two.store.get(found.rollout_id).step == 1
    assert two.act(found.rollout_id, Action.ROLLBACK, by="bob", seen=2).stage is Stage.ROLLED_BACK


def test_of_many_at_once_one_wins(replica: NewReplica) -> None:
    found = start(replica())
    outcomes: list[str] = []

    def advance(one: Rollouts) -> None:
        try:
            one.act(found.rollout_id, Action.ADVANCE, by="x", seen=1)
            outcomes.append("done")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=advance, args=(replica(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["refused"] * 5
    assert replica().store.get(found.rollout_id).step == 1


def test_one_rollout_at_a_time(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, two = replicas
    found = start(one)
    with pytest.raises(Conflict, match=f"{found.rollout_id} of other goes on"):
        start(two, SLOW)
    one.act(found.rollout_id, Action.END, by="ann")
    later = start(two, SLOW)
    assert [each.rollout_id for each in one.store.page()] == [later.rollout_id, found.rollout_id]
    assert one.store.page(limit=1, after=later)[0].rollout_id == found.rollout_id


def test_a_name_stands_for_its_settings_for_good(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, _ = replicas
    one.act(start(one).rollout_id, Action.END, by="ann")
    renamed = Variant(name="other", convention="search", model="another")
    with pytest.raises(Conflict, match="stands for a variant with other settings"):
        one.check(renamed, Strategy.CANARY, Policy())
    with pytest.raises(Conflict, match="stands for a variant with other settings"):
        start(one, renamed)
    assert one.known()["other"] == OTHER
    assert one.store.standing().open_rollout is None


def test_variants_by_name(replicas: tuple[Rollouts, Rollouts]) -> None:
    own = Variant(name="mine", model="m")
    start(replicas[0], own)
    assert replicas[1].named("mine") == own
    with pytest.raises(NotFound, match="there is no variant 'nobody'; there are: champion, mine, other, slow"):
        replicas[1].named("nobody")


@pytest.mark.parametrize("rollout_id", ["", "ro_", "ro_0000000000000000", "alm_0", "ro_\0", "x" * 5000, "ro_'; DROP"])
def test_a_rollout_that_is_not_there(replicas: tuple[Rollouts, Rollouts], rollout_id: str) -> None:
    with pytest.raises(NotFound):
        replicas[0].store.get(rollout_id)
    with pytest.raises(NotFound):
        replicas[0].act(rollout_id, Action.ROLLBACK, by="ann")


def test_decisions_are_kept_with_their_reasons(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, two = replicas
    found = start(one)
    assert one.decided(found, *assessed(found, Outcome.HOLD, "too few queries")) == found
    assert len(two.store.history(found.rollout_id)) == 1
    known = two.store.assessment(found.rollout_id)
    assert known
    assert (known.decision["outcome"], known.evidence) == ("hold", {"n": 7})
    after = one.decided(found, *assessed(found, Outcome.ROLL_BACK))
    assert (after.stage, after.version) == (Stage.ROLLED_BACK, 2)
    line = two.store.history(found.rollout_id)[-1]
    assert (line.action, line.by, line.stage) == ("roll_back", None, Stage.ROLLED_BACK)
    assert line.decision
    assert line.decision["reasons"][0]["figures"] == {"difference": 0.02}  # type: ignore[call-overload,index]


def test_a_decision_about_an_older_state_is_dropped(replicas: tuple[Rollouts, Rollouts]) -> None:
    one, two = replicas
    found = start(one)
    two.act(found.rollout_id, Action.PAUSE, by="ann")
    with pytest.raises(Conflict):
        one.decided(found, *assessed(found, Outcome.ADVANCE))
    assert one.store.get(found.rollout_id).step == 0
    assert one.store.assessment(found.rollout_id) is None


def test_a_candidate_that_cannot_be_loaded(replicas: tuple[Rollouts, Rollouts]) -> None:
    found = start(replicas[0])
    after = replicas[1].give_up(found, "other cannot be loaded on b: no memory")
    assert (after.stage, after.answers) == (Stage.ROLLED_BACK, "champion")
    assert replicas[0].store.history(found.rollout_id)[-1].note == "other cannot be loaded on b: no memory"


PROGRAM = """
import sys
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.steps import Action
from serving.rollouts.store import RolloutStore
from serving.state.store import StateStore
address, rollout_id = sys.argv[1:]
mine = Rollouts(RolloutStore(StateStore.open(address)), {}, newest_event=lambda: 0)
while True:
    seen = mine.store.get(rollout_id)
    action = Action.RESUME if seen.paused else Action.PAUSE
    print(mine.act(rollout_id, action, by="process", seen=seen.version).version, flush=True)
"""


def test_what_was_done_survives_a_kill(replica: NewReplica, address: str) -> None:
    """Killed at any moment: the history has one line for each version, and the last one is how things stand."""
    found, store = start(replica()), replica().store
    told = 1
    for lines in (1, 4, 9):
        command = [sys.executable, "-c", PROGRAM, address, found.rollout_id]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        assert process.stdout
        with process.stdout:
            for _ in range(lines):
                told = int(process.stdout.readline())
            os.kill(process.pid, signal.SIGKILL)
            told = max([told, *map(int, process.stdout.read().split())])
        process.wait()
        now, history = store.get(found.rollout_id), store.history(found.rollout_id)
        assert now.version in (told, told + 1)
        assert [line.version for line in history] == list(range(1, now.version + 1))
        assert now.paused is (history[-1].action == "pause")
        assert (now.stage, now.step) == (Stage.CANARY, 0)


def test_clocks_may_differ(replica: NewReplica) -> None:
    one, behind = replica(), replica(Clock(NOON - 3_600))
    one.act(start(one).rollout_id, Action.END, by="ann")
    later = start(behind, SLOW)
    assert one.store.standing().rollout == later
