"""Redo: the same person soon asks the same thing again, by voice or by keyboard."""

from collections.abc import Callable

from monitoring.behaviour.episode import Episode, any_of
from monitoring.behaviour.query import Query

SameWish = Callable[[str, str], bool]
"""Does the second text ask for the same as the first?"""


def asks_again(first: Query, second: Query, same_wish: SameWish) -> bool | None:
    """Is the second query the first one's retry?

    After a query that was lost (nothing understood, or an error answered) anything is: whoever asks again so soon has
    the same wish. None where a text is not kept, or where nothing was understood of the second.
    """
    if first.is_lost:
        return True
    if first.text is None or second.text is None:
        return None
    return same_wish(first.text, second.text)


def redo(episode: Episode) -> bool | None:
    """Did the person ask the same again? Not only the very next query counts: others may share the device."""
    if episode.followers is None:
        return None
    return any_of(follower.asks_again for follower in episode.followers)
