"""How a query ended, as an event of its own, so that everything behind treats it as any other."""

from typing import Final

from monitoring.behaviour.abandonment import abandoned
from monitoring.behaviour.clicks import clicked, time_to_first_click_s
from monitoring.behaviour.episode import Episode
from monitoring.behaviour.redo import SameWish, redo
from monitoring.behaviour.switch import switched_to_typing, typed_instead
from monitoring.events import Event, SignalValue

KIND: Final = "behaviour"
TYPED_DETAIL: Final = "typed"
"""The detail that holds what was typed instead."""


def conclude(episode: Episode, same_wish: SameWish, *, at: float, is_over: bool) -> Event:
    """The event of an episode, `at` its end. Where it is not over yet, what has not happened is not known."""
    query = episode.query
    signals: dict[str, SignalValue] = {
        "redo": redo(episode),
        "switched_to_typing": switched_to_typing(episode, same_wish),
        "clicked": clicked(episode),
        "abandoned": abandoned(episode),
        "time_to_first_click_s": time_to_first_click_s(episode),
    }
    if not is_over:
        may_yet_change = {"redo": False, "switched_to_typing": False, "clicked": False, "abandoned": True}
        signals |= {name: None for name, value in may_yet_change.items() if signals[name] is value}
    typed = typed_instead(episode, same_wish)
    return Event(
        event_id=f"{query.request_id}/{KIND}",
        request_id=query.request_id,
        at=at,
        kind=KIND,
        user_id=query.user_id,
        session_id=query.session_id,
        consent=query.consent,
        slices=query.slices,
        signals=signals,
        details={} if typed is None else {TYPED_DETAIL: typed},
    )
