"""Events of made-up queries, for tests."""

from collections.abc import Sequence

from numpy.random import Generator, default_rng

from monitoring.events import Event, SignalValue
from serving.rollouts.gathering import Names

NAMES = Names(champion="old", candidate="new")
GOOD: dict[str, SignalValue] = {"words": 3, "confidence": 0.9, "total_ms": 80.0, "result_count": 4, "no_speech": False}
NULL: dict[str, SignalValue] = GOOD | {"words": 0, "result_count": 0, "no_speech": True}


def query(
    name: str,
    *,
    of: str = "old",
    at: float = 100.0,
    model: str = "phone",
    user: str | None = None,
    signals: dict[str, SignalValue] = GOOD,
    outcome: str = "ok",
) -> Event:
    """One query that was meant for a variant."""
    return Event(
        event_id=name,
        request_id=name,
        at=at,
        kind="voice",
        user_id=user,
        outcome=outcome,
        slices={"assigned": of, "variant": of, "device_model": model},
        signals=signals,
    )


def behaviour(of_query: Event, **signals: SignalValue) -> Event:
    """What the user did after it."""
    known: dict[str, SignalValue] = {"redo": False, "switched_to_typing": False, "clicked": True}
    return Event(
        event_id=f"{of_query.request_id}/behaviour",
        request_id=of_query.request_id,
        at=of_query.at,
        kind="behaviour",
        slices=of_query.slices,
        signals=known | signals,
    )


def shadow(name: str, **signals: SignalValue) -> Event:
    """What the candidate heard of one of the champion's queries."""
    known: dict[str, SignalValue] = {
        "null_champion": False,
        "null_candidate": False,
        "confidence_champion": 0.9,
        "confidence_candidate": 0.9,
        "top_differs": False,
        "shadow_failed": False,
    }
    return Event(
        event_id=f"{name}/shadow/new",
        request_id=name,
        at=100.0,
        kind="shadow",
        slices={"assigned": "old", "variant": "old", "candidate": "new"},
        signals=known | signals,
    )


def traffic(
    queries: int,
    *,
    share: float,
    null: tuple[float, float] = (0.02, 0.02),
    models: Sequence[str] = ("phone",),
    bad_model: str | None = None,
    at: float = 100.0,
    random: Generator | None = None,
) -> list[Event]:
    """Queries of as many users, with what they did after; a bad model is where alone the candidate differs."""
    random = random or default_rng(0)
    events: list[Event] = []
    for number in range(queries):
        is_candidate = bool(random.random() < share)
        model = models[number % len(models)]
        chance = null[1] if is_candidate and bad_model in (None, model) else null[0]
        signals = NULL if random.random() < chance else GOOD
        name = f"{at}-{number}"
        one = query(name, of="new" if is_candidate else "old", at=at, model=model, user=f"u{name}", signals=signals)
        events += [one, behaviour(one, redo=bool(random.random() < 0.1), clicked=bool(random.random() < 0.6))]
    return events
