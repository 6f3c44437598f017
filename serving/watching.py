"""The monitor that a configuration asks for, and the watch over the event store that it runs in.

One name and one lease for the server's own watch and for `voicesearch monitor check`, so that both go on from the same
snapshot and never at once. Knows no process and no command.
"""

import importlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from monitoring.alarms.alarms import Alarms
from monitoring.alarms.policy import Policies, read_policies, signal_names
from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.events import Event
from monitoring.findings import Diagnosis
from monitoring.labels import Labels
from monitoring.monitor import Derivation, Monitor, MonitorRule, not_kept
from monitoring.reference import Mode, ReferenceRule
from monitoring.resuming import ResumableMonitor
from monitoring.signals.behaviour import BEHAVIOUR_EVENT
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.signals.transcript import VOCABULARY_EVENT
from monitoring.store import EventStore
from monitoring.tables import EVENTS
from monitoring.vocabulary import Vocabulary
from monitoring.watch import Pace, Watch
from monitoring.watched import Watched
from monitoring.written import judge_of
from serving.monitoring_settings import FieldSignal, MonitoringSettings

NAME: Final = "monitor"
"""Of the snapshots and of the lease in the event store."""
_DAY_S: Final = 86_400.0


def watched_of(settings: MonitoringSettings) -> Watched:
    """What is watched, with the signals that the configuration adds. Raises ValueError in one line."""
    module, name = settings.watched.split(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # of a module that its user wrote
        raise ValueError(f"monitoring.watched: {module} cannot be imported: {error}") from error
    if not isinstance(found, Watched):
        raise ValueError(f"monitoring.watched: {module} has no Watched named {name}")
    if () not in found.combinations[:1]:
        raise ValueError(f"monitoring.watched: the first of {name}'s combinations must be the empty one")
    watched = replace(found, signals=(*found.signals, *map(_signal, settings.signals)))
    names = signal_names(watched)
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise ValueError(f"monitoring.signals: there are two signals {twice[0]!r}")
    return watched


def policies_of(settings: MonitoringSettings) -> Policies:
    """The policies of alarms, for what is watched. Raises ValueError in one line, OSError for an unreadable file."""
    watched = watched_of(settings)
    is_voice = settings.watched == MonitoringSettings().watched
    signals = signal_names(watched) if is_voice else ()
    try:
        return read_policies(settings.policies, signals=signals, combinations=watched.combinations)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise OSError(f"monitoring.policies: {reason}: {settings.policies}") from error


def monitor_of(
    settings: MonitoringSettings, policies: Policies, *, keep: Callable[[Sequence[Event]], None] | None = None
) -> Monitor:
    """A monitor that knows nothing yet; `keep` is given what it concludes. Raises ValueError in one line."""
    watched = watched_of(settings)
    rule = MonitorRule(
        max_slices=settings.max_slices,
        requests_per_false_alarm=settings.requests_per_false_alarm,
        reference=ReferenceRule(mode=Mode(settings.reference), half_life_s=settings.half_life_days * _DAY_S),
    )
    derivations, judges = derivations_of(watched), [judge_of(policies)]
    return Monitor(watched, rule=rule, derivations=derivations, judges=judges, keep=keep or not_kept)


def watch_of(
    settings: MonitoringSettings,
    store: EventStore,
    alarms: Alarms,
    *,
    owner: str,
    pace: Pace | None = None,
    on_begin: Callable[[Monitor], None] = lambda _: None,
    on_problem: Callable[[str | None], None] = lambda _: None,
) -> Watch[Diagnosis]:
    """The watch over a store, one under way at a time; `owner` is unique to who watches.

    A state of another configuration is left, and the monitor learns anew from where it stood. Raises ValueError in one
    line where the key of a receiver is not in the environment.
    """
    alarms.policies.check_secrets()

    def begin(state: bytes | None) -> ResumableMonitor:
        monitor = monitor_of(settings, alarms.policies, keep=Labels(store).keep)
        resumable = ResumableMonitor(monitor)
        if state is not None:
            resumable.resume(state)
        on_begin(monitor)
        return resumable

    def handle(diagnoses: list[Diagnosis]) -> None:
        alarms.handle(diagnoses, time.time())

    pace = pace or Pace(check_every_s=settings.check_every_s)
    return Watch(store, begin, handle, name=NAME, owner=owner, clock=time.time, pace=pace, on_problem=on_problem)


def look_for_store(url: str) -> None:
    """Looking must neither make a database nor write tables into somebody else's.

    Raises FileNotFoundError where there is no such file, ValueError for an SQLite database of something else.
    """
    try:
        parsed = make_url(url)
    except Exception:  # what is wrong with it, the store says best
        return
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    path = Path(parsed.database)
    if not path.is_file():
        raise FileNotFoundError(f"no event store at {path}")
    if (tables := _tables(path)) and EVENTS.name not in tables:
        raise ValueError(f"no event store at {path}: a database with other tables, such as {min(tables)}")


def _tables(path: Path) -> set[str]:
    """Names of the tables of an SQLite database, which stays as it is; none of what cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    except sqlite3.Error:  # the store says it better
        return set()
    return {name for (name,) in found}


def derivations_of(watched: Watched) -> Sequence[Derivation]:
    """What is concluded from several events, where a signal asks for it."""
    makers: dict[str, Callable[[], Derivation]] = {BEHAVIOUR_EVENT: BehaviourTracker, VOCABULARY_EVENT: Vocabulary}
    return [make() for kind, make in makers.items() if any(kind in signal.kinds for signal in watched.signals)]


def _signal(wanted: FieldSignal) -> Signal:
    return Signal(
        name=wanted.name,
        about=wanted.about,
        group=Group(wanted.group),
        read=field(wanted.name),
        kinds=frozenset(wanted.kinds),
        is_rate=wanted.is_rate,
        worse=Worse(wanted.worse),
    )
