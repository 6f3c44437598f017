"""A diagnosis as people read it: whom it concerns, what moved and by how much. Knows no file and no store."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from monitoring.alarms.payloads import rfc3339
from monitoring.alarms.policy import Policies
from monitoring.findings import FLEET, Cause, Cost, Diagnosis, Finding, Slice, slice_name
from serving.commands.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_CAUSES: Final = 3
SHOWN_SIGNALS: Final = 8
SHOWN_EXAMPLES: Final = 5
NEARLY_ALL: Final = 0.9
"""A slice with so much of the traffic is as good as everything."""
NOTICEABLE: Final = 0.1
"""Least difference of an outcome, as a share of the larger value."""


def lines_of(one: Diagnosis, policies: Policies) -> Iterator[str]:
    """A diagnosis in words; all but the findings."""
    yield f"{slice_name(one.slice)}: {one.drift} drift, {one.findings[0].pace}, since {rfc3339(one.since)}"
    for cause in _telling(one)[:SHOWN_CAUSES]:
        yield f"  explains {cause.explained:.0%} of the shift: {slice_name(cause.slice)}"
    for cost in filter(is_noticeable, one.costs):
        yield f"  {cost.signal}: {cost.here:.4g} here, {cost.elsewhere:.4g} elsewhere, in {cost.requests} requests"
    for remark in one.remarks:
        yield f"  {remark}"
    if one.examples:
        yield f"  for example {', '.join(one.examples[:SHOWN_EXAMPLES])}"
    yield f"  see {runbook(one, policies) or 'no policy: no alarm'}"


def runbook(one: Diagnosis, policies: Policies) -> str | None:
    """Where the runbook speaks of the strongest finding that a policy watches."""
    named = (policies.for_finding(finding) for finding in one.findings)
    return next((policies.runbook_link(name) for name in named if name), None)


def findings_of(one: Diagnosis) -> "Table":
    """By how much each signal moved: a row each, in the slice that it concerns if it was found there."""
    from rich.table import Table
    from rich.text import Text

    table = Table("", "Signal", "Before", "After", "Requests", "Slice", "Detector", box=None)
    signals = list(dict.fromkeys(finding.signal for finding in one.findings))
    for signal in signals[:SHOWN_SIGNALS]:
        found, where = shown(signal, one)
        numbers = (f"{found.before:.4g}", f"-> {found.after:.4g}", str(found.requests))
        table.add_row("", signal, *numbers, Text(printable(where)), found.detector)
    if (more := len(signals) - SHOWN_SIGNALS) > 0:
        table.add_row("", f"and {more} more")
    return table


def shown(signal: str, one: Diagnosis) -> tuple[Finding, str]:
    """The finding that stands for a signal, and where it was found, other slices counted."""
    own = [finding for finding in one.findings if finding.signal == signal]
    best = next((finding for finding in own if finding.slice == one.slice), own[0])
    others = {finding.slice for finding in own} - {best.slice}
    if not others:
        return best, slice_name(best.slice)
    what = "slice" if len(others) == 1 else "slices"
    hold = all(set(other) <= set(best.slice) for other in others)
    more = f"{what} that hold{'s' * (len(others) == 1)} it" if hold else f"other {what}"
    return best, f"{slice_name(best.slice)}, and in {len(others)} {more}"


def is_noticeable(cost: Cost) -> bool:
    """Is it known, and further from elsewhere than chance takes a share of so many requests?"""
    here, elsewhere = cost.here, cost.elsewhere
    if not math.isfinite(here - elsewhere):
        return False
    chance = 2 * math.sqrt(elsewhere * (1 - elsewhere) / cost.requests) if 0 <= elsewhere <= 1 and cost.requests else 0
    return abs(here - elsewhere) > max(NOTICEABLE * max(abs(here), abs(elsewhere)), chance)


def _telling(one: Diagnosis) -> Sequence[Cause]:
    """Causes that are not all the traffic; the first where there is no other."""
    return [cause for cause in one.causes if not _is_all(cause.slice, one.findings)] or one.causes[:1]


def _is_all(which: Slice, findings: Sequence[Finding]) -> bool:
    """Does the slice get nearly as many requests as all slices together, by every signal found in both?"""
    if which == FLEET:
        return True
    everywhere, here = _rates(FLEET, findings), _rates(which, findings)
    both = everywhere.keys() & here.keys()
    return bool(both) and all(here[key] >= NEARLY_ALL * everywhere[key] for key in both)


def _rates(which: Slice, findings: Sequence[Finding]) -> dict[tuple[str, str], float]:
    """Requests a second by signal and detector."""
    return {
        (one.signal, one.detector): one.requests / (one.at - one.since)
        for one in findings
        if one.slice == which and one.at > one.since
    }
