"""`[rollout]`: the variants that there are, and how a server follows what was decided about them."""

from typing import Self

from pydantic import Field, JsonValue, model_validator

from serving.rollouts.layers import policy_of
from serving.section import Positive, Section
from serving.variants.variant import CHAMPION, Variant, VariantName


class RolloutSettings(Section):
    """The variants that there are, and how a server follows what is decided about them ([rollouts.md](rollouts.md))."""

    variants: tuple[Variant, ...] = ()
    """Versions beside the champion: tables `[[rollout.variants]]`, of which nothing but the name must be given."""
    degrade_to: VariantName | None = None
    """The variant that answers where the champion has no room; absent: such queries are turned away."""
    header: bool = False
    """Testers may ask for a variant by the header `X-Voicesearch-Variant`."""
    poll_s: Positive = 0.5
    """How soon a decision of another replica is followed."""
    check_every_s: Positive = 10.0
    """How often the evidence is looked at."""
    policy: dict[str, JsonValue] = Field(default_factory=dict)
    """What every rollout here has over [the default policy](rollouts.md#policy): a table `[rollout.policy]`."""
    heed_alarms: bool = True
    """A critical alarm about the candidate rolls it back."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        names = [variant.name for variant in self.variants]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"there are two variants {min(twice)!r}")
        if CHAMPION in names:
            raise ValueError(f"{CHAMPION!r} is the name of what the configuration itself describes")
        if self.degrade_to not in {None, *names}:
            raise ValueError(f"degrade_to: there is no variant {self.degrade_to!r}")
        policy_of(self.policy)
        return self
