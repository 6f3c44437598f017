"""Begins a monitor where an earlier one stood, or anew where that one was of another configuration.

What a state depends on is kept before it and compared before anything of it is read, so that an added signal is said
by its name and is no damage. Thresholds and half-lives are no part of that: they may be changed and what was learnt
stays.
"""

import logging
import struct
from collections.abc import Sequence
from typing import Final

import orjson

from monitoring.errors import UnusableState
from monitoring.events import Event
from monitoring.findings import Diagnosis
from monitoring.monitor import Monitor, MonitorRule
from monitoring.watched import Watched

logger = logging.getLogger(__name__)

Form = dict[str, object]
"""What a state depends on, as JSON has it."""

_LENGTH: Final = struct.Struct("<Q")


class ResumableMonitor:
    """A monitor whose state says what it depends on. See `monitoring.watch.Watcher`."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._form = orjson.dumps(form_of(monitor.watched, monitor.rule))

    def update(self, events: Sequence[Event]) -> None:
        """Take events, in the order in which they were stored."""
        self._monitor.update(events)

    def check(self, now: float) -> list[Diagnosis]:
        """What is wrong at present; `now` in seconds since 1970 UTC."""
        return self._monitor.check(now)

    def state(self) -> bytes:
        """All that it knows, behind what that depends on."""
        return _LENGTH.pack(len(self._form)) + self._form + self._monitor.state()

    def resume(self, state: bytes) -> None:
        """Go on from a state; from one of another configuration nothing is taken, which is logged in one line.

        Raises UnusableState, and is then of no use.
        """
        before, rest = _split(state)
        if changed := changes(before, orjson.loads(self._form)):
            logger.warning("%s; the monitor learns anew", "; ".join(changed))
        else:
            self._monitor.restore(rest)


def form_of(watched: Watched, rule: MonitorRule) -> Form:
    """What a monitor's state depends on."""
    return {
        "signals": {
            one.name: [one.group, sorted(one.kinds), "rate" if one.is_rate else "number", one.worse]
            for one in watched.signals
        },
        "combinations": watched.combinations,
        "inputs": watched.inputs,
        "outcomes": watched.outcomes,
        "paced_by": watched.paced_by,
        "max_slices": rule.max_slices,
        "pane_s": rule.pane_s,
        "panes": rule.panes,
        "window_s": rule.window_s,
        "gradual_s": rule.gradual_s,
        "reference": rule.reference.mode,
    }


def changes(before: Form, after: Form) -> list[str]:
    """How two forms differ, in words; none where they do not."""
    found = _of_signals(before.get("signals"), after.get("signals"))
    for name in sorted((before.keys() | after.keys()) - {"signals"}):
        old, new = before.get(name), after.get(name)
        if old != new:
            is_short = not isinstance(old, list | dict) and not isinstance(new, list | dict)
            found.append(f"{name} was {old} and is {new}" if is_short else f"{name} were changed")
    return found


def _of_signals(before: object, after: object) -> list[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else ["signals were changed"]
    named = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and before[name] != after[name]],
    }
    found = [f"signals were {what}: {', '.join(names)}" for what, names in named.items() if names]
    return found or ([] if list(before) == list(after) else ["signals were put in another order"])


def _split(state: bytes) -> tuple[Form, bytes]:
    """What a state depends on, and the rest. Raises UnusableState."""
    try:
        end = _LENGTH.size + _LENGTH.unpack_from(state)[0]
        form = orjson.loads(state[_LENGTH.size : end])
    except (struct.error, ValueError) as error:
        raise UnusableState("the state does not say what it depends on: damaged, or of another version") from error
    if not isinstance(form, dict):
        raise UnusableState("the state does not say what it depends on")
    return form, state[end:]
