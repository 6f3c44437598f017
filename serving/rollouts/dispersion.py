"""How much more a champion's counts vary than those of independent queries, measured on its past.

Who was not understood asks again, and is often not understood again. Users are assigned, not queries, so the chance of
errors that a policy promises holds for users; a dispersion over 1 makes up for that. Knows no rollout.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from monitoring.events import Event
from serving.rollouts.gathering import unit_of, value_of
from serving.rollouts.policy import Guardrail, Policy

LEAST_BAD: Final = 100.0
"""With fewer bad queries, or fewer good ones, nothing is concluded."""


def with_dispersion(policy: Policy, events: Iterable[Event]) -> Policy:
    """The policy with every guardrail's dispersion as these events show it, where they do; never under 1.

    Give events of a stretch of time, whole visits of users, all of one variant.
    """
    kept = list(events)
    guardrails = tuple(one.model_copy(update={"dispersion": _measured(one, kept)}) for one in policy.guardrails)
    return policy.model_copy(update={"guardrails": guardrails})


def _measured(guardrail: Guardrail, events: Sequence[Event]) -> float:
    """The design effect of clusters: squared deviations of users' sums, over what independent queries would have."""
    users: defaultdict[str, list[float]] = defaultdict(list)
    for event in events:
        if (bad := guardrail.badness(value_of(guardrail.signal, event))) is not None:
            users[unit_of(event)].append(bad)
    n, bad_ones = sum(map(len, users.values())), sum(map(sum, users.values()))
    if min(bad_ones, n - bad_ones) < LEAST_BAD:
        return guardrail.dispersion
    share = bad_ones / n
    deviations = sum((sum(values) - len(values) * share) ** 2 for values in users.values())
    return max(1.0, deviations / (n * share * (1 - share)))
