"""From events to diagnoses: everything that watches, in the order in which a batch goes through it.

    events -> columns -> slices -> tally -> panes, sketches, reference, shift detector -> findings -> diagnoses

`update` takes events as they come, `check` says what is wrong now. Knows no signal by name and no model, so it
watches any service; knows no clock and no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from monitoring.columns import ColumnReader, Columns
from monitoring.events import Event
from monitoring.findings import Diagnosis, Finding
from monitoring.histogram import Histogram
from monitoring.panes import Panes
from monitoring.recent import Recent
from monitoring.reference import Reference, ReferenceRule
from monitoring.shift import Shift, ShiftDetector
from monitoring.signals.signal import Signal
from monitoring.sketches import Sketches
from monitoring.slices import Codes, SliceTable
from monitoring.tally import tally

TICK: Final = 1_000
"""Most events that are judged together; more at once cost less time and delay a finding."""
SHIFT: Final = "shiryaev-roberts"


class Derivation(Protocol):
    """Concludes events from several events, as `monitoring.behaviour` does."""

    def update(self, events: Sequence[Event]) -> list[Event]:
        """What can be concluded now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRule:
    """How closely one looks, and how much memory that may take."""

    max_slices: int = 1_000
    pane_s: float = 300.0
    panes: int = 288
    requests_per_false_alarm: float = 1e6
    reference: ReferenceRule = field(default_factory=ReferenceRule)


class Monitor:
    """Watches one service."""

    def __init__(
        self,
        signals: Sequence[Signal],
        combinations: Sequence[tuple[str, ...]],
        *,
        rule: MonitorRule = MonitorRule(),
        derivations: Sequence[Derivation] = (),
    ) -> None:
        self.rule: Final = rule
        self.reader: Final = ColumnReader(signals)
        self.table: Final = SliceTable(combinations, limit=rule.max_slices)
        self.histogram: Final = Histogram(signals)
        self.panes: Final = Panes(rule.max_slices, len(signals), pane_s=rule.pane_s, count=rule.panes)
        self.reference: Final = Reference(self.table, self.histogram, pane_s=rule.pane_s, rule=rule.reference)
        self.recent: Final = Recent(len(signals), len(combinations))
        self.sketches: Final = Sketches([i for i, signal in enumerate(signals) if not signal.is_rate])
        self.shifts: Final = ShiftDetector(
            signals,
            slices=rule.max_slices,
            combinations=len(combinations),
            requests_per_false_alarm=rule.requests_per_false_alarm,
        )
        self.events = 0
        """Events taken so far, those that were derived included."""
        self._derivations = tuple(derivations)
        self._now = -np.inf

    @property
    def signals(self) -> tuple[Signal, ...]:
        """What is watched."""
        return self.reader.signals

    def update(self, events: Sequence[Event]) -> None:
        """Take events, roughly by time; those that cannot be read are counted in `reader.failures`."""
        derived = [one for derivation in self._derivations for one in derivation.update(events)]
        together = [*events, *derived]
        for start in range(0, len(together), TICK):
            self.take(self.reader.read(together[start : start + TICK]))

    def take(self, columns: Columns) -> None:
        """Take a batch of columns."""
        codes, reused = self.table.codes(columns.slices)
        for code in reused:
            for part in (self.panes, self.reference, self.recent, self.sketches, self.shifts):
                part.forget(code)
        self.events += len(columns)
        self.sketches.add(columns.values, codes)
        self.recent.add(columns, codes)
        numbers = np.floor(columns.at / self.rule.pane_s).astype(np.int64)
        for number in np.unique(numbers).tolist():
            self._take_pane(number, columns, codes, np.flatnonzero(numbers == number))

    def check(self, now: float) -> list[Diagnosis]:
        """What is wrong now."""
        return [Diagnosis(findings=(self._finding(shift, now),), causes=()) for shift in self.shifts.shifts()]

    def _take_pane(self, number: int, columns: Columns, codes: Codes, rows: np.ndarray) -> None:
        at = columns.at[rows]
        part = tally(float(at.max()), columns.values[rows], codes[rows], self.histogram)
        if number > self.panes.newest:
            self._begin_pane(float(at.min()))
        self.panes.add(number, part)
        self.reference.add(number, part)
        self.shifts.update(part, began=float(at.min()))

    def _begin_pane(self, at: float) -> None:
        self.reference.learn(self.shifts.calm())
        self.shifts.expect(self.reference.expected(at))

    def _finding(self, shift: Shift, now: float) -> Finding:
        expected = self.shifts.expected
        return Finding(
            signal=self.signals[shift.signal].name,
            slice=self.table[shift.code],
            detector=SHIFT,
            at=now,
            since=shift.since,
            before=float(expected.pooled.means[shift.code, shift.signal]),
            after=shift.after,
            requests=shift.n,
            evidence=shift.evidence,
            examples=self.recent.examples(shift.code, shift.signal, shift.direction, since=shift.since),
        )
