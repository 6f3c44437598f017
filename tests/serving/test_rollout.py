"""What is decided: every outcome, each with its reasons, over events as the service writes them."""

from dataclasses import replace

import numpy as np
import orjson
import pytest
from numpy.random import default_rng

from monitoring.events import Event
from serving.rollout import decide
from serving.rollouts.decision import Cause, Decision
from serving.rollouts.evidence import Evidence
from serving.rollouts.gathering import gathered
from serving.rollouts.policy import Policy, ShadowPolicy
from serving.rollouts.record import Rollout
from serving.rollouts.stages import Outcome, Stage, Strategy
from tests.serving.rollouts.making import rollout as begun
from tests.serving.rollouts.queries import NAMES, query, shadow, traffic

POLICY = Policy()
SOON, LATER, MUCH_LATER = 60.0, 3600.0, 100_000.0
"""Seconds after the stage began."""


def at(stage: Stage, *, step: int = 0, strategy: Strategy = Strategy.CANARY, policy: Policy = POLICY) -> Rollout:
    return replace(begun(strategy), stage=stage, step=step, policy=policy, created_at=0.0, entered_at=0.0)


def learnt(rollout: Rollout, *batches: list[Event]) -> Evidence:
    evidence = Evidence(since=0.0)
    if rollout.stage is Stage.CANARY:
        evidence = evidence.at_step(rollout.share, rollout.policy.next_share(rollout.share), since=0.0)
    for batch in batches:
        evidence = gathered(evidence, batch, NAMES, rollout.policy)
    return evidence


def causes(decision: Decision) -> set[Cause]:
    return {reason.cause for reason in decision.reasons}


CANARY = at(Stage.CANARY)
GOOD = [traffic(1500, share=0.05, at=10.0 + i, random=default_rng(i)) for i in range(4)]
BAD = [traffic(1500, share=0.05, null=(0.02, 0.12), at=10.0 + i, random=default_rng(i)) for i in range(4)]
PAIRS = [shadow(str(number)) for number in range(400)]


def test_a_good_canary_takes_one_step() -> None:
    decision = decide(CANARY, learnt(CANARY, *GOOD), LATER)
    assert decision.outcome is Outcome.ADVANCE
    assert causes(decision) == {Cause.SHOWN}
    assert {reason.metric for reason in decision.reasons} == {one.signal for one in CANARY.policy.guardrails}
    assert all(reason.figures["odds"] >= reason.figures["odds_needed"] == 20 for reason in decision.reasons)


def test_the_last_step_before_all_users_promotes_and_needs_more_evidence() -> None:
    half = at(Stage.CANARY, step=3)
    batches = [traffic(1000, share=0.5, at=10.0 + i, random=default_rng(i)) for i in range(3)]
    decision = decide(half, learnt(half, *batches), LATER)
    assert (decision.outcome, causes(decision)) == (Outcome.HOLD, {Cause.NOT_SHOWN})
    to_go = [reason.figures["queries_to_go"] for reason in decision.reasons if "queries_to_go" in reason.figures]
    assert to_go
    assert f"about {to_go[0]:,.0f} more queries of the candidate" in decision.text
    wide = tuple(guardrail.model_copy(update={"margin": 0.1}) for guardrail in POLICY.guardrails)
    lax = replace(half, policy=Policy(guardrails=wide))
    assert decide(lax, learnt(lax, *batches), LATER).outcome is Outcome.PROMOTE


def test_a_bad_canary_goes_back_at_once_whatever_the_time_and_says_why() -> None:
    decision = decide(CANARY, learnt(CANARY, *BAD), SOON)
    assert decision.outcome is Outcome.ROLL_BACK
    worst = decision.reasons[0]
    assert (worst.cause, worst.metric, worst.slice) == (Cause.HARM, "null_transcript", None)
    assert worst.figures["difference"] > worst.figures["margin"] == 0.005
    assert worst.figures["odds"] > 50
    assert "null_transcript: " in decision.text
    assert f"{worst.figures['candidate_n']:,.0f} queries" in decision.text


def test_a_canary_that_is_bad_on_one_phone_is_found_there() -> None:
    models = [f"phone{i}" for i in range(10)]
    batches = [
        traffic(
            2000, share=0.1, null=(0.02, 0.5), models=models, bad_model="phone3", at=10.0 + i, random=default_rng(i)
        )
        for i in range(5)
    ]
    step = at(Stage.CANARY, step=1)
    decision = decide(step, learnt(step, *batches), SOON)
    assert decision.outcome is Outcome.ROLL_BACK
    assert decision.reasons[0].slice == "phone3"
    assert "on phone3" in decision.reasons[0].text


def test_without_traffic_it_holds_and_after_its_patience_asks() -> None:
    evidence = learnt(CANARY)
    early, late = decide(CANARY, evidence, LATER), decide(CANARY, evidence, MUCH_LATER)
    assert (early.outcome, causes(early)) == (Outcome.HOLD, {Cause.MISSING})
    assert (late.outcome, causes(late)) == (Outcome.ASK, {Cause.PATIENCE, Cause.MISSING})
    assert "200 are needed" in early.text


def test_without_the_champions_queries_nothing_is_shown() -> None:
    alone = [[query(f"{i}-{j}", of="new", at=10.0 + i, user=f"u{i}-{j}") for j in range(300)] for i in range(3)]
    assert decide(CANARY, learnt(CANARY, *alone), LATER).outcome is Outcome.HOLD


def test_time_is_waited_for_too() -> None:
    decision = decide(CANARY, learnt(CANARY, *GOOD), SOON)
    assert (decision.outcome, decision.reasons[0].metric) == (Outcome.HOLD, "time")


def test_a_clock_that_goes_backwards_only_waits() -> None:
    assert decide(CANARY, learnt(CANARY, *GOOD), -LATER).outcome is Outcome.HOLD


def test_evidence_of_another_step_is_none_of_this_one() -> None:
    second = at(Stage.CANARY, step=1)
    assert causes(decide(second, learnt(CANARY, *GOOD), LATER)) == {Cause.MISSING}


def test_where_the_store_is_away_it_holds_and_says_so() -> None:
    decision = decide(CANARY, None, MUCH_LATER)
    assert (decision.outcome, causes(decision)) == (Outcome.HOLD, {Cause.EVIDENCE_AWAY})


@pytest.mark.parametrize("batches", [GOOD, BAD], ids=["good", "bad"])
def test_what_a_person_paused_stays_and_harm_is_told(batches: list[list[Event]]) -> None:
    decision = decide(replace(CANARY, paused=True), learnt(CANARY, *batches), LATER)
    assert decision.outcome is Outcome.HOLD
    assert decision.reasons[0].cause is Cause.PAUSED
    assert (Cause.HARM in causes(decision)) == (batches is BAD)


def test_arms_of_the_wrong_size_hold() -> None:
    decision = decide(CANARY, learnt(CANARY, *(traffic(1500, share=0.1, at=10.0 + i) for i in range(2))), LATER)
    assert (decision.outcome, causes(decision)) == (Outcome.HOLD, {Cause.IMBALANCE})
    assert decision.reasons[0].slice is None
    late = decide(CANARY, learnt(CANARY, traffic(3000, share=0.1)), MUCH_LATER)
    assert (late.outcome, late.reasons[0].cause) == (Outcome.ASK, Cause.PATIENCE)


def test_arms_of_another_mix_of_devices_hold() -> None:
    """The share is right on the whole: 20 % of one model's users, 2.5 % of the others'."""
    some = traffic(400, share=0.2, models=("odd",), at=10.0, random=default_rng(1))
    others = traffic(2400, share=0.025, models=("a", "b"), at=11.0, random=default_rng(2))
    decision = decide(CANARY, learnt(CANARY, some, others), LATER)
    assert decision.outcome is Outcome.HOLD
    assert "odd" in {reason.slice for reason in decision.reasons if reason.cause is Cause.IMBALANCE}


def test_all_users_without_a_champion_is_for_a_person() -> None:
    last = at(Stage.CANARY, step=4)
    assert decide(last, learnt(last, traffic(500, share=1.0)), LATER).outcome is Outcome.ASK


def test_a_shadow_waits_for_pairs_then_goes_on_or_asks() -> None:
    few, many = PAIRS[:100], PAIRS
    canary, alone = at(Stage.SHADOW), at(Stage.SHADOW, strategy=Strategy.SHADOW)
    assert causes(decide(canary, learnt(canary, few), LATER)) == {Cause.MISSING}
    assert decide(canary, learnt(canary, many), SOON).outcome is Outcome.HOLD
    assert decide(canary, learnt(canary, many), LATER).outcome is Outcome.ADVANCE
    asked = decide(alone, learnt(alone, many), LATER)
    assert (asked.outcome, asked.reasons[0].cause) == (Outcome.ASK, Cause.PERSON)
    assert decide(canary, learnt(canary), MUCH_LATER).outcome is Outcome.ASK


def test_pairs_that_only_the_candidate_fails_roll_back() -> None:
    shadowing = at(Stage.SHADOW)
    failing = [shadow(f"f{number}", shadow_failed=True) for number in range(25)]
    decision = decide(shadowing, learnt(shadowing, PAIRS, failing), SOON)
    assert decision.outcome is Outcome.ROLL_BACK
    assert decision.reasons[0].metric == "failed"
    assert decision.reasons[0].figures["worse"] == 25


def test_pairs_that_disagree_a_lot_are_for_a_person() -> None:
    shadowing = at(Stage.SHADOW)
    differing = [shadow(f"d{number}", top_differs=True) for number in range(300)]
    decision = decide(shadowing, learnt(shadowing, PAIRS, differing), LATER)
    assert (decision.outcome, decision.reasons[0].metric) == (Outcome.ASK, "disagreement")


def test_a_shadow_that_could_still_hide_too_much_holds() -> None:
    strict = at(Stage.SHADOW, policy=Policy(shadow=ShadowPolicy(null_margin=0.0005)))
    assert causes(decide(strict, learnt(strict, PAIRS), LATER)) == {Cause.NOT_SHOWN}


def test_standby_waits_for_a_person_and_what_is_over_stays_so() -> None:
    standby = at(Stage.STANDBY, strategy=Strategy.BLUE_GREEN)
    assert causes(decide(standby, learnt(standby), LATER)) == {Cause.PERSON}
    for stage in (Stage.PROMOTED, Stage.ROLLED_BACK, Stage.ENDED):
        decision = decide(at(stage), learnt(CANARY, *BAD), LATER)
        assert (decision.outcome, causes(decision)) == (Outcome.HOLD, {Cause.OVER})


def test_evidence_is_divided_by_the_dispersion() -> None:
    wild = tuple(guardrail.model_copy(update={"dispersion": 5.0}) for guardrail in POLICY.guardrails)
    restless = at(Stage.CANARY, policy=Policy(guardrails=wild))
    slightly = [traffic(1500, share=0.05, null=(0.02, 0.07), at=10.0 + i, random=default_rng(i)) for i in range(4)]
    assert decide(CANARY, learnt(CANARY, *slightly), SOON).outcome is Outcome.ROLL_BACK
    assert decide(restless, learnt(restless, *slightly), SOON).outcome is Outcome.HOLD


def test_a_decision_is_json_with_finite_numbers_and_sentences() -> None:
    awful = [traffic(3000, share=0.5, null=(0.0, 1.0), at=10.0 + i) for i in range(3)]
    for batches in (GOOD, BAD, awful, []):
        document = orjson.loads(orjson.dumps(decide(CANARY, learnt(CANARY, *batches), LATER).as_document()))
        assert document["outcome"] in set(Outcome)
        for reason in document["reasons"]:
            assert reason["text"].endswith(".")
            assert all(np.isfinite(value) for value in reason["figures"].values())
