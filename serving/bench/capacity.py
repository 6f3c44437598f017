"""The highest rate that a server holds: bracketing, then bisection over runs of load. Knows no server."""

from collections.abc import Callable
from dataclasses import dataclass

from serving.bench.measures import LoadRun


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the search found."""

    highest_per_s: float | None
    """Highest offered rate that held; None if none did."""
    runs: tuple[LoadRun, ...]
    """Every run, in the order in which it was made."""


def find_highest_rate(
    measure: Callable[[float], LoadRun], *, start_per_s: float, tolerance: float = 0.05, max_runs: int = 12
) -> Capacity:
    """Highest rate at which `measure(rate).holds`, within a relative `tolerance`, in at most `max_runs` runs.

    Doubles or halves `start_per_s` until one rate holds and one does not, then bisects geometrically.
    """
    if start_per_s <= 0:
        raise ValueError(f"the first rate must be positive, not {start_per_s}/s")
    runs: list[LoadRun] = []
    held, failed, rate = 0.0, float("inf"), start_per_s
    while len(runs) < max_runs and failed / max(held, 1e-9) > 1 + tolerance:
        runs.append(measure(rate))
        held, failed = (max(held, rate), failed) if runs[-1].holds else (held, min(failed, rate))
        rate = _next_rate(held, failed)
    return Capacity(held or None, tuple(runs))


def _next_rate(held: float, failed: float) -> float:
    if failed == float("inf"):
        return held * 2
    if held == 0:
        return failed / 2
    return float((held * failed) ** 0.5)
