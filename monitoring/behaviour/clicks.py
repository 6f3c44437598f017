"""Click-through: did the person open or play a result, and how soon?"""

from monitoring.behaviour.episode import Episode
from monitoring.behaviour.query import CLICKS


def clicked(episode: Episode) -> bool:
    """Was a result opened or played? A query without a result counts: it served nobody."""
    return any(action.kind in CLICKS for action in episode.actions)


def time_to_first_click_s(episode: Episode) -> float | None:
    """Seconds from the answer to the first click; later clicks do not count.

    None without a click, and where the click has an earlier time than the answer: then two clocks disagree.
    """
    first = next((action.at for action in episode.actions if action.kind in CLICKS), None)
    if first is None or first < episode.query.at:
        return None
    return first - episode.query.at
