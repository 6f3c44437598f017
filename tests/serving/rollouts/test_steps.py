"""The life of a rollout, step by step."""

from dataclasses import replace

import pytest

from serving.errors import Conflict
from serving.rollouts.policy import Policy
from serving.rollouts.record import ROLLOUT, WARM_S, Champion, Rollout, Standing, routing_of
from serving.rollouts.stages import Outcome, Stage, Strategy
from serving.rollouts.steps import Action, act, begin, described, follow
from serving.traffic import Routing
from tests.serving.rollouts.making import NOON, rollout

OVER = (Stage.PROMOTED, Stage.ROLLED_BACK, Stage.ENDED)


def at(stage: Stage, **fields: object) -> Rollout:
    return replace(rollout(), stage=stage, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "routing"),
    [
        (Strategy.SHADOW, Routing(champion="champion", candidate="other", shadow_share=0.2)),
        (Strategy.CANARY, Routing(champion="champion", candidate="other", share=0.05)),
        (Strategy.BLUE_GREEN, Routing(champion="champion")),
    ],
)
def test_how_each_strategy_begins(strategy: Strategy, routing: Routing) -> None:
    found = rollout(strategy)
    expected = replace(routing, salt=found.rollout_id) if routing.candidate else routing
    assert routing_of("champion", found) == expected
    assert set(found.wanted(NOON)) == {"champion", "other"}


def test_a_canary_takes_every_step_and_no_two_at_once() -> None:
    found, shares = rollout(), []
    while found.stage is Stage.CANARY and found.step + 1 < found.steps:
        shares.append(found.share)
        found = act(found, Action.ADVANCE, now=found.entered_at + 10)
    assert [*shares, found.share] == [0.05, 0.1, 0.25, 0.5]
    assert found.entered_at == NOON + 30
    with pytest.raises(Conflict, match=r"canary, step 4 of 4, 0\.5 of users there is only promote"):
        act(found, Action.ADVANCE, now=NOON)
    assert act(found, Action.PROMOTE, now=NOON).stage is Stage.PROMOTED


def test_a_shadow_is_followed_by_a_canary() -> None:
    found = act(rollout(Strategy.SHADOW), Action.ADVANCE, now=NOON + 5)
    assert (found.stage, found.step, found.share, found.entered_at) == (Stage.CANARY, 0, 0.05, NOON + 5)


def test_blue_green_switches_in_one_step_and_back() -> None:
    standby = rollout(Strategy.BLUE_GREEN)
    with pytest.raises(Conflict, match="only promote"):
        act(standby, Action.ADVANCE, now=NOON)
    switched = act(standby, Action.PROMOTE, now=NOON + 5)
    assert routing_of(switched.answers, switched) == Routing(champion="other")
    assert set(switched.wanted(NOON + 6)) == {"champion", "other"}
    back = act(switched, Action.ROLLBACK, now=NOON + 60)
    assert (back.answers, back.stage) == ("champion", Stage.ROLLED_BACK)
    assert (standby.share, switched.share, back.share) == (0.0, 1.0, 0.0)
    assert back.wanted(NOON + 61) == ("champion",)


def test_a_switch_is_for_good_when_the_old_champion_is_cold_or_another_rollout_came() -> None:
    switched = act(rollout(), Action.PROMOTE, now=NOON)
    for now, is_latest in ((NOON + WARM_S, True), (NOON + 1, False)):
        with pytest.raises(Conflict, match="is over"):
            act(switched, Action.ROLLBACK, now=now, is_latest=is_latest)
    assert switched.wanted(NOON + WARM_S) == ("other",)


@pytest.mark.parametrize("stage", OVER)
@pytest.mark.parametrize("action", Action)
def test_nothing_is_done_to_what_is_over(stage: Stage, action: Action) -> None:
    if (stage, action) == (Stage.PROMOTED, Action.ROLLBACK):
        return
    with pytest.raises(Conflict, match=f"is over .*nothing to {action}"):
        act(at(stage), action, now=NOON + 1)


@pytest.mark.parametrize("stage", OVER)
@pytest.mark.parametrize("outcome", Outcome)
def test_no_decision_revives_what_is_over(stage: Stage, outcome: Outcome) -> None:
    with pytest.raises(Conflict):
        follow(at(stage), outcome, now=NOON)


def test_pause_and_resume() -> None:
    paused = act(rollout(), Action.PAUSE, now=NOON)
    assert (paused.paused, paused.share, paused.entered_at) == (True, 0.05, NOON)
    for outcome in (Outcome.ADVANCE, Outcome.PROMOTE):
        with pytest.raises(Conflict, match="paused"):
            follow(paused, outcome, now=NOON)
    assert follow(paused, Outcome.ROLL_BACK, now=NOON).stage is Stage.ROLLED_BACK
    with pytest.raises(Conflict, match="paused already"):
        act(paused, Action.PAUSE, now=NOON)
    assert act(paused, Action.RESUME, now=NOON) == rollout_like(paused)
    with pytest.raises(Conflict, match="not paused"):
        act(rollout(), Action.RESUME, now=NOON)


def rollout_like(found: Rollout) -> Rollout:
    return replace(found, paused=False)


def test_decisions() -> None:
    found = rollout()
    assert follow(found, Outcome.HOLD, now=NOON + 1) == found
    asked = follow(found, Outcome.ASK, now=NOON + 1)
    assert follow(asked, Outcome.ASK, now=NOON + 9).asked_person_since == NOON + 1
    assert follow(asked, Outcome.HOLD, now=NOON + 9) == found
    assert follow(asked, Outcome.ADVANCE, now=NOON + 9).step == 1
    assert act(asked, Action.ADVANCE, now=NOON + 9).asked_person_since is None
    assert follow(found, Outcome.PROMOTE, now=NOON + 1).answers == "other"
    assert follow(found, Outcome.ROLL_BACK, now=NOON + 1).answers == "champion"


def test_one_at_a_time() -> None:
    standing = Standing(rollout=rollout())
    with pytest.raises(Conflict, match="of other goes on"):
        begin(standing, "slow", Strategy.CANARY, Policy(), position=0, now=NOON)
    with pytest.raises(Conflict, match="other is the champion already"):
        begin(Standing(champion=Champion(name="other")), "other", Strategy.CANARY, Policy(), position=0, now=NOON)


def test_a_clock_that_is_behind_does_not_change_the_order() -> None:
    over = act(rollout(), Action.END, now=NOON)
    later = begin(Standing(rollout=over), "slow", Strategy.CANARY, Policy(), position=0, now=NOON - 60)
    assert later.created_at > over.created_at


def test_a_rollout_goes_through_json() -> None:
    found = act(rollout(Strategy.SHADOW), Action.PAUSE, now=NOON)
    assert ROLLOUT.validate_json(ROLLOUT.dump_json(found)) == found


def test_what_people_read() -> None:
    found = follow(act(rollout(), Action.PAUSE, now=NOON), Outcome.ASK, now=NOON)
    assert described(found) == "canary, step 1 of 4, 0.05 of users, paused, waits for a person"
