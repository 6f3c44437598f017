"""From events to evidence: who counts for whom, and what counts for nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from monitoring.events import Event
from serving.rollouts.contest import Sums
from serving.rollouts.evidence import EVIDENCE, Evidence
from serving.rollouts.gathering import SETTLING_S, gathered
from serving.rollouts.paired import Pairs
from serving.rollouts.policy import Guardrail, Kind, Policy
from tests.serving.rollouts.queries import GOOD, NAMES, NULL, behaviour, query, shadow, traffic

BEGIN = Evidence(since=50.0)
POLICY = Policy()


def known(events: list[Event], evidence: Evidence = BEGIN, policy: Policy = POLICY) -> Evidence:
    return gathered(evidence, events, NAMES, policy)


def test_a_query_counts_for_whom_it_was_meant() -> None:
    helped = query("1", of="new", signals=GOOD | {"fallback": True})
    events = [replace(helped, slices={**helped.slices, "variant": "old"}), query("2", of="old"), query("3", of="new")]
    error = known(events).fleet["error"]
    assert (error.candidate, error.champion) == (Sums(n=2, bad=1), Sums(n=1))


def test_every_default_guardrail_is_read_from_what_the_service_writes() -> None:
    spoken = query("1", of="new", signals=GOOD | {"total_ms": 900.0, "confidence": 0.2, "result_count": 0})
    mute, broken = query("2", of="new", signals=NULL), query("3", of="new", signals={}, outcome="internal_error")
    did = behaviour(spoken, redo=True, switched_to_typing=True, clicked=False)
    fleet = known([spoken, mute, broken, did]).fleet
    assert {name: (contest.candidate.n, contest.candidate.bad) for name, contest in fleet.items()} == {
        "null_transcript": (2, 1),
        "error": (3, 1),
        "total_ms": (2, 1),
        "confidence": (2, 1),
        "zero_results": (1, 1),
        "redo": (1, 1),
        "switched_to_typing": (1, 1),
        "clicked": (1, 1),
    }


def test_what_is_no_evidence_is_counted_by_its_reason() -> None:
    strange = [query("late", at=49.0), query("other", of="third"), query("same"), query("same")]
    odd = query("odd", signals={"total_ms": float("nan"), "confidence": None})
    shed = query("shed", outcome="overloaded", signals={})
    found = known([*strange, odd, shed])
    assert found.ignored == {"late": 1, "unassigned": 1, "twice": 1, "unknown": 1}
    assert found.fleet["error"].champion == Sums(n=3)
    assert found.fleet["total_ms"].champion == Sums(n=1)


def test_pairs_are_of_recordings_that_both_heard() -> None:
    events = [
        shadow("1", null_candidate=True, confidence_candidate=0.1, top_differs=True),
        shadow("2", null_champion=True),
        replace(shadow("3"), signals={"shadow_failed": True}),
        replace(shadow("4"), slices={"candidate": "third"}),
    ]
    found = known(events)
    assert found.pairs == {
        "failed": Pairs(n=3, worse=1),
        "null": Pairs(n=2, worse=1, better=1),
        "low_confidence": Pairs(n=2, worse=1),
    }
    assert found.disagreement == Sums(n=2, bad=1)
    assert found.fleet == {}


def test_device_models_are_the_first_that_the_candidate_meets() -> None:
    events = [query("0", model="old-only"), query("1", of="new", model="a"), query("2", of="new", model="b")]
    events += [query("3", model="a", signals=NULL), query("4", of="new", model="c"), query("5", of="new", model="")]
    found = known(events, policy=Policy(max_slices=2))
    assert set(found.slices) == {"a", "b"}
    assert found.slices["a"]["null_transcript"].champion == Sums(n=1, bad=1)
    again = known([query("6", of="new", model="c")], found, Policy(max_slices=2))
    assert set(again.slices) == {"a", "b"}


def test_a_step_counts_from_when_all_replicas_have_its_share() -> None:
    begun = BEGIN.at_step(0.05, 0.1, since=100.0)
    found = known([query("1", at=100.0), query("2", at=100.0 + SETTLING_S, user="u")], begun)
    assert found.step is not None
    assert found.fleet["error"].champion.n == 2
    assert found.step.contests["error"].champion.n == 1
    assert found.step.assignment.users == (1, 0)
    assert found.at_step(0.05, 0.1, since=100.0) is found
    following = found.at_step(0.1, 0.25, since=200.0)
    assert following.step is not None
    assert following.step.contests == {}
    assert following.fleet == found.fleet


def test_a_signal_of_ones_own_is_a_guardrail_too() -> None:
    policy = Policy(guardrails=(Guardrail(signal="wer", margin=0.01, part=0.5, kind=Kind.MEAN, limit=1.0),))
    event = replace(query("1", of="new"), kind="review", signals={"wer": 0.25})
    assert known([event], policy=policy).fleet["wer"].candidate == Sums(n=1, bad=0.25)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 400), max_size=4), st.integers(0, 2**32))
def test_sums_do_not_depend_on_how_events_are_cut_into_calls(cuts: list[int], seed: int) -> None:
    events = traffic(200, share=0.3, random=default_rng(seed), models=("a", "b"))
    begun = BEGIN.at_step(0.3, 1.0, since=0.0)
    whole, parts = known(events, begun), begun
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(events)], strict=True):
        parts = known(events[start:end], parts)
    assert whole.step is not None
    assert parts.step is not None
    assert parts.step.assignment == whole.step.assignment
    for name, contest in whole.fleet.items():
        assert (parts.fleet[name].champion, parts.fleet[name].candidate) == (contest.champion, contest.candidate)
        assert parts.slices["a"][name].candidate == whole.slices["a"][name].candidate


def test_evidence_is_the_same_after_json() -> None:
    found = known([*traffic(400, share=0.3), shadow("1")], BEGIN.at_step(0.3, 1.0, since=0.0))
    assert EVIDENCE.validate_json(EVIDENCE.dump_json(found)) == found
    with pytest.raises(ValueError, match="since"):
        EVIDENCE.validate_json(b"{}")
