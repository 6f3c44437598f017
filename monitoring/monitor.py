"""From events to diagnoses: everything that watches, in the order in which a batch goes through it.

    events -> columns -> slices -> tally -> panes, reference, detectors -> findings -> diagnoses

`update` takes events as they come, `check` says what is wrong now. Knows no signal by name and no model, so it
watches any service; knows no clock and no store.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import ColumnReader, Columns
from monitoring.diagnosis.course import pace_of
from monitoring.diagnosis.diagnose import diagnose
from monitoring.diagnosis.evidence import Evidence
from monitoring.events import Event
from monitoring.findings import Diagnosis, Finding, Pace, Slice
from monitoring.found import Found, found_by_detectors
from monitoring.gradual import GradualDetector
from monitoring.histogram import Histogram
from monitoring.paces import Paces
from monitoring.panes import Panes
from monitoring.recent import Recent
from monitoring.reference import Reference, ReferenceRule
from monitoring.relation import Relation
from monitoring.scores import Direction
from monitoring.shift import HINT, ShiftDetector
from monitoring.signals.signal import Signal
from monitoring.slices import NONE, Codes, SliceTable
from monitoring.state import restore, written
from monitoring.tally import tally
from monitoring.watched import Watched
from monitoring.windows import Windows

GONE_S: Final = 21_600.0
"""A slice without values for so long is no longer judged."""
NEW_SLICES_S: Final = 30.0
"""How soon it is asked what to expect of slices that have just appeared, such as a device with a new version."""
TICK: Final = 1_000
"""Most events that are judged together; more at once cost less time and delay a finding."""


class Derivation(Protocol):
    """Concludes events from several events, as `monitoring.behaviour` does."""

    @property
    def kind(self) -> str:
        """Of the events that it concludes; those of that kind that come from elsewhere are not counted too."""

    def update(self, events: Iterable[Event]) -> list[Event]:
        """What can be concluded now."""

    def to_bytes(self) -> bytes:
        """All that it waits for, for `restore`."""

    def restore(self, data: bytes) -> None:
        """Go on from there. Raises UnusableState."""


Judge = Callable[["Monitor", float], list[Finding]]
"""What else is found at a time, as by written thresholds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRule:
    """How closely one looks, and how much memory that may take."""

    max_slices: int = 1_000
    pane_s: float = 300.0
    """Resolution of the history, and how often the reference learns."""
    panes: int = 288
    """Length of the history."""
    window_s: float = 900.0
    """Of the windows whose distributions are reported and held against written thresholds."""
    gradual_s: float = 86_400.0
    """Of the windows in which small shifts are looked for: whole days, since slices differ in their daily rhythm."""
    requests_per_false_alarm: float = 1e6
    reference: ReferenceRule = field(default_factory=ReferenceRule)


def not_kept(_: Sequence[Event]) -> None:
    """Derived events are not kept."""


class Monitor:
    """Watches one service. Not for several threads."""

    STATE: ClassVar[tuple[str, ...]] = (
        "reader",
        "relation",
        "table",
        "histogram",
        "panes",
        "windows",
        "recent",
        "reference",
        "shifts",
        "gradual",
        "paces",
        "events",
        "waited_for",
        "_now",
    )

    def __init__(
        self,
        watched: Watched,
        *,
        rule: MonitorRule = MonitorRule(),
        derivations: Sequence[Derivation] = (),
        keep: Callable[[Sequence[Event]], None] = not_kept,
        judges: Sequence[Judge] = (),
    ) -> None:
        self.watched: Final = watched
        self.rule: Final = rule
        self.reader: Final = ColumnReader(watched.signals)
        self.relation: Final = Relation(watched.signals, watched.inputs, watched.outcomes)
        self.signals: Final = (*watched.signals, *self.relation.residuals)
        """What is watched, what was added to compare outcomes at equal input too."""
        size, limit = len(self.signals), rule.max_slices
        self.table: Final = SliceTable(watched.combinations, limit=limit)
        self.histogram: Final = Histogram(self.signals)
        self.panes: Final = Panes(limit, size, pane_s=rule.pane_s, count=rule.panes)
        self.windows: Final = Windows(_numbers(self.signals), size, window_s=rule.window_s)
        self.recent: Final = Recent(size, len(watched.combinations))
        self.reference: Final = Reference(self.table, self.histogram, pane_s=rule.pane_s, rule=rule.reference)
        self.shifts: Final = ShiftDetector(
            self.signals,
            slices=limit,
            combinations=len(watched.combinations),
            requests_per_false_alarm=rule.requests_per_false_alarm,
        )
        self.gradual: Final = GradualDetector(self.histogram, slices=limit, window_s=rule.gradual_s)
        self.paces: Final = Paces(
            self.table,
            [i for i, signal in enumerate(self.signals) if signal.name in watched.inputs],
            field=watched.paced_by,
            half_life_s=rule.reference.half_life_s,
        )
        self.events = 0
        """Events taken so far, those that were derived included."""
        self.derivations: Final = tuple(derivations)
        self._keep = keep
        self._now = 0.0
        self.judges: Final = tuple(judges)

    def update(self, events: Sequence[Event]) -> None:
        """Take events, roughly by time; values that cannot be read are counted in `reader.failures`."""
        derived = [one for derivation in self.derivations for one in derivation.update(events)]
        self._keep(derived)
        own = {derivation.kind for derivation in self.derivations}
        together = [*(event for event in events if event.kind not in own), *derived]
        for start in range(0, len(together), TICK):
            self.take(self.reader.read(together[start : start + TICK]))

    def take(self, columns: Columns) -> None:
        """Take a batch of columns."""
        if not len(columns):
            return
        codes, reused = self.table.codes(columns.slices)
        self._forget(reused)
        self.events += len(columns)
        columns = self.relation.extend(columns, self.histogram)
        self.windows.add(float(columns.at.max()), columns.values, codes)
        self.recent.add(columns, codes)
        numbers = np.floor(columns.at / self.rule.pane_s).astype(np.int64)
        for number in np.unique(numbers).tolist():
            self._take_pane(number, columns, codes, np.flatnonzero(numbers == number))

    def check(self, now: float) -> list[Diagnosis]:
        """What is wrong at that time, in seconds since 1970 UTC; the same again while it lasts."""
        findings = [self._finding(found, now) for found in self._still_asked(now)]
        findings += [finding for judge in self.judges for finding in judge(self, now)]
        if not findings:
            return []
        groups = {signal.name: signal.group for signal in self.signals}
        found = diagnose(findings, self.evidence(now), groups=groups, outcomes=self.watched.outcomes)
        return [replace(one, remarks=self._remarks(one)) for one in found]

    def evidence(self, now: float) -> Callable[[float], Evidence]:
        """For any time: all slices and signals from the pane on that holds it, beside what was expected of them."""
        size, shape = len(self.table), (len(self.table), len(self.signals))
        expected, usual = np.full(shape, np.nan), np.zeros(shape)
        if (normal := self.shifts.expected) is not None:
            known = len(normal.pooled.means)
            expected[:known], usual[:known] = normal.pooled.means, normal.pooled.own
        slices, signals = [self.table[code] for code in range(size)], [signal.name for signal in self.signals]
        gains = self.shifts.gains(size)

        def since(began: float) -> Evidence:
            first = self.panes.number_of(began) * self.rule.pane_s
            totals = self.panes.between(first, now + self.rule.pane_s, size)
            return Evidence(slices=slices, signals=signals, since=totals, expected=expected, usual=usual, gains=gains)

        return since

    def accept(self, which: Slice) -> None:
        """What is going on in the slice is normal from now on: it is learnt anew."""
        if (code := self.table.code_of(which)) != NONE:
            for part in (self.reference, self.shifts, self.gradual):
                part.forget(code)

    def state(self) -> bytes:
        """All that it knows, for `restore`."""
        return written(self)

    def restore(self, state: bytes) -> None:
        """Go on from there; it must have been made in the same way. Raises UnusableState, and is then of no use."""
        restore(self, state)
        self._expect(self._now)

    @property
    def waited_for(self) -> tuple[bytes, ...]:
        """What derivations remember."""
        return tuple(derivation.to_bytes() for derivation in self.derivations)

    @waited_for.setter
    def waited_for(self, remembered: tuple[bytes, ...]) -> None:
        for derivation, data in zip(self.derivations, remembered, strict=True):
            derivation.restore(data)

    def _take_pane(self, number: int, columns: Columns, codes: Codes, rows: NDArray[np.intp]) -> None:
        at = columns.at[rows]
        part = tally(float(at.max()), columns.values[rows], codes[rows], self.histogram)
        if number > self.panes.newest:
            self.reference.learn(self.shifts.calm() & self.gradual.calm(), half_life_s=self.paces.half_life_s)
            self._expect(float(at.min()))
        elif self._has_new_slices() and part.at >= self._now + NEW_SLICES_S:
            self._expect(part.at)
        self.panes.add(number, part)
        self.reference.add(number, part)
        self.shifts.update(part, began=float(at.min()))
        self.gradual.update(part, self.shifts.expected)
        self.paces.update(part, self.shifts.expected)

    def _has_new_slices(self) -> bool:
        return self.shifts.expected is not None and len(self.table) > len(self.shifts.expected.mean_score)

    def _expect(self, at: float) -> None:
        self._now = at
        self.shifts.expect(self.reference.expected(at))

    def _still_asked(self, now: float) -> list[Found]:
        """What was found in slices that still have traffic: a version that was rolled back concerns nobody."""
        found = found_by_detectors(self.shifts, self.gradual)
        if not found:
            return []
        recent = self.panes.between(now - GONE_S, now + self.rule.pane_s, len(self.table)).n
        return [one for one in found if recent[one.code, one.signal]]

    def _finding(self, found: Found, now: float) -> Finding:
        normal, direction = self.shifts.expected, found.direction
        before = float(normal.pooled.means[found.code, found.signal]) if normal is not None else np.nan
        upwards = Direction.UP if found.after >= before else Direction.DOWN
        times, history = self.panes.history(found.code, found.signal, found.since - self.rule.gradual_s, now)
        return Finding(
            signal=self.signals[found.signal].name,
            slice=self.table[found.code],
            detector=found.detector,
            at=now,
            since=found.since,
            before=before,
            after=found.after,
            requests=found.n,
            evidence=found.evidence,
            pace=pace_of(history.means, history.n, before) if len(times) else Pace.SHOCK,
            examples=self.recent.examples(found.code, found.signal, direction or upwards, since=found.since),
        )

    def _remarks(self, diagnosis: Diagnosis) -> tuple[str, ...]:
        of_pace = self.paces.remarks(self.table.code_of(diagnosis.slice))
        return (*self.watched.remarks(diagnosis, self._moved(diagnosis)), *of_pace)

    def _moved(self, diagnosis: Diagnosis) -> list[str]:
        """Names of the signals that are not calm in the slice."""
        code = self.table.code_of(diagnosis.slice)
        calm = self.shifts.calm(below=HINT)
        return [signal.name for i, signal in enumerate(self.signals) if code != NONE and not calm[code, i]]

    def _forget(self, codes: Sequence[int]) -> None:
        for code in codes:
            for part in (
                self.panes,
                self.windows,
                self.recent,
                self.reference,
                self.shifts,
                self.gradual,
                self.paces,
            ):
                part.forget(code)


def _numbers(signals: Sequence[Signal]) -> list[int]:
    return [i for i, signal in enumerate(signals) if not signal.is_rate]
