"""Which signals earn their place: how often each raised an alarm, how often rightly, and which could be dropped.

Pure functions over alarms and the verdicts of people on them. Knows no database. Precision has the interval of Wilson
(1927), which holds for few verdicts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitoring.alarms.alarm import Alarm, Verdict
from monitoring.detectors.proportions import wilson

ALPHA: Final = 0.05
ENOUGH_VERDICTS: Final = 5
"""Fewer speak for dropping no signal: those on its own alarms, or on all alarms where it has none."""


class Droppable(StrEnum):
    """Why nothing would be lost without a signal."""

    SILENT = "never fired"
    WRONG = "never right"
    REDUNDANT = "others told of every confirmed alarm too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How alarms turned out."""

    fired: int
    confirmed: int
    dismissed: int

    @property
    def judged(self) -> int:
        """Alarms with a verdict."""
        return self.confirmed + self.dismissed

    @property
    def precision(self) -> float | None:
        """Share of the judged alarms that were right; None where none was judged."""
        return self.confirmed / self.judged if self.judged else None

    @property
    def precision_ci95(self) -> tuple[float, float] | None:
        """Wilson's interval; None where none was judged."""
        return wilson(self.confirmed, self.judged, ALPHA) if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReport:
    """What a signal was worth."""

    signal: str
    record: Record
    alone: int
    """Confirmed alarms of which no other signal told."""
    droppable: Droppable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all were worth."""

    alarms: Record
    open: int
    merged: int
    """Alarms that turned out to be part of another; they are in no other number."""
    signals: tuple[SignalReport, ...]
    policies: tuple[tuple[str, Record], ...]


def report(alarms: Iterable[Alarm], *, signals: Iterable[str] = ()) -> Report:
    """The report; `signals` are those that are watched, so that silent ones are found."""
    every = list(alarms)
    whole = [alarm for alarm in every if alarm.merged_into is None]
    told = [(alarm, frozenset(one.signal for one in alarm.diagnosis.findings)) for alarm in whole]
    names = sorted({*signals, *(name for _, own in told for name in own)})
    records = {name: record([alarm for alarm, own in told if name in own]) for name in names}
    confirmed = [own for alarm, own in told if alarm.verdict is Verdict.CONFIRMED]
    needed = cover(confirmed, records)
    rows = [
        SignalReport(
            signal=name,
            record=records[name],
            alone=sum(own == {name} for own in confirmed),
            droppable=_droppable(name, records[name], needed, judged=record(whole).judged),
        )
        for name in names
    ]
    return Report(
        alarms=record(whole),
        open=sum(alarm.is_open for alarm in whole),
        merged=len(every) - len(whole),
        signals=tuple(sorted(rows, key=lambda row: (-row.record.fired, row.signal))),
        policies=tuple(
            (name, record([alarm for alarm in whole if alarm.policy == name]))
            for name in sorted({alarm.policy for alarm in whole})
        ),
    )


def record(alarms: Sequence[Alarm]) -> Record:
    """How these turned out."""
    verdicts = [alarm.verdict for alarm in alarms]
    return Record(
        fired=len(alarms),
        confirmed=verdicts.count(Verdict.CONFIRMED),
        dismissed=verdicts.count(Verdict.DISMISSED),
    )


def cover(confirmed: Sequence[frozenset[str]], records: dict[str, Record]) -> set[str]:
    """A small set of signals of which one at least told of every confirmed alarm.

    Greedy (Chvatal 1979): always the signal that tells of most alarms that are left, of equals the one with fewer
    wrong alarms.
    """
    left, chosen = list(confirmed), set[str]()
    while left:
        names = {name for own in left for name in own}
        best = min(names, key=lambda name: (-sum(name in own for own in left), records[name].dismissed, name))
        chosen.add(best)
        left = [own for own in left if best not in own]
    return chosen


def _droppable(name: str, own: Record, needed: set[str], *, judged: int) -> Droppable | None:
    if (own.judged if own.fired else judged) < ENOUGH_VERDICTS:
        return None
    if not own.fired:
        return Droppable.SILENT
    if not own.confirmed:
        return Droppable.WRONG
    return None if name in needed else Droppable.REDUNDANT
