"""Policies of alarms: what is watched, when it is too much, who is told, and when one keeps quiet.

Read from TOML: the packaged file for voice search, and an own file whose tables go before those of the same name.
Knows no alarm.
"""

import tomllib
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import orjson
from pydantic import Field, ValidationError

from monitoring.alarms.receivers import Receiver, Webhook
from monitoring.alarms.silence import SilenceWindow
from monitoring.alarms.thresholds import Statistical, Table, Threshold, WindowStatistics, finding_of
from monitoring.findings import Finding, Slice
from monitoring.relation import Relation
from monitoring.watched import Watched

ANY: Final = "*"
"""Stands for every signal."""
POLICY_DETECTOR: Final = "policy:"
"""Begins the detector's name in findings of static and adaptive thresholds; the policy's name follows."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Severity(StrEnum):
    """How bad it is, and so how soon somebody has to look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 is the mildest."""
        return list(Severity).index(self)

    def raised(self) -> "Severity":
        """The next worse one.

        >>> Severity.WARNING.raised()
        <Severity.CRITICAL: 'critical'>
        """
        return list(Severity)[min(self.rank + 1, len(Severity) - 1)]


class Policy(Table):
    """One alarm that may be raised."""

    reason: Annotated[str, Field(min_length=10)]
    """Why there is such an alarm, in a sentence of 10 characters or more."""
    signals: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Names of signals; `*` is all."""
    slices: Annotated[tuple[tuple[Name, ...], ...], Field(min_length=1)] | None = None
    """Sets of fields by which slices are made, `[]` being everything; absent: any. Each must be watched."""
    threshold: Threshold
    """When it is too much: a table of one of the kinds below."""
    severity: Severity
    """`info`, `warning` or `critical`; an alarm that spreads gets the next worse one."""
    warm_up_requests: Annotated[int, Field(ge=0)] = 20
    """A finding of fewer requests opens nothing."""
    warm_up_s: Seconds = 0.0
    """Nor does one that is younger."""
    quiet_s: Seconds = 900.0
    """An alarm is over when it was not seen for so long."""
    cool_down_s: Seconds = 3600.0
    """What comes back sooner is the old alarm again; what a person has resolved stays so for that time."""
    route: tuple[TableName, ...] | None = None
    """Names of receivers; absent: all of them."""
    silences: tuple[SilenceWindow, ...] = ()
    """Windows of the week in which nobody is told."""

    def applies(self, signal: str, which: Slice) -> bool:
        """Does it watch that signal in such a slice?"""
        fields = {field for field, _ in which}
        by_slice = self.slices is None or any(fields == set(wanted) for wanted in self.slices)
        return by_slice and (signal in self.signals or ANY in self.signals)

    def keeps(self, finding: Finding) -> bool:
        """Is it enough to keep an alarm open?"""
        if not isinstance(self.threshold, Statistical):
            return finding.evidence > 0
        rise = finding.after - finding.before
        side = {"above": rise > 0, "below": rise < 0, "either": True}[self.threshold.side]
        return side and finding.evidence >= self.threshold.clear_evidence

    def opens(self, finding: Finding) -> bool:
        """Is it enough to open one, warm-up apart?"""
        if not isinstance(self.threshold, Statistical):
            return finding.evidence >= 1
        effect = abs(finding.after - finding.before)
        return (
            self.keeps(finding)
            and finding.evidence >= self.threshold.min_evidence
            and effect >= self.threshold.min_effect
        )

    def is_warm(self, finding: Finding) -> bool:
        """Is there enough of it to open an alarm?"""
        return finding.requests >= self.warm_up_requests and finding.at - finding.since >= self.warm_up_s

    def silent_until(self, now: float) -> float | None:
        """When the silence that holds at `now` ends; None without one."""
        return max((end for one in self.silences if (end := one.end_at(now)) is not None), default=None)


class Policies(Table):
    """All that a policy file says."""

    runbook: Annotated[str, Field(min_length=1)] = "docs/runbook.md"
    """Path or address of the runbook; alarms link its headings."""
    disabled: tuple[TableName, ...] = ()
    """Names of packaged policies that are not wanted."""
    policy: dict[TableName, Policy] = Field(default_factory=dict)
    """By name, which is the name of the alarm too."""
    receiver: dict[TableName, Receiver] = Field(default_factory=dict)
    """By name, as `route` has it."""

    def for_finding(self, finding: Finding) -> str | None:
        """Name of the policy that the finding concerns: its own, or the first statistical one that watches it."""
        if finding.detector.startswith(POLICY_DETECTOR):
            name = finding.detector.removeprefix(POLICY_DETECTOR)
            return name if name in self.policy else None
        for name, policy in self.policy.items():
            if isinstance(policy.threshold, Statistical) and policy.applies(finding.signal, finding.slice):
                return name
        return None

    def evaluate(self, windows: Sequence[WindowStatistics]) -> Iterator[Finding]:
        """What static and adaptive thresholds say of the windows; evidence under 1 only keeps alarms open."""
        for name, policy in self.policy.items():
            if isinstance(policy.threshold, Statistical):
                continue
            for window in windows:
                if policy.applies(window.signal, window.slice) and (
                    found := finding_of(policy.threshold, window, detector=POLICY_DETECTOR + name)
                ):
                    yield found

    def quantiles(self) -> frozenset[float]:
        """The quantiles that windows need for `evaluate`."""
        thresholds = [one.threshold for one in self.policy.values() if not isinstance(one.threshold, Statistical)]
        wanted = (value for one in thresholds for value in (one.of, getattr(one, "quantile", None)))
        return frozenset(value for value in wanted if isinstance(value, float))

    def runbook_link(self, policy: str) -> str:
        """Where the runbook speaks of it."""
        return f"{self.runbook}#{policy}"

    def check_secrets(self) -> None:
        """Raises ValueError in one line where a receiver's key is not in the environment."""
        for name, receiver in self.receiver.items():
            if isinstance(receiver, Webhook):
                try:
                    receiver.secret()
                except ValueError as error:
                    raise ValueError(f"receiver.{name}: {error}") from error

    def receivers_of(self, policy: str) -> list[str]:
        """Names of who is told; of a policy that is gone, everybody."""
        known = self.policy.get(policy)
        return list(self.receiver if known is None or known.route is None else known.route)


def read_policies(
    own: Path | None = None, *, signals: Collection[str] = (), combinations: Collection[tuple[str, ...]] = ()
) -> Policies:
    """The packaged policies, with an own file over them.

    `signals` are those that exist, `combinations` the sets of fields by which slices are made; without them the names
    are not checked. Raises ValueError in one line that names the place, OSError where the file cannot be read.
    """
    packaged = files("monitoring.alarms").joinpath("default_policies.toml").read_text(encoding="utf-8")
    policies = _parsed(packaged, "default_policies.toml")
    if own is not None:
        try:
            mine = _parsed(own.read_text(encoding="utf-8"), str(own))
        except UnicodeDecodeError as error:
            raise ValueError(f"{own}: {error}") from error
        policies = _over(mine, policies, str(own))
    source = str(own or "default_policies.toml")
    _check_names(policies, signals, source)
    _check_slices(policies, combinations, source)
    return policies


def signal_names(watched: Watched) -> list[str]:
    """Names of all signals that a monitor of such a service has."""
    residuals = Relation(watched.signals, watched.inputs, watched.outcomes).residuals
    return [signal.name for signal in (*watched.signals, *residuals)]


def _over(mine: Policies, packaged: Policies, source: str) -> Policies:
    """Policies of one's own go before the packaged ones, which end in one for all signals."""
    if unknown := sorted(set(mine.disabled) - packaged.policy.keys()):
        raise ValueError(f"{source}: disabled: there is no packaged policy {unknown[0]!r}")
    left = {n: one for n, one in packaged.policy.items() if n not in mine.policy and n not in mine.disabled}
    return mine.model_copy(update={"policy": mine.policy | left})


def _parsed(text: str, source: str) -> Policies:
    try:
        return Policies.model_validate_json(orjson.dumps(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, orjson.JSONEncodeError) as error:
        raise ValueError(f"{source}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{source}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _check_names(policies: Policies, signals: Collection[str], source: str) -> None:
    for name, policy in policies.policy.items():
        if signals and (unknown := sorted(set(policy.signals) - {ANY} - set(signals))):
            raise ValueError(f"{source}: policy.{name}: there is no signal {unknown[0]!r}")
        if unrouted := sorted(set(policy.route or ()) - policies.receiver.keys()):
            raise ValueError(f"{source}: policy.{name}: there is no receiver {unrouted[0]!r}")


def _check_slices(policies: Policies, combinations: Collection[tuple[str, ...]], source: str) -> None:
    watched = [frozenset(fields) for fields in combinations]
    for name, policy in policies.policy.items():
        for fields in policy.slices or ():
            if watched and frozenset(fields) not in watched:
                known = ", ".join(_listed(one) for one in combinations)
                raise ValueError(f"{source}: policy.{name}: no slices are made by {_listed(fields)}, only by {known}")


def _listed(fields: tuple[str, ...]) -> str:
    """As it stands in the file."""
    return orjson.dumps(fields).decode()
