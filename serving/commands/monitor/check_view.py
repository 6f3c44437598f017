"""What a check has found, as people read it and as one JSON document."""

import sys
from collections.abc import Iterator

import click
import orjson

from monitoring.alarms.alarm import Alarm
from monitoring.alarms.payloads import alarm_json, rfc3339
from monitoring.alarms.policy import Policies
from monitoring.findings import Finding
from serving.checking import Aside, Checked
from serving.commands.monitor.diagnosis_view import findings_of, lines_of, runbook
from serving.commands.printable import printable

PIPED_WIDTH = 1_000
"""Where there is no terminal nothing is cut."""


def document(found: Checked, policies: Policies) -> dict[str, object]:
    """The whole check; times in seconds since 1970 UTC, numbers that are none as null."""
    whole: dict[str, object] = {
        "at": found.at,
        "events": found.events,
        "watched_elsewhere": found.watched_elsewhere,
        "diagnoses": [
            {
                "slice": dict(one.slice),
                "drift": one.drift,
                "since": one.since,
                "findings": [{**_fields(finding), "slice": dict(finding.slice)} for finding in one.findings],
                "causes": [{"slice": dict(cause.slice), "explained": cause.explained} for cause in one.causes],
                "costs": one.costs,
                "remarks": one.remarks,
                "examples": one.examples,
                "runbook": runbook(one, policies),
            }
            for one in found.diagnoses
        ],
        "alarms": [_alarm(alarm, policies) for alarm in found.alarms],
        "aside": aside_document(found.aside),
    }
    return plain(whole)


def aside_document(aside: Aside) -> dict[str, object]:
    """What was counted and not judged."""
    return {
        "admission": aside.admission,
        "lines": aside.lines,
        "outside": aside.outside,
        "failures": aside.failures,
        "warming_up": aside.warming_up,
        "signals": aside.signals,
        "slices": aside.slices,
    }


def plain(document: dict[str, object]) -> dict[str, object]:
    """As JSON has it: records as objects, numbers that are none as null."""
    packed = orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    made: dict[str, object] = orjson.loads(packed)
    return made


def show(found: Checked, policies: Policies) -> None:
    """Print it for people."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False, markup=False, soft_wrap=True)
    for alarm in found.alarms if found.watched_elsewhere else ():
        console.print(printable(f"{alarm.severity}: {alarm.summary}"))
        console.print(f"  {policies.runbook_link(alarm.policy)}")
    for one in found.diagnoses:
        for line in lines_of(one, policies):
            console.print(printable(line), style="bold" if not line.startswith(" ") else None)
        console.print(findings_of(one))
    if not found.watched_elsewhere:
        until = "" if found.at is None else f" until {rfc3339(found.at)}"
        judged = f"{found.events} events in {found.aside.slices} slices{until}"
        console.print(f"{len(found.diagnoses)} diagnoses, {len(found.alarms)} alarms; {judged}")
        for line in told_aside(found.aside):
            console.print(printable(line))


def told_aside(aside: Aside) -> Iterator[str]:
    """What was counted and not judged, a line each; nothing that is 0."""
    counts = aside.admission
    for count, what in (
        (counts.late, "came too late"),
        (counts.future, "lie in the future"),
        (counts.duplicate, "came twice"),
        (counts.invalid, "are invalid"),
        (aside.outside, "times an event's slice had no place"),
    ):
        if count:
            yield f"counted aside: {count} {what}"
    if aside.lines and aside.lines.unknown_fields:
        names = ", ".join(f"{name} ({count})" for name, count in aside.lines.unknown_fields.items())
        yield f"counted aside: unknown fields {names}"
    for name, count in aside.failures.items():
        yield f"counted aside: {count} values of {name} cannot be read"
    if aside.warming_up:
        yield f"{len(aside.warming_up)} of {aside.signals} signals have no reference yet"


def complain_of_lines(aside: Aside) -> None:
    """Say on standard error how many lines of a file are no events, and why the first are none."""
    if aside.lines and aside.lines.refused:
        click.echo(f"{aside.lines.refused} of {aside.lines.lines} lines are no events", err=True)
        for line, reason in aside.lines.first_refusals[:3]:
            click.echo(printable(f"  line {line}: {reason}"), err=True)


def _fields(finding: Finding) -> dict[str, object]:
    names = ("signal", "detector", "at", "since", "before", "after", "requests", "evidence", "pace")
    return {name: getattr(finding, name) for name in names}


def _alarm(alarm: Alarm, policies: Policies) -> dict[str, object]:
    return alarm_json(alarm, runbook_link=policies.runbook_link(alarm.policy))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(type(value).__name__)
