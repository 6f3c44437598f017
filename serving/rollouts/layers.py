"""A policy from what the configuration says and what one rollout says over it. Knows no rollout."""

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from serving.rollouts.policy import Policy

Table = Mapping[str, JsonValue]


def policy_of(*layers: Table) -> Policy:
    """The defaults with each layer over those before it; tables are merged, lists are replaced.

    Raises ValueError in one line that names the key.
    """
    merged: Table = {}
    for layer in layers:
        merged = _over(layer, merged)
    try:
        return Policy.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("policy", *map(str, first["loc"])))
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _over(layer: Table, below: Table) -> dict[str, JsonValue]:
    merged = dict(below)
    for key, value in layer.items():
        known = merged.get(key)
        merged[key] = _over(value, known) if isinstance(value, dict) and isinstance(known, dict) else value
    return merged
