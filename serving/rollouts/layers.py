"""A policy from what the configuration says and what one rollout says over it. Knows no rollout."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from pydantic import JsonValue, ValidationError

from serving.rollouts.policy import Policy

Table = Mapping[str, JsonValue]


def policy_of(*layers: Table, signals: Collection[str] | None = None) -> Policy:
    """The defaults with each layer over those before it; tables are merged, lists are replaced.

    `signals` are those that a guardrail may have; None: any. Raises ValueError in one line that names the key.
    """
    merged: Table = {}
    for layer in layers:
        merged = _over(layer, merged)
    try:
        policy = Policy.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("policy", *map(str, first["loc"])))
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
    if signals is not None:
        _check_signals(policy, signals)
    return policy


def _check_signals(policy: Policy, known: Collection[str]) -> None:
    """A guardrail for a signal that no event has would protect nobody."""
    for number, guardrail in enumerate(policy.guardrails):
        if (name := guardrail.signal) not in known:
            [nearest] = get_close_matches(name, sorted(known), 1, cutoff=0.0)
            raise ValueError(f"policy.guardrails.{number}.signal: no signal {name!r}; the nearest is {nearest!r}")


def _over(layer: Table, below: Table) -> dict[str, JsonValue]:
    merged = dict(below)
    for key, value in layer.items():
        known = merged.get(key)
        merged[key] = _over(value, known) if isinstance(value, dict) and isinstance(known, dict) else value
    return merged
