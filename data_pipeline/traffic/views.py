"""A stream as events, and as columns of signals for those who need millions: two views on the same blocks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.files import whole_file
from data_pipeline.traffic.drifts import CANDIDATE
from data_pipeline.traffic.fleet import LOCALES, TENANTS
from data_pipeline.traffic.prototypes import SECOND_VAD_EVENT, Prototypes
from data_pipeline.traffic.stream import Block, Traffic
from monitoring.backtest.runner import Tick
from monitoring.columns import ColumnReader, Columns
from monitoring.events import Event, encode
from monitoring.signals.behaviour import BEHAVIOUR_EVENT
from monitoring.signals.signal import Signal
from monitoring.voice_events import Action, QueryKind

CLIENT: Final = tuple(Action)
"""Their events carry no slices: the client does not tell them again."""
REQUESTS: Final = tuple(QueryKind)
_KINDS: Final = [*CLIENT, *REQUESTS, BEHAVIOUR_EVENT, SECOND_VAD_EVENT]


class SliceNames:
    """The slices of requests, one mapping for all requests that have the same."""

    def __init__(self, traffic: Traffic, *, model: str = "moonshine-tiny-en") -> None:
        self._fleet, self._model = traffic.fleet, model
        self._locales, self._tenants = list(LOCALES), list(TENANTS)
        self._known: dict[int, Mapping[str, str]] = {}

    def of(self, block: Block) -> list[Mapping[str, str]]:
        """One for each event."""
        users = self._fleet.users
        parts = (
            users.device[block.user],
            block.release,
            users.locale[block.user],
            users.tenant[block.user],
            block.candidate,
        )
        sizes = (len(self._fleet.devices), len(self._fleet.releases), len(self._locales), len(self._tenants), 2)
        codes = np.ravel_multi_index([np.asarray(part, np.int64) for part in parts], sizes)
        for code in np.unique(codes).tolist():
            if code not in self._known:
                self._known[code] = self._named(*(int(one) for one in np.unravel_index(code, sizes)))
        return [self._known[code] for code in codes.tolist()]

    def _named(self, device: int, release: int, locale: int, tenant: int, candidate: int) -> dict[str, str]:
        model = self._fleet.devices[device]
        return {
            "device_model": model.name,
            "os": model.os,
            "app_version": self._fleet.releases[release].version,
            "locale": self._locales[locale],
            "tenant": self._tenants[tenant],
            "model": self._model,
            "variant": CANDIDATE if candidate else "stable",
        }


def events(traffic: Traffic, *, first_hour: int = 0, hours: int | None = None) -> Iterator[Event]:
    """The stream from an hour on, for so many hours or without end."""
    names = SliceNames(traffic)
    for block in islice(traffic.hours(first_hour), hours):
        yield from events_of(block, traffic, names)


def events_of(block: Block, traffic: Traffic, names: SliceNames) -> Iterator[Event]:
    """The events of a block, by time."""
    columns = (block.at, block.position, block.number, block.user, block.session)
    for slices, at, position, number, user, session in zip(
        names.of(block), *(one.tolist() for one in columns), strict=True
    ):
        prototype = traffic.prototypes.events[position]
        request_id = f"{traffic.seed}-{number}"
        yield replace(
            prototype,
            event_id=request_id + prototype.event_id[1:],
            request_id=request_id,
            at=at,
            user_id=f"u{user}",
            session_id=f"s{session}",
            slices={} if prototype.kind in CLIENT else slices,
        )


def write_events(stream: Iterable[Event], path: Path, *, limit: int) -> int:
    """Write the first events as JSON lines; how many they are. Raises OSError."""
    written = 0
    with whole_file(path, durable=False) as file:
        for event in islice(stream, limit):
            file.write(encode(event) + b"\n")
            written += 1
    return written


class ColumnView:
    """Blocks as the columns that monitors read out of events; each prototype is read once."""

    def __init__(self, prototypes: Prototypes, signals: Sequence[Signal]) -> None:
        self.signals: Final = tuple(signals)
        self._prototypes, self._reader = prototypes, ColumnReader(signals)
        self._values = np.empty((0, len(signals)))
        self._kinds = np.empty(0, np.int64)

    def tick(self, block: Block, traffic: Traffic, names: SliceNames) -> Tick:
        """The events of a block, but for clients' reports; by kind, within a kind by time."""
        self._read_new()
        block = block[self._kinds[block.position] >= 0]
        block = block[np.argsort(self._kinds[block.position], kind="stable")]
        prefix = f"{traffic.seed}-"
        columns = Columns(
            at=block.at,
            values=self._values[block.position],
            request_ids=tuple([prefix + str(number) for number in block.number.tolist()]),
            slices=tuple(names.of(block)),
        )
        return Tick(columns, self._kinds[block.position] < len(REQUESTS))

    def is_request(self, block: Block) -> NDArray[np.bool_]:
        """Which events are requests."""
        self._read_new()
        kinds = self._kinds[block.position]
        return (kinds >= 0) & (kinds < len(REQUESTS))

    def _read_new(self) -> None:
        """Values of the prototypes that were added since."""
        new = self._prototypes.events[len(self._values) :]
        if not new:
            return
        order = sorted(range(len(new)), key=lambda i: new[i].kind)
        values = np.empty((len(new), self._values.shape[1]))
        values[order] = self._reader.read([new[i] for i in order]).values
        self._values = np.concatenate([self._values, values])
        self._kinds = np.concatenate([self._kinds, np.array([_KINDS.index(one.kind) for one in new]) - len(CLIENT)])
