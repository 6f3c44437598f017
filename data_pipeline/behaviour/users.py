"""Users of a small stated model, in front of simulated devices: their sessions as the service would log them.

A user whose query was not understood mostly says or types it again, and else goes on to another wish. All else is real:
what was said, what the devices made of it, what was heard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from data_pipeline.behaviour.takes import Asked, Take
from monitoring.events import Event
from monitoring.voice_events import Action, Client, ClientEvent, QueryKind, SearchEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """What users do. The figures are assumptions; results are reported for several of the first one."""

    asks_again: float = 0.6
    """Share of the wrong answers after which the query is put again; the others were good enough, or given up."""
    types: float = 0.2
    """Share of those that is typed."""
    repeats_anyway: float = 0.03
    """Share of the right answers after which the query is put again."""
    opens: float = 0.4
    """Share of the right answers of which a result is opened."""
    asks_more: float = 0.5
    """Share of the other cases in which another wish follows within the horizon."""
    opens_after_s: float = 4.0
    again_after_s: float = 8.0
    more_after_s: float = 20.0
    pause_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """Of all speakers on all devices, one after the other."""

    events: tuple[Event, ...]
    """The last one only lets time pass."""
    put_again: frozenset[str]
    """The requests after which the same wish was put again."""


def sessions(asked: Sequence[Asked], model: UserModel, *, seed: int = 0) -> Sessions:
    """Each speaker asks all that was recorded, in a drawn order, on each device."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    put_again: set[str] = set()
    at = 0.0
    for _, group in groupby(sorted(asked, key=_who), key=_who):
        own = list(group)
        for one in [own[i] for i in rng.permutation(len(own))]:
            turn = list(_turn(one, at, model, rng))
            events += turn
            if sum(event.kind in set(QueryKind) for event in turn) > 1:
                put_again.add(turn[0].request_id)
            at = turn[-1].at + (model.more_after_s if rng.random() < model.asks_more else model.pause_s)
        at += model.pause_s
    end = Event(event_id="end", request_id="end", at=at, kind=QueryKind.TEXT)
    return Sessions((*events, end), frozenset(put_again))


def _who(one: Asked) -> tuple[str, str]:
    return one.device, one.row.field("speaker") or one.row.key


def _turn(one: Asked, at: float, model: UserModel, rng: np.random.Generator) -> Iterator[Event]:
    """One wish: a spoken query, and what the user does with the answer."""
    name = f"{one.device}/{one.row.key}"
    yield _query(name, at, one, one.first)
    if one.first.is_right and rng.random() < model.opens:
        opened_at = at + model.opens_after_s
        yield ClientEvent(
            event_id=f"{name}/click", request_id=name, action=Action.CLICK, received_at=opened_at
        ).as_event()
        return
    if rng.random() >= (model.repeats_anyway if one.first.is_right else model.asks_again):
        return
    again = None if rng.random() < model.types else one.again
    yield _query(f"{name}/again", at + model.again_after_s, one, again)


def _query(name: str, at: float, one: Asked, take: Take | None) -> Event:
    """Spoken as that take, or typed."""
    client = Client(user_id=_who(one)[1], session_id=one.device, device_model=one.device, consent=True)
    if take is None:
        return SearchEvent(request_id=name, at=at, kind=QueryKind.TEXT, client=client, query=one.said).as_event()
    return SearchEvent(
        request_id=name,
        at=at,
        kind=QueryKind.VOICE,
        client=client,
        query=take.heard,
        no_speech=not take.heard,
        confidence=take.confidence,
    ).as_event()
