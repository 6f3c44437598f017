"""Policies in layers, and guardrails that would protect nobody."""

import pytest

from monitoring.signals.behaviour import BEHAVIOUR
from serving.rollouts.gathering import guardable, value_of
from serving.rollouts.layers import policy_of
from serving.rollouts.policy import GUARDRAILS, Policy
from serving.settings import Settings
from serving.watching import watched_of
from tests.serving.rollouts.queries import query

KNOWN = guardable(BEHAVIOUR)


def guarding(signal: str) -> dict[str, object]:
    return {"guardrails": [{"signal": signal, "margin": 0.01, "part": 0.5}]}


def test_the_default_guardrails_are_of_known_signals() -> None:
    assert policy_of(signals=KNOWN) == Policy()
    assert {one.signal for one in GUARDRAILS} <= KNOWN


@pytest.mark.parametrize(
    ("signal", "nearest"),
    [("null_transcripts", "null_transcript"), ("eror", "error"), ("rss_mib", "snr_db"), ("\n", "")],
)
def test_a_guardrail_for_an_unknown_signal_is_refused_with_the_nearest(signal: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=r"policy\.guardrails\.0\.signal: no signal .*; the nearest is ") as refused:
        policy_of(guarding(signal), signals=KNOWN)  # type: ignore[arg-type]
    assert nearest in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_queries_carry_and_what_is_configured_may_be_guarded() -> None:
    settings = Settings.model_validate({"monitoring": {"signals": [{"name": "blur", "about": "How blurred it is."}]}})
    known = guardable(watched_of(settings.monitoring).signals)
    for signal in ("blur", "result_count", "degraded"):
        assert policy_of(guarding(signal), signals=known).guardrails[0].signal == signal  # type: ignore[arg-type]
        assert value_of(signal, query("1", signals={signal: 1.0})) == 1.0
