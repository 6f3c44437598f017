"""An audit as a page: what each check found, with the sound of the worst findings, and how labels are written.

Opens the recordings of the findings that it shows, and no others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from asr.errors import AudioError
from data_pipeline.audit import agreement, loudness, silence, writing
from data_pipeline.audit.audit import Audit
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity
from data_pipeline.pages.charts import Bar, Dots, Histogram, dots, histogram
from data_pipeline.pages.page import render as render_page
from data_pipeline.pages.player import Player, player, within_budget
from data_pipeline.recordings import read_audio

MAX_SOUNDS: Final = 120
MAX_SOUND_BYTES: Final = 16 << 20
"""Of embedded sound in a page."""
MAX_ENTRIES: Final = 6
"""Rows shown for one finding."""
MAX_CONFLICTS: Final = 60
_TEMPLATE: Final = Path(__file__).with_name("audit.html")
_OF_GROUPS: Final = frozenset({writing.DEPARTURE, agreement.CHECK, loudness.GROUP})
_SILENT_CHECKS: Final = frozenset({writing.CONFLICT, *_OF_GROUPS})
"""Checks whose findings are no matter of single recordings and stand in tables of their own."""


@dataclass(frozen=True, slots=True)
class Example:
    """A finding with what a reader needs to judge it."""

    finding: Finding
    entries: tuple[Entry, ...]
    player: Player | None
    """Of the first row; None where it cannot be played."""


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """How the groups of one kind write, seen from one rule."""

    kind: str
    rule: str
    forms: tuple[str, ...]
    practices: tuple[writing.Practice, ...]


def render(audit: Audit, *, manifest: str, model: str | None, limit: int) -> str:
    """The page as HTML, with at most `limit` findings of each check."""
    return render_page(
        _TEMPLATE,
        audit=audit,
        manifest=manifest,
        model=model,
        seconds=sum(entry.row.duration_s for entry in audit.entries),
        count={severity: sum(one.severity is severity for one in audit.findings) for severity in Severity},
        examples=examples(audit, limit),
        written=written_by(audit.practices),
        departures=[one for one in audit.findings if one.check in _OF_GROUPS],
        conflicts=_most_out_of_line([one for one in audit.findings if one.check == writing.CONFLICT]),
        silences=silence_charts(audit.entries),
        loudness=loudness_dots(audit),
    )


def examples(audit: Audit, limit: int) -> Mapping[str, list[Example]]:
    """The worst findings of each check that is about recordings; sound as far as a page may hold it."""
    shown: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        of_check = shown.setdefault(finding.check, [])
        if finding.check not in _SILENT_CHECKS and len(of_check) < limit:
            of_check.append(finding)
    firsts = {one.lines[0]: one.entries[0] for of_check in shown.values() for one in of_check}
    players = dict(_players(firsts))
    return {
        check: [Example(one, one.entries[:MAX_ENTRIES], players.get(one.lines[0])) for one in of_check]
        for check, of_check in shown.items()
        if of_check
    }


def written_by(practices: Sequence[writing.Practice]) -> list[WrittenBy]:
    """The rules in which the groups of one kind are not all alike."""
    tables = []
    for (kind, rule), alike in groupby(practices, key=lambda one: (one.kind, one.rule)):
        of_rule = tuple(alike)
        forms = tuple(dict.fromkeys(form for one in of_rule for form in sorted(one.forms)))
        if len(forms) > 1:
            tables.append(WrittenBy(kind, rule, forms, of_rule))
    return tables


def silence_charts(entries: Sequence[Entry]) -> list[tuple[str, Histogram]]:
    """How silence before and after speech is spread."""
    found = [one for entry in entries for one in silence.silences(entry)]
    return [
        (f"Silence {side} speech", histogram([one.silence_s for one in found if one.side == side], unit="s"))
        for side in ("before", "after")
    ]


def loudness_dots(audit: Audit) -> list[tuple[str, Dots]]:
    """Median loudness of each group with its spread; kinds with a single group are left out."""
    charts = []
    for kind, alike in groupby(audit.spreads, key=lambda one: one.kind):
        of_kind = list(alike)
        if len(of_kind) > 1:
            charts.append((f"Loudness by {kind}", dots(list(map(_loudness_bar, of_kind)))))
    return charts


def _loudness_bar(one: loudness.Spread) -> Bar:
    low, high = one.median_lufs - one.spread_db, one.median_lufs + one.spread_db
    return Bar(f"{one.group} ({one.rows})", one.median_lufs, low, high)


def _most_out_of_line(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: -int(str(one.evidence["out_of_line"])))[:MAX_CONFLICTS]


def _players(entries: Mapping[int, Entry]) -> Iterator[tuple[int, Player]]:
    """Players of those that can be played, by their line."""
    made: dict[int, Player] = {}
    for line, entry in entries.items():
        if (one := _player(entry, with_sound=len(made) < MAX_SOUNDS)) is not None:
            made[line] = one
    yield from zip(made, within_budget(made.values(), max_sounds=MAX_SOUNDS, max_bytes=MAX_SOUND_BYTES), strict=True)


def _player(entry: Entry, *, with_sound: bool) -> Player | None:
    if entry.sound is None:
        return None
    try:
        audio = read_audio(entry.row)
        data = entry.row.path.read_bytes() if entry.row.offset_s is None else None
    except (OSError, AudioError):
        return None
    return player(audio, speech=entry.sound.speech, data=data, with_sound=with_sound)
