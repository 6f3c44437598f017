"""The result of comparing two windows, and the rule that makes a verdict of it.

With enough rows every difference is significant, and with few rows none is however large: so a verdict asks for both,
a difference that matters and one that chance does not explain. Knows no measure.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far two windows are apart, and how surely."""

    measure: str
    """Name of the method, which gives `effect` its unit."""
    before: int
    """Usable rows of the reference."""
    now: int
    """Usable rows of the present window."""
    effect: float | None = None
    """Size of the difference, in the unit of the measure; it does not grow with the number of rows."""
    p_value: float | None = None
    """Chance of a difference as large as this one where nothing changed; of one look, not of many."""
    interval: tuple[float, float] | None = None
    """Of the effect, at the confidence that was asked for; None where the measure gives none."""
    undefined: str = ""
    """Why there is no effect; empty where there is one."""

    @property
    def is_defined(self) -> bool:
        """Whether the windows could be compared at all."""
        return self.effect is not None and self.p_value is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a difference must be for a verdict."""

    effect: float
    """At least this large, up or down, in the unit of the measure."""
    p_value: float = 0.001

    def is_met(self, found: Comparison) -> bool:
        """Whether the windows differ; an undefined comparison never says so.

        >>> found = Comparison(measure="psi", before=10**6, now=10**6, effect=0.0004, p_value=1e-9)
        >>> Demand(effect=0.1).is_met(found)
        False
        """
        if found.effect is None or found.p_value is None:
            return False
        return abs(found.effect) >= self.effect and found.p_value <= self.p_value
