"""What the champion's past says of a policy, before a rollout begins. Knows where events are; decides nothing."""

from typing import Final

from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.store import EventStore
from serving.rollouts.dispersion import with_dispersion
from serving.rollouts.policy import Policy

LATEST: Final = 20_000
"""Events that are read, the last ones stored."""


def measured(policy: Policy, store: EventStore, champion: str) -> Policy:
    """The policy with guardrails as wide as users repeat themselves; see `serving.rollouts.dispersion`.

    Raises StoreUnavailable and StoreUnusable.
    """
    stored = [event for _, event in store.after(max(0, store.newest() - LATEST), limit=LATEST)]
    tracker = BehaviourTracker()
    behaviour = [*tracker.update(stored), *tracker.close()]
    return with_dispersion(
        policy, (event for event in (*stored, *behaviour) if event.slices.get("variant") == champion)
    )
