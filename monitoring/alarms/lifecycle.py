"""The life of alarms: what a check's diagnoses make of the alarms there are, and who has to hear of it.

One pure step from alarms to alarms. Knows no clock, no database and no receiver. Findings are judged by policies:
enough evidence opens an alarm, less keeps it open (hysteresis), none for a while resolves it; one that comes back
is the same alarm and then stays open longer each time, so that a signal that swings tells its story a few times,
not a hundred.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from monitoring.alarms.alarm import Alarm, Change, Entry, Notification, State, alarm_id, strongest
from monitoring.alarms.kinship import Neighbours, is_kin, nearest, signals
from monitoring.alarms.policy import Policies, Policy, Severity
from monitoring.findings import Diagnosis, Finding, contains

MAX_REOPENED: Final = 6
"""From then on an alarm's quiet time doubles no more."""
QUIET_OF_UNKNOWN_S: Final = 900.0
"""Of an alarm whose policy is gone."""


class Passed(StrEnum):
    """Why a diagnosis made no alarm, and what else is counted."""

    UNMATCHED = "unmatched"
    """No policy watches any of its signals there."""
    NOT_FINITE = "not_finite"
    """A finding with a value that is no number; it is left out."""
    BELOW = "below_threshold"
    WARMING_UP = "warming_up"
    COOLING_DOWN = "cooling_down"
    """A person resolved the same signals a while ago."""
    JOINED = "joined"
    """It belongs to an alarm that is open."""
    CLOCK_JUMPS = "clock_jumps"
    """Alarms that lay in the future, since the clock was set back; their times begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a check has changed."""

    alarms: tuple[Alarm, ...]
    """All that came in, as they now are, and the new ones."""
    notifications: tuple[Notification, ...]
    entries: tuple[Entry, ...]
    counts: Mapping[Passed, int]

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        """Those that go on."""
        return tuple(alarm for alarm in self.alarms if alarm.is_open)


Judged = tuple[str, Policy, Finding]
"""A policy's name, the policy, and a finding that concerns it."""


def step(alarms: Sequence[Alarm], diagnoses: Sequence[Diagnosis], now: float, policies: Policies) -> Step:
    """Take in what a check found.

    `alarms` are the open ones, and those that were resolved within the longest cool-down. `now` is in seconds since
    1970 UTC; times of alarms after it are brought back to it.
    """
    under_way = _Step(alarms, now, policies)
    for diagnosis in diagnoses:
        under_way.take(diagnosis)
    under_way.let_time_pass()
    return under_way.done()


class _Step:
    """A step under way."""

    def __init__(self, alarms: Sequence[Alarm], now: float, policies: Policies) -> None:
        self._now = now
        self._policies = policies
        self._counts: Counter[Passed] = Counter()
        self._notifications: list[Notification] = []
        self._entries: list[Entry] = []
        self._alarms = {alarm.alarm_id: self._in_window(self._not_in_future(alarm)) for alarm in alarms}
        self._neighbours = Neighbours()
        for alarm in alarms:
            self._neighbours.add(alarm)

    def done(self) -> Step:
        return Step(
            alarms=tuple(self._alarms.values()),
            notifications=tuple(self._notifications),
            entries=tuple(self._entries),
            counts=dict(+self._counts),
        )

    def take(self, diagnosis: Diagnosis) -> None:
        """Join it to an alarm, open one, or count why not."""
        concerned = [
            (name, self._policies.policy[name], finding)
            for finding in self._finite(diagnosis.findings)
            if (name := self._policies.for_finding(finding)) is not None
        ]
        keeping = [judged for judged in concerned if judged[1].keeps(judged[2])]
        home = nearest(filter(_is_open, self._near(diagnosis)), diagnosis)
        if not concerned:
            self._counts[Passed.UNMATCHED] += 1
        elif not keeping:
            self._counts[Passed.BELOW] += 1
        elif home:
            self._join(home, diagnosis, keeping)
        else:
            self._begin(diagnosis, keeping)

    def _near(self, diagnosis: Diagnosis) -> list[Alarm]:
        return [self._alarms[one] for one in self._neighbours.of(diagnosis.slice)]

    def _finite(self, findings: Sequence[Finding]) -> list[Finding]:
        good = [one for one in findings if math.isfinite(one.before + one.after + one.evidence + one.since + one.at)]
        self._counts[Passed.NOT_FINITE] += len(findings) - len(good)
        return good

    def let_time_pass(self) -> None:
        """Silences end, and what was not seen for long enough is over."""
        for alarm in filter(_is_open, list(self._alarms.values())):
            if self._now - alarm.last_seen_at >= self._quiet_s(alarm):
                self._tell(Change.RESOLVED, replace(alarm, state=State.RESOLVED, resolved_at=self._now))
            elif alarm.state is State.SILENCED and self._now >= (alarm.silenced_until or self._now):
                self._tell(
                    Change.FIRED, replace(alarm, state=State.FIRING, silenced_until=None), note="silence is over"
                )

    def _join(self, alarm: Alarm, diagnosis: Diagnosis, keeping: Sequence[Judged]) -> None:
        self._counts[Passed.JOINED] += 1
        spreads = contains(diagnosis.slice, alarm.slice) and diagnosis.slice != alarm.slice
        opening = _opening(keeping)
        spreads = spreads and bool(opening)
        severity = max((policy.severity for _, policy, _ in opening), key=_rank, default=alarm.severity)
        severity = max(alarm.severity.raised() if spreads else alarm.severity, severity, key=_rank)
        joined = replace(
            alarm,
            slice=diagnosis.slice if spreads else alarm.slice,
            severity=severity,
            last_seen_at=self._now,
            diagnosis=strongest(alarm.diagnosis, diagnosis, tuple(finding for _, _, finding in keeping)),
        )
        if spreads or severity is not alarm.severity:
            state = State.FIRING if alarm.state is State.ACKNOWLEDGED else alarm.state
            self._tell(Change.ESCALATED, replace(joined, state=state), previous=alarm)
            self._absorb(self._alarms[alarm.alarm_id], diagnosis)
        else:
            self._alarms[alarm.alarm_id] = joined

    def _absorb(self, wide: Alarm, diagnosis: Diagnosis) -> None:
        """Other alarms that are part of one that has spread are over."""
        for other in filter(_is_open, list(self._alarms.values())):
            if other is not wide and contains(wide.slice, other.slice) and is_kin(other, diagnosis):
                part = replace(other, state=State.RESOLVED, resolved_at=self._now, merged_into=wide.alarm_id)
                self._tell(Change.RESOLVED, part, note=f"part of {wide.alarm_id}")

    def _begin(self, diagnosis: Diagnosis, keeping: Sequence[Judged]) -> None:
        opening = _opening(keeping)
        warm = [judged for judged in opening if judged[1].is_warm(judged[2])]
        if not warm:
            self._counts[Passed.WARMING_UP if opening else Passed.BELOW] += 1
            return
        name, policy, _ = max(warm, key=lambda one: (one[1].severity.rank, one[2].evidence))
        recent = self._recent(diagnosis, policy)
        earlier = nearest(recent, diagnosis)
        if earlier is None:
            self._open(name, policy, diagnosis, keeping)
        elif earlier.resolved_by is not None:
            if {finding.signal for _, _, finding in opening} <= _settled(recent):
                self._counts[Passed.COOLING_DOWN] += 1
            else:
                self._open(name, policy, diagnosis, keeping)
        else:
            again = replace(
                earlier,
                state=State.FIRING,
                resolved_at=None,
                last_seen_at=self._now,
                reopened=earlier.reopened + 1,
                diagnosis=strongest(earlier.diagnosis, diagnosis, tuple(finding for _, _, finding in keeping)),
            )
            self._raise(Change.REOPENED, again, policy)

    def _open(self, name: str, policy: Policy, diagnosis: Diagnosis, keeping: Sequence[Judged]) -> None:
        alarm = Alarm(
            alarm_id=alarm_id(name, diagnosis.slice, self._now),
            policy=name,
            severity=policy.severity,
            state=State.FIRING,
            slice=diagnosis.slice,
            diagnosis=replace(diagnosis, findings=tuple(finding for _, _, finding in keeping)),
            opened_at=self._now,
            last_seen_at=self._now,
        )
        self._raise(Change.FIRED, alarm, policy)

    def _raise(self, change: Change, alarm: Alarm, policy: Policy) -> None:
        until = policy.silent_until(self._now)
        if until is not None:
            alarm = replace(alarm, state=State.SILENCED, silenced_until=until)
        self._tell(change, alarm)

    def _recent(self, diagnosis: Diagnosis, policy: Policy) -> list[Alarm]:
        """Alarms of the same cause that were resolved within the cool-down."""
        return [
            alarm
            for alarm in self._near(diagnosis)
            if alarm.resolved_at is not None
            and alarm.merged_into is None
            and self._now - alarm.resolved_at < policy.cool_down_s
            and is_kin(alarm, diagnosis)
        ]

    def _tell(self, change: Change, alarm: Alarm, *, previous: Alarm | None = None, note: str = "") -> None:
        """Keep the alarm and its history; receivers hear of it unless it is silenced, and of no end without a begin."""
        if alarm.state is not State.SILENCED and not (change is Change.RESOLVED and alarm.told == 0):
            alarm = replace(alarm, told=alarm.told + 1)
            self._notifications.append(Notification(change=change, alarm=alarm, at=self._now, previous=previous))
        self._alarms[alarm.alarm_id] = alarm
        self._neighbours.add(alarm)
        self._entries.append(Entry(alarm_id=alarm.alarm_id, at=self._now, action=change, note=note))

    def _quiet_s(self, alarm: Alarm) -> float:
        policy = self._policies.policy.get(alarm.policy)
        quiet_s = QUIET_OF_UNKNOWN_S if policy is None else policy.quiet_s
        return quiet_s * 2.0 ** min(alarm.reopened, MAX_REOPENED)

    def _not_in_future(self, alarm: Alarm) -> Alarm:
        latest = max(alarm.opened_at, alarm.last_seen_at, alarm.resolved_at or 0.0)
        if latest <= self._now:
            return alarm
        self._counts[Passed.CLOCK_JUMPS] += 1
        return replace(
            alarm,
            opened_at=min(alarm.opened_at, self._now),
            last_seen_at=min(alarm.last_seen_at, self._now),
            resolved_at=None if alarm.resolved_at is None else min(alarm.resolved_at, self._now),
        )

    def _in_window(self, alarm: Alarm) -> Alarm:
        """Silenced, if it fires in a window of its policy's silence."""
        policy = self._policies.policy.get(alarm.policy)
        until = policy.silent_until(self._now) if policy and alarm.state is State.FIRING else None
        return alarm if until is None else replace(alarm, state=State.SILENCED, silenced_until=until)


def _opening(keeping: Sequence[Judged]) -> list[Judged]:
    return [judged for judged in keeping if judged[1].opens(judged[2])]


def _settled(alarms: Sequence[Alarm]) -> set[str]:
    """Signals of which people have said that it is over."""
    return {name for alarm in alarms if alarm.resolved_by is not None for name in signals(alarm.diagnosis)}


def _is_open(alarm: Alarm) -> bool:
    return alarm.is_open


def _rank(severity: Severity) -> int:
    return severity.rank
