"""What a policy may say, and what it may not."""

import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitoring.signals.signal import Worse
from serving.rollouts.policy import GUARDRAILS, Guardrail, Kind, Policy, ShadowPolicy, Step

NULL = {"signal": "null_transcript", "margin": 0.005, "part": 0.5}
IMPOSSIBLE: list[tuple[dict[str, object], str]] = [
    ({"steps": [0.5, 0.25, 1.0]}, "steps must rise: 0.5, 0.25, 1"),
    ({"steps": [0.1, 0.1, 1.0]}, "steps must rise"),
    ({"steps": [0.05, 0.5]}, "the last step must be 1"),
    ({"steps": []}, "there must be a step"),
    ({"steps": [0.0, 1.0]}, "greater than 0"),
    ({"steps": [0.5, 1.5]}, "less than or equal to 1"),
    ({"steps": ["half"]}, "valid dictionary or instance of Step"),
    ({"alpha": 0}, "greater than 0"),
    ({"alpha": 0.5}, "less than 0.5"),
    ({"beta": math.nan}, "less than 0.5"),
    ({"guardrails": [NULL | {"dispersion": 0.9}]}, "greater than or equal to 1"),
    ({"guardrails": [NULL | {"dispersion": math.inf}]}, "finite"),
    ({"patience_s": 60}, "patience_s of 60 ends before the minimum time of a step"),
    ({"guardrails": []}, "there must be a step and a guardrail"),
    ({"guardrails": [NULL, NULL]}, "there are two guardrails for 'null_transcript'"),
    ({"guardrails": [NULL | {"margin": -0.005}]}, "greater than 0"),
    ({"guardrails": [NULL | {"margin": 1.0}]}, "can never be passed"),
    ({"guardrails": [NULL | {"worse": "either"}]}, "worse must be higher or lower"),
    ({"guardrails": [NULL | {"kind": "mean"}]}, "a mean needs a limit"),
    ({"guardrails": [NULL | {"part": 0.95}]}, "the parts of alpha add up to 1.05, over 1"),
    ({"step": [1.0]}, "Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("values", "complaint"), IMPOSSIBLE, ids=str)
def test_an_impossible_policy_is_one_clear_error(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as raised:
        Policy.model_validate(values)
    assert raised.value.error_count() == 1


def test_toml_and_json_say_the_same() -> None:
    text = """
    steps = [0.01, { share = 0.2, min_requests = 1000, min_s = 60.0 }, 1]
    alpha = 0.01
    [shadow]
    min_pairs = 50
    [[guardrails]]
    signal = "total_ms"
    kind = "mean"
    limit = 2000.0
    margin = 20.0
    part = 0.9
    """
    policy = Policy.model_validate(tomllib.loads(text))
    assert policy.steps[0] == Step(share=0.01)
    assert policy.steps[1].min_requests == 1000
    assert policy.guardrails[0].scaled_margin == 0.01
    assert policy.shadow_share == ShadowPolicy().share
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    assert Policy.model_validate_json(Policy().model_dump_json()) == Policy()


def test_the_default_spends_all_of_alpha_and_no_more() -> None:
    assert math.isclose(sum(one.part for one in GUARDRAILS) + ShadowPolicy().part, 1)


def test_steps_follow_each_other() -> None:
    policy = Policy()
    assert [policy.next_share(step.share) for step in policy.steps] == [0.1, 0.25, 0.5, 1.0, 1.0]
    assert policy.step_at(0.25) == policy.steps[2]
    assert policy.step_at(0.01) == policy.steps[0]


@settings(deadline=None)
@given(st.floats(), st.sampled_from([Worse.HIGHER, Worse.LOWER]), st.sampled_from(Kind))
def test_badness_is_in_zero_to_one_or_unknown(value: float, worse: Worse, kind: Kind) -> None:
    guardrail = Guardrail(signal="x", margin=0.1, part=0.1, worse=worse, kind=kind, limit=3.0)
    bad = guardrail.badness(value)
    assert (bad is None) == (not math.isfinite(value))
    assert bad is None or 0 <= bad <= 1


def test_what_is_bad_depends_on_the_direction() -> None:
    clicked = Guardrail(signal="clicked", margin=0.1, part=0.1, worse=Worse.LOWER)
    unsure = Guardrail(signal="confidence", margin=0.1, part=0.1, worse=Worse.LOWER, limit=0.5)
    mean = Guardrail(signal="confidence", margin=0.1, part=0.1, worse=Worse.LOWER, kind=Kind.MEAN, limit=1.0)
    assert (clicked.badness(False), clicked.badness(True), clicked.badness(1.0)) == (1, 0, 0)
    assert (unsure.badness(0.4), unsure.badness(0.6)) == (1, 0)
    assert mean.badness(0.75) == 0.25


def test_what_is_allowed_shrinks_as_more_users_get_the_candidate() -> None:
    null = GUARDRAILS[0]
    assert [round(null.allowed(share), 4) for share in (0.001, 0.1, 0.5, 1.0)] == [0.9, 0.05, 0.01, 0.005]
