"""Sessions for the tests: queries and actions as a service logs them."""

from collections.abc import Sequence

from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.events import Event, SignalValue

START = 1_700_000_000.0


def query(
    name: str,
    at: float,
    text: str | None = None,
    *,
    kind: str = "voice",
    user: str | None = "dora",
    session: str | None = "s1",
    outcome: str = "ok",
    consent: bool = True,
    slices: dict[str, str] | None = None,
    **signals: SignalValue,
) -> Event:
    """A query `at` seconds after the start; `text` None where transcripts are not kept."""
    return Event(
        event_id=name,
        request_id=name,
        at=START + at,
        kind=kind,
        user_id=user,
        session_id=session,
        outcome=outcome,
        consent=consent,
        slices=slices or {},
        signals=signals,
        details={} if text is None else {"query": text},
    )


def null(name: str, at: float) -> Event:
    """A spoken query of which nothing was understood."""
    return query(name, at, no_speech=True)


def action(request: str, at: float, kind: str = "click", text: str | None = None) -> Event:
    """What the user did with an answer."""
    details = {} if text is None else {"text": text}
    return Event(event_id=f"{request}-{kind}-{at}", request_id=request, at=START + at, kind=kind, details=details)


def end(at: float = 1_000.0) -> Event:
    """Time passes; nobody does anything that counts."""
    return query("end", at, "the end", kind="text", user="nobody")


def concluded(events: Sequence[Event], tracker: BehaviourTracker | None = None) -> dict[str, Event]:
    """What is concluded of each request, after a long silence."""
    tracker = tracker or BehaviourTracker()
    last = max(event.at for event in events) - START
    return {one.request_id: one for one in tracker.update([*events, end(last + 1_000)])}


def signal(name: str, *events: Event) -> SignalValue:
    """That signal of the first query among the events."""
    first = next(event for event in events if event.event_id == event.request_id)
    return concluded(events)[first.request_id].signals[name]
